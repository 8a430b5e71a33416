"""One shape for every claim: those of the essays, the published ones, and a user's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any

from llmcost.catalog.claims import Claim, PublishedClaim, claims, published_claims
from llmcost.catalog.columns import folded, last_day
from llmcost.catalog.currencies import BASE, currencies_known, to_usd
from llmcost.catalog.gpus import accelerator, accelerator_names, measured_accelerator
from llmcost.catalog.models import ModelEntry, model
from llmcost.catalog.runs import published_run
from llmcost.catalog.sources import source
from llmcost.errors import InputError, UnitError, UnknownNameError
from llmcost.studies.reconciliation.bounds import allowed

ESSAYS, PUBLISHED, OWN = "essays", "published", "own"
FROM_COST = "from-cost"
AS_CLAIMED = "the claim"
# What says nothing about the cost that it was worked back from.
COSTS = ("cost", "energy_cost", "development_cost", "post_training_cost")


@dataclass(frozen=True)
class Claimed:
    """A figure that somebody stated, with all that is known about what it covers.

    `low` and `high` are in `unit`, one of them absent where the relation gives no such bound.
    `model` is a name of the catalogue, `gpus` the accelerators that the claim can mean, the one it
    most likely means first. `said` is the last day that its statement can mean, `ran` that of the
    model's release. Hours are in [GPU*hour], `hours` in [hour], `price` in [USD/GPU/hour]. `run`
    holds what a user's claim says of the run, in the parameters of an estimate, and `known` what
    else is published of it. `until` is a day after which no price may be seen, where a user sets
    one; `converted` tells by which rate it was brought to US dollars, `place` where in a file it
    stands.
    """

    name: str
    title: str
    subject: str
    quantity: str
    relation: str
    low: float | None
    high: float | None
    unit: str
    said: date
    kind: str
    statement: str = ""
    covers: str = ""
    model: str | None = None
    ran: date | None = None
    scope: str = "not-stated"
    price_basis: str = "not-stated"
    provider: str | None = None
    price: float | None = None
    gpus: tuple[str, ...] = ()
    gpu_hours: float | None = None
    hours_source: str | None = None
    hours_of: str = ""
    num_gpus: int | None = None
    hours: float | None = None
    model_flop: float | None = None
    power_basis: str | None = None
    derived_from: str | None = None
    re_check: bool = False
    outside: str | None = None
    sources: tuple[str, ...] = ()
    note: str | None = None
    stands_for: str | None = None
    known: Mapping[str, object] = field(default_factory=dict)
    until: date | None = None
    converted: str = ""
    place: str = ""
    run: Mapping[str, object] = field(default_factory=dict)

    @cached_property
    def bounds(self) -> tuple[float, float]:
        """The lowest and highest value that the claim allows."""
        return allowed(self.relation, self.low, self.high)

    @property
    def prices_until(self) -> date:
        """The last day whose prices may stand beside the claim."""
        return self.until or self.said

    @property
    def ends(self) -> tuple[float, ...]:
        """The figures stated: one, or both ends of a range."""
        return tuple(dict.fromkeys(end for end in (self.low, self.high) if end is not None))

    @property
    def limits(self) -> tuple[float, ...]:
        """The figures stated; of an order of magnitude, where it begins and ends."""
        known = self.relation == "order_of" and self.low is not None
        return self.bounds if known else self.ends

    @property
    def circular(self) -> bool:
        """Whether the figures beside a cost were worked back from that very cost."""
        from_cost = self.derived_from == "cost" or self.hours_source == FROM_COST
        return from_cost and self.quantity in COSTS

    @property
    def known_hours(self) -> float | None:
        """The hours [GPU*hour] that can be held against the figure: not those worked from it."""
        return None if self.hours_source == FROM_COST else self.gpu_hours


def essay_claims() -> tuple[Claimed, ...]:
    """Return the claims of the essays; one that names several figures gives one for each."""
    every = claims()
    ids = [claim.id for claim in every]
    twice = {name for name in ids if ids.count(name) > 1}
    return tuple(
        one
        for claim in every
        for one in _figures(claim, claim.name if claim.id in twice else claim.id)
    )


def published() -> tuple[Claimed, ...]:
    """Return the published figures."""
    return tuple(map(_published, published_claims()))


def in_dollars(claim: Claimed) -> Claimed:
    """Return a claim in US dollars, by the rate of the month it was stated in, which is noted."""
    if claim.unit == BASE or claim.unit not in currencies_known():
        return claim
    low, high = (
        None if end is None else to_usd(end, claim.unit, claim.said)
        for end in (claim.low, claim.high)
    )
    rate = low or high
    if rate is None:
        return claim
    return replace(
        claim,
        low=low.usd if low else None,
        high=high.usd if high else None,
        unit=BASE,
        converted=rate.told,
    )


def placed(where: str, error: InputError) -> InputError:
    """Return an error that says in which claim it is; one of units stays one of units."""
    kind = UnitError if isinstance(error, UnitError) else InputError
    return kind(f"{where}: {error}")


def catalogued(name: str | None) -> ModelEntry | None:
    """Return the model of this name, or `None` where the catalogue has none."""
    try:
        return model(name) if name else None
    except UnknownNameError:
        return None


def run_facts(entry: ModelEntry | None) -> dict[str, Any]:
    """Return what is published of a model's run, in the fields of a claim."""
    run = published_run(entry.name) if entry else None
    if entry is None:
        return {}
    facts: dict[str, Any] = {"model": entry.name, "ran": last_day(entry.released)}
    if run is None:
        return facts
    hours = run.gpu_hours
    return facts | {
        "gpus": accelerators_of(run.gpu),
        "gpu_hours": hours,
        "hours_source": "reported" if hours else None,
        "hours_of": f"training_runs.csv {run.id}" if hours else "",
        "num_gpus": run.num_gpus,
    }


