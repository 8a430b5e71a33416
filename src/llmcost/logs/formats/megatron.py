"""Megatron-LM and its kin: one line of ``key: value |`` per log interval, from the last rank.

Read from NVIDIA's Megatron-LM (every version since 2020), Megatron-Bridge, Megatron-DeepSpeed of
Microsoft and of BigScience, AMD's Primus, and forks that add a rate. The number of a step is that
of the last step done, from 1. The time of a step is the mean since the last line. Since November
2023 it leaves evaluation and saving out; before that it held them.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.formats.bars import Meaning, numbers, plain
from llmcost.logs.formats.figures import LONGEST
from llmcost.logs.formats.megatron_facts import NEEDLES, event_of
from llmcost.logs.record import CHECKPOINT, EVALUATION, Number, Parsed

TERA = 1e12
RECORD, BRIDGE, ZERO = b"elapsed time per iteration", b"GPU utilization: ", b"Effective Tera Flops"
ITERATION = re.compile(rb"(?<![a-z])iteration +([0-9]+) */ *([0-9]+) *\|")
# Not "samples per second": it says no more than batch and time, and some versions print it per
# millisecond.
MEANINGS: dict[bytes, Meaning] = {
    b"consumed samples": plain("samples_total"),
    b"consumed tokens": plain("tokens_total"),
    b"elapsed time per iteration (ms)": plain("step_time", 1e-3),
    b"elapsed time per iteration (s)": plain("step_time"),
    b"throughput per GPU (TFLOP/s/GPU)": plain("stated_flop_rate", TERA),
    b"compute per GPU (TFLOP/s/GPU)": plain("stated_flop_rate", TERA),
    b"TFLOPs": plain("stated_flop_rate", TERA),
    b"tokens per GPU (tokens/s/GPU)": plain("tokens_per_gpu_second"),
    b"tokens/s/GPU inst/harmonic mean": plain("tokens_per_gpu_second"),
    b"tokens per gpu per second (tgs)": plain("tokens_per_gpu_second"),
    b"tokens/sec/GPU": plain("tokens_per_gpu_second"),
    b"tokens/sec/gpu": plain("tokens_per_gpu_second"),
    b"tokens-per-second-per-gpu": plain("tokens_per_gpu_second"),
    b"global batch size": plain("global_batch_size"),
    b"actual seqlen": plain("seq_length"),
    b"energy per GPU (J/iter/GPU)": plain("energy_per_step"),
    b"power per GPU (W/GPU)": plain("power"),
    b"number of skipped iterations": plain("skipped_steps"),
    b"mfu": ("stated_mfu", {b"%": 0.01}),
    **dict.fromkeys((b"lm loss", b"lm-loss", b"lm_loss", b"loss"), plain("loss")),
}
# The length of the curriculum; where both stand there, the actual one is what was trained on.
CURRICULUM = MEANINGS | {b"curriculum seqlen": plain("seq_length")}
# Primus prints the lines of torchtitan like this; their time is of all steps since the last line.
TORCHTITAN = b"| memory usage/free/total:"
_RATE = re.compile(rb"GPU utilization: ([0-9]++\.?+[0-9]*+) ?(?:MODEL_)?TFLOP/s/GPU")
_ZERO_RATE = re.compile(rb"Effective Tera Flops per GPU: ([0-9]++\.?+[0-9]*+) ")


def parse(line: bytes) -> Parsed | None:
    """Return what a line says: a record of a step, more of one, an event, or nothing."""
    if len(line) > LONGEST:
        return None
    if RECORD in line:
        return _record(line)
    if BRIDGE in line:
        return _more(_RATE.search(line))
    if ZERO in line:
        return _more(_ZERO_RATE.search(line))
    return event_of(line)


def _record(line: bytes) -> Parsed | None:
    at = ITERATION.search(line)
    if at is None:
        return None
    found = numbers(line, MEANINGS if b"actual seqlen" in line else CURRICULUM)
    if TORCHTITAN in line:
        found.pop("step_time", None)
    steps = (Number("step", *at.span(1)), Number("planned_steps", *at.span(2)))
    return Parsed((*steps, *found.values()))


def _more(rate: re.Match[bytes] | None) -> Parsed | None:
    """Return the rate that a line of its own states.

    The ZeRO forks print it below the record it is of, Megatron-Bridge, from another process, above
    it: there it goes to the record before, which is one step early.
    """
    if rate is None:
        return None
    return Parsed((Number("stated_flop_rate", *rate.span(1), TERA),), opens=False)


MEGATRON = LineFormat(
    name="megatron",
    title="Megatron-LM, Megatron-Bridge, Megatron-DeepSpeed, BigScience, Primus",
    needles=(RECORD, BRIDGE, ZERO, *NEEDLES),
    parse=parse,
    stated=(
        "Megatron-LM and Megatron-Bridge count model FLOP with the vocabulary projection, causal "
        "attention as half since March 2025 and as whole before; 'TFLOPs' of Megatron-DeepSpeed "
        "and BigScience counts attention as whole and activation recomputation too; 'Effective "
        "Tera Flops' counts 8 FLOP per parameter and token, recomputation included, attention not"
    ),
    excludes=(EVALUATION, CHECKPOINT),
)
