"""Results to documents: which rows, in which order, in which words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from llmcost.figures import quantity_text, range_text, significant
from llmcost.formulas.scaling_laws import LAW_TITLES
from llmcost.studies.wording import short_layout
from llmcost.table import Cell, Document, Field, Table
from llmcost.views.additions import addition_tables
from llmcost.views.asked_rows import asked_rows
from llmcost.views.costs import MONEY_TITLES, cost_tables, offer_table
from llmcost.views.input_titles import INPUT_TITLES, SHARES
from llmcost.views.steps import step_rows, step_tables

if TYPE_CHECKING:
    from llmcost.inputs import InputValue
    from llmcost.studies.answers import Estimate, Result

RESULT_TITLES = {
    "parameters": "Parameters",
    "active_parameters": "Active parameters",
    "tokens": "Training tokens",
    "model_flop": "Training FLOP, exact",
    "model_flop_6nd": "Training FLOP, 6ND",
    "hardware_flop": "Hardware FLOP (recompute)",
    "gpu_hours": "GPU-hours",
    "wall_clock": "Wall clock",
    "step_time": "Step time",
    "tokens_per_second": "Tokens per second, running",
    "tokens_per_gpu_second": "Tokens per second and GPU",
    "mfu": "MFU",
    "hfu": "HFU",
    "tokens_per_parameter": "Tokens per parameter",
    "compute_optimal_tokens": "Compute-optimal tokens",
    "compute_optimal_ratio": "  times the compute-optimal",
    "cost": "Cost",
    "cost_per_million_tokens": "Cost per million tokens",
    **MONEY_TITLES,
}
SHOWN_RESULTS = (
    "parameters",
    "active_parameters",
    "model_flop",
    "model_flop_6nd",
    "hardware_flop",
    "gpu_hours",
    "wall_clock",
    "step_time",
    "tokens_per_second",
    "mfu",
    "hfu",
    "tokens_per_parameter",
    "compute_optimal_ratio",
    "cost",
    "cost_per_million_tokens",
)
# Shown among the results only where they are predicted; else the MFU is an assumption.
PREDICTED = ("mfu", "hfu")
RANGELESS = {
    "hardware_flop": "as given",
    "gpu_hours": "as given",
    "wall_clock": "as given",
    "tokens_per_second": "as given",
    "cost": "as given",
    "cost_per_million_tokens": "as given",
    "compute_optimal_ratio": "by the law",
}
COUNTED = ("seq_length", "num_gpus", "gpus_per_node", "global_batch_size")
NO_PRICE = "no price"
# From here on the median of the draws is told beside the estimate.
FAR = 0.05
TITLE_SAYS = {
    "gpu_hours": (" GPU-hours",),
    "tokens_per_second": (" tokens/s",),
    "cost_per_million_tokens": (" per million tokens",),
}
ATTENTION_WORDS = {"causal": "causal-halved", "full": "in full"}
KIND_WORDS = {
    "user": "you",
    "catalogue": "catalogue",
    "published": "published run",
    "measured": "measured",
    "modelled": "modelled",
    "default": "default",
}
RESULT_FIELDS = (
    Field("name", "Result"),
    Field("value", "Estimate", align="right"),
    Field("unit", "Unit"),
    Field("low", "Low", align="right"),
    Field("high", "High", align="right"),
    Field("kind", "Kind"),
    Field("source", "Source"),
    Field("as_of", "As of"),
    Field("median", "Median", align="right"),
)


def estimate_document(estimate: Estimate, *, by_provider: bool = False) -> Document:
    """Return the document of an estimate: results, costs, then assumptions, then warnings."""
    return Document(
        title=_title(estimate),
        tables=(
            _result_table(estimate),
            *cost_tables(estimate),
            *_offers(estimate, by_provider),
            *addition_tables(estimate),
            _assumption_table(estimate),
            *step_tables(estimate),
        ),
        flat=_flat(estimate, by_provider=by_provider),
        data=estimate.to_dict(),
        messages=tuple(warning.message for warning in estimate.warnings),
        footer=_footer(estimate),
    )


def _offers(estimate: Estimate, by_provider: bool) -> tuple[Table, ...]:
    offers = offer_table(estimate) if by_provider else None
    return (offers,) if offers else ()


def _title(estimate: Estimate) -> str:
    inputs, results = estimate.inputs, estimate.results
    model = inputs.get("model")
    name = str(model.value) if model else f"{_count(results['parameters'].value)} parameters"
    parts = [name, quantity_text(results["tokens"].value, "token")]
    gpu, number = inputs.get("gpu"), inputs.get("num_gpus")
    if gpu is not None:
        how_many = f"{int(number.value):,} x " if number and isinstance(number.value, float) else ""
        parts.append(f"{how_many}{gpu.value}, {inputs['precision'].value}")
    return " · ".join(parts)


def _result_table(estimate: Estimate) -> Table:
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    counted = _has_architecture(estimate)
    for name in SHOWN_RESULTS:
        result = estimate.results.get(name)
        if result is None or _repeats(name, estimate):
            continue
        if name in PREDICTED and estimate.step is None:
            continue
        rows.append((name, result.value, result.low, result.high))
        value, low_to_high = _bare(name, result, estimate)
        if name in ("model_flop", "parameters", "active_parameters") and not counted:
            low_to_high = "too low" if name == "model_flop" else "as given"
        if name.startswith("cost") and _has(estimate, "no-price"):
            value = NO_PRICE
        texts.append((_result_title(name, estimate), value, low_to_high))
    fields = (
        Field("name", "Result"),
        Field("value", "Estimate", align="right"),
        Field("low", "Low – high", align="right"),
    )
    shown = tuple(row[:3] for row in rows)
    return Table("results", fields, shown, texts=tuple(texts), notes=_result_notes(estimate))


def _result_notes(estimate: Estimate) -> tuple[str, ...]:
    meta, inputs = estimate.meta, estimate.inputs
    drawn = (
        f"Low and high: {percentiles_text(float(meta.get('interval', 0.8)))} percentile of "
        f"{int(meta.get('draws', 0)):,} draws (seed {meta.get('seed')}). The estimate takes every "
        "input at its middle value."
    )
    law = str(inputs["scaling_law"].value)
    optimal = quantity_text(estimate.results["compute_optimal_tokens"].value, "token")
    notes = [drawn, f"Compute-optimal: {optimal} by {LAW_TITLES.get(law, law)}."]
    notes += _median_notes(estimate)
    if _has_architecture(estimate):
        how = ATTENTION_WORDS[str(inputs["attention_flop"].value)]
        notes.append(f"Exact: FLOP and MFU count attention {how}.")
    return tuple(notes)


def _median_notes(estimate: Estimate) -> list[str]:
    """Return the median of the cost's draws where the estimate is not close to it."""
    cost = estimate.results["cost"]
    if not cost.value or cost.median is None or abs(cost.median / cost.value - 1) < FAR:
        return []
    median = quantity_text(cost.median, "USD")
    return [f"The median of the draws of the cost is {median}: its range is wider on one side."]


