"""What pictures of points share: colours of groups, wide axes, how many points are drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from llmcost.figures import EM_DASH, quantity_text
from llmcost.picture import CLAIM, NEUTRAL, PALETTE
from llmcost.table import Cell, Field, Table

T = TypeVar("T")
Cells = tuple[Cell, ...]

# The colour of claims is kept for claims; what has no colour of its own is grey.
COLOURS = tuple(colour for colour in PALETTE if colour != CLAIM)
SYMBOLS = ("circle", "square", "diamond", "triangle", "star", "circle")
OTHER = "other"
# Numbers further apart than this factor stand on a logarithmic axis.
WIDE = 5.0


def groups_of(names: Iterable[str]) -> dict[str, tuple[str, str, str]]:
    """Return the label, colour and symbol of every name: the commonest apart, the rest together."""
    counts = Counter(names)
    common = [name for name, _ in counts.most_common(len(COLOURS))]
    looks = zip(common, COLOURS, SYMBOLS, strict=False)
    own = {name: (name, colour, symbol) for name, colour, symbol in looks}
    return own | {name: (OTHER, NEUTRAL, "circle") for name in counts if name not in own}


def thinned(values: Sequence[T], most: int) -> Sequence[T]:
    """Return at most so many of the values, evenly from first to last.

    >>> thinned(range(10), 4), thinned("abc", 4)
    ([0, 3, 6, 9], 'abc')
    """
    if len(values) <= most:
        return values
    step = (len(values) - 1) / (most - 1)
    return [values[round(place * step)] for place in range(most)]


def numbers_table(name: str, title: str, fields: Sequence[Field], rows: Sequence[Cells]) -> Table:
    """Return the numbers that a picture draws, as files and as people read them.

    Fields of the unit ``share`` are shares, which files hold without a unit.
    """
    units = [field.unit for field in fields]
    texts = tuple(
        tuple(_text(cell, unit) for cell, unit in zip(row, units, strict=True)) for row in rows
    )
    told = tuple(replace(each, unit="") if each.unit == "share" else each for each in fields)
    return Table(name, told, tuple(rows), title, texts)


def _text(cell: Cell, unit: str) -> str:
    if cell is None:
        return EM_DASH
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, str):
        return cell
    return f"{cell:,.0f}" if unit == "GPU" else quantity_text(cell, unit)
