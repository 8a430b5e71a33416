"""A sample: many timings of one thing, and what they come to.

Every sample is a plain dictionary, so that it passes between processes and into a file as it is.
`value` is the median's rate, what a user gets; `best_value` that of the fastest run, what the
device can do. The 20th and 80th percentile hold most of what a rerun gives.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from llmcost.bench.shapes import Gemm

FLOP_RATE, BYTE_RATE = "FLOP/s", "byte/s"
UNITS = {"flop": FLOP_RATE, "bytes": BYTE_RATE}
LOW, HIGH = 20, 80


@dataclass(frozen=True, slots=True)
class Setting:
    """With what a sample was taken: precision, library, and processors of the host."""

    dtype: str
    by: str
    threads: int


@dataclass(frozen=True, slots=True)
class Timing:
    """Times of each part of a pass [s], and what disturbed them."""

    parts: tuple[tuple[float, ...], ...]
    disturbance: str | None = None

    @property
    def whole(self) -> tuple[float, ...]:
        """Times of the passes, all parts together [s]."""
        return tuple(math.fsum(parts) for parts in zip(*self.parts, strict=True))


def sample(
    kind: str,
    times: Sequence[float],
    setting: Setting,
    *,
    work: tuple[str, float],
    disturbance: str | None = None,
    verified: bool | None = None,
    **keys: Any,  # noqa: ANN401
) -> dict[str, Any]:
    """Return one sample; `work` names what a pass does, flop or bytes, and how many of them."""
    unit, amount = work
    median, low, high = (float(np.percentile(times, p)) for p in (50, LOW, HIGH))
    best = float(min(times))
    return {
        "kind": kind,
        "dtype": setting.dtype,
        "by": setting.by,
        "threads": setting.threads,
        **keys,
        unit: amount,
        "times_s": [float(time) for time in times],
        "median_s": median,
        "p20_s": low,
        "p80_s": high,
        "best_s": best,
        "runs": len(times),
        "value": amount / median,
        "best_value": amount / best,
        "unit": UNITS[unit],
        "disturbed": disturbance is not None,
        "disturbance": disturbance,
        "verified": verified,
    }


def product_sample(gemm: Gemm, timing: Timing, setting: Setting) -> dict[str, Any]:
    """Return the sample of a matrix product that was proved right."""
    return sample(
        "gemm",
        timing.whole,
        setting,
        work=("flop", gemm.flop),
        disturbance=timing.disturbance,
        verified=True,
        role=gemm.role,
        m=gemm.m,
        n=gemm.n,
        k=gemm.k,
    )
