"""What would have to be true for a claim to hold: the numbers that close the gap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import isclose

from llmcost.catalog.gpus import accelerator, usual_precision
from llmcost.catalog.measured import typical_mfu
from llmcost.figures import quantity_text, range_text
from llmcost.formulas import money
from llmcost.studies.methods import EPOCH_2024
from llmcost.studies.reconciliation.claimed import Claimed
from llmcost.studies.reconciliation.energies import RATED
from llmcost.studies.reconciliation.fleet import FLEET, fleet_words, runs_of
from llmcost.studies.reconciliation.ours import Figure, Ours, price_of
from llmcost.studies.reconciliation.quotes import MATCHES, Standing, standing
from llmcost.studies.reconciliation.setups import (
    FROM_FLOP,
    FROM_HOURS,
    FROM_RUN,
    PURCHASE,
    implied_mfu,
    peak_of,
)

WATTS_IN_MEGAWATT = 1e6
KWH_IN_MWH = 1e3
SAME = 0.02
EXACT = 1e-6
METHOD_SLACK = 0.1


@dataclass(frozen=True, slots=True)
class Implied:
    """A value that would make our estimate and one end of a claim equal.

    `end` is the end in the claim's unit, `name` and `unit` the quantity of `value`, `words` what
    it means, `standing` where a price stands among the dated rentals.
    """

    end: float
    name: str
    value: float
    unit: str
    words: str
    standing: Standing | None = None
    owners: str = ""

    @property
    def short(self) -> str:
        """What it means, in as few words as a table has room for."""
        if self.standing is None:
            return self.words
        return "; ".join(part for part in (self.standing.short, self.owners) if part)


def implied(claim: Claimed, found: Ours) -> tuple[Implied, ...]:
    """Return what each end of a claim implies, the number that explains most first."""
    if claim.outside or claim.circular:
        return ()
    return tuple(one for end in claim.limits for one in _of_end(claim, found, end))


def net_mfu(claim: Claimed) -> float | None:
    """Return the MFU of a claim's published FLOP and hours, every loss included, if both are."""
    if not (claim.model_flop and claim.known_hours and claim.gpus):
        return None
    return implied_mfu(claim.model_flop, claim.known_hours, peak_of(claim.gpus[0]))


def _of_end(claim: Claimed, found: Ours, end: float) -> Iterator[Implied]:
    if claim.quantity == "cost" and claim.unit == "USD":
        yield from (
            _purchase(claim, end) if claim.price_basis == PURCHASE else _cost(claim, found, end)
        )
    elif claim.quantity == "gpu_hours":
        yield from _utilization(claim, found, end, end)
    elif claim.quantity == "energy":
        yield from _power(claim, end)
    elif claim.quantity == "carbon":
        yield from _intensity(claim, found, end)
    elif claim.quantity == "water":
        yield from _water(found, end)
    elif claim.quantity == FLEET:
        yield from _fleet(claim, end)
    elif claim.quantity in ("development_cost", "post_training_cost"):
        yield from _over_final_run(claim, found, end)


def _cost(claim: Claimed, found: Ours, end: float) -> Iterator[Implied]:
    hours, whose = claim.known_hours, "the published"
    if hours is None and found.how in (FROM_RUN, FROM_FLOP):
        hours, whose = _result(found, "gpu_hours"), "our"
    if hours and claim.gpus:
        yield _price(claim, found, end, hours, whose)
    if (value := net_mfu(claim)) is not None:
        yield Implied(end, "implied_mfu", value, "", _beside_measured(claim))
    if found.simulation is None:
        return
    price = price_of(claim, found.as_of)
    if price:
        how = f"if an hour cost {quantity_text(price, 'USD')}, on demand: "
        yield from _utilization(claim, found, end, end / price, how)


def _price(claim: Claimed, found: Ours, end: float, hours: float, whose: str) -> Implied:
    value = end / float(money.rental_cost.kernel(gpu_hours=hours, price=1.0))
    where = standing(value, claim.gpus, claim.prices_until, claim.price_basis, claim.ran)
    at = f"at {whose} {quantity_text(hours, 'GPU*hour')}"
    owners = "; ".join(part for part in (_owners(found, value), _method(found, end)) if part)
    words = "; ".join(part for part in (where.words, owners) if part)
    return Implied(end, "implied_price", value, "USD/GPU/hour", f"{at}: {words}", where, owners)


def _method(found: Ours, end: float) -> str:
    """Return the figure of a published method that an end of a claim is, to a tenth."""
    close = [one for one in found.figures if one.basis.startswith(EPOCH_2024) and one.value]
    close = [one for one in close if abs(end / one.value - 1) <= METHOD_SLACK]
    best = min(close, key=lambda one: abs(end / one.value - 1), default=None)
    return f"{best.title}: {quantity_text(best.value, 'USD')}" if best else ""


def _beside_measured(claim: Claimed) -> str:
    """Return the hours behind a net MFU, and what measured runs have before any loss."""
    part = accelerator(claim.gpus[0])
    usual = typical_mfu(part.generation, usual_precision(part))
    hours = quantity_text(claim.known_hours, "GPU*hour")
    span = f"{usual.low:.2f} to {usual.high:.2f}"
    return f"in the published {hours}, every loss included; measured runs have {span} before any"


def _owners(found: Ours, price: float) -> str:
    """Return how a price [USD/GPU/hour] compares with an owner's cost of an hour."""
    known = found.simulation.estimate.results.get("owned_price") if found.simulation else None
    if known is None or known.low is None or known.high is None:
        return ""
    span = range_text(known.low, known.high, "USD", like=known.value)
    if price < known.low:
        return f"below an owner's cost of an hour ({span})"
    return f"an owner's cost of an hour ({span})" if price <= known.high else ""


