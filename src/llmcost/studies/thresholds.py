"""How far is a run from the thresholds of compute and cost that laws name?

The compute is the model FLOP. The cost is that of renting on demand at the median price of the day,
the nearest there is to the "average market price of cloud compute"; where there is no such price,
the cost on the terms chosen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.catalog.thresholds import RE_CHECK, STATUSES, Threshold, thresholds

if TYPE_CHECKING:
    from llmcost.studies.answers import Result

# The results that stand for a quantity of the file, the first that is known.
MEASURES = {"model_flop": ("model_flop",), "cost": ("rental_on_demand_cost", "cost")}


def threshold_report(
    results: Mapping[str, Result],
    drawn: Mapping[str, Any],
    listed: Sequence[Threshold] | None = None,
) -> list[dict[str, Any]]:
    """Return every threshold with the run's value, their ratio, and the share of draws above it.

    `drawn` holds the draws of each result; `listed` are the thresholds, those of the catalogue
    unless given. Laws in force come first. Where a law names compute and cost together,
    `share_above_all` is the share of draws above both. What is not known for the run is `None`.
    """
    laws = thresholds() if listed is None else listed
    above = {one.id: _above(one, results, drawn) for one in laws}
    ordered = sorted(laws, key=lambda one: STATUSES.index(one.status))
    return [_row(one, results, above, _joint(one, laws)) for one in ordered]


def _row(
    one: Threshold,
    results: Mapping[str, Result],
    above: Mapping[str, Any],
    joint: Sequence[Threshold],
) -> dict[str, Any]:
    name = _measure(one, results)
    value = results[name].value if name else None
    return {
        "id": one.id,
        "law": one.law,
        "jurisdiction": one.jurisdiction,
        "applies_to": one.applies_to,
        "status": one.status,
        "in_force_from": one.in_force_from,
        "quantity": one.quantity,
        "threshold": one.value,
        "unit": one.unit,
        "result": name,
        "value": value,
        "ratio": None if value is None else value / one.value,
        "share_above": _share([above[one.id]]),
        "share_above_all": _share([above[each.id] for each in joint]) if joint else None,
        "as_of": one.as_of,
        "evidence": one.evidence,
        "sources": list(one.sources),
        "note": one.note,
        "advice": RE_CHECK,
    }


def _measure(one: Threshold, results: Mapping[str, Result]) -> str | None:
    """Return the name of the result that a threshold is held against, or none that is known."""
    for name in MEASURES[one.quantity]:
        if name in results and results[name].value is not None:
            return name
    return None


def _above(one: Threshold, results: Mapping[str, Result], drawn: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return for each draw whether it is above the threshold, or `None` where nothing is known."""
    name = _measure(one, results)
    if name is None:
        return None
    return np.atleast_1d(np.asarray(drawn.get(name, results[name].value), dtype=float)) > one.value


def _joint(one: Threshold, laws: Iterable[Threshold]) -> list[Threshold]:
    """Return all thresholds that the same law names together for the same models, if several."""
    kind = (one.law, one.jurisdiction, one.applies_to)
    found = [each for each in laws if (each.law, each.jurisdiction, each.applies_to) == kind]
    return found if len(found) > 1 else []


def _share(above: Sequence[Any]) -> float | None:
    """Return the share of draws above every threshold; `None` where one is not known."""
    if any(each is None for each in above):
        return None
    return float(np.mean(np.logical_and.reduce(np.broadcast_arrays(*above))))
