"""Lines that differ in digits alone, read together: the places of numbers, learned from one line.

A stencil is made of a line that was parsed. Another line of its length that has the same byte
wherever the first has no digit, and a digit wherever it has one, says the same with other numbers:
it is read by the same places, thousands of lines at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import numpy as np

from llmcost.logs.digits import WORD, DigitReader, Run, runs_of
from llmcost.logs.prefixes import Stamp
from llmcost.logs.record import Number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bytes = NDArray[np.uint8]
    Words = NDArray[np.uint64]
    Integers = NDArray[np.int64]

K = TypeVar("K")
LEAST = 12  # Lines of one length for which learning a stencil pays.
MOST_OF_LENGTH, MOST = 6, 256
TRIES = 12  # New stencils of one length in one block.
_EXACT_DIGITS = 15
_TOP = np.uint64(int.from_bytes(bytes([0x80]) * WORD, "little"))
_TO_TOP_FROM_TEN, _TO_TOP_FROM_ONE = 0x80 - 10, 0x80 - 1
TILE = 1 << 18  # Bytes of lines at a time.
_STAMP = ("year", "month", "day", "hour", "minute", "second")
_DAYS_BEFORE = np.array([0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334], dtype=np.float64)
_DAYS_IN = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class _Place:
    """One number of a stencil: where its digits are, and what to make of them.

    `powers` are the digits of an exponent, `power` its sign. Without `runs` the number is read as
    text.
    """

    name: str
    start: int
    end: int
    runs: tuple[Run, ...]
    decimals: int
    sign: float
    scale: float
    powers: tuple[Run, ...] = ()
    power: int = 1

    @classmethod
    def of(cls, line: bytes, number: Number) -> _Place:
        at, text = number.start, line[number.start : number.end]
        mantissa, _, exponent = text.lower().partition(b"e")
        digits = _digits_in(mantissa, at)
        point = mantissa.find(b".")
        decimals = 0 if point < 0 else len(_digits_in(mantissa[point:], 0))
        plain = mantissa.lstrip(b"+-").replace(b",", b"").replace(b".", b"", 1).isdigit()
        if not plain or len(digits) > _EXACT_DIGITS:
            digits = ()
        sign = -1.0 if text.startswith(b"-") else 1.0
        powers = tuple(runs_of(_digits_in(exponent, at + len(mantissa) + 1)))
        power = -1 if exponent.startswith(b"-") else 1
        runs = tuple(runs_of(digits))
        return cls(number.field, at, number.end, runs, decimals, sign, number.scale, powers, power)


def _digits_in(text: bytes, at: int) -> tuple[int, ...]:
    return tuple(at + i for i, byte in enumerate(text) if 48 <= byte <= 57)


class Stencil(Generic[K]):
    """The lines that a parsed line stands for, and where their numbers are."""

    def __init__(
        self, line: bytes, numbers: tuple[Number, ...], stamp: Stamp | None, kind: K
    ) -> None:
        self.length = len(line)
        self.kind = kind
        words = -(-self.length // WORD)
        self._width = words * WORD
        padded = np.frombuffer(line.ljust(self._width, b"\0"), np.uint8)
        digit = (padded >= 48) & (padded <= 57)
        inside = np.arange(self._width) < self.length
        self._template = _as_words(np.where(digit, 48, padded))
        self._carry = _as_words(np.where(digit, _TO_TOP_FROM_TEN, _TO_TOP_FROM_ONE))
        self._last = _as_words(np.where(inside[-WORD:], 255, 0))[0]
        self._places = [_Place.of(line, number) for number in (*numbers, *_stamp_numbers(stamp))]
        self._stamp = stamp
        runs = [run for place in self._places for run in (*place.runs, *place.powers)]
        self._reader = DigitReader(runs)

    def read(self, block: bytes, starts: Integers) -> tuple[NDArray[np.bool_], dict[str, Floats]]:
        """Return which lines of its length it stands for, and the numbers of those, by field.

        `starts` says where in `block` the lines start; a line at its very end may be left out.
        Works through as many lines at a time as stay in the cache.
        """
        same = np.empty(len(starts), dtype=np.bool_)
        parts: list[NDArray[np.float64]] = []
        texts: list[dict[str, Floats]] = []
        places = max(0, len(block) - self._width + 1)
        rows = np.ndarray((places,), f"V{self._width}", block, 0, (1,))
        inside = int(np.searchsorted(starts, places))
        same[inside:] = False
        tile = max(1, TILE // self._width)
        room = np.empty((2, min(tile, inside), self._width // WORD), np.uint64)
        for at in range(0, inside, tile):
            lines = rows[starts[at : min(at + tile, inside)]]
            words = lines.view(np.uint64).reshape(len(lines), -1)
            same[at : at + len(lines)] = alike = self._alike(words, *room[:, : len(lines)])
            if not alike.any():
                continue
            mine = words.view(np.uint8)
            mine = mine if alike.all() else mine[alike]
            parts.append(self._reader.read(mine))
            texts.append({p.name: _as_text(mine, p) for p in self._places if not p.runs})
        return same, self._numbers(parts, texts) if same.any() else {}

    def _alike(self, words: Words, wrong: Words, over: Words) -> NDArray[np.bool_]:
        """Return which lines have its bytes, but for digits, and digits where it has digits.

        A byte less that of the template, by exclusive or, is 0 where they are the same, and below
        10 for two digits: the byte added sets the top bit of anything else. `wrong` and `over` are
        room to work in.
        """
        np.bitwise_xor(words, self._template, out=wrong)
        wrong[:, -1] &= self._last
        np.add(wrong, self._carry, out=over)
        np.bitwise_or(wrong, over, out=wrong)
        found: NDArray[np.bool_] = (np.bitwise_or.reduce(wrong, axis=1) & _TOP) == 0
        return found

    def _numbers(self, parts: list[Floats], texts: list[dict[str, Floats]]) -> dict[str, Floats]:
        found: dict[str, Floats] = {}
        rows = iter(np.concatenate(parts, axis=1))
        for place in self._places:
            if place.runs:
                value = _whole(place.runs, rows)
                shift: Any = -float(place.decimals)
                if place.powers:
                    shift = shift + place.power * _whole(place.powers, rows)
                value = place.sign * _shifted(value, shift)
            else:
                value = np.concatenate([each[place.name] for each in texts])
            found[place.name] = found.get(place.name, 0.0) + value * place.scale
        return found if self._stamp is None else _with_moments(found, self._stamp)


def _whole(runs: tuple[Run, ...], rows: Iterator[Floats]) -> Floats:
    """Return the whole number that runs of digits make."""
    value = next(rows)
    for run in runs[1:]:
        value = value * 10.0 ** (run.end - run.start) + next(rows)
    return value


def _shifted(whole: Floats, shift: Any) -> Floats:  # noqa: ANN401
    """Return whole numbers times powers of ten; exactly rounded up to the 22nd power."""
    if isinstance(shift, float):
        return whole / np.float64(10.0**-shift)
    with np.errstate(over="ignore", invalid="ignore"):
        up = 10.0 ** np.clip(shift, 0.0, 400.0)
        down = 10.0 ** np.clip(-shift, 0.0, 400.0)
        found: Floats = whole * up / down
    return found


def _as_words(values: NDArray[np.generic]) -> NDArray[np.uint64]:
    return values.astype(np.uint8).view(np.uint64)


def _as_text(lines: Bytes, place: _Place) -> Floats:
    texts = np.ascontiguousarray(lines[:, place.start : place.end])
    packed = texts.view(f"S{place.end - place.start}").reshape(-1)
    return np.array([float(text.replace(b",", b"")) for text in packed], dtype=np.float64)


def _stamp_numbers(stamp: Stamp | None) -> list[Number]:
    if stamp is None:
        return []
    named = list(zip(_STAMP, stamp.parts, strict=True))
    if stamp.fraction is not None:
        named.append(("fraction", stamp.fraction))
    if stamp.zone is not None:
        named += [("zone_hours", stamp.zone[0]), ("zone_minutes", stamp.zone[1])]
    return [Number(f"stamp {name}", start, end) for name, (start, end) in named]


def _with_moments(found: dict[str, Floats], stamp: Stamp) -> dict[str, Floats]:
    """Replace the parts of stamps by the moments [s since 1970-01-01 UTC], NaN for no such day."""
    parts = [found.pop(f"stamp {name}") for name in _STAMP]
    moments = moments_of(*parts)
    if stamp.fraction is not None:
        start, end = stamp.fraction
        moments = moments + found.pop("stamp fraction") / 10.0 ** (end - start)
    if stamp.zone is not None:
        hours, minutes = found.pop("stamp zone_hours"), found.pop("stamp zone_minutes")
        moments = moments - stamp.sign * (3600.0 * hours + 60.0 * minutes)
    found.setdefault("time_stamp", moments)
    return found


def moments_of(
    year: Floats, month: Floats, day: Floats, hour: Floats, minute: Floats, second: Floats
) -> Floats:
    """Return the moments of dates [s since 1970-01-01 UTC]; NaN for a day that does not exist."""
    if len(year) > 1 and _constant(year) and _constant(month) and _constant(day):
        year, month, day = year[:1], month[:1], day[:1]
    known = (month >= 1) & (month <= 12)
    index = np.where(known, month - 1, 0).astype(np.intp)
    leap = (np.mod(year, 4) == 0) & ((np.mod(year, 100) != 0) | (np.mod(year, 400) == 0))
    last = _DAYS_IN[index] + (leap & (index == 1))
    known &= (day >= 1) & (day <= last) & (year > 0)
    before = year - 1.0
    days = 365.0 * before + before // 4 - before // 100 + before // 400 - 719162.0
    days += _DAYS_BEFORE[index] + (leap & (index > 1)) + day - 1.0
    within = (hour < 24) & (minute < 60) & (second <= 60)
    midnight = np.where(known, days * 86400.0, np.nan)
    return np.where(within, midnight + hour * 3600.0 + minute * 60.0 + second, np.nan)


def _constant(values: Floats) -> bool:
    return bool((values == values[0]).all())


class StencilBook(Generic[K]):
    """The stencils of a log, by the length of their lines, the latest first."""

    def __init__(self) -> None:
        self._of: dict[int, list[Stencil[K]]] = {}

    def lengths(self) -> tuple[int, ...]:
        """Return the lengths of lines that stencils are known for."""
        return tuple(self._of)

    def of(self, length: int) -> list[Stencil[K]]:
        """Return the stencils of one length, the latest that was of use first."""
        return list(self._of.get(length, ()))

    def keep(self, stencil: Stencil[K]) -> None:
        """Put a stencil first; forget those that were of no use for longest."""
        kept = self._of.pop(stencil.length, [])
        if stencil in kept:
            kept.remove(stencil)
        self._of[stencil.length] = [stencil, *kept][:MOST_OF_LENGTH]
        while len(self._of) > MOST:
            del self._of[next(iter(self._of))]
