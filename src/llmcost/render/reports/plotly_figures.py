"""A picture as plotly.js draws it: plain data and layout, without colours of the page's theme.

Only the browser's half of plotly is needed, so figures are plain dictionaries. Every text is made
inert first, as plotly reads a little HTML in the texts that it draws.
"""

from __future__ import annotations

from typing import Any

from llmcost.picture import Axis, Panel, Picture, Region, Rule
from llmcost.render.reports.plotly_marks import (
    axis_ends,
    inert,
    shape_of,
    traces_of,
)

# Heights [px]: of a panel of two axes of numbers, alone or one of several.
TALL, SHORT = 360, 250

Figure = dict[str, Any]


def figure(picture: Picture) -> Figure:
    """Return what the page's script draws: ``data``, ``layout``, ``legend`` and ``panels``.

    Each panel tells its height [px], none for one of categories: those take room by their names,
    which are folded to the width of the screen.
    """
    data: list[Figure] = []
    # The page leaves the ticks of the axes in `meta` as they are.
    layout: Figure = {"shapes": [], "annotations": [], "barmode": "overlay", "meta": []}
    for number, panel in enumerate(picture.panels, start=1):
        _add(panel, "" if number == 1 else str(number), data, layout)
    height = TALL if len(picture.panels) == 1 else SHORT
    return {
        "data": data,
        "layout": layout,
        "legend": legend(picture),
        "panels": [None if panel.y.ticks else height for panel in picture.panels],
    }


def legend(picture: Picture) -> list[dict[str, str]]:
    """Return the lines of the legend, in the order that marks first name them."""
    lines: dict[str, dict[str, str]] = {}
    for mark in (mark for panel in picture.panels for mark in panel.marks):
        if mark.label and mark.label not in lines:
            lines[mark.label] = {
                "label": mark.label,
                "colour": mark.colour,
                "kind": type(mark).__name__.lower(),
                "symbol": getattr(mark, "symbol", ""),
                "dashed": "yes" if getattr(mark, "dashed", False) else "",
            }
    return list(lines.values())


def _add(panel: Panel, tail: str, data: list[Figure], layout: Figure) -> None:
    """Add one panel's axes, whose names end in `tail`, marks and words to the figure."""
    layout[f"xaxis{tail}"] = _axis(panel.x) | {
        "anchor": f"y{tail}",
        "title": {"text": inert(panel.x.label)},
    }
    layout[f"yaxis{tail}"] = _axis(panel.y) | {"anchor": f"x{tail}", "title": {"text": ""}}
    layout["meta"] += [f"{name}axis{tail}" for name in "xy" if getattr(panel, name).ticks]
    for mark in panel.marks:
        if isinstance(mark, Region | Rule):
            layout["shapes"].append(shape_of(mark, tail, panel))
        else:
            data.extend(traces_of(mark, tail, panel))
    layout["annotations"].append(_words_above(panel, tail))


def _axis(axis: Axis) -> Figure:
    made: Figure = {"type": axis.scale} | _tick_texts(axis)
    if axis.ticks and axis.scale == "linear":
        return made | {"fixedrange": True, "range": _room_for(axis), "showgrid": False}
    if axis.limits is not None:
        ends = axis_ends(axis.limits, axis.scale)
        made["range"] = ends[::-1] if axis.reverse else ends
    elif axis.reverse:
        made["autorange"] = "reversed"
    return made


def _tick_texts(axis: Axis) -> Figure:
    """Return what the ticks of an axis say: names of their own, dollars, or percent."""
    if axis.ticks:
        return {
            "tickmode": "array",
            "tickvals": [at for at, _ in axis.ticks],
            "ticktext": [inert(text) for _, text in axis.ticks],
        }
    if axis.unit == "share":
        return {"tickformat": ".0%"}
    return {"tickprefix": "&#36;"} if axis.unit.startswith("USD") else {}


def _room_for(axis: Axis) -> list[float]:
    """Return the ends of an axis of categories: half a place beyond the first and the last."""
    places = [at for at, _ in axis.ticks]
    low, high = axis.limits or (min(places) - 0.6, max(places) + 0.6)
    return [high, low] if axis.reverse else [low, high]


def _words_above(panel: Panel, tail: str) -> Figure:
    """Return the panel's title and what its y axis says, level, where they are read first."""
    title = f"<b>{inert(panel.title)}</b>" if panel.title else ""
    return {
        "text": " \u2003".join(text for text in (title, inert(panel.y.label)) if text),
        "xref": "paper",
        "x": 0,
        "xanchor": "left",
        "yref": f"y{tail} domain",
        "y": 1,
        "yanchor": "bottom",
        "yshift": 8,
        "align": "left",
        "showarrow": False,
    }
