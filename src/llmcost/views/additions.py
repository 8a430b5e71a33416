"""What an estimate was asked to add, as tables: a published method, other money, thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llmcost.figures import quantity_text, range_text
from llmcost.table import Cell, Field, Table
from llmcost.views.costs import MONEY_TITLES
from llmcost.views.thresholds import threshold_table

if TYPE_CHECKING:
    from llmcost.studies.answers import Estimate

METHOD_FIELDS = (
    Field("name", "Step"),
    Field("value", "Value", align="right"),
    Field("interval", "90% interval", align="right"),
    Field("how", "From"),
)
MONEY_FIELDS = ("value", "Amount"), ("low", "Low – high")


def addition_tables(estimate: Estimate) -> Iterator[Table]:
    """Yield a table for each report that was asked for."""
    method = estimate.reports.get("method")
    if method:
        yield method_table(method)
    for one in estimate.reports.get("restated", ()):
        yield _restated_table(one)
    if rows := estimate.reports.get("thresholds"):
        yield threshold_table(rows)


def method_table(report: Mapping[str, Any]) -> Table:
    """Return the steps of a published method, those of one run."""
    steps: Sequence[Mapping[str, Any]] = report["results"]
    rows = tuple((s["name"], s["value"], _interval(s), s["how"]) for s in steps)
    texts = tuple((step_title(s["name"]), _value(s), _interval(s), s["how"]) for s in steps)
    notes = tuple(f"{note[0].upper()}{note[1:]}." for note in report["notes"])
    title = f"By the published method {report['method']}"
    return Table("method", METHOD_FIELDS, rows, title=title, texts=texts, notes=notes)


def step_title(name: str) -> str:
    """Return the name of a step as people read it."""
    words = ({"gpu": "GPU", "gpus": "GPUs", "pue": "PUE"}.get(w, w) for w in name.split("_"))
    text = " ".join(words)
    return text if text[:1].isupper() else text.capitalize().replace("gpu", "GPU")


def _value(step: Mapping[str, Any]) -> str:
    value = step["value"]
    return value if isinstance(value, str) else quantity_text(value, step["unit"])


def _interval(step: Mapping[str, Any]) -> str:
    low, high = step["low"], step["high"]
    if low is None or high is None or isinstance(step["value"], str):
        return ""
    return range_text(low, high, step["unit"], like=step["value"])


def _restated_table(report: Mapping[str, Any]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    unit = report["unit"]
    for name, result in report["results"].items():
        if not result["value"]:
            continue
        rows.append((name, result["value"], result["low"]))
        money = (quantity_text(result["value"], "USD"), _ends(result))
        texts.append((MONEY_TITLES.get(name, "Cost"), *(_in_unit(text, unit) for text in money)))
    fields = (Field("name", f"In {unit}"), *(Field(*each, align="right") for each in MONEY_FIELDS))
    notes = (f"{report['told'][0].upper()}{report['told'][1:]}; source: {report['source']}.",)
    notes += tuple(f"{text}." for text in report["warnings"])
    return Table("restated", fields, tuple(rows), texts=tuple(texts), notes=notes)


def _ends(result: Mapping[str, Any]) -> str:
    return range_text(result["low"], result["high"], "USD", like=result["value"])


def _in_unit(text: str, unit: str) -> str:
    """Return an amount without the sign of the dollar where it is in another currency."""
    return text if unit.startswith("USD") else text.replace("$", "")
