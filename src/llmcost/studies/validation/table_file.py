"""A measured table from anyone's file: columns in any order, some missing, some more."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from llmcost.catalog.files import text_of
from llmcost.errors import DataError, nearest, one_of, shown

EXTRA = "\0extra"
Row = Mapping[str, str]


def rows_of(path: str | Path, needed: tuple[str, ...], known: tuple[str, ...]) -> tuple[Row, ...]:
    """Return the rows of a CSV file as text by column, each with an id of its own.

    Headers match without regard to case, spaces or a unit in brackets. A row without an id is
    called by its number. Raises DataError for a file that cannot be read, a missing column of
    `needed`, a header twice, or an id twice; `known` are the columns to suggest from.
    """
    file = str(path)
    reader = csv.reader(io.StringIO(text_of(Path(path)), newline=""), delimiter=",", strict=True)
    try:
        return tuple(_rows(file, reader, needed, known))
    except csv.Error:
        raise DataError(
            "is not CSV up to here: a quote is not closed or has text after it. Correct the line",
            file=file,
            line=reader.line_num,
        ) from None


def _rows(
    file: str, reader: Iterator[list[str]], needed: tuple[str, ...], known: tuple[str, ...]
) -> Iterator[Row]:
    headers = _headers(file, next(reader, []), needed, known)
    seen: dict[str, int] = {}
    number = 0
    for cells in reader:
        if not any(map(str.strip, cells)):
            continue
        number += 1
        row = dict(zip(headers, cells, strict=False))
        if any(map(str.strip, cells[len(headers) :])):
            row[EXTRA] = f"{len(cells)} cells under {len(headers)} headers"
        row["id"] = row.get("id", "").strip() or f"row {number}"
        if row["id"] in seen:
            raise DataError(
                f"{shown(row['id'])} is already the id of row {seen[row['id']]}: give each row "
                "its own, or leave the cell empty",
                file=file,
                line=number + 1,
                column="id",
            )
        seen[row["id"]] = number
        yield row


def _headers(
    file: str, cells: list[str], needed: tuple[str, ...], known: tuple[str, ...]
) -> list[str]:
    headers = [_bare(cell) for cell in cells]
    if not any(headers):
        raise DataError(f"is empty: needs a header with {one_of(needed)}", file=file)
    missing = [name for name in needed if name not in headers]
    if missing:
        close = nearest(missing[0], [header for header in headers if header not in known])
        meant = f" Rename {shown(close[0])}." if close else ""
        raise DataError(
            f"has no column {' or '.join(missing)}: needs {', '.join(needed)} and, of "
            f"{', '.join(known[:6])}..., those that are known.{meant}",
            file=file,
            line=1,
        )
    twice = sorted({name for name in headers if name and headers.count(name) > 1})
    if twice:
        raise DataError(f"names {shown(twice[0])} twice: keep one", file=file, line=1)
    return headers


def _bare(header: str) -> str:
    """Return a header in lower case, spaces as underscores, without a unit in brackets."""
    return re.sub(r"\s+", "_", re.sub(r"\[[^\]]*\]", "", header).strip().casefold())
