"""What a measured row says of a model's shape, and the shape that is made of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isqrt, log

from llmcost.catalog.architecture import Architecture


@dataclass(frozen=True, slots=True)
class Stated:
    """What a row says of a model's shape; `None` where it does not."""

    name: str = ""
    parameters: float | None = None
    active_parameters: float | None = None
    numbers: Mapping[str, int | None] | None = None
    gated: bool | None = None
    tied: bool | None = None
    vocabulary: float | None = None
    dense_layers: int | None = None

    def get(self, column: str) -> int | None:
        """Return the number of a column."""
        return (self.numbers or {}).get(column)


@dataclass(frozen=True, slots=True)
class Shape:
    """An architecture with what it rests on, or the reason why there is none.

    `model` names the row of the catalogue that it is, or is a part of; `inferred` is true where
    no published dimension is behind it.
    """

    architecture: Architecture | None
    basis: str = ""
    model: str | None = None
    inferred: bool = False
    reason: str = ""


def nearest_divisor(number: int, wanted: int) -> int:
    """Return the divisor of a number that is nearest to another by ratio."""
    low = [n for n in range(1, isqrt(number) + 1) if number % n == 0]
    divisors = {*low, *(number // n for n in low)}
    return min(divisors, key=lambda n: (abs(log(n / wanted)), n))
