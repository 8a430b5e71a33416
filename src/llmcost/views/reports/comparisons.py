"""A comparison in a report: who wins at what, every setup in one table, what the draws say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from llmcost.figures import EM_DASH, quantity_text
from llmcost.report import Section
from llmcost.studies.comparison.answer import Comparison
from llmcost.studies.comparison.columns import names_and_units
from llmcost.studies.saved import Saved
from llmcost.table import Cell, Field, Table
from llmcost.views.comparison_cells import TITLES
from llmcost.views.comparison_words import share_text
from llmcost.views.comparisons import comparison_document
from llmcost.views.reports.assumptions import Row, row_of, shared, table_of
from llmcost.views.reports.cells import amount_text, shown_unit
from llmcost.views.reports.drawn import pictures
from llmcost.views.reports.parts import Part
from llmcost.views.reports.quick import quick_text

# Of more setups than these, one table tells all of them and no other is made.
MANY = 24
# Of more than these, numbers are written on one scale a column, for speed.
VERY_MANY = 1000
# What the table of every setup repeats.
TOLD_ELSEWHERE = (
    *("setups", "cost", "wall_clock", "gpu_hours", "speeds", "ranking", "unpriced", "assumptions"),
)
KEPT_TITLES = {
    "layouts": "Layouts",
    "bases": "Cost by basis, energy",
    "deltas": "Against the first setup",
    "limits": "What a step goes to",
    "told": "What the draws say",
    "groups": "Groups",
}
SHOWN = (
    *("name", "num_gpus", "cost", "wall_clock", "gpu_hours", "mfu", "price", "owned_cost"),
    *("energy", "carbon", "headroom", "cheapest_share", "fastest_share"),
)
OWN_TITLES = {
    "name": "Setup",
    "price": "Price",
    "cheapest_share": "Cheapest in",
    "fastest_share": "Fastest in",
    "front_share": "On the front in",
    "deadline_share": "In time in",
}
WON = (("cost", "cheapest", "at"), ("wall_clock", "fastest", "in"))
COUNTS = ("num_gpus", "global_batch_size")


def comparison_part(saved: Saved) -> Part:
    """Return what a report says of a comparison; a large one is told by its rows alone."""
    data = saved.data
    few = len(data["setups"]) <= MANY
    document = comparison_document(Comparison.from_dict(data)) if few else None
    title = document.title if document else _title(data)
    told = document.tables if document else ()
    kept = tuple(table for table in told if table.name not in TOLD_ELSEWHERE)
    finding, support = _finding(data), _support(data)
    section = Section(
        saved.kind,
        title,
        (finding, support),
        pictures(saved),
        (_every_setup(data), *(replace(table, title=_titled(table)) for table in kept)),
    )
    return Part(
        title,
        finding,
        support,
        section,
        _driver(data),
        tuple(_assumptions(data)) if few else (),
        tuple(document.messages if document else _warnings(data)),
    )


def _titled(table: Table) -> str:
    return table.title or KEPT_TITLES.get(table.name, "")


def _title(data: Mapping[str, Any]) -> str:
    model = data["asked"].get("model")
    return " · ".join([*([str(model)] if model else []), f"{len(data['setups']):,} setups"])


def _finding(data: Mapping[str, Any]) -> str:
    count = len(data["setups"])
    told = [
        f"{name} is the {word}, {preposition} {amount}"
        for result, word, preposition in WON
        if (name := data["best"].get(result)) and (amount := _amount_of(data, name, result))
    ]
    if not told:
        runs = sum(setup["status"] == "runs" for setup in data["setups"])
        return f"{runs:,} of {count:,} setups can run it, none with a known cost or time."
    return f"Of {count:,} setup{'s' if count != 1 else ''}, {', and '.join(told)}."


def _amount_of(data: Mapping[str, Any], name: str, result: str) -> str:
    setup = next((one for one in data["setups"] if one["name"] == name), None)
    estimate = setup["estimate"] if setup else None
    return amount_text(result, estimate["results"].get(result)) if estimate else ""


def _driver(data: Mapping[str, Any]) -> str:
    """Return how sure the cheapest is, `""` where the draws do not tell."""
    name = data["best"].get("cost")
    for setup in data["setups"]:
        won = setup["shares"].get("cheapest")
        if setup["name"] == name and won is not None:
            return f"{name} is the cheapest in {share_text(won)} of {data['draws']:,} paired draws."
    return ""


def _support(data: Mapping[str, Any]) -> str:
    held = (
        f"{data['interval']:.0%} of {data['draws']:,} draws lie in each range, and draw n is the "
        "same uncertain world for every setup"
    )
    driver = _driver(data).rstrip(".")
    return f"{driver}; {held}." if driver else f"{held[0].upper()}{held[1:]}."


def _every_setup(data: Mapping[str, Any]) -> Table:
    """Return one row a setup, best first, with everything known; people are shown the main ones."""
    units = names_and_units()
    records: Sequence[Mapping[str, Cell]] = data["rows"]
    held = {name for record in records for name, value in record.items() if value is not None}
    names = [name for name in (*SHOWN, *units, "reason") if name in held]
    names = list(dict.fromkeys(names))
    fields = tuple(_field(name, units.get(name) or "") for name in names)
    rows = tuple(tuple(record.get(name) for name in names) for record in records)
    shown = [name for name in SHOWN if name in held]
    if any(record.get("status") != "runs" for record in records):
        shown += [name for name in ("status", "reason") if name in held]
    write = _quick if len(records) > VERY_MANY else _text
    kinds = [(name, units.get(name) or "", name in shown) for name in names]
    texts = tuple(
        tuple(write(name, unit, record.get(name)) if told else "" for name, unit, told in kinds)
        for record in records
    )
    notes = _notes(data)
    return Table("setups", fields, rows, "Every setup", texts, notes, tuple(shown))


def _notes(data: Mapping[str, Any]) -> tuple[str, ...]:
    if not data["left_out"]:
        return ()
    return (f"Left out by {data['asked'].get('where')}: {', '.join(data['left_out'])}.",)


def _field(name: str, unit: str) -> Field:
    title = OWN_TITLES.get(name) or TITLES.get(name) or name.replace("_", " ").capitalize()
    words = name in ("name", "status", "reason") or names_and_units().get(name, "") is None
    return Field(name, title.strip(), unit, "left" if words else "right")


def _text(name: str, unit: str, value: Cell) -> str:
    if value is None:
        return EM_DASH
    if not isinstance(value, int | float) or isinstance(value, bool):
        return str(value)
    if name.endswith("_share"):
        return share_text(float(value))
    if name in COUNTS:
        return f"{value:,.0f}"
    result = name.removesuffix("_low").removesuffix("_high")
    return quantity_text(value, shown_unit(result, unit))


def _quick(name: str, unit: str, value: Cell) -> str:
    if name in COUNTS and isinstance(value, int | float):
        return f"{value:,.0f}"
    is_share = name.endswith("_share") or shown_unit(name, unit) == "share"
    return quick_text(value, "share" if is_share else unit)


def _assumptions(data: Mapping[str, Any]) -> Iterator[Table]:
    """Yield what all setups assume alike, and what they do not."""
    from llmcost.studies.answers import Estimate

    runs = {
        setup["name"]: Estimate.from_dict(setup["estimate"]).inputs
        for setup in data["setups"]
        if setup["estimate"]
    }
    if not runs:
        return
    alike = shared(runs.values())
    yield table_of("assumptions", "alike for all setups", [row_of(*item) for item in alike.items()])
    names = dict.fromkeys(name for inputs in runs.values() for name in inputs if name not in alike)
    differing: list[tuple[str, Row]] = [
        (setup, row_of(name, inputs[name]))
        for name in names
        for setup, inputs in runs.items()
        if name in inputs
    ]
    if differing:
        rows = [row for _, row in differing]
        setups = [setup for setup, _ in differing]
        yield table_of("assumptions", "of each setup", rows, setups=setups)


def _warnings(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield each warning of a large comparison once, and of how many setups it is."""
    told: dict[str, int] = {}
    for setup in data["setups"]:
        notes = [*setup["notes"], *(setup["estimate"]["warnings"] if setup["estimate"] else ())]
        for text in {note["message"] for note in notes}:
            told[text] = told.get(text, 0) + 1
    for text, count in sorted(told.items(), key=lambda item: (-item[1], item[0]))[:20]:
        yield f"{count:,} setup{'s' if count != 1 else ''}: {text}"
