"""What to draw beside a claim: what others published of the same, and how our draws lie."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from llmcost import sampling
from llmcost.catalog.columns import folded
from llmcost.errors import InputError
from llmcost.studies.reconciliation.claimed import Claimed, in_dollars

# Digits that tell the edges of two bins apart, and keep a saved result short.
DIGITS = 6
# What is not the cost of one run; set only beside a claim of the same scope.
MORE_THAN_A_RUN = ("several-models", "programme", "post-training")


def others_of(claim: Claimed, published: Iterable[Claimed]) -> tuple[Claimed, ...]:
    """Return what was published of the same quantity of the same model, the earliest first.

    The claim itself is left out, and so is a copy of it; costs are brought to the unit of the
    claim, and left out where that is not possible.
    """
    alike = (one for one in published if one.quantity == claim.quantity and _same(claim, one))
    known = (_converted(one) for one in alike)
    found = [one for one in known if one and one.unit == claim.unit and one.ends]
    return tuple(sorted(found, key=lambda one: (one.said, one.name)))


def bins_of(draws: Any) -> Mapping[str, Any] | None:  # noqa: ANN401
    """Return the edges of bins and the count of draws in each; `None` where there is none to count.

    Edges keep six digits.
    """
    if draws is None or np.size(draws) < 2 or not np.isfinite(draws).all():
        return None
    found = sampling.histogram(draws)
    return {**found, "edges": [float(f"{edge:.{DIGITS}g}") for edge in found["edges"]]}


def _same(claim: Claimed, other: Claimed) -> bool:
    """Return whether another claim is about the same model in the same scope, and no copy."""
    copy = set(claim.sources) == set(other.sources) and (claim.low, claim.high) == (
        other.low,
        other.high,
    )
    if other.name == claim.name or copy:
        return False
    if other.scope != claim.scope and (other.scope in MORE_THAN_A_RUN):
        return False
    named = claim.model is not None and claim.model == other.model
    return named or folded(claim.subject) == folded(other.subject)


def _converted(claim: Claimed) -> Claimed | None:
    try:
        return in_dollars(claim)
    except InputError:
        return None
