"""Quantities as people write them, and the one door between units and floats.

Text is read by a small grammar of our own (:mod:`llmcost.reading`), because a general units
library reads ``15T`` as fifteen tesla; pint is handed canonical unit names only, in a private
registry where bytes, tokens, GPUs and dollars are dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from fractions import Fraction
from functools import cache, update_wrapper
from inspect import signature
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from llmcost.errors import InputError, UnitError, shown
from llmcost.reading import Wanted, canonical_unit, read_quantity

if TYPE_CHECKING:
    from pint import UnitRegistry

P = ParamSpec("P")
R = TypeVar("R")

DEFINITIONS = Path(__file__).with_name("units.txt")
SHARE = Wanted("a share", "41%, 0.41 or 35..45%")
_WANTED = {
    "": Wanted("a plain number", "0.41"),
    "token": Wanted("a number of tokens", "15T tokens"),
    "GPU": Wanted("a number of GPUs", "16,000 GPUs"),
    "USD": Wanted("an amount in USD", "$100M", money=True),
    "USD/hour": Wanted("a price in USD", "20 USD/hour", money=True),
    "USD/GPU/hour": Wanted("a price in USD", "2.50 USD/GPU/hour", money=True),
    "USD/GPU": Wanted("a price in USD", "35,000 USD/GPU", money=True),
    "USD/kWh": Wanted("a price in USD", "0.08 USD/kWh", money=True),
    "USD/person/year": Wanted("a salary in USD", "200,000 USD/person/year", money=True),
    "person": Wanted("a number of people", "60 people"),
    "1/GPU/hour": Wanted("a rate of failures", "2e-5 /GPU/hour", inverse=True),
    "FLOP/s/GPU": Wanted("a rate", "430 TFLOP/s/GPU"),
    "token/s/GPU": Wanted("a rate", "9,500 token/s/GPU"),
}


@cache
def registry() -> UnitRegistry[Any]:
    """Return llmcost's own pint registry (built once a process)."""
    import pint

    return pint.UnitRegistry(str(DEFINITIONS), non_int_type=float)


def Q(value: Any, unit: str | None = None) -> Any:  # noqa: ANN401, N802
    """Return a pint quantity from text, or from a number and a unit as people write it.

    Raises InputError for text that is not a number with a unit, UnitError for an unknown unit.

    >>> print(Q("30.84M GPU-hours"))
    30840000.0 GPU * hour
    >>> print(Q(2.5, "USD/GPU/hour"))
    2.5 USD / GPU / hour
    """
    if isinstance(value, str):
        magnitude, own_unit = read_quantity(value)
        quantity = registry().Quantity(magnitude, own_unit)
        return quantity if unit is None else _converted(quantity, canonical_unit(unit), "quantity")
    if is_quantity(value):
        return value if unit is None else _converted(value, canonical_unit(unit), "quantity")
    if unit is None:
        raise UnitError(
            f"Got the bare number {shown(value)}; needs a unit, such as Q({shown(value)}, 'token')."
        )
    if isinstance(value, bool):
        raise InputError(f"Got {value}; needs a number.")
    plain = float(value) if isinstance(value, Decimal | Fraction) else value
    return registry().Quantity(plain, canonical_unit(unit))


def is_number(value: object) -> bool:
    """Return whether `value` is one real number of any type, but not True or False."""
    return isinstance(value, Real | Decimal) and not isinstance(value, bool)


def wanted(unit: str) -> Wanted:
    """Return what a quantity in `unit` is called in a message, with an example."""
    return _WANTED.get(unit) or Wanted(f"a quantity in {unit}", f"3 {unit}")


def told(quantity: Any) -> str:  # noqa: ANN401
    """Return a quantity as a person would write it.

    >>> told(Q("15T tokens")), told(Q("$2.50/GPU-h"))
    ('1.5e13 token', '2.5 USD/GPU/hour')
    """
    unit = str(quantity.units).replace(" ", "").replace("**", "^").replace("dimensionless", "")
    try:
        number = f"{quantity.magnitude:.12g}".replace("e+0", "e").replace("e+", "e")
    except (TypeError, ValueError):
        number = "an array in"
    return f"{number} {unit}".strip()


def is_quantity(value: object) -> bool:
    """Return whether `value` is a pint quantity, of any registry."""
    return hasattr(value, "magnitude") and hasattr(value, "units") and hasattr(value, "to")


def in_unit(value: object, unit: str, name: str, got: str = "") -> Any:  # noqa: ANN401
    """Return `value`, a quantity or text, as a float (or array) in `unit`.

    `name` is what the message calls the value, `got` how it was written. Raises
    UnitError for a wrong dimension, and for a bare number wherever a unit is declared.
    """
    if isinstance(value, str):
        value, got = _read_for(value, unit, name), shown(value)
    if not is_quantity(value):
        if unit in ("", "dimensionless"):
            return value
        raise UnitError(
            f"{name}: got the bare number {shown(value)}; needs a quantity in {unit}, "
            f"such as Q({shown(value)}, {unit!r})."
        )
    return _converted(value, unit, name, got).magnitude


