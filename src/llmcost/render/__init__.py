"""An answer as text or bytes: one module per family of formats, imported when asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from llmcost.errors import UnknownNameError, one_of
from llmcost.render.files import as_bytes, check_output, write_bytes, write_output
from llmcost.render.selection import select_fields
from llmcost.render.suffixes import NAME_ONE, by_suffix

if TYPE_CHECKING:
    from collections.abc import Callable
    from os import PathLike

    from llmcost.table import Document

__all__ = [
    "BYTE_FORMATS",
    "FORMATS",
    "SUFFIXES",
    "check_format",
    "check_output",
    "format_of",
    "render",
    "render_bytes",
    "select_fields",
    "write_bytes",
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
# Formats that are no text: they go to files, never to a screen.
BYTE_FORMATS: dict[str, str] = {
    "xlsx": "llmcost.render.workbook:workbook",
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
    ".xlsx": "xlsx",
}

FOR_TERMINALS = frozenset({"table", "plain"})


def render(document: Document, format_name: str, *, width: int = 80, colour: bool = False) -> str:
    """Return the answer as text in the named format, ending in a newline.

    `width` [columns] and `colour` matter only to the formats for terminals; a page
    narrower than 20 columns is laid out as 20. Raises
    UnknownNameError for a format that does not exist, InputError for an answer that the format
    cannot hold.
    """
    renderer = _renderer(format_name, FORMATS)
    options = {"width": width, "colour": colour} if format_name in FOR_TERMINALS else {}
    return str(renderer(document, **options))


def render_bytes(document: Document, format_name: str, *, width: int = 80) -> bytes:
    """Return the answer as what a file of the named format holds; text is UTF-8.

    Raises UnknownNameError for a format that does not exist, InputError for an answer that the
    format cannot hold, MissingExtraError where what writes it is not installed.
    """
    if format_name in BYTE_FORMATS:
        return bytes(_renderer(format_name, BYTE_FORMATS)(document))
    return as_bytes(render(document, format_name, width=width))


def check_format(format_name: str) -> None:
    """Raise MissingExtraError where what writes a format is not installed, before any work."""
    if format_name in BYTE_FORMATS:
        from llmcost.render.sheets import check_installed

        check_installed()


def _renderer(name: str, formats: dict[str, str]) -> Callable[..., Any]:
    if name not in formats:
        known = {**FORMATS, **BYTE_FORMATS}
        raise UnknownNameError("format", name, known, f"Choose {one_of(formats)}.")
    module, _, function = formats[name].partition(":")
    renderer: Callable[..., Any] = getattr(import_module(module), function)
    return renderer


def format_of(path: str | PathLike[str]) -> str:
    """Return the format that a file's suffix asks for.

    Raises InputError when there is no suffix or an unknown one.

    >>> format_of("cost.md"), format_of("COST.CSV")
    ('markdown', 'csv')
    """
    return by_suffix(path, SUFFIXES, NAME_ONE)
