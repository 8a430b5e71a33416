"""Costs to tables: every basis side by side, energy and carbon, the lines beyond the final run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llmcost.catalog.price_quotes import rental_name
from llmcost.figures import quantity_text, range_text
from llmcost.table import Cell, Field, Table

if TYPE_CHECKING:
    from llmcost.studies.answers import Estimate, Result

RENTAL_TITLES = {
    "rental_on_demand_cost": "Rented, on demand",
    "rental_spot_cost": "Rented, spot",
    "rental_reserved_1y_cost": "Rented, 1 year",
    "rental_reserved_3y_cost": "Rented, 3 years",
    "rental_capacity_block_cost": "Rented, capacity block",
    "rental_marketplace_cost": "Rented, marketplace",
    "rental_contract_1y_cost": "Rented, 1-year contract",
}
OWNED_TITLES = {
    "owned_cost": "Owned: run's share",
    "owned_servers_cost": "  servers",
    "owned_network_cost": "  network",
    "owned_capital_cost": "  cost of capital",
    "energy_cost": "  energy",
    "acquisition_cost": "Buying the cluster",
}
OWNED_PARTS = ("owned_servers_cost", "owned_network_cost", "owned_capital_cost", "energy_cost")
ENERGY_TITLES = {
    "mean_power": "Mean power",
    "energy": "Energy",
    "carbon": "Carbon, location-based",
    "embodied_carbon": "Embodied carbon",
    "water": "Water",
}
BEYOND_TITLES = {
    "cost": "Final run",
    "experiments_cost": "Experiments, failed runs",
    "post_training_cost": "Post-training",
    "staff_cost": "Staff",
    "rental_add_ons_cost": "Storage, traffic, upkeep",
    "storage_cost": "Storage",
    "network_cost": "Network traffic",
    "data_cost": "Data",
    "development_cost": "Development",
}
OWNED_TWINS = {
    "cost": "owned_cost",
    "experiments_cost": "owned_experiments_cost",
    "post_training_cost": "owned_post_training_cost",
    "development_cost": "owned_development_cost",
    "rental_add_ons_cost": None,
}
GOODPUT_TITLES = {
    "goodput": "Goodput",
    "restart_loss": "  lost in restarts",
    "rework_loss": "  work done again",
    "checkpoint_loss": "  checkpoints",
    "maintenance_loss": "  planned maintenance",
    "steady_share": "Slow steps and phases",
    "mtbf": "Between failures",
    "checkpoint_interval": "Between checkpoints",
}
MONEY_TITLES = {
    **RENTAL_TITLES,
    **OWNED_TITLES,
    "owned_price": "Owned, per GPU-hour",
    **ENERGY_TITLES,
    **{name: title for name, title in BEYOND_TITLES.items() if name != "cost"},
    "owned_experiments_cost": "Experiments, owned",
    "owned_post_training_cost": "Post-training, owned",
    "owned_development_cost": "Development, owned",
    **GOODPUT_TITLES,
}
SHARES = (
    *("goodput", "steady_share", "restart_loss", "rework_loss"),
    *("checkpoint_loss", "maintenance_loss"),
)
NOT_KNOWN = "not known"


def cost_tables(estimate: Estimate) -> tuple[Table, ...]:
    """Return the tables of the bases of cost, of a development, of energy, and of goodput."""
    tables = (
        _bases_table(estimate),
        _beyond_table(estimate),
        _energy_table(estimate),
        _goodput_table(estimate),
    )
    return tuple(table for table in tables if table is not None)


def _goodput_table(estimate: Estimate) -> Table | None:
    if "mtbf" not in estimate.results:
        return None
    notes = tuple(_scale_notes(estimate.reports.get("goodput_by_scale", ())))
    return _plain("goodput", "Wall clock", "Share", GOODPUT_TITLES, estimate, notes)


def _scale_notes(scales: Sequence[Mapping[str, float]]) -> Iterator[str]:
    if scales:
        told = (f"{s['goodput']:.1%} on {s['num_gpus']:,.0f}" for s in scales)
        yield f"Goodput at these rates, by the number of GPUs: {', '.join(told)}."


def _energy_table(estimate: Estimate) -> Table | None:
    if not _known(estimate, "energy"):
        return None
    return _plain("energy", "Energy and carbon", "Estimate", ENERGY_TITLES, estimate)


def _plain(
    name: str,
    heading: str,
    value: str,
    titles: Mapping[str, str],
    estimate: Estimate,
    notes: tuple[str, ...] = (),
) -> Table:
    found = [(key, title) for key, title in titles.items() if _known(estimate, key)]
    rows: list[tuple[Cell, ...]] = []
    texts = []
    for key, title in found:
        result = estimate.results[key]
        rows.append((key, result.value, result.low))
        texts.append((title, _text(key, result), _range(key, result)))
    fields = (
        Field("name", heading),
        Field("value", value, align="right"),
        Field("low", "Low – high", align="right"),
    )
    return Table(name, fields, tuple(rows), texts=tuple(texts), notes=notes)


def _bases_table(estimate: Estimate) -> Table | None:
    titles = {**_chosen_title(estimate), **RENTAL_TITLES, **OWNED_TITLES}
    names = with_parent([name for name in titles if _known(estimate, name)])
    if not names:
        return None
    offers = _providers(estimate)
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for name in names:
        result = estimate.results[name]
        per_hour = _per_hour(estimate, name)
        rows.append((name, result.value, result.low, per_hour, offers.get(name)))
        each = "" if per_hour is None else quantity_text(per_hour, "USD")
        texts.append((titles[name], *_cells(name, result), each, _offered(offers.get(name))))
    fields = (
        Field("name", "Cost by basis"),
        Field("value", "Cost", align="right"),
        Field("low", "Low – high", align="right"),
        Field("price", "A GPU-hour", "USD/GPU/hour", align="right"),
        Field("providers", "Offers"),
    )
    return Table("bases", fields, tuple(rows), texts=tuple(texts), notes=_bases_notes(estimate))


def _providers(estimate: Estimate) -> dict[str, int]:
    """Return how many providers are behind the cost on each terms."""
    return {
        rental_name(offer["terms"]): offer["providers"]
        for offer in estimate.reports.get("rentals", ())
        if offer["provider"] is None and offer["price"] is not None
    }


def _offered(providers: int | None) -> str:
    if providers is None:
        return ""
    return f"{providers} provider{'s' if providers > 1 else ''}"


def _chosen_title(estimate: Estimate) -> dict[str, str]:
    """Return the title of the cost that counts, where it is none of the catalogue's medians."""
    price, cost = estimate.inputs.get("price"), estimate.results["cost"].value
    if price is None or cost in [_value(estimate, name) for name in RENTAL_TITLES]:
        return {}
    provider = (price.detail or {}).get("provider")
    return {"cost": f"Rented, {provider or 'price given'}"}


