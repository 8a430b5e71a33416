"""One assumption from where it comes: the user, or a labelled default of a data file."""

from __future__ import annotations

from dataclasses import dataclass

from llmcost.amounts import spread_from
from llmcost.catalog.overheads import Default, default
from llmcost.inputs import InputValue, Origin
from llmcost.sampling import Spread
from llmcost.studies.choices.factors import FACTORS
from llmcost.studies.choices.given import Given
from llmcost.units import is_number


@dataclass(frozen=True, slots=True)
class Chosen:
    """One assumption: its spread for the draws, and the input that a reader sees."""

    spread: Spread
    shown: InputValue


def from_user(given: Given, name: str) -> Chosen | None:
    """Return an assumption that the user gave, or `None`; raises InputError and UnitError."""
    if not given.has(name):
        return None
    factor = FACTORS[name]
    value = given[name]
    if factor.counted and is_number(value):
        value = f"{value} {factor.unit}"
    spread = spread_from(
        value,
        factor.unit,
        name,
        share=factor.share,
        maximum=factor.maximum,
        floor=factor.floor,
        zero=factor.zero,
    )
    return Chosen(spread, InputValue.of(spread, factor.unit, given.origin(name)))


def from_default(known: Default, name: str, file: str = "defaults.csv") -> Chosen:
    """Return an assumption from a labelled default of a data file."""
    factor = FACTORS[name]
    low, high = known.ends
    spread = Spread(low, known.value, high, share=factor.share, floor=factor.floor)
    origin = Origin("default", f"{file}: {', '.join(known.sources)}")
    return Chosen(spread, InputValue.of(spread, factor.unit, origin))


def choose(given: Given, name: str) -> Chosen:
    """Return an assumption, the user's or the labelled default of defaults.csv."""
    return from_user(given, name) or from_default(default(name), name)
