"""What llmcost says where a claim says something: the same quantity, scope and price basis."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost import sampling
from llmcost.catalog.columns import day_from
from llmcost.catalog.currencies import BASE
from llmcost.catalog.overheads import default
from llmcost.catalog.price_quotes import RENTAL_TERMS, first_price_day, rental_name
from llmcost.catalog.prices import select_price
from llmcost.catalog.runs import PublishedRun, runs
from llmcost.errors import InputError
from llmcost.formulas import money
from llmcost.studies.reconciliation.claimed import (
    OWN,
    Claimed,
    accelerators_of,
    catalogued,
    placed,
)
from llmcost.studies.reconciliation.quotes import nearest_day
from llmcost.studies.reconciliation.setups import FROM_RUN, PURCHASE, Setup, setups, why_none

if TYPE_CHECKING:
    from llmcost.studies.estimation import Simulation

OWNER = "owner"
RESULT_OF = {
    **{terms: rental_name(terms) for terms in RENTAL_TERMS},
    OWNER: "owned_cost",
    PURCHASE: "acquisition_cost",
}
STATED = "stated"
TITLES = {OWNER: "owned, amortised", PURCHASE: "bought", STATED: "the stated price"}
ON_DEMAND, THREE_YEARS = RENTAL_TERMS[0], "reserved-3y"
DEVELOPMENT = {
    ON_DEMAND: "development_cost",
    OWNER: "owned_development_cost",
}
POST_TRAINING = {ON_DEMAND: "post_training_cost", OWNER: "owned_post_training_cost"}
# Results of a run that a claim may name as they are.
PLAIN = (
    *("gpu_hours", "wall_clock", "model_flop", "mfu"),
    *("energy", "carbon", "embodied_carbon", "water", "energy_cost"),
)
# Results that an estimate has only where they are asked for, and how.
LABELLED = {"water": {"water": True}, "embodied_carbon": {"embodied": True}}
FRONTIER_FLOP = 1e24
# The start of the message that a day lies before every price.
UNDATED = "as_of: "
PROBE = {"parameters": 1e9, "tokens": 2e10, "gpu": "h100-sxm", "mfu": 0.4, "goodput": 1.0}


@dataclass(frozen=True, slots=True)
class Figure:
    """One of our values to set beside a claim, with its interval.

    `basis` is the price basis where it is a cost; `draws` hold the values behind the interval,
    where there are any; `eligible` tells whether the claim can mean this basis, `asked` whether it
    may stand for us: a figure of another method does only where that method is asked for.
    """

    basis: str
    title: str
    value: float
    low: float
    high: float
    draws: Any = field(default=None, repr=False, compare=False)
    eligible: bool = True
    asked: bool = True


@dataclass(frozen=True, slots=True)
class Ours:
    """What we have to set beside a claim: figures, how they were made, and the run behind them.

    `reason` says why there is no figure.
    """

    figures: tuple[Figure, ...] = ()
    how: str = ""
    reason: str = ""
    simulation: Simulation | None = None
    as_of: str = ""


class Bench:
    """Runs each setup once, with the options that the user gave for all of them."""

    def __init__(self, options: Mapping[str, object], as_of: str | None = None) -> None:
        self._options = {name: value for name, value in options.items() if value is not None}
        self._as_of = as_of
        self._known: dict[tuple[Any, ...], Simulation] = {}

    def check(self) -> None:
        """Raise what is wrong with the options themselves, on a run of which all is known."""
        self.run({**PROBE, **({} if self._as_of is None else {"as_of": self._as_of})})

    @property
    def drawn(self) -> Mapping[str, Any]:
        """The share of draws between low and high, their number and their seed."""
        return next(iter(self._known.values())).estimate.meta

    def run(self, arguments: Mapping[str, object]) -> Simulation:
        """Return the simulation of one setup."""
        from llmcost.studies.estimation import simulate

        wanted = {**self._options, **arguments}
        if "region" in self._options:  # Said of all claims, also of those with a region known.
            wanted["region"] = self._options["region"]
        key = tuple(sorted((name, repr(value)) for name, value in wanted.items()))
        if key not in self._known:
            self._known[key] = simulate(**wanted)  # type: ignore[arg-type]
        return self._known[key]

    def days(self, claim: Claimed) -> tuple[str, ...]:
        """Return the days whose prices may be used: the model's release, then the claim's own.

        A day that the user gives counts for every claim.
        """
        if self._as_of is not None:
            return (self._as_of,)
        known = [day for day in (claim.ran, claim.said) if day is not None and day <= claim.said]
        return tuple(dict.fromkeys(map(str, known)))


def ours(claim: Claimed, bench: Bench) -> Ours:
    """Return what we have to set beside a claim, or the reason why there is nothing."""
    reason = claim.outside or _circle(claim)
    if reason:
        return Ours(reason=reason)
    compare = _WAYS.get(claim.quantity, _unknown)
    return compare(claim, bench)


def price_of(claim: Claimed, day: str) -> float | None:
    """Return the median on-demand price [USD/GPU/hour] of a claim's accelerator on a day."""
    return select_price(claim.gpus[0], as_of=day).value if claim.gpus else None


