"""A report on the screen: its parts one after another, pictures drawn in characters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from llmcost.cli.output import WIDTH, needs_ascii, page_width, wants_colour
from llmcost.render import render
from llmcost.render.ascii_text import document_in_ascii, in_ascii
from llmcost.render.pictures import drawn_in_text

if TYPE_CHECKING:
    from llmcost.picture import Picture
    from llmcost.table import Document

Parts = Iterable[tuple["Document", tuple["Picture", ...]]]


def digest_text(parts: Parts, format_name: str, *, to_file: bool, no_color: bool) -> str:
    """Return the parts of a report as text for a screen of its width, or for a file."""
    width = WIDTH if to_file else page_width()
    colour = not to_file and wants_colour(no_color=no_color)
    parts = list(parts)
    text = "\n".join(_blocks(parts, format_name, width, colour=colour, ascii_only=False))
    if format_name == "plain" or (not to_file and needs_ascii(text)):
        text = "\n".join(_blocks(parts, format_name, width, colour=colour, ascii_only=True))
        return in_ascii(text)
    return text


def _blocks(
    parts: Parts, format_name: str, width: int, *, colour: bool, ascii_only: bool
) -> Iterator[str]:
    for document, pictures in parts:
        shown = document_in_ascii(document) if ascii_only else document
        if text := render(shown, format_name, width=width, colour=colour).strip("\n"):
            yield f"{text}\n"
        for picture in pictures:
            yield drawn_in_text(picture, width, ascii=ascii_only)
