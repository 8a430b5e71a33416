"""Ranges as people write them: ``35..45%``, ``2..2.4..3 USD/GPU/hour``, ``uniform 2..3 USD``.

Both ends are the 5th and the 95th percentile: a 90% interval. Pure text to a kind of distribution
and its ends with their units; nothing here knows what is drawn.

::

    range = quantity ".." [quantity ".."] quantity
    text  = [kind] range | kind "(" range ")" [unit] | "fixed" quantity
    kind  = lognormal | uniform | triangular | pert | beta
"""

from __future__ import annotations

import re
from typing import NamedTuple

from llmcost.errors import InputError, UnitError, one_of, shown
from llmcost.reading import (
    MAX_TEXT,
    NUMBER_WANTED,
    Wanted,
    quantity_in,
    read_number,
    without_currency,
)

LOGNORMAL, UNIFORM, TRIANGULAR = "lognormal", "uniform", "triangular"
PERT, BETA, FIXED = "pert", "beta", "fixed"
# What the number between the ends is called, by kind of distribution.
MIDDLES = {LOGNORMAL: "median", TRIANGULAR: "mode", PERT: "mode"}
KINDS = (LOGNORMAL, UNIFORM, TRIANGULAR, PERT, BETA, FIXED)
_EXAMPLES = {
    LOGNORMAL: "lognormal 2..3 or, with its median, lognormal 2..2.4..3",
    UNIFORM: "uniform 2..3",
    TRIANGULAR: "triangular 2..3 or, with its mode, triangular 2..2.4..3",
    PERT: "pert 2..3 or, with its mode, pert 2..2.4..3",
    BETA: "beta 35..45%",
    FIXED: "fixed 2.5",
}
_WORD = re.compile(
    r"\s*(?P<word>[A-Za-z][A-Za-z_-]*)\s*(?P<rest>\(.*|(?=[\d.$+-]|USD|US\$).*)", re.DOTALL
)
_CURRENCY = re.compile(r"US|[A-Z]{3}")


class Range(NamedTuple):
    """A kind of distribution, and its ends in rising order, each a number and a canonical unit."""

    kind: str
    ends: tuple[tuple[float, str], ...]

    @property
    def unit(self) -> str:
        """The unit of every end."""
        return self.ends[-1][1]


def read_range(text: str, wanted: Wanted = NUMBER_WANTED) -> Range | None:
    """Return the range or the kind of distribution in a text, or `None` when it holds neither.

    An end takes the unit and the magnitude of the last one where it has none of its own. Raises
    InputError for ends that do not rise, for too many, and for an unknown kind; UnitError for
    ends in different units.

    >>> read_range("35..45%")
    Range(kind='lognormal', ends=((35.0, 'percent'), (45.0, 'percent')))
    >>> read_range("fixed $2.50/GPU-h")
    Range(kind='fixed', ends=((2.5, 'USD/GPU/hour'),))
    """
    kind, body = _kind_of(text)
    if kind is None and ".." not in text:
        return None
    parts = body.split("..")
    if len(parts) > 1 and not all(part.strip() for part in parts):
        raise InputError(f"Got {shown(text)}; needs a number on each side of '..'.")
    known = check_ends(kind or LOGNORMAL, len(parts), text)
    ends = _ends(parts, text, wanted)
    if any(unit != ends[-1][1] for _, unit in ends):
        raise UnitError(f"Got {shown(text)}; needs the same unit at both ends of a range.")
    check_order([value for value, _ in ends], text)
    return Range(known, ends)


def check_ends(kind: str, number: int, got: object) -> str:
    """Return the kind; raises InputError for one that is unknown or takes another number of ends.

    `got` is what a message shows.
    """
    if kind not in KINDS:
        raise InputError(f"Got {shown(got)}; needs {one_of(KINDS)} before a range.")
    if number not in ((1,) if kind == FIXED else (2, 3) if kind in MIDDLES else (2,)):
        raise InputError(f"Got {shown(got)}; needs its numbers as in {_EXAMPLES[kind]}.")
    return kind


def check_order(ends: list[float], got: object) -> None:
    """Raise InputError for ends that do not rise; `got` is what the message shows."""
    if not ends[0] <= ends[-1]:
        raise InputError(f"Got {shown(got)}; needs the lower end first.")
    if not ends[0] <= ends[len(ends) // 2] <= ends[-1]:
        raise InputError(f"Got {shown(got)}; needs the middle number between both ends.")


def _kind_of(text: str) -> tuple[str | None, str]:
    """Return the kind that a text begins with, and the text without it and its brackets."""
    match = _WORD.fullmatch(text) if len(text) <= MAX_TEXT else None
    if match is None or match["word"] == "USD":
        return None, text
    word, rest = match["word"].lower(), match["rest"]
    if word not in KINDS:
        if ".." in text and not _CURRENCY.fullmatch(match["word"]):
            raise InputError(f"Got {shown(text)}; needs {one_of(KINDS)} before a range.")
        return None, text
    return word, _unbracketed(rest, text)


def _unbracketed(rest: str, text: str) -> str:
    """Return ``2..3 USD`` for ``(2..3) USD`` and ``(2..3 USD)``."""
    if not rest.startswith("("):
        return rest
    depth = 0
    for at, sign in enumerate(rest):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return f"{rest[1:at]} {rest[at + 1 :]}".strip()
    raise InputError(f"Got {shown(text)}; needs the bracket closed.")


def _ends(parts: list[str], text: str, wanted: Wanted) -> tuple[tuple[float, str], ...]:
    """Return each end with its unit, the last one's where it has none of its own."""
    *heads, tail = parts
    bare, _ = without_currency(tail)
    in_dollars = any(without_currency(part)[1] for part in parts)
    last = quantity_in(f"{'$' if in_dollars else ''}{bare}", text, wanted)
    scale = read_number(bare, text, wanted).scale
    return (*(_end(head, last[1], scale, text, wanted) for head in heads), last)


def _end(part: str, unit: str, scale: float, text: str, wanted: Wanted) -> tuple[float, str]:
    number = read_number(without_currency(part)[0], text, wanted)
    if number.rest:
        return quantity_in(part, text, wanted)
    return number.value * (1.0 if number.attached else scale), unit
