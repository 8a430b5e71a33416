"""Sources as footnotes: which text cites which, and the way there and back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from llmcost.catalog.sources import source_keys
from llmcost.render.cells import visible
from llmcost.report import Report

CITED = re.compile(r"\[@([^\s\[\]@;,]+(?:\s*[;,]\s*@[^\s\[\]@;,]+)*)\]")
BETWEEN_KEYS = re.compile(r"\s*[;,]\s*@?")
MOST_WAYS_BACK = 6


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of words, or where `number` is not none, a link to that footnote.

    A link that its footnote leads back to has an `anchor`.
    """

    text: str
    number: int | None = None
    anchor: str = ""


@dataclass(slots=True)
class Citations:
    """The footnotes of a report, and where each was cited so far."""

    report: Report
    numbers: dict[str, int] = field(init=False)
    anchors: dict[int, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        keys = [note.key for note in self.report.footnotes]
        self.numbers = {key: at for at, key in reversed(list(enumerate(keys, start=1)))}
        self.anchors = {}

    def in_words(self, text: str) -> list[Piece]:
        """Return a text in which each ``[@key]`` or ``[@key; @other]`` links to its footnotes."""
        pieces: list[Piece] = []
        end = 0
        for match in CITED.finditer(text):
            pieces.append(Piece(_tied(text[end : match.start()])))
            pieces += self.of_keys(BETWEEN_KEYS.split(match[1]))
            end = match.end()
        pieces.append(Piece(_tied(text[end:])))
        return [piece for piece in pieces if piece.text or piece.number]

    def of_cell(self, cell: str) -> list[Piece]:
        """Return the links that a cell of keys, separated by semicolons, stands for."""
        return self.of_keys(source_keys(cell))

    def of_keys(self, keys: Sequence[str]) -> list[Piece]:
        """Return a link for each key, and the bare key where no footnote has it."""
        return [self._link(key) for key in keys]

    def _link(self, key: str) -> Piece:
        number = self.numbers.get(key)
        if number is None:
            return Piece(visible(key))
        there = self.anchors.setdefault(number, [])
        anchor = f"cited-{number}-{len(there) + 1}" if len(there) < MOST_WAYS_BACK else ""
        if anchor:
            there.append(anchor)
        return Piece(str(number), number, anchor)


def _tied(text: str) -> str:
    """Return visible words in which no line ends before the dash of a range."""
    return visible(text).replace(" – ", "\u00a0– ")