def _circle(claim: Claimed) -> str:
    if not claim.circular:
        return ""
    hours = claim.hours_source == "from-cost"
    what = "GPU-hours were" if hours else "compute was"
    return f"circular: its {what} worked back from the cost, and cannot confirm it"


def _experiments(claim: Claimed, _bench: Bench) -> Ours:
    """Set a share of development against our own assumption of it."""
    ratio = default("experiments_ratio")
    of_all = claim.quantity == "development_share"
    value, low, high = (1 - 1 / end if of_all else end - 1 for end in (ratio.value, *ratio.ends))
    how = "our assumption: experiments_ratio of defaults.csv"
    return Ours((Figure("", how, value, low, high),), how)


def _unknown(claim: Claimed, _bench: Bench) -> Ours:
    return Ours(reason=f"llmcost has no {claim.quantity.replace('_', ' ')} to set beside it")


def _cost(claim: Claimed, bench: Bench) -> Ours:
    if claim.unit != "USD":
        return Ours(reason=f"in {claim.unit}, which is not converted without a dated rate")
    if claim.subject == "any large language model":
        return _runs_cost(claim)
    return _many(claim) or _figures(claim, bench, RESULT_OF)


def _development(claim: Claimed, bench: Bench) -> Ours:
    named = DEVELOPMENT if claim.quantity == "development_cost" else POST_TRAINING
    return _figures(claim, bench, named, {"scope": "development"})


def _plain(claim: Claimed, bench: Bench) -> Ours:
    asked = LABELLED.get(claim.quantity)
    return _many(claim) or _figures(claim, bench, {"": claim.quantity}, asked)


def _many(claim: Claimed) -> Ours | None:
    """Return the reason where a claim covers more than one run, and no hours of them are known."""
    several = claim.scope in ("several-models", "post-training") and not claim.known_hours
    if not several and claim.scope != "programme":
        return None
    return Ours(reason=f"covers {claim.covers or claim.scope}, not one training run")


def can_mean(claim: Claimed, basis: str) -> bool:
    """Return whether a claim can mean a price basis; only a purchase means that of the cluster."""
    wanted = claim.price_basis
    if PURCHASE in (basis, wanted):
        return basis == wanted
    if wanted in ("not-stated", "none") or not basis:
        return True
    if wanted in ("rental", "assumed"):
        return basis in RENTAL_TERMS
    return basis == wanted


def _figures(
    claim: Claimed,
    bench: Bench,
    named: Mapping[str, str],
    extra: Mapping[str, object] | None = None,
) -> Ours:
    """Return the results of these names, by price basis, from the first setup that has any."""
    last = Ours(reason=why_none(claim))
    ways = setups(claim, pin=claim.quantity != "gpu_hours")
    for setup, day in product(ways, bench.days(claim)):
        try:
            simulation = bench.run({**setup.arguments, **(extra or {}), "as_of": day})
        except InputError as error:
            if claim.kind == OWN and not str(error).startswith(UNDATED):
                raise of_claim(claim, error) from None
            last = Ours(how=setup.how, reason=_why_not(claim, error, day))
            continue
        figures = (*_at_stated_price(claim, setup, simulation), *_read(claim, simulation, named))
        if any(figure.eligible for figure in figures):
            return Ours(figures, setup.how, "", simulation, day)
        last = Ours(figures, setup.how, _lacking(claim, day), simulation, day)
    return last


def _at_stated_price(claim: Claimed, setup: Setup, simulation: Simulation) -> Iterator[Figure]:
    """Yield our GPU-hours at the price that a claim states; its own hours would confirm nothing."""
    if claim.quantity != "cost" or claim.price is None or setup.how != FROM_RUN:
        return
    hours = simulation.estimate.results["gpu_hours"]
    if hours.value is None or hours.low is None or hours.high is None:
        return
    value, low, high = (
        float(money.rental_cost.kernel(gpu_hours=end, price=claim.price))
        for end in (hours.value, hours.low, hours.high)
    )
    draws = simulation.draws["gpu_hours"] * claim.price
    yield Figure(STATED, TITLES[STATED], value, low, high, draws)


def _read(claim: Claimed, simulation: Simulation, named: Mapping[str, str]) -> Iterator[Figure]:
    for basis, name in named.items():
        result = simulation.estimate.results.get(name)
        if result is None or result.value is None or result.low is None or result.high is None:
            continue
        scale = _scale(claim.unit, result.unit)
        ends = (result.value * scale, result.low * scale, result.high * scale)
        draws = simulation.draws.get(name)
        scaled = None if draws is None else np.asarray(draws, dtype=float) * scale
        yield Figure(basis, TITLES.get(basis, basis), *ends, scaled, can_mean(claim, basis))


