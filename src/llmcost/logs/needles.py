"""The words of all formats, searched for in one pass over the bytes.

Of the places of a block that four divides, one lies in a word of six bytes or more with three bytes
behind it. The four bytes from each such place are looked up in one table, however many words there
are; where they are those of a word, the whole word is compared.
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
    """Lines that have a word, by their index, and the numbers of the words that each has.

    The words of line `lines[i]` are those from `starts[i]` on, up to the next line's; without
    `words` any word may be in any line.
    """

    lines: Integers
    starts: Integers
    words: Integers | None

    def of(self, i: int) -> list[int] | None:
        """Return the words that the i-th line has, `None` where they are not known."""
        if self.words is None:
            return None
        end = self.starts[i + 1] if i + 1 < len(self.starts) else len(self.words)
        found: list[int] = self.words[self.starts[i] : end].tolist()
        return found


class Needles:
    """The words that lines of the formats have."""

    def __init__(self, formats: Sequence[LineFormat]) -> None:
        self._formats = formats
        self._words = [(word, i) for i, known in enumerate(formats) for word in known.needles]
        short = [word for word, _ in self._words if len(word) < SHORTEST]
        if short:
            raise ValueError(f"{short[0]!r}: needs {SHORTEST} bytes or more")
        uses: dict[int, list[tuple[int, int]]] = {}
        for number, (word, _) in enumerate(self._words):
            for piece, offset in _pieces(word):
                uses.setdefault(piece, []).append((number, offset))
        known = sorted(uses)
        self._pieces = np.array(known, np.uint32)
        self._uses = [uses[piece] for piece in known]
        self._table = np.zeros(1 << HASH_BITS, dtype=np.bool_)
        self._table[_hashes(self._pieces)] = True

    def hits(self, data: bytes, ends: Integers, open_lines: NDArray[np.bool_]) -> Hits:
        """Return the open lines that have a word; `ends` says where each line ends."""
        left = np.flatnonzero(open_lines)
        if len(left) <= FEW:
            return Hits(left, left, None)
        places, words = self._found(data)
        lines = np.searchsorted(ends, places)
        kept = open_lines[np.minimum(lines, len(ends) - 1)]
        lines, words = lines[kept], words[kept]
        order = np.argsort(lines, kind="stable")
        lines, words = lines[order], words[order]
        starts = np.flatnonzero(np.diff(lines, prepend=-1) > 0)
        return Hits(lines[starts], starts, words)

    def _found(self, data: bytes) -> tuple[Integers, Integers]:
        """Return where words start, and which; a word may be found twice."""
        pieces = np.frombuffer(data, "<u4", len(data) // 4)
        at = np.flatnonzero(self._table[_hashes(pieces)])
        values = pieces[at]
        which = np.minimum(np.searchsorted(self._pieces, values), len(self._pieces) - 1)
        sure = self._pieces[which] == values
        at, which = 4 * at[sure], which[sure]
        starts, words = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for piece in np.flatnonzero(np.bincount(which, minlength=len(self._pieces))).tolist():
            mine = at[which == piece]
            for number, offset in self._uses[piece]:
                found = _starting(self._words[number][0], data, mine - offset)
                starts.append(found)
                words.append(np.full(len(found), number, np.int64))
        return np.concatenate(starts), np.concatenate(words)

    def formats(self, line: bytes, words: list[int] | None = None) -> list[LineFormat]:
        """Return the formats that a line has a word of, in their order."""
        if words is None:
            words = [number for number, (word, _) in enumerate(self._words) if word in line]
        return [self._formats[i] for i in sorted({self._words[number][1] for number in words})]


def _starting(word: bytes, data: bytes, places: Integers) -> Integers:
    """Return those places at which a word starts."""
    last = len(data) - len(word)
    inside = places[(places >= 0) & (places <= last)]
    if not len(inside):
        return inside
    texts = np.ndarray((last + 1,), f"S{len(word)}", data, 0, (1,))
    found: Integers = inside[texts[inside] == word]
    return found


def _pieces(word: bytes) -> list[tuple[int, int]]:
    """Return the four bytes that may start at a fourth place inside a word, and where they do."""
    at = _rarest(word)
    window = word[at : at + 7]
    ends = [b""] if len(window) == 7 else [bytes([byte]) for byte in range(256)]
    known = {((window + end)[start : start + 4], at + start) for end in ends for start in range(4)}
    return [(int.from_bytes(piece, "little"), start) for piece, start in known]


def _hashes(pieces: NDArray[np.uint32]) -> NDArray[np.uint32]:
    return (pieces * np.uint32(2654435761)) >> np.uint32(32 - HASH_BITS)


def _rarest(word: bytes) -> int:
    """Return where in a word the seven bytes start that fewest other words have."""
    usual = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789 ")
    starts = range(max(1, len(word) - 7 + 1))
    return max(starts, key=lambda at: sum(b not in usual for b in word[at : at + 7]))
