"""A log of lines, read as it comes: bytes in, chunks of records out, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from llmcost.logs.blocks import MAX_LINE, Block, Found, Kind, Piece, moments_in, read_block
from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.launchers import LAUNCHERS
from llmcost.logs.gathering import NO_END
from llmcost.logs.line_formats import line_formats
from llmcost.logs.needles import Needles
from llmcost.logs.record import Chunk, Event
from llmcost.logs.stencils import StencilBook

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Moments = tuple[float, float] | None

NOTHING: dict[str, Floats] = {"line": np.empty(0)}


@dataclass(frozen=True, slots=True)
class Read:
    """What some whole lines say, the first of them numbered 1: how many they are, their bytes."""

    found: Found
    stamps: Moments
    lines: int
    size: int


class LineReader:
    """Reads one log: `feed` it bytes, `close` it at its end.

    What is fed up to the last line end is read at once; an unfinished line waits for its rest.
    Between blocks it keeps an unfinished line, the record that later lines may add to, and some
    stencils: no more, however long the log is.
    """

    def __init__(self, formats: Sequence[LineFormat] | None = None) -> None:
        self._needles = Needles(line_formats() if formats is None else formats)
        self._book: StencilBook[Kind] = StencilBook()
        self._rest = b""
        self._passing = False
        self._line = 1
        self._open: dict[str, dict[str, Floats]] = {}
        self._adding: set[str] = set()
        self._format = ""
        self._too_long = 0

    def feed(self, data: bytes) -> Iterator[Chunk]:
        """Yield what the lines that `data` completes say."""
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if not end:
            self._wait(data)
            return
        whole, rest = (data, b"") if end == len(data) else (data[:end], data[end:])
        whole = self._rest + whole if self._rest else whole
        if self._passing:
            whole = whole[_first_end(whole) :]
            self._passing = False
        self._rest = b""
        self._wait(rest)
        if whole:
            yield from self._read(whole)

    def take(self, reads: Sequence[Read]) -> Iterator[Chunk]:
        """Yield what the next lines say, blocks that were read elsewhere, each from line 1."""
        together, places = Found(), 0
        for read in reads:
            before = self._line - 1
            for piece in read.found.pieces:
                shifted = replace(piece, lines=piece.lines + before, places=piece.places + places)
                together.pieces.append(shifted)
            for name, event in read.found.events:
                together.events.append((name, replace(event, line=event.line + before)))
            self._line += read.lines
            self._too_long += read.found.too_long
            places += read.size
        known = [read.stamps for read in reads if read.stamps is not None]
        stamps = (known[0][0], known[-1][1]) if known else None
        lines, size = sum(read.lines for read in reads), sum(read.size for read in reads)
        yield from self._chunks(together, stamps, lines, size)

    def close(self) -> Iterator[Chunk]:
        """Yield what is left: the last line, if it has no end, and the last record."""
        messages = []
        if self._rest and not self._passing:
            messages.append(NO_END)
            yield from self._read(_cut(self._rest), cut=True)
        self._rest = b""
        if self._too_long:
            messages.append(
                f"{self._too_long:,} lines of more than {MAX_LINE:,} bytes were passed over."
            )
        for name in list(self._open):
            columns = self._open.pop(name)
            yield Chunk(name, columns)
        if messages:
            yield Chunk(self._format, NOTHING, messages=tuple(messages))

    def _wait(self, data: bytes) -> None:
        if self._passing:
            return
        self._rest += data
        if len(self._rest) > MAX_LINE:
            self._rest, self._passing = b"", True
            self._too_long += 1

    def _read(self, data: bytes, *, cut: bool = False) -> Iterator[Chunk]:
        block = Block(data, self._line)
        found = read_block(block, self._needles, self._book)
        self._line += block.feeds
        self._too_long += found.too_long
        stamps = None if cut else moments_in(block)
        yield from self._chunks(found, stamps, block.feeds, len(data))

    def _chunks(self, found: Found, stamps: Moments, lines: int, size: int) -> Iterator[Chunk]:
        names = dict.fromkeys([piece.kind.format for piece in found.pieces])
        found = replace(found, events=list(self._attributed(found)))
        names |= dict.fromkeys(name for name, _ in found.events)
        for name in names:
            pieces = [piece for piece in found.pieces if piece.kind.format == name]
            columns = self._records(name, pieces)
            events = [event for of, event in found.events if of == name]
            yield Chunk(name, columns, _in_order(events), stamps, (), lines, size)
            self._format, lines, size = name, 0, 0
        if not names and (stamps or size):
            yield Chunk(self._format, NOTHING, (), stamps, (), lines, size)

    def _attributed(self, found: Found) -> Iterator[tuple[str, Event]]:
        """Yield the events, those of launchers by the format whose record stands before."""
        for name, event in found.events:
            if name != LAUNCHERS.name:
                yield name, event
                continue
            before = [
                (piece.lines[piece.lines <= event.line].max(), piece.kind.format)
                for piece in found.pieces
                if piece.lines.min() <= event.line
            ]
            owner = max(before)[1] if before else self._format
            if owner:
                yield owner, event

    def _records(self, name: str, pieces: Sequence[Piece]) -> dict[str, Floats]:
        """Return the records of a block; the last one waits where lines may add to it."""
        if not pieces:
            return NOTHING
        if not all(piece.kind.opens for piece in pieces):
            self._adding.add(name)
        if name not in self._adding:
            return _sorted(pieces)
        whole = _assembled(pieces, self._open.pop(name, None))
        if not len(whole["line"]):
            return whole
        self._open[name] = {field: values[-1:] for field, values in whole.items()}
        return {field: values[:-1] for field, values in whole.items()}


def _first_end(data: bytes) -> int:
    """Return where the first line ends; there is one."""
    return min(at for at in (data.find(b"\n"), data.find(b"\r")) if at >= 0)


def _in_order(events: Sequence[Event]) -> tuple[Event, ...]:
    return tuple(sorted(events, key=lambda event: event.line))


def _cut(line: bytes) -> bytes:
    """Return an unfinished line without the number that may be cut off at its end."""
    kept = line.rstrip(b"0123456789.,+-eE")
    return kept + b"\n"


def _sorted(pieces: Sequence[Piece]) -> dict[str, Floats]:
    """Return the rows of pieces in the order of their places in the block."""
    if len(pieces) == 1:
        return {"line": pieces[0].lines, **pieces[0].columns}
    lines = np.concatenate([piece.lines for piece in pieces])
    order = np.argsort(np.concatenate([piece.places for piece in pieces]))
    names = dict.fromkeys(name for piece in pieces for name in piece.columns)
    columns = {"line": lines[order]}
    for name in names:
        parts = [piece.columns.get(name, np.full(len(piece.lines), np.nan)) for piece in pieces]
        columns[name] = np.concatenate(parts)[order]
    return columns


def _assembled(pieces: Sequence[Piece], before: dict[str, Floats] | None) -> dict[str, Floats]:
    """Return records with what later lines add to each; the first may have begun before.

    What a line says of a field stays, whatever later lines say of it.
    """
    rows = _sorted(pieces)
    opening = np.concatenate([np.full(len(p.lines), p.kind.opens) for p in pieces])
    order = np.argsort(np.concatenate([piece.places for piece in pieces]))
    opens = opening[order]
    if before is not None:
        names = dict.fromkeys([*before, *rows])
        gap = np.full(len(opens), np.nan)
        rows = {
            name: np.concatenate((before.get(name, np.array([np.nan])), rows.get(name, gap)))
            for name in names
        }
        opens = np.concatenate(([True], opens))
    record = np.cumsum(opens) - 1
    count = int(record[-1]) + 1
    found = {"line": rows["line"][opens]}
    for name, values in rows.items():
        if name != "line":
            said = ~np.isnan(values) & (record >= 0)
            column = np.full(count, np.nan)
            first = np.flatnonzero(said)[::-1]  # Of several, the one that is put last stays.
            column[record[first]] = values[first]
            found[name] = column
    return found
