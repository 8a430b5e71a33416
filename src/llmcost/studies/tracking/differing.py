"""What a run took beside what was predicted for it, and which causes make the difference."""

from __future__ import annotations

from typing import Any

from llmcost.studies.tracking.clocks import PARTS
from llmcost.studies.tracking.predicted import Predicted
from llmcost.studies.tracking.results import HOUR, Results

# Parts of the wall clock that are training itself; all others are causes of their own.
TRAINING = "training"


def difference_report(results: Results, predicted: Predicted) -> dict[str, Any] | None:
    """Return the predicted and the measured GPU-hours and cost, and causes that add up.

    From the whole run as predicted, "tokens" leads to the same run for the tokens trained on so
    far; "speed" is that of steady steps; "foreseen_pauses" takes out the pauses that the estimate
    counted on, and each further cause adds one part of the measured wall clock; "price" is that of
    the hours measured. `None` where the tokens or the hours are not known.
    """
    tokens, hours = results.value("tokens_done"), results.value("gpu_hours")
    if tokens is None or hours is None:
        return None
    whole = float(predicted.results["gpu_hours"] or 0.0)
    planned = float(predicted.results["tokens"] or 0.0)
    if not whole or not planned:
        return None
    causes = _hours(results, tokens, hours, whole, planned, predicted)
    prices = predicted.price, results.known.price
    then = None if prices[0] is None else prices[0].value
    now = None if prices[1] is None else prices[1].value
    costs: dict[str, float | None] = {
        name: None if then is None else value * then for name, value in causes.items()
    }
    known = then is not None and now is not None
    costs["price"] = hours * (now - then) if known else None  # type: ignore[operator]
    return {
        "estimate": predicted.name,
        "predicted": _side(whole, then, planned),
        "predicted_for_these_tokens": _side(whole * tokens / planned, then, tokens),
        "measured": _side(hours, now, tokens),
        "causes": {
            name: {"gpu_hours": causes.get(name, 0.0), "cost": cost} for name, cost in costs.items()
        },
        "units": {"gpu_hours": "GPU*hour", "cost": "USD", "tokens": "token"},
    }


def _side(hours: float, price: float | None, tokens: float) -> dict[str, float | None]:
    cost = None if price is None else hours * price
    return {"gpu_hours": hours, "cost": cost, "tokens": tokens}


def _hours(
    results: Results,
    tokens: float,
    hours: float,
    whole: float,
    planned: float,
    predicted: Predicted,
) -> dict[str, float]:
    """Return the causes in GPU-hours; what they leave over is "rest"."""
    same = whole * tokens / planned
    goodput = predicted.results.get("goodput") or 1.0
    found = {"tokens": same - whole}
    steady = results.value("tokens_per_gpu_second")
    if steady is None:
        return found | {"rest": hours - same}
    found["speed"] = tokens / steady / HOUR - same * goodput
    found["foreseen_pauses"] = -same * (1 - goodput)
    if results.clock is not None:
        each = hours / results.clock.total
        found |= {name: results.clock.parts[name] * each for name in PARTS if name != TRAINING}
    found["rest"] = hours - whole - sum(found.values())
    return found
