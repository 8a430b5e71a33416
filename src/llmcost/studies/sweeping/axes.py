"""Axes of a grid, and their values as people write them: lists, steps, equal ratios, all legal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import exp, log

from llmcost.errors import InputError, UnitError, shown
from llmcost.ranges import read_range
from llmcost.reading import (
    Wanted,
    canonical_unit,
    quantity_in,
    read_count,
    read_number,
    without_currency,
)
from llmcost.studies.sweeping.parameters import (
    ALL_LEGAL,
    COUNTS,
    LAYOUT,
    QUANTITIES,
    Checked,
    checked,
    rate_unit,
    wanted_for,
)
from llmcost.units import in_unit, named, registry

MAX_VALUES = 100_000
# Of values between ends: as many digits as a person would write.
DIGITS = 12
_STEPS = re.compile(
    r"\s*(?P<log>logspace\s+)?(?P<range>.*?\.\..*?)\s+by\s+(?P<step>\S.*?)\s*", re.S
)
_ANY_BY = re.compile(r"\b(?:by|steps?)\b|^\s*(?:logspace|linspace|range)\b")
_EXAMPLE = "'1T..15T by 2T' or 'logspace 1024..16384 by 5'"


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis of a grid: a parameter of `estimate`, and its values as `estimate` takes them."""

    name: str
    values: tuple[object, ...]


def axis_of(name: str, written: object) -> tuple[Axis, tuple[Checked, ...]]:
    """Return an axis from what a plan says of it, with what was checked of each value.

    A list, one value, steps (``1..4 USD/GPU/hour by 0.5``), equal ratios (``logspace 1k..16k by
    5``), or ``all legal`` for layouts. Raises InputError, UnitError and UnknownNameError that name
    the parameter, and InputError for no value, a value twice, and too many.
    """
    plain = written.tolist() if hasattr(written, "tolist") else written
    pieces = list(plain) if isinstance(plain, list | tuple) else [plain]
    found = [value for piece in pieces for value in _expanded(name, piece)]
    if not found:
        raise InputError(f"{name}: got no value; needs at least one, or steps such as {_EXAMPLE}.")
    if len(found) > MAX_VALUES:
        raise InputError(f"{name}: got {len(found):,} values; needs at most {MAX_VALUES:,}.")
    _refuse_twice(name, found)
    values = tuple(each.value for each in found)
    if name == LAYOUT and ALL_LEGAL in values and len(values) > 1:
        raise InputError(
            f"layout: got {ALL_LEGAL!r} beside others, which are among them; give one."
        )
    return Axis(name, values), tuple(found)


def _refuse_twice(name: str, found: Sequence[Checked]) -> None:
    seen: dict[object, object] = {}
    for each in found:
        if each.same_as in seen:
            first, again = shown(seen[each.same_as]), shown(each.value)
            raise InputError(f"{name}: got {first} and {again}, which are the same; give it once.")
        seen[each.same_as] = each.value


def _expanded(name: str, piece: object) -> list[Checked]:
    """Return the values that one piece of an axis stands for."""
    if isinstance(piece, list | tuple):
        raise InputError(f"{name}: got a list in a list, {shown(piece)}; needs one list of values.")
    match = _STEPS.fullmatch(piece) if isinstance(piece, str) and len(piece) <= 200 else None
    if match is None:
        _refuse_steps(name, piece)
        return [checked(name, piece)]
    if name not in COUNTS and name not in QUANTITIES:
        raise InputError(f"{name}: got {shown(piece)}; needs text, or a list of it: no steps.")
    try:
        texts = _stepped(name, match, str(piece))
    except UnitError as error:
        raise named(name, error) from None
    except InputError as error:
        raise named(name, error) from None
    return [checked(name, text) for text in texts]


def _refuse_steps(name: str, piece: object) -> None:
    if not isinstance(piece, str) or name not in {**COUNTS, **QUANTITIES}:
        return
    if _ANY_BY.search(piece):
        raise InputError(f"{name}: got {shown(piece)}; needs steps such as {_EXAMPLE}.")


