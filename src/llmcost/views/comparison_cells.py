"""What the tables of a comparison share: titles, and results as short texts, the best marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmcost.figures import EM_DASH
from llmcost.table import Field
from llmcost.views.comparison_words import value_text
from llmcost.views.estimates import NO_PRICE, RESULT_TITLES

if TYPE_CHECKING:
    from llmcost.studies.comparison.answer import Comparison
    from llmcost.studies.comparison.parts import SetupResult

MARK = "•"
MORE = "Cost by basis, energy"
# The interval of a result: over a column, and at the start of a row.
RANGE, ENDS = "Low – high", "range"
# Short words, so that the columns of three setups fit beside them on a narrow screen.
BASES = {
    "rental_on_demand_cost": "Rent, on demand",
    "rental_spot_cost": "Rent, spot",
    "rental_reserved_1y_cost": "Rent, 1 year",
    "rental_reserved_3y_cost": "Rent, 3 years",
    "rental_capacity_block_cost": "Rent, in blocks",
    "rental_marketplace_cost": "Rent, market",
    "rental_contract_1y_cost": "Rent, 1-year contract",
    "owned_cost": "Owned",
    "acquisition_cost": "Buying it all",
    "development_cost": "All of development",
}
ENERGY = {"energy": "Energy", "carbon": "Carbon", "embodied_carbon": "Embodied", "water": "Water"}
TITLES = {
    **RESULT_TITLES,
    **BASES,
    **ENERGY,
    "headroom": "Memory left",
    "num_gpus": "GPUs",
}


def marked(found: Comparison, name: str, setup: SetupResult) -> str:
    """Return a result, marked where it is the best of its kind."""
    text = value_text(name, setup.results.get(name))
    if name == "cost" and setup.no_price:
        return NO_PRICE
    if name == "headroom" and setup.value(name) is not None:
        text = f"{gigabytes(setup.value(name))} GB"
    best = found.best.get(name) == setup.name and len(found) > 1
    return f"{MARK} {text}" if best else text


def one_sign(ends: str) -> str:
    """Return a range of money with one sign for both ends.

    >>> one_sign("$53.8M – $91.4M")
    '$53.8M – 91.4M'
    """
    return ends.replace("– $", "– ")


def why_unpriced(reason: str) -> str:
    """Return why there is no price, without saying again that there is none.

    >>> why_unpriced("No cost: no on-demand price for tpu-v5p.")
    'no on-demand price for tpu-v5p'
    """
    return reason.removeprefix("No cost: ").removesuffix(".")


def filled(fields: Sequence[Field], texts: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the names of the fields that any row has something in."""
    columns = zip(*texts, strict=True)
    pairs = zip(fields, columns, strict=True)
    return tuple(field.name for field, cells in pairs if set(cells) - {"", EM_DASH})


def whole(number: object) -> str:
    """Return a count, one by one."""
    return f"{number:,.0f}" if isinstance(number, int | float) else EM_DASH


def gigabytes(value: float | None) -> str:
    """Return memory [GB] as a bare number."""
    return EM_DASH if value is None else f"{value:,.1f}"


def any_known(name: str, setups: Sequence[SetupResult]) -> bool:
    """Return whether any of the setups has a result that is not nothing."""
    return any(setup.value(name) for setup in setups)