def accelerators_of(name: str | None) -> tuple[str, ...]:
    """Return the accelerators that a printed name can mean, the likeliest first.

    A name that means the module by itself does not mean the card.
    """
    try:
        names = accelerator_names(name) if name else ()
        likely = measured_accelerator(name) if name else None
    except UnknownNameError:
        return ()
    if likely is None:
        return names
    alike = [one for one in names if accelerator(one).form_factor == likely.form_factor]
    return tuple(dict.fromkeys([likely.name, *alike]))


def _figures(claim: Claim, name: str) -> Iterator[Claimed]:
    several = max(len(claim.lows), len(claim.highs)) > 1
    subjects = claim.subjects if several else claim.subjects[:1]
    for at, subject in enumerate(subjects):
        low, high = (
            (ends[at] if several else ends[0]) if ends else None
            for ends in (claim.lows, claim.highs)
        )
        yield _of_essay(claim, name, subject, low, high)


def _of_essay(
    claim: Claim, name: str, subject: str, low: float | None, high: float | None
) -> Claimed:
    facts = run_facts(catalogued(claim.stand_in or subject)) or _closed(subject)
    several = len(claim.lows) > 1
    return Claimed(
        name=f"{name}/{subject}" if several else name,
        title=claim.essay.title,
        subject=subject if several else ", ".join(claim.subjects),
        quantity=claim.quantity,
        relation=claim.relation,
        low=low,
        high=high,
        unit=claim.unit,
        said=last_day(claim.essay.date),
        kind=ESSAYS,
        statement=claim.statement,
        covers=claim.what_it_covers,
        scope=claim.scope,
        price_basis=claim.price_basis,
        outside=claim.outside,
        sources=(claim.essay.key,),
        stands_for=claim.stand_in,
        **facts,
    )


def _closed(subject: str) -> dict[str, Any]:
    """Return the hours that others published for a model of which no more is public."""
    for row in published_claims():
        fits = folded(row.model) == folded(subject) and row.gpu_hours
        if fits and row.hours_source != FROM_COST:
            return {
                "ran": last_day(row.date),
                "gpus": accelerators_of(row.gpu),
                "gpu_hours": row.gpu_hours,
                "hours_source": row.hours_source,
                "hours_of": f"published_claims.csv {row.id}",
                "num_gpus": row.num_gpus,
                "model_flop": row.model_flop,
            }
    return {}


def _published(row: PublishedClaim) -> Claimed:
    known = run_facts(catalogued(row.catalogue_model))
    gpus = accelerators_of(row.gpu)
    if not known and row.gpu is None and row.derived_from is None:
        closed = _closed(row.model)
        gpus = closed.pop("gpus", ())
        known = closed
    if (likely := known.get("gpus", ())[:1]) and likely[0] in gpus:
        gpus = tuple(dict.fromkeys([*likely, *gpus]))
    return Claimed(
        name=row.id,
        title=row.model,
        subject=row.model,
        quantity=row.quantity,
        relation=row.relation,
        low=row.low,
        high=row.high,
        unit=row.unit,
        said=max(last_day(source(key).published) for key in row.sources),
        kind=PUBLISHED,
        statement=f"{row.basis}: {row.includes}" if row.includes else row.basis,
        covers=row.includes or "",
        model=row.catalogue_model,
        ran=last_day(row.date),
        scope=row.scope,
        price_basis=row.price_basis,
        provider=row.provider,
        price=row.price,
        gpus=gpus,
        gpu_hours=row.gpu_hours or known.get("gpu_hours"),
        hours_source=row.hours_source or known.get("hours_source"),
        hours_of=f"published_claims.csv {row.id}" if row.gpu_hours else known.get("hours_of", ""),
        num_gpus=row.num_gpus or known.get("num_gpus"),
        hours=row.hours,
        model_flop=row.model_flop,
        power_basis=row.power_basis,
        derived_from=row.derived_from,
        re_check=row.re_check,
        sources=row.sources,
        note=row.note,
        known={
            name: value
            for name, value in (("precision", row.precision), ("region", row.region))
            if value
        },
    )
