"""Tables of people made whole: beside what they show, every number in its unit, and the sources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmcost.figures import EM_DASH, quantity_text, range_text
from llmcost.report import SOURCES
from llmcost.table import Cell, Field, Table
from llmcost.views.costs import SHARES as LOSSES
from llmcost.views.input_titles import SHARES

NUMBERS = (
    Field("high", "High", align="right"),
    Field("median", "Median", align="right"),
    Field("unit", "Unit"),
)
SOURCE_FIELD = Field(SOURCES, "Sources")


def shown_unit(name: str, unit: str) -> str:
    """Return the unit that a result or input is written in: shares as percent."""
    return "share" if name in SHARES or name in LOSSES else unit


def amount_text(name: str, told: Mapping[str, Any] | None) -> str:
    """Return a result with its range, for a sentence: ``$117M ($73.5M – $356M)``."""
    if told is None or told.get("value") is None:
        return "not known"
    unit = shown_unit(name, str(told.get("unit") or ""))
    text = quantity_text(told["value"], unit)
    low, high = told.get("low"), told.get("high")
    if low is None or high is None or low == high:
        return text
    return f"{text} ({range_text(low, high, unit, like=told['value'])})"


def with_numbers(table: Table, results: Mapping[str, Mapping[str, Any]]) -> Table:
    """Return a table of results with the high end, the median and the unit of each row beside it.

    People are shown what they were shown before.
    """
    names = [field.name for field in table.fields]
    if "name" not in names or {"high", "unit"} & set(names):
        return table
    at = names.index("name")
    rows = [(row, results.get(str(row[at]), {})) for row in table.rows]
    added = [tuple(told.get(field.name) for field in NUMBERS) for _, told in rows]
    texts = table.texts or tuple(tuple(_plain(cell) for cell in row) for row in table.rows)
    return replace(
        table,
        fields=(*table.fields, *NUMBERS),
        rows=tuple((*row, *more) for (row, _), more in zip(rows, added, strict=True)),
        texts=tuple(
            (*text, *_number_texts(str(row[at]), more))
            for text, (row, _), more in zip(texts, rows, added, strict=True)
        ),
        people_fields=table.people_fields or tuple(names),
    )


def _number_texts(name: str, more: Sequence[Any]) -> tuple[str, str, str]:
    high, median, unit = more
    shown = shown_unit(name, str(unit or ""))
    return quantity_text(high, shown), quantity_text(median, shown), str(unit or "")


def with_sources(table: Table, keys: Sequence[Sequence[str]]) -> Table:
    """Return a table with a column of the keys of the sources of each row."""
    cells = ["; ".join(dict.fromkeys(each)) for each in keys]
    texts = table.texts or tuple(tuple(_plain(cell) for cell in row) for row in table.rows)
    shown = table.people_fields or tuple(field.name for field in table.fields)
    return replace(
        table,
        fields=(*table.fields, SOURCE_FIELD),
        rows=tuple((*row, cell or None) for row, cell in zip(table.rows, cells, strict=True)),
        texts=tuple((*text, cell) for text, cell in zip(texts, cells, strict=True)),
        people_fields=(*shown, SOURCES),
    )


def _plain(cell: Cell) -> str:
    return EM_DASH if cell is None else str(cell)
