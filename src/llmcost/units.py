"""Quantities as people write them, and the one door between units and floats.

Text is read by a small grammar of our own (:mod:`llmcost.reading`), because a general units
library reads ``15T`` as fifteen tesla; pint is handed canonical unit names only, in a private
registry where bytes, tokens, GPUs and dollars are dimensions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, update_wrapper
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

from llmcost.errors import InputError, UnitError, shown
from llmcost.reading import canonical_unit, read_quantity

if TYPE_CHECKING:
    from pint import UnitRegistry

P = ParamSpec("P")
R = TypeVar("R")

DEFINITIONS = Path(__file__).with_name("units.txt")


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
    return registry().Quantity(value, canonical_unit(unit))


def is_quantity(value: object) -> bool:
    """Return whether `value` is a pint quantity, of any registry."""
    return hasattr(value, "magnitude") and hasattr(value, "units") and hasattr(value, "to")


def in_unit(value: object, unit: str, name: str) -> Any:  # noqa: ANN401
    """Return `value`, a quantity or text, as a float (or array) in `unit`.

    `name` is what the message calls the value. Raises UnitError for a wrong dimension, and for a
    bare number wherever a unit is declared.
    """
    if isinstance(value, str):
        value = _read_for(value, unit, name)
    if not is_quantity(value):
        if unit in ("", "dimensionless"):
            return value
        raise UnitError(
            f"{name}: got the bare number {shown(value)}; needs a quantity in {unit}, "
            f"such as Q({shown(value)}, {unit!r})."
        )
    return _converted(value, unit, name).magnitude


def dimension_gap(given: str, needed: str) -> str:
    """Return in words what unit `given` lacks or has too much of, compared with `needed`."""
    unit = registry().Unit
    ratio = (1 * unit(canonical_unit(needed)) / unit(canonical_unit(given))).dimensionality
    per = [_NOUNS.get(k, k) for k, v in ratio.items() if v < 0]
    times = [_NOUNS.get(k, k) for k, v in ratio.items() if v > 0]
    parts = [f"'per {noun}' is missing" for noun in per]
    parts += [f"a factor of {noun} is missing" for noun in times]
    return "; ".join(parts)


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


def _converted(quantity: Any, unit: str, name: str) -> Any:  # noqa: ANN401
    from pint import DimensionalityError, UndefinedUnitError

    try:
        return quantity.to(canonical_unit(unit))
    except (DimensionalityError, UndefinedUnitError, ValueError):
        raise UnitError(
            f"{name}: got {quantity:~}; needs {unit or 'a plain number'}. "
            f"{_gap_sentence(str(quantity.units), unit)}"
        ) from None


def _gap_sentence(given: str, needed: str) -> str:
    try:
        gap = dimension_gap(given, needed)
    except UnitError:
        return "Convert it first."
    return f"{gap[:1].upper()}{gap[1:]}." if gap else "Convert it first."


def _read_for(text: str, unit: str, name: str) -> Any:  # noqa: ANN401
    try:
        return Q(text)
    except UnitError as error:
        raise UnitError(f"{name}: {error}") from None
    except InputError as error:
        raise InputError(f"{name}: {error} Needs a number with {unit or 'no unit'}.") from None


_NOUNS = {
    "[time]": "time",
    "[energy]": "energy",
    "[information]": "byte",
    "[mass]": "mass",
    "[computation]": "FLOP",
    "[token]": "token",
    "[device]": "GPU",
    "[currency]": "USD",
}
