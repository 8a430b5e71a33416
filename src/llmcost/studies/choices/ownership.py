"""What owning the cluster costs: servers, network, their life, and the money tied up in them."""

from __future__ import annotations

from datetime import date

from llmcost.catalog.gpus import MEASURED, Accelerator
from llmcost.catalog.purchases import PurchaseSelection, select_server_price
from llmcost.errors import InputError, one_of, shown
from llmcost.inputs import InputValue, Origin
from llmcost.sampling import Spread
from llmcost.studies.choices.choosing import Chosen, choose, from_user
from llmcost.studies.choices.factors import FACTORS
from llmcost.studies.choices.given import Given, Note

STRAIGHT_LINE, DECLINING = "straight-line", "declining"
DEPRECIATIONS = (STRAIGHT_LINE, DECLINING)
ONLY_DECLINING = ("hardware_price_decline", "server_age")
NEW = Spread(0.0, 0.0, 0.0)


def choose_ownership(
    given: Given, gpu: Accelerator, day: date
) -> tuple[dict[str, Chosen], InputValue, list[Note]]:
    """Return the assumptions of an owner by name, the way of depreciation, and notes.

    Raises InputError for a way that is not known, and for what the other way alone uses.
    """
    way = _depreciation(given)
    found = {name: choose(given, name) for name in ("network_share", "cluster_utilization")}
    found |= _life(given, str(way.value))
    if capital := from_user(given, "cost_of_capital"):
        found["cost_of_capital"] = capital
    price, notes = _server_price(given, gpu, day)
    if price is not None:
        found["server_price"] = price
    return found, way, notes


def _depreciation(given: Given) -> InputValue:
    word = given["depreciation"]
    if word is None:
        return InputValue(STRAIGHT_LINE, "", Origin("default"))
    if word not in DEPRECIATIONS:
        raise InputError(f"depreciation: got {shown(word)}; needs {one_of(DEPRECIATIONS)}.")
    return InputValue(str(word), "", given.origin("depreciation"))


def _life(given: Given, way: str) -> dict[str, Chosen]:
    life = {"server_lifetime": choose(given, "server_lifetime")}
    if way == STRAIGHT_LINE:
        given.refuse("straight-line depreciation", ONLY_DECLINING)
        return life
    new = Chosen(NEW, InputValue(0.0, "year", Origin("default", "new at the price taken")))
    return {
        **life,
        "hardware_price_decline": choose(given, "hardware_price_decline"),
        "server_age": from_user(given, "server_age") or new,
    }


def _server_price(given: Given, gpu: Accelerator, day: date) -> tuple[Chosen | None, list[Note]]:
    own = from_user(given, "server_price")
    if own is not None:
        return own, []
    if gpu.evidence == MEASURED:
        text = f"No cost of owning: no price is known of {gpu.note}; give --server-price."
        return None, [("no-server-price", text)]
    picked = select_server_price(gpu.name, as_of=day)
    if picked.value is None:
        return None, [("no-server-price", f"No cost of owning: {picked.reason}.")]
    spread = Spread(picked.low or picked.value, picked.value, picked.high or picked.value)
    origin = Origin("catalogue", f"gpu_prices.csv: {picked.reason}", str(picked.newest))
    value = InputValue.of(spread, FACTORS["server_price"].unit, origin, **_detail(picked))
    notes = [("server-price", f"Server price: {text}.") for text in picked.warnings]
    return Chosen(spread, value), notes


def _detail(picked: PurchaseSelection) -> dict[str, object]:
    return {
        "as_of": str(picked.as_of),
        "newest": str(picked.newest),
        "price_ids": list(picked.price_ids),
        "sources": list(picked.sources),
    }
