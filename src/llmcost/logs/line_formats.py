"""The formats that are read line by line."""

from __future__ import annotations

from llmcost.logs.formats import LINE_FORMATS, LineFormat, format_of
from llmcost.logs.formats.launchers import LAUNCHERS


def line_formats(name: str | None = None) -> list[LineFormat]:
    """Return the formats that are read line by line, or the one that is named, and launchers."""
    names = [name] if name is not None else list(LINE_FORMATS)
    found = [*(format_of(each) for each in names), LAUNCHERS]
    return [each for each in found if isinstance(each, LineFormat)]
