"""What limits a step: the parts of its time, by what a better machine would need."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmcost.studies.comparison.parts import Limit

# Each part of a step by what it takes. Recomputing is what too little memory costs; what waits is
# idle, or starts kernels.
KINDS = {
    "compute": ("matmul", "attention", "head"),
    "memory_capacity": ("recompute",),
    "memory_bandwidth": ("memory_bound", "optimizer"),
    "network": (
        *("tensor_parallel", "context_parallel", "expert_parallel"),
        *("pipeline_parallel", "data_parallel"),
    ),
    "waiting": ("launch", "imbalance", "bubble", "straggler"),
}


def limits_of(step: Mapping[str, Any] | None) -> tuple[Limit, ...]:
    """Return the share of a predicted step that goes to each of KINDS; none without a step."""
    if step is None:
        return ()
    parts = step["parts"]
    return tuple(
        Limit(kind, sum(parts[name]["share"] for name in names if name in parts))
        for kind, names in KINDS.items()
    )