def _stepped(name: str, match: re.Match[str], whole: str) -> list[object]:
    """Return the numbers, or texts with their unit, from the start to the stop."""
    like = Wanted("a range", _EXAMPLE) if name in COUNTS else wanted_for(name)
    kind = without_currency(match["range"])[0][:1].isalpha()
    found = None if kind else read_range(match["range"], like)
    if found is None or len(found.ends) != 2:
        raise InputError(f"Got {shown(whole)}; needs a start and a stop, such as {_EXAMPLE}.")
    unit = found.unit
    _check_unit(name, unit, whole)
    start, stop = (_exact(value) for value, _ in found.ends)
    written = _unit_as_written(match["range"], unit, like)
    if match["log"]:
        ratios = _ratios(name, start, stop, match, whole)
        return [_written(name, value, written) for value in ratios]
    step = _step(match["step"], unit, whole, like)
    return [_written(name, value, written) for value in _steps(start, stop, step, whole)]


def _unit_as_written(text: str, unit: str, like: Wanted) -> str:
    """Return the unit of the stop of a range as it was written, in full beside a `$`."""
    start, _, stop = text.rpartition("..")
    bare, currency = without_currency(stop)
    return unit if currency or without_currency(start)[1] else read_number(bare, text, like).rest


def _check_unit(name: str, unit: str, whole: str) -> None:
    """Raise UnitError for ends in a unit that the parameter does not have."""
    if name in COUNTS:
        if unit not in ("", COUNTS[name].unit):
            needed = COUNTS[name].unit or "no unit"
            raise UnitError(f"Got {shown(whole)}; needs counts, in {needed}.")
        return
    rule = QUANTITIES[name]
    needed = rate_unit(f"1 {unit}") if name == "throughput" and unit else rule.unit
    if not unit and needed and not rule.counted:
        raise UnitError(f"Got {shown(whole)}; needs a unit at the stop, such as {needed}.")
    if unit:
        in_unit(registry().Quantity(1.0, unit), needed, name, shown(whole))


def _exact(value: float) -> Fraction:
    """Return the number that a person wrote, without what binary adds to it."""
    return Fraction(repr(float(value)))


def _step(text: str, unit: str, whole: str, like: Wanted) -> Fraction:
    """Return the step in the unit of the range, which it has where it has none of its own."""
    value, own = quantity_in(text, whole, like)
    if own and own != unit:
        value = in_unit(registry().Quantity(value, own), canonical_unit(unit), "step", shown(whole))
    if value <= 0:
        raise InputError(f"Got {shown(whole)}; needs a step above 0.")
    return _exact(value)


def _steps(start: Fraction, stop: Fraction, step: Fraction, whole: str) -> Iterator[Fraction]:
    many = int((stop - start) / step) + 1
    if many > MAX_VALUES:
        raise InputError(
            f"Got {shown(whole)}, which is {many:,} values; needs at most {MAX_VALUES:,}. Does the "
            "step lack its magnitude, as in 'by 2T'?"
        )
    if many == 1:
        raise InputError(f"Got {shown(whole)}; needs a step that is smaller than the range.")
    return (start + number * step for number in range(many))


def _ratios(
    name: str, start: Fraction, stop: Fraction, match: re.Match[str], whole: str
) -> list[Fraction]:
    """Return numbers of equal ratios from the start to the stop, counts rounded to whole ones."""
    many = read_count(match["step"], ("values", "points"))
    if not 2 <= many <= MAX_VALUES or many != int(many):
        number = "a whole number of values from 2"
        raise InputError(f"Got {shown(whole)}; needs {number} to {MAX_VALUES:,}, such as by 5.")
    if start <= 0 or start == stop:
        raise InputError(
            f"Got {shown(whole)}; equal ratios need a start above 0 and below the stop."
        )
    low, high = log(start), log(stop)
    inner = (exp(low + (high - low) * at / (many - 1)) for at in range(1, int(many) - 1))
    values = [start, *(_exact(float(f"{value:.{DIGITS}g}")) for value in inner), stop]
    if name in COUNTS:
        values = [Fraction(round(value)) for value in values]
    return list(dict.fromkeys(values))


def _written(name: str, value: Fraction, unit: str) -> object:
    if name in COUNTS:
        return int(value) if value.denominator == 1 else float(value)
    unit = unit or QUANTITIES[name].unit
    return f"{float(value):.15g} {unit}" if unit else float(value)
