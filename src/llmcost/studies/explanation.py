"""Where does this number come from: the formula, its paper, its validity, its units."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from llmcost.errors import UnknownNameError, nearest

_FLOPS = "llmcost.formulas.flops"
_UTILIZATION = "llmcost.formulas.utilization"
_DURATION = "llmcost.formulas.duration"
_MONEY = "llmcost.formulas.money"
_LAWS = "llmcost.formulas.scaling_laws"

FORMULAS: dict[str, tuple[str, str]] = {
    "matmul_flop_per_token": (f"{_FLOPS}:matmul_flop_per_token", "6 x matmul_parameters"),
    "attention_flop_per_token": (
        f"{_FLOPS}:attention_flop_per_token",
        "6 x width x mean_context, summed over kinds of layers",
    ),
    "mean_context": (
        f"{_FLOPS}:mean_context",
        "S in full; S/2 causal; window w: w - w^2/(2S) causal",
    ),
    "model_flop_6nd": (f"{_LAWS}:model_flop_6nd", "6 x active_parameters x tokens"),
    "hardware_flop": (
        f"{_UTILIZATION}:hardware_flop",
        "model_flop x (1 + recompute_forward_share / 3)",
    ),
    "recompute_forward_share": (
        f"{_UTILIZATION}:recompute_forward_share",
        "1 in full; the share of attention, selective; 0 without",
    ),
    "mfu": (f"{_UTILIZATION}:mfu", "model FLOP/s of one device / peak_flop_rate"),
    "hfu": (f"{_UTILIZATION}:hfu", "mfu x hardware_flop / model_flop"),
    "gpu_hours": (
        f"{_DURATION}:gpu_hours",
        "model_flop / (peak_flop_rate x mfu x goodput) / 3600",
    ),
    "wall_clock": (f"{_DURATION}:wall_clock", "gpu_hours / num_gpus / 24"),
    "tokens_per_gpu_second": (
        f"{_DURATION}:tokens_per_gpu_second",
        "peak_flop_rate x mfu / model FLOP per token",
    ),
    "tokens_per_second": (f"{_DURATION}:tokens_per_second", "tokens_per_gpu_second x num_gpus"),
    "cost": (f"{_MONEY}:rental_cost", "gpu_hours x price"),
    "cost_per_million_tokens": (f"{_MONEY}:cost_per_million_tokens", "cost / (tokens / 1e6)"),
    "tokens_per_parameter": (f"{_LAWS}:tokens_per_parameter", "tokens / parameters"),
    "compute_optimal_ratio": (
        f"{_LAWS}:compute_optimal_ratio",
        "tokens / compute_optimal_tokens",
    ),
    "compute_optimal_tokens": (
        f"{_LAWS}:hoffmann_2022_approach_1",
        "log-log interpolation of the paper's table 3 at this parameter count",
    ),
    "compute_optimal_tokens_besiroglu_2024": (
        f"{_LAWS}:besiroglu_2024",
        "(beta B / (alpha A) x parameters^alpha)^(1/beta)",
    ),
}

WORDS: dict[str, tuple[str, str, str]] = {
    "parameters": (
        "All weights, tied ones once, counted from the model's configuration.",
        "",
        "The reference implementation of each model type, transformers 5.23.0.",
    ),
    "active_parameters": (
        "Weights used per token: all but the routed experts a token does not visit.",
        "",
        "DeepSeek-V2 (arXiv 2405.04434), section 2.2, for routed and shared experts.",
    ),
    "tokens": ("Training tokens, all epochs.", "token", "Given, or published with the model."),
    "step_time": (
        "Time of one optimizer step, of the phase with the most tokens, where the MFU is modelled: "
        "the slowest stage of the pipeline times the micro-batches, then the bubble, transfers and "
        "exchanges that nothing hides, the optimizer and what stragglers add. Rates of kernels and "
        "links are measured on those alone; the other constants are fitted to measured steps, and "
        "low and high come from rows that took no part in the fit.",
        "s",
        "kernel_rates.csv and calibration.toml; each formula names its paper.",
    ),
    "layout": (
        "How a step is split over devices (--layout), whole or in part: tp tensor, pp pipeline, vp "
        "chunks of a stage, dp data, cp context, ep expert, etp expert-tensor parallel; mbs "
        "sequences of a micro-batch, gbs of a step; zero stage, shard group, sp sequence parallel, "
        "recompute, schedule. What is left out is searched: the fastest legal layout that fits.",
        "",
        "Given, or searched over all that is legal for the framework.",
    ),
    "memory": (
        "What the fullest device holds in a step: weights, gradients, optimizer state, activations "
        "of the micro-batches in flight, temporary buffers and a reserve, in 10^9 bytes. Headroom "
        "is what is left of the memory that programs can use.",
        "GB",
        "Rajbhandari et al. 2020 (arXiv 1910.02054); Korthikanti et al. 2022 (arXiv 2205.05198).",
    ),
    "global_batch_size": (
        "Sequences of one optimizer step (--global-batch-size, also in tokens). The default is the "
        "published batch of the model and phase, else the labelled rule of defaults.csv. Tokens "
        "are rounded to sequences that devices share evenly, within a tenth; the answer says so.",
        "",
        "training_phases.csv and defaults.csv; see: llmcost show sources.",
    ),
    "attention_flop": (
        "The convention by which attention is counted, an input (--attention-flop). causal, the "
        "default: a token attends to those before it, half of its sequence on average. full: to "
        "every position of its sequence. MFU is in the convention of the FLOP it divides.",
        "",
        "Full: PaLM (arXiv 2204.02311), appendix B. Causal: FlashAttention (arXiv 2205.14135).",
    ),
    "goodput": (
        "Share of wall clock that moved training forward: failures, restarts, stalls and repeated "
        "steps are the rest. Given, or a labelled default with the spread of published runs.",
        "",
        "defaults.csv; see: llmcost show sources.",
    ),
    "price": (
        "Price of one device for one hour. The default is the median over providers of each "
        "provider's latest graded row, for this accelerator and these terms, in the twelve months "
        "up to --as-of; its range is their 10th to 90th percentile. Terms are never mixed, "
        "accelerators never substituted.",
        "USD/GPU/hour",
        "gpu_prices.csv; see: llmcost show prices.",
    ),
    "peak_flop_rate": (
        "Dense peak of one device at the precision of the run; sparse figures of data sheets are "
        "halved.",
        "FLOP/s/GPU",
        "gpu_specs.csv; see: llmcost show gpus.",
    ),
    "range": (
        "low and high are the 10th and 90th percentile of draws. Each input with a range is drawn "
        "from a split normal on a log scale (logit for shares) that meets its own 10th, 50th and "
        "90th percentile; a value you give has no range unless you give one (35..45%).",
        "",
        "Latin hypercube at stratum midpoints: McKay, Beckman and Conover 1979.",
    ),
}


FURTHER = {
    "compute_optimal_ratio": "Above 1 the model is trained for cheaper inference, or for quality "
    "at its size, rather than for the least training compute.",
    "tokens_per_second": "Goodput is not in it: this is the rate while training runs, as a "
    "training log prints it. Over the whole wall clock, lost time included, multiply by goodput.",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """What is known about one number: formula, validity and source as text, and units."""

    name: str
    summary: str
    formula: str
    unit: str
    inputs: tuple[tuple[str, str], ...]
    details: tuple[str, ...]
    source: str


MODEL_FLOP = Explanation(
    "model_flop",
    "FLOP that the mathematics of training needs, counted from the architecture: the weights that "
    "multiply each token, and attention. Recomputed activations are not in it.",
    "sum over phases of tokens x (matmul_flop_per_token + attention_flop_per_token)",
    "FLOP",
    (
        ("tokens", "token"),
        ("matmul_flop_per_token", "FLOP/token"),
        ("attention_flop_per_token", "FLOP/token"),
    ),
    (
        "Forward and backward: 6 FLOP a weight and token, 2 of them forward.",
        "Attention is counted causal-halved (the default) or in full (--attention-flop full), as "
        "PaLM counts it; the answer says which. The longer the sequence, the more they differ.",
        "Without an architecture (--parameters alone) attention is not in it, and the answer is "
        "6 x active_parameters x tokens.",
    ),
    "Kaplan et al. 2020 (arXiv 2001.08361), section 2.1, for the weights; PaLM (arXiv 2204.02311), "
    "appendix B, for attention in full; FlashAttention (arXiv 2205.14135) for causal.",
)


def explanations() -> tuple[str, ...]:
    """Return every name that `explain` knows."""
    return tuple(sorted([MODEL_FLOP.name, *FORMULAS, *WORDS]))


def explain(name: str) -> Explanation:
    """Return the explanation of a quantity; raises UnknownNameError for an unknown one."""
    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    if key == MODEL_FLOP.name:
        return MODEL_FLOP
    if key in FORMULAS:
        return _formula(key)
    if key in WORDS:
        summary, unit, source = WORDS[key]
        return Explanation(key, summary, "", unit, (), (), source)
    known = [each.replace("_", "-") for each in explanations()]
    related = _sharing_a_word(key, known)
    hint = f"Related: {', '.join(related)}. " if related and not nearest(name, known) else ""
    raise UnknownNameError("quantity", name, known, f"{hint}See: llmcost explain.")


def _sharing_a_word(key: str, known: Iterable[str]) -> list[str]:
    """Return names with a word of `key` in them, be it singular or plural."""
    asked = {_singular(word) for word in re.split(r"[^a-z0-9]+", key) if len(word) > 2}
    return [name for name in known if asked & {_singular(word) for word in name.split("-")}]


def _singular(word: str) -> str:
    return word.removesuffix("s")


def _formula(key: str) -> Explanation:
    path, expression = FORMULAS[key]
    module, _, function = path.partition(":")
    formula: Any = getattr(import_module(module), function)
    paragraphs = _paragraphs(inspect.getdoc(formula) or "")
    sources = [text for text in paragraphs if text.startswith("Source: ")]
    details = [text for text in paragraphs[1:] if not text.startswith("Source: ")]
    return Explanation(
        key,
        _without_return(paragraphs[0]),
        expression,
        formula.returns,
        tuple(formula.units.items()),
        (*details, FURTHER[key]) if key in FURTHER else tuple(details),
        " ".join(text.removeprefix("Source: ") for text in sources) or "By definition.",
    )


def _without_return(text: str) -> str:
    rest = text.removeprefix("Return ")
    return rest[:1].upper() + rest[1:]


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n")]
