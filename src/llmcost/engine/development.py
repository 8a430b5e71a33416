"""From the cost of a final run to that of developing the model, rented and owned.

A column is a float or an array; columns broadcast. Nothing here checks anything. A line that is out
is given as 0; NaN marks what is not known and stays NaN in every result that needs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.formulas import development as formulas
from llmcost.formulas import money

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

INPUTS = {
    "cost": "USD",
    "owned_cost": "USD",
    "experiments_ratio": "",
    "post_training_share": "",
    "staff_cost": "USD",
    "rental_add_ons": "",
    "storage_cost": "USD",
    "network_cost": "USD",
    "data_cost": "USD",
}
AMOUNTS = ("staff_cost", "storage_cost", "network_cost", "data_cost")
LINES = ("cost", "experiments_cost", "post_training_cost", *AMOUNTS, "rental_add_ons_cost")
OWNED_LINES = ("owned_cost", "owned_experiments_cost", "owned_post_training_cost", *AMOUNTS)
OUTPUTS = {
    **dict.fromkeys((*LINES[1:], "development_cost"), "USD"),
    **dict.fromkeys((*OWNED_LINES[1:3], "owned_development_cost"), "USD"),
}


def development(columns: Mapping[str, Any]) -> dict[str, Floats]:
    """Return the OUTPUTS of every row, from the INPUTS in the units those tables state.

    The LINES sum to `development_cost`, the OWNED_LINES to `owned_development_cost`: add-ons are
    those of a bill for rental, amounts are the same in both.
    """
    c = columns
    amounts = {name: c[name] for name in AMOUNTS}
    rented, owned = _compute(c, c["cost"]), _compute(c, c["owned_cost"])
    add_ons = formulas.rental_add_ons_cost.kernel(
        compute_cost=sum(rented.values()), rental_add_ons=c["rental_add_ons"]
    )
    outputs = {
        "experiments_cost": rented["experiments_cost"],
        "post_training_cost": rented["post_training_cost"],
        **amounts,
        "rental_add_ons_cost": add_ons,
        "development_cost": formulas.development_cost.kernel(
            **rented, **amounts, rental_add_ons_cost=add_ons
        ),
        "owned_experiments_cost": owned["experiments_cost"],
        "owned_post_training_cost": owned["post_training_cost"],
        "owned_development_cost": formulas.development_cost.kernel(
            **owned, **amounts, rental_add_ons_cost=0.0
        ),
    }
    rows = np.broadcast_shapes(*(np.shape(value) for value in outputs.values()))
    return {name: np.broadcast_to(value, rows).astype(float) for name, value in outputs.items()}


def rentals(gpu_hours: Any, prices: Mapping[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Return what renting the devices costs on each of the terms in `prices` [USD].

    Prices are in USD/GPU/hour, by terms; the terms `reserved-1y` become `rental_reserved_1y_cost`.
    """
    return {
        f"rental_{terms.replace('-', '_')}_cost": money.rental_cost.kernel(
            gpu_hours=gpu_hours, price=price
        )
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
