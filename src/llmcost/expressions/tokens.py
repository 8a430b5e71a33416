"""The words of a condition: names, texts, numbers with their units, and signs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from llmcost.errors import InputError, shown
from llmcost.reading import MAGNITUDE_WORDS, Wanted, known_units, read_quantity

MAX_CONDITION = 2000
Units = Mapping[str, str | None]
EXAMPLE = "wall_clock < 60 day and gpu == h100-sxm"
LITERAL = Wanted("a number with its unit", "60 day or $100M", money=True)
RATE = LITERAL._replace(inverse=True)
NUMBER, WORD, TEXT, SIGN, END = "number", "word", "text", "sign", "end"
KEYWORDS = ("and", "or", "not", "in")

_SIGNS = re.compile(r"<=|>=|==|!=|[<>()+*/,-]")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*(?:-[A-Za-z0-9_][A-Za-z0-9_.]*)*")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_CURRENCY = r"(?:US\$\s*|\$\s*|USD\s*)?"
_EXPONENT = r"(?:[eE][+-]?\d{1,3}(?![\d.]))?"
_GROUPED = re.compile(
    rf"{_CURRENCY}(?:\d{{1,3}}(?:[,_]\d{{3}})+(?![\d,_])|\d+)?(?:\.\d*)?{_EXPONENT}", re.ASCII
)
_UNGROUPED = re.compile(rf"{_CURRENCY}\d*(?:\.\d*)?{_EXPONENT}", re.ASCII)
_STARTS_NUMBER = re.compile(r"(?:US\$\s*|\$\s*|USD\s*)?\.?\d", re.ASCII)
_ATTACHED = re.compile(r"%|[A-Za-z][A-Za-z_0-9]*", re.ASCII)
_SPACED = re.compile(r"[ \t]+(%|[A-Za-z][A-Za-z_0-9]*)", re.ASCII)
_JOINED = re.compile(r"(?:[ \t]+per[ \t]+|[-*/])(\(?)([A-Za-z$][A-Za-z_0-9]*)", re.ASCII)
_OVER = re.compile(r"[ \t]*/([A-Za-z][A-Za-z_0-9]*)|[ \t]+per[ \t]+([A-Za-z]+)", re.ASCII)
_POWER = re.compile(r"(?:\^|\*\*)\d{1,2}(?![\d.])", re.ASCII)
_TWO_OR_ONE = re.compile(r"\d{1,3},\d{3}(?!\d)", re.ASCII)
_WRONG_SIGNS = {
    "&": "write 'and'",
    "|": "write 'or'",
    "!": "write 'not', or != for a difference",
    "=": "write == to compare",
    "~": "write 'not'",
    "≤": "write <=",
    "≥": "write >=",
    "≠": "write !=",
    "^": "powers are not read",
    "[": "subscripts are not read; lists stand in round brackets",
    ";": "only one condition is read; join two with 'and'",
    "“": "write straight quotes",
    "”": "write straight quotes",
    "‘": "write straight quotes",
    "’": "write straight quotes",
    '"': "a quotation mark is not closed",
    "'": "a quotation mark is not closed",
    "€": "needs USD; convert it first",
    "£": "needs USD; convert it first",
}


class Token(NamedTuple):
    """One word of a condition: its kind, its text, where it lies, and a number with its unit."""

    kind: str
    text: str
    start: int
    end: int
    value: float = 0.0
    unit: str = ""


def refused(condition: str, why: str) -> InputError:
    """Return the error for a condition that cannot be read."""
    return InputError(f"Got {shown(condition)}; {why}. Needs a condition such as {EXAMPLE}.")


def tokens_of(condition: str, units: Units) -> list[Token]:
    """Return the tokens of a condition, with an end; `units` holds the name of every column.

    Raises InputError and UnitError.
    """
    if len(condition) > MAX_CONDITION:
        length = f"{len(condition):,} characters"
        raise refused(condition, f"it has {length}, and needs at most {MAX_CONDITION:,}")
    found: list[Token] = []
    at = _after_spaces(condition, 0)
    while at < len(condition):
        token = _next(condition, at, _in_list(found), units)
        found.append(token)
        at = _after_spaces(condition, token.end)
    return [*found, Token(END, "its end", at, at)]


def _after_spaces(condition: str, at: int) -> int:
    while at < len(condition) and condition[at] in " \t\r\n":
        at += 1
    return at


def _in_list(found: list[Token]) -> bool:
    """Return whether the brackets of an ``in`` are open, where commas part values."""
    for before, token in zip(reversed(found[:-1]), reversed(found[1:]), strict=True):
        if token.text in "()" and token.kind == SIGN:
            return token.text == "(" and (before.kind, before.text) == (WORD, "in")
    return False


def _next(condition: str, at: int, in_list: bool, units: Units) -> Token:
    if _STARTS_NUMBER.match(condition, at):
        return _number(condition, at, in_list, units)
    quoted = _QUOTED.match(condition, at)
    if quoted:
        text = quoted[1] if quoted[1] is not None else quoted[2]
        return Token(TEXT, text, at, quoted.end())
    word = _WORD.match(condition, at)
    if word:
        return _checked_word(condition, Token(WORD, word[0], at, word.end()))
    sign = _SIGNS.match(condition, at)
    if sign:
        return Token(SIGN, sign[0], at, sign.end())
    why = _WRONG_SIGNS.get(condition[at], "it does not belong in a condition")
    raise refused(condition, f"{condition[at]!r} (character {at + 1}): {why}")


def _checked_word(condition: str, token: Token) -> Token:
    if "__" in token.text:
        raise refused(condition, f"{shown(token.text)} is no name of a result or an input")
    if token.text == "lambda" or condition[token.end :].lstrip()[:1] == ":":
        raise refused(condition, f"{shown(token.text)} begins something that is not a comparison")
    called = condition[token.end :].lstrip()[:1] == "("
    if called and token.text.lower() not in KEYWORDS:
        raise refused(condition, f"{shown(token.text + '(...)')} is a call, and calls are not read")
    if token.text.lower() in KEYWORDS:
        return token._replace(text=token.text.lower())
    return token


def _number(condition: str, at: int, in_list: bool, units: Units) -> Token:
    if in_list and (both := _TWO_OR_ONE.match(condition, at)):
        one, two = both[0].replace(",", ""), both[0].replace(",", ", ")
        raise refused(condition, f"{both[0]!r} may be one number or two: write {one} or {two}")
    match = (_UNGROUPED if in_list else _GROUPED).match(condition, at)
    end = _end_of_unit(condition, match.end() if match else at, units)
    if condition.startswith("..", end) or condition.startswith("..", end - 1):
        why = "a range is not read in a condition; write 2 <= price and price <= 3, with units"
        raise refused(condition, why)
    text = condition[at:end]
    value, unit = read_quantity(text, RATE if text[0] in ".0123456789" else LITERAL)
    return Token(NUMBER, text, at, end, value, unit)


def _end_of_unit(condition: str, at: int, units: Units) -> int:
    """Return where the magnitude and the unit of a number end.

    Letters right behind a number always belong to it; further words only where they are units.
    """
    attached = _ATTACHED.match(condition, at)
    start, at = at, attached.end() if attached else at
    at = _after_unit_words(condition, at)
    unknown = _SPACED.match(condition, at)
    if at == start and unknown and unknown[1].lower() not in KEYWORDS and unknown[1] not in units:
        return unknown.end()
    if at == start:
        over = _OVER.match(condition, at)
        if over is None or not _is_unit(condition, over[1] or over[2], units):
            return at
        at = over.end()
    return _end_of_joined(condition, at, units)


def _after_unit_words(condition: str, at: int) -> int:
    while (spaced := _SPACED.match(condition, at)) and spaced[1] in _unit_words():
        at = spaced.end()
    return at


def _end_of_joined(condition: str, at: int, units: Units) -> int:
    """Return where the further parts of a unit end: ``/GPU/hour``, ``-hours``, `` per day``."""
    while True:
        power = _POWER.match(condition, at)
        at = _after_unit_words(condition, power.end() if power else at)
        joined = _JOINED.match(condition, at)
        if joined is None or not _is_unit(condition, joined[2], units):
            return at
        at = joined.end()
        if joined[1]:
            closing = condition.find(")", at)
            if closing < 0:
                raise refused(condition, "a bracket is not closed")
            at = closing + 1


def _is_unit(condition: str, word: str, units: Units) -> bool:
    """Return whether a word behind a sign is a unit; raises InputError where it is a column too."""
    if word not in _unit_words():
        return False
    if units.get(word) is not None:
        why = f"{word!r} right behind a sign may be the unit or the column"
        raise refused(condition, f"{why}; put spaces around the sign for the column")
    return True


@cache
def _unit_words() -> frozenset[str]:
    """Return every word that may follow a number: units and magnitudes."""
    spellings = {word for words in known_units().values() for word in words}
    return frozenset({"%", *spellings, *MAGNITUDE_WORDS})
