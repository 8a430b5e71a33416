"""Everything of a run but its steps: failures, prices, ownership, energy and scope, together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmcost.catalog.gpus import Accelerator
from llmcost.inputs import Cluster, InputValue, Workload
from llmcost.sampling import Spread
from llmcost.studies.choices.choosing import Chosen
from llmcost.studies.choices.cluster import price_day
from llmcost.studies.choices.failures import choose_goodput
from llmcost.studies.choices.given import Given, Note
from llmcost.studies.choices.ownership import DECLINING, choose_ownership
from llmcost.studies.choices.parts import chosen_part
from llmcost.studies.choices.power import choose_power
from llmcost.studies.choices.rentals import choose_rentals
from llmcost.studies.choices.scope import (
    DEVELOPMENT,
    choose_development,
    choose_equity,
    choose_scope,
)

# What an owner's cost is not known without, and may be missing.
OWNERS = ("server_price", "rated_power", "electricity_price")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Spreads and fixed columns for the engine, inputs for a reader, notes, and rental offers."""

    factors: Mapping[str, Spread]
    fixed: Mapping[str, float]
    inputs: Mapping[str, InputValue]
    notes: tuple[Note, ...]
    offers: tuple[Mapping[str, Any], ...] = ()


def choose_surroundings(
    given: Given, workload: Workload, cluster: Cluster, gpu: InputValue | None
) -> Surroundings:
    """Return what surrounds the steps of a run; raises InputError for what cannot be used."""
    scope = choose_scope(given)
    chosen = choose_goodput(given, cluster)
    inputs = {name: one.shown for name, one in chosen.items()}
    if gpu is None:
        factors = {name: one.spread for name, one in chosen.items()}
        return Surroundings(factors, _whole(chosen), inputs, ())
    part = chosen_part(given, str(gpu.value))
    return _with_money(given, workload, part, chosen, scope)


def _with_money(
    given: Given,
    workload: Workload,
    part: Accelerator,
    failures: Mapping[str, Chosen],
    scope: InputValue,
) -> Surroundings:
    day = price_day(given)
    rentals, offers = choose_rentals(part, day)
    owned, way, owned_notes = choose_ownership(given, part, day)
    power, region, power_notes = choose_power(given, part, day)
    notes = [*owned_notes, *power_notes]
    beyond: dict[str, Chosen] = {}
    if scope.value == DEVELOPMENT:
        beyond, beyond_notes = choose_development(given, workload)
        notes += [*beyond_notes, *_without_owners_cost(beyond, {**owned, **power})]
    told = {**failures, **owned, **power, **beyond}
    inputs = {name: one.shown for name, one in told.items()}
    inputs |= {"depreciation": way, "region": region, "scope": scope}
    if scope.value == DEVELOPMENT:
        inputs["equity"] = choose_equity(given)
    factors = {name: one.spread for name, one in {**told, **rentals}.items()}
    fixed = {**_whole(failures), "declining": float(way.value == DECLINING)}
    return Surroundings(factors, fixed, inputs, tuple(notes), offers)


def _without_owners_cost(
    beyond: Mapping[str, Chosen], owners: Mapping[str, Chosen]
) -> Iterator[Note]:
    """Yield why a development has no cost, where people are a share of what nobody knows."""
    if "staff_share" in beyond and any(name not in owners for name in OWNERS):
        text = (
            "No cost of development: without a number of people, what they cost is a share of the "
            "owner's cost, which is not known; give --staff and --staff-time, or what it lacks."
        )
        yield "no-development-cost", text


def _whole(chosen: Mapping[str, Chosen]) -> dict[str, float]:
    """Return a steady share of one where nothing else is chosen."""
    return {} if "steady_share" in chosen else {"steady_share": 1.0}
