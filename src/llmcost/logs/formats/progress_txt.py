"""Megatron-LM's progress.txt (`--log-progress`): one line per launch and per checkpoint.

The number of a step is that of the last step done, from 1. There is no time of a step but the
moments of the lines, which hold everything: start-up, evaluation, saving.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.bars import Meaning, numbers
from llmcost.logs.formats.figures import LONGEST
from llmcost.logs.record import CHECKPOINT, LAUNCH, Number, Parsed

JOB = b"\tJob ID: "
STARTING, FINISHED = b"\tStarting job", b"\tSaved async "
MEANINGS: dict[bytes, Meaning] = {
    b"Iteration": ("step", {b"": 1.0}),
    b"Job throughput": ("stated_flop_rate", {b"TFLOP": 1e12}),
    b"Tokens (in billions)": ("tokens_total", {b"": 1e9}),
}
_GPUS = re.compile(rb"\t# GPUs: ([0-9]+)\t")
_SAVED = re.compile(rb"\t(?:Saved|Saving async) [a-z -]*checkpoint\t")


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a launch, the steps up to a checkpoint, or that it was written."""
    gpus = _GPUS.search(line) if JOB in line and len(line) <= LONGEST else None
    if gpus is None:
        return None
    if STARTING in line:
        return Parsed((Number("num_gpus", *gpus.span(1)),), event=LAUNCH)
    if FINISHED in line:
        return Parsed(event=CHECKPOINT)
    if _SAVED.search(line) is None:
        return None
    found = numbers(line, MEANINGS, bar=b"\t", start=gpus.end(), closed=False)
    return Parsed(tuple(found.values())) if {"step", "tokens_total"} <= set(found) else None


PROGRESS_TXT = LineFormat(
    name="megatron_progress",
    title="Megatron-LM progress.txt",
    needles=(JOB,),
    parse=parse,
    stated=(
        "the mean since the launch, start-up and stalls included: model FLOP with the vocabulary "
        "projection, causal attention as half since March 2025 and as whole before"
    ),
    # The only checkpoints that are told as such are asynchronous: they hold nothing up.
    excludes=(CHECKPOINT,),
)
