"""On which side of its point each name of a panel stands: inwards, and clear of its neighbours."""

from __future__ import annotations

from math import log10

from llmcost.picture import Numbers, Panel, Points

INWARDS = ("top right", "bottom right", "top left", "bottom left")
OUTWARDS = ("top left", "bottom left", "top right", "bottom right")
# From this share of the width on, a name stands to the left of its point.
FAR = 0.62
# A name takes about this share of a panel, across (a character) and up.
CHARACTER, TALL = 0.011, 0.05

Box = tuple[float, float, float, float]


def sides(mark: Points, panel: Panel) -> list[str]:
    """Return the side of each named point of one mark, chosen with all others of its panel."""
    named = [each for each in panel.marks if isinstance(each, Points) and each.names]
    x = _shares(tuple(at for each in named for at in each.x), panel.x.scale)
    y = _shares(tuple(at for each in named for at in each.y), panel.y.scale)
    names = [name for each in named for name in each.names]
    taken: list[Box] = [(across, up, across, up) for across, up in zip(x, y, strict=True)]
    chosen = []
    for name, across, up in zip(names, x, y, strict=True):
        side, box = _clear(name, across, up, taken)
        taken.append(box)
        chosen.append(side)
    start = sum(len(each.x) for each in named[: named.index(mark)])
    return chosen[start : start + len(mark.x)]


def _clear(name: str, across: float, up: float, taken: list[Box]) -> tuple[str, Box]:
    """Return the first side on which a name covers nothing, else the one that covers least."""
    order = OUTWARDS if across > FAR else INWARDS
    boxes = [(side, _box(side, name, across, up)) for side in order]
    return min(boxes, key=lambda each: sum(_overlap(each[1], other) for other in taken))


def _box(side: str, name: str, across: float, up: float) -> Box:
    wide = CHARACTER * len(name)
    left = across + 0.008 if side.endswith("right") else across - 0.008 - wide
    low = up + 0.012 if side.startswith("top") else up - 0.012 - TALL
    return left, low, left + wide, low + TALL


def _overlap(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _shares(numbers: Numbers, scale: str) -> list[float]:
    """Return where each number lies between the smallest (0) and the largest (1)."""
    scaled = [log10(number) for number in numbers] if scale == "log" else list(numbers)
    low, high = min(scaled), max(scaled)
    return [(number - low) / (high - low) if high > low else 0.5 for number in scaled]
