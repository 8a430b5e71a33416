"""What every format for people shares: short texts, made safe, and how wide they are."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from itertools import compress
from numbers import Integral, Real

from llmcost.errors import InputError
from llmcost.figures import EM_DASH, quantity_text
from llmcost.table import Cell, Field, Table

JOINTS = "-_/"
JOINERS = "\u200c\u200d"
WHITESPACE = re.compile(r"[\t\n\v\f\r\u0085\u2028\u2029]+")
ACTIVE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
ESCAPED_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as people read it: safe short texts under titles, and which columns are numbers."""

    title: str
    headings: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...]


def grid(table: Table) -> Grid:
    """Return the columns and texts of a table that people are shown."""
    chosen = [not table.people_fields or f.name in table.people_fields for f in table.fields]
    texts = table.texts if table.texts is not None else own_texts(table)
    return Grid(
        title=visible(table.title),
        headings=tuple(visible(f.title or f.name) for f in compress(table.fields, chosen)),
        numeric=tuple(f.align == "right" for f in compress(table.fields, chosen)),
        rows=tuple(tuple(visible(text) for text in compress(row, chosen)) for row in texts),
        notes=tuple(visible(note) for note in table.notes),
    )


def own_texts(table: Table) -> tuple[tuple[str, ...], ...]:
    """Return short texts for a table that brings none, its numbers in their units.

    A number takes the unit of its field, or else what its row holds in a field called ``unit``.
    """
    names = [f.name for f in table.fields]
    at = names.index("unit") if "unit" in names else None
    return tuple(
        tuple(cell_text(cell, _unit(f, row, at)) for f, cell in zip(table.fields, row, strict=True))
        for row in table.rows
    )


def _unit(own: Field, row: tuple[Cell, ...], at: int | None) -> str:
    return own.unit or (str(row[at]) if at is not None and row[at] is not None else "")


def cell_text(cell: Cell, unit: str = "") -> str:
    """Return one cell [unit] for people: a short number, yes or no, text as it is."""
    if cell is None:
        return EM_DASH
    if isinstance(cell, bool):
        return yes_or_no(cell)
    return quantity_text(cell, unit) if isinstance(cell, Real) else str(cell)


def full_text(cell: Cell) -> str:
    """Return one cell for a file: every digit, yes or no, nothing for a missing value.

    Raises InputError for a number that is not finite.
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return yes_or_no(cell)
    return repr(plain_number(cell)) if isinstance(cell, Real) else str(cell)


def yes_or_no(flag: bool) -> str:
    """Return a flag as data files spell it."""
    return "yes" if flag else "no"


def plain_number(number: float) -> int | float:
    """Return a number of any kind as Python's own; raises InputError when it is not finite."""
    if isinstance(number, Integral):
        return int(number)
    value = float(number)
    if value - value != 0:
        raise InputError(
            f"{value!r} cannot be written to a file; a number must be finite, "
            "and a missing one is None."
        )
    return value


def visible(text: str) -> str:
    """Return `text` on one line, with every character that could act on a terminal spelled out.

    >>> visible("two\\nlines, \\x1b[31mred")
    'two lines, \\\\x1b[31mred'
    """
    if text.isascii() and text.isprintable():
        return text
    return "".join(_safe(character) for character in WHITESPACE.sub(" ", text))


def _safe(character: str) -> str:
    if character in JOINERS or unicodedata.category(character) not in ESCAPED_CATEGORIES:
        return character
    return character.encode("unicode_escape").decode("ascii")


def spelled_out(text: str) -> str:
    """Return `text` for a file: line ends and tabs stay, other control characters are spelled."""
    return ACTIVE.sub(lambda match: _safe(match[0]), text)


def display_width(text: str) -> int:
    """Return how many columns `text` takes in a terminal."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(character: str) -> int:
    if character in JOINERS or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    if "\u1160" <= character <= "\u11ff":  # vowels and finals that join a Korean syllable
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrapped(text: str, width: int) -> list[str]:
    """Return `text` as lines of at most `width` columns, broken between words where possible."""
    if display_width(text) <= width:
        return [text]
    lines: list[str] = []
    line, used = "", 0
    for piece in (piece for word in text.split() for piece in _pieces(word, width)):
        wide = display_width(piece)
        if line and used + 1 + wide > width:
            lines.append(line)
            line, used = "", 0
        line, used = (f"{line} {piece}", used + 1 + wide) if line else (piece, wide)
    return [*lines, line]


def _pieces(word: str, width: int) -> list[str]:
    """Return a word whole, or in pieces that fit when it is wider than a line.

    It is broken after a joint (``-``, ``_``, ``/``) where the line has one.
    """
    if display_width(word) <= width:
        return [word]
    pieces, start = [], 0
    while display_width(word[start:]) > width:
        end = _fitting(word, start, width)
        joint = max(word.rfind(mark, start + 1, end) for mark in JOINTS) + 1
        end = joint or end
        pieces.append(word[start:end])
        start = end
    return [*pieces, word[start:]]


def _fitting(word: str, start: int, width: int) -> int:
    """Return the end of the longest piece from `start` on that fits, of one character at least."""
    end, used = start, 0
    while end < len(word) and used + _width(word[end]) <= width:
        used += _width(word[end])
        end += 1
    return max(end, start + 1)
