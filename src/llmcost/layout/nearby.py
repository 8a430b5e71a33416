"""The legal values next to one that is not."""

from __future__ import annotations

from collections.abc import Iterable
from math import isqrt


def divisors(number: int) -> tuple[int, ...]:
    """Return every divisor of a whole number above 0, in order.

    >>> divisors(12)
    (1, 2, 3, 4, 6, 12)
    """
    small = [i for i in range(1, isqrt(number) + 1) if number % i == 0]
    return tuple(sorted({*small, *(number // i for i in small)}))


def nearest_divisors(number: int, wanted: int) -> tuple[int, ...]:
    """Return the divisor of `number` next below and the one next above `wanted`, if they exist.

    >>> nearest_divisors(128, 12)
    (8, 16)
    """
    return around(divisors(number), wanted)


def around(values: Iterable[int], wanted: int) -> tuple[int, ...]:
    """Return of some values the last at or below `wanted` and the first above."""
    ordered = sorted(values)
    below = [value for value in ordered if value <= wanted][-1:]
    return (*below, *[value for value in ordered if value > wanted][:1])