def with_parent(names: Sequence[str]) -> list[str]:
    """Return names of costs with that of owning before its parts, even where it is not known.

    >>> with_parent(["rental_spot_cost", "energy_cost"])
    ['rental_spot_cost', 'owned_cost', 'energy_cost']
    """
    at = next((i for i, name in enumerate(names) if name in OWNED_PARTS), None)
    if at is None or "owned_cost" in names:
        return list(names)
    return [*names[:at], "owned_cost", *names[at:]]


def _per_hour(estimate: Estimate, name: str) -> float | None:
    """Return what a device-hour comes to; buying is not by the hour."""
    cost, hours = _value(estimate, name), _value(estimate, "gpu_hours")
    return cost / hours if cost and hours and name != "acquisition_cost" else None


def _value(estimate: Estimate, name: str) -> float | None:
    result = estimate.results.get(name)
    return None if result is None else result.value


def _bases_notes(estimate: Estimate) -> tuple[str, ...]:
    inputs = estimate.inputs
    told = [
        "Owned: the run's share of servers and network over their life, and its energy; building "
        "and staff are not in it. Buying is the whole cluster, not the run."
    ]
    told += _missing_terms(estimate)
    price = inputs.get("server_price")
    if price is not None and price.origin.kind == "catalogue":
        told.append(f"Server price: {price.origin.source.removeprefix('gpu_prices.csv: ')}.")
    return tuple(told)


