"""Numbers as people read them: two or three digits, a scale, a unit.

Files and other programs get the full number; only people get these texts. At most three digits
are kept (``1,870`` for 1,868), with three exceptions: parameters keep four (``405.9B``), GPUs and
nodes are counted one by one (``16,384 GPUs``), and the ends of a range get as many as it takes to
tell them apart. Money has cents below $10 (``$9.01``), one decimal below $100 (``$32.1``).

Rounding is half up on the decimal digits a person would see (the shortest text that gives the same
float back), and a number that rounding carries over a border moves to the next scale: 999,950 is
``1.00M``. Zeros after the point say that digits were rounded away: an exact million is ``1M``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import cache
from math import isfinite

from llmcost.errors import InputError

EM_DASH = "—"
EN_DASH = "–"
EXACT = "exact"
CONTEXT = Context(prec=40, rounding=ROUND_HALF_UP)
NOISE = Context(prec=12, rounding=ROUND_HALF_UP)
SMALL = Decimal("1e-4")
LEAST_ON_SCALE = Decimal("0.01")
FIVE_DIGITS = 10_000
MOST_EXTRA_DIGITS = 3

Rule = Callable[[Decimal, int], int]


@dataclass(frozen=True, slots=True)
class Scale:
    """A step: what one of it is worth, its sign, the value it starts at, how it is rounded.

    `rule` returns the decimal places of a number on this scale, with so many extra digits; below
    zero they are places before the point.
    """

    factor: Decimal
    label: str
    start: Decimal
    rule: Rule


@dataclass(frozen=True, slots=True)
class Family:
    """How one kind of quantity is written.

    `joined` scales stand right after the number (``31.7M``), the others before the unit
    (``11.3 GWh``). From `scientific_from` on, the number reads ``3.94e25`` in the unit itself.
    """

    scales: tuple[Scale, ...]
    before: str = ""
    after: str = ""
    one: str = ""
    joined: bool = True
    scientific_from: Decimal = Decimal("1e15")

    @property
    def base(self) -> Scale:
        """The scale of the unit itself."""
        return next((scale for scale in self.scales if scale.factor == 1), self.scales[0])


def significant(value: float | None, digits: int = 3) -> str:
    """Return a bare number with `digits` significant digits.

    >>> significant(31.6949), significant(999.95), significant(1234.5), significant(0.5)
    ('31.7', '1,000', '1,230', '0.5')
    """
    if value is None:
        return EM_DASH
    return "".join(_parts(_decimal(value), Family(_steps(_digits(digits), ("1", "", "0")))))


def quantity_text(value: float | None, unit: str = "") -> str:
    """Return `value` [unit] on a readable scale, with its unit; an em dash for `None`.

    Shares (unit ``share``) read as percent, FLOP in scientific notation, durations in the largest
    unit of which there are two or more. Raises InputError for a number that is not finite.

    >>> quantity_text(3.94e25, "FLOP"), quantity_text(84_213_456, "USD")
    ('3.94e25 FLOP', '$84.2M')
    """
    if value is None:
        return EM_DASH
    family, factor = _family(unit)
    return "".join(_parts(CONTEXT.multiply(_decimal(value), factor), family))


def range_text(
    low: float | None, high: float | None, unit: str = "", *, like: float | None = None
) -> str:
    """Return the range from `low` to `high` [unit], on one scale where both ends read well on it.

    That is the scale of `like`, the estimate that the range stands beside, unless an end would
    have five digits there or vanish. Equal ends are ``exact``; an end that is missing leaves a
    bound. Raises InputError when the ends are not finite or the wrong way round.

    >>> range_text(60_960_000, 128_100_000, "USD"), range_text(2, 2, "USD")
    ('$61.0M – $128M', 'exact')
    >>> range_text(504_000, 1_440_000, "GPU*hour", like=673_000)
    '504K – 1,440K GPU-hours'
    """
    if low is None or high is None:
        return _bound(low, high, unit)
    family, factor = _family(unit)
    first, last = (CONTEXT.multiply(_decimal(end), factor) for end in (low, high))
    if low > high:
        raise InputError(f"A range runs from {low!r} to {high!r}; give the lower end first.")
    middle = None if like is None else CONTEXT.multiply(_decimal(like), factor)
    return EXACT if low == high else _span(first, last, family, middle)


def _bound(low: float | None, high: float | None, unit: str) -> str:
    if low is not None:
        return f"≥ {quantity_text(low, unit)}"
    return EM_DASH if high is None else f"≤ {quantity_text(high, unit)}"


def _span(low: Decimal, high: Decimal, family: Family, like: Decimal | None) -> str:
    """Return both ends, with as many digits as it takes to tell them apart."""
    scale = _shared_scale(low, high, family, like)
    for extra in range(MOST_EXTRA_DIGITS + 1):
        first, first_tail = _parts(low, family, scale, extra)
        last, last_tail = _parts(high, family, scale, extra)
        if (first, first_tail) != (last, last_tail):
            break
    if first_tail == last_tail or family.joined:
        first_tail = ""
    return f"{first}{first_tail} {EN_DASH} {last}{last_tail}"


def _shared_scale(
    low: Decimal, high: Decimal, family: Family, like: Decimal | None
) -> Scale | None:
    small, large = sorted((abs(low), abs(high)))
    if _is_scientific(large, family) or _is_scientific(small, family):
        return None
    if like and not _is_scientific(like, family):
        scale = _scale(abs(like), family, 0)
        fits = _number(large, scale, 0)[0] < FIVE_DIGITS * scale.factor
        if fits and (small == 0 or small >= LEAST_ON_SCALE * scale.factor):
            return scale
    scale = _scale(large, family, 0)
    return scale if small == 0 or small * 10 >= scale.factor else None


def _decimal(value: float) -> Decimal:
    """Return a number without the noise behind the twelfth digit; whole numbers as they are."""
    try:
        number = float(value)
    except OverflowError:
        number = float("inf")
    if not isfinite(number):
        raise InputError(
            f"{number!r} cannot be written as a quantity; a number must be finite, "
            "and a missing one is None."
        )
    if number.is_integer() and abs(number) < 1e15:
        return Decimal(int(number))
    return NOISE.create_decimal(repr(number))


def _parts(
    value: Decimal, family: Family, scale: Scale | None = None, extra: int = 0
) -> tuple[str, str]:
    """Return the number with its sign, currency and joined scale, and the unit behind it."""
    if _is_scientific(value, family):
        scale = family.base
        number = _scientific(CONTEXT.divide(abs(value), scale.factor), extra)
    else:
        if scale is None or (family.joined and value == 0):
            scale = _scale(abs(value), family, extra)
        number = _number(abs(value), scale, extra)[1]
    joined, loose = (scale.label, "") if family.joined else ("", f" {scale.label}")
    after = family.one if family.one and f"{number}{joined}" == "1" else family.after
    return f"{'-' if value < 0 else ''}{family.before}{number}{joined}", f"{loose}{after}"


def _is_scientific(value: Decimal, family: Family) -> bool:
    size = abs(value)
    if size == 0:
        return False
    if CONTEXT.divide(size, family.scales[0].factor) < SMALL or size >= family.scientific_from:
        return True
    rounded = _number(size, _scale(size, family, 0), 0)[0]
    return rounded >= family.scientific_from


def _scale(size: Decimal, family: Family, extra: int) -> Scale:
    """Return the scale on which `size`, once rounded, has not yet reached the next one."""
    for scale, following in zip(family.scales, family.scales[1:], strict=False):
        if _number(size, scale, extra)[0] < following.start:
            return scale
    return family.scales[-1]


def _number(size: Decimal, scale: Scale, extra: int) -> tuple[Decimal, str]:
    """Return `size` rounded as `scale` has it, and the digits of the number on that scale."""
    exact = CONTEXT.divide(size, scale.factor)
    places = scale.rule(_at_places(exact, scale.rule(exact, extra)), extra)
    rounded = _at_places(exact, places)
    text = f"{rounded:,f}"
    if rounded == exact and "." in text:
        text = text.rstrip("0").rstrip(".")
    if scale.rule is _cents and places > 1:
        text = _with_cents(text)
    return CONTEXT.multiply(rounded, scale.factor), text


def _at_places(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), context=CONTEXT)


def _with_cents(text: str) -> str:
    whole, _, decimals = text.partition(".")
    return f"{whole}.{decimals:0<2}"


def _scientific(size: Decimal, extra: int) -> str:
    exponent = size.adjusted()
    mantissa = size.scaleb(-exponent, context=CONTEXT)
    if _at_places(mantissa, 2 + extra) >= 10:
        exponent, mantissa = exponent + 1, mantissa.scaleb(-1, context=CONTEXT)
    one = Scale(Decimal(1), "", Decimal(0), _three)
    return f"{_number(mantissa, one, extra)[1]}e{exponent}"


def _digits(digits: int) -> Rule:
    def places(value: Decimal, extra: int) -> int:
        return digits + extra - 1 - value.adjusted() if value else 0

    return places


_two, _three, _four = _digits(2), _digits(3), _digits(4)


def _one_by_one(value: Decimal, extra: int) -> int:
    """Things that are counted: three digits, and never fewer than the whole part."""
    return max(0, _three(value, extra))


def _cents(value: Decimal, extra: int) -> int:
    """Money: three digits, and at least cents below a dollar."""
    places = _three(value, extra)
    return max(2, places) if 0 < value < 1 else places


def _tenths(value: Decimal, extra: int) -> int:
    """Durations: one decimal below a hundred, two digits below one."""
    return _two(value, extra) if value < 10 else _three(value, extra)


def _steps(rule: Rule, *steps: tuple[str, str, str]) -> tuple[Scale, ...]:
    return tuple(Scale(Decimal(f), label, Decimal(start), rule) for f, label, start in steps)


def _prefixed(base: str, prefixes: str, power: str = "1e3") -> Family:
    """Return the family of a unit with prefixes, the next prefix at every further `power`."""
    marks = prefixes.split()
    factors = [str(int(Decimal(power)) ** i) for i in range(len(marks) + 1)]
    steps = [(f, f"{mark}{base}", f) for f, mark in zip(factors, ["", *marks], strict=True)]
    limit = Decimal(factors[-1]) * 1000
    return Family(_steps(_three, *steps), joined=False, scientific_from=limit)


_ONE = ("1", "", "0")
_LETTERS = (
    *(("1e3", "K", "1e4"), ("1e6", "M", "1e6")),
    *(("1e9", "B", "1e9"), ("1e12", "T", "1e12")),
)
_PLAIN = Family(_steps(_three, _ONE), scientific_from=Decimal("1e6"))
_COUNT = Family(_steps(_three, _ONE, *_LETTERS))
_PARAMETERS = Family(_steps(_four, _ONE, *_LETTERS))
_WHOLE = Family(_steps(_one_by_one, _ONE), scientific_from=Decimal("1e12"))
_MONEY = Family(_steps(_cents, _ONE) + _steps(_three, *_LETTERS), before="$")
_SHARE = Family(_steps(_three, ("0.01", "%", "0")), scientific_from=Decimal("1e6"))
_DURATION = Family(
    _steps(
        _tenths,
        ("1e-6", "µs", "0"),
        ("1e-3", "ms", "1e-3"),
        ("1", "s", "1"),
        ("60", "minutes", "120"),
        ("3600", "hours", "7200"),
        ("86400", "days", "172800"),
        ("31557600", "years", "63115200"),
    ),
    joined=False,
    scientific_from=Decimal("1e15"),
)
_CARBON = Family(
    _steps(
        _three,
        ("1", "gCO2e", "0"),
        ("1e3", "kgCO2e", "1e3"),
        ("1e6", "tCO2e", "1e6"),
        ("1e9", "ktCO2e", "1e10"),
        ("1e12", "MtCO2e", "1e12"),
    ),
    joined=False,
    scientific_from=Decimal("1e18"),
)

_DECIMAL_PREFIXES = {"": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_SI = {base: _prefixed(base, "k M G T P E") for base in "B bit W Wh J L FLOP/s".split()}
_BINARY = _prefixed("B", "Ki Mi Gi Ti Pi", "1024")
_PREFIXED_UNIT = re.compile(r"(|[kMGTPE])(B|bit|W|Wh|J|L|FLOP/s)(/.*|)")
_BINARY_UNIT = re.compile(r"([KMGTP]i)B(/.*|)")

_WORDS = {
    **dict.fromkeys(("byte", "bytes"), "B"),
    **dict.fromkeys(("second", "seconds"), "s"),
    **dict.fromkeys(("litre", "litres"), "L"),
    **dict.fromkeys(("hours", "h"), "hour"),
    **dict.fromkeys(("days", "d"), "day"),
    **dict.fromkeys(("minutes", "min"), "minute"),
    "years": "year",
    "percent": "%",
    "tokens": "token",
    "GPUs": "GPU",
    "parameters": "parameter",
    "count": "parameter",
    "int": "whole",
    "fraction": "share",
    "GPU-hour": "GPU*hour",
    "GPU-hours": "GPU*hour",
    "hour*GPU": "GPU*hour",
}
_SCALED: dict[str, tuple[Family, str]] = {
    "": (_COUNT, "1"),
    "parameter": (_PARAMETERS, "1"),
    "whole": (_WHOLE, "1"),
    "share": (_SHARE, "1"),
    "%": (_SHARE, "0.01"),
    "ms": (_DURATION, "1e-3"),
    "s": (_DURATION, "1"),
    "minute": (_DURATION, "60"),
    "hour": (_DURATION, "3600"),
    "day": (_DURATION, "86400"),
    "week": (_DURATION, "604800"),
    "month": (_DURATION, "2629800"),
    "year": (_DURATION, "31557600"),
}
_NAMED = {
    "token": replace(_COUNT, after=" tokens", one=" token"),
    "GPU": replace(_WHOLE, after=" GPUs", one=" GPU"),
    "node": replace(_WHOLE, after=" nodes", one=" node"),
    "GPU*hour": replace(_COUNT, after=" GPU-hours", one=" GPU-hour"),
    "person": replace(_COUNT, after=" people", one=" person"),
    "USD": _MONEY,
    "1": _PLAIN,
    "FLOP": replace(_PLAIN, after=" FLOP"),
}
_CARBON_UNITS = {"gCO2e": "1", "kgCO2e": "1e3", "tCO2e": "1e6", "ktCO2e": "1e9", "MtCO2e": "1e12"}

_TAILS = {
    "/GPU/hour": "/GPU-hour",
    "/hour/GPU": "/GPU-hour",
    "/(GPU*hour)": "/GPU-hour",
    "/GPU*hour": "/GPU-hour",
    "/second": "/s",
    "/megatoken": " per million tokens",
}


@cache
def _family(unit: str) -> tuple[Family, Decimal]:
    """Return how a unit is written, and its worth in the unit that the family counts in."""
    words = re.sub(r"[A-Za-z*%-]+", lambda word: _WORDS.get(word[0], word[0]), unit.strip())
    if words in _SCALED:
        family, factor = _SCALED[words]
        return family, Decimal(factor)
    if match := _PREFIXED_UNIT.fullmatch(words):
        family = _tailed(_SI[match[2]], match[3])
        return family, Decimal(10) ** _DECIMAL_PREFIXES[match[1]]
    if match := _BINARY_UNIT.fullmatch(words):
        return _tailed(_BINARY, match[2]), Decimal(1024) ** ("KMGTP".index(match[1][0]) + 1)
    head, slash, rest = words.partition("/")
    if head in _CARBON_UNITS:
        return _tailed(_CARBON, slash + rest), Decimal(_CARBON_UNITS[head])
    family = _NAMED.get(head, replace(_PLAIN, after=f" {head}" if head else ""))
    return _tailed(family, slash + rest), Decimal(1)


def _tailed(family: Family, tail: str) -> Family:
    """Return the family of a rate: the same, with what it is per behind it."""
    for spelling, words in _TAILS.items():
        tail = tail.replace(spelling, words)
    one = f"{family.one}{tail}" if family.one else ""
    return replace(family, after=f"{family.after}{tail}", one=one)
