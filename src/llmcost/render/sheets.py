"""What both kinds of workbook share: cells that stay inert, names of sheets, columns that fit.

Text is always written as text, so that nothing a user or a file named can run as a formula.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from importlib.util import find_spec
from numbers import Real
from typing import Any

from llmcost.errors import InputError, MissingExtraError
from llmcost.figures import EN_DASH
from llmcost.render.cells import display_width, plain_number, spelled_out, visible, yes_or_no
from llmcost.render.delimited import FORMULA
from llmcost.table import Cell, Table

# What a sheet of the file format can hold.
MOST_ROWS, MOST_COLUMNS, MOST_CHARACTERS, MOST_IN_NAME = 1_048_576, 16_384, 32_767, 31
LEAST_NUMBER, MOST_NUMBER, MOST_WHOLE = 2.2251e-308, 9.99999999999999e307, 2**53
NOT_IN_NAME = re.compile(r"[\[\]:*?/\\]+")
NARROWEST, WIDEST = 8, 60
ROWS_MEASURED = 500
# The same answer is the same file, whenever it is written.
WRITTEN = datetime(2000, 1, 1)
QUIET = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
STYLES: Mapping[str, Mapping[str, Any]] = {
    "title": {"bold": True, "font_size": 14},
    "header": {"bold": True, "bottom": 1, "valign": "top", "text_wrap": True},
    "text": {"valign": "top", "text_wrap": True},
    "inert": {"valign": "top", "text_wrap": True, "quote_prefix": True},
    "right": {"valign": "top", "align": "right", "quote_prefix": True},
    "plain": {"valign": "top", "quote_prefix": True},
    "loose": {"quote_prefix": True, "italic": True, "font_color": "#595959"},
    "note": {"valign": "top", "text_wrap": True, "italic": True, "font_color": "#595959"},
    "number": {"valign": "top"},
}


@dataclass(slots=True)
class Book:
    """A workbook that is being written: its bytes so far, its styles and the names it has."""

    book: Any
    stream: io.BytesIO
    looks: Mapping[str, Mapping[str, Any]] = field(default_factory=lambda: STYLES)
    styles: dict[str, Any] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)

    @classmethod
    def new(cls, title: str = "", styles: Mapping[str, Mapping[str, Any]] | None = None) -> Book:
        """Return an empty workbook; raises MissingExtraError where nothing can write one."""
        check_installed()
        import xlsxwriter

        stream = io.BytesIO()
        book = xlsxwriter.Workbook(stream, dict(QUIET))
        book.set_properties({"title": spelled_out(title)[:250], "created": WRITTEN})
        looks = {**STYLES, **(styles or {})}
        made = {name: book.add_format(dict(look)) for name, look in looks.items()}
        return cls(book, stream, looks, made)

    def sheet(self, name: str) -> Any:  # noqa: ANN401
        """Return a new sheet under this name, or under the nearest that the format allows."""
        return self.book.add_worksheet(self.own_name(name))

    def own_name(self, name: str) -> str:
        """Return a name that a sheet may have and no other sheet has."""
        legal = " ".join(NOT_IN_NAME.sub(" ", visible(name)).split())
        base = legal.strip(" '")[:MOST_IN_NAME].strip(" '")
        if not base or base.casefold() == "history":
            base = f"Sheet {base}".strip()
        found, number = base, 2
        while found.casefold() in self.names:
            tail = f" {number}"
            found, number = f"{base[: MOST_IN_NAME - len(tail)]}{tail}", number + 1
        self.names.add(found.casefold())
        return found

    def put(self, sheet: Any, row: int, column: int, cell: Cell, style: str = "") -> None:  # noqa: ANN401
        """Write one cell: numbers as numbers, text as text that never runs, nothing for `None`.

        Raises InputError for a number that is not finite.
        """
        value = as_cell(cell)
        if isinstance(value, str):
            inert = "inert" if FORMULA.match(value) else "text"
            sheet.write_string(row, column, value, self.styles[style or inert])
        elif value is not None:
            sheet.write_number(row, column, value, self.styles[style or "number"])

    def style(self, name: str, number_format: str = "") -> str:
        """Return the name of a style with a format of numbers, made when first asked for."""
        if not number_format:
            return name
        key = f"{name} {number_format}"
        if key not in self.styles:
            look = {**self.looks[name], "num_format": number_format}
            self.styles[key] = self.book.add_format(look)
        return key

    def done(self) -> bytes:
        """Return the finished file."""
        self.book.close()
        return self.stream.getvalue()


def check_installed() -> None:
    """Raise MissingExtraError where nothing can write a workbook."""
    if find_spec("xlsxwriter") is None:
        raise MissingExtraError("An Excel workbook", "excel")


def as_cell(cell: Cell) -> str | int | float | None:
    """Return what a sheet can hold of a cell: a number, text that fits, `None` for nothing.

    A number too large or too small for a sheet is text, with every digit. Raises InputError for
    one that is not finite.

    >>> as_cell(10**20), as_cell(True), as_cell(5e-324)
    ('100000000000000000000', 'yes', '5e-324')
    """
    if cell is None or cell == "":
        return None
    if isinstance(cell, bool):
        return yes_or_no(cell)
    if isinstance(cell, Real):
        number = plain_number(cell)
        return number if _holds(number) else repr(number)
    text = spelled_out(str(cell)).replace("\r\n", "\n").replace("\r", "\n")
    return text if len(text) <= MOST_CHARACTERS else _cut(text)


def _holds(number: float) -> bool:
    if isinstance(number, int):
        return abs(number) <= MOST_WHOLE
    return number == 0 or LEAST_NUMBER <= abs(number) <= MOST_NUMBER


def _cut(text: str) -> str:
    tail = f"... ({len(text):,} characters)"
    return text[: MOST_CHARACTERS - len(tail)] + tail


def write_rows(
    book: Book,
    sheet: Any,  # noqa: ANN401
    headers: Sequence[str],
    rows: Sequence[Sequence[Cell]],
    styles: Sequence[Sequence[str]] | None = None,
) -> int:
    """Write headers, frozen and with filters, and rows below; return the row below them.

    `styles` names the style of every cell, empty for that of its kind. Raises InputError for more
    rows or columns than a sheet has.
    """
    check_size(len(rows) + 1, len(headers))
    for column, text in enumerate(headers):
        book.put(sheet, 0, column, text, "header")
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            book.put(sheet, number + 1, column, cell, styles[number][column] if styles else "")
    sheet.freeze_panes(1, 1 if len(headers) > 1 else 0)
    if headers:
        sheet.autofilter(0, 0, max(len(rows), 1), len(headers) - 1)
    set_widths(sheet, headers, rows)
    return 1 + len(rows)


def check_size(rows: int, columns: int) -> None:
    """Raise InputError for more rows or columns than a sheet has."""
    if rows > MOST_ROWS or columns > MOST_COLUMNS:
        raise InputError(
            f"Got {rows:,} rows of {columns:,} columns; a sheet of Excel holds "
            f"{MOST_ROWS:,} x {MOST_COLUMNS:,}. Write csv or jsonl instead."
        )


def set_widths(
    sheet: Any,  # noqa: ANN401
    headers: Sequence[str],
    rows: Iterable[Sequence[Cell]],
) -> None:
    """Make every column as wide as what it holds, within limits."""
    measured = [row for _, row in zip(range(ROWS_MEASURED), rows, strict=False)]
    for column, header in enumerate(headers):
        cells = [as_cell(row[column]) for row in measured if column < len(row)]
        longest = max((_width(cell) for cell in cells), default=0)
        wanted = max(longest, min(_width(header), 18)) + 2
        sheet.set_column(column, column, max(NARROWEST, min(WIDEST, wanted)))


def _width(cell: str | float | None) -> int:
    if isinstance(cell, float):
        return min(len(repr(cell)), 12)
    lines = "" if cell is None else str(cell)
    return max(map(display_width, lines.split("\n")))


def shown_rows(table: Table) -> Sequence[Sequence[Cell]]:
    """Return the rows that people read, with full numbers in every column of one unit.

    Other columns hold the texts, where the table brings some: ranges, and numbers of different
    units below each other.
    """
    texts = table.texts
    if texts is None:
        return table.rows
    as_numbers = [
        bool(field.unit) and not any(EN_DASH in row[at] for row in texts)
        for at, field in enumerate(table.fields)
    ]
    return [
        [
            cell if number and isinstance(cell, Real) else text
            for number, cell, text in zip(as_numbers, row, shown, strict=True)
        ]
        for row, shown in zip(table.rows, texts, strict=True)
    ]
