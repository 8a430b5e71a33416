"""A share of somebody's compute: the GPU-hours of runs over what a published fleet can give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmcost.amounts import spread_from
from llmcost.catalog.fleets import Fleet as PublishedFleet
from llmcost.catalog.fleets import fleets
from llmcost.catalog.models import ModelEntry, models
from llmcost.catalog.overheads import default
from llmcost.catalog.runs import published_run
from llmcost.errors import InputError, UnknownNameError, shown
from llmcost.figures import quantity_text
from llmcost.studies.reconciliation.claimed import Claimed, accelerators_of
from llmcost.studies.reconciliation.ours import Figure, Ours

FLEET = "share_of_fleet"
CLUSTERS = "cluster"
HOURS_PER_YEAR = 8766.0
KINDS = {"fleet": "the fleet", CLUSTERS: "clusters", "purchases": "purchases of the year"}
HOW = "published GPU-hours of its final runs, up to all experiments with them, over a fleet"


@dataclass(frozen=True, slots=True)
class Fleet:
    """What a share is a share of: `hours` [GPU*hour], or published fleets for `period` [hour]."""

    hours: float | None
    period: float

    @classmethod
    def of(cls, hours: object, period: object) -> Fleet:
        """Return what a user says of the fleet; raises InputError for both at once."""
        if hours is not None and period is not None:
            raise InputError("period: got it beside fleet_hours, which hold for any; give one.")
        known = None if hours is None else _one(hours, "GPU*hour", "fleet_hours")
        return cls(known, HOURS_PER_YEAR if period is None else _one(period, "hour", "period"))


def share_of_fleet(claim: Claimed, fleet: Fleet) -> Ours:
    """Return the share of each published fleet that the claim's runs took, with experiments."""
    runs = runs_of(claim)
    hours = sum(hours for _, hours, _ in runs)
    if not hours:
        return Ours(reason=f"no GPU-hours of {claim.subject} are published")
    if fleet.hours is not None:
        return Ours((_figure("given", "the hours given", hours, fleet.hours),), HOW)
    figures = tuple(
        _figure(label, label, hours, size * fleet.period) for label, size in _sizes(claim, runs)
    )
    if not figures:
        return Ours(
            reason=f"no fleet of {runs[0][0].organisation} is known up to {claim.prices_until}"
        )
    over = quantity_text(fleet.period, "hour")
    return Ours(figures, f"{HOW}, for {over}", as_of=str(claim.prices_until))


def runs_of(claim: Claimed) -> list[tuple[ModelEntry, float, tuple[str, ...]]]:
    """Return the models that a claim's subject names, with their hours and accelerators."""
    found = []
    for entry in models():
        if entry.name == claim.subject or entry.name.startswith(f"{claim.subject}-"):
            run = published_run(entry.name)
            if run is not None and run.gpu_hours:
                found.append((entry, run.gpu_hours, accelerators_of(run.gpu)))
    return found


def fleet_words(claim: Claimed, end: float) -> str:
    """Return what a share means: the hours of the whole fleet, and how long that is."""
    runs = runs_of(claim)
    whole = sum(hours for _, hours, _ in runs) / end
    spans = [
        f"{size:,} GPUs for {quantity_text(whole / size, 'hour')}"
        for _, size in _sizes(claim, runs)
    ]
    return f"in all, if final runs are meant: {'; '.join(spans) or 'no fleet is published'}"


def _figure(basis: str, title: str, hours: float, whole: float) -> Figure:
    """Return the share of a fleet: final runs alone, with usual and with many experiments."""
    ratio = default("experiments_ratio")
    ends = (min(hours * times / whole, 1.0) for times in (ratio.value, 1.0, ratio.high))
    return Figure(basis, title, *ends)


def _sizes(
    claim: Claimed, runs: list[tuple[ModelEntry, float, tuple[str, ...]]]
) -> Iterator[tuple[str, int]]:
    """Yield the published sizes on the runs' accelerator up to the claim's year, clusters first.

    Numbers that were planned for later in that year are told apart; clusters count together.
    """
    if not runs:
        return
    known = [one for one in _published(runs[0][0]) if one.day.year <= claim.prices_until.year]
    known = [one for one in known if one.gpu in runs[0][2][:1]]
    if clusters := [one for one in known if one.kind == CLUSTERS and one.day <= claim.prices_until]:
        size = sum(one.num_gpus for one in clusters)
        yield f"{len(clusters)} clusters of {size:,}", size
    for one in known:
        if one.kind != CLUSTERS:
            planned = ", planned" if one.day > claim.prices_until else ""
            yield f"{one.num_gpus:,} {one.as_of[:4]} ({KINDS[one.kind]}{planned})", one.num_gpus


def _published(entry: ModelEntry) -> tuple[PublishedFleet, ...]:
    try:
        return fleets(entry.organisation)
    except UnknownNameError:
        return ()


def _one(value: object, unit: str, name: str) -> float:
    spread = spread_from(value, unit, name)
    if not spread.exact:
        raise InputError(f"{name}: got {shown(value)}; needs one number, not a range.")
    return spread.value
