"""Vectors of rows in LLVM's language: arithmetic, choices, and functions without a branch.

A library's functions are called for one number at a time. These are series about zero after an
exact reduction of the argument, for all rows of a vector at once: within a few units in the last
place, and with infinities and NaN as in NumPy.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir

from llmcost.tracing.source import WIDTH

DOUBLE, INT64, BIT = ir.DoubleType(), ir.IntType(64), ir.IntType(1)
DOUBLES, INTS = ir.VectorType(DOUBLE, WIDTH), ir.VectorType(INT64, WIDTH)
LN_2 = math.log(2.0)
# The front 32 bits of ln 2, whose multiples by exponents are exact, and what they leave out.
LN_2_FRONT = math.floor(LN_2 * 2.0**32) / 2.0**32
LN_2_REST = 1.9082149292705877e-10
LARGEST, SMALLEST = 709.782712893384, -745.1332191019412
TINY, LIFT = 2.0**-1022, 54.0
FRACTION, BIAS = (1 << 52) - 1, 1023
ROOT_2 = math.sqrt(2.0)


ROUNDING = ("fadd", "fsub", "fmul")


class Vector:
    """One value for each of WIDTH rows: doubles, or conditions."""

    def __init__(self, maker: Maker, value: Any) -> None:  # noqa: ANN401
        self.maker, self.value = maker, value

    def __add__(self, other: Any) -> Vector:  # noqa: ANN401
        return self._with("fadd", other)

    def __sub__(self, other: Any) -> Vector:  # noqa: ANN401
        return self._with("fsub", other)

    def __mul__(self, other: Any) -> Vector:  # noqa: ANN401
        return self._with("fmul", other)

    def __truediv__(self, other: Any) -> Vector:  # noqa: ANN401
        return self._with("fdiv", other)

    def __neg__(self) -> Vector:
        return Vector(self.maker, self.maker.builder.fneg(self.value))

    def __and__(self, other: Vector) -> Vector:
        return self._with("and_", other)

    def __or__(self, other: Vector) -> Vector:
        return self._with("or_", other)

    def __invert__(self) -> Vector:
        return Vector(self.maker, self.maker.builder.not_(self.value))

    def __lt__(self, other: Any) -> Vector:  # noqa: ANN401
        return self.compared("<", other)

    def __gt__(self, other: Any) -> Vector:  # noqa: ANN401
        return self.compared(">", other)

    def compared(self, sign: str, other: Any) -> Vector:  # noqa: ANN401
        """Return where a comparison holds; with NaN only `!=` does."""
        builder = self.maker.builder
        compare = builder.fcmp_unordered if sign == "!=" else builder.fcmp_ordered
        return Vector(self.maker, compare(sign, self.value, self.maker.vector(other).value))

    def _with(self, op: str, other: Any) -> Vector:  # noqa: ANN401
        maker = self.maker
        flags = {"flags": ("contract",)} if maker.fused and op in ROUNDING else {}
        made = getattr(maker.builder, op)(self.value, maker.vector(other).value, **flags)
        return Vector(maker, made)


class Maker:
    """Writes operations on vectors into a function that is compiled."""

    def __init__(self, builder: Any) -> None:  # noqa: ANN401
        self.builder = builder
        # Whether a product and a sum may round once, together.
        self.fused = False

    def vector(self, value: Any) -> Vector:  # noqa: ANN401
        """Return a number as a vector that holds it for every row."""
        if isinstance(value, Vector):
            return value
        if isinstance(value, bool):
            return Vector(self, ir.Constant(ir.VectorType(BIT, WIDTH), [int(value)] * WIDTH))
        return Vector(self, ir.Constant(DOUBLES, [float(value)] * WIDTH))

    def spread(self, scalar: Any) -> Vector:  # noqa: ANN401
        """Return a double that is there at run time as a vector that holds it for every row."""
        undefined = ir.Constant(DOUBLES, ir.Undefined)
        one = self.builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
        return Vector(self, self.builder.shuffle_vector(one, undefined, zeros))

    def select(self, condition: Vector, then: Any, other: Any) -> Vector:  # noqa: ANN401
        """Return one value where a condition holds and another elsewhere."""
        values = self.vector(then).value, self.vector(other).value
        return Vector(self, self.builder.select(condition.value, *values))

    def called(self, name: str, *values: Vector) -> Vector:
        """Return what a function of LLVM for whole vectors makes of values."""
        module, full = self.builder.module, f"llvm.{name}.v{WIDTH}f64"
        function = module.globals.get(full)
        if function is None:
            kind = ir.FunctionType(DOUBLES, [DOUBLES] * len(values))
            function = ir.Function(module, kind, full)
        return Vector(self, self.builder.call(function, [value.value for value in values]))

    def extreme(self, op: str, a: Any, b: Any) -> Vector:  # noqa: ANN401
        """Return the larger ("max") or the smaller of two values, NaN where one of them is.

        Where one is a number of the formula, and not NaN, one comparison does.
        """
        sign = ">" if op == "max" else "<"
        if _is_number(b):
            a, b = b, a
        first, other = self.vector(a), self.vector(b)
        chosen = self.select(first.compared(sign, other), first, other)
        if _is_number(a):
            return chosen
        return self.select(first.compared("!=", first), first, chosen)

    def quotient(self, upper: Vector, lower: Vector, inverse: Vector) -> Vector:
        """Return a division from the inverse of its divisor, rounded as a division is.

        Source: Markstein 1990 (doi 10.1147/rd.341.0111), theorem 5: one correction is enough
        where the inverse is the nearest double. Without a correction (0, infinity) nothing is lost.
        """
        near = upper * inverse
        rest = self.called("fma", -lower, near, upper)
        right = self.called("fma", rest, inverse, near)
        return self.select(right.compared("==", right), right, near)

    def power_of_two(self, whole: Vector) -> Vector:
        """Return 2 to a whole number from -1022 to 1023."""
        biased = self.builder.fptosi((whole + float(BIAS)).value, INTS)
        shifted = self.builder.shl(biased, _ints(52))
        return Vector(self, self.builder.bitcast(shifted, DOUBLES))

    def polynomial(self, x: Vector, *coefficients: float) -> Vector:
        """Return a polynomial; the coefficient of the highest power comes first."""
        total = self.vector(coefficients[0])
        for coefficient in coefficients[1:]:
            total = self.called("fma", total, x, self.vector(coefficient))
        return total

    def exp(self, x: Vector) -> Vector:
        """Return e to the power of x."""
        k, less_one = self._exp_parts(x)
        half = self.called("floor", k * 0.5)
        value = (less_one + 1.0) * self.power_of_two(half) * self.power_of_two(k - half)
        return self._exp_ends(x, value, 0.0)

    def expm1(self, x: Vector) -> Vector:
        """Return e to the power of x, less 1."""
        k, less_one = self._exp_parts(x)
        half = self.called("floor", k * 0.5)
        front, back = self.power_of_two(half), self.power_of_two(k - half)
        value = (less_one * front) * back + (front * back - 1.0)
        value = self.select(k > 60.0, (less_one + 1.0) * front * back, value)
        value = self.select(x.compared("==", 0.0), x, value)
        return self._exp_ends(x, value, -1.0)

    def _exp_parts(self, x: Vector) -> tuple[Vector, Vector]:
        """Return k and exp(r) - 1 where x is k ln 2 + r, with r at most half of ln 2."""
        low = self.select(x > SMALLEST, x, SMALLEST)
        bounded = self.select(low < LARGEST, low, LARGEST)
        k = self.called("floor", bounded * (1.0 / LN_2) + 0.5)
        r = (bounded - k * LN_2_FRONT) - k * LN_2_REST
        series = self.polynomial(r, *(1.0 / math.factorial(n) for n in range(14, 1, -1)))
        return k, r + r * r * series

    def _exp_ends(self, x: Vector, value: Vector, lowest: float) -> Vector:
        value = self.select(x > LARGEST, math.inf, value)
        value = self.select(x < SMALLEST, lowest, value)
        return self.select(x.compared("!=", x), x, value)

    def log(self, x: Vector) -> Vector:
        """Return the natural logarithm of x."""
        k, m = self._log_parts(x)
        return self._log_ends(x, k * LN_2_FRONT + (self._log_series(m) + k * LN_2_REST))

    def log2(self, x: Vector) -> Vector:
        """Return the logarithm of x to base 2."""
        k, m = self._log_parts(x)
        return self._log_ends(x, k + self._log_series(m) * (1.0 / LN_2))

    def log1p(self, x: Vector) -> Vector:
        """Return the natural logarithm of 1 + x, with what 1 + x rounds off put back."""
        u = x + 1.0
        value = self.log(u)
        usual = (u > 0.0) & (u < math.inf)
        value = self.select(usual, value + (x - (u - 1.0)) / u, value)
        return self.select(u.compared("==", 1.0), x, value)

    def _log_parts(self, x: Vector) -> tuple[Vector, Vector]:
        """Return k and m where x is m 2**k, with m within the root of 2 about 1."""
        small = x < TINY
        lifted = self.select(small, x * 2.0**LIFT, x)
        bits = self.builder.bitcast(lifted.value, INTS)
        biased = self.builder.sitofp(self.builder.lshr(bits, _ints(52)), DOUBLES)
        k = Vector(self, biased) - self.select(small, BIAS + LIFT, float(BIAS))
        fraction = self.builder.or_(self.builder.and_(bits, _ints(FRACTION)), _ints(BIAS << 52))
        m = Vector(self, self.builder.bitcast(fraction, DOUBLES))
        wide = m > ROOT_2
        return self.select(wide, k + 1.0, k), self.select(wide, m * 0.5, m)

    def _log_series(self, m: Vector) -> Vector:
        """Return log(m) for m within the root of 2 about 1, by the series of artanh."""
        f = m - 1.0
        s = f / (f + 2.0)
        z = s * s
        half = f * f * 0.5
        series = self.polynomial(z, *(2.0 / n for n in range(23, 1, -2)))
        return f - (half - s * (half + series * z))

    def _log_ends(self, x: Vector, value: Vector) -> Vector:
        value = self.select(x.compared("==", 0.0), -math.inf, value)
        value = self.select(x < 0.0, math.nan, value)
        value = self.select(x.compared("==", math.inf), x, value)
        return self.select(x.compared("!=", x), x, value)

    def pow(self, x: Vector, y: Vector) -> Vector:
        """Return x to the power of y; of x below 0 only to whole powers, as IEEE 754 has it."""
        size = self.called("fabs", x)
        value = self.exp(y * self.log(size))
        whole = self.called("floor", y).compared("==", y)
        odd = whole & self.called("floor", y * 0.5).compared("!=", y * 0.5)
        ends = size.compared("==", 0.0) | size.compared("==", math.inf)
        below = self.select(odd, -value, self.select(whole | ends, value, math.nan))
        bits = self.builder.bitcast(x.value, INTS)
        negative = Vector(self, self.builder.icmp_signed("<", bits, _ints(0)))
        value = self.select(negative & x.compared("==", x), below, value)
        endless = self.called("fabs", y).compared("==", math.inf)
        one = x.compared("==", 1.0) | (size.compared("==", 1.0) & endless)
        return self.select(one | y.compared("==", 0.0), 1.0, value)

    def floordiv(self, x: Vector, y: Vector) -> Vector:
        """Return how many whole y there are in x, by Python's sign."""
        return self._divided(x, y)[0]

    def mod(self, x: Vector, y: Vector) -> Vector:
        """Return what whole y leave of x, with the sign of y."""
        return self._divided(x, y)[1]

    def _divided(self, x: Vector, y: Vector) -> tuple[Vector, Vector]:
        """Return quotient and rest; a quotient that was rounded up to a whole number is put right.

        With an infinite y the rest of a number is itself, or y where the signs differ.
        """
        quotient = self.called("floor", x / y)
        rest = self.called("fma", -quotient, y, x)
        wrong = self.select(y > 0.0, self._one(rest < 0.0), self._one(rest > 0.0))
        quotient = quotient - wrong
        rest = self.called("fma", wrong, y, rest)
        endless = self.called("fabs", y).compared("==", math.inf)
        endless = endless & (self.called("fabs", x) < math.inf)
        lost = self.called("fabs", x).compared("==", math.inf) & y.compared("!=", 0.0)
        quotient = self.select(lost, math.nan, quotient)
        apart = (x * y) < 0.0
        rest = self.select(endless, self.select(apart, y, x), rest)
        return self.select(endless, self.select(apart, -1.0, 0.0), quotient), rest

    def _one(self, condition: Vector) -> Vector:
        return self.select(condition, 1.0, 0.0)

    def exponent(self, x: Vector) -> Vector:
        """Return the exponent of frexp: x is a fraction from a half to 1 times 2 to it."""
        size, lifted, small = self._lifted(x)
        bits = self.builder.bitcast(lifted.value, INTS)
        biased = self.builder.and_(self.builder.lshr(bits, _ints(52)), _ints(2047))
        found = Vector(self, self.builder.sitofp(biased, DOUBLES))
        value = found - self.select(small, BIAS - 1 + LIFT, BIAS - 1.0)
        return self.select((size > 0.0) & (size < math.inf), value, 0.0)

    def mantissa(self, x: Vector) -> Vector:
        """Return the fraction of frexp."""
        size, lifted, _ = self._lifted(x)
        bits = self.builder.bitcast(lifted.value, INTS)
        kept = self.builder.and_(bits, _ints(~(2047 << 52)))
        value = self.builder.bitcast(self.builder.or_(kept, _ints(1022 << 52)), DOUBLES)
        return self.select((size > 0.0) & (size < math.inf), Vector(self, value), x)

    def _lifted(self, x: Vector) -> tuple[Vector, Vector, Vector]:
        size = self.called("fabs", x)
        small = size < TINY
        return size, self.select(small, x * 2.0**LIFT, x), small


def _ints(value: int) -> Any:  # noqa: ANN401
    return ir.Constant(INTS, [value] * WIDTH)


def _is_number(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, float) and not math.isnan(value)
