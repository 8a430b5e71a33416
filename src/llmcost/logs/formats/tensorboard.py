"""TensorBoard event files: scalars by tag, step and moment.

Tags are known as columns of tables are (`names.KNOWN`). Megatron-LM writes ``iteration-time`` in
seconds and ``throughput`` in TFLOP/s/GPU (megatron/training/training.py), and each curve again
``vs samples`` with sequences for steps; torchtitan ``throughput(tps)`` per device, ``mfu(%)``. A
tag of evaluation is an evaluation. The values of one step are one record, at the moment when the
first of them was written. A new launch writes a new file: give them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from math import isfinite
from typing import IO

from llmcost.errors import InputError, LogFormatError, shown
from llmcost.logs.formats import DocumentFormat
from llmcost.logs.formats.event_files import (
    VERSION,
    DamagedError,
    Written,
    length_of,
    messages,
    written,
)
from llmcost.logs.formats.names import TERA, Column, chosen_columns, known_columns
from llmcost.logs.gathering import Gathering
from llmcost.logs.record import EVALUATION, Chunk, Event

MOST_TAGS, MOST_SHOWN = 10_000, 40
# What an event says itself, whatever its tags.
OWN = ("step", "time_stamp")
# Megatron-LM's name of a rate; others call other things that, so it counts beside this tag alone.
MEGATRON_RATE, MEGATRON_TIME = "throughput", "iteration-time"
_EVALUATES = re.compile(r"(?:eval|val|valid|validation)(?:[/_ ].{0,200})?|.{0,200}[ _]validation")

# What the Hugging Face Trainer calls the seconds of an evaluation, of one data set or of each.
_EVALUATION_TIME = re.compile(r"eval/(?:.{1,200}_)?runtime")


def claims(head: bytes) -> bool:
    """Return whether a file begins as TensorBoard's event files do."""
    try:
        length = length_of(head[:12])
    except DamagedError:
        return False
    return VERSION in head[12 : 12 + length]


def read(stream: IO[bytes], name: str, mapping: Mapping[str, str] | None = None) -> Iterator[Chunk]:
    """Yield the chunks of an event file, its tags as `mapping` says or as they are known.

    A file that ends within a record, as that of a run that goes on or was killed, is read so far.
    Raises LogFormatError for one that is damaged from its start.
    """
    reading = _Reading(name, mapping)
    number = 0
    try:
        for number, message in enumerate(messages(stream), 1):
            reading.add(number, written(message))
            if reading.gathering.full:
                yield reading.gathering.taken()
    except DamagedError as error:
        if not number:
            raise LogFormatError(f"is an event file, {error} from its start", file=name) from None
        reading.gathering.say(f"The file is {error} after {number:,} events: read so far.")
    reading.finish()
    yield reading.gathering.taken()


class _Reading:
    """The tags that have been seen, and the record that is being put together."""

    def __init__(self, name: str, mapping: Mapping[str, str] | None) -> None:
        self.gathering = Gathering("tensorboard")
        self._name, self._mapping = name, mapping or {}
        self._tags: dict[str, None] = {}
        self._columns: dict[str, Column] = {}
        self._number = self._records = 0
        self._step: int | None = None
        self._record: dict[str, float] = {}
        self._rate: float | None = None
        self._evaluated: int | None = None
        self._evaluation: Event | None = None

    def add(self, number: int, event: Written) -> None:
        """Take in one event."""
        if event.scalars and event.time_stamp > 0:
            self.gathering.moment(event.time_stamp)
        for tag, value in event.scalars:
            if tag not in self._tags:
                self._meet(tag)
            column = self._columns.get(tag)
            if not isfinite(value):
                continue
            if column is not None:
                self._turn(number, event)
                self._record[column.field] = value * column.scale
            elif tag == MEGATRON_RATE:
                self._turn(number, event)
                self._rate = value * TERA
            elif _EVALUATES.fullmatch(tag):
                self._evaluate(number, event, value if _EVALUATION_TIME.fullmatch(tag) else 0.0)

    def finish(self) -> None:
        """Add the last record. Raises InputError for a tag that the user named and is not there."""
        self._close()
        self._evaluation_over()
        if self._mapping:
            chosen_columns(self._mapping, self._tags, self._name)
        if not self._records:
            listed = ", ".join(map(shown, list(self._tags)[:MOST_SHOWN])) or "none"
            raise LogFormatError(
                f"has no scalar that llmcost knows; its tags: {listed}. Say which is what: "
                "--columns 'loss=TAG'",
                file=self._name,
            )

    def _meet(self, tag: str) -> None:
        if len(self._tags) < MOST_TAGS:
            self._tags[tag] = None
        known = known_columns(self._tags)
        for field in OWN:
            known.pop(field, None)
        for field, text in self._mapping.items():
            with suppress(InputError):
                known[field] = chosen_columns({field: text}, self._tags, self._name)[field]
        self._columns = {column.name: column for column in known.values()}

    def _turn(self, number: int, event: Written) -> None:
        """Begin a new record where the step is another."""
        if event.step != self._step:
            self._close()
            self._evaluation_over()
            self._step, self._number = event.step, number
            self._record = {"time_stamp": event.time_stamp}

    def _close(self) -> None:
        """Add the record of the step that was put together."""
        if self._rate is not None and MEGATRON_TIME in self._tags:
            self._record.setdefault("stated_flop_rate", self._rate)
        self._rate = None
        if self._step is not None and len(self._record) > 1:
            self.gathering.add(self._number, {"step": float(self._step), **self._record})
            self._records += 1
        self._step, self._record = None, {}

    def _evaluate(self, number: int, event: Written, seconds: float) -> None:
        """Note an evaluation, once a step, after the record before it, and how long it took."""
        if self._evaluation is None or event.step != self._evaluated:
            self._evaluation_over()
            self._evaluation = Event(number, EVALUATION, event.time_stamp)
            self._evaluated = event.step
        if seconds > 0:
            before = self._evaluation.values.get("evaluation_time", 0.0)
            values = {"evaluation_time": before + seconds}
            self._evaluation = replace(self._evaluation, values=values)

    def _evaluation_over(self) -> None:
        if self._evaluation is not None:
            self.gathering.happen(self._evaluation)
        self._evaluation = None


TENSORBOARD = DocumentFormat(
    name="tensorboard",
    title="TensorBoard event files",
    claims=claims,
    read=read,
    stated="the framework's own, which an event file does not name",
)
