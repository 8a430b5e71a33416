"""Bars of characters: one a row, on one axis, in as many columns as there are.

The base is one column of its own. A bar that is too short for a column is left out: the number
beside it tells.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Real

from llmcost.table import Cell, Table

LIGHT, DARK, BASE = "░", "█", "│"
# Columns that bars have beside rows of one line each, beside rows that wrap, and at most.
NARROWEST, BESIDE_WRAPPED, WIDEST = 12, 24, 48


@dataclass(frozen=True, slots=True)
class Axis:
    """How numbers become columns: `before` of them left of the base, `after` right of it."""

    base: float
    before: int
    after: int
    unit: float

    def columns(self, value: float) -> int:
        """Return how many columns the bar from the base to `value` takes; below zero to the left.

        >>> Axis(10, 4, 8, 0.5).columns(12), Axis(10, 4, 8, 0.5).columns(9.1)
        (4, -2)
        """
        distance = value - self.base
        whole = int(abs(distance) / self.unit + 0.5) if self.unit else 0
        return min(whole, self.after) if distance > 0 else -min(whole, self.before)


def bar_lines(table: Table, width: int) -> tuple[str, ...]:
    """Return the bar of each row in exactly `width` columns; spaces alone for a row without one."""
    ends = list(_ends(table))
    axis = _axis(ends, table.bars.base if table.bars else 0.0, width)
    return tuple(_line(row, axis) for row in ends)


def _ends(table: Table) -> Iterator[list[float | None]]:
    """Yield the numbers that the bars of each row reach; none for a cell that is no number."""
    names = [field.name for field in table.fields]
    at = [names.index(end) for end in (table.bars.ends if table.bars else ())]
    for row in table.rows:
        yield [_number(row[place]) for place in at]


def _number(cell: Cell) -> float | None:
    if isinstance(cell, bool) or not isinstance(cell, Real):
        return None
    return float(cell) if isfinite(cell) else None


def _axis(ends: Sequence[Sequence[float | None]], base: float, width: int) -> Axis:
    """Return the axis on which the longest bars fill the width."""
    reached = [base, *(end for row in ends for end in row if end is not None)]
    below, above = base - min(reached), max(reached) - base
    room = width - len(BASE)
    before = round(room * (below / (below + above))) if below + above else 0
    before = min(max(before, int(below > 0)), room - int(above > 0))
    after = room - before
    sides = [(below, before), (above, after)]
    unit = max((length / space for length, space in sides if space), default=0.0)
    return Axis(base, before, after, unit)


def _line(row: Sequence[float | None], axis: Axis) -> str:
    """Return one bar; where two ends lie on one side, the longer shows behind the shorter."""
    cells = [" "] * axis.before + [BASE] + [" "] * axis.after
    marks = [LIGHT, DARK][-len(row) :] if row else []
    spans = [
        (axis.columns(end), mark) for end, mark in zip(row, marks, strict=True) if end is not None
    ]
    for length, mark in sorted(spans, key=lambda span: -abs(span[0])):
        for step in range(1, abs(length) + 1):
            cells[axis.before + (step if length > 0 else -step)] = mark
    known = any(end is not None for end in row)
    return "".join(cells) if known else " " * len(cells)
