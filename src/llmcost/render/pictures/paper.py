"""A sheet of paper with a picture on it: how much room each part has, and where it lies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from llmcost.picture import Axis, Band, Bars, Line, Mark, Panel, Picture, Points, Region
from llmcost.render.cells import visible
from llmcost.render.pictures.scales import Span, Ticks, fraction, is_categories, span_of, ticks_of
from llmcost.render.pictures.wording import lines_of, shortened, text_width

# Inches, unless points are said.
WIDTH, EDGE, GAP = 6.5, 0.12, 0.1
TITLE, HEADING, LABEL, TICK, SOURCE = 10.5, 9.0, 8.5, 8.0, 6.5  # points
LEADING = 1.25 / 72  # Inches of height a point of text.
WIDEST_LABEL, NARROWEST_BOX = 2.3, 3.4
SWATCH = 0.24
ROW, VIOLIN_ROW, TIGHT_ROW = 0.36, 0.7, 0.17
MOST_ROWS = 30
MOST_LABEL_LINES = 3
HEIGHTS = (3.7, 2.3, 1.8)
TICK_GAP = 0.12
TRIED_TICKS = (9, 8, 7, 6, 5, 4, 3, 2)


@dataclass(frozen=True, slots=True)
class Key:
    """A line of the legend: its words, and the first mark that it stands for."""

    label: str
    mark: Mark
    width: float


@dataclass(frozen=True, slots=True)
class Place:
    """A panel on paper: what it shows, its heading, and how much room it takes."""

    panel: Panel
    heading: tuple[str, ...]
    height: float
    x: Span
    y: Span
    x_ticks: Ticks
    y_ticks: Ticks
    x_label: str
    y_label: tuple[str, ...]

    @property
    def above(self) -> float:
        """The room of the heading."""
        return len(self.heading) * HEADING * LEADING + (0.06 if self.heading else 0.0)

    @property
    def below(self) -> float:
        """The room of the ticks and the label of x."""
        return TICK * LEADING + 0.08 + (LABEL * LEADING + 0.04 if self.panel.x.label else 0.0)


@dataclass(frozen=True, slots=True)
class Paper:
    """A whole sheet, measured: heights in inches from its parts."""

    title: tuple[str, ...]
    keys: tuple[tuple[Key, ...], ...]
    places: tuple[Place, ...]
    source: tuple[str, ...]
    left: float
    right: float

    @property
    def height(self) -> float:
        """How high the whole sheet is."""
        panels = sum(place.above + place.height + place.below + GAP for place in self.places)
        return 2 * EDGE + self.title_height + self.keys_height + panels + self.source_height

    @property
    def title_height(self) -> float:
        """The room of the title."""
        return len(self.title) * TITLE * LEADING + GAP

    @property
    def keys_height(self) -> float:
        """The room of the legend."""
        return len(self.keys) * LABEL * LEADING * 1.15 + (GAP if self.keys else 0.0)

    @property
    def source_height(self) -> float:
        """The room of the source line."""
        return len(self.source) * SOURCE * LEADING


def measured(picture: Picture) -> Paper:
    """Return the sheet that a picture needs."""
    room = WIDTH - 2 * EDGE
    spans = [(span_of(panel, "x"), span_of(panel, "y")) for panel in picture.panels]
    heights = [_height(panel, len(picture.panels)) for panel in picture.panels]
    y_ticks = [
        _y_ticks(panel.y, span[1], height)
        for panel, span, height in zip(picture.panels, spans, heights, strict=True)
    ]
    left = _left(picture.panels, y_ticks, heights)
    right = _right(picture.panels)
    places = [
        _place(panel, span, ticks, height, WIDTH - left - right)
        for panel, span, ticks, height in zip(picture.panels, spans, y_ticks, heights, strict=True)
    ]
    return Paper(
        title=tuple(lines_of(picture.title, room, TITLE, "bold")),
        keys=tuple(_rows(_keys(picture.panels), room)),
        places=tuple(places),
        source=tuple(lines_of(picture.source, room, SOURCE)) if picture.source else (),
        left=left,
        right=right,
    )


def _place(
    panel: Panel, spans: tuple[Span, Span], ticks: Ticks, height: float, box: float
) -> Place:
    x, y = spans
    return Place(
        panel=panel,
        heading=tuple(lines_of(panel.title, box, HEADING, "bold")) if panel.title else (),
        height=max(height, _needed(ticks)),
        x=x,
        y=y,
        x_ticks=_x_ticks(panel.x, x, box),
        y_ticks=ticks,
        x_label=shortened(visible(panel.x.label), box + 0.5, LABEL),
        y_label=_y_label(panel, height),
    )


def _height(panel: Panel, panels: int) -> float:
    """Return how high a box is: so much a category, or as there are panels."""
    if not is_categories(panel.y):
        return HEIGHTS[0 if _is_square(panel) else min(panels, len(HEIGHTS)) - 1]
    low, high = span_of(panel, "y")
    violins = any(isinstance(mark, Band) for mark in panel.marks)
    row = VIOLIN_ROW if violins else ROW if len(panel.y.ticks) <= MOST_ROWS else TIGHT_ROW
    return max(0.7, (high - low) * row)


def _is_square(panel: Panel) -> bool:
    """Return whether both axes measure the same, so that the diagonal means something."""
    x, y = panel.x, panel.y
    return bool(x.unit) and (x.unit, x.scale) == (y.unit, y.scale)


def _y_label(panel: Panel, height: float) -> tuple[str, ...]:
    if not panel.y.label:
        return ()
    return tuple(lines_of(panel.y.label, max(height, 1.2), LABEL, most=MOST_LABEL_LINES))


def _needed(ticks: Ticks) -> float:
    """Return the height at which labels of several lines do not run into each other."""
    lines = max((text.count("\n") + 1 for _, text in ticks), default=1)
    return len(ticks) * (lines * TICK * LEADING + 0.06) if lines > 1 else 0.0


def _y_ticks(axis: Axis, span: Span, height: float) -> Ticks:
    ticks = ticks_of(axis, span, max(3, int(height / 0.42)))
    return tuple(
        (at, "\n".join(lines_of(text, WIDEST_LABEL, TICK, most=MOST_LABEL_LINES)))
        for at, text in ticks
    )


def _x_ticks(axis: Axis, span: Span, box: float) -> Ticks:
    """Return as many ticks as have room beside each other."""
    for most in TRIED_TICKS:
        ticks = _readable(ticks_of(axis, span, most), box / most * 1.6)
        if not _collide(axis, span, ticks, box):
            return ticks
    return _thinned(axis, span, ticks, box)


def _readable(ticks: Ticks, room: float) -> Ticks:
    return tuple((at, shortened(visible(text), max(room, 0.6), TICK)) for at, text in ticks)


def _collide(axis: Axis, span: Span, ticks: Ticks, box: float) -> bool:
    return len(_thinned(axis, span, ticks, box)) < len(ticks)


def _thinned(axis: Axis, span: Span, ticks: Ticks, box: float) -> Ticks:
    """Return the ticks whose texts do not run into the one kept before."""
    kept: list[tuple[float, str]] = []
    free = float("-inf")
    for at, text in sorted(ticks, key=lambda tick: fraction(axis, span, tick[0])):
        middle, half = fraction(axis, span, at) * box, text_width(text, TICK) / 2
        if middle - half >= free:
            kept.append((at, text))
            free = middle + half + TICK_GAP
    return tuple(kept)


def _left(panels: Iterable[Panel], ticks: Iterable[Ticks], heights: Iterable[float]) -> float:
    """Return the room left of every box: the widest labels of y, and the words beside them."""
    widest = 0.0
    for panel, own, height in zip(panels, ticks, heights, strict=True):
        texts = [line for _, text in own for line in text.split("\n")]
        labels = max((text_width(line, TICK) for line in texts), default=0.0)
        lines = len(_y_label(panel, height))
        widest = max(widest, labels + 0.1 + lines * LABEL * LEADING + (0.06 if lines else 0.0))
    return min(EDGE + widest, WIDTH - NARROWEST_BOX)


def _right(panels: Iterable[Panel]) -> float:
    """Return the room right of every box, for half of the last text of x."""
    widest = 0.0
    for panel in panels:
        for most in TRIED_TICKS:
            texts = [text for _, text in ticks_of(panel.x, span_of(panel, "x"), most)]
            widest = max([widest, *(text_width(visible(text), TICK) / 2 for text in texts[-1:])])
    return EDGE + min(widest, 0.5)


def _keys(panels: Iterable[Panel]) -> list[Key]:
    """Return one line of the legend a label, in the order in which the marks come."""
    first: dict[str, Mark] = {}
    for panel in panels:
        for mark in panel.marks:
            if mark.label and (mark.label not in first or _plainer(mark, first[mark.label])):
                first[mark.label] = mark
    room = WIDTH - 2 * EDGE - SWATCH
    labels = {label: shortened(visible(label), room, LABEL) for label in first}
    return [
        Key(labels[label], mark, SWATCH + text_width(labels[label], LABEL) + 0.16)
        for label, mark in first.items()
    ]


def _plainer(mark: Mark, known: Mark) -> bool:
    """Return whether a mark tells more in a legend: what is solid before what is shaded."""
    solid = Bars | Points | Line
    return isinstance(mark, solid) and isinstance(known, Band | Region)


def _rows(keys: Iterable[Key], room: float) -> list[tuple[Key, ...]]:
    """Return the lines of the legend, each filled before the next begins."""
    rows: list[list[Key]] = []
    used = room
    for key in keys:
        if not rows or used + key.width > room:
            rows.append([])
            used = 0.0
        rows[-1].append(key)
        used += key.width
    return [tuple(row) for row in rows]
