"""From a batch to what reducers compare: rows that are wanted, their groups, and their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.errors import InputError
from llmcost.sampling import INTERVAL
from llmcost.studies.sweeping.batch import Batch
from llmcost.studies.sweeping.parameters import ALL_LEGAL, LAYOUT
from llmcost.studies.sweeping.reducers.labelling import layout_texts
from llmcost.studies.sweeping.reducers.schema import labels_of, name_units

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.expressions import Expression
    from llmcost.studies.sweeping.axes import Axis
    from llmcost.studies.sweeping.keeps import Keep
    from llmcost.studies.sweeping.plan import Plan

    Floats = NDArray[np.float64]
    Rows = NDArray[np.intp]

# Linear positions among the sorted draws, as `sampling.summary` has them.
POSITIONS = {"low": (1 - INTERVAL) / 2, "median": 0.5, "high": 1 - (1 - INTERVAL) / 2}
STATISTICS = (*POSITIONS, "mean")
# Draws that are sorted at a time, so that the copies stay in the cache.
CHUNK = 1 << 17


class Condition:
    """Which rows of a batch a keep asks for."""

    def __init__(self, keep: Keep, plan: Plan) -> None:
        self._expression: Expression | None = None
        if keep.where is not None:
            from llmcost.expressions import read_condition

            self._expression = read_condition(keep.where, name_units(plan))

    def rows(self, batch: Batch) -> Rows:
        """Return the numbers of the rows that are wanted, rising."""
        if self._expression is None:
            return np.arange(len(batch), dtype=np.intp)
        columns = {name: self._column(batch, name) for name in self._expression.names}
        mask = self._expression.mask(columns)
        return np.flatnonzero(np.broadcast_to(mask, (len(batch),)))

    def _column(self, batch: Batch, name: str) -> Any:  # noqa: ANN401
        if name == LAYOUT and batch.layouts is not None:
            texts = layout_texts(batch, np.arange(len(batch)))
            return texts.to_numpy(zero_copy_only=False)
        known = name in batch.axes or name in batch.middle
        return batch.columns([name])[name] if known else np.nan


@dataclass(frozen=True, slots=True)
class Members:
    """The group of each row: `code` counts from 0 on inside a batch, `ids` are the groups."""

    code: NDArray[np.int64] | None
    ids: NDArray[np.int64]

    @property
    def group(self) -> NDArray[np.int64]:
        """The group of each row; one number for all where there is one group only."""
        return self.ids if self.code is None else self.ids[self.code]


def group_axes(keep: Keep, plan: Plan) -> list[Axis]:
    """Return the axes that make groups, in the order of the plan.

    Raises InputError for a group a layout of all legal ones.
    """
    axes = [axis for axis in plan.axes if axis.name in keep.per]
    if any(ALL_LEGAL in axis.values for axis in axes):
        raise InputError(
            f"keep {keep.name!r}: got per layout, and the plan asks for all legal ones; needs "
            "axes with values that are listed. Leave layout out of per, or keep rows."
        )
    return axes


class Groups:
    """Groups of a keep, numbered in the order of the grid: the first axis of `per` is slowest."""

    def __init__(self, keep: Keep, plan: Plan) -> None:
        self.axes = group_axes(keep, plan)
        self._labels = [labels_of(axis) for axis in self.axes]
        sizes = [len(labels) for labels in self._labels]
        self._strides = [prod(sizes[at + 1 :]) for at in range(len(sizes))]
        self._places = [
            {label: at for at, label in reversed(list(enumerate(labels)))}
            for labels in self._labels
        ]

    def of(self, batch: Batch, rows: Rows) -> Members:
        """Return the groups of some rows of a batch."""
        base, code, ids = 0, None, np.zeros(1, np.int64)
        for axis, places, stride in zip(self.axes, self._places, self._strides, strict=True):
            if axis.name not in batch.inner:
                base += places[batch.case[axis.name]] * stride
                continue
            own = _positions(batch.inner[axis.name][rows], places)
            code = own if code is None else code * len(places) + own
            ids = (ids[:, None] + np.arange(len(places)) * stride).ravel()
        return _dense(code, ids + base)

    def labels(self, groups: NDArray[np.int64]) -> dict[str, list[Any]]:
        """Return the labels of groups by axis, in the order of the plan."""
        found = {}
        for axis, labels, stride in zip(self.axes, self._labels, self._strides, strict=True):
            at = groups // stride % len(labels)
            found[axis.name] = [labels[i] for i in at.tolist()]
        return found


def _positions(values: NDArray[Any], places: dict[Any, int]) -> NDArray[np.int64]:
    """Return the place of each label among those of its axis."""
    if values.dtype.kind in "OU":
        found = [places[value] for value in values.tolist()]
        return np.array(found, dtype=np.int64)
    labels = np.array(list(places), dtype=np.float64)
    order = np.argsort(labels)
    at = order[np.searchsorted(labels[order], values)]
    return np.array(list(places.values()), dtype=np.int64)[at]


def _dense(code: NDArray[np.int64] | None, ids: NDArray[np.int64]) -> Members:
    """Return members without groups that have no row where these would be many."""
    if code is None or ids.size <= max(4 * code.size, 64):
        return Members(code, ids)
    present, dense = np.unique(code, return_inverse=True)
    return Members(dense.astype(np.int64), ids[present])


def values_of(batch: Batch, of: str, rows: Rows) -> Floats:
    """Return a result at middle values, or a statistic of its draws, of some rows, which rise.

    What the batch does not have is NaN.
    """
    name, _, statistic = of.partition(".")
    if statistic:
        return statistics_of(batch, name, rows, [statistic])[statistic]
    found = batch.middle.get(name)
    if found is None:
        return np.full(rows.size, np.nan)
    return found if rows.size == len(batch) else found[rows]


def columns_of(batch: Batch, wanted: Iterable[str], rows: Rows) -> dict[str, Floats]:
    """Return several results or statistics of some rows; draws of one result are sorted once."""
    names = list(wanted)
    asked: dict[str, list[str]] = {}
    for name, _, statistic in (of.partition(".") for of in names):
        if statistic:
            asked.setdefault(name, []).append(statistic)
    found = {of: values_of(batch, of, rows) for of in names if "." not in of}
    for name, statistics in asked.items():
        values = statistics_of(batch, name, rows, statistics)
        found |= {f"{name}.{statistic}": column for statistic, column in values.items()}
    return {of: found[of] for of in names}


def statistics_of(batch: Batch, name: str, rows: Rows, wanted: Sequence[str]) -> dict[str, Floats]:
    """Return statistics over the draws of each configuration by name.

    low, median and high lie at the 10th, 50th and 90th percentile (linear interpolation); one draw
    that is not known makes them unknown, as for an estimate.
    """
    draws = batch.draws.get(name)
    found = {statistic: np.full(rows.size, np.nan) for statistic in wanted}
    if draws is None or not draws.shape[1]:
        return found
    step = max(CHUNK // draws.shape[1], 1)
    for start in range(0, rows.size, step):
        some = draws[rows[start : start + step]]
        for statistic, values in _statistics(some, wanted).items():
            found[statistic][start : start + step] = values
    return found


def _statistics(draws: Floats, wanted: Iterable[str]) -> dict[str, Floats]:
    """Return statistics of each row of draws, which is sorted in place where that is needed."""
    found = {"mean": draws.mean(axis=1)} if "mean" in wanted else {}
    ordered = [statistic for statistic in wanted if statistic in POSITIONS]
    last = draws.shape[1] - 1
    at = {statistic: POSITIONS[statistic] * last for statistic in ordered}
    ends = {end for where in at.values() for end in (int(where), int(-(-where // 1)))}
    if ordered:
        draws.partition(sorted({*ends, last}), axis=1)
    for statistic, where in at.items():
        below, above = draws[:, int(where)], draws[:, int(-(-where // 1))]
        with np.errstate(all="ignore"):
            between = below + (where - int(where)) * (above - below)
        values = np.where(below == above, below, between)
        found[statistic] = np.where(np.isnan(draws[:, last]), np.nan, values)
    return found
