"""Numbers that stand behind known words of a line, and lines that are known by their words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from llmcost.logs.record import FACT, Number, Parsed

# A longer line is no line of a trainer; nothing below is slow on a line as long as this.
LONGEST = 1 << 14
Units = tuple[tuple[bytes, float], ...]
PLAIN: Units = ((b"", 1.0),)
PERCENT: Units = ((b"%", 0.01),)
SECONDS: Units = ((b"ms", 1e-3), (b" ms", 1e-3), (b"s", 1.0), (b" s", 1.0))
LETTERS: Units = (
    *((b"", 1.0), (b"K", 1e3), (b"M", 1e6), (b"G", 1e9), (b"B", 1e9)),
    *((b"T", 1e12), (b"P", 1e15), (b"E", 1e18)),
)
TERA: Units = ((b"", 1e12),)
_FIGURE = re.compile(
    rb"[ \t]{0,24}([-+]?[0-9]{1,24}(?:,[0-9]{3}){0,8}(?:\.[0-9]{0,24})?(?:[eE][-+]?[0-9]{1,4})?)"
)
# What follows the words of a line where a log shows the program that writes it.
PROGRAM = (b"{", b"%")
# What may not follow a number and its unit: it would be part of a longer word or number.
LONGER = frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_.%")


@dataclass(frozen=True, slots=True)
class Word:
    """A word before a number: the field of the number, and its scale by the unit behind it."""

    text: bytes
    field: str
    units: Units = PLAIN


@dataclass(frozen=True, slots=True)
class Notice:
    """A line that is no step, known by its words: its event, its numbers, its texts.

    A text is TEXT_FACTS' name with the words before it and behind it.
    """

    words: bytes
    event: str = FACT
    numbers: tuple[Word, ...] = ()
    texts: tuple[tuple[str, bytes, bytes], ...] = ()


def scaled(units: Units, factor: float) -> Units:
    """Return units with every scale multiplied by a factor."""
    return tuple((unit, scale * factor) for unit, scale in units)


def number_at(line: bytes, at: int, field: str, units: Units = PLAIN) -> Number | None:
    """Return the number that stands at a place, `None` for none, or one of another unit."""
    found = _FIGURE.match(line, at)
    if found is None:
        return None
    start, end = found.span(1)
    for unit, scale in units:
        after = end + len(unit)
        if line.startswith(unit, end) and (after >= len(line) or line[after] not in LONGER):
            return Number(field, start, end, scale)
    return None


def numbers_behind(line: bytes, words: Sequence[Word], start: int = 0) -> tuple[Number, ...]:
    """Return the numbers that stand behind the first of each word from `start` on."""
    found = []
    for word in words:
        at = line.find(word.text, start)
        number = None
        if at >= 0:
            number = number_at(line, at + len(word.text), word.field, word.units)
        if number is not None:
            found.append(number)
    return tuple(found)


def noticed(line: bytes, notices: Sequence[Notice]) -> Parsed | None:
    """Return what the first notice that knows a line says; a fact without content is none."""
    for notice in notices:
        at = line.find(notice.words)
        if at < 0 or line[at + len(notice.words) :][:1] in PROGRAM:
            continue
        numbers = numbers_behind(line, notice.numbers, at)
        texts = tuple(_texts(line, notice))
        if notice.event != FACT or numbers or texts:
            return Parsed(numbers, event=notice.event, texts=texts)
    return None


def _texts(line: bytes, notice: Notice) -> list[tuple[str, str]]:
    found = []
    for name, before, behind in notice.texts:
        start = line.find(before)
        end = line.find(behind, start + len(before)) if behind else len(line)
        text = line[start + len(before) : end].strip() if start >= 0 and end >= 0 else b""
        if 0 < len(text) <= 100:
            found.append((name, text.decode("utf-8", "replace")))
    return found
