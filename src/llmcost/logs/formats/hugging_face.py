"""What the Trainer of Hugging Face prints, and what is built on it prints: TRL, Axolotl, swift.

The Trainer prints a Python dictionary every `logging_steps` steps, without the step: that stands
in the progress bar, which is drawn anew right after it. So the dictionary begins a record, and
the bar that follows adds its step (steps done, from 1) and its clock. Evaluation, prediction and
the reading of data draw bars of the same look, but later, when the record has its step.

Transformers 5 prints the numbers as strings of four digits. Left out are numbers that are known
to mislead: the ``it/s`` of the bar (wrong after a resume), ``train_steps_per_second`` of the last
line (version 4 counts the steps of all sessions, and evaluation is in its time), LLaMA-Factory's
``throughput`` and ``train_tokens_per_second`` (means since the start) and Axolotl's
``tokens/train_per_sec_per_gpu`` (tokens that count for the loss alone).
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.keyed import clock_after, number_after, numbers_after
from llmcost.logs.record import CHECKPOINT, END, EVALUATION, FACT, LAUNCH, Number, Parsed

# Sequences and tokens are of all processes; `num_tokens` is TRL's, `tokens/total` Axolotl's.
_RECORD: tuple[tuple[bytes, str, float], ...] = (
    (b"'loss': ", "loss", 1.0),
    (b"'num_input_tokens_seen': ", "tokens_total", 1.0),
    (b"'num_tokens': ", "tokens_total", 1.0),
    (b"'tokens/total': ", "tokens_total", 1.0),
    (b"'train_runtime': ", "run_clock", 1.0),
)
_TRAINER_LOG: tuple[tuple[bytes, str, float], ...] = (
    (b'"current_steps": ', "step", 1.0),
    (b'"total_steps": ', "planned_steps", 1.0),
    (b'"loss": ', "loss", 1.0),
    (b'"total_tokens": ', "tokens_total", 1.0),
)
_HEADER: tuple[tuple[bytes, str, float], ...] = (
    (b"Total optimization steps = ", "planned_steps", 1.0),
    (b"Gradient Accumulation steps = ", "accumulation", 1.0),
    (b"distributed & accumulation) = ", "global_batch_size", 1.0),
    (b"Instantaneous batch size per device = ", "micro_batch_size", 1.0),
    (b"|| all params: ", "parameters", 1.0),
)
_RUNNING, _SAVING = b"***** Running training *****", b"Saving model checkpoint to "
_TRAINER_LOG_START = b'{"current_steps": '
_EVALUATED = re.compile(rb"'eval_(?:[\w.-]{1,60}_)?runtime': ")
_BAR = re.compile(
    rb"\| {0,12}(\d{1,12})/(\d{1,12}) \[(?:\d{1,6}:)?\d\d:\d\d<[^\]]{0,400}\]\s{0,400}$"
)
_STEP = re.compile(rb"'global_step/max_steps': '(\d{1,12})/(\d{1,12})'")
_BLOCK = b"\xe2\x96"
_EIGHTHS = [bytes([byte]) for byte in range(0x88, 0x90)]  # A full block, then parts of one.
_BARS = (
    *(b"  0%|  ", b"  1%|  "),
    *(b"%|" + _BLOCK + part + b"  " for part in _EIGHTHS),
    *(b"%|" + _BLOCK + b"\x88" + _BLOCK + part for part in _EIGHTHS),
)


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a dictionary of the Trainer, its progress bar or its header."""
    start = line.find(b"{'")
    if start >= 0:
        return _logged(line, start)
    if line.startswith(_TRAINER_LOG_START):
        return _trainer_log(line)
    numbers = _bar(line, len(line)) if b"%|" in line else ()
    return Parsed(numbers, opens=False) if numbers else _header(line)


def _logged(line: bytes, start: int) -> Parsed | None:
    """Return what a dictionary says; one behind a logger's text repeats the one of the Trainer."""
    before = line[:start].strip()
    if before and not before.endswith(b"]"):
        return None
    if b"'loss': " in line:
        own = (*numbers_after(line, _RECORD), *_step(line))
        known = {number.field for number in own}
        return Parsed((*own, *(each for each in _bar(line, start) if each.field not in known)))
    evaluated = _EVALUATED.search(line)
    if evaluated is not None:
        found = number_after(line, evaluated[0], "evaluation_time", start=evaluated.start())
        return Parsed(() if found is None else (found,), event=EVALUATION)
    if b"'train_loss': " in line or b"'train_steps_per_second': " in line:
        found = number_after(line, b"'train_runtime': ", "run_clock")
        return Parsed(() if found is None else (found,), event=END)
    return None


def _step(line: bytes) -> tuple[Number, ...]:
    """Return the step and the clock that swift writes into the dictionary."""
    found = _STEP.search(line)
    if found is None:
        return ()
    return *_of_total(found), *clock_after(line, b"'elapsed_time': ", "run_clock")


def _bar(line: bytes, end: int) -> tuple[Number, ...]:
    """Return the step of a progress bar that fills a line up to `end`, without words before it.

    What other programs write goes on behind a bar in its line, and is left to them.
    """
    percents = line.find(b"%|", 0, 16)
    if percents < 0 or not line[:percents].replace(b"Train:", b"").strip().isdigit():
        return ()
    found = _BAR.match(line, max(percents + 1, line.rfind(b"| ", 0, end)), end)
    if found is None:
        return ()
    return *_of_total(found), *clock_after(line, b" [", "run_clock", found.end(2))


def _of_total(found: re.Match[bytes]) -> tuple[Number, ...]:
    return Number("step", *found.span(1)), Number("planned_steps", *found.span(2))


def _trainer_log(line: bytes) -> Parsed | None:
    """Return what a line of LLaMA-Factory's `trainer_log.jsonl` says."""
    if b'"loss": ' not in line:
        return None
    clock = clock_after(line, b'"elapsed_time": ', "run_clock")
    return Parsed((*numbers_after(line, _TRAINER_LOG), *clock))


def _header(line: bytes) -> Parsed | None:
    if _RUNNING in line:
        return Parsed(event=LAUNCH)
    if _SAVING in line:
        return Parsed(event=CHECKPOINT)
    numbers = numbers_after(line, _HEADER, grouped=True)
    return Parsed(numbers, event=FACT) if numbers else None


HUGGING_FACE = LineFormat(
    name="hugging_face",
    title="Hugging Face Trainer (TRL, Axolotl, LLaMA-Factory, swift)",
    needles=(
        *(b"{'loss': ", b"'loss': ", b"_runtime': ", b"'train_loss': "),
        *(_RUNNING, _SAVING, _TRAINER_LOG_START, *(key for key, _, _ in _HEADER), *_BARS),
    ),
    parse=parse,
)
