"""From an answer to the screen or a file, in the format asked for."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from llmcost.errors import InputError, shown
from llmcost.render import (
    BYTE_FORMATS,
    FOR_TERMINALS,
    check_format,
    check_output,
    format_of,
    render,
    render_bytes,
    select_fields,
    write_bytes,
)
from llmcost.render.ascii_text import document_in_ascii, in_ascii

if TYPE_CHECKING:
    from llmcost.table import Document

WIDTH = 80
NARROWEST = 30
ASCII_LOCALES = frozenset({"C", "POSIX"})


def emit(
    document: Document,
    *,
    format_name: str | None,
    as_json: bool,
    output: str | None,
    fields: str | None,
    no_color: bool,
) -> None:
    """Print or write a document; raises InputError for options that fight."""
    chosen = _format(format_name, as_json=as_json, output=output)
    if fields is not None:
        document = select_fields(document, names_of(fields))
    document = with_command(document)
    if output is not None:
        write_bytes(render_bytes(document, chosen, width=WIDTH), output)
        click.echo(f"Wrote {output} ({chosen}).", err=True)
        return
    width, colour = page_width(), wants_colour(no_color=no_color)
    text = render(document, chosen, width=width, colour=colour)
    if chosen in FOR_TERMINALS and needs_ascii(text):
        text = render(document_in_ascii(document), chosen, width=width, colour=colour)
    click.echo(_encodable(text, chosen), nl=not text.endswith("\n"), color=True)


def with_command(document: Document) -> Document:
    """Return a document whose JSON, where it names a schema, ends in the command that made it."""
    given = click.get_current_context().find_root().obj
    if given is None or not isinstance(document.data, Mapping) or "schema" not in document.data:
        return document
    return replace(document, data={**document.data, "command": shlex.join(("llmcost", *given))})


def check_asked(
    *,
    format_name: str | None,
    as_json: bool,
    output: str | None,
    fields: str | None,
    no_color: bool,  # noqa: ARG001
) -> None:
    """Raise InputError for what `emit` would refuse, before hours of work are done for it."""
    check_format(_format(format_name, as_json=as_json, output=output))
    if fields is not None:
        names_of(fields)
    if output is not None:
        check_output(output)


def check_kept(output: str | None, read: Sequence[str]) -> None:
    """Raise InputError where what is read would be written over: it is not made again."""
    if output and os.path.realpath(output) in map(os.path.realpath, filter(None, read)):
        raise InputError(
            f"output: got {shown(output)}, which is read too; needs another file, so that what it "
            "holds is kept."
        )


def needs_ascii(text: str) -> bool:
    """Return whether people must read a text in ASCII.

    Under LC_ALL=C Python itself writes UTF-8; whoever sets it wants ASCII on the screen.
    """
    return os.environ.get("LC_ALL") in ASCII_LOCALES or not _can_be_encoded(text)


def _encodable(text: str, chosen: str) -> str:
    """Return the text as the output's encoding can hold it: in ASCII where it must be."""
    if chosen in FOR_TERMINALS:
        return in_ascii(text) if needs_ascii(text) else text
    if _can_be_encoded(text):
        return text
    return text.encode(_encoding(), "backslashreplace").decode(_encoding())


def _can_be_encoded(text: str) -> bool:
    try:
        text.encode(_encoding())
    except UnicodeEncodeError:
        return False
    return True


def _encoding() -> str:
    return getattr(sys.stdout, "encoding", None) or "utf-8"


def _is_terminal() -> bool:
    return sys.stdout is not None and sys.stdout.isatty()


def _format(format_name: str | None, *, as_json: bool, output: str | None) -> str:
    if as_json and format_name not in (None, "json"):
        raise InputError(f"format: got {format_name} beside --json; give only one.")
    if as_json:
        return "json"
    if format_name in BYTE_FORMATS and output is None:
        raise InputError(
            f"format: got {format_name} without a file; it is not text for a screen. "
            f"Give --output, such as -o result.{format_name}."
        )
    if format_name is not None:
        return format_name
    return format_of(output) if output is not None else "table"


def names_of(fields: str) -> list[str]:
    """Return the names in a list of fields; raises InputError where there is none."""
    names = [name.strip().replace("-", "_") for name in fields.split(",") if name.strip()]
    if not names:
        raise InputError(f"fields: got {shown(fields)}; needs names separated by commas.")
    return names


def page_width() -> int:
    """Return how many columns a page on the screen has, from COLUMNS or the terminal."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isascii() and columns.isdigit() and int(columns) > 0:
        return max(NARROWEST, min(int(columns), 500))
    terminal = shutil.get_terminal_size((WIDTH, 24)).columns if _is_terminal() else WIDTH
    return max(NARROWEST, min(WIDTH, terminal))


def wants_colour(*, no_color: bool) -> bool:
    """Return whether bold and dim text is wanted on the screen."""
    if no_color or os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or _is_terminal()
