"""From the cost of a final run to that of developing the model, rented and owned.

A column is a float or an array; columns broadcast. Nothing here checks anything. A line without its
columns is out: it is no result, and sums do not have it. NaN marks what is not known and stays NaN
in every result that needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.catalog.price_quotes import rental_name
from llmcost.engine.rows import as_rows
from llmcost.formulas import development as formulas
from llmcost.formulas import money

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STAFF = ("staff", "staff_time", "salary", "staff_overhead", "equity_pay")
INPUTS = {
    "cost": "USD",
    "owned_cost": "USD",
    "experiments_ratio": "",
    "post_training_share": "",
    "staff_share": "",
    "staff_cost": "USD",
    "staff": "person",
    "staff_time": "year",
    "salary": "USD/person/year",
    "staff_overhead": "",
    "equity_pay": "USD/person/year",
    "rental_add_ons": "",
    "storage_cost": "USD",
    "network_cost": "USD",
    "data_cost": "USD",
}
AMOUNTS = ("staff_cost", "storage_cost", "network_cost", "data_cost")
COMPUTE = ("experiments_cost", "post_training_cost")
LINES = ("cost", *COMPUTE, *AMOUNTS, "rental_add_ons_cost")
OWNED_LINES = ("owned_cost", *(f"owned_{name}" for name in COMPUTE), *AMOUNTS)
OUTPUTS = {
    **dict.fromkeys((*LINES[1:], "development_cost"), "USD"),
    **dict.fromkeys((*OWNED_LINES[1:3], "owned_development_cost"), "USD"),
}


def development(columns: Mapping[str, Any]) -> dict[str, Floats]:
    """Return the OUTPUTS that the columns allow, from INPUTS in the units those tables state.

    Needed are `cost`, `experiments_ratio` and `post_training_share`. Staff is an amount, people and
    pay (without shares where `equity_pay` is absent), or a share in the owner's development. The
    LINES sum to `development_cost`, the OWNED_LINES to `owned_development_cost`: amounts are the
    same in both, and add-ons are those of a bill for rental.
    """
    c = columns
    rented, owned = _compute(c, c["cost"]), _compute(c, c.get("owned_cost", np.nan))
    amounts = {**_staff(c, owned), **{name: c[name] for name in AMOUNTS[1:] if name in c}}
    add_ons = _add_ons(c, rented)
    outputs = {
        **{name: rented[name] for name in COMPUTE},
        **amounts,
        **add_ons,
        "development_cost": _total(rented, amounts, add_ons),
        **{f"owned_{name}": owned[name] for name in COMPUTE},
        "owned_development_cost": _total(owned, amounts, {}),
    }
    return as_rows(outputs)


def rentals(gpu_hours: Any, prices: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Return what renting the devices costs on each of the terms in `prices` [USD].

    Prices are in USD/GPU/hour, by terms; the terms `reserved-1y` become `rental_reserved_1y_cost`.
    """
    return {
        rental_name(terms): money.rental_cost.kernel(gpu_hours=gpu_hours, price=price)
        for terms, price in prices.items()
    }


def _compute(c: Mapping[str, Any], final_run_cost: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the lines of compute, at the price of the final run [USD]."""
    return {
        "final_run_cost": final_run_cost,
        "experiments_cost": formulas.experiments_cost.kernel(
            final_run_cost=final_run_cost, experiments_ratio=c["experiments_ratio"]
        ),
        "post_training_cost": formulas.post_training_cost.kernel(
            final_run_cost=final_run_cost, post_training_share=c["post_training_share"]
        ),
    }


def _staff(c: Mapping[str, Any], owned: Mapping[str, Any]) -> dict[str, Any]:
    """Return what people cost [USD]: as given, of people and pay, or by their share."""
    if "staff_cost" in c:
        return {"staff_cost": c["staff_cost"]}
    if "staff" in c:
        people = {name: c[name] for name in STAFF if name in c}
        return {"staff_cost": formulas.staff_cost.kernel(**{"equity_pay": 0.0, **people})}
    if "staff_share" not in c:
        return {}
    compute = sum(owned.values())
    cost = formulas.staff_cost_by_share.kernel(compute_cost=compute, staff_share=c["staff_share"])
    return {"staff_cost": cost}


def _add_ons(c: Mapping[str, Any], rented: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a bill for rental has beside accelerators [USD], where a share is given."""
    if "rental_add_ons" not in c:
        return {}
    cost = formulas.rental_add_ons_cost.kernel(
        compute_cost=sum(rented.values()), rental_add_ons=c["rental_add_ons"]
    )
    return {"rental_add_ons_cost": cost}


def _total(
    compute: Mapping[str, Any], amounts: Mapping[str, Any], add_ons: Mapping[str, Any]
) -> Any:  # noqa: ANN401
    """Return the sum of all lines [USD]; a line that is out counts as nothing."""
    out = dict.fromkeys((*AMOUNTS, "rental_add_ons_cost"), 0.0)
    return formulas.development_cost.kernel(**{**out, **compute, **amounts, **add_ons})
