"""The formats that are read line by line."""

from __future__ import annotations

from llmcost.logs.formats import LINE_FORMATS, LineFormat, format_of


def line_formats(name: str | None = None) -> list[LineFormat]:
    """Return the formats that are read line by line, or the one that is named."""
    names = [name] if name is not None else list(LINE_FORMATS)
    found = [format_of(each) for each in names]
    return [each for each in found if isinstance(each, LineFormat)]
