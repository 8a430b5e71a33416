"""How wide words are on paper, and how they are broken into lines."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

from llmcost.render.cells import visible

# Text is measured large, where hinting does not matter.
MEASURED_AT = 720.0
MOST_LINES = 5
BREAK_AFTER = "-_/:@,"

Width = Callable[[str], float]


@cache
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return how wide a line of text is [inch] at a size [point]."""
    properties = FontProperties(family="sans-serif", weight=weight, size=size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # A sign that the font lacks is drawn as a box.
        width, _, _ = _renderer().get_text_width_height_descent(text, properties, False)
    return float(width) / MEASURED_AT


def lines_of(
    text: str, room: float, size: float, weight: str = "normal", most: int = MOST_LINES
) -> list[str]:
    """Return a text in lines of at most `room` [inch], broken between words where possible.

    Of more lines than `most` the last ends in an ellipsis.
    """

    def width(piece: str) -> float:
        return text_width(piece, size, weight)

    lines = [""]
    for word in visible(text).split():
        for piece in _pieces(word, room, width):
            joined = f"{lines[-1]} {piece}" if lines[-1] else piece
            if width(joined) <= room or not lines[-1]:
                lines[-1] = joined
            else:
                lines.append(piece)
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1]}…"]


def shortened(text: str, room: float, size: float) -> str:
    """Return a text on one line of at most `room` [inch], cut short where it must be."""
    if text_width(text, size) <= room:
        return text
    while text and text_width(f"{text}…", size) > room:
        text = text[: -max(1, len(text) // 20)]
    return f"{text.rstrip()}…"


def _pieces(word: str, room: float, width: Width) -> list[str]:
    """Return a word whole, or in pieces that fit, broken after a joint where there is one."""
    pieces = []
    while len(word) > 1 and width(word) > room:
        end = _fitting(word, room, width)
        joint = max(word.rfind(mark, 1, end) for mark in BREAK_AFTER) + 1
        pieces.append(word[: joint or end])
        word = word[joint or end :]
    return [*pieces, word]


def _fitting(word: str, room: float, width: Width) -> int:
    """Return how many characters of a word fit, at least one, by halving."""
    low, high = 1, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width(word[:middle]) <= room else (low, middle - 1)
    return low


@cache
def _renderer() -> Any:  # noqa: ANN401
    canvas: Any = FigureCanvasAgg(Figure(figsize=(0.1, 0.1), dpi=MEASURED_AT))
    return canvas.get_renderer()
