"""The one shape that every picture is drawn from: panels of marks on titled axes.

A picture says what is drawn, never how: renderers for files, pages and terminals draw the same
record, so a picture cannot tell one story in a paper and another on a page.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module

from llmcost.table import Table

# Colours that people with every common kind of colour blindness tell apart (Okabe and Ito 2008).
PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8C6D31")
NEUTRAL = "#7F7F7F"
# Words, axes, intervals and whatever stands for our own middle value.
INK = "#222222"
# The colour of what somebody claimed, in every picture.
CLAIM = "#D55E00"

Numbers = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: `title` and the `unit` of its numbers, which its label shows.

    `scale` is ``linear``, ``log`` or ``date`` (numbers are then days as `date.toordinal` counts
    them). `ticks` names positions, for an axis of categories; such an axis has no unit. `limits`
    are the ends, else the marks say. A `reverse` axis has its smallest number at the top or right.
    """

    title: str = ""
    unit: str = ""
    scale: str = "linear"
    ticks: tuple[tuple[float, str], ...] = ()
    limits: tuple[float, float] | None = None
    reverse: bool = False

    @property
    def label(self) -> str:
        """The words beside the axis: its title and unit; the ticks of shares read as percent."""
        unit = "%" if self.unit == "share" else self.unit
        return f"{self.title} [{unit}]" if unit else self.title


@dataclass(frozen=True, slots=True)
class Bars:
    """Bars that lie along x from `starts` to `ends` at the places `at` on y; stacked by numbers.

    `texts` tells of each bar where a reader points at it.
    """

    label: str
    colour: str
    at: Numbers
    starts: Numbers
    ends: Numbers
    texts: tuple[str, ...] = ()
    size: float = 0.62


@dataclass(frozen=True, slots=True)
class Whiskers:
    """Intervals from `low` to `high` along x at the places `at` on y."""

    label: str
    at: Numbers
    low: Numbers
    high: Numbers
    colour: str = NEUTRAL


@dataclass(frozen=True, slots=True)
class Points:
    """Points with a text each for who points at them, and a name drawn beside each if `names`.

    Where given, `x_low` and `x_high`, `y_low` and `y_high` are the ends of their intervals.
    `symbol` is ``circle``, ``square``, ``diamond``, ``triangle``, ``cross`` or ``star``.
    """

    label: str
    colour: str
    x: Numbers
    y: Numbers
    texts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    x_low: Numbers = ()
    x_high: Numbers = ()
    y_low: Numbers = ()
    y_high: Numbers = ()
    symbol: str = "circle"


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points in order; `steps` holds each y until the next x."""

    label: str
    colour: str
    x: Numbers
    y: Numbers
    steps: bool = False
    dashed: bool = False
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Band:
    """A filled band between `low` and `high` along x: an interval, or a distribution."""

    label: str
    colour: str
    x: Numbers
    low: Numbers
    high: Numbers


@dataclass(frozen=True, slots=True)
class Region:
    """The shaded stretch of a whole panel from `low` to `high` on the axis `axis`, x or y."""

    label: str
    colour: str
    low: float
    high: float
    axis: str = "x"


@dataclass(frozen=True, slots=True)
class Rule:
    """A line across a whole panel at one value of the axis `axis`, x or y."""

    label: str
    value: float
    axis: str = "x"
    colour: str = NEUTRAL


Mark = Bars | Whiskers | Points | Line | Band | Region | Rule


@dataclass(frozen=True, slots=True)
class Panel:
    """One pair of axes and what is drawn on it, first mark lowest.

    Marks of the same `label` share one line of the legend; an empty label has none.
    """

    x: Axis
    y: Axis
    marks: tuple[Mark, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Picture:
    """A whole picture: the `title` states the finding, `source` says where the numbers are from.

    `description` is the text alternative, in sentences; `table` holds the numbers that are drawn.
    `panels` lie below each other.
    """

    name: str
    title: str
    description: str
    source: str
    panels: tuple[Panel, ...]
    table: Table

    def _repr_svg_(self) -> str:
        """Return the picture as notebooks show it."""
        draw = import_module("llmcost.render.pictures").draw
        return str(draw(self, "svg").decode("utf-8"))
