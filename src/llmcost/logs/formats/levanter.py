"""What Levanter prints: the JSON lines of its tracker, and a progress line once a minute.

The tracker writes several lines a step: the one with the loss begins the record, the one with the
throughput adds to it. Its `step` counts from 0. The duration is of that step alone, without
evaluation and checkpoints; the MFU is in percent, of the step, with attention over the whole
sequence. ``gflops_per_second`` is of all devices, whose number no line says.

The progress line (of tqdm-loggable) gives the steps done, from 1, and the time since its start.
From 1,000 on it rounds steps to three digits, ``1.23kit``: such lines are not read, for rounded
steps look like steps done twice. Its rate, wrong after a resume, is not read either.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.keyed import clock_after, number_after, number_at, numbers_after
from llmcost.logs.record import CHECKPOINT, END, EVALUATION, FACT, LAUNCH, Number, Parsed

_PERCENT = 0.01
_STEP = (b'"event": "log", "step": ', "step", 1.0)
_LOSS = (b'"train/loss": ', "loss", 1.0)
_THROUGHPUT: tuple[tuple[bytes, str, float], ...] = (
    (b'"throughput/duration": ', "step_time", 1.0),
    (b'"throughput/total_tokens": ', "tokens_total", 1.0),
    (b'"throughput/tokens_per_second": ', "tokens_per_second", 1.0),
    (b'"throughput/examples_per_second": ', "samples_per_second", 1.0),
    (b'"throughput/mfu": ', "stated_mfu", _PERCENT),
)
_EVALUATION_TIME = (b'"eval/total_time": ', "evaluation_time", 1.0)
_PLANNED: tuple[tuple[bytes, str, float], ...] = (
    (b'"num_train_steps": ', "planned_steps", 1.0),
    (b'"train_batch_size": ', "global_batch_size", 1.0),
    (b'"max_seq_len": ', "seq_length", 1.0),
    (b'"seq_len": ', "seq_length", 1.0),
)
_PEAK = (b'"throughput/theoretical_flops_per_device": ', "peak_flop_rate", 1.0)
_KIND = re.compile(rb'"throughput/device_kind": "([^"\\]{1,60})"')
_PROGRESS, _EVALUATING = b"Progress on:train ", b"Progress on:eval "
_LOG, _SUMMARY, _HPARAMS, _FINISH = (
    *(b'"event": "log", "step": ', b'"event": "summary"'),
    *(b'"event": "hparams"', b'"event": "finish"'),
)
_SAVING = b"Saving checkpoint at step "


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: of the tracker, of the progress, or of a checkpoint."""
    if b'"event": "' in line:
        return _tracked(line)
    at = line.find(_PROGRESS)
    if at >= 0:
        return _progress(line, at + len(_PROGRESS))
    if _EVALUATING in line:
        return Parsed(event=EVALUATION)
    return Parsed(event=CHECKPOINT) if _SAVING in line and b"levanter" in line else None


def _tracked(line: bytes) -> Parsed | None:
    if _LOG in line:
        return _logged(line)
    if _SUMMARY in line:
        return _summary(line)
    if _HPARAMS in line:
        return Parsed(numbers_after(line, _PLANNED), event=LAUNCH)
    return Parsed(event=END) if _FINISH in line else None


def _logged(line: bytes) -> Parsed | None:
    if b'"eval/' in line:
        found = number_after(line, *_EVALUATION_TIME)
        return Parsed(() if found is None else (found,), event=EVALUATION)
    if _LOSS[0] in line:
        return Parsed(numbers_after(line, (_STEP, _LOSS, *_THROUGHPUT)))
    numbers = numbers_after(line, _THROUGHPUT)
    return Parsed(numbers, opens=False) if numbers else None


def _summary(line: bytes) -> Parsed | None:
    kind, peak = _KIND.search(line), number_after(line, *_PEAK)
    if kind is not None:
        said = (("framework", "Levanter"), ("accelerator", kind[1].decode("utf-8", "replace")))
        return Parsed(() if peak is None else (peak,), event=FACT, texts=said)
    return None if peak is None else Parsed((peak,), event=FACT)


def _progress(line: bytes, at: int) -> Parsed | None:
    step = number_at(line, at, "step", unit=b"it")
    if step is None:
        return None
    numbers: list[Number | None] = [
        step,
        number_at(line, step.end + len(b"it/"), "planned_steps", unit=b"it"),
        number_after(line, b" postfix:loss=", "loss"),
    ]
    clock = clock_after(line, b" elapsed:", "run_clock", step.end)
    return Parsed((*(number for number in numbers if number is not None), *clock))


LEVANTER = LineFormat(
    name="levanter",
    title="Levanter",
    needles=(_LOG, _SUMMARY, _HPARAMS, _FINISH, _PROGRESS, _EVALUATING, _SAVING),
    parse=parse,
    stated="matrix products and attention over the whole sequence, forward and backward, without "
    "recomputation; MFU over the peak that Levanter has for the device",
    excludes=(EVALUATION, CHECKPOINT),
)
