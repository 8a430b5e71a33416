"""The values of an axis as a table holds them: numbers in one unit where all are, else text."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from llmcost.amounts import count_from, spread_from
from llmcost.errors import InputError
from llmcost.studies.choices.cluster import GPU_NOUNS, MAX_GPUS, PRICE_UNIT
from llmcost.studies.choices.factors import FACTORS
from llmcost.studies.choices.workload import MAX_TOKENS, TOKEN_NOUNS

Label = float | str
COUNTS: dict[str, tuple[str, tuple[str, ...], float]] = {
    "tokens": ("token", TOKEN_NOUNS, MAX_TOKENS),
    "num_gpus": ("GPU", GPU_NOUNS, MAX_GPUS),
    "gpus_per_node": ("GPU", GPU_NOUNS, MAX_GPUS),
    "parameters": ("", ("parameters", "parameter", "params"), 1e19),
    "active_parameters": ("", ("parameters", "parameter", "params"), 1e19),
    "seq_length": ("", TOKEN_NOUNS, 1e9),
}
UNITS = {
    "price": PRICE_UNIT,
    "price_per_node_hour": "USD/hour",
    "mfu": "",
    "goodput": "",
    **{name: factor.unit for name, factor in FACTORS.items()},
}
SHARES = {"mfu", "goodput", *(name for name, factor in FACTORS.items() if factor.share)}


def axis_unit(name: str, values: Sequence[object]) -> str | None:
    """Return the unit of an axis of numbers, `None` for one of text."""
    if any(isinstance(label, str) for label in axis_labels(name, values)):
        return None
    return COUNTS[name][0] if name in COUNTS else UNITS.get(name, "")


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
            _, nouns, most = COUNTS[name]
            return count_from(value, name, nouns, most)
        if name in UNITS:
            factor = FACTORS.get(name)
            floor, zero = (factor.floor, factor.zero) if factor else (0.0, False)
            spread = spread_from(
                value, UNITS[name], name, share=name in SHARES, floor=floor, zero=zero
            )
            return spread.value if spread.exact else None
    except InputError:
        return None
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if numeric else None  # type: ignore[arg-type]
