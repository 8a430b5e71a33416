"""The wall clock of a run, and the parts that it falls into."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import isnan, nan
from typing import TYPE_CHECKING

import numpy as np

from llmcost.logs.deriving import ALONE, Derived
from llmcost.logs.launches import Segment
from llmcost.logs.record import CHECKPOINT, EVALUATION

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

# Launches whose clocks overlap by more [s] did not follow each other.
MOST_OVERLAP = 60.0
PLAIN, EVALUATIONS, CHECKPOINTS, BOTH = range(4)
STAMPS, LAUNCH_CLOCK, END_ALONE, NO_CLOCK = (
    *("stamps", "clock of the launch"),
    *("what the end says of the last session", ""),
)
CLOCKS = {
    STAMPS: "from the first step to the last stamp",
    LAUNCH_CLOCK: "of launches, without pauses between",
    END_ALONE: "what the end of the last session says that it took, evaluation included",
}
# A clock that is shorter than its steps by this share, and by more than stamps are rounded [s].
SHORTER, ROUNDED = 0.05, 2.0
# What a clock may fall, as daemons that keep the time set it, before it is not believed [s].
MOST_SET_BACK = 5.0
SET_BACK = "the clock of the log was set back between two of its records"
TOO_SHORT = (
    "the clock of the log is shorter than the steps in it: its stamps or its step times are wrong, "
    "or its lines were stamped when they were flushed"
)
FOREVER = datetime.max.replace(tzinfo=UTC).timestamp() - 86400.0
# Parts of the wall clock, as they are told.
PARTS = (
    *("training", "skipped_steps", "lost_work", "start_up", "slow_first_steps", "evaluation"),
    *("checkpoints", "evaluation_and_checkpoints", "slower_steps", "after_last_step"),
    *("between_launches", "unexplained"),
)
OF_KIND = {
    PLAIN: "slower_steps",
    EVALUATIONS: "evaluation",
    CHECKPOINTS: "checkpoints",
    BOTH: "evaluation_and_checkpoints",
}


@dataclass(slots=True)
class Clock:
    """The clock of one launch: time [s] and steps between its records, by what lies in between.

    The first record stands for `first_steps`, whose own time of a step is `first_time`, NaN where
    none is printed. `evaluation` is what the log says of it between records in which other things
    lie as well [s]. `kind` says what the clock is.
    """

    segment: Segment
    kind: str = NO_CLOCK
    first: float = nan
    last: float = nan
    first_step: float = nan
    first_time: float = nan
    evaluation: list[float] = field(default_factory=lambda: [0.0] * 4)
    time: list[float] = field(default_factory=lambda: [0.0] * 4)
    steps: list[float] = field(default_factory=lambda: [0.0] * 4)

    def add(self, derived: Derived, rows: Bools) -> None:
        """Take in records of this launch, in order."""
        columns = derived.columns
        moments = columns["moment"][rows]
        known = np.flatnonzero(np.isfinite(moments))
        if not len(known):
            return
        if isnan(self.first):
            self.kind = STAMPS if "time_stamp" in columns else LAUNCH_CLOCK
            at = int(np.flatnonzero(rows)[known[0]])
            self.first = float(moments[known[0]])
            self.first_step = float(columns["step"][at])
            printed = bool(derived.opens[at]) and int(derived.how[at]) in ALONE
            self.first_time = float(columns["step_time"][at]) if printed else nan
        self.last = max(float(moments[known[-1]]), self.first)
        elapsed, steps = columns["elapsed"][rows], columns["elapsed_steps"][rows]
        stalled = derived.stalls[EVALUATION][rows] > 0
        kinds = stalled * EVALUATIONS + (derived.stalls[CHECKPOINT][rows] > 0) * CHECKPOINTS
        told = np.isfinite(elapsed)
        for kind in range(4):
            these = told & (kinds == kind)
            self.time[kind] += float(elapsed[these].sum())
            self.steps[kind] += float(steps[these].sum())
            if kind != EVALUATIONS:
                named = derived.column("evaluation_time")[rows]
                self.evaluation[kind] += float(np.nansum(named[these]))

    @property
    def first_steps(self) -> float:
        """How many steps the first record stands for, which the next one may tell."""
        return 0.0 if isnan(self.first_step) else self.first_step - self.segment.start

    @property
    def told(self) -> str:
        """What the clock is: of its records, or else of the lines around them."""
        start, end = self.segment.started, self.segment.ended
        around = start is not None and end is not None and end > start
        return self.kind or (STAMPS if around else NO_CLOCK)

    def began(self, median: float) -> float:
        """Return when the launch began, its first record's own steps included [s].

        The clock of a launch that began before the log does is not counted from its start.
        """
        if not self.kind:
            return self.segment.started or 0.0
        own = self.first_steps * (median if isnan(self.first_time) else self.first_time)
        if self.kind == LAUNCH_CLOCK:
            whole = self.segment.launched or self.segment.start <= 0
            return min(0.0, self.first - own) if whole else self.first - own
        told = self.segment.started
        return self.first - own if told is None else min(told, self.first - own)

    @property
    def ended(self) -> float:
        """When the last line of the launch was written [s]."""
        told = self.segment.ended if self.told == STAMPS else None
        if isnan(self.last):
            return told or 0.0
        return self.last if told is None else max(told, self.last)

    def parts(self, median: float) -> dict[str, float]:
        """Return what the launch's time holds beyond `median` for every step [s]."""
        if not self.kind:
            return {}
        first = median if isnan(self.first_time) else self.first_time
        found = {
            "start_up": self.first - self.began(median) - self.first_steps * first,
            "slow_first_steps": self.first_steps * (first - median),
            "after_last_step": self.ended - self.last,
        }
        for kind, name in OF_KIND.items():
            found[name] = self.time[kind] - median * self.steps[kind] - self.evaluation[kind]
        found["evaluation"] += sum(self.evaluation)
        return found


