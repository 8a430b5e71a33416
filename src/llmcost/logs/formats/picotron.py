"""picotron: ``[rank 0] Step: 12 | Loss: ... | Tokens/s: 12.30K | Tokens/s/GPU: 1.54K | ...``.

Steps count from 1, one line each, from one process. The global batch is in tokens, and the number
of devices is that of the ratio of the two rates. Numbers have two decimals behind a letter, so that
a rate is good to half a percent or better. The time of a step holds no checkpoint.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.figures import (
    LETTERS,
    LONGEST,
    PERCENT,
    Notice,
    Word,
    noticed,
    numbers_behind,
)
from llmcost.logs.record import CHECKPOINT, LAUNCH, Number, Parsed

RECORD = re.compile(rb"\[rank ([0-9]{1,7})\] Step: ([0-9]{1,12}) {0,8}(?:,|\|) Loss: ")
WORDS = (
    Word(b" Loss: ", "loss"),
    Word(b" Global batch size: ", "tokens_per_step", LETTERS),
    Word(b" Tokens/s: ", "tokens_per_second", LETTERS),
    Word(b" Tokens/s/GPU: ", "tokens_per_gpu_second", LETTERS),
    Word(b" Tokens: ", "tokens_total", (*LETTERS, *((b + b"/", s) for b, s in LETTERS))),
    Word(b" MFU: ", "stated_mfu", PERCENT),
)
NOTICES = (
    Notice(b"Number of parameters: ", numbers=(Word(b"ers: ", "parameters", LETTERS),)),
    Notice(b"Tokens per step: ", LAUNCH, (Word(b"per step: ", "tokens_per_step", LETTERS),)),
)


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a record of a step, an event, or nothing."""
    if len(line) > LONGEST:
        return None
    step = RECORD.search(line)
    if step is None:
        return noticed(line, NOTICES)
    found = numbers_behind(line, WORDS, step.end(2))
    return Parsed((Number("step", *step.span(2)), Number("rank", *step.span(1)), *found))


PICOTRON = LineFormat(
    name="picotron",
    title="picotron",
    needles=(b"] Step: ", *(notice.words for notice in NOTICES)),
    parse=parse,
    stated=(
        "picotron counts 6 FLOP per parameter and token and whole attention, without "
        "recomputation, always against 989.5 TFLOP/s of an H100"
    ),
    excludes=(CHECKPOINT,),
)
