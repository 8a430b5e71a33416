"""GPT-NeoX: Megatron's line, from the first rank, with a rate in front and its own FLOP/s.

The number of a step is that of the last step done, from 1. The time of a step is the mean since
the last line, evaluation and saving included.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.bars import Meaning, numbers, plain
from llmcost.logs.formats.figures import LONGEST
from llmcost.logs.formats.megatron import ITERATION, RECORD
from llmcost.logs.record import EVALUATION, FACT, LAUNCH, Number, Parsed

RATE = b"approx flops per GPU: "
WORLD = b"configure_distributed_args() using world size: "
DOTS = b"......."
RESULTS = (b"validation results at ", b"test results at ")
UNITS: dict[bytes, float] = {
    name + b"FLOPS": 10.0 ** (3 * power)
    for power, name in enumerate((b"", *b"K M G T P E".split()))
}
MEANINGS: dict[bytes, Meaning] = {
    b"samples/sec": plain("samples_per_second"),
    b"elapsed time per iteration (ms)": plain("step_time", 1e-3),
    b"approx flops per GPU": ("stated_flop_rate", UNITS),
    b"MFU": ("stated_mfu", {b"%": 0.01}),
    b"number of skipped iterations": plain("skipped_steps"),
    **dict.fromkeys((b"lm_loss", b"lm loss"), plain("loss")),
}
ARGUMENTS: dict[bytes, str] = {
    b"global_num_gpus": "num_gpus",
    b"seq_length": "seq_length",
    b"train_batch_size": "global_batch_size",
    b"train_micro_batch_size_per_gpu": "micro_batch_size",
    b"gradient_accumulation_steps": "accumulation",
    b"train_iters": "planned_steps",
    b"log_interval": "log_interval",
    b"model_parallel_size": "tensor_parallel",
    b"pipe_parallel_size": "pipeline_parallel",
}
PRECISIONS = {b"bfloat16": "bf16", b"fp16": "fp16", b"fp32": "fp32"}
SIZES: dict[bytes, str] = {
    b"using world": "num_gpus",
    b"model-parallel": "tensor_parallel",
    b"pipe-parallel": "pipeline_parallel",
    b"context-parallel": "context_parallel",
}
_SIZE = re.compile(rb"(" + b"|".join(SIZES) + rb") size: ([1-9][0-9]*)")
_ARGUMENT = re.compile(rb"[ \t]*([a-z][a-z0-9_]*) \.+ ([^ \t.]+)")


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a record of a step, an event, or nothing."""
    if len(line) > LONGEST:
        return None
    if RATE in line and RECORD in line:
        return _record(line)
    if WORLD in line:
        return _launch(line)
    if DOTS in line:
        return _argument(line)
    told = any(result in line for result in RESULTS) and b" value: " in line
    return Parsed(event=EVALUATION) if told else None


def _record(line: bytes) -> Parsed | None:
    at = ITERATION.search(line)
    if at is None:
        return None
    steps = (Number("step", *at.span(1)), Number("planned_steps", *at.span(2)))
    return Parsed((*steps, *numbers(line, MEANINGS).values()))


def _launch(line: bytes) -> Parsed:
    sizes = _SIZE.finditer(line)
    return Parsed(tuple(Number(SIZES[size[1]], *size.span(2)) for size in sizes), event=LAUNCH)


def _argument(line: bytes) -> Parsed | None:
    """Return the fact of a line of the arguments' table, ``  name ... value......updated``.

    A size of nought, for "none", is left out.
    """
    if not line.endswith((b"default", b"updated")):
        return None
    argument = _ARGUMENT.fullmatch(line[: -len(b"default")].rstrip(b"."))
    if argument is None:
        return None
    field = ARGUMENTS.get(argument[1])
    if field is not None and argument[2].isdigit() and argument[2].strip(b"0"):
        return Parsed((Number(field, *argument.span(2)),), event=FACT)
    precision = PRECISIONS.get(argument[2]) if argument[1] == b"precision" else None
    return Parsed(event=FACT, texts=(("precision", precision),)) if precision else None


GPT_NEOX = LineFormat(
    name="gpt_neox",
    title="GPT-NeoX",
    needles=(RATE, WORLD, DOTS, *RESULTS),
    parse=parse,
    stated=(
        "hardware FLOP: attention as whole, the vocabulary projection, and activation "
        "recomputation where it is on; its MFU leaves the recomputation out"
    ),
)
