"""torchtune: ``Step 12 | loss:1.23 lr:2e-05 tokens_per_second_per_gpu:1234.5 ...`` in text.

Steps count from 1 (from 0 before May 2024). The rate is that of this step alone and of one device,
``tokens_per_second`` in versions of one month of 2024; its tokens are those that are trained on, so
that neither padding nor masked prompts count. Checkpoints are no part of it; the step after an
evaluation holds that.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.figures import LONGEST, Notice, Word, noticed, numbers_behind
from llmcost.logs.record import CHECKPOINT, EVALUATION, LAUNCH, Number, Parsed

RECORD = re.compile(rb"(?<![A-Za-z0-9_])Step ([0-9]{1,12}) \| (?=[a-z_]{1,40}:)")
VALIDATION = re.compile(rb"val_loss:[0-9]")
RATE, OLD_RATE = b" tokens_per_second_per_gpu:", b" tokens_per_second:"
WORDS = (
    Word(b" loss:", "loss"),
    Word(RATE, "tokens_per_gpu_second"),
    Word(OLD_RATE, "tokens_per_gpu_second"),
)
NOTICES = (
    Notice(b" with resolved config:", LAUNCH),
    Notice(
        b" is initialized with precision ",
        texts=(("precision", b" precision torch.", b"."),),
    ),
    Notice(b":Validation loss: ", EVALUATION),
    Notice(b"Model checkpoint of size ", CHECKPOINT),
)


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a record of a step, an event, or nothing."""
    if len(line) > LONGEST:
        return None
    step = RECORD.search(line)
    if step is None:
        return noticed(line, NOTICES) if b"torchtune" in line else None
    if VALIDATION.match(line, step.end()):
        return Parsed(event=EVALUATION)
    if RATE not in line and OLD_RATE not in line:
        return None
    return Parsed((Number("step", *step.span(1)), *numbers_behind(line, WORDS, step.end(1))))


TORCHTUNE = LineFormat(
    name="torchtune",
    title="torchtune",
    needles=(RATE, OLD_RATE, b" | val_loss:", *(notice.words for notice in NOTICES)),
    parse=parse,
    excludes=(CHECKPOINT,),
)
