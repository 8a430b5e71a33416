"""Layouts, facts and published methods in a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmcost.figures import quantity_text
from llmcost.report import SOURCES, Section
from llmcost.studies.facts import Facts
from llmcost.studies.rereading import input_of
from llmcost.studies.saved import Saved
from llmcost.table import Cell, Field, Table
from llmcost.views.facts import facts_document
from llmcost.views.layouts import HOW, SHOWN
from llmcost.views.methods import SCOPE, method_table
from llmcost.views.reports.assumptions import assumption_table
from llmcost.views.reports.cells import with_sources
from llmcost.views.reports.citations import keys_in
from llmcost.views.reports.drawn import pictures
from llmcost.views.reports.parts import Part

# The fields of facts that hold keys of the bibliography.
SOURCE_FIELDS = ("source", "sources")


def layouts_part(saved: Saved) -> Part:
    """Return what a report says of a search for layouts."""
    data = saved.data
    told = {name: each["value"] for name, each in data["inputs"].items()}
    title = f"{told['model']} · {_count(told['num_gpus'])} x {told['gpu']}, {told['precision']}"
    finding = _layouts_finding(data)
    support = f"Step times are predicted; the situation is {data['interval']['situation']}."
    tables = [_layouts("layouts", "The best layouts", data["results"], data)]
    if data["relaxed"]:
        tables.append(_layouts("relaxed", "With one part left free", data["relaxed"], data))
    if data["rivals"]:
        tables.append(_rivals(data["rivals"]))
    inputs = {name: input_of(name, part) for name, part in data["inputs"].items()}
    return Part(
        title,
        finding,
        support,
        Section(saved.kind, title, (finding, HOW), pictures(saved), tuple(tables)),
        assumptions=(assumption_table("assumptions", title, inputs),),
        warnings=tuple(each["message"] for each in data["warnings"]),
    )


def _count(value: object) -> str:
    return f"{value:,.0f}" if isinstance(value, int | float) else str(value)


def _layouts_finding(data: Mapping[str, Any]) -> str:
    space, fitting = data["space"], data["fitting"]
    if not data["results"]:
        return f"None of {space:,} legal layouts fits."
    best = data["results"][0]
    return (
        f"Of {space:,} legal layouts {fitting:,} fit, and the fastest takes "
        f"{quantity_text(best['step_time'], 's')} a step at {best['mfu']:.1%} MFU."
    )


def _layouts(
    name: str, title: str, rows: Sequence[Mapping[str, Any]], data: Mapping[str, Any]
) -> Table:
    units = data["units"]
    names = list(dict.fromkeys(["layout", *(key for row in rows for key in row)]))
    titles = dict(SHOWN)
    fields = tuple(
        Field(key, titles.get(key, key), units.get(key, ""), "left" if key == "layout" else "right")
        for key in names
    )
    cells = tuple(tuple(_cell(row.get(key)) for key in names) for row in rows)
    return Table(name, fields, cells, title, people_fields=("layout", *titles))


def _cell(value: object) -> Cell:
    return value if isinstance(value, str | int | float) else None


def _rivals(rows: Sequence[Mapping[str, Any]]) -> Table:
    fields = (Field("name", "Instead"), Field("layout", "At its best"), Field("verdict", "Why not"))
    cells = tuple((row["name"], row["layout"], row["verdict"]) for row in rows)
    return Table("rivals", fields, cells, "Why the obvious ones lose")


def facts_part(saved: Saved) -> Part:
    """Return what a report says of facts of the catalogue: every row, with its source."""
    data = saved.data
    found = facts_of(data)
    table = facts_document(found, all_columns=True).tables[0]
    rows = data["results"]
    held = table.people_fields or tuple(field.name for field in table.fields)
    table = with_sources(table, [_keys(row) for row in rows])
    shown = tuple(name for name in held if any(row.get(name) is not None for row in rows))
    table = Table(
        table.name, table.fields, table.rows, found.title, table.texts, (), (*shown, SOURCES)
    )
    finding = f"{len(rows):,} row{'s' if len(rows) != 1 else ''} of {data['kind']}."
    dates = sorted(str(row["as_of"]) for row in rows if row.get("as_of"))
    support = f"They are of {dates[0]} to {dates[-1]}." if dates else "Each has its source."
    section = Section(saved.kind, found.title, (finding, support), pictures(saved), (table,))
    return Part(found.title, finding, support, section)


def facts_of(data: Mapping[str, Any]) -> Facts:
    """Return the facts that a checked document holds."""
    units, rows = data["units"], tuple(data["results"])
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = tuple((name, str(units.get(name, ""))) for name in names)
    kind = str(data["kind"])
    gpus = {row.get("gpu") for row in rows}
    of_one = f" of {next(iter(gpus))}" if kind == "prices" and len(gpus) == 1 else ""
    return Facts(kind, f"{kind.capitalize()}{of_one}", columns, rows, tuple(names[:6]))


def _keys(row: Mapping[str, Any]) -> list[str]:
    return [key for name in SOURCE_FIELDS for key in keys_in(row.get(name))]


def method_part(saved: Saved) -> Part:
    """Return what a report says of one run by a published method."""
    data = saved.data
    name = str(data["method"])
    title = f"{name}: {data['model'] or 'the run'}"
    steps = data["results"]
    last = next((one for one in reversed(steps) if isinstance(one["value"], int | float)), None)
    finding = f"The published method {name} has {len(steps)} steps here."
    if last is not None:
        words = str(last["name"]).replace("_", " ")
        amount = quantity_text(last["value"], last["unit"])
        finding = f"By the published method {name}, the {words} is {amount}."
    table = with_sources(method_table(data), [one["sources"] for one in steps])
    section = Section(saved.kind, title, (finding, SCOPE), pictures(saved), (table,))
    return Part(title, finding, SCOPE, section)
