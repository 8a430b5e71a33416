"""What is not known about one number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import isfinite
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from llmcost.errors import InputError, one_of
from llmcost.ranges import BETA, FIXED, KINDS, LOGNORMAL, MIDDLES
from llmcost.sampling.shapes import SHAPES, Points, Shape, SplitNormal, told_ends

if TYPE_CHECKING:
    from llmcost.sampling.scales import Floats

STATED_LEVEL = 0.9
NORMAL = NormalDist()
Z90 = NORMAL.inv_cdf(0.9)
KNOWN_AT = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Stated:
    """What a user stated: a kind of distribution, its 5th and 95th percentile, mode or median."""

    kind: str
    low: float
    high: float
    middle: float | None = None

    def to_dict(self) -> dict[str, str | float | None]:
        """Return the JSON object; `p5` and `p95` are the ends, `median` or `mode` the middle."""
        ends: dict[str, str | float | None] = {"kind": self.kind, "p5": self.low, "p95": self.high}
        named = {} if self.middle is None else {MIDDLES[self.kind]: self.middle}
        return ends | named


@dataclass(frozen=True, slots=True)
class Spread:
    """A value with its 10th and 90th percentile; `share` marks a number between 0 and 1.

    Draws follow a split normal on a log scale of what is above `floor` (on a logit scale for
    shares), which meets all three exactly, unless a distribution was `stated` (`spread_of`).
    """

    low: float
    value: float
    high: float
    share: bool = False
    floor: float = 0.0
    stated: Stated | None = None

    def __post_init__(self) -> None:
        rises = self.low <= self.value <= self.high and isfinite(self.high)
        above = self.low >= self.floor if self.exact else self.low > self.floor
        if not (rises and above):
            raise InputError(
                f"Got a range {self.low:g}, {self.value:g}, {self.high:g}; needs "
                f"{'positive numbers' if self.floor == 0 else f'numbers above {self.floor:g}'} "
                "in rising order."
            )

    @property
    def exact(self) -> bool:
        """Whether there is nothing to draw."""
        return self.low == self.high

    def quantile(self, p: float) -> float:
        """Return the value below which the share `p` of all draws lies, 0 < p < 1.

        >>> round(Spread(2, 4, 16).quantile(0.9), 9)
        16.0
        """
        if not 0 < p < 1:
            raise InputError(f"p: got {p}; needs a number between 0 and 1, both excluded.")
        points = Points(np.array([p]), np.array([NORMAL.inv_cdf(p)]))
        return float(self.quantiles(points)[0])

    def quantiles(self, points: Points) -> Floats:
        """Return the values below which the probabilities of `points` lie."""
        if self.exact:
            return np.full(points.p.shape, float(self.value))
        return _shape(self).quantiles(points)

    def ends(self, level: float) -> tuple[float, float]:
        """Return both ends of the interval that holds the share `level` of all draws."""
        return self.quantile((1 - level) / 2), self.quantile((1 + level) / 2)

    def scaled(self, factor: float, *, share: bool = False) -> Spread:
        """Return the spread of the number times `factor`; `share` marks the product as a share.

        Raises InputError for a beta distribution, which holds for shares as they are.
        """
        stated = self.stated
        if self.exact or stated is None or (share and stated.kind == LOGNORMAL):
            ends = (self.low * factor, self.value * factor, self.high * factor)
            return Spread(*ends, share, self.floor * factor)
        if stated.kind == BETA:
            raise InputError("Got a beta distribution; needs one of a number that can be scaled.")
        middle = None if stated.middle is None else stated.middle * factor
        product = Stated(stated.kind, stated.low * factor, stated.high * factor, middle)
        return spread_of(product, share=share, floor=self.floor * factor)

    def told(self, unit: str = "") -> str:
        """Return how a stated range was read, such as ``90% interval 2..3 USD, lognormal``.

        It is empty for a spread that nobody stated.
        """
        if self.stated is None:
            return ""
        stated = self.stated
        name = "logit-normal" if stated.kind == LOGNORMAL and self.share else stated.kind
        if stated.middle is not None:
            times = 100 if self.share else 1
            name += f" with {MIDDLES[stated.kind]} {stated.middle * times:g}"
            name += "%" if self.share else ""
        ends = told_ends(stated.low, stated.high, unit, share=self.share)
        return f"{STATED_LEVEL:.0%} interval {ends}, {name}"


def spread_of(stated: Stated, *, share: bool = False, floor: float = 0.0) -> Spread:
    """Return the spread of a distribution that a user stated; its value is the median.

    Raises InputError for an unknown kind, for ends that do not rise, and for a distribution that
    would reach below `floor`, or above 1 for a share.
    """
    low, high = stated.low, stated.high
    middle = (low + high) / 2 if stated.middle is None else stated.middle
    if stated.kind not in KINDS:
        raise InputError(f"Got the distribution {stated.kind!r}; needs {one_of(KINDS)}.")
    if not (low <= middle <= high and isfinite(low) and isfinite(high)):
        raise InputError(
            f"Got {stated.kind} {low:g}..{high:g}; needs finite ends in rising order, and the "
            "middle between them."
        )
    if low == high or stated.kind == FIXED:
        return Spread(low, low, low, share, floor)
    shape = _stated_shape(stated, share, floor)
    p = np.array(KNOWN_AT)
    ends = shape.quantiles(Points(p, np.array([NORMAL.inv_cdf(each) for each in KNOWN_AT])))
    return Spread(float(ends[0]), float(ends[1]), float(ends[2]), share, floor, stated)


def _shape(spread: Spread) -> Shape:
    if spread.stated is not None:
        return _stated_shape(spread.stated, spread.share, spread.floor)
    ends = (spread.low, spread.value, spread.high)
    return SplitNormal(ends, Z90, spread.share, spread.floor)


@lru_cache(maxsize=512)
def _stated_shape(stated: Stated, share: bool, floor: float) -> Shape:
    shape = SHAPES[stated.kind]
    return shape(stated.low, stated.high, stated.middle, share=share, floor=floor)
