"""How many accelerators a run has, where its log tells of all of them and of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from llmcost.logs.record import Floats

DEGREES = ("tensor_parallel", "pipeline_parallel", "context_parallel", "data_parallel")
MOST_RATIOS = 10_000
# The number of accelerators as a ratio of printed rates is rounded to the next whole one within
# this share, and above this number to a multiple of 8.
RATIO_SLACK, NODE, SMALL = 0.03, 8, 64


@dataclass(slots=True)
class Ratios:
    """The number of accelerators as the ratio of rates of all and of one."""

    seen: list[float] = field(default_factory=list)

    def add(self, chunk: Mapping[str, Floats]) -> None:
        """Take in the ratios of some records."""
        for whole, one in (
            ("tokens_per_gpu_total", "tokens_total"),
            ("tokens_per_gpu_second", "tokens_per_second"),
            ("samples_per_gpu_second", "samples_per_second"),
        ):
            if whole in chunk and one in chunk and len(self.seen) < MOST_RATIOS:
                with np.errstate(all="ignore"):
                    ratio = chunk[one] / chunk[whole]
                self.seen += ratio[np.isfinite(ratio) & (ratio > 0.5)][:MOST_RATIOS].tolist()

    @property
    def number(self) -> float | None:
        """The number of accelerators, `None` where no ratio says it."""
        if not self.seen:
            return None
        middle = float(np.median(self.seen))
        near = round(middle)
        if middle > SMALL and abs(NODE * round(middle / NODE) / middle - 1) < RATIO_SLACK:
            near = NODE * round(middle / NODE)
        return float(near) if near >= 1 and abs(near / middle - 1) < RATIO_SLACK else None


def product_of_degrees(facts: Mapping[str, float]) -> float | None:
    """Return the accelerators that the degrees of a layout make, `None` without all of them."""
    if "data_parallel" not in facts or "tensor_parallel" not in facts:
        return None
    found = 1.0
    for name in DEGREES:
        found *= facts.get(name, 1.0)
    return found
