"""The columns that every log is brought to: the time of a step, its tokens, the rates.

Logs say different things: one prints the time of a step, another the tokens of a second, a third
nothing but when each line was written. What a record does not say is derived from what it does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from llmcost.logs.columns import (
    coarse,
    either,
    part,
    per_step,
    positive,
    rates,
    sane_chunk,
)
from llmcost.logs.openings import Openings
from llmcost.logs.ratios import Ratios, product_of_degrees
from llmcost.logs.record import CHECKPOINT, EVALUATION, FACTS, Chunk, Event
from llmcost.logs.segments import Marked, Segmenter

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.logs.record import Floats

# How the time of a step is got, the best way first; a record's `how` is a place in this list.
HOWS = (
    "printed",
    "from steps per second",
    "from tokens per second",
    "from sequences per second",
    "from differences of the clock without evaluation",
    "from differences of the clock of the launch",
    "from micro-steps times accumulation",
    "from differences of averages since the launch",
    "from time stamps in whole seconds, over stretches",
    "from time stamps",
)
# Places of HOWS: the time itself, and what one record says without those before it.
PRINTED, ALONE = 0, range(4)
DERIVED: dict[str, str] = {
    "step": "",
    "span": "",
    "step_time": "s",
    "tokens_per_step": "token",
    "tokens_per_second": "token/s",
    "tokens_per_gpu_second": "token/s/GPU",
    "num_gpus": "GPU",
    "seq_length": "token",
    "global_batch_size": "",
    "time_stamp": "s",
}
# What a user may say in the place of the log.
GIVEN = ("num_gpus", "seq_length", "global_batch_size", "tokens_per_step")
# Facts that derived columns hang on.
USED = (*GIVEN, "accumulation", "log_interval")
STRETCHES = len(HOWS) - 2
# Stamps in whole seconds are compared over stretches of so many seconds.
STRETCH = 50.0
CUMULATIVE = (
    *(
        "time_stamp",
        "sparse_stamp",
        "run_clock",
        "train_clock",
        "tokens_total",
        "tokens_per_gpu_total",
    ),
    *("samples_total", "micro_steps_total", "averaged"),
)


@dataclass(frozen=True, slots=True)
class Derived:
    """Records that count, with derived columns beside their own, all of one length.

    `rows` are their places in the chunk, `segment` the number of the segment of each, `opens` those
    that are the first of one. `how` says how each step time was got, as a place in HOWS, -1 where
    there is none. `stalls` count the events of each kind since the record before.
    """

    chunk: Chunk
    rows: NDArray[np.intp]
    segment: NDArray[np.intp]
    opens: NDArray[np.bool_]
    columns: Mapping[str, Floats]
    how: NDArray[np.intp]
    stalls: Mapping[str, Floats]

    def __len__(self) -> int:
        return len(self.rows)

    def column(self, name: str) -> Floats:
        """Return a column, NaN throughout where no record says it."""
        found = self.columns.get(name)
        return np.full(len(self), np.nan) if found is None else found


@dataclass(slots=True)
class Deriver:
    """Derives the columns of one log, chunk by chunk, in constant memory.

    `given` are values of the user, which hold before those of the log, `otherwise` such as hold
    where the log says nothing; `facts` and `texts` are what headers and configurations say, which
    several logs of a run may share.
    """

    segmenter: Segmenter = field(default_factory=Segmenter)
    given: Mapping[str, float] = field(default_factory=dict)
    otherwise: Mapping[str, float] = field(default_factory=dict)
    facts: dict[str, float] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    ratios: Ratios = field(default_factory=Ratios)
    backwards: int = 0
    set_back: float = 0.0
    openings: Openings = field(default_factory=Openings)
    _last: dict[str, tuple[int, float, float]] = field(default_factory=dict)
    _stalls: dict[str, int] = field(default_factory=dict)
    _waiting: float = 0.0
    _stretch: float = np.nan

    def add(self, chunk: Chunk) -> Iterator[Derived]:
        """Yield the derived records of a chunk, in stretches within which facts are the same."""
        for piece in self._pieces(sane_chunk(chunk)):
            marked = self.segmenter.add(piece)
            with np.errstate(all="ignore"):
                derived = self._derived(piece, marked)
            yield derived

    def fact(self, name: str) -> float | None:
        """Return a value of the user, else of the log, `None` where neither says it."""
        if name in self.given:
            return self.given[name]
        if name in self.facts:
            return self.facts[name]
        own = None
        if name == "num_gpus":
            own = self.ratios.number or product_of_degrees(self.facts)
        return own or self.otherwise.get(name)

    def _pieces(self, chunk: Chunk) -> Iterator[Chunk]:
        """Yield a chunk in parts, each with the events that come before its records' last."""
        lines, start, seen = chunk.columns["line"], 0, 0
        for place, event in enumerate(chunk.events):
            if not self._changes(event):
                self._heed(event)
                continue
            at = int(np.searchsorted(lines, event.line, side="right"))
            if at > start:
                yield part(chunk, slice(start, at), chunk.events[seen:place])
                start, seen = at, place
            self._heed(event)
        rest = chunk if not start else part(chunk, slice(start, None), chunk.events[seen:])
        yield rest

    def _changes(self, event: Event) -> bool:
        """Return whether an event says something else than is known and that records hang on."""
        values = event.values
        return any(name in USED and self.facts.get(name) != values[name] for name in values)

    def _heed(self, event: Event) -> None:
        for name, value in event.values.items():
            if name in FACTS:
                self.facts[name] = value
        self.texts.update(event.texts)

    def _derived(self, chunk: Chunk, marked: Marked) -> Derived:
        own = {name: values[marked.rows] for name, values in chunk.columns.items()}
        own["step"] = marked.steps
        evaluated = self._evaluated(chunk, own)
        if evaluated.any():
            own["evaluation_time"] = evaluated
        self.ratios.add(own)
        found = Derived(
            chunk,
            marked.rows,
            marked.segment,
            marked.opens,
            own,
            np.full(len(marked.rows), -1, dtype=np.intp),
            self._stalled(chunk, own["line"]),
        )
        if not len(found):
            return found
        spans = self._spans(found)
        changes = self._changes_of(found)
        columns = own | {"span": spans} | _elapsed(found, changes)
        columns |= self._sizes(found, changes)
        time, how = self._times(replace(found, columns=columns), changes)
        columns["step_time"] = time
        columns["weight"] = spans
        if "sparse_stamp" in changes:
            over = changes["sparse_stamp"][1]
            columns["weight"] = np.where(how == STRETCHES, over, spans)
        columns |= rates(columns, own, how == PRINTED)
        return replace(found, columns=columns, how=how)

    def _stalled(self, chunk: Chunk, lines: Floats) -> dict[str, Floats]:
        """Return how many evaluations and checkpoints lie between records."""
        found = {}
        for kind in (EVALUATION, CHECKPOINT):
            events = np.array([event.line for event in chunk.events if event.kind == kind])
            before = np.searchsorted(events, lines, side="left") if len(events) else 0 * lines
            counts = np.diff(before, prepend=0).astype(float)
            waiting = self._stalls.get(kind, 0)
            if len(lines):
                counts[0] += waiting
                self._stalls[kind] = len(events) - int(before[-1])
            else:
                self._stalls[kind] = waiting + len(events)
            found[kind] = counts
        return found

    def _evaluated(self, chunk: Chunk, own: Mapping[str, Floats]) -> Floats:
        """Return the time of evaluation since the record before [s], of records or events."""
        lines = own["line"]
        told, after = np.nan_to_num(own.get("evaluation_time", 0 * lines)), 0.0
        for event in chunk.events:
            seconds = event.values.get("evaluation_time")
            if event.kind != EVALUATION or seconds is None:
                continue
            at = int(np.searchsorted(lines, event.line))
            if at < len(lines):
                told[at] += seconds
            else:
                after += seconds
        if len(lines):
            told[0] += self._waiting
            self._waiting = 0.0
        self._waiting += after
        return told

    def _spans(self, found: Derived) -> Floats:
        """Return how many steps each record stands for."""
        steps, opens = found.columns["step"], found.opens
        last = self._last.get("step", (0, np.nan, np.nan))[1]
        spans = np.diff(steps, prepend=last)
        if not opens[0] and self.openings.goes_on(float(spans[0])):
            self._last.pop("averaged", None)
        for at in np.flatnonzero(opens).tolist():
            follows = at + 1 < len(steps) and not opens[at + 1]
            every = float(steps[at + 1] - steps[at]) if follows else self.facts.get("log_interval")
            number = int(found.segment[at]) - self.segmenter.offset - 1
            spans[at] = self.openings.first(self.segmenter.segments[number], every)
        if not opens.all():
            self.openings.learn(float(spans[~opens][-1]))
        self._last["step"] = (int(found.segment[-1]), float(steps[-1]), float(steps[-1]))
        return spans

    def _changes_of(self, found: Derived) -> dict[str, tuple[Floats, Floats]]:
        """Return how much each cumulative field rose since it was last told, in how many steps."""
        columns = dict(found.columns)
        if "step_time_average" in columns:
            since = np.array(
                [
                    self.segmenter.segments[n - self.segmenter.offset - 1].start
                    for n in found.segment.tolist()
                ]
            )
            columns["averaged"] = columns["step_time_average"] * (columns["step"] - since)
        if "time_stamp" in columns:
            columns["sparse_stamp"] = self._sparse(columns["time_stamp"])
        return {
            name: self._change(name, columns[name], found) for name in CUMULATIVE if name in columns
        }

    def _sparse(self, stamps: Floats) -> Floats:
        """Return the first stamp of each stretch, of stamps in whole seconds; no others."""
        told = np.flatnonzero(np.isfinite(stamps))
        if not len(told) or (stamps[told] % 1).any():
            return np.full(len(stamps), np.nan)
        place = np.floor(stamps[told] / STRETCH)
        fresh = np.diff(place, prepend=self._stretch) != 0
        self._stretch = float(place[-1])
        found = np.full(len(stamps), np.nan)
        found[told[fresh]] = stamps[told[fresh]]
        return found

    def _change(self, name: str, values: Floats, found: Derived) -> tuple[Floats, Floats]:
        change, over = np.full(len(found), np.nan), np.full(len(found), np.nan)
        told = np.flatnonzero(np.isfinite(values))
        if not len(told):
            return change, over
        segment, step, value = self._last.get(name, (-1, np.nan, np.nan))
        segments = np.concatenate([[segment], found.segment[told]])
        steps = np.concatenate([[step], found.columns["step"][told]])
        level = np.concatenate([[value], values[told]])
        same = np.diff(segments) == 0
        risen = np.diff(level)
        if name == "time_stamp" and (fallen := -risen[same & (risen < 0)]).size:
            self.backwards += len(fallen)
            self.set_back = max(self.set_back, float(fallen.max()))
        change[told] = np.where(same & (risen > 0), risen, np.nan)
        over[told] = np.where(same, np.diff(steps), np.nan)
        self._last[name] = (int(segments[-1]), float(steps[-1]), float(level[-1]))
        return change, over

    def _sizes(
        self, found: Derived, changes: Mapping[str, tuple[Floats, Floats]]
    ) -> dict[str, Floats]:
        """Return the accelerators, sequence length, batch and tokens of a step of each record."""
        length = self._told(found, "seq_length")
        batch = self._told(found, "global_batch_size")
        number = self._told(found, "num_gpus")
        by_batch = batch * length
        counted = per_step(changes, "tokens_total")
        counted = either(counted, per_step(changes, "tokens_per_gpu_total") * number)
        if not coarse(found.columns.get("tokens_total")) and "tokens_per_step" not in self.given:
            by_batch = either(counted, by_batch)
        ways = (
            self._told(found, "tokens_per_step"),
            by_batch,
            counted,
            per_step(changes, "samples_total") * length,
        )
        tokens = ways[0]
        for way in ways[1:]:
            tokens = either(tokens, way)
        if {"global_batch_size", "seq_length"} <= set(self.given):
            tokens = either(self._given("tokens_per_step", found), batch * length)
        return {
            "seq_length": length,
            "global_batch_size": batch,
            "num_gpus": number,
            "tokens_per_step": tokens,
        }

    def _given(self, name: str, found: Derived) -> Floats:
        return np.full(len(found), self.given.get(name, np.nan))

    def _told(self, found: Derived, name: str) -> Floats:
        """Return what the user says, else the record, else the log's header."""
        if name in self.given:
            return self._given(name, found)
        fact = self.fact(name)
        told = np.full(len(found), np.nan if fact is None else fact)
        return either(positive(found.columns[name]), told) if name in found.columns else told

    def _times(
        self, found: Derived, changes: Mapping[str, tuple[Floats, Floats]]
    ) -> tuple[Floats, NDArray[np.intp]]:
        """Return the time of a step [s] of each record by the best way there is, and the way."""
        tokens = found.columns["tokens_per_step"]
        number, batch = found.columns["num_gpus"], found.columns["global_batch_size"]
        rate = either(
            positive(found.column("tokens_per_second")),
            positive(found.column("tokens_per_gpu_second")) * number,
        )
        samples = either(
            positive(found.column("samples_per_second")),
            positive(found.column("samples_per_gpu_second")) * number,
        )
        counted = per_step(changes, "micro_steps_total")
        passes = either(counted, np.full(len(found), self.facts.get("accumulation", np.nan)))
        micro = either(found.column("micro_step_time"), found.column("last_micro_step_time"))
        ways = (
            found.column("step_time"),
            1 / positive(found.column("steps_per_second")),
            tokens / rate,
            batch / samples,
            per_step(changes, "train_clock"),
            per_step(changes, "run_clock"),
            micro * passes,
            per_step(changes, "averaged"),
            per_step(changes, "sparse_stamp"),
            per_step(changes, "time_stamp"),
        )
        time, how = np.full(len(found), np.nan), np.full(len(found), -1, dtype=np.intp)
        for place, way in enumerate(ways):
            if not isinstance(way, np.ndarray):
                continue
            new = (how < 0) & np.isfinite(way)
            time, how = np.where(new, way, time), np.where(new, place, how)
        return time, how


def _elapsed(found: Derived, changes: Mapping[str, tuple[Floats, Floats]]) -> dict[str, Floats]:
    """Return the clock of each record, and the time since the record before it that tells one [s].

    It is the time stamp where there are any, else the clock of the launch.
    """
    for name in ("time_stamp", "run_clock", "train_clock"):
        if name in changes:
            risen, over = changes[name]
            still = np.where(np.isfinite(found.columns[name]) & (over > 0), 0.0, np.nan)
            return {
                "moment": found.columns[name],
                "elapsed": either(risen, still),
                "elapsed_steps": over,
            }
    none = np.full(len(found), np.nan)
    return {"moment": none, "elapsed": none, "elapsed_steps": none}
