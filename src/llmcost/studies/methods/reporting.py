"""A cost by a published method as a report that an answer can carry."""

from __future__ import annotations

from typing import Any

from llmcost.studies.methods import EPOCH_2024
from llmcost.studies.methods.epoch_2024 import MethodCost, Step

INTERVAL = 0.9


def method_report(cost: MethodCost) -> dict[str, Any]:
    """Return every step of a cost by the method, with its unit, 90% interval and sources."""
    return {
        "method": EPOCH_2024,
        "model": cost.case.model or None,
        "gpu": cost.case.device.gpu,
        "interval": INTERVAL,
        "results": [step_report(step) for step in cost.steps],
        "notes": list(cost.notes),
    }


def step_report(step: Step) -> dict[str, Any]:
    """Return one step of the method."""
    return {
        "name": step.name,
        "value": step.value,
        "unit": step.unit,
        "low": step.low,
        "high": step.high,
        "how": step.how,
        "sources": list(step.sources),
    }
