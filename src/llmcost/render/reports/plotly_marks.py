"""One mark of a picture as traces or a shape of plotly.js."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from html import escape
from math import log10
from typing import Any

from llmcost.picture import Band, Bars, Line, Numbers, Panel, Points, Region, Rule, Whiskers
from llmcost.render.cells import visible
from llmcost.render.reports.plotly_names import sides

Trace = dict[str, Any]
Place = float | str | None

SYMBOLS = {
    "circle": "circle",
    "square": "square",
    "diamond": "diamond",
    "triangle": "triangle-up",
    "cross": "x",
    "star": "star",
}
LINE_WIDTH = 70


def inert(text: str) -> str:
    """Return text in which nothing acts: plotly reads tags, entities and, between dollars, TeX.

    >>> inert("<b>a & b</b>, $2")
    '&lt;b&gt;a &amp; b&lt;/b&gt;, &#36;2'
    """
    return escape(visible(text), quote=False).replace("$", "&#36;")


def hovered(text: str) -> str:
    """Return an inert text of lines short enough to stand beside a pointer."""
    lines = [""]
    for word in visible(text).split(" "):
        if lines[-1] and len(lines[-1]) + len(word) >= LINE_WIDTH:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return "<br>".join(inert(line) for line in lines)


def axis_ends(limits: tuple[float, float], scale: str) -> list[Place]:
    """Return the ends of an axis as plotly counts them: decades where it is of logarithms."""
    if scale == "log":
        return [log10(end) for end in limits]
    return list(places(limits, scale))


def places(numbers: Sequence[float], scale: str) -> list[Place]:
    """Return numbers as places on an axis: days as dates."""
    if scale == "date":
        return [date.fromordinal(round(number)).isoformat() for number in numbers]
    return list(numbers)


def see_through(colour: str, share: float) -> str:
    """Return ``#RRGGBB`` as a colour that lets through what is below it.

    >>> see_through("#0072B2", 0.25)
    'rgba(0, 114, 178, 0.25)'
    """
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, {share})"


def traces_of(mark: Bars | Whiskers | Points | Line | Band, tail: str, panel: Panel) -> list[Trace]:
    """Return the traces that draw a mark on the axes whose names end in `tail`."""
    if isinstance(mark, Bars):
        made = _bars(mark)
    elif isinstance(mark, Whiskers):
        made = _whiskers(mark)
    elif isinstance(mark, Points):
        made = _points(mark, panel)
    elif isinstance(mark, Line):
        made = _line(mark, panel)
    else:
        made = _band(mark, panel)
    return [made | {"xaxis": f"x{tail}", "yaxis": f"y{tail}", "meta": visible(mark.label)}]


def shape_of(mark: Region | Rule, tail: str, panel: Panel) -> Trace:
    """Return the shape that shades or rules a whole panel."""
    low, high = (mark.low, mark.high) if isinstance(mark, Region) else (mark.value, mark.value)
    along, across = ("x", "y") if mark.axis == "x" else ("y", "x")
    scale = (panel.x if mark.axis == "x" else panel.y).scale
    start, end = places((low, high), scale)
    shape: Trace = {
        "name": visible(mark.label),
        "layer": "below" if isinstance(mark, Region) else "above",
        f"{along}ref": f"{along}{tail}",
        f"{along}0": start,
        f"{along}1": end,
        f"{across}ref": f"{across}{tail} domain",
        f"{across}0": 0,
        f"{across}1": 1,
    }
    if isinstance(mark, Region):
        return shape | {
            "type": "rect",
            "fillcolor": see_through(mark.colour, 0.14),
            "line": {"width": 0},
        }
    return shape | {"type": "line", "line": {"color": mark.colour, "width": 1.5, "dash": "dash"}}


def _bars(mark: Bars) -> Trace:
    spans = [end - start for start, end in zip(mark.starts, mark.ends, strict=True)]
    return {
        "type": "bar",
        "orientation": "h",
        "x": spans,
        "base": list(mark.starts),
        "y": list(mark.at),
        "width": mark.size,
        "marker": {"color": mark.colour, "line": {"width": 0}},
    } | _told(mark.texts, mark.label)


def _whiskers(mark: Whiskers) -> Trace:
    """Return one broken line with a stop at either end of every interval."""
    x: list[float | None] = []
    y: list[float | None] = []
    for at, low, high in zip(mark.at, mark.low, mark.high, strict=True):
        x += [low, high, None]
        y += [at, at, None]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "x": x,
        "y": y,
        "line": {"color": mark.colour, "width": 1.75},
        "marker": {"symbol": "line-ns-open", "size": 9, "color": mark.colour},
        "cliponaxis": False,
        "hoverinfo": "skip",
    }


def _points(mark: Points, panel: Panel) -> Trace:
    trace: Trace = {
        "type": "scatter",
        "mode": "markers+text" if mark.names else "markers",
        "x": places(mark.x, panel.x.scale),
        "y": places(mark.y, panel.y.scale),
        "marker": {
            "symbol": SYMBOLS.get(mark.symbol, "circle"),
            "size": 11 if len(mark.x) <= 40 else 7,
            "color": mark.colour,
            "opacity": 1 if len(mark.x) <= 40 else 0.6,
            "line": {"width": 0},
        },
        "cliponaxis": not mark.names,
        "error_x": _interval(mark.x, mark.x_low, mark.x_high, mark.colour),
        "error_y": _interval(mark.y, mark.y_low, mark.y_high, mark.colour),
    }
    if mark.names:
        trace |= {"text": [inert(name) for name in mark.names], "textposition": sides(mark, panel)}
    return trace | _told(mark.texts or mark.names, mark.label)


def _interval(at: Numbers, low: Numbers, high: Numbers, colour: str) -> Trace:
    if not (low and high):
        return {"visible": False}
    return {
        "visible": True,
        "type": "data",
        "symmetric": False,
        "array": [end - value for value, end in zip(at, high, strict=True)],
        "arrayminus": [value - end for value, end in zip(at, low, strict=True)],
        "color": see_through(colour, 0.55),
        "thickness": 1.5,
        "width": 0,
    }


def _line(mark: Line, panel: Panel) -> Trace:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": places(mark.x, panel.x.scale),
        "y": places(mark.y, panel.y.scale),
        "line": {
            "color": mark.colour,
            "width": 2,
            "shape": "hv" if mark.steps else "linear",
            "dash": "dash" if mark.dashed else "solid",
        },
    } | (_told(mark.texts, mark.label) if mark.texts else {"hoverinfo": "skip"})


def _band(mark: Band, panel: Panel) -> Trace:
    """Return the outline of a band, filled: out along its upper edge, back along its lower."""
    x = places(mark.x, panel.x.scale)
    upper, lower = places(mark.high, panel.y.scale), places(mark.low, panel.y.scale)
    return {
        "type": "scatter",
        "mode": "lines",
        "x": [*x, *x[::-1]],
        "y": [*upper, *lower[::-1]],
        "fill": "toself",
        "fillcolor": see_through(mark.colour, 0.28),
        "line": {"width": 0, "color": mark.colour},
        "hoverinfo": "skip",
    }


def _told(texts: Sequence[str], label: str) -> Trace:
    """Return what a reader is told who points at each place of a trace."""
    return {
        "hoverinfo": "text",
        "hovertext": [hovered(text) for text in texts] if texts else hovered(label),
    }
