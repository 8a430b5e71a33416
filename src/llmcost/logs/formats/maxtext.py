"""MaxText: ``completed step: 9, seconds: 5.667, TFLOP/s/device: 134.924, Tokens/s/device: ...``.

Steps count from 0, one line each. The device works on while the line is written, so that the first
lines may tell times that cannot be. While the batch grows no rates are told, and a step at which a
profiler starts or stops has no time. The rate counts every token of the batch; ``total_weights``
counts those that are trained on, fewer where sequences are packed or masked, and is not read for
the tokens of a step: the configuration above tells those, or the number of devices.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.figures import LONGEST, TERA, Notice, Units, Word, noticed, numbers_behind
from llmcost.logs.record import CHECKPOINT, EVALUATION, LAUNCH, Number, Parsed

RECORD = re.compile(
    rb"completed (?:profiler activation/deactivation )?step: ([0-9]{1,12}), (?=[A-Za-z])"
)
WORDS = (
    Word(b", seconds: ", "step_time"),
    Word(b", TFLOP/s/device: ", "stated_flop_rate", TERA),
    Word(b", TFLOP/s: ", "stated_flop_rate", TERA),
    Word(b", Tokens/s/device: ", "tokens_per_gpu_second"),
    Word(b", loss: ", "loss"),
)
BILLIONS: Units = ((b" billion", 1e9),)


def _parameter(name: bytes, field: str) -> Notice:
    """Return the line of a parameter in the configuration that each launch begins with."""
    words = b"Config param " + name + b": "
    return Notice(words, numbers=(Word(words, field),))


NOTICES = (
    Notice(b"System Information: Jax Version: ", LAUNCH),
    Notice(b"Elastic attempt ", LAUNCH),
    Notice(b"Num_devices: ", numbers=(Word(b"Num_devices: ", "num_gpus"),)),
    Notice(b"number parameters: ", numbers=(Word(b"parameters: ", "parameters", BILLIONS),)),
    _parameter(b"steps", "planned_steps"),
    _parameter(b"max_target_length", "seq_length"),
    _parameter(b"global_batch_size_to_train_on", "global_batch_size"),
    _parameter(b"per_device_batch_size", "micro_batch_size"),
    _parameter(b"gradient_accumulation_steps", "accumulation"),
    Notice(b"Completed eval after train step ", EVALUATION),
    Notice(b"average loss after step=", EVALUATION),
    Notice(b"aved a checkpoint at step ", CHECKPOINT),
    Notice(b"Started an asynchronous checkpoint save for step ", CHECKPOINT),
)


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a record of a step, an event, or nothing."""
    if len(line) > LONGEST:
        return None
    step = RECORD.search(line)
    if step is None:
        return noticed(line, NOTICES)
    return Parsed((Number("step", *step.span(1)), *numbers_behind(line, WORDS, step.end(1))))


MAXTEXT = LineFormat(
    name="maxtext",
    title="MaxText",
    needles=(b"completed step: ", b"deactivation step: ", *(notice.words for notice in NOTICES)),
    parse=parse,
    stated=(
        "MaxText counts model FLOP without recomputation; attention as whole until 2025, causal "
        "since"
    ),
    asynchronous=True,
)
