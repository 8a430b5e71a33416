"""Published methods to documents: one run step by step, and their figures set against ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llmcost.figures import EM_DASH, quantity_text, range_text
from llmcost.studies.methods import EPOCH_2024
from llmcost.studies.methods.reporting import INTERVAL, method_report, step_report
from llmcost.table import Cell, Document, Field, Table

if TYPE_CHECKING:
    from llmcost.studies.methods.epoch_2024 import MethodCost, Step
    from llmcost.studies.methods.reproduction import Reproduction

METHOD_SCHEMA = "llmcost.method/1"
REPRODUCTION_SCHEMA = "llmcost.reproduction/1"
TITLES = {
    "owned_cost": "Amortised hardware and energy",
    "acquisition_cost": "Purchase of the cluster",
    "rental_reserved_3y_cost": "Rental on a three-year commitment",
}
SCOPE = (
    "Left out by its authors: failures, storage, staff, experiments, failed runs, data, "
    "post-training and margins."
)
AS_THEN = (
    "Ours counts with the inputs as the authors list them now, as then with those that the edition "
    "of the figure had; both in the dollars of the figure."
)
STEPS = (
    Field("name", "Step"),
    Field("value", "Value", align="right"),
    Field("interval", "90% interval", align="right"),
    Field("how", "From"),
)
FLAT_STEPS = (
    *(Field(name) for name in ("name", "value", "low", "high", "unit", "how", "sources")),
)
FIGURES = (
    Field("model", "Model"),
    Field("edition", "Edition"),
    Field("figure", "Published", "USD", align="right"),
    Field("ours", "Ours", "USD", align="right"),
    Field("ratio", "Ratio", align="right"),
    Field("as_then_ratio", "As then", align="right"),
)
FLAT_FIGURES = (
    *(Field(name) for name in ("model", "quantity", "edition", "dollars_of")),
    *(Field(name, unit="USD") for name in ("figure", "ours", "low", "high", "as_then")),
    *(Field(name) for name in ("ratio", "as_then_ratio", "gpu")),
    Field("gpu_hours", unit="GPU*hour"),
    *(Field(name) for name in ("inputs", "sources", "note")),
)


def method_document(cost: MethodCost) -> Document:
    """Return the document of one run by the published method, step by step."""
    model = cost.case.model or "the run"
    title = f"{EPOCH_2024} (Cottier et al. 2024): {model}"
    rows = tuple(
        (s.name, s.value, s.low, s.high, s.unit, s.how, "; ".join(s.sources)) for s in cost.steps
    )
    flat = Table("method", FLAT_STEPS, rows, title=title)
    return Document(title, (method_table(method_report(cost)),), flat, method_data(cost))


def method_table(report: Mapping[str, Any]) -> Table:
    """Return the steps of a published method, those of one run."""
    steps: Sequence[Mapping[str, Any]] = report["results"]
    return Table(
        "method",
        STEPS,
        tuple((s["name"], s["value"], _interval(s), s["how"]) for s in steps),
        title=f"By the published method {report['method']}",
        texts=tuple((_title(s["name"]), _value(s), _interval(s), s["how"]) for s in steps),
        notes=(*(f"{note[0].upper()}{note[1:]}." for note in report["notes"]), SCOPE),
    )


def method_data(cost: MethodCost) -> dict[str, Any]:
    """Return a run by the published method as programs read it."""
    return {"schema": METHOD_SCHEMA, **method_report(cost)}


def reproduction_document(rows: Sequence[Reproduction]) -> Document:
    """Return the document of published figures of the method set against ours."""
    title = f"Published figures by {EPOCH_2024}, and the same method here"
    flat = Table("reproduction", FLAT_FIGURES, tuple(_flat_row(row) for row in rows), title=title)
    data = {
        "schema": REPRODUCTION_SCHEMA,
        "method": EPOCH_2024,
        "interval": INTERVAL,
        "results": [_reproduction_data(row) for row in rows],
    }
    return Document(title, tuple(_tables(rows)), flat, data)


def _tables(rows: Sequence[Reproduction]) -> Iterator[Table]:
    for quantity, title in TITLES.items():
        found = [row for row in rows if row.figure.quantity == quantity]
        if found:
            yield Table(
                "reproduction",
                FIGURES,
                tuple(_figure_row(row) for row in found),
                title=title,
                texts=tuple(_figure_text(row) for row in found),
                notes=(AS_THEN, *_remarks(found)),
            )


def _remarks(rows: Sequence[Reproduction]) -> Iterator[str]:
    for row in rows:
        if row.figure.note:
            yield f"{row.model}, {row.figure.edition}: {row.figure.note}."


def _figure_row(row: Reproduction) -> tuple[Cell, ...]:
    edition = row.figure.edition
    return (row.model, edition, row.published, row.ours, row.ratio, row.as_then_ratio)


def _figure_text(row: Reproduction) -> tuple[str, ...]:
    money = (quantity_text(amount, "USD") for amount in (row.published, row.ours))
    ratios = (f"{ratio:.3f}" for ratio in (row.ratio, row.as_then_ratio))
    return (row.model, row.figure.edition, *money, *ratios)


def _flat_row(row: Reproduction) -> tuple[Cell, ...]:
    figure, case = row.figure, row.cost.case
    amounts = (figure.figure, row.ours, row.low, row.high, row.as_then)
    inputs = "; ".join(_input_text(step) for step in row.inputs)
    sources = "; ".join(dict.fromkeys((*figure.sources, *case.sources)))
    return (
        *(figure.model, figure.quantity, figure.edition, figure.dollars_of),
        *amounts,
        *(row.ratio, row.as_then_ratio, case.device.gpu, case.gpu_hours),
        *(inputs, sources, figure.note or None),
    )


def _reproduction_data(row: Reproduction) -> dict[str, Any]:
    figure = row.figure
    return {
        "model": figure.model,
        "quantity": figure.quantity,
        "edition": figure.edition,
        "dollars_of": figure.dollars_of,
        "unit": "USD",
        "figure": figure.figure,
        "ours": row.ours,
        "low": row.low,
        "high": row.high,
        "as_then": row.as_then,
        "ratio": row.ratio,
        "as_then_ratio": row.as_then_ratio,
        "changed_since": dict(figure.as_then),
        "inputs": [step_report(step) for step in row.inputs],
        "sources": list(figure.sources),
        "note": figure.note or None,
    }


def _title(name: str) -> str:
    words = ({"gpu": "GPU", "gpus": "GPUs", "pue": "PUE"}.get(w, w) for w in name.split("_"))
    text = " ".join(words)
    return f"{text[0].upper()}{text[1:]}"


def _input_text(step: Step) -> str:
    return f"{step.name} {_value(step_report(step))}"


def _value(step: Mapping[str, Any]) -> str:
    value = step["value"]
    return value if isinstance(value, str) else quantity_text(value, step["unit"])


def _interval(step: Mapping[str, Any]) -> str:
    low, high = step["low"], step["high"]
    if low is None or high is None or isinstance(step["value"], str):
        return EM_DASH
    return range_text(low, high, step["unit"], like=step["value"])
