"""A table as the page shows it: rows written out, or many of them as compact data behind a first
page of rows, which the page's script leafs through.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import compress
from math import isfinite
from numbers import Real
from typing import Any, TypeGuard

from llmcost.catalog.sources import source_keys
from llmcost.render.cells import own_texts, visible
from llmcost.render.reports.citations import Citations, Piece
from llmcost.render.reports.embedded import json_for_page
from llmcost.report import SOURCES
from llmcost.table import Cell, Field, Table

ROWS_A_PAGE = 50
MOST_ON_A_LINE = 16
MOST_OF_A_NUMBER = 32
# Digits that numbers are sorted by in tables of more than one page.
SORTED_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Heading:
    """The head of a column: `kind` is ``text``, ``number`` or ``sources``."""

    text: str
    kind: str
    sortable: bool


@dataclass(frozen=True, slots=True)
class PageCell:
    """One cell: its pieces of text, and the full number that it is sorted by, or an empty text."""

    pieces: tuple[Piece, ...]
    value: str

    @property
    def looks(self) -> str:
        """How its text is set: ``short`` on one line, ``long`` in several, ``inner`` indented."""
        length = sum(len(piece.text) for piece in self.pieces)
        shape = "short" if length <= MOST_ON_A_LINE else "long" * (length > MOST_OF_A_NUMBER)
        inner = bool(self.pieces) and self.pieces[0].text.startswith("  ")
        return " ".join(filter(None, (shape, "inner" * inner)))


@dataclass(frozen=True, slots=True)
class PageTable:
    """A table of the page. `data_json` holds every row of one of more than a page."""

    identity: str
    title: str
    headings: tuple[Heading, ...]
    rows: tuple[tuple[PageCell, ...], ...]
    notes: tuple[str, ...]
    total: int
    data_json: str

    @property
    def sortable(self) -> bool:
        """Whether it is worth sorting: of three rows or more."""
        return self.total > 2 and any(heading.sortable for heading in self.headings)


def page_table(table: Table, identity: str, citations: Citations) -> PageTable:
    """Return a table as the page shows it, under an `identity` that no other element has."""
    chosen = [not table.people_fields or f.name in table.people_fields for f in table.fields]
    fields = tuple(compress(table.fields, chosen))
    texts = table.texts if table.texts is not None else own_texts(table)
    several = len(table.rows) > ROWS_A_PAGE
    shown = zip(texts[:ROWS_A_PAGE], table.rows[:ROWS_A_PAGE], strict=True)
    return PageTable(
        identity=identity,
        title=visible(table.title or _in_words(table.name)),
        headings=tuple(_heading(f, table) for f in fields),
        rows=tuple(
            _row(fields, compress(row, chosen), compress(cells, chosen), citations)
            for row, cells in shown
        ),
        notes=tuple(visible(note) for note in table.notes),
        total=len(table.rows),
        data_json=json_for_page(_all_rows(table, texts, chosen, citations)) if several else "",
    )


def _in_words(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]


def _kind(field: Field) -> str:
    if field.name == SOURCES:
        return SOURCES
    return "number" if field.align == "right" else "text"


def _heading(field: Field, table: Table) -> Heading:
    kind = _kind(field)
    mixed = kind == "number" and not field.unit and _units(table) > 1
    return Heading(visible(field.title or field.name), kind, not mixed and kind != SOURCES)


def _units(table: Table) -> int:
    """Return how many units the rows of a table of quantities have: those are in no order."""
    names = [f.name for f in table.fields]
    return len({row[names.index("unit")] for row in table.rows}) if "unit" in names else 1


def _row(
    fields: tuple[Field, ...], texts: Iterable[str], cells: Iterable[Cell], citations: Citations
) -> tuple[PageCell, ...]:
    return tuple(
        _cell(f, text, cell, citations) for f, text, cell in zip(fields, texts, cells, strict=True)
    )


def _cell(field: Field, text: str, cell: Cell, citations: Citations) -> PageCell:
    if field.name == SOURCES:
        return PageCell(tuple(citations.of_cell(str(cell or ""))), "")
    return PageCell((Piece(visible(text)),), repr(cell) if _is_number(cell) else "")


def _is_number(cell: Cell) -> TypeGuard[float]:
    return isinstance(cell, Real) and not isinstance(cell, bool) and isfinite(cell)


def _all_rows(
    table: Table, texts: Iterable[tuple[str, ...]], chosen: list[bool], citations: Citations
) -> dict[str, Any]:
    """Return every row, column by column, as short as it can be said."""
    columns = zip(
        table.fields, zip(*texts, strict=True), zip(*table.rows, strict=True), strict=True
    )
    return {
        "rows_a_page": ROWS_A_PAGE,
        "columns": [
            _column(field, words, cells, citations)
            for field, words, cells in compress(columns, chosen)
        ],
    }


def _column(
    field: Field, texts: tuple[str, ...], cells: tuple[Cell, ...], citations: Citations
) -> dict[str, Any]:
    kind = _kind(field)
    if kind == SOURCES:
        return {"kind": kind, "keys": [_numbers(str(cell or ""), citations) for cell in cells]}
    column: dict[str, Any] = {"kind": kind} | _repeated([visible(text) for text in texts])
    if any(_is_number(cell) for cell in cells):
        column["values"] = [_sorted_by(cell) for cell in cells]
    return column


def _numbers(cell: str, citations: Citations) -> list[int | str]:
    """Return the footnotes of a cell, without ways back: its row is written when it is shown."""
    return [citations.numbers.get(key, visible(key)) for key in source_keys(cell)]


def _repeated(texts: list[str]) -> dict[str, Any]:
    """Return texts, those of few different ones as places in a list of them."""
    different = list(dict.fromkeys(texts))
    if len(different) * 4 > len(texts):
        return {"texts": texts}
    place = {text: at for at, text in enumerate(different)}
    return {"words": different, "at": [place[text] for text in texts]}


def _sorted_by(cell: Cell) -> float | None:
    return float(f"{cell:.{SORTED_DIGITS}g}") if _is_number(cell) else None
