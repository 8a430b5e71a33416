"""How far a median of a log may be off: a block bootstrap, for steps are like their neighbours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from llmcost import sampling

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RESAMPLES = 1000
FEWEST = 3
AT_ONCE = 2_000_000


def median_factors(values: Floats, weights: Floats, draws: int, seed: int) -> Floats:
    """Return draws of the median of resampled values over the median of all of them.

    Blocks of neighbours are drawn as a whole, from a series closed to a ring, each about as long as
    the square root of the series. With fewer than three values nothing is known of their spread:
    every draw is 1. Sources: Kuensch 1989 (moving blocks); Politis and Romano 1992 (the ring).
    """
    count = len(values)
    if count < FEWEST or not np.ptp(values):
        return np.ones(draws)
    medians = np.concatenate(
        [
            _medians(values[rows], weights[rows])
            for rows in _resamples(count, min(draws, RESAMPLES), seed)
        ]
    )
    middle = float(_medians(values[None, :], weights[None, :])[0])
    return spread_out(medians / middle, "median_step_time", draws, seed)


def spread_out(resampled: Floats, name: str, draws: int, seed: int) -> Floats:
    """Return as many draws as asked for with the percentiles of resampled values."""
    return np.quantile(resampled, sampling.uniform(name, draws, seed))


def ratio_factors(above: Floats, below: Floats, draws: int, seed: int) -> Floats:
    """Return draws of the ratio of two sums over resampled pairs, over that of all of them.

    The pairs are launches, which are independent of each other. With fewer than three every draw
    is 1.
    """
    count = len(above)
    if count < FEWEST:
        return np.ones(draws)
    picked = _generator("launches", seed).integers(0, count, (min(draws, RESAMPLES), count))
    with np.errstate(all="ignore"):
        ratios = above[picked].sum(axis=1) / below[picked].sum(axis=1)
        ratios /= above.sum() / below.sum()
    ratios = ratios[np.isfinite(ratios)]
    return spread_out(ratios, "launches", draws, seed) if len(ratios) else np.ones(draws)


def stretch_factors(series: Mapping[str, Floats], ahead: float, draws: int, seed: int) -> Floats:
    """Return draws of the pace of the steps to come over that of those done, pauses included.

    Blocks of the series (of `series.NAMES`) are drawn as for a median. What is to come varies too,
    the more the shorter it is: `ahead` is its steps over those done.
    """
    rises, same = np.diff(series["stamp"], prepend=np.nan), np.diff(series["segment"], prepend=-1)
    clocked = (rises >= 0) & (same == 0)
    time, steps = np.where(clocked, rises, series["time"]), series["steps"]
    if len(time) < FEWEST or not time.sum() > 0 or not ahead > 0:
        return np.ones(draws)
    ratios = [
        time[rows].sum(axis=1) / steps[rows].sum(axis=1)
        for rows in _resamples(len(time), min(draws, RESAMPLES), seed)
    ]
    apart = np.concatenate(ratios) / (time.sum() / steps.sum()) - 1
    return spread_out(np.maximum(1 + apart * (1 + 1 / ahead) ** 0.5, 0.0), "pace", draws, seed)


def _resamples(count: int, number: int, seed: int) -> list[NDArray[np.intp]]:
    """Return places of resampled series, as rows of a few matrices of bounded size."""
    block = max(1, round(count**0.5))
    blocks = -(-count // block)
    generator = _generator("steps", seed)
    rows = max(1, AT_ONCE // count)
    found = []
    for start in range(0, number, rows):
        some = min(rows, number - start)
        first = generator.integers(0, count, (some, blocks, 1))
        places = (first + np.arange(block)) % count
        found.append(places.reshape(some, -1)[:, :count])
    return found


def _medians(values: Floats, weights: Floats) -> Floats:
    """Return the weighted median of each row."""
    order = np.argsort(values, axis=1)
    rising = np.take_along_axis(values, order, axis=1)
    reached = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1)
    half = reached[:, -1:] / 2
    at = (reached < half * (1 - 1e-12)).sum(axis=1)
    found = np.take_along_axis(rising, at[:, None], axis=1)[:, 0]
    after = np.take_along_axis(rising, np.minimum(at + 1, values.shape[1] - 1)[:, None], axis=1)
    on_border = np.abs(np.take_along_axis(reached, at[:, None], axis=1) - half) <= 1e-9 * half
    return np.where(on_border[:, 0], (found + after[:, 0]) / 2, found)


def _generator(name: str, seed: int) -> np.random.Generator:
    return np.random.default_rng([seed, crc32(name.encode())])
