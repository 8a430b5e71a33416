"""Each kind of mark as matplotlib draws it on a pair of axes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from llmcost.picture import INK, Band, Bars, Line, Mark, Points, Region, Rule, Whiskers

SYMBOLS = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "triangle": "^",
    "cross": "X",
    "star": "*",
}
# More points than this are drawn as one image inside a file of lines.
MOST_SHAPES = 2_000
CAP = 0.11
# A star fills less of its square than the other symbols do.
STAR = 2.2
# A bar shorter than this share of its axis is a line.
HAIR = 0.004


@singledispatch
def draw_mark(mark: Mark, axes: Axes, level: float) -> None:
    """Draw a mark on `axes`, over everything of a lower `level`."""
    raise TypeError(f"{type(mark).__name__} is no mark of a picture on {axes} at {level}.")


@draw_mark.register
def _(mark: Bars, axes: Axes, level: float) -> None:
    widths = [end - start for start, end in zip(mark.starts, mark.ends, strict=True)]
    thin = [abs(width) < _hair(axes) for width in widths]
    axes.barh(
        mark.at,
        widths,
        left=mark.starts,
        height=mark.size,
        color=mark.colour,
        edgecolor=[mark.colour if is_thin else "white" for is_thin in thin],
        linewidth=[
            0.8 if is_thin and width else 0.5 for is_thin, width in zip(thin, widths, strict=True)
        ],
        zorder=level,
    )


@draw_mark.register
def _(mark: Whiskers, axes: Axes, level: float) -> None:
    axes.hlines(mark.at, mark.low, mark.high, colors=INK, linewidth=1.1, zorder=level)
    for ends in (mark.low, mark.high):
        bottom, top = [at - CAP for at in mark.at], [at + CAP for at in mark.at]
        axes.vlines(ends, bottom, top, colors=INK, linewidth=1.1, zorder=level)


@draw_mark.register
def _(mark: Points, axes: Axes, level: float) -> None:
    many = len(mark.x) > MOST_SHAPES
    whiskers = [
        *_segments(mark.x_low, mark.x_high, mark.y, across=True),
        *_segments(mark.y_low, mark.y_high, mark.x, across=False),
    ]
    if whiskers:
        axes.add_collection(
            LineCollection(
                whiskers,
                colors=mark.colour,
                linewidths=1.0,
                alpha=0.45,
                zorder=level,
                rasterized=many,
            ),
            autolim=False,
        )
    axes.scatter(
        mark.x,
        mark.y,
        s=point_size(len(mark.x)) * (STAR if mark.symbol == "star" else 1),
        c=mark.colour,
        marker=SYMBOLS.get(mark.symbol, "o"),
        edgecolors="white",
        linewidths=0.2 if len(mark.x) > 200 else 0.5,
        alpha=0.6 if len(mark.x) > 200 else 0.95,
        zorder=level + 0.5,
        rasterized=many,
    )


@draw_mark.register
def _(mark: Line, axes: Axes, level: float) -> None:
    axes.plot(
        mark.x,
        mark.y,
        color=mark.colour,
        linewidth=1.4,
        linestyle="--" if mark.dashed else "-",
        drawstyle="steps-post" if mark.steps else "default",
        zorder=level,
        rasterized=len(mark.x) > 5 * MOST_SHAPES,
    )


@draw_mark.register
def _(mark: Band, axes: Axes, level: float) -> None:
    axes.fill_between(
        mark.x, mark.low, mark.high, color=mark.colour, alpha=0.3, linewidth=0, zorder=level
    )


@draw_mark.register
def _(mark: Region, axes: Axes, level: float) -> None:
    across = axes.axvspan if mark.axis == "x" else axes.axhspan
    across(mark.low, mark.high, color=mark.colour, alpha=0.16, linewidth=0, zorder=level)


@draw_mark.register
def _(mark: Rule, axes: Axes, level: float) -> None:
    across = axes.axvline if mark.axis == "x" else axes.axhline
    across(mark.value, color=mark.colour, linewidth=1.2, linestyle=(0, (4, 2)), zorder=level)


def _hair(axes: Axes) -> float:
    """Return the length of a bar on x whose edges would hide it."""
    low, high = axes.get_xlim()
    return abs(high - low) * HAIR


def point_size(count: int) -> float:
    """Return the area of a point [square point] among so many."""
    return 42.0 if count <= 50 else 24.0 if count <= 200 else 12.0 if count <= 2_000 else 5.0


def _segments(
    low: Sequence[float], high: Sequence[float], at: Sequence[float], *, across: bool
) -> list[list[tuple[float, float]]]:
    """Return the intervals of points as lines, along x or along y; none where none are given."""
    if not low or not high:
        return []
    return [
        [(a, place), (b, place)] if across else [(place, a), (place, b)]
        for a, b, place in zip(low, high, at, strict=True)
    ]
