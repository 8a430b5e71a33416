"""The cells of a row of a measured table, read tolerantly, with what is wrong in them noted.

People write ``16,384``, ``~400``, ``8K`` or ``4300 ms``. A cell that cannot be right is kept as a
trouble that names the column, what was got, what is needed and the nearest legal value; the row is
then told apart, not dropped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf, isfinite

from llmcost.errors import shown
from llmcost.studies.validation.words import stated

_NUMBER = re.compile(
    r"^(?:~|≈|about |ca\.? |approx\.? )?\s*"
    r"(?P<number>[+-]?(?:\d[\d,_ ]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)"
    r"\s*(?P<unit>[^\d\s].*)?$",
    re.IGNORECASE,
)
_SCALES = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12, "%": 0.01, "ms": 1e-3, "msec": 1e-3}
_SCALES |= {"min": 60.0, "minutes": 60.0, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_BINARY = {"k": 1024.0, "m": 1024.0**2, "ki": 1024.0, "mi": 1024.0**2}
_UNITS = re.compile(
    r"^(s|sec|secs|seconds?|x|tokens?(/s.*|/sec.*)?|tok(ens)?/s.*|tflop.*|gpus?|tpus?|chips?"
    r"|devices?|layers?|seqs?|sequences?|days?|hours?|h|experts?|heads?|nodes?)\.?$"
)


# Beyond these a figure is a slip of the pen: no machine or model is near them.
SMALLEST, LARGEST = 1e-12, 1e18
LARGEST_COUNT = 100_000_000
MOST_TEXT = 2_000
MOST = {"n_layers": 10_000, "hidden": 1_000_000, "n_heads": 100_000, "n_experts": 100_000}


@dataclass(frozen=True, slots=True)
class Number:
    """A number as printed: its value and half a unit of its last printed digit."""

    value: float
    rounding: float


@dataclass(slots=True)
class Cells:
    """The cells of one row by column, and the troubles met while reading them."""

    texts: Mapping[str, str]
    troubles: list[str] = field(default_factory=list)

    def text(self, column: str) -> str:
        """Return a cell's text, empty where it says that nothing is known."""
        return stated((self.texts.get(column) or "")[:MOST_TEXT])

    def raw(self, column: str) -> str:
        """Return a cell's text as it stands."""
        return (self.texts.get(column) or "")[:MOST_TEXT].strip()

    def number(self, column: str, *, binary: bool = False) -> Number | None:
        """Return a positive number, or `None` for an empty cell or one that cannot be right."""
        text = self.text(column)
        if not text or text.casefold() == "none":
            return None
        read = _read(text, binary=binary)
        if read is None:
            self.trouble(column, text, "a number, or nothing where it is not known")
        elif read.value <= 0:
            self.trouble(column, text, "a number above 0, or nothing where it is not known")
        elif not SMALLEST <= read.value <= LARGEST:
            self.trouble(column, text, f"a number between {SMALLEST:g} and {LARGEST:g}")
        else:
            return read
        return None

    def count(self, column: str, *, binary: bool = False) -> int | None:
        """Return a whole number of at least 1, or `None` as `number` does."""
        read = self.number(column, binary=binary)
        if read is None:
            return None
        whole, most = round(read.value), MOST.get(column, LARGEST_COUNT)
        if whole > most:
            self.trouble(column, self.text(column), f"a whole number of at most {most:,}")
            return None
        if abs(read.value - whole) > 1e-9 * max(1, whole) or whole < 1:
            near = f"nearest {max(1, whole):,}"
            self.trouble(column, self.text(column), f"a whole number of at least 1; {near}")
            return None
        return whole

    def trouble(self, column: str, got: object, needed: str) -> None:
        """Note that a cell cannot be right."""
        self.troubles.append(f"{column}: got {shown(got)}; needs {needed}")


def _read(text: str, *, binary: bool) -> Number | None:
    found = _NUMBER.match(re.sub(r"\([^)]*\)", "", text).strip())
    if found is None:
        return None
    digits = re.sub(r"[,_ ]", "", found["number"])
    scale = _scale((found["unit"] or "").strip(), binary=binary)
    try:
        value = float(digits)
    except ValueError:
        return None
    if scale is None or not isfinite(value) or value == inf:
        return None
    return Number(value * scale, _half_unit(digits) * scale)


def _scale(unit: str, *, binary: bool) -> float | None:
    word = unit.casefold()
    if not word or _UNITS.match(word):
        return 1.0
    head = word.split()[0] if word.split()[1:] and _UNITS.match(word.split(None, 1)[1]) else word
    if binary and head in _BINARY:
        return _BINARY[head]
    return _SCALES.get(head)


def _half_unit(digits: str) -> float:
    """Return half a unit of the last printed digit; whole numbers are exact to half of one."""
    mantissa, _, exponent = digits.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(0.5 * 10.0 ** (int(exponent or 0) - decimals))
