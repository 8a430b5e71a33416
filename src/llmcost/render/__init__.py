"""An answer as text: one module per family of formats, imported when asked for."""

from __future__ import annotations

from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING

from llmcost.errors import InputError, UnknownNameError, one_of, shown
from llmcost.render.files import check_output, write_output
from llmcost.render.selection import select_fields

if TYPE_CHECKING:
    from os import PathLike

    from llmcost.table import Document

__all__ = [
    "FORMATS",
    "SUFFIXES",
    "check_output",
    "format_of",
    "render",
    "select_fields",
    "write_output",
]

FORMATS: dict[str, str] = {
    "table": "llmcost.render.terminal:table",
    "plain": "llmcost.render.terminal:plain",
    "markdown": "llmcost.render.markdown:markdown",
    "csv": "llmcost.render.delimited:csv_text",
    "tsv": "llmcost.render.delimited:tsv_text",
    "json": "llmcost.render.json_text:json_text",
    "jsonl": "llmcost.render.json_text:json_lines",
    "latex": "llmcost.render.latex:latex",
    "html": "llmcost.render.hypertext:page",
}

SUFFIXES: dict[str, str] = {
    ".md": "markdown",
    ".markdown": "markdown",
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".tex": "latex",
    ".html": "html",
    ".htm": "html",
    ".txt": "table",
}

FOR_TERMINALS = frozenset({"table", "plain"})


def render(document: Document, format_name: str, *, width: int = 80, colour: bool = False) -> str:
    """Return the answer as text in the named format, ending in a newline.

    `width` [columns] and `colour` matter only to the formats for terminals; a page
    narrower than 20 columns is laid out as 20. Raises
    UnknownNameError for a format that does not exist, InputError for an answer that the format
    cannot hold.
    """
    if format_name not in FORMATS:
        raise UnknownNameError("format", format_name, FORMATS, f"Choose {one_of(FORMATS)}.")
    module, _, function = FORMATS[format_name].partition(":")
    renderer = getattr(import_module(module), function)
    options = {"width": width, "colour": colour} if format_name in FOR_TERMINALS else {}
    return str(renderer(document, **options))


def format_of(path: str | PathLike[str]) -> str:
    """Return the format that a file's suffix asks for.

    Raises InputError when there is no suffix or an unknown one.

    >>> format_of("cost.md"), format_of("COST.CSV")
    ('markdown', 'csv')
    """
    suffix = PurePath(path).suffix
    if suffix.lower() in SUFFIXES:
        return SUFFIXES[suffix.lower()]
    got = f"the suffix {shown(suffix)}" if suffix else "no suffix"
    raise InputError(
        f"Cannot tell the format of {shown(str(path))}: got {got}; needs {one_of(SUFFIXES)}. "
        "Rename the file or name a format with --format."
    )
