"""Arithmetic on columns of records, in which NaN is what a record does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from llmcost.logs.record import Chunk, Event

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.logs.record import Floats


# No log means more of anything, or a longer time [s], or a moment after the year 5000.
MOST, LONGEST, LATEST = 1e25, 1e10, 1e11
_LIMITS = {
    "time_stamp": LATEST,
    **dict.fromkeys(("run_clock", "train_clock", "evaluation_time"), LONGEST),
}


def sane(name: str, values: Floats) -> Floats:
    """Return a column without numbers that no log can mean; impossible step times are counted."""
    if name == "step_time":
        return values
    limit = _LIMITS.get(name, MOST)
    beyond = ~(np.abs(values) <= limit)
    if name in _LIMITS:
        beyond |= values < 0
    return np.where(beyond, np.nan, values) if beyond.any() else values


def rates(
    columns: Mapping[str, Floats], own: Mapping[str, Floats], timed: NDArray[np.bool_]
) -> dict[str, Floats]:
    """Return the rates of records: as printed, else from their tokens and time.

    `timed` are those that print the time of a step, which gives tokens that none prints.
    """
    tokens, number, time = columns["tokens_per_step"], columns["num_gpus"], columns["step_time"]
    none = np.full(len(timed), np.nan)
    printed = positive(own.get("tokens_per_second", none))
    one = positive(own.get("tokens_per_gpu_second", none))
    samples = positive(own.get("samples_per_second", none)) * columns["seq_length"]
    with np.errstate(all="ignore"):
        rate = either(either(either(printed, one * number), samples), tokens / time)
        return {
            "tokens_per_second": rate,
            "tokens_per_gpu_second": either(one, rate / number),
            "tokens_per_step": either(tokens, np.where(timed, rate * time, np.nan)),
        }


def coarse(values: Floats | None) -> bool:
    """Return whether counts are printed with so few digits that their differences mean little."""
    if values is None:
        return False
    known = values[np.isfinite(values) & (values > 0)]
    if not len(known):
        return False
    unit = 10.0 ** (np.floor(np.log10(known)) - 3)
    return bool((np.abs(known / unit - np.round(known / unit)) < 1e-6).all())


def per_step(changes: Mapping[str, tuple[Floats, Floats]], name: str) -> Floats | float:
    """Return what a cumulative field rose by in a step; NaN where it does not say."""
    if name not in changes:
        return np.nan
    change, over = changes[name]
    with np.errstate(all="ignore"):
        return np.where(over > 0, change / over, np.nan)


def either(one: Floats | float, two: Floats | float) -> Floats:
    """Return the first of two columns, and the second where the first says nothing."""
    return np.where(np.isfinite(one), one, two)


def positive(values: Floats) -> Floats:
    """Return a column without what is no positive number."""
    return np.where(values > 0, values, np.nan)


def sane_chunk(chunk: Chunk) -> Chunk:
    """Return a chunk without numbers and moments that no log can mean."""
    columns = {name: sane(name, values) for name, values in chunk.columns.items()}
    stamps = chunk.stamps
    if stamps is not None and not 0 <= stamps[0] <= stamps[1] <= LATEST:
        stamps = None
    events = tuple(_sane_event(event) for event in chunk.events)
    return replace(chunk, columns=columns, events=events, stamps=stamps)


def _sane_event(event: Event) -> Event:
    moment = event.time_stamp
    if moment is not None and not 0 <= moment <= LATEST:
        event = replace(event, time_stamp=None)
    values = event.values
    kept = {key: one for key, one in values.items() if 0 < one <= _LIMITS.get(key, MOST)}
    return event if len(kept) == len(values) else replace(event, values=kept)


def part(chunk: Chunk, rows: slice, events: tuple[Event, ...]) -> Chunk:
    """Return a stretch of the records of a chunk, with these events."""
    columns = {name: values[rows] for name, values in chunk.columns.items()}
    stamps = chunk.stamps
    if rows.stop is not None and stamps is not None:
        stamps = (stamps[0], stamps[0])
    return replace(chunk, columns=columns, events=events, stamps=stamps)
