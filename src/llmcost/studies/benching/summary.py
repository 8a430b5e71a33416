"""What the samples of a bench come to: constants by precision, and its results in one unit each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from llmcost.catalog.gpus import MEASURED, Accelerator
from llmcost.counting import count
from llmcost.errors import LlmcostError
from llmcost.formulas.flops import flop_per_token
from llmcost.machine import Machine, peak_rate
from llmcost.studies.benching.anchoring import (
    PLAIN,
    Residual,
    measured_rates,
    residual_of,
)
from llmcost.studies.benching.blocks import Block, Step, block_of, blocks
from llmcost.studies.benching.fitting import (
    Fitted,
    Sample,
    best_product,
    link_fits,
    matmul_fit,
    memory_rate,
    odd_share,
    precisions,
    rate_of,
    right,
    update_time,
)
from llmcost.studies.benching.record import RESULT_UNITS
from llmcost.studies.tracking.answer import Reading

FLOP_RATE, BYTE_RATE = "FLOP/s", "byte/s"
# The family of measurements behind each result, as a bench says that it was not measured.
BEHIND = {
    "best_matmul_rate": "gemm",
    "matmul_rate": "gemm",
    "memory_rate": "memory",
    "attention_rate": "attention",
    "update_time": "optimizer",
    "link_bandwidth": "collective",
    "link_latency": "collective",
}
ONE_STEP = "two steps of different layers are needed, and noise below what a layer takes"


def fits_of(samples: Sequence[Sample]) -> dict[str, Reading]:
    """Return the constants that samples give, by name and precision."""
    found: dict[str, Reading] = {}
    for dtype in precisions(samples):
        found |= {f"{name}.{dtype}": one for name, one in _products(samples, dtype)}
    bandwidth, update = memory_rate(samples), update_time(samples)
    if bandwidth is not None:
        found["memory_rate"] = _reading(bandwidth, BYTE_RATE, "the triad, else a copy")
    for one in right(samples, "attention"):
        name = f"attention_rate.{one['part']}.{one['dtype']}"
        found[name] = _reading(rate_of(one), FLOP_RATE, _attention_words(one))
    if update is not None:
        found["update_time"] = _reading(update, "s", "AdamW, for one parameter")
    for block in blocks(samples):
        found |= {f"{name}.{block.largest.dtype}": one for name, one in _steps(block)}
    for link in link_fits(samples):
        name, how = f"{link.op}.{link.ranks}", f"{link.backend}, {link.latency.samples} sizes"
        found[f"link_latency.{name}"] = _reading(link.latency, "s", how)
        found[f"link_bandwidth.{name}"] = _reading(link.bandwidth, BYTE_RATE, how)
    return found


def _products(samples: Sequence[Sample], dtype: str) -> Iterator[tuple[str, Reading]]:
    best, curve = best_product(samples, dtype), matmul_fit(samples, dtype)
    if best is None or curve is None:
        return
    yield "best_matmul_rate", Reading(float(best["best_value"]), FLOP_RATE, how=_gemm_words(best))
    how = f"large products, of {curve.rate.samples}; they lie {curve.residual:.1%} off the curve"
    yield "matmul_rate", _reading(curve.rate, FLOP_RATE, how)
    yield "side_time", _reading(curve.side_time, "s", "each element of a side of a product")
    yield "kernel_time", _reading(curve.kernel_time, "s", "each product")
    odd = odd_share(samples, dtype, curve)
    if odd is not None:
        yield "odd_share", Reading(odd, "", how="rate of products of odd sides over even ones")


def _gemm_words(one: Sample) -> str:
    return f"the fastest run of {one['m']:g} x {one['n']:g} x {one['k']:g}"


def _attention_words(one: Sample) -> str:
    sizes = f"{one['batch']:g} x {one['seq_length']:,} tokens, {one['heads']:g} heads"
    return f"causal, {sizes} of {one['head_dim']:g}"


def _steps(block: Block) -> Iterator[tuple[str, Reading]]:
    for step in block.steps:
        how = f"both passes of {step.layers} layers, {step.tokens:,} tokens"
        yield f"passes_time.{step.layers}", _reading(step.passes, "s", how)
    line = block.line()
    if line is not None:
        yield "layer_time", _reading(line[0], "s", "both passes of a layer, by difference")
        yield "fixed_time", _reading(line[1], "s", "embedding, output matrix and loss")


def _reading(one: Fitted, unit: str, how: str = "") -> Reading:
    return Reading(one.value, unit, one.low, one.high, how=how)


def results_of(data: Mapping[str, Any], part: Accelerator | None) -> dict[str, Reading]:
    """Return every result of RESULT_UNITS, those that are not known with the reason.

    Of several precisions it is the first that a step was measured at, else that of products.
    """
    samples = data["samples"]
    dtype = next(iter((*precisions(samples, "step"), *precisions(samples))), "")
    found = dict(_rates(samples, dtype))
    block = block_of(samples, dtype)
    if block is not None:
        found |= dict(_step_results(block, part, best_product(samples, dtype)))
    residual, why = _residual(data, part, dtype)
    if residual is not None:
        found["residual"] = Reading(residual.factor - 1, "", how=residual.text)
    reasons: dict[str, Callable[[], str]] = {
        "residual": lambda: why or _reason(data, "step"),
        "mfu": lambda: "no peak is published for this device",
        "mfu_full_attention": lambda: "no peak is published for this device",
        "layer_time": lambda: ONE_STEP,
        "fixed_time": lambda: ONE_STEP,
    }
    return {
        name: found[name]
        if name in found
        else Reading(
            None,
            unit,
            reason=reasons[name]()
            if name in reasons and block is not None
            else _reason(data, BEHIND.get(name, "step")),
        )
        for name, unit in RESULT_UNITS.items()
    }


def _reason(data: Mapping[str, Any], kind: str) -> str:
    """Return why a family has no samples: as was said while it was measured, or not asked for."""
    told = [one for one in data["not_measured"] if one["kind"] == kind]
    return str(told[0]["reason"]) if told else "not asked for: see --what"


def _rates(samples: Sequence[Sample], dtype: str) -> Iterator[tuple[str, Reading]]:
    for name, one in _products(samples, dtype):
        if name in RESULT_UNITS:
            yield name, one
    bandwidth, update = memory_rate(samples), update_time(samples)
    if bandwidth is not None:
        yield "memory_rate", _reading(bandwidth, BYTE_RATE)
    ahead = [one for one in right(samples, "attention", dtype) if one["part"] == "forward"]
    if ahead:
        longest = max(ahead, key=lambda one: float(one["seq_length"]))
        yield "attention_rate", _reading(rate_of(longest), FLOP_RATE, _attention_words(longest))
    if update is not None:
        yield "update_time", _reading(update, "s", "AdamW, for one parameter")
    links = link_fits(samples)
    if links:
        widest = max(links, key=lambda one: one.ranks)
        how = f"{widest.op} of {widest.ranks} ranks by {widest.backend}"
        yield "link_bandwidth", _reading(widest.bandwidth, BYTE_RATE, how)
        yield "link_latency", _reading(widest.latency, "s", how)


def _step_results(
    block: Block, part: Accelerator | None, best: Sample | None
) -> Iterator[tuple[str, Reading]]:
    step, line = block.largest, block.line()
    how = f"{step.layers} layers, {step.micro_batch_size} x {step.seq_length:,} tokens"
    yield "step_time", _reading(step.whole, "s", f"with the optimizer, {how}")
    if line is not None:
        yield "layer_time", _reading(line[0], "s", "both passes, by difference")
        yield "fixed_time", _reading(line[1], "s", "embedding, output matrix and loss")
    yield "tokens_per_second", _reading(step.whole.inverse().times(step.tokens), "token/s", how)
    rate = step.whole.inverse().times(step.model_flop)
    yield "model_flop_rate", _reading(rate, FLOP_RATE, "attention halved because it is causal")
    if part is not None and part.evidence != MEASURED:
        yield from _utilizations(step, rate, peak_rate(part, step.dtype))
    if best is not None:
        told = "model FLOP/s over the fastest product measured here"
        yield "mamfu", _reading(rate.times(1 / float(best["best_value"])), "", told)


def _utilizations(step: Step, rate: Fitted, peak: float) -> Iterator[tuple[str, Reading]]:
    yield "mfu", _reading(rate.times(1 / peak), "", "of the peak; nothing is recomputed")
    full = rate.times(full_over_causal(step) / peak)
    yield "mfu_full_attention", _reading(full, "", "attention counted in full, as PaLM's MFU")


def full_over_causal(step: Step) -> float:
    """Return the model FLOP of a step with attention in full over those with half of it."""
    counts = count(step.architecture)
    full, causal = (
        float(
            flop_per_token(
                matmul_parameters=counts.matmul_parameters,
                attention=counts.attention,
                seq_length=step.seq_length,
                causal=half,
            )
        )
        for half in (False, True)
    )
    return full / causal


def _residual(
    data: Mapping[str, Any], part: Accelerator | None, dtype: str
) -> tuple[Residual | None, str]:
    """Return the measured step beside its prediction from measured parts, or why there is none."""
    if part is None:
        return None, ""
    machine = Machine(part, dtype, PLAIN)
    try:
        rates = measured_rates(data, "this bench", machine)
        measured = Machine(part, dtype, PLAIN, measured=tuple(rates.items()))
        return residual_of(data["samples"], measured), ""
    except LlmcostError as error:
        return None, str(error)
