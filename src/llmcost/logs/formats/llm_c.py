"""llm.c: ``step   10/19560 | loss 9.12 (+0.12z)| ... | 512.31 ms | 47.1% bf16 MFU | 1023 tok/s``.

Read from every version of the CUDA, C and Python trainers, and from `main.log`, which tells steps
and losses and no time. Steps count from 1 on the consoles, but from 0 in the plain C trainer and in
`main.log`. The time is of this step alone, in CUDA and C without evaluation, samples and
checkpoints, in Python with them. ``tok/s`` is of all devices, and beside an MFU it is smoothed over
steps: the time is the better one. An MFU against an unknown device is negative and left out.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.figures import LONGEST, TERA, Notice, Word, noticed
from llmcost.logs.record import CHECKPOINT, END, EVALUATION, LAUNCH, Number, Parsed

STEP = re.compile(
    rb"(?<![A-Za-z0-9_])(?:"
    rb"step {1,12}([0-9]{1,12})(?:/([0-9]{1,12}))?(?:: train| \| train| \|) loss (?=[-+ 0-9n])"
    rb"|iteration ([0-9]{1,12}), loss: "
    rb"|s:([0-9]{1,12}) trl:)"
)
# Of a line of nanoGPT, which tells losses alone.
NANOGPT = b", val loss "
_NUMBER = rb"([0-9]{1,15}(?:\.[0-9]{1,9})?)"
LOSS = re.compile(rb" {0,8}" + _NUMBER)
# The fields behind the loss: each pattern, its field and its scale.
FIELDS = (
    (re.compile(rb"(?:[|(] ?|took |time: )" + _NUMBER + rb" ?ms"), "step_time", 1e-3),
    (re.compile(rb"[|,] " + _NUMBER + rb" tok/s"), "tokens_per_second", 1.0),
    (re.compile(rb" tok/s: " + _NUMBER), "tokens_per_second", 1.0),
    (re.compile(rb"\| " + _NUMBER + rb"% [A-Za-z0-9 ]{1,24} MFU"), "stated_mfu", 0.01),
)


def _row(name: bytes, field: str) -> Notice:
    """Return the row of a parameter in the table that each launch begins with."""
    words = b"| " + name.ljust(21) + b" | "
    units = TERA if field == "peak_flop_rate" else ((b"", 1.0),)
    return Notice(words, numbers=(Word(words, field, units),))


def _named(name: bytes, field: str) -> Notice:
    words = b"| " + name.ljust(21) + b" | "
    return Notice(words, texts=((field, words, b"|"),))


NOTICES = (
    Notice(b"| train data pattern    | ", LAUNCH),
    _row(b"micro batch size B", "micro_batch_size"),
    _row(b"sequence length T", "seq_length"),
    _row(b"total batch size", "tokens_per_step"),
    _row(b"num_parameters", "parameters"),
    _row(b"train_num_batches", "planned_steps"),
    _row(b"num_processes", "num_gpus"),
    _row(b"peak TFlops", "peak_flop_rate"),
    _named(b"device", "accelerator"),
    _named(b"precision", "precision"),
    Notice(b"=> setting grad_accum_steps=", numbers=(Word(b"grad_accum_steps=", "accumulation"),)),
    Notice(
        b" * num_processes=",
        numbers=(
            Word(b"num_processes=", "num_gpus"),
            Word(b"total_batch_size=", "tokens_per_step"),
        ),
    ),
    Notice(b"total desired batch size: ", LAUNCH, (Word(b"batch size: ", "tokens_per_step"),)),
    Notice(
        b"=> calculated gradient accumulation steps: ",
        numbers=(Word(b"steps: ", "accumulation"),),
    ),
    Notice(b"Writing checkpoint at step ", CHECKPOINT),
    Notice(b"total average iteration time: ", END),
)
EVALUATED = re.compile(
    rb"val loss [0-9]{1,6}(?:\.[0-9]{1,24})?\s*|HellaSwag: [0-9]{1,9}/[0-9]{1,9} .*"
)


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a record of a step, an event, or nothing."""
    if len(line) > LONGEST:
        return None
    step = STEP.search(line)
    if step is not None and NANOGPT not in line:
        return Parsed(tuple(_record(line, step)))
    if EVALUATED.fullmatch(line):
        return Parsed(event=EVALUATION)
    return noticed(line, NOTICES)


def _record(line: bytes, step: re.Match[bytes]) -> list[Number]:
    number = next(group for group in (1, 3, 4) if step[group] is not None)
    found = [Number("step", *step.span(number))]
    if step[2] is not None:
        found.append(Number("planned_steps", *step.span(2)))
    loss = LOSS.match(line, step.end())
    if loss is not None:
        found.append(Number("loss", *loss.span(1)))
    for pattern, field, scale in FIELDS:
        value = pattern.search(line, step.end())
        if value is not None:
            found.append(Number(field, *value.span(1), scale))
    return found


LLM_C = LineFormat(
    name="llm_c",
    title="llm.c",
    needles=(
        *(b" | loss ", b" train loss ", b", loss: ", b" norm:", b"val loss "),
        b"HellaSwag: ",
        *(notice.words for notice in NOTICES),
    ),
    parse=parse,
    stated=(
        "llm.c counts 6 FLOP per parameter and token and attention as half, without recomputation, "
        "against the peak of the detected accelerator at the precision of the run"
    ),
)
