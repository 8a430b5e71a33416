"""Pictures as files, and in the characters of a terminal: one module a way of drawing."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from llmcost.errors import MissingExtraError, UnknownNameError, one_of
from llmcost.render.suffixes import RENAME, by_suffix

if TYPE_CHECKING:
    from os import PathLike

    from llmcost.picture import Picture

__all__ = ["FORMATS", "SUFFIXES", "check_extra", "draw", "drawn_in_text", "picture_format_of"]

FORMATS: dict[str, str] = {
    "svg": "llmcost.render.pictures.files:svg",
    "png": "llmcost.render.pictures.files:png",
    "pdf": "llmcost.render.pictures.files:pdf",
}
SUFFIXES: dict[str, str] = {f".{name}": name for name in FORMATS}
LIBRARY, EXTRA = "matplotlib", "plot"


def draw(picture: Picture, format_name: str) -> bytes:
    """Return the picture as a file of the named format, the same bytes each time.

    Raises UnknownNameError for a format that does not exist, MissingExtraError where matplotlib
    is not installed.
    """
    if format_name not in FORMATS:
        raise UnknownNameError(
            "format of a picture", format_name, FORMATS, f"Choose {one_of(FORMATS)}."
        )
    check_extra()
    module, _, function = FORMATS[format_name].partition(":")
    drawn: bytes = getattr(import_module(module), function)(picture)
    return drawn


def drawn_in_text(picture: Picture, width: int = 80, *, ascii: bool = False) -> str:  # noqa: A002
    """Return the picture in characters, in lines of at most `width` columns, ending in a newline.

    A page narrower than 30 columns is drawn as 30. With `ascii`, every character is of ASCII.
    """
    from llmcost.render.pictures.characters import picture_text

    return picture_text(picture, width, ascii_only=ascii)


def check_extra() -> None:
    """Raise MissingExtraError where pictures cannot be drawn into files, without drawing one."""
    if find_spec(LIBRARY) is None:
        raise MissingExtraError("A picture as a file", EXTRA)


def picture_format_of(path: str | PathLike[str]) -> str:
    """Return the format that a picture file's suffix asks for.

    Raises InputError when there is no suffix or an unknown one.

    >>> picture_format_of("cost.svg"), picture_format_of("COST.PDF")
    ('svg', 'pdf')
    """
    return by_suffix(path, SUFFIXES, RENAME, "the picture")
