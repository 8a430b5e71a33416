"""The sequences of a step: as stated, or as they follow from a step time and a token rate."""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import isclose

from llmcost.studies.validation.cells import Cells

# Sequences are measured in multiples of this many tokens, where they are long.
LENGTHS = 128
# How far a length may be from such a multiple and still be taken for it.
NEAR = 0.015


@dataclass(frozen=True, slots=True)
class Batch:
    """Sequences of a replica's pass and of a step, and the passes of a step; `None` not known."""

    micro: int | None
    total: int | None
    rounds: int | None = None


def length_of(cells: Cells) -> int | None:
    """Return the sequence length [token], where it is stated or follows from time, rate and batch.

    The batch is in sequences for that; the length is the multiple of 128 that is near.
    """
    stated = cells.count("seq_len", binary=True)
    if stated is not None:
        return stated
    time, rate = cells.number("reported_step_time_s"), cells.number("reported_tokens_per_s_per_gpu")
    devices, batch = cells.count("n_gpus"), cells.number("global_batch_seqs")
    if not (time and rate and devices and batch) or _in_tokens(cells):
        return None
    length = time.value * rate.value * devices / batch.value
    near = max(1, round(length / LENGTHS)) * LENGTHS
    return near if isclose(near, length, rel_tol=NEAR) else round(length) or None


def total_of(cells: Cells, length: int | None) -> int | None:
    """Return the sequences of a step that a cell states, also where it states tokens."""
    if not _in_tokens(cells) or not length:
        return cells.count("global_batch_seqs")
    tokens = cells.number("global_batch_seqs")
    return max(1, round(tokens.value / length)) if tokens else None


def batch_of(
    micro: float | None,
    total: int | None,
    rounds: int | None,
    *,
    replicas: int | None,
    devices: int | None,
    by_device: bool,
) -> Batch:
    """Return the batch of a row from what it states; `rounds` are passes that remarks tell.

    With `by_device` the micro-batch may be that of a device, as XLA frameworks count it: it is
    where it makes up the batch in one pass, or where no batch is stated.
    """
    if by_device and micro and devices and devices > 1:
        every = micro * devices
        if total is None and isclose(every, round(every)):
            total = round(every)
        if total and isclose(every, total):
            share = total // replicas if replicas and total % replicas == 0 else None
            return Batch(share, total, 1)
    whole = round(micro) if micro and isclose(micro, round(micro)) else None
    if total is None and whole and replicas and rounds:
        total = whole * replicas * rounds
    return Batch(whole, total, rounds)


def total_from_rate(tokens: float, length: int, replicas: int | None, micro: int | None) -> int:
    """Return the sequences of a step of about so many tokens: whole passes of all replicas."""
    unit = (replicas or 1) * (micro or 1)
    return max(1, round(tokens / length / unit)) * unit


def _in_tokens(cells: Cells) -> bool:
    outside = re.sub(r"\([^)]*\)", "", cells.text("global_batch_seqs")).casefold()
    return "tok" in outside
