"""A grid of characters to draw on, and the axis under it."""

from __future__ import annotations

from llmcost.picture import Axis
from llmcost.render.cells import display_width, wrapped
from llmcost.render.pictures.glyphs import Glyphs
from llmcost.render.pictures.scales import Span, fraction, ticks_of

EMPTY = " "
# Columns that a tick takes with its text, about.
TICK_COLUMNS = 11


class Canvas:
    """Rows of characters, the first row on top; what lies outside is not drawn."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.cells = [[EMPTY] * width for _ in range(height)]

    def put(self, column: int, row: int, sign: str) -> None:
        """Draw one character over what is there."""
        if 0 <= column < self.width and 0 <= row < self.height:
            self.cells[row][column] = sign

    def under(self, column: int, row: int, sign: str) -> None:
        """Draw one character where nothing is yet."""
        if self.free(column, row, 1):
            self.cells[row][column] = sign

    def free(self, column: int, row: int, width: int, allowed: str = EMPTY) -> bool:
        """Return whether a stretch of a row lies on the grid and holds nothing else."""
        if row not in range(self.height) or column < 0 or column + width > self.width:
            return False
        return all(cell in allowed for cell in self.cells[row][column : column + width])

    def write(self, column: int, row: int, text: str) -> None:
        """Write a text of as many columns as characters."""
        for at, sign in enumerate(text):
            self.put(column + at, row, sign)

    def lines(self) -> list[str]:
        """Return the rows as text."""
        return ["".join(row) for row in self.cells]


def column_of(axis: Axis, span: Span, value: float, width: int) -> int:
    """Return the column in which a value lies; the outermost for one beyond the ends."""
    share = min(max(fraction(axis, span, value), 0.0), 1.0)
    return min(int(share * width), width - 1)


def edge_of(axis: Axis, span: Span, value: float, width: int) -> int:
    """Return the border between columns at which a bar to a value ends, from 0 to `width`."""
    share = min(max(fraction(axis, span, value), 0.0), 1.0)
    return round(share * width)


def axis_lines(axis: Axis, span: Span, width: int, glyphs: Glyphs) -> list[str]:
    """Return the line under a grid, the texts of its ticks, and what they measure."""
    line = [glyphs.across] * width
    texts = [EMPTY] * width
    free = 0
    ticks = ticks_of(axis, span, max(2, width // TICK_COLUMNS))
    for at, text in sorted(ticks, key=lambda tick: fraction(axis, span, tick[0])):
        words = glyphs.words(text)
        wide = display_width(words)
        column = column_of(axis, span, at, width)
        start = min(max(column - wide // 2, 0), width - wide)
        if start < free or wide > width:
            continue
        line[column] = glyphs.tick
        texts[start : start + wide] = [*words, *[""] * (wide - len(words))]
        free = start + wide + 1
    label = wrapped(glyphs.words(axis.label), width) if axis.label else []
    return ["".join(line), "".join(texts), *(f"{part:^{width}}" for part in label)]
