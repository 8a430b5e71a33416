"""Histograms of each group, from the same counts as quantiles."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from llmcost.studies.sweeping.reducers import sketch
from llmcost.studies.sweeping.reducers.quantiles import axis_columns, content_of
from llmcost.studies.sweeping.reducers.schema import arrow, described, result_header, result_unit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.studies.sweeping.keeps import Keep
    from llmcost.studies.sweeping.plan import Plan

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]


class Bins(NamedTuple):
    """Bins with their counts; a value at an upper end is in the next bin, but for the last."""

    low: Floats
    high: Floats
    counts: Whole


def final_histogram(keep: Keep, plan: Plan, partial: Any) -> Any:  # noqa: ANN401
    """Return a row a bin of each group.

    Bins of a group have equal widths on a log scale, to within the width of a bucket (0.2%), so
    that counts are exact; zero and infinity have bins of their own, negative values mirrored ones.
    What is not known is counted in a last row without ends.
    """
    pa = arrow()
    content = content_of(partial, keep)
    groups, first = np.unique(content.group, return_index=True)
    bounds = [*first.tolist(), content.key.size]
    parts = [
        binned(sketch.part(content, slice(start, end)), keep.bins)
        for start, end in pairwise(bounds)
    ]
    whole = joined(parts)
    of, lengths = keep.of[0], [part.counts.size for part in parts]
    columns = axis_columns(keep, plan, np.repeat(groups, lengths).astype(np.int64))
    for suffix, end in (("from", whole.low), ("to", whole.high)):
        values = pa.array(end, from_pandas=True)
        columns.append((result_header(of, plan, suffix), result_unit(of), values))
    columns.append(("count", "", pa.array(whole.counts)))
    return described(columns, keep, plan)


def binned(content: sketch.Content, bins: int) -> Bins:
    """Return the bins of one group, rising."""
    key, count = content.key, content.counts
    least, most = content.least[0], content.most[-1]
    below = (key < 0) & (key > -sketch.INFINITY)
    above = (key > 0) & (key < sketch.INFINITY)
    share = _share(key[below], key[above], bins)
    mirrored = _side(-key[below][::-1], count[below][::-1], share)
    sides = [
        _one(-np.inf, count[key == -sketch.INFINITY]),
        Bins(-mirrored.high[::-1], -mirrored.low[::-1], mirrored.counts[::-1]),
        _one(0.0, count[key == 0]),
        _side(key[above], count[above], bins - share),
        _one(np.inf, count[key == sketch.INFINITY]),
    ]
    whole = joined(sides)
    ended = Bins(np.maximum(whole.low, least), np.minimum(whole.high, most), whole.counts)
    return joined([ended, _one(np.nan, count[key == sketch.UNKNOWN])])


def joined(parts: list[Bins]) -> Bins:
    """Return bins one after another."""
    none = Bins(np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
    return Bins(*(np.concatenate(columns) for columns in zip(none, *parts, strict=True)))


def _one(value: float, count: Whole) -> Bins:
    """Return a bin of one value, none where no value is counted."""
    ends = np.full(count.size, value)
    return Bins(ends, ends, count)


def _share(below: Whole, above: Whole, bins: int) -> int:
    """Return how many bins negative values get, by the share of the buckets they span."""
    spans = [float(np.ptp(side) + 1) if side.size else 0.0 for side in (below, above)]
    if not all(spans):
        return bins if spans[0] else 0
    return min(max(round(bins * spans[0] / sum(spans)), 1), max(bins - 1, 1))


def _side(key: Whole, count: Whole, bins: int) -> Bins:
    """Return bins of positive values whose edges are edges of buckets."""
    if not key.size:
        return joined([])
    first, last = np.log(sketch.lower_ends(np.array([key[0], key[-1]])))
    wanted = np.exp(np.linspace(first, last, max(bins, 1) + 1))
    inner = np.rint(wanted.view(np.int64) / (1 << sketch.SHIFT)).astype(np.int64)[1:-1]
    edges = np.unique(np.concatenate([[key[0]], np.clip(inner, key[0], key[-1]), [key[-1] + 1]]))
    total = np.zeros(edges.size - 1, dtype=np.int64)
    np.add.at(total, np.searchsorted(edges, key, side="right") - 1, count)
    values = sketch.lower_ends(edges)
    return Bins(values[:-1], values[1:], total)
