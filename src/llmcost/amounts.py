"""Counts, shares and quantities with ranges, as a user may give each of them.

Text, a pint quantity, a bare number where no unit is needed, a pair or a triple of these, or a
`Distribution`. A range is a 90% interval: its ends are the 5th and the 95th percentile.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

from llmcost.errors import InputError, UnitError, shown
from llmcost.ranges import (
    BETA,
    FIXED,
    LOGNORMAL,
    PERT,
    TRIANGULAR,
    UNIFORM,
    Range,
    check_ends,
    check_order,
    read_range,
)
from llmcost.reading import Wanted, canonical_unit, read_count, read_quantity
from llmcost.sampling import Spread, Stated, spread_of
from llmcost.units import (
    SHARE,
    in_unit,
    is_number,
    is_quantity,
    named,
    refuse_foreign,
    registry,
    told,
    wanted,
)

MAX_COUNT = 1e19
MIN_VALUE = 1e-9
MIN_SHARE = 1e-5
COUNT = Wanted("a count above 0", "405B, 15T, 16k or 16,000")


@dataclass(frozen=True, slots=True)
class Distribution:
    """A range with its kind of distribution: `low` and `high` are the 5th and 95th percentile.

    Each end is text, a quantity or a number, as without a distribution. `middle` is the median of a
    lognormal, the mode of a triangular or PERT distribution; raises InputError beside others.

    >>> price = Distribution.triangular("2 USD/GPU/hour", "3 USD/GPU/hour", mode="2.2 USD/GPU/hour")
    >>> price.kind
    'triangular'
    """

    kind: str
    low: object
    high: object
    middle: object = None

    def __post_init__(self) -> None:
        check_ends(self.kind, len(self.ends), self)

    @property
    def ends(self) -> tuple[object, ...]:
        """The one, two or three numbers that were given."""
        if self.kind == FIXED:
            return (self.low,)
        return (self.low, self.high) if self.middle is None else (self.low, self.middle, self.high)

    @classmethod
    def lognormal(cls, low: object, high: object, median: object = None) -> Distribution:
        """Return a lognormal, or the logit-normal of a share."""
        return cls(LOGNORMAL, low, high, median)

    @classmethod
    def uniform(cls, low: object, high: object) -> Distribution:
        """Return a uniform distribution; it reaches 1/18 of its interval beyond either end."""
        return cls(UNIFORM, low, high)

    @classmethod
    def triangular(cls, low: object, high: object, mode: object = None) -> Distribution:
        """Return a triangular distribution, symmetric without a mode."""
        return cls(TRIANGULAR, low, high, mode)

    @classmethod
    def pert(cls, low: object, high: object, mode: object = None) -> Distribution:
        """Return a PERT distribution, symmetric without a mode."""
        return cls(PERT, low, high, mode)

    @classmethod
    def beta(cls, low: object, high: object) -> Distribution:
        """Return the beta distribution of a share."""
        return cls(BETA, low, high)

    @classmethod
    def fixed(cls, value: object) -> Distribution:
        """Return one value that is not drawn."""
        return cls(FIXED, value, value)


Ends = list[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a number may be: what a message calls it, its largest and smallest value.

    `zero` says that nothing at all is a value; draws lie above a `floor`.
    """

    kind: Wanted
    unit: str
    maximum: float = MAX_COUNT
    floor: float = 0.0
    zero: bool = False


def spread_from(
    value: object,
    unit: str,
    name: str,
    *,
    share: bool = False,
    maximum: float = MAX_COUNT,
    floor: float = 0.0,
    zero: bool = False,
) -> Spread:
    """Return the spread that a user gave: text, quantity, number (without unit), pair or triple.

    Two ends state the 5th and the 95th percentile of a lognormal, or of the `Distribution` that is
    named with them; a number between them is its median (lognormal) or mode. Every draw is above
    `floor`; `zero` allows nothing at all. Raises InputError or UnitError that names the input.
    """
    bounds = Bounds(SHARE if share else wanted(unit), unit, maximum, floor, zero)
    kind, read = _ends(value, unit, name, bounds.kind)
    ends = [_checked(end, name, bounds, got) for end, got in read]
    try:
        check_order(ends, value)
        middle = ends[1] if len(ends) == 3 else None
        return spread_of(Stated(kind, ends[0], ends[-1], middle), share=share, floor=floor)
    except InputError as error:
        raise named(name, error) from None


def unit_of(value: object, kind: Wanted) -> str:
    """Return the canonical unit of what a user gave for a quantity, empty where it has none.

    Raises InputError or UnitError for text that cannot be read.
    """
    if isinstance(value, tuple | list) and value:
        return unit_of(value[-1], kind)
    if isinstance(value, Distribution):
        return unit_of(value.ends[-1], kind)
    if is_quantity(value):
        return str(value.units)  # type: ignore[attr-defined]
    if not isinstance(value, str):
        return ""
    found = read_range(value, kind)
    return found.unit if found else read_quantity(value, kind)[1]


def count_from(
    value: object, name: str, nouns: tuple[str, ...], maximum: float = MAX_COUNT
) -> float:
    """Return a positive count that a user gave as text, number or quantity.

    Raises InputError that names the input.
    """
    if isinstance(value, str):
        try:
            number = read_count(value, nouns, COUNT)
        except InputError as error:
            raise named(name, error) from None
    elif is_quantity(value):
        number = _bare_count(value, name, nouns)
    elif is_number(value):
        number = _as_float(value, name)
    else:
        raise InputError(f"{name}: got {shown(value)}; needs {COUNT}.")
    got = shown(value) if isinstance(value, str) else _figure(number)
    if 0 < number < 1:
        raise InputError(f"{name}: got {got}; needs a count of at least 1.")
    return _checked(number, name, Bounds(COUNT, "", maximum), got)


