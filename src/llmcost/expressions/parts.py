"""Parts of a condition while it is read: what each is, in which unit, and how two fit together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from llmcost.errors import InputError, UnitError, shown
from llmcost.expressions.nodes import Constant, Product, Scaled, Total, Truth, Value, scaled
from llmcost.reading import canonical_unit, known_units
from llmcost.units import in_unit, registry, wanted

NUMBER, TEXT, WORD, TRUTH = "number", "text", "word", "truth"
# Units that a bare number may stand for: there is only one way to count them.
COUNTED = ("token", "GPU", "person")
_SAME = 1e-12


class Part(NamedTuple):
    """A part that was read: what it is, its unit, and how it was written.

    A `word` is text without quotes. A `bare` number was written without a unit.
    """

    kind: str
    node: Value | Truth
    written: str
    unit: Any = None
    bare: bool = False

    @property
    def constant(self) -> bool:
        """Whether it was written as a value."""
        return isinstance(self.node, Constant)


@cache
def unit_named(name: str) -> Any:  # noqa: ANN401
    """Return a unit of our registry by its name, as people write it."""
    return registry().Unit(canonical_unit(name))


def number(value: float, unit: str, written: str) -> Part:
    """Return the part for a number with its canonical unit; a percentage is a share."""
    if unit == "percent":
        return Part(NUMBER, Constant(value / 100), written, registry().Unit(""))
    return Part(NUMBER, Constant(value), written, registry().Unit(unit), bare=not unit)


def added(terms: Sequence[tuple[str, Part]], written: str) -> Part:
    """Return a sum, in the unit of its first term that has one; raises UnitError."""
    lead = next((part for _, part in terms if not part.bare), terms[0][1])
    fitted = [(sign, fitting(part, lead)) for sign, part in terms]
    nodes = Total(tuple((sign, part.node) for sign, part in fitted))
    return _folded(nodes, fitted, lead.unit, written)


def multiplied(factors: Sequence[tuple[str, Part]], written: str) -> Part:
    """Return a product or a quotient, with its unit."""
    unit = registry().Unit("")
    for sign, part in factors:
        unit = unit / part.unit if sign == "/" else unit * part.unit
    nodes = Product(tuple((sign, part.node) for sign, part in factors))
    return _folded(nodes, factors, unit, written)


def _folded(
    node: Total | Product,
    parts: Sequence[tuple[str, Part]],
    unit: Any,  # noqa: ANN401
    written: str,
) -> Part:
    """Return a part, as one number where only numbers were written."""
    bare = all(part.bare for _, part in parts)
    if not all(part.constant for _, part in parts):
        return Part(NUMBER, node, written, unit, bare)
    with np.errstate(all="ignore"):
        value = float(node.of({}))
    if not np.isfinite(value):
        raise InputError(f"Got {shown(written)}; needs a finite number.")
    return Part(NUMBER, Constant(value), written, unit, bare)


def compared(left: Part, right: Part) -> tuple[Value, Value]:
    """Return two numbers in one unit, literals converted first; raises UnitError."""
    if left.constant and not right.constant:
        return fitting(left, right).node, right.node
    if left.bare and not right.bare:
        return fitting(left, right).node, right.node
    return left.node, fitting(right, left).node


def fitting(part: Part, lead: Part) -> Part:
    """Return a number in the unit of another; raises UnitError where they differ in kind."""
    if part.unit is lead.unit or part.unit == lead.unit:
        return part
    if part.constant and part.node.of({}) == 0:
        return part._replace(unit=lead.unit)
    if part.bare and not lead.unit.dimensionless:
        return _counted(part, lead)
    if part.unit.dimensionality != lead.unit.dimensionality:
        _refuse_mismatch(part, lead)
    factor = _factor(part.unit, lead.unit)
    if part.constant:
        return part._replace(node=Constant(scaled(part.node.of({}), factor)), unit=lead.unit)
    same = factor == 1
    return part._replace(node=part.node if same else Scaled(part.node, factor), unit=lead.unit)


def _factor(unit: Any, target: Any) -> float:  # noqa: ANN401
    """Return what a number is multiplied by to change its unit, exact where it is a ratio."""
    factor = float(registry().Quantity(1.0, unit).to(target).magnitude)
    whole = round(factor)
    return float(whole) if whole and abs(factor / whole - 1) < _SAME else factor


def _counted(part: Part, lead: Part) -> Part:
    """Return a number that counts what another does; raises UnitError where a unit is missing."""
    needed = unit_text(lead.unit)
    if needed in COUNTED:
        return part._replace(unit=lead.unit)
    example = f"{part.written} {needed}" if part.constant else wanted(needed).example
    raise UnitError(
        f"{lead.written}: got {part.written}, which has no unit; needs one, such as {example}."
    )


def _refuse_mismatch(part: Part, lead: Part) -> None:
    """Raise UnitError that says what a number lacks to be beside another."""
    own = unit_text(part.unit) or "a plain number"
    got = part.written if part.constant and not part.bare else f"{part.written} ({own})"
    in_unit(registry().Quantity(1.0, part.unit), unit_text(lead.unit), lead.written, got)


def unit_text(unit: Any) -> str:  # noqa: ANN401
    """Return a unit as people write it, empty for a plain number.

    >>> unit_text(unit_named("MWh")), unit_text(unit_named("USD/GPU-h"))
    ('MWh', 'USD/GPU/hour')
    """
    text = f"{unit}".replace(" ", "").replace("**", "^")
    if text in ("", "dimensionless"):
        return ""
    return re.sub(r"[A-Za-z_]\w*", lambda name: _spelled(name[0]), text)


@cache
def _spelled(name: str) -> str:
    """Return the usual spelling of a unit: its symbol, where that is more than a letter."""
    symbol = known_units().get(name, (name,))[0]
    return symbol if len(symbol) > 1 else name