def percentiles_text(interval: float) -> str:
    """Return the two percentiles that hold an interval.

    >>> percentiles_text(0.8), percentiles_text(0.95), percentiles_text(0.96)
    ('10th and 90th', '2.5th and 97.5th', '2nd and 98th')
    """
    tail = round(50 * (1 - interval), 6)
    return " and ".join(_ordinal(percent) for percent in (tail, 100 - tail))


def _ordinal(number: float) -> str:
    text = f"{number:.6f}".rstrip("0").rstrip(".")
    teen = text[-2:] in ("11", "12", "13")
    whole = "." not in text and not teen
    return text + ({"1": "st", "2": "nd", "3": "rd"}.get(text[-1], "th") if whole else "th")


def _bare(name: str, result: Result, estimate: Estimate) -> tuple[str, str]:
    """Return value and range, without a unit that the title of the row already says."""
    value, low_to_high = _text(name, result), _range(name, result, estimate)
    for words in TITLE_SAYS.get(name, ()):
        value, low_to_high = value.replace(words, ""), low_to_high.replace(words, "")
    return value, low_to_high


def _repeats(name: str, estimate: Estimate) -> bool:
    results = estimate.results
    return name == "active_parameters" and results[name].value == results["parameters"].value


def _result_title(name: str, estimate: Estimate) -> str:
    if name == "model_flop" and not _has_architecture(estimate):
        return "Training FLOP, no attention"
    return RESULT_TITLES[name]


def _has_architecture(estimate: Estimate) -> bool:
    return not _has(estimate, "no-architecture")


def _has(estimate: Estimate, code: str) -> bool:
    return any(warning.code == code for warning in estimate.warnings)


def _text(name: str, result: Result) -> str:
    if name == "compute_optimal_ratio" and result.value is not None:
        return f"{significant(result.value)}x"
    if name == "tokens_per_parameter" and result.value is not None:
        return significant(result.value)
    if name in ("parameters", "active_parameters"):
        return _count(result.value)
    return quantity_text(result.value, _shown_unit(name, result.unit))


def _range(name: str, result: Result, estimate: Estimate) -> str:
    if result.low is None:
        return ""
    if result.low == result.high:
        if name == "hardware_flop" and estimate.step is not None:
            return "by the layout"
        return RANGELESS.get(name, "exact")
    return range_text(result.low, result.high, _shown_unit(name, result.unit), like=result.value)


def _shown_unit(name: str, unit: str) -> str:
    return "share" if name in SHARES else unit


