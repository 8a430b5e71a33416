"""Is a product right? Wrong answers at high speed must not count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

TILE = 64
# The distance from 1 to the next number of a format: IEEE 754-2019; bfloat16 has 7 bits after the
# point, TensorFloat-32 10, FP8 E4M3 3 (Micikevicius et al. 2022, arXiv 2209.05433).
STEPS = {
    "fp64": 2.0**-52,
    "fp32": 2.0**-23,
    "tf32": 2.0**-10,
    "fp16": 2.0**-10,
    "bf16": 2.0**-7,
    "fp8": 2.0**-3,
}
ROUNDINGS = 4


def agrees(found: Any, exact: Any, k: int, precision: str) -> bool:  # noqa: ANN401
    """Return whether a corner of a product of normal deviates is right to its precision.

    Its entries are about sqrt(k): a result is rounded at that size, and a sum of k terms in single
    precision (double for fp64) gathers at most k roundings.
    """
    inner = STEPS["fp64"] if precision == "fp64" else STEPS["fp32"]
    allowed = ROUNDINGS * (STEPS[precision] * math.sqrt(k) + inner * k)
    difference = np.abs(np.asarray(found, dtype=np.float64) - np.asarray(exact))
    return bool(np.isfinite(difference).all() and difference.max() <= allowed)
