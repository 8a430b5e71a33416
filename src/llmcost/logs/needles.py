"""The words of all formats, searched for in one pass over the bytes.

Of the places of a block that four divides, one lies in a word of six bytes or more with three bytes
behind it. The four bytes from each such place are looked up in one table, however many words there
are; which words they may belong to is known then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from llmcost.logs.formats import LineFormat

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Integers = NDArray[np.int64]

SHORTEST, HASH_BITS = 6, 16
# Lines that are asked one by one rather than searched for words.
FEW = 100


@dataclass(frozen=True, slots=True)
class Hits:
    """Lines that may have a word, by their index, and the pieces of words that each has.

    The pieces of line `lines[i]` are those from `starts[i]` on, up to the next line's; without
    `pieces` any word may be in any line.
    """

    lines: Integers
    starts: Integers
    pieces: Integers | None

    def of(self, i: int) -> list[int] | None:
        """Return the pieces that the i-th line has, `None` where they are not known."""
        if self.pieces is None:
            return None
        end = self.starts[i + 1] if i + 1 < len(self.starts) else len(self.pieces)
        found: list[int] = self.pieces[self.starts[i] : end].tolist()
        return found


class Needles:
    """The words that lines of the formats have."""

    def __init__(self, formats: Sequence[LineFormat]) -> None:
        self._formats = formats
        self._words = [(word, i) for i, known in enumerate(formats) for word in known.needles]
        short = [word for word, _ in self._words if len(word) < SHORTEST]
        if short:
            raise ValueError(f"{short[0]!r}: needs {SHORTEST} bytes or more")
        words_of: dict[int, list[int]] = {}
        for number, (word, _) in enumerate(self._words):
            for piece in _pieces(word):
                words_of.setdefault(piece, []).append(number)
        known = sorted(words_of)
        self._pieces = np.array(known, np.uint32)
        self._words_of = [words_of[piece] for piece in known]
        self._table = np.zeros(1 << HASH_BITS, dtype=np.bool_)
        self._table[_hashes(self._pieces)] = True

    def hits(self, data: bytes, ends: Integers, open_lines: NDArray[np.bool_]) -> Hits:
        """Return the open lines that may have a word; `ends` says where each line ends."""
        left = np.flatnonzero(open_lines)
        if len(left) <= FEW:
            return Hits(left, left, None)
        pieces = np.frombuffer(data, "<u4", len(data) // 4)
        places = np.flatnonzero(self._table[_hashes(pieces)])
        values = pieces[places]
        at = np.minimum(np.searchsorted(self._pieces, values), len(self._pieces) - 1)
        sure = self._pieces[at] == values
        lines = np.searchsorted(ends, 4 * places[sure])
        kept = open_lines[np.minimum(lines, len(ends) - 1)]
        lines, at = lines[kept], at[sure][kept]
        starts = np.flatnonzero(np.diff(lines, prepend=-1) > 0)
        return Hits(lines[starts], starts, at)

    def formats(self, line: bytes, pieces: list[int] | None = None) -> list[LineFormat]:
        """Return the formats that a line has a word of, in their order."""
        words = self._words
        if pieces is not None:
            numbers = {number for piece in pieces for number in self._words_of[piece]}
            words = [self._words[number] for number in numbers]
        found = sorted({number for word, number in words if word in line})
        return [self._formats[number] for number in found]


def _pieces(word: bytes) -> list[int]:
    """Return the four bytes that may start at a fourth place inside a word, as numbers."""
    at = _rarest(word)
    window = word[at : at + 7]
    ends = [b""] if len(window) == 7 else [bytes([byte]) for byte in range(256)]
    known = {(window + end)[start : start + 4] for end in ends for start in range(4)}
    return [int.from_bytes(piece, "little") for piece in known]


def _hashes(pieces: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return (pieces * np.uint32(2654435761)) >> np.uint32(32 - HASH_BITS)


def _rarest(word: bytes) -> int:
    """Return where in a word the seven bytes start that fewest other words have."""
    usual = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789 ")
    starts = range(max(1, len(word) - 7 + 1))
    return max(starts, key=lambda at: sum(b not in usual for b in word[at : at + 7]))
