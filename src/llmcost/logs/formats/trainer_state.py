"""What the Trainer of Hugging Face writes: `trainer_state.json`.

The rows of a state's `log_history` are records (with `loss`), evaluations (`eval_...`) and the
last words of a session (`train_runtime` with `train_loss`). The step is the number of optimizer
steps done. They name no moment; only version 5 writes `train_runtime` into each record, which
starts again after a resume: there a launch is put between two records. Steps lost between the
last checkpoint and a kill never appear. `train_batch_size` is per process.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import IO, Any

from llmcost.errors import LogFormatError, shown
from llmcost.logs.formats import DocumentFormat
from llmcost.logs.gathering import Gathering
from llmcost.logs.record import END, EVALUATION, FACT, LAUNCH, Chunk, Event

MAX_BYTES = 64 << 20
NAME = "trainer_state"
_HISTORY = re.compile(rb'"log_history"\s{0,80}:\s{0,80}\[')
_FACTS = {
    "max_steps": "planned_steps",
    "logging_steps": "log_interval",
    "train_batch_size": "micro_batch_size",
}
# The first that a row has counts: tokens of all processes, padding included unless said.
_TOKENS = ("num_input_tokens_seen", "num_tokens", "tokens/total")
_NUMBER = re.compile(r"[-+]?\d{1,40}(?:\.\d{0,40})?(?:[eE][-+]?\d{1,4})?")


def claims(head: bytes) -> bool:
    """Return whether the first bytes of a file are those of a state."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.startswith(b"{") and _HISTORY.search(head) is not None


def read(stream: IO[bytes], name: str) -> Iterator[Chunk]:
    """Yield what a state says.

    Raises LogFormatError for a file that is no JSON object, without a history, or above 64 MiB.
    """
    document = document_of(stream, name)
    gathering = Gathering(NAME)
    _facts(document, gathering)
    history = _History(gathering)
    for row in _rows(document, name):
        history.add(row)
        if gathering.full:
            yield gathering.taken(history.entry)
    yield gathering.taken(history.entry)


def document_of(stream: IO[bytes], name: str) -> dict[str, Any]:
    """Return the JSON object of a file; raises LogFormatError for none, or above 64 MiB."""
    data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise LogFormatError(
            f"is above {MAX_BYTES >> 20} MiB, and a state is read whole; give the log of the "
            "console, or the TensorBoard event file.",
            file=name,
        )
    try:
        found = json.loads(data.decode("utf-8-sig"), parse_int=float)
    except (ValueError, RecursionError) as error:
        raise LogFormatError(
            f"is no whole JSON document ({str(error)[:120]}); it may be cut off. Give the state "
            "of an earlier checkpoint.",
            file=name,
        ) from None
    if not isinstance(found, dict):
        raise LogFormatError("holds no JSON object: needs a trainer_state.json.", file=name)
    return found


def _rows(document: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    rows = document.get("log_history")
    if not isinstance(rows, list):
        raise LogFormatError(f"log_history must be a list, not {shown(rows)}.", file=name)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            message = f"row {number:,} of log_history must be an object, not {shown(row)}."
            raise LogFormatError(message, file=name)
        yield row


def _facts(document: Mapping[str, Any], gathering: Gathering) -> None:
    """Tell the plan; steps between two records below 1 are a share of all, and are left out."""
    said = {field: number_in(document, key) for key, field in _FACTS.items()}
    values = {field: value for field, value in said.items() if value is not None and value >= 1}
    if values:
        gathering.happen(Event(0, FACT, None, values))


class _History:
    """The rows of a state, told one after another; `entry` numbers what was told."""

    def __init__(self, gathering: Gathering) -> None:
        self._gathering = gathering
        self._clock: float | None = None
        self._over = False
        self.entry = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Tell of a row: a record, an evaluation, the end of a session, or nothing."""
        if "loss" in row:
            self._record(row)
        elif any(key.startswith("eval_") for key in row):
            self._evaluation(row)
        elif "train_runtime" in row:
            self.entry += 1
            _ended(row, self.entry, self._gathering)
            self._over = True

    def _record(self, row: Mapping[str, Any]) -> None:
        record = _record(row)
        clock = record.get("run_clock")
        earlier = clock is not None and self._clock is not None and clock < self._clock
        if earlier or self._over:
            self.entry += 1
            self._gathering.happen(Event(self.entry, LAUNCH))
        self._over = False
        self._clock = clock if clock is not None else self._clock
        self.entry += 1
        self._gathering.add(self.entry, record)

    def _evaluation(self, row: Mapping[str, Any]) -> None:
        times = (number_in(row, key) for key in row if _is_evaluation_time(key))
        known = [time for time in times if time is not None]
        self.entry += 1
        values = {"evaluation_time": sum(known)} if known else {}
        self._gathering.happen(Event(self.entry, EVALUATION, None, values))


def _is_evaluation_time(key: str) -> bool:
    return key.startswith("eval_") and key.endswith("runtime")


def _record(row: Mapping[str, Any]) -> dict[str, float]:
    tokens = next((key for key in _TOKENS if key in row), "")
    said = {
        "step": number_in(row, "step"),
        "loss": number_in(row, "loss"),
        "tokens_total": number_in(row, tokens),
        "run_clock": number_in(row, "train_runtime"),
    }
    return {field: value for field, value in said.items() if value is not None}


def _ended(row: Mapping[str, Any], entry: int, gathering: Gathering) -> None:
    """Tell the end of a session, and how long it ran [s], evaluation included."""
    clock = number_in(row, "train_runtime")
    gathering.happen(Event(entry, END, None, {} if clock is None else {"run_clock": clock}))


def number_in(row: Mapping[str, Any], key: str) -> float | None:
    """Return a finite number, or a text that is one (version 5 writes such); `None` without.

    >>> number_in({"loss": "2.5", "step": True}, "loss"), number_in({"step": True}, "step")
    (2.5, None)
    """
    value = row.get(key)
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        value = float(value)
    return value if isinstance(value, float) and isfinite(value) else None


TRAINER_STATE = DocumentFormat(
    name=NAME,
    title="trainer_state.json of Hugging Face",
    claims=claims,
    read=read,
)
