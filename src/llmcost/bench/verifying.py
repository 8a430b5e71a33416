"""Is a product right? Wrong answers at high speed must not count."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

TILE = 64
# The distance from 1 to the next number of a format: IEEE 754-2019; bfloat16 has 7 bits after the
# point, TensorFloat-32 10. Products of FP8 are bfloat16, and their sums hold about 14 bits
# (DeepSeek-V3, arXiv 2412.19437, section 3.3.2).
STEPS = {
    "fp64": 2.0**-52,
    "fp32": 2.0**-23,
    "tf32": 2.0**-10,
    "fp16": 2.0**-10,
    "bf16": 2.0**-7,
    "fp8": 2.0**-5,
}
# Libraries add parts of a sum up in the precision of the result, too.
ROUNDINGS = 16


def agrees(found: Any, exact: Any, k: int, precision: str) -> bool:  # noqa: ANN401
    """Return whether a corner of a product of normal deviates is right to its precision.

    Its entries are about sqrt(k): a result is rounded at that size, and a sum of k terms in single
    precision (double for fp64) gathers at most k roundings.
    """
    inner = STEPS["fp64"] if precision == "fp64" else STEPS["fp32"]
    allowed = ROUNDINGS * (STEPS[precision] * math.sqrt(k) + inner * k)
    difference = np.abs(np.asarray(found, dtype=np.float64) - np.asarray(exact))
    return bool(np.isfinite(difference).all() and difference.max() <= allowed)
