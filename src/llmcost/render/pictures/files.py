"""Pictures as files for papers and slides: matplotlib lays them out at the width of a column.

No window system, no global figure and no clock takes part, so that a picture is the same bytes
each time it is drawn.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from llmcost._version import __version__
from llmcost.picture import INK, Axis, Band, Bars, Line, Picture, Points, Region, Rule
from llmcost.render.cells import visible
from llmcost.render.pictures.marks import SYMBOLS, draw_mark
from llmcost.render.pictures.naming import draw_names
from llmcost.render.pictures.paper import (
    EDGE,
    GAP,
    HEADING,
    LABEL,
    LEADING,
    SOURCE,
    SWATCH,
    TICK,
    TITLE,
    WIDTH,
    Key,
    Paper,
    Place,
    measured,
)
from llmcost.render.pictures.scales import is_categories

DOTS_PER_INCH = 200
STYLE: dict[str, Any] = {
    "font.family": "sans-serif",
    # A reader of an SVG without the first takes the next; all are about as wide.
    "font.sans-serif": ["DejaVu Sans", "Bitstream Vera Sans", "Verdana", "Geneva", "Arial"],
    "font.size": TICK,
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "llmcost",
    "pdf.fonttype": 42,
    "axes.unicode_minus": False,
    "path.simplify": True,
}
QUIET, PALE = "#555555", "#E4E4E4"


def svg(picture: Picture) -> bytes:
    """Return the picture as SVG, its words as text that can be searched and read aloud."""
    details = {"Title": visible(picture.title), "Description": visible(picture.description)}
    text = _saved(picture, "svg", {**details, "Date": None, "Creator": _creator()}).decode()
    described = f"<desc>{escape(details['Description'], quote=False)}</desc>"
    text = text.replace("</title>", f"</title>\n {described}", 1)
    return re.sub(r"<svg ", '<svg role="img" ', text, count=1).encode()


def png(picture: Picture) -> bytes:
    """Return the picture as PNG, of 1,300 dots across."""
    details = {"Title": visible(picture.title), "Description": visible(picture.description)}
    return _saved(picture, "png", {**details, "Software": _creator()})


def pdf(picture: Picture) -> bytes:
    """Return the picture as PDF with its fonts inside."""
    details = {"Title": visible(picture.title), "Subject": visible(picture.description)}
    kept = {**details, "Creator": _creator(), "CreationDate": None, "Producer": None}
    return _saved(picture, "pdf", kept)


def _creator() -> str:
    return f"llmcost {__version__}"


def _saved(picture: Picture, format_name: str, metadata: dict[str, Any]) -> bytes:
    with _own_style():
        figure = _drawn(measured(picture))
        held = io.BytesIO()
        figure.savefig(held, format=format_name, dpi=DOTS_PER_INCH, metadata=metadata)
    return held.getvalue()


@contextmanager
def _own_style() -> Iterator[None]:
    """Draw as we say, whatever the user's own settings of matplotlib are."""
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Signs that the font lacks are drawn as boxes.
        mpl.rcdefaults()
        settings: Any = mpl.rcParams
        settings.update(STYLE)
        yield


