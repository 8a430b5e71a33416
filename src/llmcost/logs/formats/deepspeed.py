"""What the engine of DeepSpeed prints.

Every `steps_per_print` steps (10 unless said) come up to three lines for one step, which is the
number of optimizer steps done: ``step=10, skipped=0, lr=...`` begins the record, the throughput
timer and the pipeline engine add to it. `CurrSamplesPerSec` is of that one step, of all
processes, without the loading of data; ``iter time (s)`` is the mean since the last line. The
running average, which leaves out two steps, is not read, nor are the lines of before version 0.8
(``0/20, ...``), whose rate is that of one micro-step.

``world_size`` in the dump of the configuration counts data-parallel processes.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.keyed import number_after, numbers_after
from llmcost.logs.record import CHECKPOINT, END, FACT, LAUNCH, STOPPED, Number, Parsed

_STEP = re.compile(rb"(?:^|[ \]])step=(\d{1,12}), skipped=(\d{1,12}), ")
_TIMER: tuple[tuple[bytes, str, float], ...] = (
    (b"/global_step=", "step", 1.0),
    (b" CurrSamplesPerSec=", "samples_per_second", 1.0),
)
_PIPELINE = re.compile(rb"\bsteps?: {1,9}(\d{1,12})(?: / {1,9}(\d{1,12}))? loss: ")
_PIPELINE_RATES: tuple[tuple[bytes, str, float], ...] = (
    (b" loss: ", "loss", 1.0),
    (b"iter time (s): ", "step_time", 1.0),
    (b"samples/sec: ", "samples_per_second", 1.0),
)
_DUMPED = re.compile(rb":print\] {1,4}([a-z0-9_]{1,60})(?: \.{0,40})? {1,4}(\d{1,12}|True)$")
_NUMBERS = {
    b"train_batch_size": "global_batch_size",
    b"train_micro_batch_size_per_gpu": "micro_batch_size",
    b"gradient_accumulation_steps": "accumulation",
    b"world_size": "data_parallel",
    b"steps_per_print": "log_interval",
}
_PRECISIONS = {b"bfloat16_enabled": "bf16", b"float16_enabled": "fp16", b"fp16_enabled": "fp16"}
_VERSION = re.compile(rb"DeepSpeed info: version=([\w.+-]{1,40})")
_SKIPPED, _CURRENT, _ITERATION = b", skipped=", b" CurrSamplesPerSec=", b"iter time (s): "
_PROCESSES, _SAVING = b"dist_world_size=", b"Saving model checkpoint: "
_EXITS, _KILLS = b" exits successfully.", b"Killing subprocess "


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: of a step, the configuration, the launch or its end."""
    if _SKIPPED in line:
        found = _STEP.search(line)
        if found is None:
            return None
        return Parsed((Number("step", *found.span(1)), Number("skipped_total", *found.span(2))))
    if _CURRENT in line:
        return _timer(line)
    if _ITERATION in line:
        return _pipeline(line)
    if b":print]" in line:
        return _configured(line)
    return _event(line)


def _timer(line: bytes) -> Parsed | None:
    numbers = numbers_after(line, _TIMER)
    return Parsed(numbers, opens=False) if len(numbers) == len(_TIMER) else None


def _pipeline(line: bytes) -> Parsed | None:
    """Return what the pipeline engine says of a step; without rates the line is none of its."""
    found = _PIPELINE.search(line)
    if found is None:
        return None
    numbers = [Number("step", *found.span(1))]
    if found[2] is not None:
        numbers.append(Number("planned_steps", *found.span(2)))
    rates = numbers_after(line, _PIPELINE_RATES, start=found.end() - len(b" loss: "))
    return Parsed((*numbers, *rates), opens=False)


def _configured(line: bytes) -> Parsed | None:
    found = _DUMPED.search(line, line.find(b":print]"))
    if found is None:
        return None
    if found[2] == b"True":
        precision = _PRECISIONS.get(found[1])
        said = (("precision", precision),) if precision else ()
        return Parsed(event=FACT, texts=said) if said else None
    field = _NUMBERS.get(found[1])
    return None if field is None else Parsed((Number(field, *found.span(2)),), event=FACT)


def _event(line: bytes) -> Parsed | None:
    processes = number_after(line, _PROCESSES, "num_gpus")
    if processes is not None:
        return Parsed((processes,), event=LAUNCH)
    version = _VERSION.search(line)
    if version is not None:
        said = (("framework", "DeepSpeed"), ("framework_version", version[1].decode("ascii")))
        return Parsed(event=FACT, texts=said)
    for word, event in ((_SAVING, CHECKPOINT), (_EXITS, END), (_KILLS, STOPPED)):
        if word in line:
            return Parsed(event=event)
    return None


DEEPSPEED = LineFormat(
    name="deepspeed",
    title="DeepSpeed",
    needles=(
        *(_SKIPPED, _CURRENT, _ITERATION, b"[config.py:", b"DeepSpeed info: version="),
        *(_PROCESSES, _SAVING, _EXITS, _KILLS),
    ),
    parse=parse,
)
