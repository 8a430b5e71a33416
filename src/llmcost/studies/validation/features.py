"""What a regression is told of a measured step: its sizes and knobs as plain numbers."""

from __future__ import annotations

from collections.abc import Iterator
from math import log2
from typing import Any

from llmcost.catalog.architecture import Architecture
from llmcost.counting import count

PRECISIONS = ("fp16", "bf16", "int8", "fp8", "fp8-block", "mxfp8", "nvfp4")
FAMILIES = ("megatron", "fsdp", "xla", "other")
RECOMPUTES = ("none", "selective", "full")
# Knobs of a point, by whether doubling or adding one matters.
DOUBLING = (
    *("num_gpus", "gpus_per_node", "seq_length", "micro_batch_size", "global_batch_size"),
    *("tensor_parallel", "pipeline_parallel", "virtual_stages", "data_parallel"),
    *("context_parallel", "expert_parallel"),
)
ADDING = ("zero_stage", "sequence_parallel")


def features(point: Any, peak_flop_rate: float | None) -> dict[str, float]:  # noqa: ANN401
    """Return the sizes and knobs of a point, and the peak [FLOP/s/GPU] of its device.

    Sizes are logarithms to base 2, words are their place in a list; what is not known is left out.
    """
    found = dict(_knobs(point))
    if peak_flop_rate:
        found["peak_flop_rate"] = log2(peak_flop_rate)
    architecture = getattr(point, "architecture", None)
    return found | (_sizes(architecture) if architecture is not None else {})


def _knobs(point: Any) -> Iterator[tuple[str, float]]:  # noqa: ANN401
    for name in (*DOUBLING, *ADDING):
        value = getattr(point, name, None)
        if value is not None:
            yield name, log2(value) if name in DOUBLING and value > 0 else float(value)
    words = (("precision", PRECISIONS), ("family", FAMILIES), ("recompute", RECOMPUTES))
    for name, known in words:
        word = getattr(point, name, None)
        if word in known:
            yield name, float(known.index(word))


def _sizes(architecture: Architecture) -> dict[str, float]:
    counted = count(architecture)
    first = architecture.groups[-1]
    return {
        "parameters": log2(counted.parameters),
        "active_parameters": log2(counted.active_parameters),
        "hidden": log2(architecture.hidden_size),
        "layers": float(sum(group.count for group in architecture.groups)),
        "heads": float(first.attention.heads),
        "experts": float(first.mlp.experts),
        "experts_per_token": float(first.mlp.experts_per_token),
        "vocab": log2(architecture.vocab_size),
    }
