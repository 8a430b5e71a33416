"""Thresholds of compute and cost that laws name: facts of a day, never legal advice."""

from __future__ import annotations

from dataclasses import dataclass

from llmcost.catalog.columns import Column, DataFile
from llmcost.catalog.files import read
from llmcost.catalog.sources import source_keys
from llmcost.errors import UnknownNameError

RE_CHECK = "re-check the law"
QUANTITIES = ("model_flop", "cost")
STATUSES = (
    *("in force", "signed", "guidance", "proposed"),
    *("superseded", "vetoed", "rescinded"),
)

THRESHOLDS = DataFile(
    "thresholds.csv",
    ("id",),
    (
        Column("id", required=True),
        Column("law", required=True),
        Column("jurisdiction", required=True),
        Column("quantity", required=True, choices=QUANTITIES),
        Column("value", "number", required=True, positive=True),
        Column("unit", required=True, choices=("FLOP", "operations", "USD")),
        Column("applies_to", required=True),
        Column("status", required=True, choices=STATUSES),
        Column("in_force_from", "date"),
        Column("as_of", "date", required=True),
        Column("evidence", required=True, choices=("stored", "from memory")),
        Column("source", required=True),
        Column("note"),
    ),
)


@dataclass(frozen=True, slots=True)
class Threshold:
    """One threshold that a law names: more than `value` [FLOP, operations or USD] of a quantity.

    `quantity` is model_flop or cost; `status` is what became of the law by the date `as_of`.
    `evidence` is stored (read in a text that quotes the law) or from memory.
    """

    id: str
    law: str
    jurisdiction: str
    quantity: str
    value: float
    unit: str
    applies_to: str
    status: str
    in_force_from: str | None
    as_of: str
    evidence: str
    sources: tuple[str, ...]
    note: str | None

    @property
    def holds(self) -> bool:
        """Whether the law is in force or signed, so that the threshold binds or will bind."""
        return self.status in ("in force", "signed")


def thresholds(quantity: str | None = None) -> tuple[Threshold, ...]:
    """Return every threshold, or those of model_flop or cost, in file order.

    Raises UnknownNameError for another quantity, and DataError for a faulty file.
    """
    if quantity is not None and quantity not in QUANTITIES:
        raise UnknownNameError("quantity of a threshold", quantity, QUANTITIES)
    return tuple(one for one in _thresholds() if quantity in (None, one.quantity))


def threshold(name: str) -> Threshold:
    """Return one threshold by its id; raises UnknownNameError when there is none."""
    known = {one.id: one for one in _thresholds()}
    if name not in known:
        raise UnknownNameError("threshold", name, known)
    return known[name]


def _thresholds() -> tuple[Threshold, ...]:
    names = [column.name for column in THRESHOLDS.columns if column.name != "source"]
    return tuple(
        Threshold(sources=source_keys(row["source"]), **{name: row[name] for name in names})
        for row in read(THRESHOLDS)
    )
