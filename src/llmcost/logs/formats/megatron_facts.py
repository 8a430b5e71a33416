"""What a Megatron log says besides its steps: world size, arguments, evaluation, checkpoints."""

from __future__ import annotations

import re
from collections.abc import Callable

from llmcost.logs.record import (
    CHECKPOINT,
    END,
    EVALUATION,
    FACT,
    LAUNCH,
    STOPPED,
    Number,
    Parsed,
)

MILLI = 1e-3
WORLD, DOTS = b"using world size: ", b" ......."
EVALUATED, TIMED = b"validation loss at ", b"evaluate ......."
SAVED, DONE, EXITING = b"successfully saved ", b"[after training is done]", b"exiting program "
EXITING_OLD = b"exiting the program at iteration"
# Megatron-Bridge begins with this; Megatron-LM has told its world size before.
INITIALIZED = b"[after megatron is initialized]"
NEEDLES = (WORLD, INITIALIZED, DOTS, EVALUATED, TIMED, SAVED, DONE, EXITING, EXITING_OLD)
# The sizes of the line that each launch begins with; "and model-parallel" until 2020.
SIZES: dict[bytes, str] = {
    b"using world": "num_gpus",
    b"data-parallel": "data_parallel",
    b"context-parallel": "context_parallel",
    b"tensor-model-parallel": "tensor_parallel",
    b"and model-parallel": "tensor_parallel",
    b"pipeline-model-parallel": "pipeline_parallel",
}
ARGUMENTS: dict[bytes, str] = {
    b"world_size": "num_gpus",
    b"seq_length": "seq_length",
    b"global_batch_size": "global_batch_size",
    b"micro_batch_size": "micro_batch_size",
    b"batch_size": "micro_batch_size",
    b"train_iters": "planned_steps",
    b"log_interval": "log_interval",
    b"data_parallel_size": "data_parallel",
    b"tensor_model_parallel_size": "tensor_parallel",
    b"model_parallel_size": "tensor_parallel",
    b"pipeline_model_parallel_size": "pipeline_parallel",
    b"context_parallel_size": "context_parallel",
    b"expert_model_parallel_size": "expert_parallel",
}
# Arguments that name a precision, by what they are when it is in use.
PRECISIONS: dict[tuple[bytes, bytes], str] = {
    (b"fp16", b"True"): "fp16",
    (b"bf16", b"True"): "bf16",
    (b"fp8", b"hybrid"): "fp8",
    (b"fp8", b"e4m3"): "fp8",
}
_SIZE = re.compile(rb"(?<![a-z-])(" + b"|".join(SIZES) + rb")[ -]size: ([0-9]+)")
_ARGUMENT = re.compile(rb"[ \t]*([a-z][a-z0-9_]*) \.+ ([^ \t]+)[ \t]*")
_COUNT = re.compile(rb"[1-9][0-9]*")
_EVALUATED = re.compile(rb"[ \t]*evaluate \.+: ?\(?(?:[0-9.]++, )?([0-9]++\.?+[0-9]*+)\)?[ \t]*")


def event_of(line: bytes) -> Parsed | None:
    """Return the event that a line tells of, `None` where it tells of none."""
    return next((made(line) for mark, made in _EVENTS.items() if mark in line), None)


def _launch(line: bytes) -> Parsed:
    found = {SIZES[size[1]]: size for size in _SIZE.finditer(line)}
    return Parsed(
        tuple(Number(field, *size.span(2)) for field, size in found.items()), event=LAUNCH
    )


def _argument(line: bytes) -> Parsed | None:
    """Return the fact of a line of the arguments' table, ``  name ....... value``."""
    argument = _ARGUMENT.fullmatch(line)
    if argument is None:
        return None
    field = ARGUMENTS.get(argument[1])
    if field is not None and _COUNT.fullmatch(argument[2]):
        return Parsed((Number(field, *argument.span(2)),), event=FACT)
    precision = PRECISIONS.get((argument[1], argument[2]))
    return Parsed(event=FACT, texts=(("precision", precision),)) if precision else None


def _evaluation(line: bytes) -> Parsed | None:
    return Parsed(event=EVALUATION) if b" value: " in line else None


def _evaluation_time(line: bytes) -> Parsed | None:
    """Return an evaluation with its time; of the slowest rank, where two are told."""
    timed = _EVALUATED.fullmatch(line)
    if timed is None:
        return None
    return Parsed((Number("evaluation_time", *timed.span(1), MILLI),), event=EVALUATION)


def _checkpoint(line: bytes) -> Parsed | None:
    return Parsed(event=CHECKPOINT) if b"checkpoint " in line else None


def _exit(line: bytes) -> Parsed:
    """Return the end of a launch by its own plan, or by a signal."""
    return Parsed(event=STOPPED if b"after receiving SIG" in line else END)


_EVENTS: dict[bytes, Callable[[bytes], Parsed | None]] = {
    WORLD: _launch,
    INITIALIZED: lambda _: Parsed(event=LAUNCH),
    TIMED: _evaluation_time,
    DOTS: _argument,
    EVALUATED: _evaluation,
    SAVED: _checkpoint,
    DONE: _exit,
    EXITING: _exit,
    EXITING_OLD: _exit,
}