@dataclass(frozen=True, slots=True)
class WallClock:
    """The time from the beginning to the end [s], its parts, which add up, and how it was got.

    `launches` are the time of each launch with the pause after it, and its steps.
    """

    total: float
    parts: Mapping[str, float]
    kind: str
    launches: Sequence[tuple[float, float]]
    overlaps: bool = False


def wall_clock(
    clocks: Sequence[Clock], median: float | None, kept: float, lost: float, skipped: float
) -> WallClock | None:
    """Return the wall clock of launches in the order of time; `None` where none tells a clock.

    `median` [s] is the time of a steady step; `kept`, `lost` and `skipped` are steps that moved
    training forward, were done again, and made no update. Without a median nothing is known of the
    parts.
    """
    told = [clock for clock in clocks if clock.told]
    if not told:
        return _by_ends(clocks)
    kind = STAMPS if all(clock.told == STAMPS for clock in told) else LAUNCH_CLOCK
    parts = dict.fromkeys(PARTS, 0.0)
    if median is not None:
        parts |= {"training": median * (kept - skipped), "lost_work": median * lost}
        parts["skipped_steps"] = median * skipped
        for clock in told:
            for name, seconds in clock.parts(median).items():
                parts[name] += seconds
    spans = [(clock.began(median or 0.0), clock.ended) for clock in told]
    pauses = [0.0] * len(told)
    if kind == STAMPS:
        pauses = [after[0] - own[1] for own, after in pairwise(spans)] + [0.0]
    parts["between_launches"] = sum(pauses)
    total = sum(end - start for start, end in spans) + sum(pauses)
    parts["unexplained"] = total - sum(parts.values())
    launches = [
        (end - start + pause, clock.segment.steps)
        for clock, (start, end), pause in zip(told, spans, pauses, strict=True)
    ]
    return WallClock(total, parts, kind, launches, min(pauses) < -MOST_OVERLAP)


def untold(clock: WallClock | None, timed: float, executed: float, set_back: float) -> str:
    """Return why a clock that was `set_back` [s] cannot be believed, nothing where it can."""
    if set_back > MOST_SET_BACK:
        return SET_BACK
    return TOO_SHORT if too_short(clock, timed, executed) else ""


def too_short(clock: WallClock | None, timed: float, executed: float) -> bool:
    """Return whether a clock cannot hold its share of the `timed` [s] of all steps `executed`.

    What the end says that a session took is of that session alone, and is not held against them.
    """
    if clock is None or clock.kind == END_ALONE:
        return False
    share = min(sum(steps for _, steps in clock.launches) / executed, 1.0)
    return clock.total < timed * share * (1 - SHORTER) - ROUNDED


def mean_gpus(
    clocks: Sequence[Clock], clock: WallClock, told: Mapping[int, float], otherwise: float
) -> float:
    """Return the accelerators on average of the time, of those `told` of launches by number."""
    if len(set(told.values())) < 2:
        return otherwise
    known = [one for one in clocks if one.told]
    pairs = zip(known, clock.launches, strict=True)
    hours = [(told.get(one.segment.number, otherwise), time) for one, (time, _) in pairs]
    return sum(each * time for each, time in hours) / sum(time for _, time in hours)


def day_of(moment: float) -> str:
    """Return the day of a moment [s since 1970] as ISO text, the last one there is if beyond."""
    start = datetime.fromtimestamp(0, UTC)
    return (start + timedelta(seconds=min(max(moment, 0.0), FOREVER))).date().isoformat()


def _by_ends(clocks: Sequence[Clock]) -> WallClock | None:
    """Return what the ends of launches say that they took, `None` where none says it."""
    told = [(clock.segment.run_time, clock.segment.steps) for clock in clocks]
    launches = [(time, steps) for time, steps in told if time is not None]
    total = sum(time for time, _ in launches)
    if not total:
        return None
    parts = dict.fromkeys(PARTS, 0.0) | {"unexplained": total}
    return WallClock(total, parts, END_ALONE, launches)
