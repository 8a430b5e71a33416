"""The published method epoch-2024: what a run costs an owner, a buyer and a renter, step by step.

Amortised: the value of the server when training starts, written off at the rate at which such
hardware loses value, for the device-hours of the run; the network as a share of the cluster; energy
as rated power times fixed ratios, at the price of electricity in the year of publication. Buying:
all devices at the price when they were new. Renting: a three-year commitment.

In the dollars of their days; `in_dollars_of` moves them. What its authors leave out: failures,
storage, staff, experiments, failed runs, data, post-training and margins.

Source: Cottier et al. 2024 (arXiv 2405.21015) and its authors' script at commit 263c40a.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from llmcost.catalog.epoch_2024 import Rule, rule, rules, value_of
from llmcost.catalog.inflation import adjust
from llmcost.errors import InputError
from llmcost.formulas import energy as power
from llmcost.formulas import money
from llmcost.studies.methods.cases import Case
from llmcost.studies.methods.commitments import Commitment, commitment

DAYS_PER_YEAR = 365.25
ALL_HOURS = 1.0
INDEX = "ppi-data-processing"
HYPERSCALERS = ("google", "deepmind", "microsoft", "amazon", "meta", "facebook")
AUTHORS = ("epoch-training-cost-trends", "cottier-2024")


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the method: a number or a day, its unit, where it comes from.

    `low` and `high` are the ends of the 90% interval that the authors give, where they do.
    """

    name: str
    value: float | str | None
    unit: str
    how: str
    sources: tuple[str, ...] = AUTHORS
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class MethodCost:
    """What a run costs by the method [USD], its parts, and every step on the way.

    `acquisition_cost` is `None` where the number of devices is not known, and
    `rental_reserved_3y_cost` where no price is listed. `owned_cost` is the sum of servers, network
    and energy. `published` names the month in whose dollars a comparison starts.
    """

    case: Case
    server_price: float
    available: date
    used_from: date
    value_at_start: float
    owned_servers_cost: float
    owned_network_cost: float
    energy: float
    electricity_price: float
    energy_cost: float
    acquisition_cost: float | None
    rental: Commitment
    rental_reserved_3y_cost: float | None
    notes: tuple[str, ...]

    @property
    def owned_cost(self) -> float:
        """Amortised hardware and energy [USD]."""
        return self.owned_hardware_cost + self.energy_cost

    @property
    def owned_hardware_cost(self) -> float:
        """Amortised servers and network [USD]."""
        return self.owned_servers_cost + self.owned_network_cost

    @property
    def owned_price(self) -> float:
        """What a device-hour costs the owner [USD/GPU/hour]."""
        found = money.owned_price.kernel(owned_cost=self.owned_cost, gpu_hours=self.case.gpu_hours)
        return float(found)

    @property
    def steps(self) -> tuple[Step, ...]:
        """Every line of the method, inputs first."""
        return tuple(_steps(self))

    def interval(self, name: str) -> tuple[float, float] | None:
        """Return the 90% interval of a result by name [USD]; `None` where the authors give none."""
        value = getattr(self, name)
        found = _interval(name, self.case.device.kind)
        if value is None or found is None:
            return None
        return value * found.low, value * found.high


