"""The complete cost model: a run, its failures, every basis of cost, and what lies around it.

Two paths share each tail: a column that is given is used, else it is modelled from others. A
`goodput` that is absent follows from failures and checkpoints, a `checkpoint_time` from the size of
the model and the storage. Owning and renting stand side by side; development only where its
columns are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.catalog.price_quotes import RENTAL_TERMS, price_name, rental_name
from llmcost.engine import development as beyond
from llmcost.engine import ownership as owning
from llmcost.engine import reliability, whole_run
from llmcost.engine.rows import as_rows
from llmcost.formulas import reliability as formulas

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RENTALS = {rental_name(terms): "USD" for terms in RENTAL_TERMS}
COSTS = {name: unit for name, unit in whole_run.OUTPUTS.items() if name.startswith("cost")}
MONEY = {**COSTS, **RENTALS, **owning.OUTPUTS, **beyond.OUTPUTS}
RESULTS = {**whole_run.OUTPUTS, **reliability.OUTPUTS, **MONEY}


def complete(columns: Mapping[str, Any]) -> dict[str, Floats]:
    """Return every result that the columns allow, one row each, in the units of RESULTS."""
    modelled = {} if "goodput" in columns else failures(columns)
    c = {**columns, **modelled}
    results = {**whole_run.run(c), **modelled}
    results |= _rentals(c, results["gpu_hours"])
    if "network_share" in c:
        results |= owning.ownership({**c, "gpu_hours": results["gpu_hours"]})
    if "experiments_ratio" in c:
        results |= beyond.development({**c, **results})
    return as_rows(results)


def failures(columns: Mapping[str, Any]) -> dict[str, Floats]:
    """Return goodput and its losses; the time of a checkpoint is modelled unless it is given."""
    c = columns
    time = c.get("checkpoint_time")
    if time is None:
        time = formulas.checkpoint_time.kernel(
            parameters=c["parameters"],
            checkpoint_bytes_per_parameter=c["checkpoint_bytes_per_parameter"],
            checkpoint_bandwidth=c["checkpoint_bandwidth"],
            num_gpus=c["num_gpus"],
        )
    interval = c.get("checkpoint_interval", np.nan)
    return reliability.goodput({**c, "checkpoint_time": time, "checkpoint_interval": interval})


def _rentals(c: Mapping[str, Any], gpu_hours: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the cost on each terms that has a price."""
    prices = {terms: c[name] for terms in RENTAL_TERMS if (name := price_name(terms)) in c}
    return beyond.rentals(gpu_hours, prices)
