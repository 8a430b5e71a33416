"""Quantiles of the beta distribution, and the beta or PERT that has a given 90% interval.

A beta variable x is handled as y = logit(x), whose density is smooth and falls off on both sides.
Its integral is summed on a grid by the trapezoidal rule with end corrections (the first term of
Euler and Maclaurin), which is exact to about 1e-11 here, and inverted by cubic interpolation.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, log, log1p, sqrt
from statistics import NormalDist
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from llmcost.errors import InputError
from llmcost.sampling.scales import expit
from llmcost.sampling.solving import root

if TYPE_CHECKING:
    from llmcost.sampling.scales import Floats

NODES = 4097
DROP = 45.0
RAREST = 1e-16
NORMAL = NormalDist()
TAIL = 0.05
Z95 = NORMAL.inv_cdf(1 - TAIL)
STEPS, CLOSE, FLAT = 60, 1e-9, 1e-12
SMALLEST, LARGEST, NARROWEST = 0.05, 1e15, 1e-5


class Integral(NamedTuple):
    """On a grid of y = logit(x): the density, and the probability below and above each node."""

    y: Floats
    density: Floats
    below: Floats
    above: Floats


def beta_quantiles(alpha: float, beta: float, z: Floats) -> Floats:
    """Return the quantiles of a beta distribution at standard normal quantiles `z`."""
    nodes, y, slope = _inverse(alpha, beta)
    return np.asarray(expit(_hermite(np.clip(z, nodes[0], nodes[-1]), nodes, y, slope)))


@lru_cache(maxsize=256)
def beta_with(low: float, high: float) -> tuple[float, float]:
    """Return alpha and beta of the distribution with the 5th and 95th percentile given.

    Newton's method on the logarithms of both, in normal quantiles, where the two conditions are
    nearly linear. Raises InputError where no beta distribution has these percentiles.
    """
    ends = np.array([log(end) - log1p(-end) for end in (low, high)])
    found = _solved(ends) if ends[1] - ends[0] > NARROWEST else None
    if found is None:
        raise InputError(
            f"Got a 90% interval {low:g}..{high:g}, which no beta distribution of use has; needs "
            "uniform or lognormal, or ends that are neither so close nor so extreme."
        )
    return found


def _solved(ends: Floats) -> tuple[float, float] | None:
    """Return alpha and beta for two logits, or `None` where the steps lead out of all bounds."""
    wanted = np.array([-Z95, Z95])
    guess = np.log(_first_guess(float(ends[0]), float(ends[1])))
    for _ in range(STEPS):
        gap = _normal_scores(guess, ends) - wanted
        if np.abs(gap).max() < CLOSE:
            return float(np.exp(guess[0])), float(np.exp(guess[1]))
        slopes = _slopes(guess, ends)
        if abs(np.linalg.det(slopes)) < FLAT:
            return None
        step = np.linalg.solve(slopes, gap)
        guess = guess - step * min(1.0, 1.0 / np.abs(step).max())
        if not np.all((guess > log(SMALLEST)) & (guess < log(LARGEST))):
            return None
    return None


@lru_cache(maxsize=256)
def pert_with(low: float, mode: float, high: float) -> tuple[float, float, float]:
    """Return the ends of the PERT distribution with that mode, 5th and 95th percentile.

    The third number is the place of the mode between the ends, from 0 to 1.
    """
    wanted = (mode - low) / (high - low)

    def gap(place: float) -> float:
        lower, upper = _pert_tails(place)
        return (place - lower) / (upper - lower) - wanted

    place = root(gap, 0.0, 1.0)
    lower, upper = _pert_tails(place)
    width = (high - low) / (upper - lower)
    return low - lower * width, low + (1 - lower) * width, place


def pert_shape(place: float) -> tuple[float, float]:
    """Return alpha and beta of a PERT distribution from the place of its mode between its ends.

    Source: Malcolm, Roseboom, Clark and Fazar 1959, mean = (least + 4 mode + most) / 6.
    """
    return 1 + 4 * place, 1 + 4 * (1 - place)


def _pert_tails(place: float) -> tuple[float, float]:
    lower, upper = beta_quantiles(*pert_shape(place), np.array([-Z95, Z95]))
    return float(lower), float(upper)


def _first_guess(low: float, high: float) -> tuple[float, float]:
    """Return alpha and beta whose logit has about the median and the width of two logits."""
    middle, deviation = (low + high) / 2, (high - low) / (2 * Z95)
    wide = min(deviation, deviation**2)
    return (1 + exp(middle)) / wide, (1 + exp(-middle)) / wide


def _normal_scores(logarithms: Floats, ends: Floats) -> Floats:
    """Return the probability below each end, as a standard normal quantile."""
    found = _integral(float(np.exp(logarithms[0])), float(np.exp(logarithms[1])))
    below = _hermite(ends, found.y, found.below, found.density)
    above = _hermite(ends, found.y, found.above, -found.density)
    return np.array([_score(float(p), float(q)) for p, q in zip(below, above, strict=True)])


def _slopes(logarithms: Floats, ends: Floats) -> Floats:
    """Return by how much each score moves with each logarithm (central differences)."""
    step = 1e-5
    columns = [
        (_normal_scores(logarithms + each, ends) - _normal_scores(logarithms - each, ends))
        / (2 * step)
        for each in np.eye(2) * step
    ]
    return np.column_stack(columns)


def _score(below: float, above: float) -> float:
    if below < above:
        return NORMAL.inv_cdf(max(below, RAREST))
    return -NORMAL.inv_cdf(max(above, RAREST))


def _integral(alpha: float, beta: float) -> Integral:
    """Return the distribution of logit(x) on a grid that holds all but 1e-18 of it."""
    mode = log(alpha / beta)
    y = np.linspace(_edge(alpha, beta, -1.0), _edge(alpha, beta, 1.0), NODES)
    density = np.exp(_log_density(alpha, beta, y) - _log_density(alpha, beta, np.array(mode)))
    slope = density * (alpha - (alpha + beta) * expit(y))
    step = y[1] - y[0]
    parts = step / 2 * (density[:-1] + density[1:]) + step**2 / 12 * (slope[:-1] - slope[1:])
    below = np.concatenate([[0.0], np.cumsum(parts)])
    above = np.concatenate([np.cumsum(parts[::-1])[::-1], [0.0]])
    return Integral(y, density / below[-1], below / below[-1], above / below[-1])


def _log_density(alpha: float, beta: float, y: Floats) -> Floats:
    """Return log of x^alpha (1 - x)^beta at y = logit(x)."""
    return np.asarray(-alpha * np.logaddexp(0, -y) - beta * np.logaddexp(0, y))


def _edge(alpha: float, beta: float, sign: float) -> float:
    """Return where the density of logit(x) has fallen by exp(-DROP), on one side of its mode."""
    mode = log(alpha / beta)
    top = float(_log_density(alpha, beta, np.array(mode)))

    def fallen(distance: float) -> float:
        return top - float(_log_density(alpha, beta, np.array(mode + sign * distance)))

    distance = sqrt(1 / alpha + 1 / beta)
    while fallen(distance) < DROP:
        distance *= 1.25
    return mode + sign * distance


@lru_cache(maxsize=64)
def _inverse(alpha: float, beta: float) -> tuple[Floats, Floats, Floats]:
    """Return normal quantiles z, y = logit(x) there, and dy/dz."""
    found = _integral(alpha, beta)
    inside = (found.below > RAREST) & (found.above > RAREST)
    pairs = zip(found.below[inside], found.above[inside], strict=True)
    z = np.array([_score(float(below), float(above)) for below, above in pairs])
    normal_density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    return z, found.y[inside], normal_density / found.density[inside]


def _hermite(at: Floats, x: Floats, y: Floats, slope: Floats) -> Floats:
    """Return a cubic through nodes with their slopes, at points inside or at the ends."""
    i = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    width = x[i + 1] - x[i]
    t = np.clip((at - x[i]) / width, 0.0, 1.0)
    left = (1 + 2 * t) * y[i] + t * width * slope[i]
    right = (3 - 2 * t) * y[i + 1] - (1 - t) * width * slope[i + 1]
    return np.asarray((1 - t) ** 2 * left + t**2 * right)
