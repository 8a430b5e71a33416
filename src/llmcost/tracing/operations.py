"""What an operation of the graph does to numbers that are known, as NumPy does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

# NumPy's functions of arrays, and the operation of the graph that each is.
OPERATIONS: Mapping[Any, str] = MappingProxyType(
    {
        np.add: "add",
        np.subtract: "sub",
        np.multiply: "mul",
        np.divide: "div",
        np.negative: "neg",
        np.absolute: "abs",
        np.fabs: "abs",
        np.maximum: "max",
        np.minimum: "min",
        np.sqrt: "sqrt",
        np.exp: "exp",
        np.expm1: "expm1",
        np.log: "log",
        np.log1p: "log1p",
        np.log2: "log2",
        np.power: "pow",
        np.float_power: "pow",
        np.floor: "floor",
        np.ceil: "ceil",
        np.remainder: "mod",
        np.floor_divide: "floordiv",
        np.isnan: "isnan",
        np.isfinite: "isfinite",
        np.less: "lt",
        np.less_equal: "le",
        np.greater: "gt",
        np.greater_equal: "ge",
        np.equal: "eq",
        np.not_equal: "ne",
        np.logical_and: "and",
        np.logical_or: "or",
        np.logical_not: "not",
        np.bitwise_and: "and",
        np.bitwise_or: "or",
        np.invert: "not",
    }
)


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    def answer(*values: Any) -> Any:  # noqa: ANN401
        with np.errstate(all="ignore"):
            return function(*values).item()

    return answer


NUMBERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        **{op: _plain(function) for function, op in OPERATIONS.items()},
        "not": lambda value: not value,
        "and": lambda a, b: bool(a and b),
        "or": lambda a, b: bool(a or b),
        "quotient": lambda upper, lower, _: _plain(np.divide)(upper, lower),
        "where": lambda condition, a, b: a if condition else b,
        "float": float,
        "exponent": lambda value: float(np.frexp(value)[1]),
        "mantissa": lambda value: float(np.frexp(value)[0]),
    }
)
