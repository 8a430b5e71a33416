"""Energy and carbon as claims count them: rated power times hours, or accelerators alone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from llmcost import sampling
from llmcost.studies.reconciliation.claimed import Claimed
from llmcost.studies.reconciliation.ours import Figure, Ours

if TYPE_CHECKING:
    from llmcost.studies.estimation import Simulation

RATED, ACCELERATORS, SITE = "rated", "accelerators", "site"
ENERGY, CARBON = "energy", "carbon"
TITLES = {
    RATED: "rated power times hours",
    ACCELERATORS: "accelerators alone",
    SITE: "what the site draws",
}
WATTS_IN_MEGAWATT = 1e6


def on_power_basis(claim: Claimed, found: Ours) -> Ours:
    """Return an energy or carbon figure on the basis that the claim counts with, before the site's.

    Accelerators alone draw at least the share of their rated power that servers do, and at most
    all of it.
    """
    known = claim.power_basis
    if known is None or found.simulation is None or claim.quantity not in (ENERGY, CARBON):
        return found
    figure = _figure(claim, found.simulation, known)
    if figure is None:
        return found
    sites = (replace(one, basis=SITE, title=TITLES[SITE], eligible=False) for one in found.figures)
    return replace(found, figures=(figure, *sites))


def _figure(claim: Claimed, simulation: Simulation, basis: str) -> Figure | None:
    results, inputs = simulation.estimate.results, simulation.estimate.inputs
    hours, energy = results["gpu_hours"], results.get(ENERGY)
    if energy is None or not energy.value or hours.value is None:
        return None
    rated, draw = inputs["rated_power"].value, inputs["power_draw_fraction"]
    if not isinstance(rated, float) or not isinstance(draw.value, float):
        return None
    typical, least = draw.value, draw.value if draw.low is None else draw.low
    shares = (1.0, 1.0, 1.0) if basis == RATED else (typical, least, 1.0)
    times, each = 1.0, np.ones(1)
    if claim.quantity == CARBON:
        times = (results[CARBON].value or 0.0) / energy.value
        each = np.asarray(simulation.draws[CARBON]) / np.asarray(simulation.draws[ENERGY])
    watts = rated / WATTS_IN_MEGAWATT
    drawn = np.asarray(simulation.draws["gpu_hours"]) * watts * each
    low, high = sampling.interval(drawn, float(simulation.estimate.meta["interval"]))
    value = hours.value * watts * times
    kept = drawn if basis == RATED else None
    return Figure(basis, TITLES[basis], value * shares[0], low * shares[1], high * shares[2], kept)