def _drawn(paper: Paper) -> Figure:
    figure = Figure(figsize=(WIDTH, paper.height), dpi=DOTS_PER_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    sheet = _sheet(figure, paper.height)
    top = paper.height - EDGE
    _words(sheet, paper.title, top, size=TITLE, weight="bold")
    top -= paper.title_height
    _legend(sheet, paper, top)
    top -= paper.keys_height
    for place in paper.places:
        _words(sheet, place.heading, top, left=paper.left, size=HEADING, weight="bold")
        top -= place.above + place.height
        _panel(figure, paper, place, top)
        top -= place.below + GAP
    _words(sheet, paper.source, top + GAP / 2, size=SOURCE, color=QUIET)
    return figure


def _sheet(figure: Figure, height: float) -> Axes:
    """Return invisible axes over the whole sheet, measured in inches from its lower left."""
    sheet = figure.add_axes((0, 0, 1, 1))
    sheet.set_axis_off()
    sheet.set_xlim(0, WIDTH)
    sheet.set_ylim(0, height)
    return sheet


def _words(
    sheet: Axes,
    lines: tuple[str, ...],
    top: float,
    *,
    left: float = EDGE,
    size: float,
    **look: Any,  # noqa: ANN401
) -> None:
    for number, line in enumerate(lines):
        down = top - number * size * LEADING
        sheet.text(left, down, line, size=size, va="top", ha="left", **{"color": INK, **look})


def _legend(sheet: Axes, paper: Paper, top: float) -> None:
    for row in paper.keys:
        left = EDGE
        middle = top - LABEL * LEADING / 2
        for key in row:
            _swatch(sheet, key, left, middle)
            sheet.text(
                left + SWATCH, middle, key.label, size=LABEL, va="center_baseline", color=INK
            )
            left += key.width
        top -= LABEL * LEADING * 1.15


def _swatch(sheet: Axes, key: Key, left: float, middle: float) -> None:
    """Draw the sample of a mark that stands before its words in the legend."""
    mark, wide = key.mark, SWATCH - 0.07
    if isinstance(mark, Bars | Band | Region):
        alpha = 1.0 if isinstance(mark, Bars) else 0.3 if isinstance(mark, Band) else 0.2
        box = Rectangle((left, middle - 0.05), wide, 0.1, color=mark.colour, alpha=alpha, lw=0)
        sheet.add_patch(box)
    elif isinstance(mark, Points):
        sheet.plot(left + wide / 2, middle, SYMBOLS.get(mark.symbol, "o"), color=mark.colour, ms=5)
    else:
        dashed = isinstance(mark, Rule) or (isinstance(mark, Line) and mark.dashed)
        colour = mark.colour if isinstance(mark, Line | Rule) else INK
        look: dict[str, Any] = {
            "color": colour,
            "linewidth": 1.3,
            "linestyle": (0, (3, 1.5)) if dashed else "-",
        }
        sheet.plot([left, left + wide], [middle, middle], **look)


def _panel(figure: Figure, paper: Paper, place: Place, bottom: float) -> None:
    wide = WIDTH - paper.left - paper.right
    high = paper.height
    box = (paper.left / WIDTH, bottom / high, wide / WIDTH, place.height / high)
    axes = figure.add_axes(box)
    _set_axes(axes, place)
    _set_ends(axes, place)
    for number, mark in enumerate(place.panel.marks):
        draw_mark(mark, axes, 2.0 + number)
    draw_names(axes, place.panel)


def _set_axes(axes: Axes, place: Place) -> None:
    panel = place.panel
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(QUIET)
    axes.tick_params(colors=INK, labelsize=TICK, length=3, width=0.6, which="major")
    axes.tick_params(which="minor", length=0)
    axes.set_xlabel(place.x_label, size=LABEL, labelpad=3)
    axes.set_ylabel("\n".join(place.y_label), size=LABEL, labelpad=4)
    if is_categories(panel.y):
        axes.tick_params(axis="y", length=0)
    else:
        axes.grid(axis="y", color=PALE, linewidth=0.6)
    if not is_categories(panel.x):
        axes.grid(axis="x", color=PALE, linewidth=0.6)


def _set_ends(axes: Axes, place: Place) -> None:
    """Set scales, ends and ticks, which no mark moves."""
    for name, axis, span, ticks in (
        ("x", place.panel.x, place.x, place.x_ticks),
        ("y", place.panel.y, place.y, place.y_ticks),
    ):
        axes.set(**{f"{name}scale": "log" if axis.scale == "log" else "linear"})
        axes.set(**{f"{name}lim": span[::-1] if axis.reverse else span})
        axes.set(**{f"{name}ticks": [at for at, _ in ticks]})
        axes.set(**{f"{name}ticklabels": [text for _, text in ticks]})
        axes.set(**{f"{name}ticks": []}) if not ticks else None
        _no_minor(axes, name, axis)


def _no_minor(axes: Axes, name: str, axis: Axis) -> None:
    if axis.scale == "log":
        getattr(axes, f"{name}axis").set_minor_locator(mpl.ticker.NullLocator())
