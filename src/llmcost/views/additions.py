"""What an estimate was asked to add, as tables: a published method, other money, thresholds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from llmcost.figures import quantity_text, range_text
from llmcost.table import Cell, Field, Table
from llmcost.views.costs import MONEY_TITLES, NOT_KNOWN, with_parent

if TYPE_CHECKING:
    from llmcost.studies.answers import Estimate

MONEY_FIELDS = ("value", "Amount"), ("low", "Low – high")


def addition_tables(estimate: Estimate) -> Iterator[Table]:
    """Yield a table for each report that was asked for."""
    method = estimate.reports.get("method")
    if method:
        from llmcost.views.methods import method_table

        yield method_table(method)
    for one in estimate.reports.get("restated", ()):
        yield _restated_table(one)
    if rows := estimate.reports.get("thresholds"):
        from llmcost.views.thresholds import threshold_table

        yield threshold_table(rows)


def _restated_table(report: Mapping[str, Any]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    unit = report["unit"]
    for name in _names(report["results"]):
        result = report["results"][name]
        rows.append((name, result["value"], result["low"]))
        money = _money(result)
        texts.append((MONEY_TITLES.get(name, "Cost"), *(_in_unit(text, unit) for text in money)))
    fields = (Field("name", f"In {unit}"), *(Field(*each, align="right") for each in MONEY_FIELDS))
    notes: tuple[str, ...] = (
        f"{report['told'][0].upper()}{report['told'][1:]}; source: {report['source']}.",
    )
    notes += tuple(f"{text}." for text in report["warnings"])
    return Table("restated", fields, tuple(rows), texts=tuple(texts), notes=notes)


def _names(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the amounts that are known, in the order of the costs, parts under their whole."""
    order = ("cost", *MONEY_TITLES)
    return with_parent([name for name in order if name in results and results[name]["value"]])


def _money(result: Mapping[str, Any]) -> tuple[str, str]:
    if result["value"] is None:
        return NOT_KNOWN, ""
    return quantity_text(result["value"], "USD"), _ends(result)


def _ends(result: Mapping[str, Any]) -> str:
    return range_text(result["low"], result["high"], "USD", like=result["value"])


def _in_unit(text: str, unit: str) -> str:
    """Return an amount without the sign of the dollar where it is in another currency."""
    return text if unit.startswith("USD") else text.replace("$", "")
