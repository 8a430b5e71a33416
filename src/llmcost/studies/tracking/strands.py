"""What one log says in one format, added up as it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from llmcost.logs.deriving import HOWS, Derived, Deriver
from llmcost.logs.formats import (
    DOCUMENT_FORMATS,
    LINE_FORMATS,
    DocumentFormat,
    Format,
    format_of,
)
from llmcost.logs.launches import Segment, mark_copies
from llmcost.logs.record import CHECKPOINT, EVALUATION, Chunk
from llmcost.studies.tracking.clocks import Clock
from llmcost.studies.tracking.distributions import Distribution
from llmcost.studies.tracking.series import Series

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
Key = TypeVar("Key", int, str)

# No step takes longer [s]; what is printed beyond is no time.
MAX_TIME = 1e7
# Of a framework that does not wait for its devices, early steps seem faster than this share.
IMPOSSIBLE = 1 / 3
PRINTED_RATE, PRINTED_GPU_RATE = "tokens_per_second", "tokens_per_gpu_second"
STATED = ("stated_flop_rate", "stated_mfu", "power", "energy_per_step")
BY_STAMPS = HOWS[-2:]
KINDS = (EVALUATION, CHECKPOINT)


@dataclass(slots=True)
class Measure:
    """Times of steps that were got in one way: those of the steady state, and the others.

    `paces` are times by token [s/token]; `series` all of them in order.
    """

    steady: Distribution = field(default_factory=Distribution)
    others: Distribution = field(default_factory=Distribution)
    paces: Distribution = field(default_factory=Distribution)
    series: Series = field(default_factory=Series)


@dataclass(slots=True)
class Counts:
    """How many records were not taken for the steady state, by reason, and how many steps."""

    records: int = 0
    first: int = 0
    stalled: int = 0
    impossible: int = 0
    untimed: int = 0
    skipped_steps: float = 0.0


@dataclass(slots=True)
class Strand:
    """One log in one format: its launches, its step times by how they are got, its clock."""

    deriver: Deriver
    format: str
    known: Callable[[], Iterable[Segment]]
    measures: dict[int, Measure] = field(default_factory=dict)
    rates: dict[str, Distribution] = field(default_factory=dict)
    stated: dict[str, Distribution] = field(default_factory=dict)
    tokens: Distribution = field(default_factory=Distribution)
    totals: dict[int, tuple[float, float, float, float]] = field(default_factory=dict)
    clocks: dict[int, Clock] = field(default_factory=dict)
    num_gpus: dict[int, float] = field(default_factory=dict)
    skipped_totals: dict[int, float] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    planned_steps: float | None = None
    told: dict[str, float] = field(default_factory=dict)
    hasty: set[str] = field(default_factory=set)
    _kind: Format | None = None

    def __post_init__(self) -> None:
        known = self.format in LINE_FORMATS or self.format in DOCUMENT_FORMATS
        self._kind = format_of(self.format) if known else None

    @property
    def title(self) -> str:
        """What the format is called."""
        return self._kind.title if self._kind else self.format

    @property
    def convention(self) -> str:
        """How the framework states FLOP/s, in words."""
        return self._kind.stated if self._kind else ""

    @property
    def summary(self) -> bool:
        """Whether it sums up what other logs tell step by step."""
        return isinstance(self._kind, DocumentFormat) and self._kind.summary

    @property
    def segments(self) -> list[Segment]:
        """The launches of it, without those that another log tells too."""
        return [one for one in self.deriver.segmenter.segments if one.copy_of is None]

    @property
    def timed(self) -> float:
        """How many steps have a time that is not taken from stamps alone."""
        timed = [one for how, one in self.measures.items() if HOWS[how] not in BY_STAMPS]
        found = sum(one.steady.weight + one.others.weight for one in timed)
        return found + sum(one.weight for one in self.rates.values())

    def add(self, chunk: Chunk) -> None:
        """Take in what a chunk says."""
        for derived in self.deriver.add(chunk):
            if not len(derived):
                continue
            own = self._own(derived)
            if own.any():
                with np.errstate(all="ignore"):
                    self._count(derived, own)

    def _own(self, derived: Derived) -> Bools:
        """Return which records are of launches that no other log tells of."""
        segmenter = self.deriver.segmenter
        for at in np.flatnonzero(derived.opens).tolist():
            mark_copies(
                self.known(), segmenter.segments[derived.segment[at] - segmenter.offset - 1]
            )
        copies = [one.number for one in segmenter.segments if one.copy_of is not None]
        return ~np.isin(derived.segment, copies)

    def _count(self, derived: Derived, own: Bools) -> None:
        spans, time = derived.columns["span"], derived.columns["step_time"]
        first = derived.opens
        stalled = self._stalled(derived)
        fine = own & (derived.how >= 0) & (time > 0) & (time < MAX_TIME)
        fine &= self._possible(derived, fine & ~first & ~stalled)
        self.counts.records += int(own.sum())
        self.counts.first += int((own & first).sum())
        self.counts.stalled += int((own & stalled & ~first).sum())
        self.counts.impossible += int((own & (derived.how >= 0) & ~fine).sum())
        self.counts.untimed += int((own & (derived.how < 0)).sum())
        steady = fine & ~first & ~stalled
        for how in np.unique(derived.how[fine]).tolist():
            self._measure(how, derived, fine & (derived.how == how), steady, stalled)
        self._sizes(derived, own, spans)
        self._rates(derived, own, own & ~first & ~stalled, spans)
        self._clocked(derived, own)

    def _stalled(self, derived: Derived) -> Bools:
        """Return in which step times an evaluation or a checkpoint lies."""
        excludes = self._kind.excludes if self._kind else ()
        found = np.zeros(len(derived), dtype=bool)
        for kind in KINDS:
            if kind not in excludes:
                found |= derived.stalls[kind] > 0
        return found

    def _possible(self, derived: Derived, steady: Bools) -> Bools:
        """Return which step times can be true where a framework does not wait for its devices."""
        possible = np.ones(len(derived), dtype=bool)
        if not (self._kind and self._kind.asynchronous) or not steady.any():
            return possible
        time = derived.columns["step_time"]
        return np.asarray(time >= float(np.median(time[steady])) * IMPOSSIBLE)

    def _measure(
        self, how: int, derived: Derived, rows: Bools, steady: Bools, stalled: Bools
    ) -> None:
        measure = self.measures.setdefault(how, Measure())
        columns = derived.columns
        spans, time = columns["weight"], columns["step_time"]
        calm = rows & steady
        if self._kind and self._kind.of_one:  # What made this step slow was in no other.
            spans = np.where(calm, spans, np.minimum(spans, 1.0))
        measure.steady.add(time[calm], spans[calm])
        measure.others.add(time[rows & ~calm], spans[rows & ~calm])
        pace = time / columns["tokens_per_step"]
        known = calm & np.isfinite(pace) & (pace > 0)
        measure.paces.add(pace[known], spans[known])
        measure.series.add(
            {
                "steps": spans[rows],
                "time": (spans * time)[rows],
                "steady_steps": np.where(calm, spans, 0.0)[rows],
                "steady_time": np.where(calm, spans * time, 0.0)[rows],
                "stalls": stalled[rows].astype(float),
                "step": columns["step"][rows],
                "stamp": derived.column("time_stamp")[rows],
                "segment": derived.segment[rows].astype(float),
            }
        )

    def _sizes(self, derived: Derived, own: Bools, spans: Floats) -> None:
        """Take in the tokens of steps, the totals printed, and what the run plans."""
        columns = derived.columns
        tokens = columns["tokens_per_step"]
        known = own & np.isfinite(tokens) & (tokens > 0)
        self.tokens.add(tokens[known], spans[known])
        totals = derived.column("tokens_total")
        per_gpu = derived.column("tokens_per_gpu_total") * columns["num_gpus"]
        totals = np.where(np.isfinite(totals), totals, per_gpu)
        skipped = derived.column("skipped_steps")
        self.counts.skipped_steps += float(np.nansum(np.where(own, skipped, 0.0)))
        for number in np.unique(derived.segment[own]).tolist():
            rows = own & (derived.segment == number)
            self._totals(number, columns["step"][rows], totals[rows])
            self.num_gpus |= _last(number, columns["num_gpus"][rows])
            self.skipped_totals |= _last(number, derived.column("skipped_total")[rows])
        planned = _last(0, derived.column("planned_steps"))
        fact = self.deriver.facts.get("planned_steps")
        self.planned_steps = planned.get(0, fact or self.planned_steps)
        for name in ("seq_length", "global_batch_size", "tokens_per_step"):
            self.told |= _last(name, columns[name])

    def _totals(self, number: int, steps: Floats, totals: Floats) -> None:
        """Keep the first and the last total of tokens of a segment, each with its step."""
        known = np.flatnonzero(np.isfinite(totals))
        if not len(known):
            return
        first = float(steps[known[0]]), float(totals[known[0]])
        last = float(steps[known[-1]]), float(totals[known[-1]])
        self.totals[number] = (*self.totals.get(number, (*first, *first))[:2], *last)

    def _rates(self, derived: Derived, own: Bools, calm: Bools, spans: Floats) -> None:
        """Take in printed rates and stated figures; of first and stalled steps while no others."""
        for name in (PRINTED_RATE, PRINTED_GPU_RATE, *STATED):
            told = derived.chunk.columns.get(name)
            if told is None:
                continue
            values = told[derived.rows]
            known = np.isfinite(values) & (values > 0) & (values < 1e30)
            kept = self.stated if name in STATED else self.rates
            found = kept.setdefault(name, Distribution())
            if not (known & calm).any() and not (found.count and name not in self.hasty):
                self.hasty.add(name)
                found.add(values[known & own], spans[known & own])
                continue
            if name in self.hasty:
                self.hasty.discard(name)
                found = kept[name] = Distribution()
            found.add(values[known & calm], spans[known & calm])

    def _clocked(self, derived: Derived, own: Bools) -> None:
        segmenter = self.deriver.segmenter
        for number in np.unique(derived.segment[own]).tolist():
            segment = segmenter.segments[number - segmenter.offset - 1]
            clock = self.clocks.setdefault(number, Clock(segment))
            clock.add(derived, derived.segment == number)


def _last(key: Key, values: Floats) -> Mapping[Key, float]:
    known = values[np.isfinite(values)]
    return {key: float(known[-1])} if len(known) else {}
