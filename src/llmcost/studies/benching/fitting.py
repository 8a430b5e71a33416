"""Samples of a bench as the constants of the model of a training step, with their spread.

Times are fitted in their logarithm, by damped Gauss-Newton steps on constants that cannot be below
nought; a sample that varied much weighs little. Medians are fitted: what a user gets. What was
proved wrong does not count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.formulas.communication import all_reduce_traffic, gather_traffic

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Sample = Mapping[str, Any]

STEPS, NUDGE, LONGEST = 60, 1e-6, 1.0
LEAST_NOISE = 0.03
# The 20th and the 80th percentile of a normal distribution lie so many deviations apart.
P20_TO_P80 = 1.683
# An 80% interval reaches so many deviations to each side.
EIGHTY = 1.2816
ODD = "odd"
# Widths of the logarithm of what is thought before a fit: of a rate, of times that few shapes show.
RATE_WIDTH, TIME_WIDTH = 0.3, 1.5
# What a side and a kernel are thought to take of the time of a product.
SMALL_SHARE = 0.05
FUSED_TRIAD, ANY_TRIAD = "triad", "triad in two passes"
ALL_REDUCE = "all_reduce"


@dataclass(frozen=True, slots=True)
class Fitted:
    """A number got from samples, its 80% interval, and how many samples are behind it."""

    value: float
    low: float
    high: float
    samples: int

    def inverse(self) -> Fitted:
        """Return the reciprocal, such as a rate of a time."""
        return Fitted(1 / self.value, 1 / self.high, 1 / self.low, self.samples)

    def times(self, factor: float) -> Fitted:
        """Return the number in another unit, `factor` times as large."""
        ends = (self.value * factor, self.low * factor, self.high * factor)
        return Fitted(*ends, self.samples)


@dataclass(frozen=True, slots=True)
class MatmulFit:
    """The curve of products as `llmcost.formulas.compute.matmul_time` has it.

    `rate` [FLOP/s] of large ones, `side_time` [s] of an element of a side, `kernel_time` [s] of a
    product; `residual` is the mean square error of the logarithm of a time, as a root.
    """

    rate: Fitted
    side_time: Fitted
    kernel_time: Fitted
    residual: float


@dataclass(frozen=True, slots=True)
class LinkFit:
    """What a collective takes: `latency` [s] of a small one, `bandwidth` [byte/s] of a link."""

    op: str
    ranks: int
    backend: str
    latency: Fitted
    bandwidth: Fitted


def right(samples: Iterable[Sample], kind: str, dtype: str | None = None) -> list[Sample]:
    """Return the samples of a kind, at one precision if asked, that count.

    Those that were proved wrong do not, nor those of a device alone that was measured beside its
    peers too: together they share power and cooling, as in a run.
    """
    alike = [one for one in samples if one["kind"] == kind and dtype in (None, one["dtype"])]
    return [
        one
        for one in alike
        if one.get("verified") is not False and one.get("together") is not False
    ]


def precisions(samples: Iterable[Sample], kind: str = "gemm") -> list[str]:
    """Return the precisions that samples of a kind were taken at, in order."""
    return list(dict.fromkeys(str(one["dtype"]) for one in right(samples, kind)))


def matmul_fit(samples: Iterable[Sample], dtype: str) -> MatmulFit | None:
    """Return the curve of products at a precision, `None` without any.

    Products of odd sides are left out: they show what to avoid, not what a model does.
    """
    found = [one for one in right(samples, "gemm", dtype) if one.get("role") != ODD]
    if not found:
        return None
    flop = np.array([float(one["flop"]) for one in found])
    sides = np.array([_sides(one) for one in found])
    times = np.array([float(one["median_s"]) for one in found])
    prior = np.array(
        [
            1 / max(float(one["best_value"]) for one in found),
            SMALL_SHARE * float(np.median(times / sides)),
            SMALL_SHARE * float(times.min()),
        ]
    )
    terms = np.column_stack([flop, sides, np.ones_like(flop)])
    width = np.array([RATE_WIDTH, TIME_WIDTH, TIME_WIDTH])
    theta, error, residual = _fit(terms, times, _noises(found), prior, width)
    rate, side, kernel = (
        _ended(float(value), float(np.hypot(each, residual if i == 0 else 0.0)), len(found))
        for i, (value, each) in enumerate(zip(theta, error, strict=True))
    )
    return MatmulFit(rate.inverse(), side, kernel, residual)


def _sides(one: Sample) -> float:
    m, n, k = float(one["m"]), float(one["n"]), float(one["k"])
    return m * k + k * n + m * n


def best_product(samples: Iterable[Sample], dtype: str) -> Sample | None:
    """Return the sample of the fastest product at a precision, `None` without any."""
    found = right(samples, "gemm", dtype)
    return max(found, key=lambda one: float(one["best_value"]), default=None)


def odd_share(samples: Iterable[Sample], dtype: str, curve: MatmulFit) -> float | None:
    """Return the rate of products of odd sides over that of like even ones, `None` without any."""
    found = [one for one in right(samples, "gemm", dtype) if one.get("role") == ODD]
    shares = [
        (one["flop"] / curve.rate.value + _sides(one) * curve.side_time.value) / one["median_s"]
        for one in found
    ]
    return float(np.median(shares)) if shares else None


def memory_rate(samples: Iterable[Sample]) -> Fitted | None:
    """Return the memory bandwidth [byte/s]: of the triad, else of what else moved; or `None`."""
    found = right(samples, "memory")
    for op in (FUSED_TRIAD, ANY_TRIAD, None):
        alike = [one for one in found if op in (None, one.get("op"))]
        if alike:
            return rate_of(max(alike, key=lambda one: float(one["value"])))
    return None


def rate_of(one: Sample) -> Fitted:
    """Return the rate of a sample, from its 20th to its 80th percentile, in its unit."""
    amount = float(one["value"]) * float(one["median_s"])
    return Fitted(float(one["value"]), amount / one["p80_s"], amount / one["p20_s"], 1)


def time_of(one: Sample) -> Fitted:
    """Return the time of a sample [s], from its 20th to its 80th percentile."""
    return Fitted(float(one["median_s"]), float(one["p20_s"]), float(one["p80_s"]), 1)


def update_time(samples: Iterable[Sample]) -> Fitted | None:
    """Return what the optimizer takes for one parameter [s], `None` where it was not measured."""
    found = right(samples, "optimizer")
    if not found:
        return None
    largest = max(found, key=lambda one: float(one["parameters"]))
    return time_of(largest).times(1 / float(largest["parameters"]))


def link_fits(samples: Iterable[Sample]) -> list[LinkFit]:
    """Return what each collective over each number of ranks takes, t = latency + f S / bandwidth.

    f is what one device sends of a message of S bytes: 2 (n - 1) / n of it in an all-reduce over n,
    (n - 1) / n in a gather, scatter or exchange of all with all, all of it from point to point.
    """
    groups: dict[tuple[str, int, str], list[Sample]] = {}
    for one in right(samples, "collective"):
        key = (str(one["op"]), int(one["ranks"]), str(one.get("backend", "")))
        groups.setdefault(key, []).append(one)
    return [_link_fit(*key, found) for key, found in groups.items() if len(found) > 1]


def passed_share(op: str, ranks: int) -> float:
    """Return what one of so many ranks sends of a message, as a multiple of it."""
    if ranks < 2 or op in ("broadcast", "reduce", "send", "send_recv"):
        return 1.0
    traffic = all_reduce_traffic if op == ALL_REDUCE else gather_traffic
    return float(traffic.kernel(ranks=float(ranks)))


def _link_fit(op: str, ranks: int, backend: str, found: Sequence[Sample]) -> LinkFit:
    sent = np.array([passed_share(op, ranks) * float(one["bytes"]) for one in found])
    times = np.array([float(one["median_s"]) for one in found])
    prior = np.array([float(times.min()), float((times / sent)[np.argmax(sent)])])
    terms = np.column_stack([np.ones_like(sent), sent])
    theta, error, _ = _fit(terms, times, _noises(found), prior, np.full(2, TIME_WIDTH))
    latency, each = (
        _ended(float(value), float(wide), len(found))
        for value, wide in zip(theta, error, strict=True)
    )
    return LinkFit(op, ranks, backend, latency, each.inverse())


def _noises(found: Sequence[Sample]) -> Floats:
    """Return the deviation of the logarithm of each median, from how far its runs lie apart."""
    return np.array(
        [max(LEAST_NOISE, log(one["p80_s"] / one["p20_s"]) / P20_TO_P80) for one in found]
    )


def _ended(value: float, error: float, samples: int) -> Fitted:
    reach = exp(min(EIGHTY * error, 50.0))
    return Fitted(value, value / reach, value * reach, samples)


def _fit(
    terms: Floats, times: Floats, noise: Floats, prior: Floats, width: Floats
) -> tuple[Floats, Floats, float]:
    """Return constants of least penalised error, errors of their logarithms, and what remains.

    `terms` times constants are times; `prior` and `width` (of the logarithm) say what was thought.
    """
    start = np.log(prior)
    theta, system = start.copy(), np.zeros((1, prior.size))
    for _ in range(STEPS):
        parts = terms * np.exp(theta)
        predicted = parts.sum(axis=1)
        slopes = parts / predicted[:, None] / noise[:, None]
        gap = np.log(predicted / times) / noise
        system = np.vstack([slopes, np.diag(1.0 / width)])
        target = np.concatenate([gap, (theta - start) / width])
        move = np.clip(np.linalg.lstsq(system, -target, rcond=None)[0], -LONGEST, LONGEST)
        theta = theta + move
        if np.abs(move).max() < NUDGE:
            break
    left = np.log(terms @ np.exp(theta) / times)
    weight = noise**-2
    residual = float(np.sqrt((weight * left**2).sum() / weight.sum()))
    error = np.sqrt(np.diag(np.linalg.inv(system.T @ system)))
    return np.exp(theta), error, residual
