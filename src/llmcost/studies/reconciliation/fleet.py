"""A share of somebody's compute: the GPU-hours of runs over what a published fleet can give."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from llmcost.amounts import spread_from
from llmcost.catalog.columns import last_day
from llmcost.catalog.fleets import Fleet as PublishedFleet
from llmcost.catalog.fleets import fleets
from llmcost.catalog.models import ModelEntry, models
from llmcost.catalog.overheads import default
from llmcost.catalog.runs import published_run
from llmcost.errors import InputError, UnknownNameError, shown
from llmcost.figures import quantity_text
from llmcost.formulas.money import HOURS_PER_YEAR
from llmcost.studies.reconciliation.claimed import Claimed, accelerators_of
from llmcost.studies.reconciliation.ours import Figure, Ours

FLEET = "share_of_fleet"
# A model that comes out so soon after a claim can have been in training when it was made.
SOON = timedelta(days=100)
CLUSTERS, PLANNED = "cluster", "planned"
KINDS = {"fleet": "fleet of", "purchases": "bought in"}
HOW = "published GPU-hours of {}, up to all experiments with them, over a fleet"


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


@dataclass(frozen=True, slots=True)
class _Size:
    """A published number of accelerators [GPU]; `whole` where it is meant as all there are."""

    label: str
    num_gpus: int
    whole: bool


def share_of_fleet(claim: Claimed, fleet: Fleet) -> Ours:
    """Return the share of each published fleet that the claim's runs took, with experiments."""
    runs = runs_of(claim)
    hours = sum(hours for _, hours, _ in runs)
    if not hours:
        return Ours(reason=f"no GPU-hours of {claim.subject} are published")
    how = HOW.format(" and ".join(entry.name for entry, _, _ in runs))
    if fleet.hours is not None:
        return Ours((_figure("the hours given", hours, fleet.hours),), how)
    figures = tuple(
        _figure(size.label, hours, size.num_gpus * fleet.period, meant=size.whole)
        for size in _sizes(claim, runs)
    )
    if not any(figure.eligible for figure in figures):
        whose, day = runs[0][0].organisation, claim.prices_until
        return Ours(figures, how, f"no whole fleet of {whose} is known up to {day}")
    over = quantity_text(fleet.period, "hour")
    return Ours(figures, f"{how}, for {over}", as_of=str(claim.prices_until))


def runs_of(claim: Claimed) -> list[tuple[ModelEntry, float, tuple[str, ...]]]:
    """Return the models that a claim's subject names, with their hours and accelerators."""
    named = (
        entry
        for entry in models()
        if entry.name == claim.subject or entry.name.startswith(f"{claim.subject}-")
    )
    return list(_with_hours(named))


def later_words(claim: Claimed) -> str:
    """Return which models of the same name came out soon after a claim, and what they would add."""
    counted = [entry.name for entry, _, _ in runs_of(claim)]
    soon = (
        entry
        for entry in models()
        if entry.name.startswith(claim.subject)
        and entry.name not in counted
        and claim.said < last_day(entry.released) <= claim.said + SOON
    )
    later = list(_with_hours(soon))
    if not later or not counted:
        return ""
    names = ", ".join(entry.name for entry, _, _ in later)
    more = sum(hours for _, hours, _ in later)
    times = 1 + more / sum(hours for _, hours, _ in runs_of(claim))
    return (
        f"models that came out within {SOON.days} days after it are not counted, and can have been "
        f"in training: {names}; with {quantity_text(more, 'GPU*hour')} more the share is "
        f"{times:.1f} times as large"
    )


def _with_hours(
    entries: Iterable[ModelEntry],
) -> Iterator[tuple[ModelEntry, float, tuple[str, ...]]]:
    for entry in entries:
        run = published_run(entry.name)
        if run is not None and run.gpu_hours:
            yield entry, run.gpu_hours, accelerators_of(run.gpu)


def fleet_words(claim: Claimed, end: float) -> str:
    """Return what a share means: the hours of the whole fleet, and how long that is."""
    runs = runs_of(claim)
    whole = sum(hours for _, hours, _ in runs) / end
    spans = [
        f"{size.num_gpus:,} GPUs for {quantity_text(whole / size.num_gpus, 'hour')}"
        for size in _sizes(claim, runs)
    ]
    return f"in all, if final runs are meant: {'; '.join(spans) or 'no fleet is published'}"


def _figure(title: str, hours: float, whole: float, *, meant: bool = True) -> Figure:
    """Return the share of a fleet: final runs alone, with usual and with many experiments."""
    ratio = default("experiments_ratio")
    _, most = ratio.ends
    value, low, high = (min(hours * times / whole, 1.0) for times in (ratio.value, 1.0, most))
    return Figure(title, title, value, low, high, eligible=meant)


def _sizes(
    claim: Claimed, runs: list[tuple[ModelEntry, float, tuple[str, ...]]]
) -> Iterator[_Size]:
    """Yield the sizes on the runs' accelerator published up to the claim's day, clusters first.

    Numbers that were planned for later are told apart. Clusters count together, and
    are machines of a fleet, not all of it.
    """
    if not runs:
        return
    known = [one for one in _published(runs[0][0]) if one.day <= claim.prices_until]
    known = [one for one in known if one.gpu in runs[0][2][:1]]
    if clusters := [one for one in known if one.kind == CLUSTERS]:
        size = sum(one.num_gpus for one in clusters)
        yield _Size(f"{size:,} in {len(clusters)} clusters", size, whole=False)
    for one in known:
        if one.kind != CLUSTERS:
            planned = ", planned" if one.status == PLANNED else ""
            label = f"{one.num_gpus:,}, {KINDS[one.kind]} {one.as_of[:4]}{planned}"
            yield _Size(label, one.num_gpus, whole=True)


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
