"""Facts to documents: one line each, or everything about one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llmcost._version import __version__
from llmcost.catalog.version import data_version
from llmcost.figures import EM_DASH, quantity_text, significant
from llmcost.table import Cell, Document, Field, Table

if TYPE_CHECKING:
    from llmcost.studies.facts import Facts, Row

SCHEMA = "llmcost.facts/1"
WRITTEN_IN = {
    **dict.fromkeys(("parameters", "active_parameters"), "parameter"),
    **dict.fromkeys(("n_params_total", "n_params_active"), "parameter"),
    **dict.fromkeys(("tokens", "published_tokens", "gpu_hours"), ""),
    **dict.fromkeys(("reported_cost_usd", "price", "purchase_price"), "USD"),
}
HEADING_UNITS = {
    "TFLOP/s/GPU": "TFLOP/s",
    "GB/s/GPU": "GB/s",
    "Gbit/s/GPU": "Gbit/s",
    "USD/GPU/hour": "$/GPU-h",
    "USD/GPU": "$/GPU",
    "token": "tokens",
}
BY_ROW = ("value", "low", "high")
LONG, EXACT = 1e6, 1e15


def facts_document(found: Facts, *, all_columns: bool = False) -> Document:
    """Return the document of some facts; `all_columns` keeps every column in the table."""
    flat = _flat(found)
    tables = _one_by_one(found) if found.single else tuple(_short(found, all_columns))
    return Document(found.title, tables, flat, _data(found))


def _flat(found: Facts) -> Table:
    fields = tuple(Field(name, unit=unit) for name, unit in found.columns)
    rows = tuple(tuple(_cell(row.get(f.name)) for f in fields) for row in found.rows)
    return Table(found.kind, fields, rows, title=found.title)


def _short(found: Facts, all_columns: bool) -> Iterator[Table]:
    if all_columns:
        yield _columns(found, "", [name for name, _ in found.columns], found.rows)
        return
    parts = [(part.title, part.short, part.rows) for part in found.parts]
    *tables, last = [
        _columns(found, title, short, rows)
        for title, short, rows in parts or [("", found.short, found.rows)]
    ]
    yield from tables
    hidden = len(found.columns) - len(last.fields)
    more = f"{hidden} more columns: --all-columns, --format csv, or a name."
    yield replace(last, notes=(more,) if hidden else ())


def _columns(found: Facts, title: str, names: Sequence[str], rows: Sequence[Row]) -> Table:
    units = dict(found.columns)
    fields = tuple(
        Field(name, _heading(name, units[name]), units[name], align=_align(rows, name))
        for name in names
    )
    cells = tuple(tuple(_cell(row.get(name)) for name in names) for row in rows)
    texts = tuple(tuple(_text(name, row) for name in names) for row in rows)
    return Table(found.kind, fields, cells, title=title, texts=texts)


def _one_by_one(found: Facts) -> tuple[Table, ...]:
    fields = (Field("name", "Fact"), Field("value", "Value"))
    tables = []
    for row in found.rows:
        held = [(n, u, row.get(n)) for n, u in found.columns if row.get(n) is not None]
        rows = tuple((name, _cell(value)) for name, _, value in held)
        texts = tuple((_title(name), _in_full(name, value, unit)) for name, unit, value in held)
        tables.append(Table(found.kind, fields, rows, texts=texts))
    return tuple(tables)


def _data(found: Facts) -> dict[str, Any]:
    names = [name for name, _ in found.columns]
    return {
        "schema": SCHEMA,
        "llmcost_version": __version__,
        "data_version": data_version(),
        "kind": found.kind,
        "units": {name: unit for name, unit in found.columns if unit},
        "results": [{name: row.get(name) for name in names} for row in found.rows],
    }


def _title(name: str) -> str:
    return name.replace("_", " ")


def _heading(name: str, unit: str) -> str:
    """Return the heading of a column, with the unit of its numbers unless the name says it."""
    title, words = _title(name), HEADING_UNITS.get(unit, unit)
    return f"{title} ({words})" if words and words not in title else title


def _align(rows: Sequence[Row], name: str) -> str:
    numeric = any(_is_number(row.get(name)) for row in rows)
    return "right" if numeric else "left"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(name: str, row: Row) -> str:
    """Return a cell of a list: a short number whose unit stands in the heading."""
    value: Any = row.get(name)
    if value is None:
        return EM_DASH
    if not _is_number(value):
        return _words(value)
    if name in BY_ROW:
        return quantity_text(value, str(row.get("unit") or "parameter"))
    if name in WRITTEN_IN:
        return quantity_text(value, WRITTEN_IN[name])
    return f"{value:,}" if isinstance(value, int) else significant(value)


def _words(value: object) -> str:
    return ("yes" if value else "no") if isinstance(value, bool) else str(value)


def _in_full(name: str, value: Any, unit: str) -> str:  # noqa: ANN401
    """Return a fact with all its digits and its unit; a long number in short as well."""
    if not _is_number(value):
        return _words(value)
    whole = float(value).is_integer() and abs(value) < EXACT
    digits = f"{value:,.0f}" if whole else f"{value:,.12g}"
    short = f" ({quantity_text(value, WRITTEN_IN[name])})" if name in WRITTEN_IN else ""
    return f"{digits} {unit}".rstrip() + (short if abs(value) >= LONG else "")


def _cell(value: Any) -> Cell:  # noqa: ANN401
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
