"""Facts to documents: one line each, or everything about one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from llmcost.figures import quantity_text
from llmcost.table import Cell, Document, Field, Table

if TYPE_CHECKING:
    from llmcost.studies.facts import Facts, Row

SCHEMA = "llmcost.facts/1"
UNITS = {
    "parameters": "count",
    "active_parameters": "count",
    "n_params_total": "count",
    "n_params_active": "count",
    "n_gpus": "int",
    "tokens": "count",
    "published_tokens": "count",
    "gpu_hours": "count",
    "reported_cost_usd": "USD",
    "price": "USD",
    "purchase_price": "USD",
}
BY_ROW = ("value", "low", "high")


def facts_document(found: Facts, *, all_columns: bool = False) -> Document:
    """Return the document of some facts; `all_columns` keeps every column in the table."""
    flat = _flat(found)
    tables = _one_by_one(found) if found.single else (_short(found, all_columns=all_columns),)
    return Document(found.title, tables, flat, _data(found))


def _flat(found: Facts) -> Table:
    fields = tuple(Field(name, unit=unit) for name, unit in found.columns)
    rows = tuple(tuple(_cell(row.get(f.name)) for f in fields) for row in found.rows)
    return Table(found.kind, fields, rows, title=found.title)


def _short(found: Facts, *, all_columns: bool) -> Table:
    columns = [c for c in found.columns if all_columns or c[0] in found.short]
    if not all_columns:
        columns.sort(key=lambda column: found.short.index(column[0]))
    fields = tuple(
        Field(name, _title(name), unit, align=_align(found, name)) for name, unit in columns
    )
    rows = tuple(tuple(_cell(row.get(f.name)) for f in fields) for row in found.rows)
    texts = tuple(tuple(_text(name, row) for name, _ in columns) for row in found.rows)
    hidden = len(found.columns) - len(columns)
    more = f"{hidden} more columns: --all-columns, --format csv, or a name."
    return Table(found.kind, fields, rows, texts=texts, notes=(more,) if hidden else ())


def _one_by_one(found: Facts) -> tuple[Table, ...]:
    fields = (Field("name", "Fact"), Field("value", "Value"))
    tables = []
    for row in found.rows:
        held = [(n, u, row.get(n)) for n, u in found.columns if row.get(n) is not None]
        rows = tuple((name, _cell(value)) for name, _, value in held)
        texts = tuple(
            (_title(name), f"{_text(name, row)} {unit}".strip()) for name, unit, _ in held
        )
        tables.append(Table(found.kind, fields, rows, texts=texts))
    return tuple(tables)


def _data(found: Facts) -> dict[str, Any]:
    names = [name for name, _ in found.columns]
    return {
        "schema": SCHEMA,
        "kind": found.kind,
        "units": {name: unit for name, unit in found.columns if unit},
        "results": [{name: row.get(name) for name in names} for row in found.rows],
    }


def _title(name: str) -> str:
    return name.replace("_", " ")


def _align(found: Facts, name: str) -> str:
    numeric = any(_is_number(row.get(name)) for row in found.rows)
    return "right" if numeric else "left"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(name: str, row: Row) -> str:
    value = row.get(name)
    if value is None:
        return "—"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        unit = str(row.get("unit") or "count") if name in BY_ROW else UNITS.get(name, "")
        return quantity_text(float(value), unit) if unit else f"{value:,g}"
    return str(value)


def _cell(value: Any) -> Cell:  # noqa: ANN401
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