def epoch_2024(case: Case, *, as_of: date | None = None) -> MethodCost:
    """Return what a run costs by the published method, with every step.

    Prices of after `as_of` are never used (the method itself knows no such day). Raises InputError
    where training starts, or the purchase price was seen, only later.
    """
    server, available = _server(case, as_of)
    if as_of is not None and case.training_start > as_of:
        raise InputError(
            f"as_of: got {as_of}; training starts on {case.training_start} by epoch-2024; needs a "
            "later day."
        )
    used_from = max(case.training_start, available) if _is_gpu(case) else case.training_start
    decline = value_of("hardware_price_decline")
    value = money.value_at_age.kernel(
        price=server,
        hardware_price_decline=decline,
        server_age=(used_from - available).days / DAYS_PER_YEAR,
    )
    servers = money.amortised_cost.kernel(
        gpu_hours=case.gpu_hours,
        value=value,
        yearly_charge=money.declining_charge.kernel(hardware_price_decline=decline),
        cluster_utilization=ALL_HOURS,
    )
    share = value_of("network_share")
    used = _energy(case)
    price, notes = _electricity(case, as_of)
    rental = commitment(case, as_of)
    return MethodCost(
        case=case,
        server_price=server,
        available=available,
        used_from=used_from,
        value_at_start=value,
        owned_servers_cost=servers,
        owned_network_cost=money.network_price.kernel(server_price=servers, network_share=share),
        energy=used,
        electricity_price=price,
        energy_cost=power.energy_cost.kernel(energy=used, electricity_price=price),
        acquisition_cost=_acquisition(case, server, share),
        rental=rental,
        rental_reserved_3y_cost=_rented(case, rental),
        notes=(*case.notes, *notes),
    )


def in_dollars_of(amount: float, published: date, month: str) -> float:
    """Return an amount of a month of publication in the dollars of another month (YYYY-MM) [USD].

    By the index that the authors use, US producer prices of data processing. Raises InputError for
    a month without a value.
    """
    return adjust(amount, f"{published:%Y-%m}", month, INDEX).adjusted


def intervals() -> tuple[Rule, ...]:
    """Return every 90% interval that the authors use, of inputs and of results."""
    return tuple(one for one in rules() if one.low is not None)


def _interval(name: str, kind: str) -> Rule | None:
    ranges = (one for one in intervals() if one.value is None and one.range_of == "factor")
    return next((one for one in ranges if (one.quantity, one.applies_to) == (name, kind)), None)


def _is_gpu(case: Case) -> bool:
    return case.device.kind == "GPU"


def _server(case: Case, as_of: date | None) -> tuple[float, date]:
    """Return the price of a server for each device [USD/GPU], and the day from which it counts."""
    seen = case.device.price_day
    if as_of is not None and seen is not None and seen > as_of:
        raise InputError(
            f"epoch-2024 takes a price of {case.device.gpu} of {seen}, which is after {as_of}: "
            "move as_of."
        )
    wait = timedelta(days=value_of("release_to_purchase", case.device.kind))
    available = max(case.device.released + wait, seen or date.min)
    return case.purchase_price * _server_price_ratio(case), available


def _server_price_ratio(case: Case) -> float:
    if not case.device.single:
        return 1.0
    return value_of("server_price_ratio", case.device.family)


def _ratios(case: Case) -> dict[str, float]:
    """Return what turns the rated power of a chip into the draw of the site."""
    name = case.organisation.casefold()
    site = "hyperscaler" if any(word in name for word in HYPERSCALERS) else "other"
    return {
        "server_power_ratio": value_of("server_power_ratio", case.device.family),
        "power_draw_fraction": value_of("power_draw_fraction", case.device.kind),
        "pue": value_of("pue", site),
    }


def _energy(case: Case) -> float:
    """Return the electricity that the run takes [MWh]."""
    mean = power.mean_power_per_gpu.kernel(rated_power=case.rated_power, **_ratios(case))
    return float(power.energy.kernel(gpu_hours=case.gpu_hours, mean_power_per_gpu=mean))


def _electricity(case: Case, as_of: date | None) -> tuple[float, tuple[str, ...]]:
    """Return the price of electricity [USD/kWh], and a note where it is not of the usual year."""
    usual, last = case.published.year, max(int(r.applies_to) for r in rules("electricity_price"))
    year = min(usual, last, as_of.year if as_of else usual)
    if year == usual:
        return value_of("electricity_price", str(year)), ()
    why = "the last in the authors' table" if year == last else f"the last by {as_of}"
    note = f"electricity at the price of {year}, {why}"
    return value_of("electricity_price", str(year)), (note,)


def _acquisition(case: Case, server: float, share: float) -> float | None:
    if case.num_gpus is None:
        return None
    found = money.acquisition_cost.kernel(
        num_gpus=case.num_gpus, server_price=server, network_share=share
    )
    return float(found)


