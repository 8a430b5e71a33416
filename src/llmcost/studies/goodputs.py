"""The goodput of a run of which only the size and the number of devices are known."""

from __future__ import annotations

from typing import Any

from llmcost import engine
from llmcost.catalog.overheads import default

FAILURES = (
    *("failure_rate", "restart_time", "maintenance_share"),
    *("checkpoint_bandwidth", "checkpoint_bytes_per_parameter"),
)


def usual_goodput(parameters: float, num_gpus: float) -> dict[str, Any]:
    """Return goodput and its losses as `engine.failures` gives them, with every default."""
    middle = {name: default(name).value for name in FAILURES}
    return engine.failures({**middle, "parameters": parameters, "num_gpus": num_gpus})


def usual_useful_share(parameters: float, num_gpus: float) -> float:
    """Return goodput times the steady share: what is left of the rate of a good step."""
    goodput = usual_goodput(parameters, num_gpus)["goodput"]
    return float(goodput * default("steady_share").value)
