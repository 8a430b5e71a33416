"""Names beside points, placed so that they lie on nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from matplotlib.axes import Axes

from llmcost.picture import Panel, Points
from llmcost.render.cells import visible
from llmcost.render.pictures.marks import INK
from llmcost.render.pictures.wording import shortened, text_width

SIZE = 7.5  # points
HEIGHT, WIDEST, NEAR = 0.12, 1.9, 0.07  # inches
DISTANCES = (1.0, 2.4, 4.0, 6.0)
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
    inch = axes.figure.dpi
    corners = axes.get_window_extent()
    whole = Box(*(end / inch for end in (corners.x0, corners.y0, corners.x1, corners.y1)))
    marks = [mark for mark in panel.marks if isinstance(mark, Points)]
    taken = [_dot(x, y) for mark in marks if mark.names for x, y in _on_paper(axes, mark)]
    for mark in marks:
        for name, (x, y) in zip(mark.names, _on_paper(axes, mark), strict=False):
            text = shortened(visible(name), WIDEST, SIZE)
            wide = text_width(text, SIZE)
            free = (box for box in _tries(x, y, wide) if box.inside(whole) and not _hit(box, taken))
            box = next(free, None)
            if text and box is not None:
                taken.append(box)
                _draw_name(axes, text, box, (x, y))


def _draw_name(axes: Axes, text: str, box: Box, point: tuple[float, float]) -> None:
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
    axes.text(*place, text, transform=axes.transAxes, size=SIZE, color=INK, zorder=99, va="bottom")


def _nearest(box: Box, point: tuple[float, float]) -> tuple[float, float] | None:
    """Return where a line from a far name to its point starts; none for a name close by."""
    x = min(max(point[0], box.left), box.right)
    y = min(max(point[1], box.bottom), box.top)
    far = abs(x - point[0]) + abs(y - point[1]) > 2.2 * NEAR
    return (x, y) if far else None


def _tries(x: float, y: float, wide: float) -> Iterator[Box]:
    """Yield places for a name around its point, the nearest first."""
    for distance in DISTANCES:
        for across, up in SIDES:
            left = x + across * NEAR * distance - (wide / 2 if not across else 0)
            left -= wide if across < 0 else 0
            bottom = y + up * NEAR * distance - (HEIGHT / 2 if not up else 0)
            bottom -= HEIGHT if up < 0 else 0
            yield Box(left, bottom, left + wide, bottom + HEIGHT)


def _hit(box: Box, taken: list[Box]) -> bool:
    return any(box.meets(other) for other in taken)


def _dot(x: float, y: float) -> Box:
    return Box(x - NEAR / 2, y - NEAR / 2, x + NEAR / 2, y + NEAR / 2)


def _on_paper(axes: Axes, mark: Points) -> list[tuple[float, float]]:
    """Return where points lie on paper, in inches from the lower left of the sheet."""
    inch = axes.figure.dpi
    pixels = axes.transData.transform(list(zip(mark.x, mark.y, strict=True)))
    return [(float(x) / inch, float(y) / inch) for x, y in pixels]
