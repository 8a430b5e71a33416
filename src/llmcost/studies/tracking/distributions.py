"""Percentiles of as many values as there are, in memory that does not grow with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite, log
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

EXACT = 1_000_000
# Beyond, values are counted in bins of this relative width, so that a percentile is off by half.
WIDTH = 1e-4
LEAST, MOST = 1e-12, 1e20


@dataclass(slots=True)
class Distribution:
    """Positive values with weights: each is kept up to a million of them, then only bins of them.

    A bin is a ten-thousandth wide, so that no percentile is further from its true value.
    """

    exact: int = EXACT
    count: int = 0
    weight: float = 0.0
    total: float = 0.0
    least: float = float("inf")
    most: float = 0.0
    _kept: list[tuple[Floats, Floats]] = field(default_factory=list)
    _bins: dict[int, float] = field(default_factory=dict)
    _binned: bool = False

    def add(self, values: Floats, weights: Floats) -> None:
        """Take in positive finite values, each as often as its weight says."""
        if not len(values):
            return
        self.count += len(values)
        self.weight += float(weights.sum())
        self.total += float((values * weights).sum())
        self.least = min(self.least, float(values.min()))
        self.most = max(self.most, float(values.max()))
        if self._binned:
            self._bin(values, weights)
            return
        self._kept.append((values, weights))
        if self.count > self.exact:
            for each in self._kept:
                self._bin(*each)
            self._kept.clear()
            self._binned = True

    @classmethod
    def together(cls, parts: Sequence[Distribution]) -> Distribution:
        """Return the values of several distributions as one."""
        if len(parts) == 1:
            return parts[0]
        whole = cls()
        for part in parts:
            whole.add(*part._sorted())
        return whole

    @property
    def mean(self) -> float:
        """The weighted mean, NaN without values."""
        return self.total / self.weight if self.weight else float("nan")

    def quantiles(self, shares: tuple[float, ...], above: float = 0.0) -> list[float]:
        """Return the values below which these shares of the weight lie, of values from `above` on.

        Where a share falls on the border of two values it is their mean, as with a median of an
        even number. NaN without values.
        """
        values, weights = self._sorted()
        start = int(np.searchsorted(values, above))
        values, weights = values[start:], weights[start:]
        if not len(values):
            return [float("nan")] * len(shares)
        return [weighted_quantile(values, weights, share) for share in shares]

    def median(self, above: float = 0.0) -> float:
        """Return the value that halves the weight of values from `above` on."""
        return self.quantiles((0.5,), above)[0]

    def weight_below(self, value: float) -> tuple[int, float]:
        """Return how many values lie below one (of bins: how many bins), and their weight."""
        values, weights = self._sorted()
        at = int(np.searchsorted(values, value))
        return at, float(weights[:at].sum())

    def _bin(self, values: Floats, weights: Floats) -> None:
        places = np.floor(np.log(np.clip(values, LEAST, MOST)) / log(1 + WIDTH)).astype(np.int64)
        unique, where = np.unique(places, return_inverse=True)
        sums = np.bincount(where, weights=weights)
        for place, weight in zip(unique.tolist(), sums.tolist(), strict=True):
            self._bins[place] = self._bins.get(place, 0.0) + weight

    def _sorted(self) -> tuple[Floats, Floats]:
        """Return the values in rising order, or the middles of their bins, with their weights."""
        if self._binned:
            places = np.array(sorted(self._bins), dtype=float)
            weights = np.array([self._bins[int(place)] for place in places])
            return np.exp((places + 0.5) * log(1 + WIDTH)), weights
        if not self._kept:
            return np.empty(0), np.empty(0)
        values = np.concatenate([each[0] for each in self._kept])
        weights = np.concatenate([each[1] for each in self._kept])
        order = np.argsort(values, kind="stable")
        kept = values[order], weights[order]
        self._kept = [kept]
        return kept


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """Return the value of rising `values` below which a share of the weight lies.

    >>> weighted_quantile(np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.0, 2.0]), 0.5)
    3.0
    """
    reached = np.cumsum(weights)
    wanted = share * reached[-1]
    at = min(int(np.searchsorted(reached, wanted * (1 - 1e-12))), len(values) - 1)
    on_border = isfinite(wanted) and abs(reached[at] - wanted) <= 1e-9 * reached[-1]
    if on_border and at + 1 < len(values):
        return float(values[at] + values[at + 1]) / 2
    return float(values[at])
