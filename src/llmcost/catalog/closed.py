"""Closed models: what has been said about them in public, by whom, and what has not."""

from __future__ import annotations

from dataclasses import dataclass

from llmcost.catalog.columns import Column, DataFile
from llmcost.catalog.files import read
from llmcost.catalog.sources import source_keys
from llmcost.errors import UnknownNameError

CLOSED = DataFile(
    "closed_models.csv",
    (),
    (
        Column("model", required=True),
        Column("also_called"),
        Column("quantity", required=True),
        Column("value", "number", positive=True),
        Column("low", "number", positive=True),
        Column("high", "number", positive=True),
        Column("unit"),
        Column("says_who", required=True),
        Column("status", required=True, choices=("reported", "estimate", "not public")),
        Column("derived_from"),
        Column("as_of", "date", required=True),
        Column("source", required=True),
        Column("note"),
    ),
)


@dataclass(frozen=True, slots=True)
class ClosedFact:
    """One public statement about a closed model, or the statement that a figure is not public.

    `derived_from` names the quantity behind an estimate: compute worked back from a cost cannot
    confirm that cost.
    """

    model: str
    also_called: tuple[str, ...]
    quantity: str
    value: float | None
    low: float | None
    high: float | None
    unit: str
    says_who: str
    status: str
    derived_from: str | None
    as_of: str
    sources: tuple[str, ...]
    note: str | None


def closed_facts() -> tuple[ClosedFact, ...]:
    """Return every statement about closed models, in the order of the file."""
    facts = []
    for row in read(CLOSED):
        values = {column.name: row[column.name] for column in CLOSED.columns}
        names, keys = source_keys(values["also_called"]), source_keys(values.pop("source"))
        unit = values["unit"] or ""
        facts.append(ClosedFact(**values | {"also_called": names, "sources": keys, "unit": unit}))
    return tuple(facts)


def closed_models() -> tuple[str, ...]:
    """Return the names of the closed models."""
    return tuple(dict.fromkeys(fact.model for fact in closed_facts()))


def closed_model(name: str) -> tuple[ClosedFact, ...]:
    """Return the statements about one closed model; raises UnknownNameError when there are none."""
    found = tuple(f for f in closed_facts() if name in (f.model, *f.also_called))
    if not found:
        raise UnknownNameError("closed model", name, closed_models())
    return found
