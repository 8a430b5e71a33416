"""Functions of one number for compiled kernels, without a branch: several rows go at once.

A library's functions are called for one number at a time, and keep a compiler from doing rows
together. These are series about zero after an exact reduction of the argument; they are within a
few units in the last place, and do with infinities and NaN what NumPy's do.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

nan, inf = math.nan, math.inf
LN_2 = math.log(2.0)
# The front 32 bits of ln 2, so that whole multiples are exact, and what they leave.
LN_2_FRONT = 0.693147180369123816490
LN_2_REST = 1.90821492927058770002e-10
INVERSE_LN_2 = 1.0 / LN_2
ONE_BITS = 1023 << 52
FRACTION = (1 << 52) - 1
SCALE = 2.0**54
TINY = 2.0**-1022
ROOT_HALF = math.sqrt(0.5)


@intrinsic
def bits_of(typing: Any, value: Any) -> Any:
    """Return the bits of a double as a whole number."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.IntType(64))

    return types.int64(types.float64), generate


@intrinsic
def double_of(typing: Any, bits: Any) -> Any:
    """Return the double that has these bits."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.bitcast(args[0], ir.DoubleType())

    return types.float64(types.int64), generate


inlined = njit(nogil=True, error_model="numpy", forceinline=True)


@inlined
def power_of_two(whole):
    """Return 2 to a whole number from -1022 to 1023, which comes as a double."""
    return double_of((int(whole) + 1023) << 52)


@inlined
def exp_series(r):
    """Return (exp(r) - 1 - r) / r**2 for r within half of ln 2."""
    t = 1.0 / 87178291200.0
    t = t * r + 1.0 / 6227020800.0
    t = t * r + 1.0 / 479001600.0
    t = t * r + 1.0 / 39916800.0
    t = t * r + 1.0 / 3628800.0
    t = t * r + 1.0 / 362880.0
    t = t * r + 1.0 / 40320.0
    t = t * r + 1.0 / 5040.0
    t = t * r + 1.0 / 720.0
    t = t * r + 1.0 / 120.0
    t = t * r + 1.0 / 24.0
    t = t * r + 1.0 / 6.0
    return t * r + 0.5


@inlined
def exp(x):
    """Return e to the power of x."""
    low = x if x > -745.2 else -745.2
    bounded = low if low < 709.79 else 709.79
    k = math.floor(bounded * INVERSE_LN_2 + 0.5) * 1.0
    r = (bounded - k * LN_2_FRONT) - k * LN_2_REST
    half = math.floor(0.5 * k) * 1.0
    value = (1.0 + (r + r * r * exp_series(r))) * power_of_two(half) * power_of_two(k - half)
    value = inf if x > 709.782712893384 else value
    value = 0.0 if x < -745.1332191019412 else value
    return value if x == x else x


@inlined
def expm1(x):
    """Return e to the power of x, less 1."""
    low = x if x > -60.0 else -60.0
    bounded = low if low < 709.79 else 709.79
    k = math.floor(bounded * INVERSE_LN_2 + 0.5) * 1.0
    r = (bounded - k * LN_2_FRONT) - k * LN_2_REST
    part = r + r * r * exp_series(r)
    half = math.floor(0.5 * k) * 1.0
    first = power_of_two(half)
    second = power_of_two(k - half)
    value = (part * first) * second + (first * second - 1.0)
    large = ((1.0 + part) * first) * second
    value = large if k > 60.0 else value
    value = x if k == 0.0 and abs(x) < 1e-300 else value
    value = inf if x > 709.782712893384 else value
    return value if x == x else x


@inlined
def log_parts(x):
    """Return k and m with x = m 2**k and m within the root of 2 about 1, for x > 0 and finite."""
    small = x < TINY
    scaled = x * SCALE if small else x
    bits = bits_of(scaled)
    k = (bits >> 52) - 1023.0 - (54.0 if small else 0.0)
    m = double_of((bits & FRACTION) | ONE_BITS)
    wide = m > 1.4142135623730951
    return (k + 1.0 if wide else k), (0.5 * m if wide else m)


@inlined
def log_series(m):
    """Return log(m) for m within the root of 2 about 1."""
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    t = 2.0 / 23.0
    t = t * z + 2.0 / 21.0
    t = t * z + 2.0 / 19.0
    t = t * z + 2.0 / 17.0
    t = t * z + 2.0 / 15.0
    t = t * z + 2.0 / 13.0
    t = t * z + 2.0 / 11.0
    t = t * z + 2.0 / 9.0
    t = t * z + 2.0 / 7.0
    t = t * z + 2.0 / 5.0
    t = t * z + 2.0 / 3.0
    half = 0.5 * f * f
    return f - (half - s * (half + t * z))


@inlined
def at_ends(x, value):
    """Return a logarithm with its values at and beyond the ends of its range."""
    value = -inf if x == 0.0 else value
    value = nan if x < 0.0 else value
    value = x if x == inf else value
    return value if x == x else x


@inlined
def log(x):
    """Return the natural logarithm of x."""
    k, m = log_parts(x)
    return at_ends(x, k * LN_2_FRONT + (log_series(m) + k * LN_2_REST))


@inlined
def log2(x):
    """Return the logarithm of x to base 2."""
    k, m = log_parts(x)
    return at_ends(x, k + log_series(m) * INVERSE_LN_2)


@inlined
def log1p(x):
    """Return the natural logarithm of 1 + x."""
    u = 1.0 + x
    lost = (x - (u - 1.0)) / u
    value = log(u)
    usual = u > 0.0 and u < inf
    value = value + lost if usual else value
    return x if u == 1.0 else value


@inlined
def pow(x, y):  # noqa: A001
    """Return x to the power of y."""
    return x**y


@inlined
def exponent(x):
    """Return the exponent of x as of frexp: x is at least a half and below 1, times 2 to it."""
    size = abs(x)
    small = size < TINY
    scaled = x * SCALE if small else x
    biased = (bits_of(scaled) >> 52) & 2047
    value = biased - 1022.0 - (54.0 if small else 0.0)
    return value if (size > 0.0) & (size < inf) else 0.0


@inlined
def mantissa(x):
    """Return x without its power of two as of frexp, from a half to below 1."""
    size = abs(x)
    scaled = x * SCALE if size < TINY else x
    value = double_of((bits_of(scaled) & ~(2047 << 52)) | (1022 << 52))
    return value if (size > 0.0) & (size < inf) else x


@inlined
def mod(x, y):
    """Return what is left of x after whole y, with the sign of y."""
    return x % y


@inlined
def floordiv(x, y):
    """Return how many whole y there are in x, as NumPy counts them."""
    return x // y
