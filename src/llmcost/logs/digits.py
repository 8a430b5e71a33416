"""Digits to numbers, eight at a time in one 64-bit word, thousands of lines at once.

The word is multiplied so that neighbours add up: ones and tens, then hundreds, then all eight
(the method is known as SWAR, "SIMD within a register": Lamport, "Multiple byte processing with
full-word instructions", CACM 18(8), 1975).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bytes = NDArray[np.uint8]

WORD = 8
_ZEROS = 0x3030303030303030
_PAIR = np.uint64(0x000000FF000000FF)
_HIGH, _LOW = np.uint64(0x000F424000000064), np.uint64(0x0000271000000001)
_TEN, _8, _16, _32 = (np.uint64(number) for number in (10, 8, 16, 32))


class Run(NamedTuple):
    """Up to eight digits that follow each other: the columns of the first and after the last."""

    start: int
    end: int


def runs_of(columns: tuple[int, ...]) -> list[Run]:
    """Return the runs of digits that stand in columns, from left to right."""
    runs: list[Run] = []
    for column in columns:
        if runs and runs[-1].end == column and column - runs[-1].start < WORD:
            runs[-1] = Run(runs[-1].start, column + 1)
        else:
            runs.append(Run(column, column + 1))
    return runs


class DigitReader:
    """Reads runs of digits of many lines at once; the lines are WORD bytes long or longer."""

    def __init__(self, runs: list[Run]) -> None:
        self._offsets = [max(0, run.end - WORD) for run in runs]
        shifts = [8 * (at + WORD - run.end) for at, run in zip(self._offsets, runs, strict=True)]
        sizes = [run.end - run.start for run in runs]
        kept = [(1 << 64) - (1 << 8 * (WORD - size)) for size in sizes]
        self._shifts = np.array(shifts, np.uint64).reshape(-1, 1)
        self._kept = np.array(kept, np.uint64).reshape(-1, 1)
        self._zeros = np.array([_ZEROS & mask for mask in kept], np.uint64).reshape(-1, 1)

    def read(self, lines: Bytes) -> Floats:
        """Return the whole numbers of the runs, one row a run, one column a line."""
        count, width = lines.shape
        words = np.empty((len(self._offsets), count), np.uint64)
        for row, at in enumerate(self._offsets):
            words[row] = np.ndarray((count,), "<u8", lines, at, (width,))
        words <<= self._shifts
        words &= self._kept
        words -= self._zeros
        return _summed(words)


def _summed(words: NDArray[np.uint64]) -> Floats:
    """Return the numbers that words of eight digits (0 to 9, the first in the lowest byte) make."""
    pairs = words * _TEN
    words >>= _8
    pairs += words
    upper = pairs & _PAIR
    upper *= _HIGH
    pairs >>= _16
    pairs &= _PAIR
    pairs *= _LOW
    upper += pairs
    upper >>= _32
    return upper.astype(np.float64)
