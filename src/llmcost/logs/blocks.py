"""One block of a log: its lines, which of them a format may know, and what they say.

Most lines of a long log are either noise, which is passed over by a search for the words of the
formats, or like a line that was read before, and read by its stencil.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from llmcost.logs.needles import Needles
from llmcost.logs.prefixes import COLOURS, Span, Stamp, launcher, stamp_of
from llmcost.logs.record import Event, Number, Parsed
from llmcost.logs.stencils import LEAST, TRIES, Stencil, StencilBook

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.int64]

LINE_FEED, RETURN = 10, 13
# Bytes of one line that are read; longer ones are passed over and told.
MAX_LINE = 1 << 20
# Lines from each end of a block in which a moment is looked for.
STAMPED = 24


@dataclass(frozen=True, slots=True)
class Kind:
    """What the lines of a stencil are: records of a format, that begin or add to one."""

    format: str
    opens: bool


@dataclass(slots=True)
class Piece:
    """Lines that one stencil read, or one line: their numbers in the file, their fields.

    `places` are those of the lines in their block, which returns leave in one line of the file.
    """

    kind: Kind
    places: Integers
    lines: Floats
    columns: Mapping[str, Floats]


@dataclass(slots=True)
class Block:
    """The lines of some bytes, which end with a line end; `first` is the number of the first.

    The bytes have no colours any more. `starts` and `ends` are places, `numbers` those of lines.
    """

    data: bytes
    first: int
    starts: Integers = field(init=False)
    ends: Integers = field(init=False)
    numbers: Integers = field(init=False)
    feeds: int = field(init=False)

    def __post_init__(self) -> None:
        if b"\x1b" in self.data:
            self.data = COLOURS.sub(b"", self.data)
        whole = np.frombuffer(self.data, np.uint8)
        feed = whole == LINE_FEED
        returns = b"\r" in self.data
        self.ends = np.flatnonzero(feed | (whole == RETURN) if returns else feed)
        self.starts = np.concatenate(([0], self.ends[:-1] + 1)) if len(self.ends) else self.ends
        if returns:
            counted = np.cumsum(feed[self.ends])
            self.feeds = int(counted[-1]) if len(counted) else 0
            self.numbers = self.first + counted - feed[self.ends]
        else:
            self.feeds = len(self.ends)
            self.numbers = np.arange(self.first, self.first + self.feeds)

    def line(self, index: int) -> bytes:
        """Return a line without its end."""
        return self.data[self.starts[index] : self.ends[index]]


@dataclass(slots=True)
class Found:
    """What the lines of a block say: pieces of records, events, the first and last moment [s]."""

    pieces: list[Piece] = field(default_factory=list)
    events: list[tuple[str, Event]] = field(default_factory=list)
    too_long: int = 0


def read_block(block: Block, needles: Needles, book: StencilBook[Kind]) -> Found:
    """Return what a block says; `book` holds the stencils of the log, and learns."""
    found = Found()
    lengths = block.ends - block.starts
    open_lines = np.ones(len(lengths), dtype=np.bool_)
    for length in book.lengths():
        at = np.flatnonzero(lengths == length)
        for stencil in book.of(length):
            at = _read_alike(block, stencil, at, open_lines, found, book)
    _read_rest(block, lengths, open_lines, needles, book, found)
    return found


def _read_alike(
    block: Block,
    stencil: Stencil[Kind],
    at: Integers,
    open_lines: NDArray[np.bool_],
    found: Found,
    book: StencilBook[Kind],
) -> Integers:
    """Read the lines of `at` that a stencil stands for; return those that are left."""
    if len(at) < LEAST:
        return at
    same, columns = stencil.read(block.data, block.starts[at])
    mine = at[same]
    if not len(mine):
        return at
    numbers = block.numbers[mine].astype(np.float64)
    found.pieces.append(Piece(stencil.kind, mine, numbers, columns))
    open_lines[mine] = False
    book.keep(stencil)
    return at[~same]


def _read_rest(
    block: Block,
    lengths: Integers,
    open_lines: NDArray[np.bool_],
    needles: Needles,
    book: StencilBook[Kind],
    found: Found,
) -> None:
    """Read the lines that no stencil knew, one by one, and learn stencils from them."""
    hits = needles.hits(block.data, block.ends, open_lines)
    asked = hits.lines
    tries: dict[int, int] = {}
    for number, index in enumerate(asked.tolist()):
        if not open_lines[index]:
            continue
        open_lines[index] = False
        length = int(lengths[index])
        if length > MAX_LINE:
            found.too_long += 1
            continue
        line = _read_line(block, index, needles, hits.of(number), found)
        if line is None or tries.get(length, 0) >= TRIES:
            continue
        alike = asked[(lengths[asked] == length) & open_lines[asked]]
        if len(alike) >= LEAST:
            tries[length] = tries.get(length, 0) + 1
            _read_alike(block, line.stencil(), alike, open_lines, found, book)


@dataclass(frozen=True, slots=True)
class Line:
    """A record that was read from one line, and where its numbers were."""

    text: bytes
    numbers: tuple[Number, ...]
    stamp: Stamp | None
    kind: Kind

    def stencil(self) -> Stencil[Kind]:
        """Return the stencil of all lines like it."""
        return Stencil(self.text, self.numbers, self.stamp, self.kind)


def _read_line(
    block: Block, index: int, needles: Needles, words: list[int] | None, found: Found
) -> Line | None:
    """Read one line; return it where it is a record of a step."""
    line = block.line(index)
    at, rank = launcher(line)
    for known in needles.formats(line, words):
        parsed = known.parse(line[at:])
        if parsed is not None:
            break
    else:
        return None
    numbers = tuple(
        Number(each.field, each.start + at, each.end + at, each.scale) for each in parsed.numbers
    )
    stamp = stamp_of(line)
    number = int(block.numbers[index])
    if parsed.event:
        found.events.append((known.name, _event(line, number, parsed, numbers, stamp)))
        return None
    kind = Kind(known.name, parsed.opens)
    columns = record_of(line, numbers, stamp, rank)
    ranked = (*numbers, *_rank_numbers(numbers, rank))
    found.pieces.append(Piece(kind, np.array([index]), np.array([float(number)]), columns))
    return Line(line, ranked, stamp, kind)


def record_of(
    line: bytes, numbers: Sequence[Number], stamp: Stamp | None, rank: Span | None
) -> dict[str, Floats]:
    """Return what one line says, by field, as columns of one row."""
    every = (*numbers, *_rank_numbers(numbers, rank))
    values = _values(line, every)
    moment = None if stamp is None else stamp.moment(line)
    if stamp is not None:
        values.setdefault("time_stamp", np.nan if moment is None else moment)
    return {name: np.array([value]) for name, value in values.items()}


def _rank_numbers(numbers: Sequence[Number], rank: Span | None) -> Iterator[Number]:
    if rank is not None and all(number.field != "rank" for number in numbers):
        yield Number("rank", *rank)


def _values(line: bytes, numbers: Sequence[Number]) -> dict[str, float]:
    """Return the numbers of a line by field; those of one field add up."""
    found: dict[str, float] = {}
    for number in numbers:
        found[number.field] = found.get(number.field, 0.0) + value_of(line, number)
    return found


def value_of(line: bytes, number: Number) -> float:
    """Return one number of a line, in the unit of its field."""
    return float(line[number.start : number.end].replace(b",", b"")) * number.scale


def _event(
    line: bytes, number: int, parsed: Parsed, numbers: Sequence[Number], stamp: Stamp | None
) -> Event:
    values = _values(line, numbers)
    moment = values.pop("time_stamp", None)
    if moment is None and stamp is not None:
        moment = stamp.moment(line)
    return Event(number, parsed.event, moment, values, dict(parsed.texts))


def moments_in(block: Block) -> tuple[float, float] | None:
    """Return the first and the last moment [s] that lines of a block name."""
    count, reach = len(block.ends), STAMPED
    first = _first_moment(block, range(min(count, reach)))
    last = _first_moment(block, range(count - 1, max(-1, count - 1 - reach), -1))
    return None if first is None or last is None else (first, last)


def _first_moment(block: Block, indices: range) -> float | None:
    for index in indices:
        start = int(block.starts[index])
        line = block.data[start : min(int(block.ends[index]), start + 300)]
        stamp = stamp_of(line)
        moment = None if stamp is None else stamp.moment(line)
        if moment is not None:
            return moment
    return None
