"""NVIDIA NeMo: the line of its progress printer, and its progress bar.

``Training epoch 0, iteration 9/99 | key: value | ...``: the number of a step is `global_step`, from
0; its time is that of whole steps, without evaluation and saving. Where the line stands for several
steps every value but `global_step` is their mean, so `consumed_samples` is not read.

``Epoch 0: 10%|# | 10/100 [...]``: the number of a step is the bar's, from 1, of the epoch, as what
stands behind it has three digits. Without a time of its own, that of a step is the bar's mean since
the launch.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.bars import Meaning, numbers, plain
from llmcost.logs.formats.figures import LONGEST
from llmcost.logs.record import (
    CHECKPOINT,
    END,
    EVALUATION,
    FACT,
    LAUNCH,
    Number,
    Parsed,
)

TERA = 1e12
PRINTED, BAR = b"Training epoch ", b"reduced_train_loss="
BAR_MEANINGS: dict[bytes, Meaning] = {
    b"reduced_train_loss": plain("loss"),
    b"train_step_timing in s": plain("step_time"),
    b"TFLOPS_per_GPU": plain("stated_flop_rate", TERA),
    b"tflops_per_sec_per_gpu": plain("stated_flop_rate", TERA),
    b"tokens_per_sec_per_gpu": plain("tokens_per_gpu_second"),
}
MEANINGS = BAR_MEANINGS | {
    b"global_step": plain("step"),
    b"global_batch_size": plain("global_batch_size"),
}
# Arguments of a configuration, as YAML. `seq_length` is not among them: the model's can be the
# longest that it may be given, and the data's another.
ARGUMENTS: dict[bytes, str] = {
    b"encoder_seq_length": "seq_length",
    b"tensor_model_parallel_size": "tensor_parallel",
    b"pipeline_model_parallel_size": "pipeline_parallel",
    b"context_parallel_size": "context_parallel",
    b"expert_model_parallel_size": "expert_parallel",
}
STARTING = b"distributed processes registered. Starting with "
# A bar of its own for each evaluation; at its beginning it has no rate yet.
EVALUATED, NO_RATE = b"Validation DataLoader ", b"?it/s"
EVENTS: dict[bytes, str] = {
    b"Validation: iteration ": EVALUATION,
    b"Global Checkpoint Save ": CHECKPOINT,
    b", saving model to ": CHECKPOINT,
    b"`Trainer.fit` stopped": END,
}
_ITERATION = re.compile(rb"Training epoch [0-9]+, iteration ([0-9]+)/[0-9]+ \|")
_DONE = re.compile(rb" *([0-9]+)/[0-9?]+ ")
_MEAN = re.compile(rb"(?<![0-9.])([0-9]++\.?+[0-9]*+)s/it[,\]]")
_COUNT = re.compile(rb"[0-9]+")
_ARGUMENT = re.compile(rb"[ \t]*([a-z_]+): ([1-9][0-9]*)[ \t]*")


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a record of a step, an event, or nothing."""
    if len(line) > LONGEST:
        return None
    if PRINTED in line:
        return _printed(line)
    if BAR in line:
        return _bar(line)
    if STARTING in line:
        return _launch(line)
    if EVALUATED in line:
        return Parsed(event=EVALUATION) if NO_RATE in line else None
    event = next((kind for mark, kind in EVENTS.items() if mark in line), "")
    return Parsed(event=event) if event else _argument(line)


def _printed(line: bytes) -> Parsed | None:
    iteration = _ITERATION.search(line)
    if iteration is None:
        return None
    found = numbers(line, MEANINGS, start=iteration.end(), closed=False)
    found.setdefault("step", Number("step", *iteration.span(1)))
    return Parsed(tuple(found.values()))


def _bar(line: bytes) -> Parsed | None:
    """Return what a bar says, ``Epoch 0: 10%|# | 10/100 [1:02<9:18, 6.20s/it, key=value, ...]``."""
    bracket = line.find(b"[", line.find(b"Epoch "))
    done = _DONE.fullmatch(line, line.rfind(b"|", 0, max(bracket, 0)) + 1, max(bracket, 0))
    if done is None:
        return None
    told = line.rstrip(b" ]")
    found = numbers(told, BAR_MEANINGS, bar=b",", sign=b"=", start=bracket, closed=False)
    mean = _MEAN.search(line, bracket)
    if "step_time" not in found and mean is not None:
        found["step_time_average"] = Number("step_time_average", *mean.span(1))
    return Parsed((Number("step", *done.span(1)), *found.values()))


def _launch(line: bytes) -> Parsed:
    at = line.find(STARTING) + len(STARTING)
    count = _COUNT.match(line, at)
    return Parsed((Number("num_gpus", *count.span()),) if count else (), event=LAUNCH)


def _argument(line: bytes) -> Parsed | None:
    argument = _ARGUMENT.fullmatch(line)
    field = ARGUMENTS.get(argument[1]) if argument is not None else None
    if argument is None or field is None:
        return None
    return Parsed((Number(field, *argument.span(2)),), event=FACT)


NEMO = LineFormat(
    name="nemo",
    title="NVIDIA NeMo 1 and 2",
    needles=(
        PRINTED,
        BAR,
        STARTING,
        EVALUATED,
        *EVENTS,
        b"encoder_seq_length: ",
        b"parallel_size: ",
    ),
    parse=parse,
    stated="model FLOP: attention as whole, the vocabulary projection, no recomputation",
    excludes=(EVALUATION, CHECKPOINT),
)
