"""Draws to ranges, histograms and rank correlations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.errors import InputError

if TYPE_CHECKING:
    from llmcost.sampling.scales import Floats

INTERVAL = 0.8
BINS = 40
# From this ratio of the largest to the smallest value on, bins are equal on a log scale.
LOG_FROM = 4.0


def interval(values: Any, level: float = INTERVAL) -> tuple[float, float]:  # noqa: ANN401
    """Return the ends that hold the share `level` of draws (linear interpolation).

    The same share lies below as above: 0.8 gives the 10th and 90th percentile. Raises InputError
    for a level that is not between 0 and 1.
    """
    low, _, high = summary(values, level)
    return low, high


def summary(values: Any, level: float = INTERVAL) -> tuple[float, float, float]:  # noqa: ANN401
    """Return the lower end, the median and the upper end of draws, as `interval` does."""
    if not 0 < level < 1:
        raise InputError(f"interval: got {level}; needs a share between 0 and 1.")
    tail = (1 - level) / 2
    drawn = np.asarray(values, dtype=float).ravel()
    at = np.array((tail, 0.5, 1 - tail)) * (drawn.size - 1)
    below = np.floor(at).astype(int)
    above = np.ceil(at).astype(int)
    # numpy.quantile does the same, and loads a library of masked arrays for it.
    rising = np.partition(drawn, sorted({*below.tolist(), *above.tolist(), drawn.size - 1}))
    if np.isnan(rising[-1]):
        return float("nan"), float("nan"), float("nan")
    found = rising[below] + (at - below) * (rising[above] - rising[below])
    return float(found[0]), float(found[1]), float(found[2])


def histogram(values: Any, bins: int = BINS) -> dict[str, list[float] | list[int]]:  # noqa: ANN401
    """Return the edges of bins, and the count of draws in each.

    Bins are equally wide, on a log scale for positive values that span a factor of four or more;
    values that are all the same get one bin. Raises InputError for values that are not finite.
    """
    drawn = np.asarray(values, dtype=float).ravel()
    if bins < 1 or not drawn.size or not np.isfinite(drawn).all():
        raise InputError(
            f"histogram: got {drawn.size} values for {bins} bins; needs finite values, and a bin."
        )
    edges = _edges(float(drawn.min()), float(drawn.max()), bins)
    if len(edges) < 3:
        return {"edges": edges.tolist(), "counts": [int(drawn.size)]}
    counts, _ = np.histogram(drawn, edges)
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def ranks(values: Any) -> Floats:  # noqa: ANN401
    """Return the rank of each value from 1 on; equal values share the mean of their ranks."""
    drawn = np.asarray(values, dtype=float).ravel()
    order = np.argsort(drawn)
    rising = drawn[order]
    first = np.flatnonzero(np.concatenate([[True], rising[1:] != rising[:-1]]))
    counts = np.diff(first, append=drawn.size)
    found = np.empty(drawn.size)
    found[order] = np.repeat(first + (counts + 1) / 2, counts)
    return found


def rank_correlation(x: Any, y: Any) -> float:  # noqa: ANN401
    """Return Spearman's rank correlation of two sets of draws, -1 to 1, ties at their mean rank.

    It is NaN where one of them does not vary or holds NaN. Raises InputError for unequal lengths.
    Source: Spearman 1904.
    """
    one, two = (np.asarray(values, dtype=float).ravel() for values in (x, y))
    if one.size != two.size:
        raise InputError(f"Got {one.size} and {two.size} values; needs as many of each.")
    if one.size < 2 or np.isnan(one).any() or np.isnan(two).any():
        return float("nan")
    a, b = (each - each.mean() for each in (ranks(one), ranks(two)))
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(np.clip((a @ b) / size, -1.0, 1.0)) if size else float("nan")


def _edges(least: float, most: float, bins: int) -> Floats:
    spaced = np.geomspace if least > 0 and most >= LOG_FROM * least else np.linspace
    edges = np.asarray(spaced(least, most, bins + 1), dtype=float)
    edges[0], edges[-1] = least, most
    if (np.diff(edges) > 0).all():
        return edges
    return np.array([least, most])
