"""nanoGPT and its forks: ``iter 50: loss 7.6463, time 462.17ms, mfu 0.01%``.

Iterations count from 0, and each is one optimizer step. The time is that of this one iteration, not
the mean since the last line; it holds the evaluation and the checkpoint that came before it, and
without a synchronisation may be too short where lines are far apart. ``mfu`` is -100 % at first,
which is left out.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.figures import (
    LETTERS,
    LONGEST,
    PERCENT,
    SECONDS,
    Notice,
    Word,
    noticed,
    numbers_behind,
)
from llmcost.logs.record import CHECKPOINT, EVALUATION, LAUNCH, Number, Parsed

RECORD = re.compile(rb"(?<![A-Za-z0-9_])iter ([0-9]{1,12}): loss [^,]{1,24}, time [0-9]")
EVALUATED = re.compile(rb"(?<![A-Za-z0-9_])step [0-9]{1,12}: train loss [^,]{1,24}, val loss ")
WORDS = (
    Word(b": loss ", "loss"),
    Word(b", time ", "step_time", SECONDS),
    Word(b", mfu ", "stated_mfu", PERCENT),
)
NOTICES = (
    Notice(b"tokens per iteration will be: ", LAUNCH, (Word(b"will be: ", "tokens_per_step"),)),
    Notice(b"number of parameters: ", numbers=(Word(b"parameters: ", "parameters", LETTERS),)),
    Notice(b"saving checkpoint to ", CHECKPOINT),
)
# Lines of other trainers with the same words in them.
OTHERS = (b"Finished saving checkpoint to ", b"Total number of parameters: ")


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a record of a step, an event, or nothing."""
    if len(line) > LONGEST:
        return None
    step = RECORD.search(line)
    if step is not None:
        words = WORDS[:2] if b", mfu -" in line else WORDS
        found = numbers_behind(line, words, step.end(1))
        return Parsed((Number("step", *step.span(1)), *found))
    if EVALUATED.search(line):
        return Parsed(event=EVALUATION)
    return None if any(words in line for words in OTHERS) else noticed(line, NOTICES)


NANOGPT = LineFormat(
    name="nanogpt",
    title="nanoGPT",
    needles=(
        *(b", time ", b": train loss ", b"tokens per iteration will be: "),
        *(b"number of parameters: ", b"saving checkpoint to "),
    ),
    parse=parse,
    stated=(
        "nanoGPT counts 6 FLOP per parameter and token, positions left out, and whole attention, "
        "without recomputation, always against 312 TFLOP/s of an A100, smoothed over lines"
    ),
    asynchronous=True,
    of_one=True,
)
