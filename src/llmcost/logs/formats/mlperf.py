"""MLPerf Training result files: lines with ``:::MLLOG`` and a JSON object.

Read from mlcommons/logging (mlperf_logging/mllog/mllog.py) and checked on published results of
rounds 3.0 to 5.1. What the counts mean differs from one submission to the next: ``samples_count``
counts sequences, and so do ``step`` and ``epoch_num`` where it is absent, but tokens in the GPT-3
benchmark; beside ``samples_count`` the number ``step`` is a step, from 0 or from 1. So a step here
is the sequences trained on over the global batch, whatever the file calls it. ``block_start`` says
how long its block will be, ``train_samples`` how large the data are: neither is progress.
``train_step_time`` without a loss is the mean of a block whose steps have been told; ``throughput``
is in sequences or in tokens, of a block or of a whole run: neither is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from math import isfinite
from typing import IO, Any

from llmcost.errors import LogFormatError
from llmcost.logs.formats import DocumentFormat
from llmcost.logs.gathering import Gathering, numbered_lines
from llmcost.logs.record import END, EVALUATION, FACT, LAUNCH, STOPPED, Chunk, Event

MARK = b":::MLLOG"
# Benchmarks whose counts are tokens rather than sequences.
IN_TOKENS = ("gpt3",)
FACT_OF = {
    "global_batch_size": "global_batch_size",
    "max_sequence_length": "seq_length",
    "gradient_accumulation_steps": "accumulation",
}
STEP_TIMES = ("train_step_time", "train_step_timing")
LOSSES = ("reduced_train_loss", "train_loss")
# Where fewer processes than this say that they start, they do not all say so.
FEWEST_RANKS = 4
_ACCELERATOR = re.compile(r"(?:MI|GB|GH|[ABHV])\d{2,3}[A-Z]?(?![A-Za-z0-9])|gaudi\d?|tpu-v\w{1,9}")
# Accelerators that come as cards, too, but not in these systems.
SOCKETED = ("H100", "H200")
_SOCKET = re.compile(r"[DH]GX|SXM")
_COUNTED = re.compile(r"gaudi-(\d{1,6})")


def claims(head: bytes) -> bool:
    """Return whether a file begins with MLPerf's lines, be it after those of a launcher."""
    return MARK in head


def read(stream: IO[bytes], name: str) -> Iterator[Chunk]:
    """Yield the chunks of a result file. Raises LogFormatError where it holds no MLPerf line."""
    reading, number = _Reading(), 0
    for number, line in numbered_lines(stream):
        start = -1 if line is None else line.find(MARK)
        if line is not None and start >= 0:
            reading.line(number, line[start + len(MARK) :])
        if reading.gathering.full:
            yield reading.gathering.taken(number)
    if not reading.entries:
        raise LogFormatError("has no whole line of MLPerf's (:::MLLOG {...})", file=name)
    reading.finish()
    yield reading.gathering.taken(number)


