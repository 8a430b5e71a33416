"""modded-nanogpt: ``step:1000/3040 val_loss:3.6436 train_time:377481ms step_avg:377.48ms``.

A line tells the steps done. ``train_time`` is the clock of training alone, evaluation left out, in
milliseconds or seconds by the version; until May 2025 it starts again at step 10, which reads as a
launch of its own. ``step_avg`` is its mean since then, so that differences of the clock are better
and the mean is not read. Evaluations with a clock in milliseconds stand beside lines of every step,
and are events; with one in seconds they are the only lines, and records. Lines of steps are written
without waiting for the device.
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

RECORD = re.compile(rb"(?<![A-Za-z0-9_])step:([0-9]{1,12})/([0-9]{1,12}) (?=[a-z_]{1,12}:)")
# Beside such a line, and in its unit, every step has one of its own.
EVALUATED = re.compile(rb" val_loss:[^ ]{1,24} train_time:[0-9.]{1,24}ms")
WORDS = (
    Word(b" train_time:", "train_clock", SECONDS),
    Word(b" train_loss:", "loss"),
)
NOTICES = (
    Notice(
        b" compiled for CUDA ",
        LAUNCH,
        (Word(b" with world_size ", "num_gpus"),),
        (("accelerator", b" on ", b" with world_size"),),
    ),
    Notice(b"peak memory allocated: ", END),
)

STARTS = (b"Running PyTorch ", b"peak memory allocated: ")


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a record of a step, an event, or nothing."""
    if len(line) > LONGEST:
        return None
    step = RECORD.search(line)
    if step is None:
        return noticed(line, NOTICES) if line.startswith(STARTS) else None
    if b" train_time:" not in line:
        return None
    if EVALUATED.search(line, step.end(2)):
        return Parsed(event=EVALUATION)
    found = numbers_behind(line, WORDS, step.end(2))
    return Parsed((Number("step", *step.span(1)), Number("planned_steps", *step.span(2)), *found))


MODDED_NANOGPT = LineFormat(
    name="modded_nanogpt",
    title="modded-nanogpt",
    needles=(b" train_time:", b" compiled for CUDA ", b"peak memory allocated: "),
    parse=parse,
    asynchronous=True,
    excludes=(EVALUATION, CHECKPOINT),
)
