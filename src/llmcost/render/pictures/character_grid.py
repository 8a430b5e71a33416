"""Points, lines and bands on a grid of characters."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from math import isfinite

from llmcost.picture import Axis, Band, Bars, Line, Panel, Points, Region, Rule, Whiskers
from llmcost.render.cells import display_width, wrapped
from llmcost.render.pictures.canvas import Canvas, axis_lines, column_of
from llmcost.render.pictures.glyphs import Pens
from llmcost.render.pictures.scales import Span, fraction, is_categories, span_of, ticks_of

LOWEST, HIGHEST = 10, 20
ROWS_A_CATEGORY = 4
WIDEST_LABEL = 0.3
# With more points than this, their intervals would hide them.
MOST_INTERVALS = 6
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Grid:
    """A panel on a grid: what it shows, where numbers lie on it, and what is drawn already."""

    def __init__(self, panel: Panel, pens: Pens, width: int, height: int) -> None:
        self.panel, self.pens = panel, pens
        self.x: Span = span_of(panel, "x")
        self.y: Span = span_of(panel, "y")
        self.canvas = Canvas(width, height)
        self.key: list[str] = []

    def column(self, value: float) -> int:
        """Return the column of a number on x."""
        return column_of(self.panel.x, self.x, value, self.canvas.width)

    def row(self, value: float) -> int:
        """Return the row of a number on y, 0 on top."""
        return self.canvas.height - 1 - column_of(self.panel.y, self.y, value, self.canvas.height)

    def holds(self, x: float, y: float) -> bool:
        """Return whether a place lies between the ends of both axes."""
        inside = self.x[0] <= x <= self.x[1] and self.y[0] <= y <= self.y[1]
        return inside and isfinite(x) and isfinite(y)


def grid_lines(panel: Panel, pens: Pens, width: int) -> list[str]:
    """Return a panel in at most `width` columns: its grid, its axes, the key to its letters."""
    height = _height(panel, width)
    ticks = {
        at: pens.glyphs.words(text)
        for at, text in ticks_of(panel.y, span_of(panel, "y"), max(3, height // 3))
    }
    left = min(max(map(display_width, ticks.values()), default=0), int(width * WIDEST_LABEL))
    grid = Grid(panel, pens, width - left - 2, height)
    _draw(grid)
    labels = _labels(grid, ticks, left)
    body = [
        f"{' ' * (left - display_width(label))}{label} {pens.glyphs.down}{line}"
        for label, line in zip(labels, grid.canvas.lines(), strict=True)
    ]
    line, *rest = axis_lines(panel.x, grid.x, grid.canvas.width, pens.glyphs)
    indent = " " * (left + 1)
    title = wrapped(pens.glyphs.words(panel.y.label), width) if panel.y.label else []
    under = [f"{indent}{pens.glyphs.corner}{line}", *(f"{indent} {text}" for text in rest)]
    return [*title, *body, *under, *(part for one in grid.key for part in wrapped(one, width))]


def intervals_left_out(panel: Panel) -> bool:
    """Return whether a grid does not show the intervals of a panel's points."""
    points = [mark for mark in panel.marks if isinstance(mark, Points)]
    return any(mark.x_low or mark.y_low for mark in points) and _too_many(points)


def _too_many(points: list[Points]) -> bool:
    return sum(len(mark.x) for mark in points) > MOST_INTERVALS


