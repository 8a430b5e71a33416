"""nanotron: ``iteration: 12 / 500 | consumed_tokens: 1.23M | time_per_iteration_ms: 456 | ...``.

Iterations count from 1, one line each, from one or several processes, whose DP, PP and TP are
places in the layout and no ranks. Numbers have three digits and a letter (G for 1e9 until 2025,
then B): a single one is good to half a percent. Until March 2025 the time was
``elapsed_time_per_iteration_ms`` and the global batch in sequences; since then it is
``time_per_iteration_ms`` and tokens. The time holds no checkpoint. The line that starts a training
tells the sizes in full.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.figures import (
    LETTERS,
    LONGEST,
    Notice,
    Word,
    noticed,
    numbers_behind,
    scaled,
)
from llmcost.logs.record import CHECKPOINT, LAUNCH, Number, Parsed

RECORD = re.compile(rb"\]: iteration: ([0-9]{1,12}) / ([0-9]{1,12}) \|")
WORDS = (
    Word(b"| consumed_tokens: ", "tokens_total", LETTERS),
    Word(b"time_per_iteration_ms: ", "step_time", scaled(LETTERS, 1e-3)),
    Word(b"| tokens_per_sec: ", "tokens_per_second", LETTERS),
    Word(b"| tokens_per_sec_per_gpu: ", "tokens_per_gpu_second", LETTERS),
    Word(b"| lm_loss: ", "loss", LETTERS),
    Word(b"| model_tflops_per_gpu: ", "stated_flop_rate", scaled(LETTERS, 1e12)),
)
OLD_BATCH = Word(b"| global_batch_size: ", "global_batch_size", LETTERS)
NEW_BATCH = Word(b"| global_batch_size: ", "tokens_per_step", LETTERS)
OLD = b"elapsed_time_per_iteration_ms: "
SIZES = (
    Word(b"mbs: ", "micro_batch_size"),
    Word(b"| grad_accum: ", "accumulation"),
    Word(b"| cp: ", "context_parallel"),
    Word(b"| sequence_length: ", "seq_length"),
    Word(b"| global_batch_size: ", "global_batch_size"),
    Word(b"| train_steps: ", "planned_steps"),
)
NOTICES = (
    Notice(b"| start_iteration_step: ", LAUNCH),
    Notice(b"]: Saving checkpoint at ", CHECKPOINT),
    Notice(b"]: Total number of parameters: ", numbers=(Word(b"ers: ", "parameters", LETTERS),)),
)


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a record of a step, an event, or nothing."""
    if len(line) > LONGEST:
        return None
    step = RECORD.search(line)
    if step is None:
        said = noticed(line, NOTICES)
        launches = said is not None and said.event == LAUNCH
        return Parsed(numbers_behind(line, SIZES), event=LAUNCH) if launches else said
    batch = OLD_BATCH if OLD in line else NEW_BATCH
    found = numbers_behind(line, (*WORDS, batch), step.end(2))
    return Parsed((Number("step", *step.span(1)), Number("planned_steps", *step.span(2)), *found))


NANOTRON = LineFormat(
    name="nanotron",
    title="nanotron",
    needles=(
        *(b"]: iteration: ", b"| start_iteration_step: ", b"]: Saving checkpoint at "),
        b"]: Total number of parameters: ",
    ),
    parse=parse,
    stated=(
        "nanotron's model TFLOP/s counts attention as whole and the vocabulary projection, "
        "without recomputation"
    ),
    excludes=(CHECKPOINT,),
)
