"""Dollars of one year in dollars of another, by a named price index: never unless asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from statistics import fmean

from llmcost.catalog.columns import Column, DataFile, folded, last_day
from llmcost.catalog.files import cached_facts, overlay_folder, read
from llmcost.errors import InputError, UnknownNameError, one_of, shown

PRICE_INDEX = DataFile(
    "price_index.csv",
    ("index", "as_of"),
    (
        Column("index", required=True),
        Column("as_of", "date", required=True),
        Column("value", "number", required=True, positive=True),
        Column("source", required=True),
    ),
)
DEFAULT_INDEX = "ppi-data-processing"
TITLES = {
    "ppi-data-processing": "US producer prices of data processing and hosting (PCU518210518210)",
    "cpi-u": "US consumer prices (CPI-U, not seasonally adjusted)",
}
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Adjusted:
    """An amount in dollars of another time, with the factor and the index [1] behind it.

    `start` and `end` are the year or month that the amounts are of; `warnings` say where a year is
    the mean of fewer than its twelve months.
    """

    amount: float
    adjusted: float
    factor: float
    index: str
    start: str
    end: str
    source: str
    warnings: tuple[str, ...]

    @property
    def told(self) -> str:
        """The adjustment in words, to stand beside every adjusted figure."""
        title = TITLES.get(self.index, self.index)
        return f"dollars of {self.end} instead of {self.start} by {title}: times {self.factor:.4g}"


def indices_known() -> tuple[str, ...]:
    """Return the names of the price indices."""
    return tuple(_series())


def last_month(index: str = DEFAULT_INDEX) -> str:
    """Return the last month that an index has a value of; raises UnknownNameError."""
    return max(_series()[_name(index)][0])


def adjust(
    amount: float, start: date | int | str, end: date | int | str, index: str = DEFAULT_INDEX
) -> Adjusted:
    """Return an amount of `start` in the dollars of `end`; each a year, YYYY-MM or a date.

    A year is the mean of its months. Raises UnknownNameError for an unknown index, and InputError
    for a time that cannot be read or that the index does not cover.
    """
    name = _name(index)
    first, last = _time(start, "start"), _time(end, "end")
    before, after = _level(name, first), _level(name, last)
    factor = fmean(after) / fmean(before)
    return Adjusted(
        amount=amount,
        adjusted=amount * factor,
        factor=factor,
        index=name,
        start=first,
        end=last,
        source=_series()[name][1],
        warnings=tuple(_partly(name, first, before) + _partly(name, last, after)),
    )


def _name(index: str) -> str:
    name, known = folded(index), indices_known()
    if name not in known:
        raise UnknownNameError("price index", index, known, f"Known: {one_of(known)}.")
    return name


def _time(value: date | int | str, name: str) -> str:
    """Return YYYY or YYYY-MM of what a user gives."""
    text = value.isoformat() if isinstance(value, date) else str(value)
    try:
        last_day(text)
    except ValueError as error:
        raise InputError(f"{name}: {error}.") from None
    return text[: len("YYYY-MM")]


def _level(index: str, time: str) -> list[float]:
    """Return the values of a year or month; raises InputError where the index has none."""
    values = _series()[index][0]
    found = [value for month, value in values.items() if month.startswith(time)]
    if not found:
        raise InputError(
            f"The index {index} has no value of {shown(time)}: it covers {min(values)} to "
            f"{max(values)}. Choose a time within."
        )
    return found


def _partly(index: str, time: str, values: list[float]) -> list[str]:
    if len(time) != len("YYYY") or len(values) == MONTHS:
        return []
    return [f"{index} of {time} is the mean of {len(values)} months"]


Series = tuple[dict[str, float], str]


def _series() -> dict[str, Series]:
    return _by_index(str(overlay_folder() or ""))


@cached_facts
def _by_index(_overlay: str) -> dict[str, Series]:
    found: dict[str, Series] = {}
    for row in read(PRICE_INDEX):
        values, _ = found.setdefault(row["index"], ({}, row["source"]))
        values[row["as_of"]] = row["value"]
    return found