def whole(number: float, name: str) -> int:
    """Return a count as a whole number; raises InputError for a fraction."""
    if not float(number).is_integer():
        raise InputError(f"{name}: got {_figure(number)}; needs a whole number.")
    return int(number)


def near_power_of_two(value: float) -> int | None:
    """Return the power of two that a round decimal length probably stands for, or `None`.

    It is at most 3% above a multiple of 1,000, or 5% above a multiple of 1,000,000.

    >>> near_power_of_two(8000), near_power_of_two(128_000), near_power_of_two(8192)
    (8192, 131072, None)
    """
    if not 1000 <= value <= MAX_COUNT or value % 1000:
        return None
    power = 1 << (int(value) - 1).bit_length()
    slack = 1.05 if value % 1_000_000 == 0 else 1.03
    return power if value < power <= value * slack else None


def _bare_count(value: Any, name: str, nouns: tuple[str, ...]) -> float:  # noqa: ANN401
    refuse_foreign(value, name)
    unit = {"tokens": "token", "gpus": "GPU"}.get(nouns[0] if nouns else "", "")
    if unit and value.dimensionless:
        unit = ""
    return float(in_unit(value, unit, name) if unit else _dimensionless(value, name))


def _dimensionless(value: Any, name: str, kind: Wanted = COUNT) -> float:  # noqa: ANN401
    refuse_foreign(value, name)
    if not value.dimensionless:
        raise UnitError(f"{name}: got {told(value)}; needs {kind}.")
    return _as_float(value.to("").magnitude, name)


def _ends(value: object, unit: str, name: str, kind: Wanted) -> tuple[str, Ends]:
    """Return the kind of distribution, each end in `unit`, and how a message shows it."""
    if isinstance(value, Distribution):
        return value.kind, [_one_end(end, unit, name, kind) for end in value.ends]
    if isinstance(value, tuple | list):
        if len(value) not in (2, 3):
            raise InputError(
                f"{name}: got {shown(value)}; needs (low, high) or (low, median, high)."
            )
        return LOGNORMAL, [_one_end(end, unit, name, kind) for end in value]
    if isinstance(value, str):
        return _ends_of_text(value, unit, name, kind)
    return FIXED, [_one_end(value, unit, name, kind)]


def _ends_of_text(text: str, unit: str, name: str, kind: Wanted) -> tuple[str, Ends]:
    try:
        found = read_range(text, kind) or Range(FIXED, (read_quantity(text, kind),))
        ends = [(_converted(end, unit, name, text), shown(text)) for end in found.ends]
    except UnitError as error:
        if kind is SHARE:
            raise UnitError(f"{name}: got {shown(text)}; needs {kind}.") from None
        raise named(name, error) from None
    except InputError as error:
        raise named(name, error) from None
    return found.kind, ends


def _one_end(value: object, unit: str, name: str, kind: Wanted) -> tuple[float, str]:
    if isinstance(value, str):
        return _one_number(*_ends_of_text(value, unit, name, kind), name, value)
    if not is_quantity(value) and not is_number(value):
        raise InputError(f"{name}: got {shown(value)}; needs {kind}.")
    if not unit and is_quantity(value):
        return _dimensionless(value, name, kind), told(value)
    number = _as_float(in_unit(value, unit, name), name)
    return number, told(value) if is_quantity(value) else _figure(number)


def _as_float(value: Any, name: str) -> float:  # noqa: ANN401
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError):
        raise InputError(f"{name}: got {shown(value)}; needs one finite number.") from None


def _converted(pair: tuple[float, str], unit: str, name: str, text: str) -> float:
    value, own = pair
    if not unit and own in ("", "percent"):
        return value / 100 if own else value
    if own and own == canonical_unit(unit):
        return value
    return float(in_unit(registry().Quantity(value, own), unit, name, shown(text)))


def _one_number(kind: str, ends: Ends, name: str, text: str) -> tuple[float, str]:
    if kind != FIXED:
        raise InputError(f"{name}: got {shown(text)}; needs one number at each end.")
    return ends[0]


def _checked(value: float, name: str, bounds: Bounds, got: str) -> float:
    """Return a number within its bounds, or raise InputError that says which it breaks."""
    kind, in_units = bounds.kind, f" {bounds.unit}" if bounds.unit else ""
    if bounds.zero and value == 0:
        return value
    if not isfinite(value) or value <= 0:
        above = "" if "above 0" in kind.what else " of 0 or more" if bounds.zero else " above 0"
        raise InputError(f"{name}: got {got}; needs {kind.what}{above}, such as {kind.example}.")
    if kind is SHARE and value > 1:
        percent = "" if "%" in got else f", which is {_figure(value * 100)}%"
        raise InputError(
            f"{name}: got {got}{percent}; needs a share of at most 100%, such as 41% or 0.41."
        )
    minimum = bounds.floor or (MIN_SHARE if kind is SHARE else MIN_VALUE)
    if value < minimum:
        raise InputError(f"{name}: got {got}; needs at least {minimum:g}{in_units}.")
    if value > bounds.maximum:
        raise InputError(f"{name}: got {got}; needs at most {_figure(bounds.maximum)}{in_units}.")
    return value


def _figure(number: float) -> str:
    """Return a number in as many digits as it has, without the plus sign of an exponent."""
    return f"{number:,.15g}".replace("e+0", "e").replace("e+", "e")
