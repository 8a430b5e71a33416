"""The values of an axis as a table holds them: numbers in one unit where all are, else text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from llmcost.amounts import count_from, spread_from
from llmcost.errors import InputError
from llmcost.studies.sweeping.parameters import COUNTS, QUANTITIES

Label = float | str


def axis_unit(name: str, values: Sequence[object]) -> str | None:
    """Return the unit of an axis of numbers, `None` for one of text."""
    if any(isinstance(label, str) for label in axis_labels(name, values)):
        return None
    known = COUNTS.get(name) or QUANTITIES.get(name)
    return known.unit if known else ""


def axis_labels(name: str, values: Sequence[object]) -> tuple[Label, ...]:
    """Return one label a value: numbers in the unit of the axis, or text for all of them."""
    return _labels(name, tuple(values))


@lru_cache(maxsize=256)
def _labels(name: str, values: tuple[object, ...]) -> tuple[Label, ...]:
    numbers = [_number(name, value) for value in values]
    if None in numbers:
        return tuple(str(value) for value in values)
    return tuple(float(number) for number in numbers if number is not None)


def _number(name: str, value: object) -> float | None:
    """Return a value as one number in the unit of its axis, `None` where it is not just that."""
    try:
        if name in COUNTS:
            count = COUNTS[name]
            return count_from(value, name, count.nouns, count.maximum)
        if name in QUANTITIES:
            rule = QUANTITIES[name]
            bounds = {"maximum": rule.maximum, "floor": rule.floor}
            spread = spread_from(value, rule.unit, name, share=rule.share, zero=rule.zero, **bounds)
            return spread.value if spread.exact else None
    except InputError:
        return None
    return None
