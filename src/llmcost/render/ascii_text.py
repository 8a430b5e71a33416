"""Text in ASCII, for terminals and files that know nothing else."""

from __future__ import annotations

import unicodedata

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


def _ascii(character: str) -> str:
    if character.isascii():
        return character
    if unicodedata.combining(character):
        return ""
    base = unicodedata.normalize("NFKD", character)[0]
    if base.isascii() and base.isalpha() and character.isalpha():
        return base
    return character.encode("unicode_escape").decode("ascii")
