"""Where does this number come from: the formula, its paper, its validity, its units."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from llmcost.errors import UnknownNameError

_FLOPS = "llmcost.formulas.flops"
_UTILIZATION = "llmcost.formulas.utilization"
_DURATION = "llmcost.formulas.duration"
_MONEY = "llmcost.formulas.money"
_LAWS = "llmcost.formulas.scaling_laws"

FORMULAS: dict[str, tuple[str, str]] = {
    "model_flop": (
        f"{_FLOPS}:matmul_flop_per_token",
        "tokens x (6 x matmul_parameters + attention_flop per token), summed over phases",
    ),
    "attention_flop": (f"{_FLOPS}:attention_flop_per_token", "6 x width x mean_context, per token"),
    "mean_context": (
        f"{_FLOPS}:mean_context",
        "S in full; S/2 causal; window w: w - w^2/(2S) causal",
    ),
    "model_flop_6nd": (f"{_LAWS}:model_flop_6nd", "6 x active_parameters x tokens"),
    "hardware_flop": (
        f"{_UTILIZATION}:hardware_flop",
        "model_flop x (1 + recompute_forward_share / 3)",
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
    "tokens_per_parameter": (
        "Training tokens over all parameters.",
        "token",
        "Hoffmann et al. 2022 (arXiv 2203.15556).",
    ),
    "compute_optimal_ratio": (
        "Training tokens over compute-optimal tokens; above 1 the model is trained for cheaper "
        "inference rather than for the least training compute.",
        "",
        "Hoffmann et al. 2022 (arXiv 2203.15556).",
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


def explanations() -> tuple[str, ...]:
    """Return every name that `explain` knows."""
    return tuple(sorted([*FORMULAS, *WORDS]))


def explain(name: str) -> Explanation:
    """Return the explanation of a quantity; raises UnknownNameError for an unknown one."""
    key = name.strip().lower().replace("-", "_").replace(" ", "_")
    if key in FORMULAS:
        return _formula(key)
    if key in WORDS:
        summary, unit, source = WORDS[key]
        return Explanation(key, summary, "", unit, (), (), source)
    known = [each.replace("_", "-") for each in explanations()]
    raise UnknownNameError("quantity", name, known, "See: llmcost explain.")


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
        tuple(details),
        " ".join(text.removeprefix("Source: ") for text in sources) or "By definition.",
    )


def _without_return(text: str) -> str:
    rest = text.removeprefix("Return ")
    return rest[:1].upper() + rest[1:]


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in text.split("\n\n")]
