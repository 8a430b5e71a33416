"""LitGPT: ``Epoch 1 | iter 240 step 60 | loss train: 7.614, ... | iter time: 70.74 ms``.

``iter`` counts micro-steps from 1 and ``step`` the optimizer steps done; how many micro-steps make
a step, tell the rises of the two. The time is that of one micro-step. Lines of a micro-step that
ended a step, marked ``(step)`` or ``(optimizer.step)``, are records; their time holds the optimizer
and the exchange of gradients. Lines of other micro-steps would tell a step twice: they add their
time to the record before. ``Tok/sec`` of the report at the end divides by the wrong time and is not
read.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.figures import (
    LONGEST,
    SECONDS,
    Notice,
    Word,
    noticed,
    numbers_behind,
)
from llmcost.logs.record import CHECKPOINT, END, EVALUATION, LAUNCH, Number, Parsed

RECORD = re.compile(
    rb"(?<![A-Za-z0-9_])iter {1,8}([0-9]{1,12})(?: \|)? step {1,8}([0-9]{1,12})(?: \||:) loss"
)
OTHER = re.compile(rb"iter time: {1,8}[0-9.]{1,24} ?m?s(?: remaining| {0,8}$)")
ENDED = re.compile(rb"[0-9] ?m?s \((?:optimizer\.)?step\)")
WORDS = (
    Word(b" loss train: ", "loss"),
    Word(b": loss ", "loss"),
    Word(b" iter time: ", "last_micro_step_time", SECONDS),
)
OTHER_WORDS = (Word(b" iter time: ", "micro_step_time", SECONDS),)
EVALUATED = re.compile(rb"(?<![A-Za-z0-9_])iter {1,8}[0-9]{1,12}: val loss ")
# How far the arguments of training stand to the right, where the configuration is told.
INDENT = b" " * 20


def _argument(name: bytes, field: str) -> Notice:
    """Return the line of an argument in the configuration that each launch begins with."""
    words = INDENT + name + b"="
    return Notice(words, numbers=(Word(words, field),))


NOTICES = (
    Notice(b" 'train': TrainArgs(", LAUNCH),
    _argument(b"global_batch_size", "global_batch_size"),
    _argument(b"micro_batch_size", "micro_batch_size"),
    _argument(b"max_steps", "planned_steps"),
    Notice(b" 'precision': '", texts=(("precision", b" 'precision': '", b"'"),)),
    Notice(b"Time to instantiate model: ", LAUNCH),
    Notice(b"Total parameters: ", numbers=(Word(b"parameters: ", "parameters"),)),
    Notice(b"Saving checkpoint to '", CHECKPOINT),
    Notice(b"| - Training Time ", END),
)


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a record of a step, an event, or nothing."""
    if len(line) > LONGEST:
        return None
    at = RECORD.search(line)
    if at is None:
        if EVALUATED.search(line):
            return Parsed(event=EVALUATION)
        return noticed(line, NOTICES)
    if ENDED.search(line, at.end()) is None:
        if OTHER.search(line, at.end()) is None:
            return None
        return Parsed(numbers_behind(line, OTHER_WORDS, at.end(2)), opens=False)
    found = numbers_behind(line, WORDS, at.end(2))
    return Parsed((Number("step", *at.span(2)), Number("micro_steps_total", *at.span(1)), *found))


LITGPT = LineFormat(
    name="litgpt",
    title="LitGPT",
    needles=(b"iter time: ", b": val loss ", *(notice.words for notice in NOTICES)),
    parse=parse,
    excludes=(EVALUATION, CHECKPOINT),
)
