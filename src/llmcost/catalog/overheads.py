"""What surrounds the accelerators (power, carbon, servers, failures), and labelled defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from llmcost.catalog.columns import Column, DataFile
from llmcost.catalog.files import cached_facts, overlay_folder, read
from llmcost.catalog.sources import source_keys
from llmcost.errors import DataError, UnknownNameError

OVERHEADS = DataFile(
    "overheads.csv",
    ("id",),
    (
        Column("id", required=True),
        Column("category", required=True),
        Column("item", required=True),
        Column("scope"),
        Column("value", "number"),
        Column("low", "number"),
        Column("high", "number"),
        Column("unit"),
        Column("as_of", "date", required=True),
        Column("quality", required=True, choices=("A", "B", "C")),
        Column("source", required=True),
        Column("note"),
    ),
)
DEFAULTS = DataFile(
    "defaults.csv",
    ("name",),
    (
        Column("name", required=True),
        Column("low", "number"),
        Column("value", "number", required=True),
        Column("high", "number"),
        Column("unit"),
        Column("distribution", required=True, choices=("share", "positive", "categorical")),
        Column("source", required=True),
        Column("note", required=True),
    ),
)


@dataclass(frozen=True, slots=True)
class Overhead:
    """One published figure; `unit` is that of value, low and high, empty for a ratio or count.

    `quality` is A (the maker of the figure), B (a source citing it) or C (an estimate).
    """

    id: str
    category: str
    item: str
    scope: str | None
    value: float | None
    low: float | None
    high: float | None
    unit: str
    as_of: str
    quality: str
    sources: tuple[str, ...]
    note: str | None


@dataclass(frozen=True, slots=True)
class Default:
    """A value used where the user gives none: labelled, with its range, unit and sources.

    `low` and `high` are the 10th and 90th percentile. `distribution` is share (between 0 and 1),
    positive, or categorical (one of several shares that sum to one, without a range).
    """

    name: str
    low: float | None
    value: float
    high: float | None
    unit: str
    distribution: str
    sources: tuple[str, ...]
    note: str

    @property
    def ends(self) -> tuple[float, float]:
        """The low and the high end; the value itself where it has no range."""
        low = self.value if self.low is None else self.low
        return low, self.value if self.high is None else self.high


def overheads(category: str | None = None) -> tuple[Overhead, ...]:
    """Return all overheads, or one category of them; raises UnknownNameError for an unknown one."""
    every = _overheads()
    if category is None:
        return every
    found = tuple(one for one in every if one.category == category)
    if not found:
        raise UnknownNameError("overhead category", category, {one.category for one in every})
    return found


def overhead(name: str) -> Overhead:
    """Return one overhead by its id; raises UnknownNameError when there is none."""
    for one in _overheads():
        if one.id == name:
            return one
    raise UnknownNameError("overhead", name, [one.id for one in _overheads()])


def defaults() -> Mapping[str, Default]:
    """Return every default by its name; raises DataError where a range does not hold its value."""
    return _defaults(str(overlay_folder() or ""))


def default(name: str) -> Default:
    """Return the default of this name; raises UnknownNameError when there is none."""
    known = defaults()
    if name not in known:
        raise UnknownNameError("default", name, known)
    return known[name]


@cached_facts
def _defaults(_overlay: str) -> Mapping[str, Default]:
    rows = read(DEFAULTS)
    return MappingProxyType({row["name"]: Default(**_checked(DEFAULTS, row)) for row in rows})


def _overheads() -> tuple[Overhead, ...]:
    return tuple(Overhead(**_checked(OVERHEADS, row)) for row in read(OVERHEADS))


def _checked(file: DataFile, row: Mapping[str, Any]) -> dict[str, Any]:
    stated = [row[name] for name in ("low", "value", "high") if row[name] is not None]
    if not stated or stated != sorted(stated):
        raise DataError(
            f"low, value, high are {stated}; needs at least one, in rising order",
            file=row["_file"],
            line=row["_line"],
        )
    values = {column.name: row[column.name] for column in file.columns}
    keys = source_keys(values.pop("source"))
    return values | {"unit": row["unit"] or "", "sources": keys}
