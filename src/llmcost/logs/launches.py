"""A launch of a run, as its log tells of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isnan, nan

# Processes of one launch write of the same step within so many seconds.
SAME_MOMENT = 5.0


@dataclass(slots=True)
class Segment:
    """One launch: its lines, its steps, its moments [s], and how it ended.

    Its steps are those above `start` up to `last_step`. `started` and `ended` are the first and
    the last moment that any of its lines names, `launched` tells that the log says where it begins;
    `run_time` [s] is what its end says that it took.
    """

    number: int
    source: int
    format: str
    first_line: int
    last_line: int
    first_step: float
    last_step: float
    start: float
    records: int = 0
    started: float | None = None
    ended: float | None = None
    first_stamp: float | None = None
    last_stamp: float | None = None
    launched: bool = False
    ending: str = ""
    run_time: float | None = None
    first_loss: float = nan
    first_time: float = nan
    copy_of: int | None = None

    @property
    def steps(self) -> float:
        """The steps that it executed."""
        return self.last_step - self.start

    def seen(self, stamp: float) -> None:
        """Take in the moment of one of its records [s]; NaN is none."""
        if isnan(stamp):
            return
        first, last = self.first_stamp, self.last_stamp
        self.first_stamp = stamp if first is None else first
        self.last_stamp = stamp if last is None else max(last, stamp)
        self.started = stamp if self.started is None else min(self.started, stamp)
        self.lived(stamp)

    def lived(self, moment: float) -> None:
        """Take in a moment at which it was still running, or ended [s]."""
        self.ended = moment if self.ended is None else max(self.ended, moment)


def covered(ranges: Sequence[tuple[float, float]]) -> float:
    """Return how many steps lie in any of several ranges, above the first end to the second.

    >>> covered([(0, 100), (80, 150), (200, 210)])
    160.0
    """
    total, reached = 0.0, float("-inf")
    for start, end in sorted(ranges):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


def mark_copies(known: Iterable[Segment], new: Segment) -> bool:
    """Mark a segment that another log tells of too; return whether it is one.

    It starts with the same step at the same moment, or, where no moments are told, with the same
    loss and time of its first step.
    """
    for other in known:
        if other.source == new.source or other.copy_of is not None:
            continue
        if other.first_step == new.first_step and _same_launch(other, new):
            new.copy_of = other.number
            return True
    return False


def _same_launch(one: Segment, two: Segment) -> bool:
    if one.first_stamp is not None and two.first_stamp is not None:
        return abs(one.first_stamp - two.first_stamp) <= SAME_MOMENT
    same_loss = one.first_loss == two.first_loss
    return same_loss and abs(one.first_time - two.first_time) <= 1e-3 * abs(one.first_time)
