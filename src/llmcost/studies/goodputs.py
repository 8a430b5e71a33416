"""The goodput of a run of which only the size and the number of devices are known."""

from __future__ import annotations

from llmcost import engine
from llmcost.catalog.overheads import default
from llmcost.studies.choices.failures import CHECKPOINT, MODELLED


def usual_useful_share(parameters: float, num_gpus: float) -> float:
    """Return goodput times the steady share: what is left of the rate of a good step.

    Every assumption is at its default.
    """
    middle = {name: default(name).value for name in (*MODELLED, *CHECKPOINT)}
    found = engine.failures({**middle, "parameters": parameters, "num_gpus": num_gpus})
    return float(found["goodput"] * default("steady_share").value)