def _height(panel: Panel, width: int) -> int:
    if is_categories(panel.y):
        return max(LOWEST, ROWS_A_CATEGORY * len(panel.y.ticks))
    return min(max(LOWEST, width // 4), HIGHEST)


def _labels(grid: Grid, ticks: dict[float, str], room: int) -> list[str]:
    """Return the text beside each row: that of the tick in it, cut to its room."""
    labels = [""] * grid.canvas.height
    for at, text in ticks.items():
        lines = wrapped(text, room) if room else [""]
        for number, line in enumerate(lines[:ROWS_A_CATEGORY]):
            row = grid.row(at) + number
            if row < len(labels) and not labels[row]:
                labels[row] = line
    return labels


def _draw(grid: Grid) -> None:
    """Draw bands, lines and intervals, then points and their names, and behind them what shades."""
    marks = grid.panel.marks
    points = [mark for mark in marks if isinstance(mark, Points)]
    for mark in marks:
        if isinstance(mark, Band):
            _band(grid, mark)
        elif isinstance(mark, Line):
            _line(grid, mark)
        elif isinstance(mark, Bars | Whiskers):
            _stretches(grid, mark)
    for mark in points if not _too_many(points) else ():
        _intervals(grid, mark)
    for mark in points:
        for x, y in zip(mark.x, mark.y, strict=True):
            if grid.holds(x, y):
                grid.canvas.put(grid.column(x), grid.row(y), grid.pens.symbols[mark.label])
    for mark in points:
        _names(grid, mark)
    _background(grid)


def _band(grid: Grid, mark: Band) -> None:
    """Fill between the ends of a band, between two rows where it is thin."""
    if not mark.x or not all(map(isfinite, (*mark.x, *mark.low, *mark.high))):
        return
    for column in _between_ends(grid.column(mark.x[0]), grid.column(mark.x[-1])):
        value = _value_at(grid.panel.x, grid.x, (column + 0.5) / grid.canvas.width)
        low, high = _between(mark.x, mark.low, value), _between(mark.x, mark.high, value)
        if abs(fraction(grid.panel.y, grid.y, high) - fraction(grid.panel.y, grid.y, low)) < (
            0.3 / grid.canvas.height
        ):
            continue
        first, last = sorted((grid.row(low), grid.row(high)))
        for row in range(first, last + 1):
            grid.canvas.put(column, row, grid.pens.glyphs.band)


def _stretches(grid: Grid, mark: Bars | Whiskers) -> None:
    """Draw bars or whiskers, each in the row in which it lies."""
    glyphs = grid.pens.glyphs
    pairs = (mark.starts, mark.ends) if isinstance(mark, Bars) else (mark.low, mark.high)
    for at, *ends in zip(mark.at, *pairs, strict=True):
        if not all(map(isfinite, (at, *ends))):
            continue
        first, last = sorted(map(grid.column, ends))
        text = glyphs.low + glyphs.across * (last - first - 1) + glyphs.high
        if isinstance(mark, Bars):
            text = grid.pens.fills[mark.label] * (last - first)
        if last > first:
            grid.canvas.write(first, grid.row(at), text)


def _value_at(axis: Axis, span: Span, share: float) -> float:
    share = 1 - share if axis.reverse else share
    low, high = span
    return low * (high / low) ** share if axis.scale == "log" else low + (high - low) * share


def _between(xs: tuple[float, ...], ys: tuple[float, ...], x: float) -> float:
    """Return the y of a line through points at `x`; its ends beyond them."""
    at = bisect_right(xs, x)
    if at in (0, len(xs)):
        return ys[0 if at == 0 else -1]
    if xs[at] == xs[at - 1]:
        return ys[at]
    share = (x - xs[at - 1]) / (xs[at] - xs[at - 1])
    return ys[at - 1] + share * (ys[at] - ys[at - 1])


def _line(grid: Grid, mark: Line) -> None:
    places = [
        (grid.column(x), grid.row(y))
        for x, y in zip(mark.x, mark.y, strict=True)
        if isfinite(x) and isfinite(y)
    ]
    for start, end in pairwise(places):
        for column, row, sign in _strokes(grid, start, end, steps=mark.steps):
            grid.canvas.put(column, row, sign)


def _strokes(
    grid: Grid, start: tuple[int, int], end: tuple[int, int], *, steps: bool
) -> Iterator[tuple[int, int, str]]:
    """Yield the cells between two places: a step across and then up or down, or straight."""
    glyphs = grid.pens.glyphs
    if steps:
        for row in range(min(start[1], end[1]), max(start[1], end[1]) + 1):
            yield end[0], row, glyphs.riser
        for column in range(min(start[0], end[0]), max(start[0], end[0]) + 1):
            yield column, start[1], glyphs.step
        return
    count = max(abs(end[0] - start[0]), abs(end[1] - start[1]), 1)
    for at in range(count + 1):
        column = round(start[0] + (end[0] - start[0]) * at / count)
        yield column, round(start[1] + (end[1] - start[1]) * at / count), glyphs.line


def _intervals(grid: Grid, mark: Points) -> None:
    glyphs = grid.pens.glyphs
    for low, high, y in zip(mark.x_low, mark.x_high, mark.y, strict=False):
        if isfinite(low + high + y):
            for column in _between_ends(grid.column(low), grid.column(high)):
                grid.canvas.under(column, grid.row(y), glyphs.across)
    for low, high, x in zip(mark.y_low, mark.y_high, mark.x, strict=False):
        if isfinite(low + high + x):
            for row in _between_ends(grid.row(low), grid.row(high)):
                grid.canvas.under(grid.column(x), row, glyphs.down)


def _between_ends(one: int, two: int) -> range:
    return range(min(one, two), max(one, two) + 1)


def _names(grid: Grid, mark: Points) -> None:
    """Write names beside points; one that has no room is told by a letter, in the key."""
    glyphs = grid.pens.glyphs
    behind = f" {glyphs.across}{glyphs.down}{glyphs.band}{glyphs.line}{glyphs.step}{glyphs.riser}"
    for name, x, y in zip(mark.names, mark.x, mark.y, strict=False):
        text = glyphs.words(name)
        if not text or not grid.holds(x, y):
            continue
        column, row, wide = grid.column(x), grid.row(y), display_width(text)
        tries = [(column + 2, row), (column - 1 - wide, row)]
        tries += [(column - wide // 2, row + down) for down in (-1, 1)]
        place = next(
            (
                (start, at)
                for allowed in (" ", behind)
                for start, at in tries
                if wide == len(text) and grid.canvas.free(start - 1, at, wide + 2, allowed)
            ),
            None,
        )
        if place is not None:
            grid.canvas.write(*place, text)
        elif len(grid.key) < len(LETTERS):
            letter = LETTERS[len(grid.key)]
            grid.canvas.put(column, row, letter)
            grid.key.append(f"{letter} {text}")


def _background(grid: Grid) -> None:
    """Draw rules and regions where nothing else is."""
    for mark in reversed(grid.panel.marks):
        if isinstance(mark, Rule):
            ends, sign = (mark.value, mark.value), grid.pens.glyphs.rule
            sign = sign if mark.axis == "x" else grid.pens.glyphs.across
        elif isinstance(mark, Region):
            ends, sign = (mark.low, mark.high), grid.pens.glyphs.region
        else:
            continue
        if not all(map(isfinite, ends)):
            continue
        first, last = sorted(map(grid.column if mark.axis == "x" else grid.row, ends))
        for at in range(first, last + 1):
            for other in range(grid.canvas.height if mark.axis == "x" else grid.canvas.width):
                grid.canvas.under(*((at, other) if mark.axis == "x" else (other, at)), sign)
