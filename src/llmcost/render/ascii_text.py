"""Text in ASCII, for terminals and files that know nothing else."""

from __future__ import annotations

import unicodedata
from dataclasses import replace

from llmcost.table import Document, Field, Table

REPLACEMENTS = str.maketrans(
    {
        "–": "-",
        "—": "-",
        "‑": "-",
        "−": "-",
        "×": "x",
        "·": "*",
        "÷": "/",
        "±": "+/-",
        "≤": "<=",
        "≥": ">=",
        "≈": "~",
        "≠": "!=",
        "→": "->",
        "←": "<-",
        "…": "...",
        "•": "*",
        "─": "-",
        "│": "|",
        "█": "#",
        "░": "=",
        "“": '"',
        "”": '"',
        "„": '"',
        "‘": "'",
        "’": "'",
        "²": "^2",
        "³": "^3",
        "°": " degrees",
        "µ": "u",
        "μ": "u",
        "€": "EUR",
        "£": "GBP",
        "¥": "JPY",
        "§": "section ",
        "ß": "ss",
        "æ": "ae",
        "Æ": "AE",
        "ø": "o",
        "Ø": "O",
        "œ": "oe",
        "ł": "l",
        "Ł": "L",
        "©": "(c)",
        "®": "(R)",
        "™": "(TM)",
        "\u00a0": " ",
        "\u2009": " ",
        "\u202f": " ",
    }
)


def in_ascii(text: str) -> str:
    """Return `text` in ASCII: known signs spelled, accents dropped, the rest as escapes.

    >>> in_ascii("$61M – $128M, 3 × 10²⁵, Rényi, 中")
    '$61M - $128M, 3 x 10^2\\\\u2075, Renyi, \\\\u4e2d'
    """
    if text.isascii():
        return text
    return "".join(map(_ascii, text.translate(REPLACEMENTS)))


def document_in_ascii(document: Document) -> Document:
    """Return a document whose words are in ASCII before anything measures how wide they are."""
    return replace(
        document,
        title=in_ascii(document.title),
        tables=tuple(_table(table) for table in document.tables),
        messages=_texts(document.messages),
        footer=in_ascii(document.footer),
    )


def _table(table: Table) -> Table:
    """Return a table in ASCII; its bars are signs of one column before and after."""
    return replace(
        table,
        title=in_ascii(table.title),
        fields=tuple(_field(field) for field in table.fields),
        rows=tuple(
            tuple(in_ascii(cell) if isinstance(cell, str) else cell for cell in row)
            for row in table.rows
        ),
        texts=None if table.texts is None else tuple(_texts(row) for row in table.texts),
        notes=_texts(table.notes),
    )


def _field(field: Field) -> Field:
    return replace(field, title=in_ascii(field.title))


def _texts(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(in_ascii(text) for text in texts)


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.combining(character):
        return ""
    base = unicodedata.normalize("NFKD", character)[0]
    if base.isascii() and base.isalpha() and character.isalpha():
        return base
    return character.encode("unicode_escape").decode("ascii")
