"""Short texts of very many numbers: a column on one scale, a hundredth of the work of the others.

A table of thousands of setups has a hundred thousand numbers; these have three digits as all
others have, and every number of a column is in the same unit.
"""

from __future__ import annotations

from llmcost.figures import EM_DASH
from llmcost.table import Cell

LETTERS = ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e4, "K"))
LEAST = 1e-3


def quick_text(value: Cell, unit: str) -> str:
    """Return a number [unit] in short; words as they are.

    >>> quick_text(116_940_000.0, "USD"), quick_text(0.4274, "share"), quick_text(75.36, "day")
    ('$117M', '42.7%', '75.4 days')
    """
    if value is None or isinstance(value, str):
        return EM_DASH if value is None else value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if unit == "share":
        return f"{_digits(100 * value)}%"
    if unit == "day":
        return f"{_digits(value)} days"
    if unit.startswith("USD"):
        sign = "-" if value < 0 else ""
        return f"{sign}${_scaled(abs(value))}{unit[3:].replace('/GPU/hour', '/GPU-hour')}"
    words = {"GPU*hour": " GPU-hours", "GPU": " GPUs", "": ""}.get(unit, f" {unit}")
    return f"{_scaled(value)}{words}"


def _scaled(value: float) -> str:
    size = abs(value)
    for factor, letter in LETTERS:
        if size >= factor:
            divisor = 1e3 if letter == "K" else factor
            return f"{_digits(value / divisor)}{letter}" if size < 1e15 else f"{value:.2e}"
    return _digits(value)


def _digits(value: float) -> str:
    """Return a number with three digits.

    >>> _digits(1234.5), _digits(99.96), _digits(0.5), _digits(0.0)
    ('1,234', '100', '0.500', '0')
    """
    size = abs(value)
    if size >= 1e15 or 0 < size < LEAST:
        return f"{value:.2e}"
    places = 0 if size >= 99.95 or size == 0 else 1 if size >= 9.995 else 2 if size >= 0.9995 else 3
    return f"{value:,.{places}f}"