def _utilization(
    claim: Claimed, found: Ours, end: float, hours: float, how: str = ""
) -> Iterator[Implied]:
    flop = _work(claim, found)
    if not flop or not claim.gpus or not hours:
        return
    rate, at = _peak(claim, found)
    value = implied_mfu(flop, hours, rate)
    told = f"{how}with every loss, over {quantity_text(hours, 'GPU*hour')}{at}"
    if value > 1:
        yield Implied(end, "implied_mfu", value, "", f"{told}: more than the peak, impossible")
        return
    yield Implied(end, "implied_mfu", value, "", told)
    ours = _result(found, "mfu")
    if ours and claim.model and not claim.circular:
        share = value / ours
        words = f"{how}slow steps included, at our MFU of {ours:.0%}{at}"
        words += ": more than all of the time" if share > 1 else ""
        yield Implied(end, "implied_goodput", share, "", words)


def _peak(claim: Claimed, found: Ours) -> tuple[float, str]:
    """Return the peak [FLOP/s/GPU] that our MFU is of, and its precision where it is unusual."""
    usual = peak_of(claim.gpus[0])
    inputs = found.simulation.estimate.inputs if found.simulation and found.how == FROM_RUN else {}
    known = inputs["peak_flop_rate"].value if "peak_flop_rate" in inputs else None
    if not isinstance(known, float) or known == usual:
        return usual, ""
    return known, f", of the peak at {inputs['precision'].value}"


def _power(claim: Claimed, end: float) -> Iterator[Implied]:
    if not claim.known_hours or not claim.gpus:
        return
    value = end * WATTS_IN_MEGAWATT / claim.known_hours
    rated = accelerator(claim.gpus[0]).power
    words = "for each accelerator"
    if rated:
        same = abs(value / rated - 1) <= SAME
        words += f": {'its' if same else 'against a'} rated power of {rated:,.0f} W"
    yield Implied(end, "implied_power", value, "W/GPU", words)


def _intensity(claim: Claimed, found: Ours, end: float) -> Iterator[Implied]:
    energy, how = _result(found, "energy"), ""
    rated = accelerator(claim.gpus[0]).power if claim.gpus else None
    if claim.power_basis == RATED and rated and claim.known_hours:
        energy, how = claim.known_hours * rated / WATTS_IN_MEGAWATT, "its rated power over its "
        how += f"{quantity_text(claim.known_hours, 'GPU*hour')}, "
    if energy:
        value = end / energy
        words = f"at {how or 'our '}{quantity_text(energy, 'MWh')}"
        yield Implied(end, "implied_carbon_intensity", value, "kgCO2e/kWh", words)


def _water(found: Ours, end: float) -> Iterator[Implied]:
    energy = _result(found, "energy")
    if energy:
        value, words = end / energy / KWH_IN_MWH, f"at our {quantity_text(energy, 'MWh')}"
        yield Implied(end, "implied_water_intensity", value, "litre/kWh", words)


def _over_final_run(claim: Claimed, found: Ours, end: float) -> Iterator[Implied]:
    cost = _result(found, "cost")
    if not cost:
        return
    share = claim.quantity == "post_training_cost"
    name, unit = ("implied_post_training_share", "") if share else ("implied_ratio", "")
    words = f"of the final run's {quantity_text(cost, 'USD')}"
    yield Implied(end, name, end / cost, unit, words)


def _fleet(claim: Claimed, end: float) -> Iterator[Implied]:
    hours = sum(hours for _, hours, _ in runs_of(claim))
    if hours:
        yield Implied(end, "implied_fleet", hours / end, "GPU*hour", fleet_words(claim, end))


def _purchase(claim: Claimed, end: float) -> Iterator[Implied]:
    if claim.num_gpus:
        words = f"for each of {claim.num_gpus:,} accelerators, with what is bought beside them"
        yield Implied(end, "implied_server_price", end / claim.num_gpus, "USD/GPU", words)


def _work(claim: Claimed, found: Ours) -> float | None:
    """Return the FLOP of a claim's run: as published, or ours where the run itself is estimated.

    A run that only stands for published hours has FLOP that nobody stated.
    """
    known = found.how in (FROM_RUN, FROM_FLOP)
    return claim.model_flop or (_result(found, "model_flop") if known else None)


def _result(found: Ours, name: str) -> float | None:
    known = found.simulation.estimate.results.get(name) if found.simulation else None
    return None if known is None else known.value


def closes(every: tuple[Implied, ...]) -> tuple[Implied, ...]:
    """Return the number that closes the gap at each end: the first that its end implies."""
    first: dict[float, Implied] = {}
    for one in every:
        first.setdefault(one.end, one)
    return tuple(first.values())


def same_arithmetic(claim: Claimed, found: Ours, main: Figure, every: Iterable[Implied]) -> bool:
    """Return whether our figure is the claim's own hours at the very price row behind it.

    Then both are one product, and their agreement says nothing of the run.
    """
    hours = claim.known_hours
    stated = main.basis == claim.price_basis and len(claim.ends) == 1
    if found.how != FROM_HOURS or not stated or not hours:
        return False
    quotes = [one.standing.nearest[0] for one in every if one.standing and matches(one)]
    return any(
        quote.terms == main.basis and isclose(quote.rate * hours, main.value, rel_tol=EXACT)
        for quote in quotes
    )


def matches(one: Implied) -> bool:
    """Return whether a dated price stands behind an implied price."""
    return one.standing is not None and one.standing.place == MATCHES
