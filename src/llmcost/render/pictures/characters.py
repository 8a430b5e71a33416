"""Pictures in the characters of a terminal, in as many columns as there are."""

from __future__ import annotations

from llmcost.picture import Band, Panel, Picture
from llmcost.render.cells import wrapped
from llmcost.render.pictures.character_grid import grid_lines, intervals_left_out
from llmcost.render.pictures.character_rows import row_lines
from llmcost.render.pictures.glyphs import ASCII, UNICODE, Pens, legend_lines, pens_of
from llmcost.render.pictures.scales import is_categories

NARROWEST = 30
LEFT_OUT = "(intervals are left out here)"


def picture_text(picture: Picture, width: int, *, ascii_only: bool = False) -> str:
    """Return a picture as lines of at most `width` columns: finding, panels, legend, source."""
    width = max(width, NARROWEST)
    pens = pens_of(picture, ASCII if ascii_only else UNICODE)
    lines = wrapped(pens.glyphs.words(picture.title), width)
    for panel in picture.panels:
        lines += ["", *_panel(panel, pens, width)]
    lines += ["", *legend_lines(picture, pens, width)]
    if any(not _in_rows(panel) and intervals_left_out(panel) for panel in picture.panels):
        lines.append(LEFT_OUT)
    lines += wrapped(pens.glyphs.words(picture.source), width) if picture.source else []
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _panel(panel: Panel, pens: Pens, width: int) -> list[str]:
    heading = wrapped(pens.glyphs.words(panel.title), width) if panel.title else []
    draw = row_lines if _in_rows(panel) else grid_lines
    return [*heading, *draw(panel, pens, width)]


def _in_rows(panel: Panel) -> bool:
    """Return whether a panel is told row by row: categories, and no distribution between them."""
    return is_categories(panel.y) and not any(isinstance(mark, Band) for mark in panel.marks)
