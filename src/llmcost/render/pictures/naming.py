"""Names beside points, placed so that they lie on nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

from matplotlib.axes import Axes

from llmcost.picture import INK, Line, Mark, Panel, Points
from llmcost.render.cells import visible
from llmcost.render.pictures.wording import shortened, text_width

SIZE = 7.5  # points
HEIGHT, WIDEST, NEAR = 0.12, 1.9, 0.07  # inches
CLOSE, FAR = (1.0, 2.2), (3.5, 5.0, 7.0)
THIN = 0.005
MOST_STROKES = 400
Spot = tuple[float, float]
PAPER: dict[str, Any] = {
    "boxstyle": "square,pad=0.06",
    "facecolor": "white",
    "alpha": 0.75,
    "linewidth": 0,
}
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on paper, in inches."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Return whether two rectangles share any ground."""
        apart = self.right <= other.left or other.right <= self.left
        return not (apart or self.top <= other.bottom or other.top <= self.bottom)

    def inside(self, other: Box) -> bool:
        """Return whether this rectangle lies wholly in another."""
        across = self.left >= other.left and self.right <= other.right
        return across and self.bottom >= other.bottom and self.top <= other.top


def draw_names(axes: Axes, panel: Panel) -> None:
    """Draw the names of points, each at the nearest free place; a name without one is left out."""
    marks = [mark for mark in panel.marks if isinstance(mark, Points)]
    if not any(mark.names for mark in marks):
        return
    inch = axes.figure.dpi
    corners = axes.get_window_extent()
    whole = Box(*(end / inch for end in (corners.x0, corners.y0, corners.x1, corners.y1)))
    taken = [_dot(*place) for mark in marks for place in _on_paper(axes, mark.x, mark.y)]
    lines = list(chain.from_iterable(_strokes(axes, mark) for mark in panel.marks))
    for mark in marks:
        for name, point in zip(mark.names, _on_paper(axes, mark.x, mark.y), strict=False):
            text = shortened(visible(name), WIDEST, SIZE)
            box = _place(point, text_width(text, SIZE), whole, taken, lines) if text else None
            if box is not None:
                taken.append(box)
                _draw_name(axes, text, box, point)


def _place(
    point: Spot, wide: float, whole: Box, taken: Sequence[Box], lines: Sequence[Box]
) -> Box | None:
    """Return a place for a name: near and on nothing, near and on lines alone, or farther off."""
    for distances, hard in ((CLOSE, (*taken, *lines)), (CLOSE, taken), (FAR, taken)):
        for box in _tries(point, wide, distances):
            if box.inside(whole) and not any(box.meets(other) for other in hard):
                return box
    return None


def _draw_name(axes: Axes, text: str, box: Box, point: Spot) -> None:
    inch = axes.figure.dpi
    ends = axes.transAxes.inverted().transform(
        [(box.left * inch, box.bottom * inch), (point[0] * inch, point[1] * inch)]
    )
    nearest = _nearest(box, point)
    if nearest is not None:
        start = axes.transAxes.inverted().transform((nearest[0] * inch, nearest[1] * inch))
        line = ([start[0], ends[1][0]], [start[1], ends[1][1]])
        axes.plot(*line, transform=axes.transAxes, color=INK, lw=0.4, zorder=90)
    place = (float(ends[0][0]), float(ends[0][1]))
    axes.text(
        *place,
        text,
        transform=axes.transAxes,
        size=SIZE,
        color=INK,
        zorder=99,
        va="bottom",
        bbox=PAPER,
    )


def _nearest(box: Box, point: Spot) -> Spot | None:
    """Return where a line from a far name to its point starts; none for a name close by."""
    x = min(max(point[0], box.left), box.right)
    y = min(max(point[1], box.bottom), box.top)
    far = abs(x - point[0]) + abs(y - point[1]) > 2.2 * NEAR
    return (x, y) if far else None


def _tries(point: Spot, wide: float, distances: Iterable[float]) -> Iterator[Box]:
    """Yield places for a name around its point, the nearest first."""
    x, y = point
    for distance in distances:
        for across, up in SIDES:
            left = x + across * NEAR * distance - (wide / 2 if not across else 0)
            left -= wide if across < 0 else 0
            bottom = y + up * NEAR * distance - (HEIGHT / 2 if not up else 0)
            bottom -= HEIGHT if up < 0 else 0
            yield Box(left, bottom, left + wide, bottom + HEIGHT)


def _strokes(axes: Axes, mark: Mark) -> Iterator[Box]:
    """Yield the ground that lines and intervals take, in small pieces."""
    if isinstance(mark, Line) and len(mark.x) <= MOST_STROKES:
        xs, ys = mark.x, mark.y
        if mark.steps:
            xs, ys = doubled(xs)[1:], doubled(ys)[:-1]
        for start, end in pairwise(_on_paper(axes, xs, ys)):
            yield from _pieces(start, end)
    elif isinstance(mark, Points) and len(mark.x) <= MOST_STROKES:
        yield from _whiskers(axes, mark)


def _whiskers(axes: Axes, mark: Points) -> Iterator[Box]:
    across = zip(
        _on_paper(axes, mark.x_low, mark.y), _on_paper(axes, mark.x_high, mark.y), strict=False
    )
    upright = zip(
        _on_paper(axes, mark.x, mark.y_low), _on_paper(axes, mark.x, mark.y_high), strict=False
    )
    for start, end in chain(across, upright):
        yield Box(start[0], start[1], end[0] + THIN, end[1] + THIN)


def doubled(numbers: Sequence[float]) -> tuple[float, ...]:
    """Return each number twice.

    >>> doubled((1, 2))
    (1, 1, 2, 2)
    """
    return tuple(number for number in numbers for _ in (1, 2))


def _pieces(start: Spot, end: Spot) -> Iterator[Box]:
    """Yield a straight line as small boxes, of which a slanted one needs many."""
    count = max(1, int(min(abs(end[0] - start[0]), abs(end[1] - start[1])) / (HEIGHT / 2)))
    for at in range(min(count, 100)):
        (x1, x2), (y1, y2) = (
            sorted(start[i] + (end[i] - start[i]) * (at + more) / count for more in (0, 1))
            for i in (0, 1)
        )
        yield Box(x1, y1, x2 + THIN, y2 + THIN)


def _dot(x: float, y: float) -> Box:
    return Box(x - NEAR / 2, y - NEAR / 2, x + NEAR / 2, y + NEAR / 2)


def _on_paper(axes: Axes, xs: Sequence[float], ys: Sequence[float]) -> list[Spot]:
    """Return where places lie on paper, in inches from the lower left of the sheet."""
    places = list(zip(xs, ys, strict=False))
    if not places:
        return []
    inch = axes.figure.dpi
    return [(float(x) / inch, float(y) / inch) for x, y in axes.transData.transform(places)]
