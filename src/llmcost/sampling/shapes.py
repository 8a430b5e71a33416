"""Kinds of distributions, each from percentiles to a quantile function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from llmcost.errors import InputError
from llmcost.ranges import BETA, LOGNORMAL, PERT, TRIANGULAR, UNIFORM
from llmcost.sampling.betas import TAIL, Z95, beta_quantiles, beta_with, pert_shape, pert_with
from llmcost.sampling.scales import expit, logit
from llmcost.sampling.solving import root

if TYPE_CHECKING:
    from llmcost.sampling.scales import Floats


class Points(NamedTuple):
    """Probabilities, and the standard normal quantiles of each."""

    p: Floats
    z: Floats


class Shape(Protocol):
    """A distribution."""

    def quantiles(self, points: Points) -> Floats:
        """Return the values below which the probabilities lie."""
        ...


@dataclass(frozen=True, slots=True)
class SplitNormal:
    """A normal on a log or logit scale, as wide below its middle as above only when they say so.

    `ends` are the values at standard normal quantiles -z, 0 and z, numbers or arrays that
    broadcast against the points; logarithms are of what is above a `floor`.
    """

    ends: tuple[float, float, float] | tuple[Floats, Floats, Floats]
    z: float
    share: bool = False
    floor: float = 0.0

    def quantiles(self, points: Points) -> Floats:
        """Return the values below which the probabilities lie."""
        to, back = (logit, expit) if self.share else (self._above, self._from_above)
        low, middle, high = to(np.array(self.ends))
        step = np.where(points.z < 0, middle - low, high - middle) / self.z
        return np.asarray(back(middle + points.z * step), dtype=np.float64)

    def _above(self, values: Floats) -> Floats:
        return np.asarray(np.log(values - self.floor))

    def _from_above(self, logarithms: Floats) -> Floats:
        return np.asarray(np.exp(logarithms) + self.floor)


@dataclass(frozen=True, slots=True)
class Uniform:
    """Every value between two ends alike."""

    least: float
    most: float

    def quantiles(self, points: Points) -> Floats:
        """Return the values below which the probabilities lie."""
        return np.asarray(self.least + points.p * (self.most - self.least))


@dataclass(frozen=True, slots=True)
class Triangular:
    """A density that rises from one end to a mode and falls to the other, in straight lines."""

    least: float
    mode: float
    most: float

    def quantiles(self, points: Points) -> Floats:
        """Return the values below which the probabilities lie."""
        width, left = self.most - self.least, self.mode - self.least
        rising = self.least + np.sqrt(points.p * width * left)
        falling = self.most - np.sqrt((1 - points.p) * width * (self.most - self.mode))
        return np.where(points.p * width < left, rising, falling)


@dataclass(frozen=True, slots=True)
class Beta:
    """A beta distribution between two ends."""

    alpha: float
    beta: float
    least: float = 0.0
    most: float = 1.0

    def quantiles(self, points: Points) -> Floats:
        """Return the values below which the probabilities lie."""
        inside = beta_quantiles(self.alpha, self.beta, points.z)
        return np.asarray(self.least + inside * (self.most - self.least))


def lognormal(low: float, high: float, median: float | None, *, share: bool, floor: float) -> Shape:
    """Return the distribution whose logarithm, or logit of a share, is normal on each side.

    Raises InputError where an end leaves no room for the 5% beyond it.
    """
    if low <= floor or (share and high >= 1):
        beyond = f"above {floor:g}" if low <= floor else "below 100%"
        raise InputError(
            f"Got {told_ends(low, high, share=share)}, a 90% interval: 5% of the draws lie "
            f"{'below' if low <= floor else 'above'} it; needs that end {beyond}."
        )
    if median is None:
        ends = np.array([low, high])
        middle = expit(logit(ends).mean()) if share else np.exp(np.log(ends - floor).mean()) + floor
        median = min(max(float(middle), low), high)
    return SplitNormal((low, median, high), Z95, share, floor)


def uniform(low: float, high: float, _: float | None, *, share: bool, floor: float) -> Shape:
    """Return the uniform distribution with that 90% interval; raises InputError out of bounds."""
    beyond = (high - low) * TAIL / (1 - 2 * TAIL)
    return Uniform(*_inside(UNIFORM, low - beyond, high + beyond, share=share, floor=floor))


def triangular(low: float, high: float, mode: float | None, *, share: bool, floor: float) -> Shape:
    """Return the triangular distribution with that 90% interval and mode, its middle by default.

    The density's integral from an end is a square, which gives one equation for the place of the
    mode between the ends. Raises InputError out of bounds.
    """
    wanted = 0.5 if mode is None else (mode - low) / (high - low)

    def gap(place: float) -> float:
        lower, upper = _triangle_tails(place)
        return (place - lower) / (upper - lower) - wanted

    place = root(gap, TAIL, 1 - TAIL)
    lower, upper = _triangle_tails(place)
    width = (high - low) / (upper - lower)
    least, most = low - lower * width, high + (1 - upper) * width
    least, most = _inside(TRIANGULAR, least, most, share=share, floor=floor)
    return Triangular(least, least + place * (most - least), most)


def pert(low: float, high: float, mode: float | None, *, share: bool, floor: float) -> Shape:
    """Return the PERT distribution with that 90% interval and mode, its middle by default.

    Raises InputError out of bounds.
    """
    least, most, place = pert_with(low, (low + high) / 2 if mode is None else mode, high)
    least, most = _inside(PERT, least, most, share=share, floor=floor)
    return Beta(*pert_shape(place), least, most)


def beta(low: float, high: float, _: float | None, *, share: bool, floor: float) -> Shape:
    """Return the beta distribution with that 90% interval; raises InputError for no share."""
    del floor
    if not share or high >= 1:
        raise InputError(
            f"Got beta {told_ends(low, high, share=share)}; needs a share with both ends below "
            "100%, or lognormal, uniform, triangular or pert."
        )
    return Beta(*beta_with(low, high))


SHAPES: dict[str, Callable[..., Shape]] = {
    LOGNORMAL: lognormal,
    UNIFORM: uniform,
    TRIANGULAR: triangular,
    PERT: pert,
    BETA: beta,
}


def told_ends(low: float, high: float, unit: str = "", *, share: bool = False) -> str:
    """Return two ends as a person writes them.

    >>> told_ends(0.35, 0.45, share=True), told_ends(2, 3, "USD/GPU/hour")
    ('35..45%', '2..3 USD/GPU/hour')
    """
    if share:
        return f"{_figure(low * 100)}..{_figure(high * 100)}%"
    return f"{_figure(low)}..{_figure(high)} {unit}".strip()


def _figure(number: float) -> str:
    return f"{number:.10g}".replace("e+0", "e").replace("e+", "e")


def _triangle_tails(place: float) -> tuple[float, float]:
    """Return the 5th and 95th percentile of a triangle from 0 to 1 with its mode at `place`."""
    return float(np.sqrt(TAIL * place)), 1 - float(np.sqrt(TAIL * (1 - place)))


def _inside(
    kind: str, least: float, most: float, *, share: bool, floor: float
) -> tuple[float, float]:
    """Return the ends of a distribution; raises InputError for one that reaches out of bounds."""
    slack = 1e-12 * (most - least)
    if least < floor - slack or (share and most > 1 + slack):
        bound = f"{floor:g} or more" if least < floor - slack else "at most 100%"
        reach = told_ends(float(f"{least:.4g}"), float(f"{most:.4g}"), share=share)
        raise InputError(
            f"Got a {kind} range, a 90% interval: with 5% beyond each end it reaches {reach}; "
            f"needs {bound}. Use lognormal, or ends closer together."
        )
    return max(least, floor), min(most, 1.0) if share else most
