"""How sources count FLOP, and against which peak they print an MFU.

Publications count in different ways: attention in full, halved because it is causal, or left out;
model FLOP, or hardware FLOP that count the second forward pass of recomputation as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from llmcost.catalog.architecture import Architecture
from llmcost.catalog.gpus import PEAK_OF, accelerator
from llmcost.counting import count
from llmcost.formulas.flops import (
    FLOP_PER_WEIGHT,
    attention_flop_per_token,
    matmul_flop_per_token,
    mean_context,
)

TERA = 1e12
CAUSAL, FULL, WITHOUT = "causal", "full", "no"
RECOMPUTED = 4 / 3
FROZEN_SHARE = 4 / 6
PEAK_TOLERANCE = 0.035

# How a text tells which attention a source counts; the first that matches.
_ATTENTION: tuple[tuple[str | None, str], ...] = (
    (None, r"not (stated|known|re-?derived|verified|specified)|unknown|unclear"),
    (FULL, r"(not|non|no|without|un)[- ]?(the )?(causal|halv)|full[- ](self[- ])?attention"),
    (CAUSAL, r"causal|halved|half the attention|(?<!\d)6\s?\*?\s?l\s?\*?\s?(a|s|h)|hidden/2|flash"),
    (
        FULL,
        r"(?<!\d)12\s?\*?\s?l|narayanan|megatron formula|2104\.04473|96\s?\*?\s?b|palm|chinchilla",
    ),
    (FULL, r"hardware[- ]?(style )?flop|torchtitan|nanogpt"),
    (WITHOUT, r"\b6 ?\*? ?(n|p|params|parameters)\b|\b6 ?nd\b|6\*?n\*?d|without attention"),
)


@dataclass(frozen=True, slots=True)
class Convention:
    """How a source counts FLOP: `attention` is full, causal or no; `None` where not stated.

    `hardware` counts the forward pass of recomputation too; `layers_only` then leaves the output
    matrix out of it. `every_weight` counts all parameters and not those that multiply. `frozen`
    leaves out the gradients of weights that LoRA does not train. `low_by` is the share by which
    the source's figures are said to be low.
    """

    attention: str | None = None
    hardware: bool = False
    every_weight: bool = False
    frozen: bool = False
    low_by: float = 0.0

    @property
    def text(self) -> str:
        """The convention in a few words."""
        kind = "hardware FLOP" if self.hardware else "model FLOP"
        if self.attention is None:
            return f"{kind}, convention not stated: {CAUSAL} attention"
        frozen = ", frozen weights" if self.frozen else ""
        return f"{kind}, {self.attention} attention{frozen}"


@dataclass(frozen=True, slots=True)
class Workdone:
    """What a step of a row does and on what; `None` where a row does not say."""

    architecture: Architecture | None
    seq_length: int | None
    accelerator: str | None
    precision: str | None
    recompute: str | None
    prediction_layer: bool | None
    task: str
    packed: bool | None = None


def convention_of(text: str) -> Convention:
    """Return the FLOP convention that a text names.

    >>> convention_of("model FLOPs, full attention (NOT causal-halved)").attention
    'full'
    >>> convention_of("6ND").attention
    'no'
    """
    lowered = text.casefold()
    hardware = "hardware" in lowered or bool(
        re.search(r"incl\w*\.? (the )?(full )?(activation[- ])?recomp|^hfu\b", lowered)
        and not re.search(r"model[- ]?flop", lowered)
    )
    low = re.search(r"~?\s*(\d+(?:\.\d+)?)(?:-\d+)?\s*% low", lowered)
    return Convention(
        attention=_attention_of(lowered),
        hardware=hardware,
        every_weight=bool(re.search(r"n_params|all parameters|6 ?\*? ?n ?\*? ?d\b", lowered)),
        frozen=bool(re.search(r"frozen", lowered)),
        low_by=float(low[1]) / 100 if low else 0.0,
    )


def _attention_of(text: str) -> str | None:
    """Return how attention is counted: what the first pattern with a match stands for."""
    return next((way for way, pattern in _ATTENTION if re.search(pattern, text)), None)


def flop_per_token(work: Workdone, convention: Convention, attention: str) -> float:
    """Return the FLOP that a source counts for one token [FLOP/token].

    Sources: of the terms `llmcost.formulas.flops`; the second forward pass Narayanan et al. 2021
    (arXiv 2104.04473), section 5.1 and appendix, which repeats all but the output matrix; LoRA's
    frozen weights have no gradient of their own, a third of their FLOP (Hu et al. 2021, arXiv
    2106.09685, section 4.2).
    """
    architecture = work.architecture
    if architecture is None or work.seq_length is None:
        raise ValueError("needs an architecture and a sequence length")
    counts = count(architecture)
    weights = counts.active_parameters if convention.every_weight else counts.matmul_parameters
    head = architecture.vocab_size * architecture.embedding_size
    layers: Any = matmul_flop_per_token.kernel(matmul_parameters=weights - head)
    last: Any = matmul_flop_per_token.kernel(matmul_parameters=head)
    if convention.frozen:
        layers, last = layers * FROZEN_SHARE, last * FROZEN_SHARE
    layers = layers + _attention_flop(work, counts.attention, attention)
    if work.prediction_layer:
        more, last = prediction_flop(work, attention), 2 * last
        layers = layers + more
    if convention.hardware and work.recompute != "none":
        layers = layers * RECOMPUTED
    return float(layers + last)


def _attention_flop(work: Workdone, groups: Any, attention: str) -> float:  # noqa: ANN401
    if attention == WITHOUT:
        return 0.0
    total = 0.0
    for group in groups:
        context = mean_context.kernel(
            seq_length=work.seq_length,
            span=group.span,
            chunked=group.chunked,
            causal=attention == CAUSAL,
        )
        total += attention_flop_per_token.kernel(width=group.width, mean_context=context)
    return total


def prediction_flop(work: Workdone, attention: str) -> float:
    """Return the FLOP of one layer that predicts a further token, less its output matrix.

    The layer is shaped as the highest one and joins two hidden states by a matrix of 2h x h.

    Source: DeepSeek-V3 (arXiv 2412.19437), section 2.2.
    """
    architecture = work.architecture
    if architecture is None:
        return 0.0
    top = replace(architecture.groups[-1], count=1)
    two = replace(architecture, groups=(replace(top, count=2),))
    one = replace(architecture, groups=(top,))
    more, less = count(two), count(one)
    weights = more.matmul_parameters - less.matmul_parameters + 2 * architecture.hidden_size**2
    return FLOP_PER_WEIGHT * weights + _attention_flop(work, less.attention, attention)


def training_peak(name: str, precision: str | None) -> float:
    """Return the dense peak [FLOP/s] at a precision, or the largest one that training may use.

    Where the precision is not known, or has no published peak, integers and 4 bits are left out.
    """
    rates = accelerator(name).peak_flop_rates
    own = rates.get(PEAK_OF.get((precision or "").replace("-block", ""), ""))
    floating = [rates[key] for key in ("fp8", "bf16", "fp16", "tf32") if key in rates]
    return own or max(floating, default=max(rates.values(), default=0.0))


def peak_of_share(text: str, name: str, precision: str) -> tuple[float, ...]:
    """Return the peak [FLOP/s] that an MFU is taken against, and others that it might be.

    A number beside the word peak counts where it is near a peak of the accelerator; else the peak
    that the words name; else that of the precision, and for narrow formats also that of bf16.
    """
    rates = accelerator(name).peak_flop_rates
    own = rates.get(PEAK_OF.get(precision.replace("-block", ""), ""))
    wide = rates.get("bf16") or rates.get("fp16")
    lowered = text.casefold()
    if re.search(r"(bf16|16-?bit) peak|peak (of|at|in) (bf16|16-?bit)", lowered) and wide:
        return (wide,)
    told = re.search(r"peaks?\b:?(.{0,160})", lowered)
    if told and own:
        for number in re.findall(r"(?<![\d.x])\d{2,5}(?:\.\d+)?(?![\d.]*-)", told[1]):
            if abs(float(number) * TERA / own - 1) < PEAK_TOLERANCE:
                return (float(number) * TERA,)
    if own is None:
        return (wide,) if wide else ()
    narrow = precision not in ("bf16", "fp16", "fp32", "tf32")
    return (own, wide) if narrow and wide and wide != own else (own,)
