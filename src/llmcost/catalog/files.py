"""Where the facts lie, and how a file of facts is read and checked.

A data file is a CSV whose headers read ``name [unit]``. A folder of the user's own rows, named by
the environment variable ``LLMCOST_DATA``, holds files of the same names and columns; a row there
replaces the shipped row of the same key, or is added.
"""

from __future__ import annotations

import csv
import io
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import cache, wraps
from pathlib import Path
from types import MappingProxyType
from typing import Any, ParamSpec, TypeVar, cast

from llmcost.catalog.columns import MAX_CELL, Cell, Column, DataFile, parsed
from llmcost.errors import DataError, nearest, one_of, shown

OVERLAY = "LLMCOST_DATA"
OWN_TOML = ("calibration.toml", "sources.toml")
MAX_BYTES = 100_000_000
KINDS_OF_FILE = (".csv", ".toml")
MAX_PATH = 100
SETTINGS_FILES = ("llmcost.toml", "pyproject.toml")
PACKAGE = Path(__file__).resolve().parent.parent

Record = Mapping[str, Any]
P = ParamSpec("P")
T = TypeVar("T")
_FORGETS: list[Callable[[], None]] = []


def data_folder(name: str = "data") -> Path:
    """Return the folder of the shipped facts: inside an installed package, or in a checkout."""
    for parent in (PACKAGE, PACKAGE.parent.parent):
        if (parent / name).is_dir():
            return parent / name
    raise DataError("the folder is missing: install llmcost again", file=str(PACKAGE / name))


def overlay_folder() -> Path | None:
    """Return the user's own data folder, or `None` when the variable is not set.

    Raises DataError when it is no folder, or holds data files of names that are not known.
    """
    value = os.environ.get(OVERLAY, "")
    if not value:
        return None
    _check_overlay(value)
    return Path(value)


def read(file: DataFile) -> list[Record]:
    """Return the checked rows of a data file, the user's own rows laid over the shipped ones.

    Each record maps column names to text, float, int, bool or `None`, plus ``_file`` and ``_line``.
    Raises DataError with file, line and column for anything that does not fit.
    """
    return list(_read(file, str(overlay_folder() or "")))


def read_toml(name: str, folder: str = "data") -> dict[str, Any]:
    """Return a TOML file of facts; raises DataError when it is missing or malformed."""
    return toml_of(data_folder(folder) / name)


def clear_cache() -> None:
    """Forget the files already read (for a process that changes its data folder)."""
    for forget in _FORGETS:
        forget()


def cached_facts(function: Callable[P, T]) -> Callable[P, T]:
    """Remember what a function makes of the facts, until `clear_cache`."""
    remembered = cache(function)
    _FORGETS.append(remembered.cache_clear)
    return cast("Callable[P, T]", remembered)


def cached_by_folder(function: Callable[P, T]) -> Callable[P, T]:
    """Remember what a function makes of the facts, for each folder of the user's own rows.

    Callers share what it returns: only to read. Arguments must be hashable.
    """

    def of_folder(_overlay: str, *args: P.args, **kwargs: P.kwargs) -> T:
        return function(*args, **kwargs)

    remembered = cached_facts(of_folder)

    @wraps(function)
    def recalled(*args: P.args, **kwargs: P.kwargs) -> T:
        return remembered(str(overlay_folder() or ""), *args, **kwargs)

    return recalled


@cached_facts
def _read(file: DataFile, overlay: str) -> tuple[Record, ...]:
    rows = _read_one(file, data_folder() / file.name)
    own = Path(overlay, file.name) if overlay else None
    if own is not None and own.is_file():
        rows = _laid_over(file, rows, _read_one(file, own))
    return tuple(MappingProxyType(row) for row in rows)


