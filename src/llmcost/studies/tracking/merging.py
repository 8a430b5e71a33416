"""What several logs of a run say together: its launches in order, its steps, their times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from llmcost.logs.launches import Segment, covered
from llmcost.studies.tracking.clocks import Clock
from llmcost.studies.tracking.distributions import Distribution
from llmcost.studies.tracking.series import Series
from llmcost.studies.tracking.strands import Strand

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# A way to get step times counts where it gives at least this share of what the fullest one does.
ENOUGH = 0.5
# Tokens of steps that differ by less are all the same.
SAME_TOKENS = 1e-3
# Totals of tokens and the tokens of steps agree within this share, else the totals are right.
AGREED, READABLE, DIGITS = 0.02, 0.01, 1e-3


@dataclass(frozen=True, slots=True)
class Merged:
    """Strands as one run: launches by time, and the step times of the best way to get them.

    `how` is a place in HOWS, `None` where no step has a time; `few` says that only first or stalled
    steps have one.
    """

    strands: Sequence[Strand]
    segments: Sequence[Segment]
    clocks: Sequence[Clock]
    how: int | None
    times: Distribution
    paces: Distribution
    few: bool

    @property
    def executed(self) -> float:
        """Steps of all launches, those done again too."""
        return sum(segment.steps for segment in self.segments)

    @property
    def kept(self) -> float:
        """Steps that are in any launch."""
        return covered([(segment.start, segment.last_step) for segment in self.segments])

    @property
    def first_step(self) -> float:
        """The lowest step."""
        return min(segment.first_step for segment in self.segments)

    @property
    def last_step(self) -> float:
        """The highest step."""
        return max(segment.last_step for segment in self.segments)

    @property
    def done(self) -> float:
        """Steps done since the start of training: one more where the first of all is called 0."""
        return self.last_step + (1.0 if min(one.start for one in self.segments) < 0 else 0.0)

    @property
    def skipped(self) -> float:
        """Steps without an update."""
        found = 0.0
        for strand in self.strands:
            found += strand.counts.skipped_steps or sum(strand.skipped_totals.values())
        return min(found, self.kept)

    @property
    def series(self) -> dict[str, Floats]:
        """The step times in order, by the names of `series.NAMES`."""
        whole = Series()
        order = {segment.number: place for place, segment in enumerate(self.segments)}
        parts = [
            strand.measures[self.how].series.columns
            for strand in self.strands
            if self.how is not None and self.how in strand.measures
        ]
        parts.sort(key=lambda part: order.get(int(part["segment"][0]), 0))
        for part in parts:
            whole.add(part)
        return whole.columns

    def rate(self, name: str) -> Distribution:
        """Return a rate that the logs print."""
        return Distribution.together([one.rates[name] for one in self.strands if name in one.rates])

    def stated(self, name: str) -> Distribution:
        """Return a figure that the framework states."""
        found = [one.stated[name] for one in self.strands if name in one.stated]
        return Distribution.together(found)

    @property
    def tokens(self) -> Distribution:
        """The tokens of each step, as records say them."""
        return Distribution.together([one.tokens for one in self.strands])

    @property
    def no_tokens(self) -> str:
        """Why the tokens of a step are not known, and what would tell them."""
        batch, length = self.fact("global_batch_size"), self.fact("seq_length")
        give = "--seq-length and --global-batch-size, or --tokens-per-step"
        if batch is not None:
            give = "--seq-length"
        elif length is not None:
            give = "--global-batch-size"
        return f"the log does not say the tokens of a step: give {give}"

    @property
    def growth(self) -> float:
        """The tokens of the last step over those of the mean step, where a ramp raises them.

        It is 1 where the last step is not the largest: tokens that go up and down are no ramp.
        """
        tokens, last = self.tokens, self.fact("tokens_per_step")
        ramp = tokens.count and tokens.most > tokens.least * (1 + SAME_TOKENS)
        if not ramp or last is None or self.tokens_per_step[1]:
            return 1.0
        return last / tokens.mean if last >= tokens.most * (1 - SAME_TOKENS) else 1.0

    @property
    def stepping(self) -> float:
        """The time of all steps [s]: each at its own, those without any at the steady mean."""
        parts = [one.measures[self.how] for one in self.strands if self.how in one.measures]
        total = sum(one.steady.total + one.others.total for one in parts)
        steps = sum(one.steady.weight + one.others.weight for one in parts)
        each = total / steps if self.few else self.times.mean
        return total + (self.executed - steps) * each

    @property
    def tokens_by_totals(self) -> float | None:
        """Tokens of a step by the totals printed, where their digits suffice; `None` otherwise."""
        tokens = steps = most = 0.0
        for strand in self.strands:
            for first_step, first, last_step, last in strand.totals.values():
                if last > first and last_step > first_step:
                    tokens, steps = tokens + last - first, steps + last_step - first_step
                    most = max(most, last)
        if not steps or DIGITS * most > READABLE * tokens:
            return None
        return tokens / steps

    @property
    def tokens_total(self) -> float | None:
        """Tokens since the start of training, as printed."""
        totals = [total[3] for one in self.strands for total in one.totals.values()]
        return max(totals, default=None)

    @property
    def tokens_per_step(self) -> tuple[float | None, bool]:
        """The mean tokens of a step, and whether the totals had to correct the records."""
        told, by_totals = self.tokens.mean, self.tokens_by_totals
        if not self.tokens.count:
            return by_totals, False
        given = any("tokens_per_step" in one.deriver.given for one in self.strands)
        if by_totals is None or given or abs(told / by_totals - 1) <= AGREED:
            return told, False
        return by_totals, True

    def fact(self, name: str) -> float | None:
        """Return a number that the user or a log says of the run, that of the last log first."""
        last_first = list(reversed(self.strands))
        found = [strand.told.get(name) for strand in last_first]
        found += [strand.deriver.fact(name) for strand in last_first]
        return next((value for value in found if value is not None), None)

    @property
    def num_gpus(self) -> Mapping[int, float]:
        """The accelerators of each launch by its number, where known."""
        return {key: value for one in self.strands for key, value in one.num_gpus.items()}


def merged(strands: Sequence[Strand]) -> Merged | None:
    """Return what strands say together; `None` without any step."""
    by_log: dict[int, list[Strand]] = {}
    for strand in strands:
        if strand.segments:
            by_log.setdefault(strand.deriver.segmenter.source, []).append(strand)
    chosen = _without_summaries([one for own in by_log.values() for one in _of_log(own)])
    if not chosen:
        return None
    segments = _in_order([segment for strand in chosen for segment in strand.segments])
    clocks = {number: clock for strand in chosen for number, clock in strand.clocks.items()}
    how = _way(chosen)
    measures = [one.measures[how] for one in chosen if how is not None and how in one.measures]
    steady = Distribution.together([one.steady for one in measures])
    few = not steady.count
    return Merged(
        chosen,
        segments,
        [clocks.get(segment.number) or Clock(segment) for segment in segments],
        how,
        Distribution.together([one.others for one in measures]) if few else steady,
        Distribution.together([one.paces for one in measures]),
        few,
    )


def _without_summaries(strands: list[Strand]) -> list[Strand]:
    """Return the logs that tell of steps; where none does, the first that sums the run up."""
    return [one for one in strands if not one.summary] or strands[:1]


def _of_log(strands: list[Strand]) -> list[Strand]:
    """Return the format that says most of a log, and those of launches before or after it.

    Formats whose lines lie between each other's tell of the same steps.
    """
    best, *others = sorted(strands, key=_worth, reverse=True)
    chosen = [best]
    for other in others:
        launches = other.timed and all(segment.records > 1 for segment in other.segments)
        if launches and all(_apart(other, one) for one in chosen):
            chosen.append(other)
    chosen.sort(key=lambda one: one.segments[0].first_line)
    for former, latter in pairwise(chosen):
        _part(former.segments[-1], latter.segments[0])
    return chosen


def _part(former: Segment, latter: Segment) -> None:
    """End a launch with its own records, and begin the next one with its own.

    A moment that any line of the log names is known to every format that was read meanwhile.
    """
    if former.last_stamp is not None and latter.first_stamp is not None:
        former.ended = former.last_stamp
        latter.started = latter.first_stamp


def _worth(strand: Strand) -> tuple[bool, float]:
    """Return how much a format says of a log: whether it tells times, and how many steps."""
    return strand.timed > 0, sum(segment.steps for segment in strand.segments)


def _apart(one: Strand, other: Strand) -> bool:
    """Return whether all lines of one format come before those of another, or after."""
    first, second = (
        (each.segments[0].first_line, each.segments[-1].last_line) for each in (one, other)
    )
    return first[1] < second[0] or second[1] < first[0]


def _way(strands: Sequence[Strand]) -> int | None:
    """Return the best way to get step times that gives enough of them."""
    weights: dict[int, float] = {}
    for strand in strands:
        for how, measure in strand.measures.items():
            weight = measure.steady.weight + 1e-3 * measure.others.weight
            weights[how] = weights.get(how, 0.0) + weight
    most = max(weights.values(), default=0.0)
    return min((how for how, weight in weights.items() if weight >= ENOUGH * most), default=None)


def _in_order(segments: Sequence[Segment]) -> list[Segment]:
    """Return launches by when they began, where all of them say so; else as they were read."""
    moments = {segment.number: segment.started for segment in segments}
    if any(moment is None for moment in moments.values()):
        return list(segments)
    return sorted(segments, key=lambda segment: moments[segment.number] or 0.0)