def of_claim(claim: Claimed, error: InputError) -> InputError:
    """Return an error about a claim: one of several says which claim it is about.

    A claim of a file is named by its place there; an id never stands where an option would.
    """
    label = claim.name.partition("/")[0]
    if claim.place:
        return placed(claim.place, error)
    return error if label == OWN else placed(f"claim {label}", error)


def _why_not(claim: Claimed, error: InputError, day: str) -> str:
    if str(error).startswith(UNDATED):
        first = f"the first in the catalogue is of {first_price_day()}"
        return f"no price was listed by then: {first}{_nearest(claim, day)}"
    what, _, _ = str(error).partition(": nothing given")
    if what in ("tokens", "seq_length"):
        return f"no {what.replace('_', ' ')} of its run are known"
    return f"cannot be estimated: {str(error).split(';')[0]}"


def _lacking(claim: Claimed, day: str) -> str:
    known = {terms: f"{terms} rental" for terms in RENTAL_TERMS}
    known |= {OWNER: "owner's cost", PURCHASE: "purchase price"}
    what = known.get(claim.price_basis, claim.quantity)
    part = claim.gpus[0] if claim.gpus else "its accelerator"
    told = f"no {what.replace('_', ' ')} of {part} is known up to {day}"
    return told + (_nearest(claim, day) if claim.unit == BASE else "")


def _nearest(claim: Claimed, day: str) -> str:
    """Return when the accelerator of a claim had a price that the claim can mean."""
    if not claim.gpus:
        return ""
    bought = claim.price_basis in (OWNER, PURCHASE)
    when = day_from(day, "as_of")
    return f"; {nearest_day(claim.gpus[0], when, claim.price_basis, bought=bought)}"


def _scale(wanted: str, have: str) -> float:
    if not wanted or wanted == have:
        return 1.0
    from llmcost.units import registry

    return float(registry().Quantity(1.0, have).to(wanted).magnitude)


def _exact(claim: Claimed, _bench: Bench) -> Ours:
    entry = catalogued(claim.model)
    if entry is None:
        return _across(claim) if claim.quantity == "num_gpus" else _unknown(claim, _bench)
    known: dict[str, float | None] = {
        "parameters": entry.parameters,
        "tokens": entry.published_tokens,
        "num_gpus": claim.num_gpus,
    }
    value = known[claim.quantity]
    if value is None:
        return Ours(reason=f"no {claim.quantity.replace('_', ' ')} of {entry.name} is published")
    how = "exact count" if claim.quantity == "parameters" else "published by its authors"
    return Ours((Figure("", how, value, value, value),), how)


def _across(claim: Claimed) -> Ours:
    """Set a number of accelerators against those of the largest published runs."""
    large = [run for run in _pretraining() if _flop(run) >= FRONTIER_FLOP and run.num_gpus]
    sizes = [float(run.num_gpus or 0) for run in large if _day(run) <= str(claim.said)]
    how = f"{len(sizes)} published runs of {FRONTIER_FLOP:.0e} FLOP or more".replace("e+", "e")
    return _spread_over(sizes, how)


def _runs_cost(claim: Claimed) -> Ours:
    """Set a cost of any model against published GPU-hours at the on-demand price of the day."""
    costs = []
    for run in _pretraining():
        price = _rental(accelerators_of(run.gpu), str(claim.said))
        if run.gpu_hours and price and _day(run) <= str(claim.said):
            costs.append(float(money.rental_cost.kernel(gpu_hours=run.gpu_hours, price=price)))
    return _spread_over(costs, f"{len(costs)} published runs at on-demand prices")


def _spread_over(values: list[float], how: str) -> Ours:
    if not values:
        return Ours(reason="no published run to set beside it")
    low, high = sampling.interval(values)
    return Ours((Figure("", how, float(np.median(values)), low, high, np.array(values)),), how)


def _rental(gpus: tuple[str, ...], day: str) -> float | None:
    for gpu in gpus[:1]:
        return select_price(gpu, as_of=day).value
    return None


def _pretraining() -> Iterator[PublishedRun]:
    return (run for run in runs() if run.task == "pretrain")


def _flop(run: PublishedRun) -> float:
    return 6 * (run.active_parameters or run.parameters) * (run.tokens or 0)


def _day(run: PublishedRun) -> str:
    return run.date


_WAYS: dict[str, Callable[[Claimed, Bench], Ours]] = {
    "cost": _cost,
    "development_cost": _development,
    "post_training_cost": _development,
    **dict.fromkeys(("development_share", "development_over_training"), _experiments),
    **dict.fromkeys(PLAIN, _plain),
    **dict.fromkeys(("parameters", "tokens", "num_gpus"), _exact),
}