def _missing_terms(estimate: Estimate) -> Iterator[str]:
    """Yield which terms have no price in the year before, and when they last had one."""
    lacking = [offer for offer in estimate.reports.get("rentals", ()) if offer["price"] is None]
    if lacking:
        told = (f"{offer['terms']} (newest {offer['newest']})" for offer in lacking)
        yield f"Not rented here, for want of a price in twelve months: {', '.join(told)}."


def _beyond_table(estimate: Estimate) -> Table | None:
    if "development_cost" not in estimate.results:
        return None
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for name, title in BEYOND_TITLES.items():
        rented = estimate.results.get(name)
        if rented is None and name in ("storage_cost", "network_cost", "rental_add_ons_cost"):
            continue
        twin = OWNED_TWINS.get(name, name)
        owned = estimate.results.get(twin) if twin else None
        rows.append((name, *_value_and_low(rented), *_value_and_low(owned)))
        texts.append((title, *_cells(name, rented), *(_cells(name, owned) if twin else ("", ""))))
    fields = (
        Field("name", "Beyond the final run"),
        Field("value", "Rented", align="right"),
        Field("low", "Low – high", align="right"),
        Field("owned_value", "Owned", align="right"),
        Field("owned_low", "Low – high", align="right"),
    )
    return Table(
        "development", fields, tuple(rows), texts=tuple(texts), notes=_beyond_notes(estimate)
    )


def _beyond_notes(estimate: Estimate) -> tuple[str, ...]:
    """Return what is not in the lines, and why."""
    told = []
    if "rental_add_ons_cost" in estimate.results:
        told.append(
            "Storage, traffic, upkeep: a share of a bill for rental, which nobody parts further; "
            "an owner's is not known. --storage-cost and --network-cost take its place in both."
        )
    if "data_cost" not in estimate.results:
        told.append("Data: nobody publishes a usual cost; --data-cost adds what was paid.")
    return tuple(told)


def _value_and_low(result: Result | None) -> tuple[Cell, Cell]:
    return (None, None) if result is None else (result.value, result.low)


def _cells(name: str, result: Result | None) -> tuple[str, str]:
    if result is None or result.value is None:
        return NOT_KNOWN, ""
    return _text(name, result), _range(name, result)


def _known(estimate: Estimate, name: str) -> bool:
    return bool(_value(estimate, name))


def _text(name: str, result: Result) -> str:
    return quantity_text(result.value, _unit(name, result.unit))


def _range(name: str, result: Result) -> str:
    if result.low is None:
        return ""
    if result.low == result.high:
        return "as given"
    return range_text(result.low, result.high, _unit(name, result.unit), like=result.value)


def _unit(name: str, unit: str) -> str:
    return "share" if name in SHARES else unit


def offer_table(estimate: Estimate) -> Table | None:
    """Return the rental offers behind the costs, one row a provider and terms."""
    listed: Sequence[dict[str, Any]] = estimate.reports.get("rentals", ())
    offers = [offer for offer in listed if offer["price"] is not None]
    rows = list(_offer_rows(offers, estimate.results["gpu_hours"].value))
    if not rows:
        return None
    fields = (
        Field("terms", "Terms"),
        Field("provider", "Provider"),
        Field("price", "A GPU-hour", "USD/GPU/hour", align="right"),
        Field("cost", "Cost", "USD", align="right"),
        Field("newest", "Newest"),
        Field("grades", "Grade"),
    )
    texts = tuple(
        (offer["terms"], row[1], _price(offer), quantity_text(row[3], "USD"), *row[4:])
        for offer, row in zip(offers, rows, strict=True)
    )
    return Table("offers", fields, tuple(rows), title="Rental offers", texts=texts)


def _offer_rows(
    offers: Iterable[Mapping[str, Any]], gpu_hours: float | None
) -> Iterator[tuple[Any, ...]]:
    for offer in offers:
        cost = offer["price"] * gpu_hours if gpu_hours else None
        who = offer["provider"] or f"median of {offer['providers']}"
        yield offer["terms"], who, offer["price"], cost, offer["newest"], offer["grades"]


def _price(offer: Mapping[str, Any]) -> str:
    """Return a price, with its low and high where quotes differ."""
    price, low, high = (offer[name] for name in ("price", "low", "high"))
    text = quantity_text(price, "USD")
    return text if low == high else f"{text} ({range_text(low, high, 'USD', like=price)})"
