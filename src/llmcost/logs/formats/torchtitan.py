"""torchtitan: ``step: 20  loss: ...  tps: 5,050  tflops: ...  mfu: ...`` from every rank.

Steps count from 1, and are printed at the first and then every `log_freq`. ``tps`` (``wps`` until
late 2024) is tokens per second of one device since the last line, and ``tflops`` is of one device:
the interval holds checkpoints that fell into it, and the first one compilation; an evaluation
starts it anew, and is held by it in versions that do not tell of it. ``mfu`` is ``N/A`` where the
model is quantised. The header tells the global batch, since mid-2026 the tokens of a step; the mesh
of devices is told in numbers since early 2026.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.figures import (
    LONGEST,
    PERCENT,
    TERA,
    Notice,
    Word,
    noticed,
    numbers_behind,
)
from llmcost.logs.record import CHECKPOINT, END, EVALUATION, FACT, LAUNCH, Number, Parsed

RECORD = re.compile(rb"(?<![a-z] )step: {0,12}([0-9]{1,12}) {2}loss:")
VALIDATION = re.compile(rb"validate step: {0,12}[0-9]{1,12} ")
WORDS = (
    Word(b"  loss: ", "loss"),
    Word(b"  tps: ", "tokens_per_gpu_second"),
    Word(b"  wps: ", "tokens_per_gpu_second"),
    Word(b"  tflops: ", "stated_flop_rate", TERA),
    Word(b"  mfu: ", "stated_mfu", PERCENT),
)
HEADER = (
    Word(b"local batch size ", "micro_batch_size"),
    Word(b"global batch size ", "global_batch_size"),
    Word(b"gradient accumulation steps ", "accumulation"),
    Word(b"sequence length ", "seq_length"),
    Word(b"maximum context length ", "seq_length"),
    Word(b"total steps ", "planned_steps"),
)
MESH = (
    Word(b"pp=", "pipeline_parallel"),
    Word(b"dp_replicate=", "data_parallel_replicas"),
    Word(b"dp_shard=", "data_parallel_shards"),
    Word(b"cp=", "context_parallel"),
    Word(b" tp=", "tensor_parallel"),
    Word(b" ep=", "expert_parallel"),
)
_TOKENS_OF_STEP = re.compile(rb", ([0-9]{1,15}) tokens per train step,")
_PARAMETERS = re.compile(rb"size: ([0-9]{1,3}(?:,[0-9]{3}){0,6}) total parameters")
NOTICES = (
    Notice(b"Training starts at step ", LAUNCH, HEADER),
    Notice(b"Trainer is initialized with ", numbers=HEADER),
    Notice(b"Trainer initialized. Training starts at step ", LAUNCH),
    Notice(b"device mesh with parallelism: ", numbers=MESH),
    Notice(b"Peak FLOPS used for computing MFU: ", numbers=(Word(b"MFU: ", "peak_flop_rate"),)),
    Notice(b" capacity: ", texts=(("accelerator", b"capacity: ", b" with "),)),
    Notice(b"Finished saving the checkpoint", CHECKPOINT),
    Notice(b"Finished staging the checkpoint", CHECKPOINT),
    Notice(b"INFO - Training completed", END),
)
CAPACITY = b"GiB memory"


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a record of a step, an event, or nothing."""
    if len(line) > LONGEST:
        return None
    step = RECORD.search(line)
    if step is not None:
        found = numbers_behind(line, WORDS, step.end(1))
        return Parsed((Number("step", *step.span(1)), *found))
    if VALIDATION.search(line):
        return Parsed(event=EVALUATION)
    return _header(line)


def _header(line: bytes) -> Parsed | None:
    size = _PARAMETERS.search(line)
    if size is not None:
        return Parsed((Number("parameters", *size.span(1)),), event=FACT)
    if b" capacity: " in line and CAPACITY not in line:
        return None
    said = noticed(line, NOTICES)
    tokens = _TOKENS_OF_STEP.search(line) if said is not None else None
    if said is None or tokens is None:
        return said
    return Parsed((*said.numbers, Number("tokens_per_step", *tokens.span(1))), event=said.event)


TORCHTITAN = LineFormat(
    name="torchtitan",
    title="torchtitan",
    needles=(
        *(b"memory: ", b"validate step: ", b"Training starts at step ", b"Trainer is initialized"),
        *(b"device mesh with parallelism: ", b"Peak FLOPS used for computing MFU: "),
        *(CAPACITY, b" total parameters", b"ing the checkpoint", b"INFO - Training completed"),
    ),
    parse=parse,
    stated=(
        "torchtitan counts model FLOP without recomputation, attention as whole, the embedding "
        "left out and the vocabulary projection not, against the dense BF16 peak of the detected "
        "accelerator"
    ),
)
