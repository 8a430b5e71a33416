"""nanochat: ``step 00120/21400 (0.56%) | loss: ... | dt: 512.31ms | tok/sec: 1,023,456 | ...``.

Steps count from 0, one line each. ``dt`` is the time of this step alone, without evaluation,
samples and checkpoints; ``tok/sec`` is of all devices, the tokens of a step over ``dt``. ``total
time`` leaves the first ten steps out and is rounded to 0.6 s, and is not read. The header tells the
tokens of a step and how many devices there are.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.figures import (
    LONGEST,
    PERCENT,
    SECONDS,
    Notice,
    Word,
    noticed,
    numbers_behind,
)
from llmcost.logs.record import CHECKPOINT, END, EVALUATION, LAUNCH, Number, Parsed

RECORD = re.compile(
    rb"(?<![A-Za-z0-9_])step ([0-9]{1,12})(?:/([0-9]{1,12}))? \([0-9.]{1,12}%\) \| loss: "
)
EVALUATIONS = (
    b" | Validation bpb: ",
    b" | Validation loss: ",
    b" | CORE metric: ",
    b" | ChatCORE: ",
)
EVALUATED = re.compile(rb"(?<![A-Za-z0-9_])Step [0-9]{1,12} \| (?:Validation |CORE |ChatCORE)")
# The last of the lines that count the parameters by kind.
TOTAL = b"total                   : "
WORDS = (
    Word(b" loss: ", "loss"),
    Word(b"| dt: ", "step_time", SECONDS),
    Word(b"| tok/sec: ", "tokens_per_second"),
    Word(b"mfu: ", "stated_mfu", (*PERCENT, (b"", 0.01))),
)
NOTICES = (
    Notice(b"Distributed world size: ", LAUNCH, (Word(b"size: ", "num_gpus"),)),
    Notice(
        b"Total batch size ",
        numbers=(
            Word(b"batch size ", "tokens_per_step"),
            Word(b"=> gradient accumulation steps: ", "accumulation"),
        ),
    ),
    Notice(
        b"Tokens / micro-batch / rank: ",
        numbers=(Word(b"/ rank: ", "micro_batch_size"), Word(b" x ", "seq_length")),
    ),
    Notice(
        b"Peak FLOPS (BF16): ",
        numbers=(Word(b"(BF16): ", "peak_flop_rate"),),
        texts=(("accelerator", b"GPU: ", b" | Peak FLOPS"),),
    ),
    Notice(b"COMPUTE_DTYPE: ", texts=(("precision", b"COMPUTE_DTYPE: torch.", b" "),)),
    Notice(b" FP8 training enabled ", texts=(("precision", b" ", b" training enabled"),)),
    Notice(b"Number of parameters: ", numbers=(Word(b"parameters: ", "parameters"),)),
    Notice(TOTAL, numbers=(Word(b": ", "parameters"),)),
    Notice(b"Saved model parameters to: ", CHECKPOINT),
    Notice(b"Total training time: ", END),
)


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a record of a step, an event, or nothing."""
    if len(line) > LONGEST:
        return None
    step = RECORD.search(line)
    if step is not None:
        found = numbers_behind(line, WORDS, step.end(1))
        planned = () if step[2] is None else (Number("planned_steps", *step.span(2)),)
        return Parsed((Number("step", *step.span(1)), *planned, *found))
    if EVALUATED.search(line):
        return Parsed(event=EVALUATION)
    return noticed(line, NOTICES)


NANOCHAT = LineFormat(
    name="nanochat",
    title="nanochat",
    needles=(b" | loss: ", *(notice.words for notice in NOTICES), *EVALUATIONS),
    parse=parse,
    stated=(
        "nanochat counts 6 FLOP per parameter that multiplies and token, and attention within its "
        "windows, without recomputation, against the dense BF16 peak of the detected accelerator "
        "(until January 2026 that of an H100)"
    ),
    excludes=(EVALUATION, CHECKPOINT),
)