def dimension_gap(given: str, needed: str) -> str:
    """Return in words what unit `given` lacks or has too much of, compared with `needed`."""
    own, target = _powers(given), _powers(needed)
    gaps = {name: target.get(name, 0) - own.get(name, 0) for name in {**target, **own}}
    told_gaps = sorted(
        (gap > 0, _noun(name, needed), name in target) for name, gap in gaps.items() if gap
    )
    return "; ".join(_told_gap(*each) for each in told_gaps)


def _noun(dimension: str, needed: str) -> str:
    """Return the word for a dimension, in the unit of time that is needed."""
    if dimension == "[time]" and "year" in needed:
        return "year"
    return _NOUNS.get(dimension, dimension)


def _told_gap(lacks: bool, noun: str, belongs: bool) -> str:
    if not belongs:
        return f"'{'per ' if lacks else ''}{noun}' does not belong"
    return f"a factor of {noun} is missing" if lacks else f"'per {noun}' is missing"


def _powers(unit: str) -> dict[str, float]:
    powers: Any = registry().Unit(canonical_unit(unit)).dimensionality
    return dict(powers)


def unit_checked(returns: str, /, **declared: str) -> Callable[[Callable[P, R]], UnitChecked[P, R]]:
    """Declare one unit for each parameter of a keyword-only formula, and one for its result.

    The decorated formula takes and returns quantities; its bare body, on floats or arrays in the
    declared units, stays reachable as ``.kernel``. Raises UnitError that names the function and
    the argument.
    """

    def decorate(kernel: Callable[P, R]) -> UnitChecked[P, R]:
        return UnitChecked(kernel, returns, declared)

    return decorate


class UnitChecked(Generic[P, R]):
    """A formula with a unit-checked face and a bare kernel."""

    def __init__(self, kernel: Callable[P, R], returns: str, declared: Mapping[str, str]) -> None:
        parameters = set(signature(kernel).parameters)
        if parameters != set(declared):
            raise TypeError(f"{kernel.__name__}: declares units for {sorted(declared)} only")
        self.kernel = kernel
        self.returns = returns
        self.units = dict(declared)
        update_wrapper(self, kernel)

    def __call__(self, **given: Any) -> Any:  # noqa: ANN401
        """Return the result as a quantity, from quantities."""
        unknown = sorted(set(given) - set(self.units))
        missing = sorted(set(self.units) - set(given))
        if unknown or missing:
            raise InputError(
                f"{self.kernel.__name__}() got {unknown or 'nothing more'} and lacks "
                f"{missing or 'nothing'}; needs {', '.join(self.units)}."
            )
        bare = {
            name: in_unit(given[name], unit, f"{self.kernel.__name__}({name}=)")
            for name, unit in self.units.items()
        }
        result: Any = self.kernel(**bare)  # type: ignore[call-arg]
        return registry().Quantity(result, canonical_unit(self.returns))


def _converted(quantity: Any, unit: str, name: str, got: str = "") -> Any:  # noqa: ANN401
    from pint import DimensionalityError, UndefinedUnitError

    refuse_foreign(quantity, name)
    try:
        return quantity.to(canonical_unit(unit))
    except (DimensionalityError, UndefinedUnitError, ValueError):
        needed = _needed(str(quantity.units), unit)
        raise UnitError(f"{name}: got {got or told(quantity)}; needs {needed}") from None


def refuse_foreign(quantity: Any, name: str) -> None:  # noqa: ANN401
    """Raise UnitError for a quantity of another registry, where a byte may be a plain number."""
    if getattr(quantity, "_REGISTRY", None) is not registry():
        raise UnitError(
            f"{name}: got a quantity of another pint registry; needs one of ours. "
            f"Build it with llmcost.Q, as in Q({shown(told(quantity))})."
        )


def _needed(given: str, unit: str) -> str:
    """Return the unit that is needed, and what `given` lacks to be of it."""
    like = wanted(unit)
    if "EUR" in given and "USD" in unit:
        return f"{unit}; EUR is not converted. Convert it to USD first, as in {like.example}."
    try:
        gap = dimension_gap(given, unit) if _related(given, unit) else ""
    except UnitError:
        return f"{unit}. Convert it first."
    return f"{unit}: {gap}. Write it as in {like.example}." if gap else f"{like}."


def _related(given: str, needed: str) -> bool:
    """Return whether two units share a dimension, so that one may be meant for the other."""
    other = _powers(needed)
    return any(power * other.get(name, 0) > 0 for name, power in _powers(given).items())


def _read_for(text: str, unit: str, name: str) -> Any:  # noqa: ANN401
    try:
        return registry().Quantity(*read_quantity(text, wanted(unit)))
    except InputError as error:
        raise named(name, error) from None


def named(name: str, error: InputError) -> InputError:
    """Return an error of the same kind that begins with the name of the value."""
    text = str(error)
    if text.startswith(f"{name}: "):
        return error
    return type(error)(
        f"{name}: {text[:1].lower() if text.startswith('Got ') else text[:1]}{text[1:]}"
    )


_NOUNS = {
    "[time]": "hour",
    "[energy]": "energy",
    "[information]": "byte",
    "[mass]": "mass",
    "[computation]": "FLOP",
    "[token]": "token",
    "[device]": "GPU",
    "[person]": "person",
    "[volume]": "litre",
    "[currency]": "USD",
    "[currency_eur]": "EUR",
}
