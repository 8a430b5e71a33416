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

# Heights [px]: a row of categories, a panel of two axes of numbers, between panels.
ROW, FEWEST_ROWS, TALL, SHORT, GAP = 40, 3, 360, 250, 84
TOP, BOTTOM = 34, 58
DENSE, DENSE_ROW = 14, 27

Figure = dict[str, Any]


def figure(picture: Picture) -> Figure:
    """Return what the page's script draws: ``data``, ``layout``, ``legend`` and ``height`` [px]."""
    heights = [_height(panel, len(picture.panels)) for panel in picture.panels]
    data: list[Figure] = []
    layout: Figure = {"shapes": [], "annotations": []}
    for number, (panel, domain) in enumerate(
        zip(picture.panels, _domains(heights), strict=True), start=1
    ):
        _add(panel, number, domain, data, layout)
    return {
        "data": data,
        "layout": layout,
        "legend": legend(picture),
        "height": sum(heights) + GAP * (len(heights) - 1) + TOP + BOTTOM,
        "top": TOP,
        "bottom": BOTTOM,
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


def _height(panel: Panel, panels: int) -> int:
    if not panel.y.ticks:
        return TALL if panels == 1 else SHORT
    rows = max(len(panel.y.ticks), FEWEST_ROWS)
    return rows * (DENSE_ROW if rows > DENSE else ROW) + 24


def _domains(heights: list[int]) -> list[tuple[float, float]]:
    """Return which part of the whole height each panel takes, the first one at the top."""
    whole = sum(heights) + GAP * (len(heights) - 1)
    domains, top = [], float(whole)
    for height in heights:
        domains.append(((top - height) / whole, top / whole))
        top -= height + GAP
    return domains


def _add(
    panel: Panel, number: int, domain: tuple[float, float], data: list[Figure], layout: Figure
) -> None:
    """Add one panel's axes, marks and words to the figure."""
    tail = "" if number == 1 else str(number)
    layout[f"xaxis{tail}"] = _axis(panel.x) | {
        "anchor": f"y{tail}",
        "title": {"text": inert(panel.x.label)},
    }
    layout[f"yaxis{tail}"] = _axis(panel.y) | {
        "anchor": f"x{tail}",
        "domain": list(domain),
        "title": {"text": ""},
    }
    for mark in panel.marks:
        if isinstance(mark, Region | Rule):
            layout["shapes"].append(shape_of(mark, tail, panel))
        else:
            data.extend(traces_of(mark, tail, panel))
    layout["annotations"].extend(_words_above(panel, tail))
    layout["barmode"] = "overlay"


def _axis(axis: Axis) -> Figure:
    made: Figure = {"type": axis.scale}
    if axis.ticks:
        made |= {
            "type": "linear",
            "tickmode": "array",
            "tickvals": [at for at, _ in axis.ticks],
            "ticktext": [inert(text) for _, text in axis.ticks],
            "fixedrange": True,
            "range": _room_for(axis),
            "showgrid": False,
        }
        return made
    if axis.limits is not None:
        ends = axis_ends(axis.limits, axis.scale)
        made["range"] = ends[::-1] if axis.reverse else ends
    elif axis.reverse:
        made["autorange"] = "reversed"
    return made


def _room_for(axis: Axis) -> list[float]:
    """Return the ends of an axis of categories: half a place beyond the first and the last."""
    places = [at for at, _ in axis.ticks]
    low, high = axis.limits or (min(places) - 0.6, max(places) + 0.6)
    return [high, low] if axis.reverse else [low, high]


def _words_above(panel: Panel, tail: str) -> list[Figure]:
    """Return the panel's title and what its y axis says, level, where they are read first."""
    title = f"<b>{inert(panel.title)}</b>" if panel.title else ""
    words = " \u2003".join(text for text in (title, inert(panel.y.label)) if text)
    if not words:
        return []
    return [
        {
            "text": words,
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
    ]
