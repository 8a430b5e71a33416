"""What a published method says where a claim states a cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from llmcost.errors import InputError, UnknownNameError
from llmcost.studies.methods import EPOCH_2024, METHODS
from llmcost.studies.methods.cases import Case, case_of, listed_case
from llmcost.studies.methods.epoch_2024 import MethodCost, epoch_2024
from llmcost.studies.reconciliation.claimed import Claimed, catalogued
from llmcost.studies.reconciliation.ours import OWNER, THREE_YEARS, Figure, Ours, can_mean
from llmcost.studies.reconciliation.setups import FROM_RUN, PURCHASE

RESULTS = {
    OWNER: "owned_cost",
    THREE_YEARS: "rental_reserved_3y_cost",
    PURCHASE: "acquisition_cost",
}
TITLES = {
    OWNER: f"{EPOCH_2024}, amortised",
    THREE_YEARS: f"{EPOCH_2024}, reserved-3y",
    PURCHASE: f"{EPOCH_2024}, bought",
}


def with_method(claim: Claimed, found: Ours, method: str | None) -> Ours:
    """Return what we have with the figures of the published method beside it.

    Where the `method` is asked for by name its figures come first, and ours cannot be meant.
    Raises UnknownNameError for a method that is not known.
    """
    if method is not None and method not in METHODS:
        raise UnknownNameError("method", method, METHODS)
    if claim.quantity != "cost" or claim.unit != "USD" or claim.outside or claim.circular:
        return found
    figures = tuple(_figures(claim, found, asked=method is not None))
    if method is None:
        return found if found.reason else replace(found, figures=(*found.figures, *figures))
    if not any(figure.eligible for figure in figures):
        return Ours(reason=f"{method} has no figure on the claim's price basis", how=method)
    ours = tuple(replace(figure, eligible=False) for figure in found.figures)
    return replace(found, figures=(*figures, *ours), how=f"the method {method}", reason="")


def _figures(claim: Claimed, found: Ours, *, asked: bool) -> Iterator[Figure]:
    cost = _cost(claim, found)
    if cost is None:
        return
    for basis, name in RESULTS.items():
        value = getattr(cost, name)
        low, high = cost.interval(name) or (value, value)
        if value is not None:
            meant, title = can_mean(claim, basis), TITLES[basis]
            yield Figure(f"{EPOCH_2024}-{basis}", title, value, low, high, None, meant, asked)


def _cost(claim: Claimed, found: Ours) -> MethodCost | None:
    try:
        return epoch_2024(_case(claim, found), as_of=claim.prices_until)
    except InputError:
        return None


def _case(claim: Claimed, found: Ours) -> Case:
    try:
        return listed_case(claim.subject)
    except UnknownNameError:
        entry = catalogued(claim.model)
        hours = claim.known_hours
        if hours is None and found.simulation is not None and found.how == FROM_RUN:
            hours = found.simulation.estimate.results["gpu_hours"].value
        return case_of(
            gpu=claim.gpus[0] if claim.gpus else "",
            num_gpus=claim.num_gpus,
            gpu_hours=hours,
            training_time=claim.hours,
            published=claim.ran or claim.said,
            organisation=entry.organisation if entry else "",
        )
