"""Bars, whiskers and points of categories, as rows of characters."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from llmcost.picture import Bars, Panel, Points, Region, Rule, Whiskers
from llmcost.render.cells import display_width, wrapped
from llmcost.render.pictures.canvas import Canvas, axis_lines, column_of, edge_of
from llmcost.render.pictures.glyphs import Pens
from llmcost.render.pictures.scales import Span, fraction, span_of

# Labels stand beside their bars where these keep so many columns and those take so large a share.
NARROWEST_BARS, WIDEST_SHARE = 24, 0.42
NEAR = 0.51


def row_lines(panel: Panel, pens: Pens, width: int) -> list[str]:
    """Return a panel of categories in at most `width` columns, a row or two each."""
    labels = {at: pens.glyphs.words(text) for at, text in panel.y.ticks}
    widest = max(map(display_width, labels.values()), default=0)
    beside = min(widest, int(width * WIDEST_SHARE))
    if width - beside - 2 < NARROWEST_BARS or (beside < widest and beside < 12):
        beside = 0
    room = width - beside - (2 if beside else 1)
    x, y = span_of(panel, "x"), span_of(panel, "y")
    lines: list[str] = []
    for at in sorted(labels, key=lambda place: -fraction(panel.y, y, place)):
        drawn = [pens.glyphs.down + line for line in _drawn(panel, pens, at, x, room)]
        lines += _beside(labels[at], drawn, beside) if beside else _under(labels[at], drawn, width)
    indent = " " * (beside + 1 if beside else 0)
    line, *rest = axis_lines(panel.x, x, room, pens.glyphs)
    return [*lines, f"{indent}{pens.glyphs.corner}{line}", *(f"{indent} {text}" for text in rest)]


def _beside(label: str, drawn: list[str], room: int) -> Iterator[str]:
    """Yield the lines of a category with its label left of them."""
    words = wrapped(label, room)
    for at in range(max(len(words), len(drawn))):
        word = words[at] if at < len(words) else ""
        line = drawn[at] if at < len(drawn) else drawn[0][0]
        yield f"{' ' * (room - display_width(word))}{word} {line}"


def _under(label: str, drawn: list[str], width: int) -> Iterator[str]:
    yield from wrapped(label, width)
    yield from drawn


def _drawn(panel: Panel, pens: Pens, at: float, x: Span, room: int) -> list[str]:
    """Return the bars of one category, and their whiskers below them, or in their place."""
    canvas = Canvas(room, 2)
    _bars(canvas, panel, pens, at, x)
    below = int(any(cell != " " for cell in canvas.cells[0]))
    for mark in panel.marks:
        if isinstance(mark, Whiskers):
            for low, high in _of(mark.at, at, mark.low, mark.high):
                _interval(canvas, panel, pens, (low, high), x, below)
        elif isinstance(mark, Points):
            _points(canvas, panel, pens, mark, at, x)
    has_whiskers = any(cell != " " for cell in canvas.cells[1])
    _background(canvas, panel, pens, x)
    return canvas.lines() if has_whiskers else canvas.lines()[:1]


def _bars(canvas: Canvas, panel: Panel, pens: Pens, at: float, x: Span) -> None:
    """Draw the bars of a category, the longest first where they overlap."""
    found: list[tuple[int, int, str]] = []
    for mark in panel.marks:
        if isinstance(mark, Bars):
            for start, end in _of(mark.at, at, mark.starts, mark.ends):
                edges = sorted(edge_of(panel.x, x, value, canvas.width) for value in (start, end))
                found.append((edges[0], edges[1], pens.fills[mark.label]))
    for first, last, fill in sorted(found, key=lambda bar: bar[0] - bar[1]):
        canvas.write(first, 0, fill * (last - first))


def _points(canvas: Canvas, panel: Panel, pens: Pens, mark: Points, at: float, x: Span) -> None:
    if mark.x_low and mark.x_high:
        for low, high in _of(mark.y, at, mark.x_low, mark.x_high):
            _interval(canvas, panel, pens, (low, high), x, 0)
    for value, _ in _of(mark.y, at, mark.x, mark.x):
        canvas.put(column_of(panel.x, x, value, canvas.width), 0, pens.symbols[mark.label])


def _interval(
    canvas: Canvas, panel: Panel, pens: Pens, ends: tuple[float, float], x: Span, row: int
) -> None:
    glyphs = pens.glyphs
    first, last = sorted(column_of(panel.x, x, value, canvas.width) for value in ends)
    if last > first:
        canvas.write(first, row, glyphs.low + glyphs.across * (last - first - 1) + glyphs.high)


def _background(canvas: Canvas, panel: Panel, pens: Pens, x: Span) -> None:
    """Draw rules and regions of x where nothing else is."""
    for mark in reversed(panel.marks):
        if isinstance(mark, Rule) and mark.axis == "x" and isfinite(mark.value):
            columns, sign = [column_of(panel.x, x, mark.value, canvas.width)], pens.glyphs.rule
        elif isinstance(mark, Region) and mark.axis == "x" and isfinite(mark.low + mark.high):
            ends = (column_of(panel.x, x, end, canvas.width) for end in (mark.low, mark.high))
            first, last = sorted(ends)
            columns, sign = list(range(first, last + 1)), pens.glyphs.region
        else:
            continue
        for column in columns:
            for row in range(canvas.height):
                canvas.under(column, row, sign)


def _of(
    places: tuple[float, ...], at: float, first: tuple[float, ...], second: tuple[float, ...]
) -> Iterator[tuple[float, float]]:
    """Yield the pairs of finite numbers that belong to the category at a place."""
    for place, one, two in zip(places, first, second, strict=True):
        if abs(place - at) < NEAR and isfinite(one) and isfinite(two):
            yield one, two
