"""Scales and ends of an axis that has to hold open ranges."""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, log

# From this ratio of the largest to the smallest value on, an axis is logarithmic.
LOG_FROM = 10.0
MARGIN = 0.06
LEAST_MARGIN = 0.05
# What lies beyond is on no axis: ends that a computer can still take the logarithm of.
LARGEST = 1e200


def scale_of(values: Iterable[float], log_from: float = LOG_FROM) -> str:
    """Return ``log`` for positive values that are `log_from` times apart or more, else ``linear``.

    >>> scale_of([1, 9]), scale_of([1, 10]), scale_of([0, 10])
    ('linear', 'log', 'linear')
    """
    known = list(values)
    least, most = min(known), max(known)
    return "log" if least > 0 and most >= log_from * least else "linear"


def limits_of(values: Iterable[float], scale: str) -> tuple[float, float]:
    """Return ends that hold all values, with a margin either way; those of amounts never below 0.

    >>> limits_of([0.0, 100.0], "linear")
    (0.0, 106.0)
    """
    lowest = 1 / LARGEST if scale == "log" else -LARGEST
    known = [min(max(value, lowest), LARGEST) for value in values]
    least, most = min(known), max(known)
    if scale == "log":
        room = max(MARGIN * log(most / least), LEAST_MARGIN)
        return least * exp(-room), most * exp(room)
    room = MARGIN * (most - least) or LEAST_MARGIN * abs(most) or 1.0
    return (max(least - room, 0.0) if least >= 0 else least - room), most + room
