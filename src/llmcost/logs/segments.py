"""Launches of a run in its log: which records are of which, and which are told twice.

A segment is one launch: it begins where the log says so, where the number of the step does not
grow, or where the clock of the launch starts again. Records that several processes write of the
same step are one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import isnan, nan
from typing import TYPE_CHECKING

import numpy as np

from llmcost.errors import LogFormatError
from llmcost.logs.launches import SAME_MOMENT, Segment
from llmcost.logs.record import END, LAUNCH, STOPPED, Chunk, Event

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.logs.record import Floats

MOST_SEGMENTS = 10_000
MOST_RANKS = 1_000_000
MAX_STEP = 1e12
RECENT, LATE = 256, 16


@dataclass(frozen=True, slots=True)
class Marked:
    """The records of a chunk that count: their places in it, the segment of each, the opening ones.

    `steps` are their steps, numbered where the log does not.
    """

    rows: NDArray[np.intp]
    segment: NDArray[np.intp]
    opens: NDArray[np.bool_]
    steps: Floats


@dataclass(slots=True)
class Dropped:
    """How many records were left out, by reason."""

    other_ranks: int = 0
    repeated: int = 0
    without_step: int = 0
    torn: int = 0


@dataclass(slots=True)
class Segmenter:
    """Sorts the records of one log into segments, chunk by chunk.

    `segments` grows; their numbers go on from `offset`. Raises LogFormatError for a log of more
    than 10,000 launches, which is no log of a run.
    """

    source: int = 0
    name: str = "log"
    offset: int = 0
    segments: list[Segment] = field(default_factory=list)
    dropped: Dropped = field(default_factory=Dropped)
    ranks: set[int] = field(default_factory=set)
    numbered: bool | None = None
    _rank: float | None = None
    _told: int = 0
    _recent: dict[float, tuple[float, float, int]] = field(default_factory=dict)
    _armed: bool = False
    _launched: float | None = None
    _count: int = 0
    _clock: float = nan
    _stamp: float | None = None

    def add(self, chunk: Chunk) -> Marked:
        """Return the records of a chunk that count, and their segments."""
        steps = self._steps(chunk)
        rows = self._one_rank(chunk, steps)
        if self._stamp is None and chunk.stamps is not None:
            self._stamp = chunk.stamps[0]
        marked = self._walked(chunk, rows, steps) if len(rows) else _nothing()
        self._close(chunk, rows)
        return marked

    def _steps(self, chunk: Chunk) -> Floats:
        """Return the step of each record, numbered from 1 on where the log never tells it."""
        count = len(chunk)
        told = chunk.columns.get("step", np.full(count, np.nan))
        if count and self.numbered is None:
            self.numbered = not np.isfinite(told).any()
        if not self.numbered:
            return np.where((told >= 0) & (told <= MAX_STEP), told, np.nan)
        self._count += count
        return np.arange(self._count - count + 1, self._count + 1, dtype=float)

    def _one_rank(self, chunk: Chunk, steps: Floats) -> NDArray[np.intp]:
        """Return the places of records with a step, of one process alone where they are named."""
        known = np.isfinite(steps)
        self.dropped.without_step += int((~known).sum())
        ranks = chunk.columns.get("rank")
        if ranks is None or not np.isfinite(ranks).any():
            return np.flatnonzero(known)
        named = np.isfinite(ranks)
        if len(self.ranks) < MOST_RANKS:
            self.ranks.update(int(rank) for rank in np.unique(ranks[named]))
        if self._rank is None or _launch_lines(chunk):
            self._rank = self._first_rank(ranks, known)
        own = ~named | (ranks == self._rank)
        self.dropped.other_ranks += int((known & ~own).sum())
        return np.flatnonzero(known & own)

    def _first_rank(self, ranks: Floats, known: NDArray[np.bool_]) -> float | None:
        """Return the process to read: the one of before while it still writes."""
        named = ranks[np.isfinite(ranks) & known]
        if not len(named):
            return self._rank
        return self._rank if self._rank is not None and self._rank in named else float(named[0])

    def _walked(self, chunk: Chunk, rows: NDArray[np.intp], steps: Floats) -> Marked:
        own = steps[rows]
        launches = _launch_lines(chunk)
        last = self.segments[-1].last_step if self.segments else None
        lines = chunk.columns["line"][rows]
        late = bool(launches) and launches[0] < lines[-1]
        grows = last is not None and own[0] > last and bool((np.diff(own) > 0).all())
        if grows and not late and not self._armed and not self._clock_fell(chunk, rows):
            for event in chunk.events:
                if event.line < lines[-1]:
                    self._heed(event)
            kept, opens = rows, np.zeros(len(rows), dtype=bool)
            number = np.full(len(rows), self.segments[-1].number, dtype=np.intp)
            self._extend(chunk, rows, own)
        else:
            kept, number, opens = self._one_by_one(chunk, rows, own)
        return Marked(kept, number, opens, steps[kept])

    def _clock_fell(self, chunk: Chunk, rows: NDArray[np.intp]) -> bool:
        clock = _clock(chunk)[rows]
        clock = clock[np.isfinite(clock)]
        if not len(clock):
            return False
        return bool(clock[0] < self._clock) or bool((np.diff(clock) < 0).any())

    def _extend(self, chunk: Chunk, rows: NDArray[np.intp], own: Floats) -> None:
        """Add records that go on with the last segment."""
        segment = self.segments[-1]
        segment.records += len(rows)
        segment.ending = ""
        segment.last_step = float(own[-1])
        segment.last_line = int(chunk.columns["line"][rows[-1]])
        stamps = _column(chunk, "time_stamp")[rows]
        known = np.flatnonzero(np.isfinite(stamps))
        for at in known[[0, -1]] if len(known) else ():
            segment.seen(float(stamps[at]))
        clock = _clock(chunk)[rows]
        clock = clock[np.isfinite(clock)]
        self._clock = float(clock[-1]) if len(clock) else self._clock
        loss = _column(chunk, "loss")[rows]
        for at in range(max(0, len(rows) - RECENT), len(rows)):
            self._remember(float(own[at]), float(loss[at]), float(stamps[at]))

    def _one_by_one(
        self, chunk: Chunk, rows: NDArray[np.intp], own: Floats
    ) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        """Sort records where something other than the next step comes."""
        kept, numbers, opens = [], [], []
        told = _Told.of(chunk, rows, own)
        events = iter(chunk.events)
        event = next(events, None)
        for at, row in enumerate(rows.tolist()):
            while event is not None and event.line < told.lines[at]:
                self._heed(event)
                event = next(events, None)
            place = self._place(told, at)
            if place is None:
                continue
            if place:
                self._open(chunk, told, at)
            self._accept(told, at)
            kept.append(row)
            numbers.append(self.segments[-1].number)
            opens.append(place)
        return (
            np.array(kept, dtype=np.intp),
            np.array(numbers, dtype=np.intp),
            np.array(opens, dtype=bool),
        )

    def _heed(self, event: Event) -> None:
        """Take in an event: a launch announces a segment, anything else is of the last one."""
        if event.kind == LAUNCH:
            if not self._armed:
                self._armed, self._launched = True, event.time_stamp
        elif self.segments and not self._armed:
            segment = self.segments[-1]
            if event.kind in (END, STOPPED):
                segment.ending = event.kind
                segment.run_time = event.values.get("run_clock", segment.run_time)
            if event.time_stamp is not None:
                segment.lived(event.time_stamp)

    def _place(self, told: _Told, at: int) -> bool | None:
        """Return whether a record opens a segment, `None` where it is told already or torn."""
        if self._armed or not self.segments:
            return True
        segment, step = self.segments[-1], told.steps[at]
        if told.clocks[at] < self._clock and step > segment.last_step:
            return True
        if step > segment.last_step:
            return False
        if self._repeats(step, told.losses[at], told.stamps[at]):
            self.dropped.repeated += 1
            return None
        if told.torn(at, segment.last_step):
            self.dropped.torn += 1
            return None
        return True

    def _repeats(self, step: float, loss: float, stamp: float) -> bool:
        """Return whether another process has told of this step already.

        By its moment; without one by its loss, of the last few records alone, for a run that does
        its steps again may well come to the same losses.
        """
        found = self._recent.get(step)
        if found is None:
            return False
        apart = abs(stamp - found[1])
        if not isnan(apart):
            same = loss == found[0] or isnan(loss) or isnan(found[0])
            return apart <= SAME_MOMENT and (same or step == self.segments[-1].last_step)
        latest = step == self.segments[-1].last_step
        return latest or (loss == found[0] and self._told - found[2] < LATE)

    def _open(self, chunk: Chunk, told: _Told, at: int) -> None:
        if len(self.segments) >= MOST_SEGMENTS:
            raise LogFormatError(
                f"steps start again more than {MOST_SEGMENTS:,} times, so that this is no log of "
                "one run; give the log of one run, or say which column is the step.",
                file=self.name,
                line=int(told.lines[at]),
            )
        step = told.steps[at]
        segment = Segment(
            number=self.offset + len(self.segments) + 1,
            source=self.source,
            format=chunk.format,
            first_line=int(told.lines[at]),
            last_line=int(told.lines[at]),
            first_step=step,
            last_step=step,
            start=step - 1,
            launched=self._armed,
            first_loss=told.losses[at],
            first_time=told.times[at],
        )
        segment.started = self._launched if self._armed else None
        if not self.segments and segment.started is None:
            segment.started = self._stamp
        if segment.started is not None:
            segment.ended = segment.started
        self.segments.append(segment)
        self._armed, self._launched, self._clock = False, None, nan
        self._recent.clear()

    def _accept(self, told: _Told, at: int) -> None:
        segment, stamp = self.segments[-1], told.stamps[at]
        segment.records += 1
        segment.last_step = told.steps[at]
        segment.last_line = int(told.lines[at])
        segment.ending = ""
        segment.seen(stamp)
        if not isnan(told.clocks[at]):
            self._clock = told.clocks[at]
        self._remember(told.steps[at], told.losses[at], stamp)

    def _remember(self, step: float, loss: float, stamp: float) -> None:
        self._told += 1
        self._recent[step] = loss, stamp, self._told
        while len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]

    def _close(self, chunk: Chunk, rows: NDArray[np.intp]) -> None:
        """Take in what follows the last record of a chunk that was looked at."""
        after = chunk.columns["line"][rows[-1]] if len(rows) else 0
        for event in chunk.events:
            if event.line >= after:
                self._heed(event)
        if self.segments and not self._armed and chunk.stamps is not None:
            self.segments[-1].lived(chunk.stamps[1])


@dataclass(frozen=True, slots=True)
class _Told:
    """What records tell that sorts them, as lists."""

    lines: list[float]
    steps: list[float]
    losses: list[float]
    stamps: list[float]
    clocks: list[float]
    times: list[float]

    @classmethod
    def of(cls, chunk: Chunk, rows: NDArray[np.intp], own: Floats) -> _Told:
        """Return what the records at `rows` tell."""
        return cls(
            chunk.columns["line"][rows].tolist(),
            own.tolist(),
            _column(chunk, "loss")[rows].tolist(),
            _column(chunk, "time_stamp")[rows].tolist(),
            _clock(chunk)[rows].tolist(),
            _column(chunk, "step_time")[rows].tolist(),
        )

    def torn(self, at: int, last: float) -> bool:
        """Return whether a step falls back for one record alone: a number cut off in its middle.

        The digits that are left begin a number near the step that is due, which the next goes on.
        """
        if at + 1 >= len(self.steps) or not last < self.steps[at + 1]:
            return False
        cut = f"{self.steps[at]:.0f}"
        due = (f"{last:.0f}", f"{self.steps[at + 1]:.0f}")
        return any(len(cut) < len(each) and each.startswith(cut) for each in due)


def _launch_lines(chunk: Chunk) -> list[int]:
    return sorted(event.line for event in chunk.events if event.kind == LAUNCH)


def _column(chunk: Chunk, name: str) -> Floats:
    found = chunk.columns.get(name)
    return np.full(len(chunk), np.nan) if found is None else found


def _clock(chunk: Chunk) -> Floats:
    """Return the clock of the launch, which starts again with each."""
    for name in ("run_clock", "train_clock"):
        if name in chunk.columns:
            return chunk.columns[name]
    return np.full(len(chunk), np.nan)


def _nothing() -> Marked:
    none = np.empty(0, dtype=np.intp)
    return Marked(none, none, np.empty(0, dtype=bool), np.empty(0))
