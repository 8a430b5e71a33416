"""The Pareto front of each group: configurations that no other is at least as good as in all."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.studies.sweeping.keeps import Keep
    from llmcost.studies.sweeping.reducers.values import Members

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Rows = NDArray[np.intp]

# Points of the front so far that are tried first on the rows of a batch.
PIVOTS = 8
# How much the first objective counts in the sums whose smallest member is tried as well.
WEIGHTS = (1.0, 0.1, 10.0)


class ParetoPicker:
    """Rows of each group that no other dominates; of equal ones the first of the grid.

    One row dominates another where it is at least as small in every objective and smaller in one.
    """

    def __init__(self) -> None:
        self._pivots: dict[int, Floats] = {}

    def compares(self, keep: Keep) -> tuple[str, ...]:
        """Return the objectives."""
        return keep.of

    def few(self, members: Members, values: Sequence[Floats], config: Whole) -> Rows:
        """Return the front of one batch, without what the pivots of the fronts so far dominate."""
        code = members.code
        if code is not None:
            rows = _not_worse_than_group(code, values, members.ids.size)
            return rows[front(code[rows], [v[rows] for v in values], (config[rows],))]
        group = int(members.ids[0])
        rows = self._not_worse_than_pivots(group, values)
        some = [column[rows] for column in values]
        rows = rows[front(np.zeros(rows.size, np.int64), some, (config[rows],))]
        self._keep_pivots(group, np.stack([column[rows] for column in values], axis=1))
        return rows

    def _not_worse_than_pivots(self, group: int, values: Sequence[Floats]) -> Rows:
        pivots = self._pivots.get(group, np.zeros((0, len(values))))
        rows = _without(np.arange(values[0].size), values, pivots)
        if not rows.size:
            return rows
        return _without(rows, values, _compromises([column[rows] for column in values]))

    def _keep_pivots(self, group: int, found: Floats) -> None:
        points = np.concatenate([self._pivots.get(group, found[:0]), found])
        columns = list(points.T)
        order = front(np.zeros(len(points), np.int64), columns, ())
        spread = np.unique(np.linspace(0, order.size - 1, PIVOTS).astype(np.intp))
        middle_first = np.argsort(np.abs(spread - order.size // 2), kind="stable")
        self._pivots[group] = points[order[spread[middle_first]]]

    def choose(self, group: Whole, values: Sequence[Floats], case: Whole, config: Whole) -> Rows:
        """Return the front of each group, groups in the order of the grid, by the objectives."""
        return front(group, list(values), (config, case))


def _without(rows: Rows, values: Sequence[Floats], pivots: Floats) -> Rows:
    """Return rows that no pivot dominates; rows are left out for good once most can be."""
    some = list(values) if rows.size == values[0].size else [column[rows] for column in values]
    kept = np.ones(rows.size, dtype=bool)
    for pivot in pivots:
        kept &= ~dominated(some, pivot)
        if 2 * np.count_nonzero(kept) < kept.size:
            rows, some = rows[kept], [column[kept] for column in some]
            kept = np.ones(rows.size, dtype=bool)
    return rows[kept]


def dominated(values: Sequence[Floats], point: Sequence[Floats] | Floats) -> NDArray[np.bool_]:
    """Return which rows a point dominates: at least as large in all, and larger in one."""
    worse = values[0] >= point[0]
    larger = values[0] > point[0]
    for column, end in zip(values[1:], point[1:], strict=True):
        worse &= column >= end
        larger |= column > end
    return worse & larger


def front(group: Whole, values: Sequence[Floats], ties: tuple[Whole, ...]) -> Rows:
    """Return the rows of each group that no other dominates, by group and objectives.

    Of rows with the same objectives the one with the smallest ties is returned (last tie first).
    """
    order: Rows = np.lexsort((*ties, *reversed(values), group))
    if not order.size:
        return order
    group, values = group[order], [column[order] for column in values]
    new = np.concatenate([[True], group[1:] != group[:-1]])
    if len(values) == 2:
        new = _falling(values[1], np.cumsum(new), new)
    if len(values) <= 2:
        first: Rows = order[new]
        return first
    starts = [*np.flatnonzero(new).tolist(), group.size]
    table = np.stack(values, axis=1)
    parts = [start + _many(table[start:end]) for start, end in pairwise(starts)]
    whole: Rows = order[np.concatenate(parts)]
    return whole


def _falling(second: Floats, code: Whole, new: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which rows, sorted by the first objective, are below all before them in the second.

    Later groups get lower numbers than earlier ones, so that one running minimum does for all.
    """
    _, height = np.unique(second, return_inverse=True)
    number = height - code * (second.size + 1)
    lowest = np.minimum.accumulate(number)
    kept = new.copy()
    kept[1:] |= number[1:] < lowest[:-1]
    return kept


def _many(table: Floats) -> Rows:
    """Return the front of rows that are sorted by all objectives: no row dominates one before."""
    left = np.arange(len(table))
    found = []
    while left.size:
        found.append(left[0])
        below = (table[left] < table[left[0]]).any(axis=1)
        left = left[below]
    return np.array(found, dtype=np.intp)


def _compromises(values: Sequence[Floats]) -> Floats:
    """Return a few rows that are good in all objectives, and likely to dominate many others."""
    scales = [abs(float(column.min())) or 1.0 for column in values]
    with np.errstate(all="ignore"):  # Any row will do where the sums overflow.
        rest = sum(column / scale for column, scale in zip(values[1:], scales[1:], strict=True))
        first = values[0] / scales[0]
        rows = {int(np.argmin(weight * first + rest)) for weight in WEIGHTS}
    return np.array([[column[row] for column in values] for row in sorted(rows)])


def _not_worse_than_group(code: Whole, values: Sequence[Floats], count: int) -> Rows:
    """Return rows that one good row of their own group does not dominate."""
    score = np.zeros(code.size)
    for column in values:
        least = np.full(count, np.inf)
        np.minimum.at(least, code, column)
        scale = np.abs(least)
        scale[scale == 0] = 1.0
        with np.errstate(all="ignore"):
            score += column / scale[code]
    least = np.full(count, np.inf)
    np.minimum.at(least, code, score)
    good = np.flatnonzero(score == least[code])
    pivot = np.zeros(count, dtype=np.intp)
    pivot[code] = np.arange(code.size)  # Any row of the group, where its scores overflow.
    pivot[code[good]] = good
    mine = pivot[code]
    return np.flatnonzero(~dominated(values, [column[mine] for column in values]))
