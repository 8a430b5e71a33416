"""Ranges to draws, and draws to ranges.

A range is three numbers: low, value and high, the 10th, 50th and 90th percentile. Draws follow a
split normal on a log scale (on a logit scale for shares between 0 and 1), which meets all three
exactly. They are stratified (Latin hypercube at the midpoints of equal strata; McKay, Beckman and
Conover 1979), so that a few thousand draws reproduce the percentiles to the last printed digit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from llmcost.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

INTERVAL = 0.8
DRAWS = 4096
SEED = 20240723
Z90 = NormalDist().inv_cdf(0.9)
EDGE = 1e-6


@dataclass(frozen=True, slots=True)
class Spread:
    """A value with its 10th and 90th percentile; `share` marks a number between 0 and 1."""

    low: float
    value: float
    high: float
    share: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.low <= self.value <= self.high:
            raise InputError(
                f"Got a range {self.low:g}, {self.value:g}, {self.high:g}; needs positive numbers "
                "in rising order."
            )

    @property
    def exact(self) -> bool:
        """Whether there is nothing to draw."""
        return self.low == self.high


def draw(spreads: Mapping[str, Spread], draws: int = DRAWS, seed: int = SEED) -> dict[str, Floats]:
    """Return `draws` values of each spread, independent of each other, reproducible by `seed`.

    Each name has a stream of its own, so that adding one input leaves the draws of others alone.
    """
    return {name: _drawn(name, spread, draws, seed) for name, spread in spreads.items()}


def interval(values: Any) -> tuple[float, float]:  # noqa: ANN401
    """Return the 10th and 90th percentile of draws (linear interpolation)."""
    tail = (1 - INTERVAL) / 2
    low, high = np.quantile(np.asarray(values, dtype=float), (tail, 1 - tail))
    return float(low), float(high)


def _drawn(name: str, spread: Spread, draws: int, seed: int) -> Floats:
    if spread.exact:
        return np.full(draws, spread.value)
    z = np.random.default_rng([seed, crc32(name.encode())]).permutation(_strata(draws))
    to, back = (_logit, _expit) if spread.share else (np.log, np.exp)
    low, middle, high = to(np.array([spread.low, spread.value, spread.high]))
    step = np.where(z < 0, middle - low, high - middle) / Z90
    return np.asarray(back(middle + z * step), dtype=np.float64)


@cache
def _strata(draws: int) -> Floats:
    normal = NormalDist()
    half = np.array([normal.inv_cdf((i + 0.5) / draws) for i in range((draws + 1) // 2)])
    return np.concatenate([half, -half[: draws // 2][::-1]])


def _logit(share: Floats) -> Floats:
    inside = np.clip(share, EDGE, 1 - EDGE)
    return np.asarray(np.log(inside / (1 - inside)), dtype=np.float64)


def _expit(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)), dtype=np.float64)


def uniform(name: str, draws: int = DRAWS, seed: int = SEED) -> Floats:
    """Return stratified draws between 0 and 1, for choices among shares; one stream a name."""
    rng = np.random.default_rng([seed, crc32(name.encode())])
    return np.asarray((rng.permutation(draws) + 0.5) / draws, dtype=np.float64)