@cached_facts
def toml_of(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; raises DataError when it is missing or malformed."""
    try:
        return tomllib.loads(text_of(path))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(r"at line (\d+)", str(error))
        raise DataError(
            "is not TOML here: correct the line, or start again from the shipped file",
            file=str(path),
            line=int(line[1]) if line else None,
        ) from error


@cached_facts
def _check_overlay(folder: str) -> None:
    try:
        own = sorted(os.listdir(folder))
    except OSError:
        raise DataError(
            f"{OVERLAY} must name a folder of data files: correct it, or unset it",
            file=folder if len(folder) <= MAX_PATH else shown(folder),
        ) from None
    known = [path.name for path in data_folder().iterdir() if path.suffix in KINDS_OF_FILE]
    for name in own:
        if name in known and name.endswith(".toml") and name not in OWN_TOML:
            raise DataError(
                f"cannot be replaced: only CSV files, {' and '.join(OWN_TOML)} can. Move it away",
                file=str(Path(folder, name)),
            )
        if name in known and not Path(folder, name).is_file():
            kind = "a folder" if Path(folder, name).is_dir() else "not a plain file"
            raise DataError(
                f"is {kind}; needs a data file. Move it away", file=str(Path(folder, name))
            )
        if _looks_like_data(name) and name not in known:
            raise DataError(_unknown_file(name, known), file=str(Path(folder, name)))


def _looks_like_data(name: str) -> bool:
    return name.endswith(KINDS_OF_FILE) and not name.startswith(".") and name not in SETTINGS_FILES


def _unknown_file(name: str, known: list[str]) -> str:
    close = nearest(name, known, limit=1)
    meant = f"Did you mean {close[0]}?" if close else f"Known are {one_of(sorted(known))}."
    return f"is not the name of a data file, so it would not be read. {meant} Rename or move it"


def text_of(path: Path) -> str:
    """Return the text of a data file; raises DataError when it is none."""
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        raise DataError(
            "cannot be opened: check that the file is there and may be read", file=str(path)
        ) from None
    if len(content) > MAX_BYTES:
        raise DataError(
            f"is larger than {MAX_BYTES // 1_000_000} MB: keep only rows of your own",
            file=str(path),
        )
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            "is not UTF-8 text: save it again in the encoding UTF-8", file=str(path), line=line
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(
            "holds a zero byte, which no text has: remove it or save the file again",
            file=str(path),
            line=line,
        )
    return text


def _laid_over(file: DataFile, rows: list[Record], own: list[Record]) -> list[Record]:
    if not file.key:
        return rows + own
    merged = {_key(file, row): row for row in rows}
    merged.update({_key(file, row): row for row in own})
    return list(merged.values())


def _key(file: DataFile, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in file.key)


def _read_one(file: DataFile, path: Path) -> list[Record]:
    reader = csv.reader(io.StringIO(text_of(path), newline=""), strict=True)
    try:
        return list(_checked_rows(file, path, reader))
    except csv.Error:
        raise DataError(
            "is not CSV up to here: a quote is not closed or has text after it, or a cell is "
            f"longer than {csv.field_size_limit():,} characters. Correct the line",
            file=str(path),
            line=reader.line_num,
        ) from None


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
        yield {**row, "_file": str(path), "_line": line}


def _column_order(file: DataFile, path: Path, headers: list[str]) -> list[Column]:
    known = {column.header: column for column in file.columns}
    given = [header.strip() for header in headers]
    missing = [header for header in known if header not in given]
    unknown = [header for header in given if header not in known]
    if missing or unknown or len(set(given)) != len(given):
        parts = [f"missing {_few(missing)}"] if missing else []
        parts += [f"unknown {_few([shown(name) for name in unknown])}"] if unknown else []
        parts += ["a header twice"] if len(set(given)) != len(given) else []
        raise DataError(
            f"columns do not match: {'; '.join(parts)}. "
            f"Copy the header line of the shipped {file.name}",
            file=str(path),
            line=1,
        )
    return [known[header] for header in given]


def _few(names: list[str]) -> str:
    """Join names, the first three of many."""
    more = len(names) - 3
    return ", ".join(names[:3]) + (f" and {more} more" if more > 0 else "")


def _value(column: Column, cell: str, path: Path, line: int) -> Cell:
    text = cell.strip()
    if not text and not column.required:
        return None
    try:
        return parsed(column, text)
    except ValueError as error:
        raise DataError(str(error), file=str(path), line=line, column=column.header) from None
