"""Costs by basis as cells of a spreadsheet: a row a basis, the cells of its parts beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from llmcost import engine
from llmcost.views.costs import BEYOND_TITLES, OWNED_PARTS, OWNED_TITLES, RENTAL_TITLES

TAKEN = "Rented, at the price taken"


@dataclass(frozen=True, slots=True)
class Basis:
    """Bases of one cost: `parts` are titles, `rows` a title and the cell of each part, or none."""

    title: str
    parts: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str | None, ...]], ...]


def bases_of(live: Collection[str], *, apart: bool) -> Iterator[Basis]:
    """Yield the bases of the run and of its development, as far as they have cells.

    `apart` says that the price taken is none of the market's, and so a basis of its own.
    """
    rented = [(title, name) for name, title in RENTAL_TITLES.items() if name in live]
    if "cost" in live and (apart or not rented):
        rented.insert(0, (TAKEN, "cost"))
    none = (None,) * len(OWNED_PARTS)
    rows: list[tuple[str, tuple[str | None, ...]]] = [
        (title, (name, *none)) for title, name in rented
    ]
    if set(OWNED_PARTS) <= set(live):
        rows.append(("Owned, the run's share", (None, *OWNED_PARTS)))
    if rows:
        parts = ("Rent", *(OWNED_TITLES[name].strip().capitalize() for name in OWNED_PARTS))
        yield Basis("Cost of the run by basis [USD]", parts, tuple(rows))
    if "development_cost" in live:
        yield _development(live)


def _development(live: Collection[str]) -> Basis:
    """Return the lines of a development, rented and owned below each other."""
    lines = [name for name in engine.DEVELOPMENT_LINES if name in live]
    owned = dict.fromkeys(engine.OWNED_DEVELOPMENT_LINES)
    known = {name for name in owned if name in live}
    twins = [name if name in owned else f"owned_{name}" for name in lines]
    rows: list[tuple[str, tuple[str | None, ...]]] = [("Rented", tuple(lines))]
    if "owned_development_cost" in live:
        rows.append(("Owned", tuple(twin if twin in known else None for twin in twins)))
    parts = tuple(BEYOND_TITLES[name] for name in lines)
    return Basis("Cost of the development by basis [USD]", parts, tuple(rows))
