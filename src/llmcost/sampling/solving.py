"""The one place where a rising function of one number is solved."""

from __future__ import annotations

from collections.abc import Callable

STEPS = 200
CLOSE = 1e-14


def root(gap: Callable[[float], float], low: float, high: float) -> float:
    """Return where a rising function crosses 0 between `low` and `high`.

    Source: the Illinois variant of regula falsi (Dowell and Jarratt 1971).
    """
    at_low, at_high = gap(low), gap(high)
    side = 0
    for _ in range(STEPS):
        if high - low < CLOSE or at_low == at_high:
            break
        middle = (low * at_high - high * at_low) / (at_high - at_low)
        value = gap(middle)
        if abs(value) < CLOSE:
            return middle
        if value < 0:
            low, at_low = middle, value
            at_high, side = at_high / (2 if side < 0 else 1), -1
        else:
            high, at_high = middle, value
            at_low, side = at_low / (2 if side > 0 else 1), 1
    return (low + high) / 2
