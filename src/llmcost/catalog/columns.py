"""What a cell of a data file may hold: columns with units, and dates of any precision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from math import inf, isfinite

from llmcost.errors import InputError, one_of, shown

MAX_CELL = 131_072
Cell = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a data file: its name, unit and the values it may hold.

    `kind` is text, number, count (a whole number), date (YYYY, YYYY-MM or YYYY-MM-DD) or flag
    (yes or no). An empty cell is `None`, and an error where the column is `required`.
    """

    name: str
    kind: str = "text"
    unit: str = ""
    required: bool = False
    minimum: float = -inf
    maximum: float = inf
    positive: bool = False
    choices: tuple[str, ...] = ()

    @property
    def header(self) -> str:
        """The header as it stands in the file."""
        return f"{self.name} [{self.unit}]" if self.unit else self.name


@dataclass(frozen=True, slots=True)
class DataFile:
    """One file under ``data/``: its name, the columns of its key, and all columns."""

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def headers(self) -> tuple[str, ...]:
        """The headers, in file order."""
        return tuple(column.header for column in self.columns)


@lru_cache(maxsize=4096)
def last_day(text: str) -> date:
    """Return the last day that a date of any precision can mean.

    >>> last_day("2024"), last_day("2024-02"), last_day("2024-02-03")
    (datetime.date(2024, 12, 31), datetime.date(2024, 2, 29), datetime.date(2024, 2, 3))
    """
    from calendar import monthrange

    year, month, day = _date_parts(text)
    month = month or 12
    return date(year, month, day or monthrange(year, month)[1])


def first_day(text: str) -> date:
    """Return the first day that a date of any precision can mean."""
    year, month, day = _date_parts(text)
    return date(year, month or 1, day or 1)


def parsed(column: Column, text: str) -> Cell:
    """Return the value of a cell's text; raises ValueError that says what does not fit."""
    if not text:
        if column.required:
            raise ValueError("is empty, but every row needs it")
        return None
    if len(text) > MAX_CELL:
        raise ValueError(f"holds {len(text)} characters; at most {MAX_CELL}")
    if column.choices and text not in column.choices:
        raise ValueError(f"got {shown(text)}; needs {one_of(column.choices)}")
    return _PARSERS[column.kind](column, text)


def _parsed_text(_column: Column, text: str) -> str:
    return text


def _parsed_number(column: Column, text: str) -> float:
    try:
        value = float(text) if text.isascii() and "_" not in text else inf
    except ValueError:
        raise ValueError(f"got {shown(text)}; needs a number") from None
    if not isfinite(value):
        raise ValueError(f"got {shown(text)}; needs a finite number")
    if not column.minimum <= value <= column.maximum or (column.positive and value <= 0):
        raise ValueError(f"got {shown(text)}; needs {_limits(column)}")
    return value


def _limits(column: Column) -> str:
    low = "more than 0" if column.positive else f"at least {column.minimum:g}"
    high = f"at most {column.maximum:g}"
    stated = [low] if column.positive or isfinite(column.minimum) else []
    return " and ".join([*stated, high] if isfinite(column.maximum) else stated)


def _parsed_count(column: Column, text: str) -> int:
    value = _parsed_number(column, text)
    if not value.is_integer():
        raise ValueError(f"got {shown(text)}; needs a whole number")
    return int(text) if text.isdigit() else int(value)


def _parsed_date(_column: Column, text: str) -> str:
    last_day(text)
    return text


def _parsed_flag(_column: Column, text: str) -> bool:
    if text not in ("yes", "no"):
        raise ValueError(f"got {shown(text)}; needs yes or no")
    return text == "yes"


_PARSERS: dict[str, Callable[[Column, str], str | float | int | bool]] = {
    "text": _parsed_text,
    "number": _parsed_number,
    "count": _parsed_count,
    "date": _parsed_date,
    "flag": _parsed_flag,
}


def _date_parts(text: str) -> tuple[int, int | None, int | None]:
    parts = text.split("-")
    widths = [len(part) for part in parts]
    if widths not in ([4], [4, 2], [4, 2, 2]) or not all(
        p.isascii() and p.isdigit() for p in parts
    ):
        raise ValueError(f"got {shown(text)}; needs a date: YYYY, YYYY-MM or YYYY-MM-DD")
    year, month, day = (*map(int, parts), None, None)[:3]
    try:
        date(year or 0, month or 1, day or 1)
    except ValueError:
        raise ValueError(f"got {shown(text)}; needs a date that the calendar has") from None
    return int(year or 0), month, day


def folded(name: str) -> str:
    """Return a name as it is compared: lower case, with space and underscore as a dash.

    >>> folded("A100_SXM 80GB")
    'a100-sxm-80gb'
    """
    return "-".join(name.casefold().replace("_", " ").replace("-", " ").split())


def day_from(value: date | str, name: str) -> date:
    """Return the day that a user means by a date, a time or text; its last day where it is vague.

    Raises InputError that begins with `name`.
    """
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return last_day(str(value))
    except ValueError as error:
        raise InputError(f"{name}: {error}.") from None
