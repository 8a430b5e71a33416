"""Our hours of a run beside the published ones, and our figures at those."""

from __future__ import annotations

from dataclasses import dataclass

from llmcost.studies.methods import EPOCH_2024
from llmcost.studies.reconciliation.claimed import Claimed
from llmcost.studies.reconciliation.ours import Figure, Ours
from llmcost.studies.reconciliation.setups import PURCHASE

# What grows with the hours of a run; of development and post-training hours are not published.
WITH_HOURS = ("cost", "energy_cost", "energy", "carbon", "embodied_carbon", "water")
SAME = 1e-6
KNOWN = ("reported", "counted")
APART = (
    "the published hours lie outside our range of them; seen alone, the claim shows our figure at "
    "those hours too"
)


@dataclass(frozen=True, slots=True)
class Hours:
    """The published hours of a run and ours with their range, all [GPU*hour]."""

    published: float
    ours: float
    low: float
    high: float
    known: bool

    @property
    def apart(self) -> bool:
        """Whether the hours that those who trained it counted lie outside our range."""
        return self.known and not self.low <= self.published <= self.high

    def at_published(self, figure: Figure) -> float | None:
        """Return a figure of ours at the published hours; a purchase does not depend on them.

        Figures of a published method are at its own.
        """
        if figure.basis == PURCHASE or figure.basis.startswith(EPOCH_2024):
            return None
        return figure.value * self.published / self.ours


def hours_beside(claim: Claimed, found: Ours) -> Hours | None:
    """Return the hours behind a bottom-up figure of ours, where others are published."""
    if found.simulation is None or claim.quantity not in WITH_HOURS or claim.known_hours is None:
        return None
    hours = found.simulation.estimate.results["gpu_hours"]
    if not hours.value or hours.low is None or hours.high is None:
        return None
    if abs(claim.known_hours / hours.value - 1) < SAME:
        return None
    known = claim.hours_source in KNOWN
    return Hours(claim.known_hours, hours.value, hours.low, hours.high, known)