def _count(value: float | None) -> str:
    return quantity_text(value, "count")


def _assumption_table(estimate: Estimate) -> Table:
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for name, value in estimate.inputs.items():
        if name == "attention_flop" and not _has_architecture(estimate):
            continue
        rows.append((name, _cell(value.value), value.origin.source))
        title = INPUT_TITLES.get(name, name)
        text = input_text(name, value)
        if name == "seq_length" and "phases" in estimate.inputs:
            text = _seq_lengths(estimate.inputs["phases"])
        texts.append((title, text, origin_text(name, value)))
    fields = (Field("name", "Assumption"), Field("value", "Value"), Field("source", "From"))
    notes = (
        *_phase_notes(estimate.inputs.get("phases")),
        *_price_notes(estimate.inputs.get("price")),
    )
    return Table("assumptions", fields, tuple(rows), texts=tuple(texts), notes=notes)


def _seq_lengths(phases: InputValue) -> str:
    lengths = [row["seq_length"] for row in phases.value] if isinstance(phases.value, list) else []
    low, high = min(lengths), max(lengths)
    return f"{low:,} to {high:,}" if low != high else f"{low:,}"


def _phase_notes(phases: InputValue | None) -> tuple[str, ...]:
    if phases is None or not isinstance(phases.value, list):
        return ()
    told = [
        f"{row['name']}, {quantity_text(row['tokens'], 'token')} at {row['seq_length']:,}"
        for row in phases.value
    ]
    return (f"Phases: {'; '.join(told)}.",)


def _price_notes(price: InputValue | None) -> tuple[str, ...]:
    if price is None or not price.detail:
        return ()
    return (f"Price: {price.origin.source.removeprefix('gpu_prices.csv: ')}.",)


def input_text(name: str, value: InputValue) -> str:
    """Return the value of an input as people read it, with its range."""
    if name == "price" and value.value is None:
        return NO_PRICE
    if isinstance(value.value, list):
        return f"{len(value.value)} phases, below"
    if isinstance(value.value, str):
        return short_layout(value.value) if name == "layout" else value.value
    if name in COUNTED and value.value is not None:
        return f"{value.value:,.0f}"
    if name in ("parameters", "active_parameters"):
        return _count(value.value)
    unit = _shown_unit(name, value.unit)
    text = quantity_text(value.value, unit)
    if value.low is not None and value.high is not None:
        like = value.value if isinstance(value.value, int | float) else None
        text += f" ({range_text(value.low, value.high, unit, like=like)})"
    return text.replace("/GPU-hour", "") if name == "price" else text


def origin_text(name: str, value: InputValue) -> str:
    """Return where an input comes from, as people read it; the price's sources are a note."""
    origin = value.origin
    words = KIND_WORDS.get(origin.kind, origin.kind)
    told = "gpu_prices.csv, see below" if name == "price" and value.detail else origin.source
    source = f": {told}" if told else ""
    when = f" ({origin.as_of})" if origin.as_of else ""
    return f"{words}{source}{when}"


def _flat(estimate: Estimate, *, by_provider: bool) -> Table:
    rows = (
        *_number_rows(estimate),
        *step_rows(estimate),
        *asked_rows(estimate, by_provider=by_provider),
        *_told_rows(estimate),
    )
    medians = {name: result.median for name, result in estimate.results.items()}
    return Table("estimate", RESULT_FIELDS, tuple((*row, medians.get(str(row[0]))) for row in rows))


def _number_rows(estimate: Estimate) -> Iterator[tuple[Cell, ...]]:
    for name, result in estimate.results.items():
        part = result.to_dict()
        numbers = (part["value"], part["unit"], part["low"], part["high"])
        yield (name, *numbers, "result", None, None)
    for name, value in estimate.inputs.items():
        part, origin = value.to_dict(), value.origin
        numbers = (_cell(part["value"]), value.unit, value.low, value.high)
        yield (f"input.{name}", *numbers, origin.kind, origin.source, origin.as_of)


def _told_rows(estimate: Estimate) -> Iterator[tuple[Cell, ...]]:
    for name, fact in estimate.meta.items():
        yield (f"meta.{name}", _cell(fact), "", None, None, "meta", None, None)
    for warning in estimate.warnings:
        yield (f"warning.{warning.code}", warning.message, "", None, None, "warning", None, None)


def _cell(value: Any) -> Cell:  # noqa: ANN401
    if isinstance(value, list):
        return "; ".join(
            f"{row['name']}: {row['tokens']:.6g} token at {row['seq_length']}" for row in value
        )
    return value  # type: ignore[no-any-return]


def _footer(estimate: Estimate) -> str:
    meta = estimate.meta
    return f"llmcost {meta.get('llmcost_version')}, data {meta.get('data_version')}"
