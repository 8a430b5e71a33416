"""The best configurations of each group by one objective."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from llmcost.studies.sweeping.reducers.picking import ranks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.studies.sweeping.keeps import Keep
    from llmcost.studies.sweeping.reducers.values import Members

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Rows = NDArray[np.intp]


class BestPicker:
    """The `top` rows of each group with the smallest value; of equal ones the first of the grid.

    `_limits` is the value of the last one that is kept of each full group so far: what is above it
    cannot be among the best any more.
    """

    def __init__(self, top: int) -> None:
        self._top = top
        self._limits: dict[int, float] = {}

    def compares(self, keep: Keep) -> tuple[str, ...]:
        """Return the objectives."""
        return keep.of

    def few(self, members: Members, values: Sequence[Floats], config: Whole) -> Rows:
        """Return the best rows of one batch, without those that are worse than what is held."""
        value, code = values[0], members.code
        limits = np.array([self._limits.get(group, np.inf) for group in members.ids.tolist()])
        rows = np.flatnonzero(value <= (limits[0] if code is None else limits[code]))
        rows = rows[self._at_most_last(value[rows], None if code is None else code[rows])]
        code = np.zeros(rows.size, np.int64) if code is None else code[rows]
        rows, place, code = self._first(rows, value[rows], code, config)
        last = place == self._top - 1
        ends = zip(members.ids[code[last]].tolist(), value[rows[last]].tolist(), strict=True)
        self._limits.update(ends)
        return rows

    def _at_most_last(self, value: Floats, code: Whole | None) -> NDArray[np.bool_]:
        """Return which rows are at most as large as the last that is kept of their group."""
        if value.size <= self._top:
            return np.ones(value.size, dtype=bool)
        if code is None:
            end = float(np.partition(value, self._top - 1)[self._top - 1])
            return value <= end
        last = np.full(int(code.max()) + 1, np.inf)
        if self._top == 1:
            np.minimum.at(last, code, value)
        else:
            order = _by_code(np.argsort(value), code)
            ends = order[ranks(code[order]) == self._top - 1]
            last[code[ends]] = value[ends]
        kept: NDArray[np.bool_] = value <= last[code]
        return kept

    def _first(
        self, rows: Rows, value: Floats, code: Whole, config: Whole
    ) -> tuple[Rows, Whole, Whole]:
        """Return the first `top` rows of each group, with their places and codes."""
        if not rows.size:
            return rows, code, code
        order = np.lexsort((config[rows], value, code))
        place = ranks(code[order])
        kept = place < self._top
        return rows[order[kept]], place[kept], code[order[kept]]

    def choose(self, group: Whole, values: Sequence[Floats], case: Whole, config: Whole) -> Rows:
        """Return the best rows of each group, groups in the order of the grid, best first."""
        order = np.lexsort((config, case, values[0], group))
        if not order.size:
            return order
        return order[ranks(group[order]) < self._top]


def _by_code(order: Rows, code: Whole) -> Rows:
    """Return an order of rows, sorted again by code; numbers of 16 bit sort by radix."""
    small = code.astype(np.uint16) if int(code.max()) < 1 << 16 else code
    return order[np.argsort(small[order], kind="stable")]