def _rented(case: Case, found: Commitment) -> float | None:
    if found.value is None:
        return None
    return float(money.rental_cost.kernel(gpu_hours=case.gpu_hours, price=found.value))


def _steps(cost: MethodCost) -> Iterator[Step]:
    yield from _input_steps(cost)
    yield from _value_steps(cost)
    yield from _energy_steps(cost)
    yield _result(cost, "owned_cost", "servers, network and energy")
    yield Step("owned_price", cost.owned_price, "USD/GPU/hour", "that over the device-hours")
    yield _result(cost, "acquisition_cost", "devices times server price / (1 - network share)")
    how = cost.rental.how
    if cost.rental.quote is not None:
        how += f" ({cost.rental.quote.price_id})"
    yield Step("rental_reserved_3y_price", cost.rental.value, "USD/GPU/hour", how, _quoted(cost))
    yield _result(cost, "rental_reserved_3y_cost", "device-hours times that price")


def _input_steps(cost: MethodCost) -> Iterator[Step]:
    case = cost.case
    own, known = case.sources, case.num_gpus is not None
    yield Step("gpu_hours", case.gpu_hours, "GPU*hour", case.gpu_hours_from, own)
    yield Step("num_gpus", case.num_gpus, "GPU", "as stated" if known else "not stated", own)
    yield Step("published", str(case.published), "", "publication", own)
    start = str(case.training_start)
    yield Step("training_start", start, "", case.training_start_from, own)


def _value_steps(cost: MethodCost) -> Iterator[Step]:
    device, decline = cost.case.device, rule("hardware_price_decline")
    seen = device.price_id or "an estimate: such chips are not sold"
    yield Step("purchase_price", cost.case.purchase_price, "USD/GPU", seen, device.sources)
    ratio = _server_price_ratio(cost.case)
    yield Step("server_price_ratio", ratio, "", "on a single chip; 1 for part of a server")
    yield Step("server_price", cost.server_price, "USD/GPU", "their product")
    yield Step("available", str(cost.available), "", _why_then(cost), device.sources)
    yield Step(
        "hardware_price_decline",
        decline.value,
        decline.unit,
        decline.note,
        decline.sources,
        decline.low,
        decline.high,
    )
    worn = f"from {cost.available} to {cost.used_from}"
    yield Step("value_at_start", cost.value_at_start, "USD/GPU", worn)
    yield Step(
        "owned_servers_cost", cost.owned_servers_cost, "USD", "value x decline x ln 10 / 8,766 h"
    )
    share = rule("network_share")
    yield Step("network_share", share.value, "", share.note, share.sources)
    yield Step("owned_network_cost", cost.owned_network_cost, "USD", "s / (1 - s) of the servers")
    yield _result(cost, "owned_hardware_cost", "servers and network")


def _why_then(cost: MethodCost) -> str:
    """Return what the day is from which the price counts."""
    device = cost.case.device
    if cost.available == device.price_day:
        return "day of the price"
    days = (cost.available - device.released).days
    return f"{days} days after the release" if days else "release"


def _energy_steps(cost: MethodCost) -> Iterator[Step]:
    device = cost.case.device
    yield Step("rated_power", cost.case.rated_power, "W/GPU", "of the chip", device.sources)
    for name, value in _ratios(cost.case).items():
        yield Step(name, value, "", "fixed by hardware or site")
    yield Step("energy", cost.energy, "MWh", "power times device-hours")
    how = "US industry, year of publication"
    yield Step("electricity_price", cost.electricity_price, "USD/kWh", how)
    yield Step("energy_cost", cost.energy_cost, "USD", "their product")


def _quoted(cost: MethodCost) -> tuple[str, ...]:
    quote = cost.rental.quote
    return AUTHORS if quote is None else (quote.source,)


def _result(cost: MethodCost, name: str, how: str) -> Step:
    low, high = cost.interval(name) or (None, None)
    return Step(name, getattr(cost, name), "USD", how, AUTHORS, low, high)