class _Reading:
    """What a file has said so far: its facts, how far the run is, since when."""

    def __init__(self) -> None:
        self.gathering = Gathering("mlperf")
        self.entries = self._broken = 0
        self._batch = self._length = 0.0
        self._in_tokens = False
        self._launched: float | None = None
        self._ranks = 0
        self._done = 0.0
        self._mark: float | None = None
        self._block_end = 0.0
        self._evaluating: float | None = None

    def line(self, number: int, text: bytes) -> None:
        """Take in the object of one line."""
        entry = _entry(text)
        if entry is None:
            self._broken += 1
            return
        self.entries += 1
        key, value, stamp = entry["key"], entry.get("value"), entry["time_ms"] / 1e3
        told = entry.get("metadata")
        self.gathering.moment(stamp)
        _HANDLERS.get(key, _Reading._fact)(self, _Said(number, key, stamp, value, told))

    def finish(self) -> None:
        """Say what could not be read."""
        if self._broken:
            self.gathering.say(f"{self._broken:,} lines of MLPerf's are cut off and left out.")

    def _happen(self, said: _Said, kind: str, **what: Mapping[str, Any]) -> None:
        self.gathering.happen(Event(said.line, kind, said.stamp, **what))

    def _start(self, said: _Said) -> None:
        """Note that a process starts; the first one of a run is a launch."""
        if self._launched is None:
            self._launched, self._ranks, self._done, self._mark = said.stamp, 0, 0.0, None
            self._happen(said, LAUNCH)
        self._ranks += 1

    def _fact(self, said: _Said) -> None:
        field = FACT_OF.get(said.key)
        if field is None or (value := _number(said.value)) is None or value <= 0:
            return
        self._batch = value if field == "global_batch_size" else self._batch
        self._length = value if field == "seq_length" else self._length
        self._happen(said, FACT, values={field: value})

    def _benchmark(self, said: _Said) -> None:
        self._in_tokens = said.value in IN_TOKENS
        self._happen(said, FACT, texts={"model": str(said.value), "framework": "MLPerf"})

    def _platform(self, said: _Said) -> None:
        found, counted = (each.search(str(said.value)) for each in (_ACCELERATOR, _COUNTED))
        values = {"num_gpus": float(counted[1])} if counted else {}
        if found:
            socketed = found[0] in SOCKETED and _SOCKET.search(str(said.value))
            name = f"{found[0]} SXM" if socketed else found[0]
            self._happen(said, FACT, values=values, texts={"accelerator": name})

    def _run(self, said: _Said) -> None:
        """Note the start of the run that is scored; the time before it is the warm-up."""
        values = {}
        if self._launched is not None:
            values["warm_up_time"] = max(said.stamp - self._launched, 0.0)
            values |= {"num_gpus": float(self._ranks)} if self._ranks >= FEWEST_RANKS else {}
        self._happen(said, FACT, values=values)
        self._launched, self._mark = None, said.stamp

    def _block(self, said: _Said) -> None:
        first, length = said.told("first_epoch_num"), said.told("epoch_count")
        self._record(said, first or 0.0)
        self._mark = said.stamp
        self._block_end = 0.0 if first is None or length is None else first + length

    def _block_over(self, said: _Said) -> None:
        self._record(said, said.told("samples_count") or self._block_end)

    def _evaluation(self, said: _Said) -> None:
        self._record(said, said.position())
        self._evaluating = said.stamp

    def _evaluation_over(self, said: _Said) -> None:
        start, self._evaluating = self._evaluating, None
        values = {} if start is None else {"evaluation_time": max(said.stamp - start, 0.0)}
        self._happen(said, EVALUATION, values=values)
        self._mark = said.stamp

    def _statistics(self, said: _Said) -> None:
        """Read ``tracked_stats``: the loss of a step tells it from the mean of a block."""
        value = said.value if isinstance(said.value, dict) else {}
        loss = next((value[name] for name in LOSSES if name in value), None)
        if loss is not None:
            printed = next((value[name] for name in STEP_TIMES if name in value), None)
            self._record(said, said.position(), loss=_number(loss), step_time=_number(printed))

    def _loss(self, said: _Said) -> None:
        self._record(said, said.position(), loss=_number(said.value))

    def _over(self, said: _Said) -> None:
        whole = isinstance(said.metadata, dict) and said.metadata.get("status") == "success"
        self._happen(said, END if whole else STOPPED)
        self._mark = None

    def _record(self, said: _Said, done: float, **fields: float | None) -> None:
        """Add a record where `done` sequences (or tokens) are more than before."""
        if done <= self._done:
            return
        record = {name: value for name, value in fields.items() if value is not None}
        record |= self._counts(done) | {"time_stamp": said.stamp}
        of_step = self._batch * (self._length if self._in_tokens else 1)
        if of_step:
            record["step"] = done / of_step
        if of_step and self._mark is not None and "step_time" not in record:
            record["step_time"] = (said.stamp - self._mark) * of_step / (done - self._done)
        self.gathering.add(said.line, record)
        self._done, self._mark = done, said.stamp

    def _counts(self, done: float) -> dict[str, float]:
        if self._in_tokens:
            of_samples = {"samples_total": done / self._length} if self._length else {}
            return {"tokens_total": done, **of_samples}
        of_tokens = {"tokens_total": done * self._length} if self._length else {}
        return {"samples_total": done, **of_tokens}


class _Said:
    """One entry: its line, key, moment [s], value and metadata."""

    __slots__ = ("key", "line", "metadata", "stamp", "value")

    def __init__(self, line: int, key: str, stamp: float, value: object, metadata: object) -> None:
        self.line, self.key, self.stamp = line, key, stamp
        self.value, self.metadata = value, metadata

    def told(self, name: str) -> float | None:
        """Return a number of the metadata."""
        return _number(self.metadata.get(name)) if isinstance(self.metadata, dict) else None

    def position(self) -> float:
        """Return how many sequences (or tokens) have been trained on, 0 where it is not said."""
        told = (self.told(name) for name in ("samples_count", "epoch_num", "step"))
        return next((number for number in told if number is not None), 0.0)


_HANDLERS: dict[str, Callable[[_Reading, _Said], None]] = {
    "init_start": _Reading._start,
    "submission_benchmark": _Reading._benchmark,
    "submission_platform": _Reading._platform,
    "run_start": _Reading._run,
    "block_start": _Reading._block,
    "epoch_start": _Reading._block,
    "block_stop": _Reading._block_over,
    "eval_start": _Reading._evaluation,
    "eval_stop": _Reading._evaluation_over,
    "tracked_stats": _Reading._statistics,
    "train_loss": _Reading._loss,
    "run_stop": _Reading._over,
}


def _entry(text: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(text.decode("utf-8", "replace").strip())
    except (ValueError, RecursionError):
        return None
    whole = isinstance(entry, dict) and isinstance(entry.get("key"), str)
    return entry if whole and _number(entry.get("time_ms")) is not None else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if isfinite(value) else None
    except OverflowError:  # A whole number of more digits than a float holds.
        return None


MLPERF = DocumentFormat(
    name="mlperf",
    title="MLPerf Training (:::MLLOG)",
    claims=claims,
    read=read,
    excludes=(EVALUATION,),
)
