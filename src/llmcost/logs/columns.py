"""Arithmetic on columns of records, in which NaN is what a record does not say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.logs.record import Floats


def rates(
    columns: Mapping[str, Floats], own: Mapping[str, Floats], how: NDArray[np.intp]
) -> dict[str, Floats]:
    """Return the rates of a record: as printed, else from its tokens and time."""
    tokens, number, time = columns["tokens_per_step"], columns["num_gpus"], columns["step_time"]
    none = np.full(len(how), np.nan)
    printed = positive(own.get("tokens_per_second", none))
    one = positive(own.get("tokens_per_gpu_second", none))
    samples = positive(own.get("samples_per_second", none)) * columns["seq_length"]
    with np.errstate(all="ignore"):
        rate = either(either(either(printed, one * number), samples), tokens / time)
        return {
            "tokens_per_second": rate,
            "tokens_per_gpu_second": either(one, rate / number),
            "tokens_per_step": either(tokens, np.where(how == 0, rate * time, np.nan)),
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
