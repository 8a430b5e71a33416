"""Tables of a report as sheets: every column, numbers in full as people read them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from numbers import Real

from llmcost.render.reports.live_sheets import number_format
from llmcost.render.sheets import Book, write_rows
from llmcost.table import Cell, Field, Table

UNIT = "unit"
# What is left of the text of a number when its digits, signs and scale are taken away: its unit.
NO_UNIT = re.compile(r"[\d.,\s$%x–—≥≤+-]+|e(?=\d)|\b[KMBT]\b|(?<=\d)[KMBT]\b")


def write_table(book: Book, title: str, table: Table) -> None:
    """Write a table on a sheet of its own, its notes below."""
    sheet = book.sheet(title)
    names = [field.name for field in table.fields]
    texts = table.texts if table.texts is not None else [("",) * len(names)] * len(table.rows)
    at = names.index(UNIT) if UNIT in names else None
    cells = [_cells(table, at, *both) for both in zip(table.rows, texts, strict=True)]
    styles = [[book.style(name, form) for _, name, form in row] for row in cells]
    below = write_rows(
        book, sheet, headers(table), [[one[0] for one in row] for row in cells], styles
    )
    for number, note in enumerate(table.notes, start=below + 1):
        book.put(sheet, number, 0, note, "loose")


def headers(table: Table) -> list[str]:
    """Return what people read over each column, with its unit where it has one.

    The low end has its own column here, not the whole range.
    """
    both = any(field.name == "high" for field in table.fields)
    return [_header(field, "Low" if field.name == "low" and both else "") for field in table.fields]


def _header(field: Field, title: str) -> str:
    told = title or field.title or field.name
    return f"{told} [{field.unit}]" if field.unit else told


def _cells(
    table: Table, unit_at: int | None, row: Sequence[Cell], texts: Sequence[str]
) -> list[tuple[Cell, str, str]]:
    """Return the cells of a row with their styles and number formats."""
    own = "" if unit_at is None else str(row[unit_at] or "")
    return [
        _cell(cell, text.strip(), field.unit or own, told=bool(field.unit) or unit_at is not None)
        for field, cell, text in zip(table.fields, row, texts, strict=True)
    ]


def _cell(cell: Cell, text: str, unit: str, *, told: bool) -> tuple[Cell, str, str]:
    """Return a cell with its style and number format; text where a number would lose its unit.

    `told` says that the unit stands beside the number.
    """
    if cell is None or isinstance(cell, bool) or not isinstance(cell, Real):
        return (None if cell is None else text or cell), "", ""
    if not told and NO_UNIT.sub("", text):
        return text, "right", ""
    share = "%" in text and unit != "%"
    money = "USD" if "$" in text and not unit else unit
    return cell, "number", number_format(float(cell), money, share=share)
