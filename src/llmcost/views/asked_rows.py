"""What an estimate tells beside its numbers, as rows for programs: offers, methods, money, laws."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from llmcost.table import Cell

if TYPE_CHECKING:
    from llmcost.studies.answers import Estimate

Row = tuple[Cell, ...]


def asked_rows(estimate: Estimate, *, by_provider: bool) -> Iterator[Row]:
    """Yield rows of the flat table, in its columns, for each report of an estimate."""
    reports = estimate.reports
    for scale in reports.get("goodput_by_scale", ()):
        name = f"goodput_by_scale.{scale['num_gpus']:.0f}"
        yield _row(name, scale["goodput"], "", "scale")
    if by_provider:
        hours = estimate.results["gpu_hours"].value
        for offer in reports.get("rentals", ()):
            if offer["price"] is None:
                continue
            yield from _offer_rows(offer, hours)
    if method := reports.get("method"):
        yield from _method_rows(method)
    for report in reports.get("restated", ()):
        yield from _restated_rows(report)
    for law in reports.get("thresholds", ()):
        yield from _law_rows(law)


def _row(
    name: str,
    value: Cell,
    unit: str,
    kind: str,
    *,
    ends: tuple[Cell, Cell] = (None, None),
    source: str | None = None,
    as_of: str | None = None,
) -> Row:
    return name, value, unit, *ends, kind, source, as_of


def _offer_rows(offer: Mapping[str, Any], hours: float | None) -> Iterator[Row]:
    """Yield the price of an offer, and the cost of the run at it."""
    who = offer["provider"] or f"median of {offer['providers']}"
    name = f"rental.{_word(offer['terms'])}.{_word(offer['provider'] or 'median')}"
    source = f"{who}: {', '.join(offer['price_ids'])}"
    told: dict[str, Any] = {"source": source, "as_of": offer["newest"]}
    ends = (offer["low"], offer["high"])
    yield _row(name, offer["price"], offer["unit"], "rental", ends=ends, **told)
    if hours:
        yield _row(f"{name}.cost", offer["price"] * hours, "USD", "rental", **told)


def _method_rows(method: Mapping[str, Any]) -> Iterator[Row]:
    for step in method["results"]:
        name = f"method.{_word(method['method'])}.{step['name']}"
        source = "; ".join((step["how"], *step["sources"]))
        ends = (step["low"], step["high"])
        yield _row(name, step["value"], step["unit"], "method", ends=ends, source=source)


def _restated_rows(report: Mapping[str, Any]) -> Iterator[Row]:
    unit = report["unit"]
    told = {"source": f"{report['told']}; {report['source']}", "as_of": report["as_of"]}
    for result, amount in report["results"].items():
        name = f"restated.{unit.replace(' ', '_')}.{result}"
        ends = (amount["low"], amount["high"])
        yield _row(name, amount["value"], unit, "restated", ends=ends, **told)


def _law_rows(law: Mapping[str, Any]) -> Iterator[Row]:
    """Yield the threshold of a law, the run over it, and the share of draws above it."""
    name = f"threshold.{law['id']}"
    about = f"{law['law']}, {law['jurisdiction']}, {law['applies_to']}: {law['status']}"
    source = f"{about}; {', '.join(law['sources'])}; {law['advice']}"
    told = {"source": source, "as_of": law["as_of"]}
    yield _row(name, law["threshold"], law["unit"], "threshold", **told)
    yield _row(f"{name}.ratio", law["ratio"], "", "threshold", **told)
    yield _row(f"{name}.share_above", law["share_above"], "", "threshold", **told)


def _word(name: str) -> str:
    """Return a name as one word.

    >>> _word("Verda (DataCrunch)"), _word("on-demand")
    ('verda_datacrunch', 'on_demand')
    """
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
