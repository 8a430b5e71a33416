"""Where the facts lie, and how a file of facts is read and checked.

A data file is a CSV whose headers read ``name [unit]``. A folder of the user's own rows, named by
the environment variable ``LLMCOST_DATA``, holds files of the same names and columns; a row there
replaces the shipped row of the same key, or is added.
"""

from __future__ import annotations

import csv
import os
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache
from math import inf, isfinite
from pathlib import Path
from typing import Any

from llmcost.errors import DataError, one_of, shown

OVERLAY = "LLMCOST_DATA"
MAX_CELL = 200_000
PACKAGE = Path(__file__).resolve().parent.parent

Record = dict[str, Any]


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


def data_folder(name: str = "data") -> Path:
    """Return the folder of the shipped facts: inside an installed package, or in a checkout."""
    for parent in (PACKAGE, PACKAGE.parent.parent):
        if (parent / name).is_dir():
            return parent / name
    raise DataError("the folder is missing: install llmcost again", file=str(PACKAGE / name))


def overlay_folder() -> Path | None:
    """Return the user's own data folder, or `None` when the variable is not set."""
    value = os.environ.get(OVERLAY, "")
    if not value:
        return None
    folder = Path(value)
    if not folder.is_dir():
        raise DataError(f"{OVERLAY} must name a folder of data files", file=value)
    return folder


def read(file: DataFile) -> list[Record]:
    """Return the checked rows of a data file, the user's own rows laid over the shipped ones.

    Each record maps column names to text, float, int, bool or `None`, plus ``_file`` and ``_line``.
    Raises DataError with file, line and column for anything that does not fit.
    """
    return list(_read(file, str(overlay_folder() or "")))


def read_toml(name: str, folder: str = "data") -> dict[str, Any]:
    """Return a TOML file of facts; raises DataError when it is missing or malformed."""
    return _read_toml(data_folder(folder) / name)


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


def clear_cache() -> None:
    """Forget the files already read (for a process that changes its data folder)."""
    _read.cache_clear()
    _read_toml.cache_clear()


@cache
def _read(file: DataFile, overlay: str) -> tuple[Record, ...]:
    rows = _read_one(file, data_folder() / file.name)
    own = Path(overlay, file.name) if overlay else None
    if own is not None and own.is_file():
        rows = _laid_over(file, rows, _read_one(file, own))
    return tuple(rows)


@cache
def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"cannot be read: {error}", file=str(path)) from error


def _laid_over(file: DataFile, rows: list[Record], own: list[Record]) -> list[Record]:
    if not file.key:
        return rows + own
    merged = {_key(file, row): row for row in rows}
    merged.update({_key(file, row): row for row in own})
    return list(merged.values())


def _key(file: DataFile, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in file.key)


def _read_one(file: DataFile, path: Path) -> list[Record]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return list(_checked_rows(file, path, csv.reader(stream, strict=True)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot be read: {error}", file=str(path)) from error


def _checked_rows(file: DataFile, path: Path, reader: Any) -> Iterator[Record]:  # noqa: ANN401
    order = _column_order(file, path, next(reader, []))
    plain = [column.kind == "text" and not column.choices for column in order]
    seen: dict[tuple[Any, ...], int] = {}
    for cells in reader:
        if not any(map(str.strip, cells)):
            continue
        line = reader.line_num
        if len(cells) != len(order):
            raise DataError(
                f"{len(cells)} cells, but the header names {len(order)} columns: "
                "quote a cell that holds a comma",
                file=str(path),
                line=line,
            )
        row: Record = {
            column.name: cell
            if is_plain and 0 < len(cell) <= MAX_CELL and cell.strip() == cell
            else _value(column, cell, path, line)
            for column, is_plain, cell in zip(order, plain, cells, strict=True)
        }
        if file.key:
            key = _key(file, row)
            if key in seen:
                raise DataError(
                    f"{', '.join(map(str, key))} is already on line {seen[key]}: keep one row",
                    file=str(path),
                    line=line,
                    column=", ".join(file.key),
                )
            seen[key] = line
        yield row | {"_file": str(path), "_line": line}


def _column_order(file: DataFile, path: Path, headers: list[str]) -> list[Column]:
    known = {column.header: column for column in file.columns}
    given = [header.strip() for header in headers]
    missing = [header for header in known if header not in given]
    unknown = [header for header in given if header not in known]
    if missing or unknown or len(set(given)) != len(given):
        parts = [f"missing {', '.join(missing)}"] if missing else []
        parts += [f"unknown {', '.join(map(shown, unknown))}"] if unknown else []
        parts += ["a header twice"] if len(set(given)) != len(given) else []
        raise DataError(f"columns do not match: {'; '.join(parts)}", file=str(path), line=1)
    return [known[header] for header in given]


def _value(column: Column, cell: str, path: Path, line: int) -> str | float | int | bool | None:
    text = cell.strip()
    if not text and not column.required:
        return None
    try:
        return _parsed(column, text)
    except ValueError as error:
        raise DataError(str(error), file=str(path), line=line, column=column.header) from None


def _parsed(column: Column, text: str) -> str | float | int | bool | None:
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
        low = "more than 0" if column.positive else f"at least {column.minimum:g}"
        raise ValueError(f"got {shown(text)}; needs {low} and at most {column.maximum:g}")
    return value


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
    except ValueError as error:
        raise ValueError(f"got {shown(text)}; {error}") from None
    return int(year or 0), month, day
