"""What a condition became: values of columns, and truths about them, on whole arrays.

``not`` is never evaluated: the reader turns it into the opposite comparisons, so that a truth that
a missing value leaves open is simply not true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, Protocol

import numpy as np

Columns = Mapping[str, Any]


class Value(Protocol):
    """A number, or a text, of each row."""

    def of(self, columns: Columns) -> Any:  # noqa: ANN401
        """Return the values, as an array or a scalar."""


class Truth(Protocol):
    """Something that is true, or not, of each row."""

    def of(self, columns: Columns) -> Any:  # noqa: ANN401
        """Return where it is true, as an array or a scalar."""

    def opposite(self) -> Truth:
        """Return what is true where this is false; neither is where a value is missing."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A number, or a text, that was written."""

    value: Any

    def of(self, columns: Columns) -> Any:  # noqa: ANN401
        """Return it."""
        del columns
        return self.value


@dataclass(frozen=True, slots=True)
class Column:
    """Numbers of a column."""

    name: str

    def of(self, columns: Columns) -> Any:  # noqa: ANN401
        """Return them as floats; `None` is NaN."""
        return np.asarray(columns[self.name], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class TextColumn:
    """Texts of a column."""

    name: str

    def of(self, columns: Columns) -> Any:  # noqa: ANN401
        """Return them, `None` where there is none."""
        return np.asarray(columns[self.name])


@dataclass(frozen=True, slots=True)
class Scaled:
    """A value in another unit: times a factor, or over one where that is a whole number."""

    value: Value
    factor: float

    def of(self, columns: Columns) -> Any:  # noqa: ANN401
        """Return the numbers in the other unit."""
        return scaled(self.value.of(columns), self.factor)


def scaled(value: Any, factor: float) -> Any:  # noqa: ANN401
    """Return a value times a factor; divides where that is exact (35 x 0.01 is not 0.35)."""
    over = round(1 / factor) if 0 < factor < 1 else 0
    if over and abs(over * factor - 1) < 1e-12:
        return value / over
    return value * factor


@dataclass(frozen=True, slots=True)
class Total:
    """Terms, each added or subtracted."""

    terms: tuple[tuple[str, Value], ...]

    def of(self, columns: Columns) -> Any:  # noqa: ANN401
        """Return the sum, taken from left to right."""
        sign, first = self.terms[0]
        total = -first.of(columns) if sign == "-" else first.of(columns)
        for sign, term in self.terms[1:]:
            total = total - term.of(columns) if sign == "-" else total + term.of(columns)
        return total


@dataclass(frozen=True, slots=True)
class Product:
    """Factors, each multiplied or divided by."""

    factors: tuple[tuple[str, Value], ...]

    def of(self, columns: Columns) -> Any:  # noqa: ANN401
        """Return the product, taken from left to right."""
        product = self.factors[0][1].of(columns)
        for sign, factor in self.factors[1:]:
            other = factor.of(columns)
            product = np.divide(product, other) if sign == "/" else product * other
        return product


_OPPOSITES = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
    "==": np.equal,
    # Unlike NumPy's own, not true of a missing value.
    "!=": lambda one, two: (one < two) | (one > two),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two numbers of a row beside each other."""

    sign: str
    left: Value
    right: Value

    def of(self, columns: Columns) -> Any:  # noqa: ANN401
        """Return where it holds."""
        return _COMPARE[self.sign](self.left.of(columns), self.right.of(columns))

    def opposite(self) -> Comparison:
        """Return the comparison that holds where this one fails on known numbers."""
        return Comparison(_OPPOSITES[self.sign], self.left, self.right)


@dataclass(frozen=True, slots=True)
class TextComparison:
    """Two texts of a row, equal or not."""

    equal: bool
    left: Value
    right: Value

    def of(self, columns: Columns) -> Any:  # noqa: ANN401
        """Return where it holds; nothing holds of a missing text."""
        left, right = self.left.of(columns), self.right.of(columns)
        if self.equal:
            return (left == right) & known(left)
        return (left != right) & known(left) & known(right)

    def opposite(self) -> TextComparison:
        """Return the comparison that holds where this one fails on known texts."""
        return TextComparison(not self.equal, self.left, self.right)


def known(texts: Any) -> Any:  # noqa: ANN401
    """Return where there is a text: neither `None` nor NaN."""
    array: Any = np.asarray(texts)
    if array.dtype.kind != "O":
        return np.True_
    nothing: Any = None
    return (array == array) & (array != nothing)  # noqa: PLR0124


@dataclass(frozen=True, slots=True)
class Every:
    """True where each part is."""

    parts: tuple[Truth, ...]

    def of(self, columns: Columns) -> Any:  # noqa: ANN401
        """Return where all hold."""
        return reduce(np.logical_and, (part.of(columns) for part in self.parts))

    def opposite(self) -> Either:
        """Return what is true where a part is false."""
        return Either(tuple(part.opposite() for part in self.parts))


@dataclass(frozen=True, slots=True)
class Either:
    """True where a part is."""

    parts: tuple[Truth, ...]

    def of(self, columns: Columns) -> Any:  # noqa: ANN401
        """Return where one holds."""
        return reduce(np.logical_or, (part.of(columns) for part in self.parts))

    def opposite(self) -> Every:
        """Return what is true where every part is false."""
        return Every(tuple(part.opposite() for part in self.parts))
