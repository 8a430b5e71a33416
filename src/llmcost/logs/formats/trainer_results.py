"""The last words of a training of Hugging Face's Trainer: `all_results.json`, `train_results.json`.

They say how long the last session ran, evaluation and saving included, and its steps by
``train_steps_per_second``, of three decimals: time and rate give the steps back. Version 4 divides
the steps of all sessions, so that it is the last step that comes out; version 5 those of this
session. The time of a step cannot be told from evaluation, and is not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO, Any

from llmcost.errors import LogFormatError
from llmcost.logs.formats import DocumentFormat
from llmcost.logs.formats.trainer_state import document_of, number_in
from llmcost.logs.gathering import Gathering
from llmcost.logs.record import END, FACT, Chunk, Event

NAME = "trainer_results"
_WORDS = (b'"train_runtime"', b'"train_samples_per_second"')
_RATE_STEP = 1e-3


def claims(head: bytes) -> bool:
    """Return whether the first bytes of a file are those of results."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    known = text.startswith(b"{") and all(word in head for word in _WORDS)
    return known and not _is_lines(text)


def _is_lines(text: bytes) -> bool:
    """Return whether a second object follows the one of the first line, as in JSON lines."""
    first, _, rest = text.partition(b"\n")
    return first.rstrip().endswith(b"}") and rest.lstrip().startswith(b"{")


def read(stream: IO[bytes], name: str) -> Iterator[Chunk]:
    """Yield what results say: how long the last session ran [s], and about how many steps.

    Raises LogFormatError for a file that is no JSON object, or does not give its steps.
    """
    document = document_of(stream, name)
    clock = number_in(document, "train_runtime")
    rate = number_in(document, "train_steps_per_second")
    steps = round(clock * rate) if clock is not None and rate is not None else 0
    if clock is None or steps < 1:
        raise LogFormatError(_no_steps(clock), file=name)
    yield _told(document, clock, steps)


def _told(document: Mapping[str, Any], clock: float, steps: int) -> Chunk:
    gathering = Gathering(NAME)
    gathering.happen(Event(0, FACT, None, {"log_interval": float(steps)}))
    loss = number_in(document, "train_loss")
    record = {"step": float(steps), "run_clock": clock}
    gathering.add(1, record if loss is None else record | {"loss": loss})
    gathering.happen(Event(2, END, None, {"run_clock": clock}))
    off = clock * _RATE_STEP / 2
    gathering.say(
        f"The results of a Hugging Face training say how long the last session ran ({clock:,.0f} "
        f"s, evaluation included), and its steps by a rounded rate (within {max(off, 1):,.0f}): "
        "for the time of a step give the trainer_state.json beside them."
    )
    return gathering.taken(2)


def _no_steps(clock: float | None) -> str:
    ran = "" if clock is None else f" but that the last session ran {clock:,.0f} s"
    return f"says nothing{ran}; needs single steps. Give the trainer_state.json beside it."


TRAINER_RESULTS = DocumentFormat(
    name=NAME,
    title="all_results.json of Hugging Face",
    claims=claims,
    read=read,
    summary=True,
)
