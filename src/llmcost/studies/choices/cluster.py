"""Which accelerators, how many, and at what price."""

from __future__ import annotations

from datetime import date
from typing import Any

from llmcost.amounts import count_from, spread_from, whole
from llmcost.catalog.columns import day_from
from llmcost.catalog.gpus import MEASURED, Accelerator, accelerator, peak, usual_precision
from llmcost.catalog.price_quotes import first_price_day, newest_price_day
from llmcost.catalog.prices import PriceSelection, select_price
from llmcost.catalog.runs import published_run
from llmcost.errors import DataError, InputError, UnknownNameError, shown
from llmcost.formulas import money
from llmcost.inputs import Cluster, InputValue, Origin
from llmcost.sampling import Spread
from llmcost.studies.choices.factors import FACTORS
from llmcost.studies.choices.given import WORDS, Given, Note
from llmcost.studies.choices.models import ChosenModel
from llmcost.studies.choices.parts import chosen_part, measured_part

MAX_GPUS = 1e8
MAX_PRICE = 1e6
STALE_DAYS = 90
GPU_NOUNS = ("gpus", "gpu", "accelerators", "chips", "devices")
PRICE_UNIT = "USD/GPU/hour"
# Precisions that are another one with its scales kept apart, and run at its peak.
SCALED = {"fp8-block": "fp8"}

NEED_GPU = tuple(name for name in (*FACTORS, *WORDS) if name != "steady_share")

Inputs = dict[str, InputValue]


def choose_cluster(given: Given, model: ChosenModel) -> tuple[Cluster, Inputs, list[Note]]:
    """Return the cluster, its inputs and notes; raises InputError for what cannot be used."""
    part, inputs = _accelerator(given, model)
    if part is None:
        _refuse_without_accelerator(given)
    rate: float | None = None
    if part is not None:
        rate, peak_inputs = _peak(given, part)
        inputs |= peak_inputs
    number, number_inputs, notes = _number(given, model, part)
    price, price_inputs, price_notes = _price(given, part)
    inputs |= number_inputs | price_inputs
    return Cluster(rate, number, price), inputs, notes + price_notes


def _accelerator(given: Given, model: ChosenModel) -> tuple[Accelerator | None, Inputs]:
    name = given["gpu"]
    if name is not None:
        if not isinstance(name, str):
            raise InputError(f"gpu: got {shown(name)}; needs a name from: llmcost show gpus.")
        part = chosen_part(given, name)
        return part, {"gpu": InputValue(part.name, "", given.origin("gpu"))}
    measured = measured_part(given)
    if measured is not None:
        return measured[0], {"gpu": measured[1]}
    run = published_run(model.entry.name) if model.entry else None
    if run is None or not run.gpu:
        return None, {}
    part = accelerator(run.gpu)
    return part, {"gpu": InputValue(part.name, "", _run_origin(run))}


def _refuse_without_accelerator(given: Given) -> None:
    for name in ("precision", "provider", "terms", "as_of", "strict", *NEED_GPU):
        if given.has(name) and given[name] is not False:
            raise InputError(f"{name}: got it without an accelerator to use it for; needs gpu too.")


def _run_origin(run: Any) -> Origin:  # noqa: ANN401
    return Origin(
        "published", f"training_runs.csv {run.id}: {', '.join(run.source_keys)}", run.date
    )


def choose_precision(given: Given, part: Accelerator) -> InputValue:
    """Return the precision, the usual one unless given; raises InputError without its peak."""
    if not part.peak_flop_rates:
        raise InputError(
            f"gpu: got {part.name}, which has no published peak at any precision; needs another "
            "accelerator, see: llmcost show gpus."
        )
    precision, origin = given["precision"], given.origin("precision")
    if precision is None:
        precision = usual_precision(part)
        why = "the usual training precision"
        origin = Origin("default", why if precision == "bf16" else f"{why}, bf16, is not there")
    if not isinstance(precision, str):
        raise InputError(f"precision: got {shown(precision)}; needs a name such as bf16 or fp8.")
    precision = precision.strip().casefold()
    try:
        peak(part, SCALED.get(precision, precision))
    except UnknownNameError:
        raise
    except InputError as error:
        raise InputError(f"precision: {error}.") from None
    return InputValue(precision, "", origin)


def _peak(given: Given, part: Accelerator) -> tuple[float, Inputs]:
    precision = choose_precision(given, part)
    rate = peak(part, SCALED.get(str(precision.value), str(precision.value)))
    source = Origin("catalogue", f"gpu_specs.csv: {', '.join(part.sources)}", part.launched)
    if part.evidence == MEASURED:
        source = Origin(
            "measured", f"{', '.join(part.sources)}: the fastest product of {part.note}"
        )
    return rate, {
        "precision": precision,
        "peak_flop_rate": InputValue(rate, "FLOP/s/GPU", source),
    }


def _number(
    given: Given, model: ChosenModel, part: Accelerator | None
) -> tuple[int | None, Inputs, list[Note]]:
    if given.has("num_gpus"):
        number = whole(count_from(given["num_gpus"], "num_gpus", GPU_NOUNS, MAX_GPUS), "num_gpus")
        return number, {"num_gpus": InputValue(float(number), "GPU", given.origin("num_gpus"))}, []
    own = given.has("gpu") or measured_part(given) is not None
    run = published_run(model.entry.name) if model.entry and not own else None
    if run is not None and run.num_gpus and part is not None:
        value = InputValue(float(run.num_gpus), "GPU", _run_origin(run))
        return int(run.num_gpus), {"num_gpus": value}, []
    missing = "accelerator" if part is None else "number of accelerators"
    text = f"No {missing} given, so there is no wall clock: give --gpu and --gpus."
    if part is None:
        text = (
            "No accelerator given, so there are no GPU-hours, wall clock or cost: "
            "give --gpu and --gpus."
        )
    return None, {}, [(f"no-{'gpu' if part is None else 'num-gpus'}", text)]


def _price(given: Given, part: Accelerator | None) -> tuple[Spread | None, Inputs, list[Note]]:
    given.only_one_of("price", "price_per_node_hour")
    for own in ("price", "price_per_node_hour"):
        for name in ("provider", "terms"):
            if given.has(own) and given.has(name):
                raise InputError(
                    f"{name}: got it beside {own}, which is a price of its own; give only one."
                )
    if given.has("gpus_per_node") and not given.has("price_per_node_hour"):
        raise InputError(
            "gpus_per_node: got it without price_per_node_hour, the only thing it is for; "
            "give both or neither."
        )
    if given.has("price"):
        spread = spread_from(given["price"], PRICE_UNIT, "price", maximum=MAX_PRICE)
        return spread, {"price": InputValue.of(spread, PRICE_UNIT, given.origin("price"))}, []
    if given.has("price_per_node_hour"):
        return _price_from_node(given)
    return _catalogue_price(given, part) if part is not None else (None, {}, [])


def _price_from_node(given: Given) -> tuple[Spread, Inputs, list[Note]]:
    if not given.has("gpus_per_node"):
        raise InputError(
            "price_per_node_hour: got it without gpus_per_node; needs how many accelerators a "
            "node holds, such as --gpus-per-node 8."
        )
    size = whole(
        count_from(given["gpus_per_node"], "gpus_per_node", GPU_NOUNS, 1e5), "gpus_per_node"
    )
    node = spread_from(
        given["price_per_node_hour"], "USD/hour", "price_per_node_hour", maximum=MAX_PRICE
    )
    spread = node.scaled(money.price_from_node.kernel(price_per_node_hour=1.0, gpus_per_node=size))
    where = given.origin("price_per_node_hour")
    origin = Origin("user", f"{where.source}: {node.value:g} USD/hour a node of {size}")
    inputs = {
        "price_per_node_hour": InputValue.of(node, "USD/hour", where),
        "gpus_per_node": InputValue(float(size), "GPU", given.origin("gpus_per_node")),
        "price": InputValue.of(spread, PRICE_UNIT, origin),
    }
    return spread, inputs, []


def _catalogue_price(given: Given, part: Accelerator) -> tuple[Spread | None, Inputs, list[Note]]:
    if part.evidence == MEASURED:
        given.refuse("a device without a price in the catalogue", ("provider", "terms"))
        missing = InputValue(None, PRICE_UNIT, Origin("catalogue", "gpu_prices.csv"))
        text = f"No cost: no price is known of {part.note}; give --price."
        return None, {"price": missing}, [("no-price", text)]
    picked = select_price(
        part.name,
        terms=_word(given, "terms") or "on-demand",
        provider=_word(given, "provider"),
        as_of=price_day(given),
    )
    if picked.value is None:
        origin = Origin("catalogue", "gpu_prices.csv", str(picked.as_of))
        missing = InputValue(None, PRICE_UNIT, origin)
        return None, {"price": missing}, [("no-price", f"No cost: {picked.reason}.")]
    spread = Spread(picked.low or picked.value, picked.value, picked.high or picked.value)
    origin = Origin("catalogue", f"gpu_prices.csv: {_summary(picked)}", str(picked.as_of))
    value = InputValue.of(spread, PRICE_UNIT, origin, **_detail(picked))
    return spread, {"price": value}, _price_notes(given, picked)


def price_day(given: Given) -> date:
    """Return the day up to which prices count: the one given, else that of the newest price.

    Raises InputError for a day that cannot be read, or that is before the first price.
    """
    asked = _word(given, "as_of")
    if asked is None:
        return newest_price_day()
    day, first = day_from(asked, "as_of"), first_price_day()
    if day < first:
        raise InputError(
            f"as_of: got {asked}; the first price in gpu_prices.csv is of {first}; needs a day "
            "from then on."
        )
    return day


def _summary(picked: PriceSelection) -> str:
    ends = ""
    if picked.cheapest and picked.dearest and picked.providers > 1:
        ends = (
            f"; cheapest {picked.cheapest[0]:.2f} USD/GPU/hour ({picked.cheapest[1]}), "
            f"dearest {picked.dearest[0]:.2f} USD/GPU/hour ({picked.dearest[1]})"
        )
    many = "rows" if picked.rows > 1 else "row"
    return (
        f"{picked.reason}; {picked.rows} {many}{ends}; newest {picked.newest}; "
        f"sources: {', '.join(picked.sources)}"
    )


def _detail(picked: PriceSelection) -> dict[str, Any]:
    return {
        "terms": picked.terms,
        "provider": picked.provider,
        "providers": picked.providers,
        "rows": picked.rows,
        "cheapest": _offer(picked.cheapest),
        "dearest": _offer(picked.dearest),
        "newest": str(picked.newest),
        "as_of": str(picked.as_of),
        "price_ids": list(picked.price_ids),
        "sources": list(picked.sources),
        "not_counted": [quote.price_id for quote in picked.not_counted],
    }


def _offer(offer: tuple[float, str] | None) -> dict[str, Any] | None:
    return None if offer is None else {"price": offer[0], "provider": offer[1]}


def _price_notes(given: Given, picked: PriceSelection) -> list[Note]:
    notes: list[Note] = [("price", f"Price: {text}.") for text in picked.warnings]
    today = _today(given)
    if picked.as_of > today:
        text = f"Prices are asked for as of {picked.as_of}, which is after {today}."
        notes.append(("as-of-future", text))
    age = picked.age_days(today)
    if age is None or age <= STALE_DAYS:
        return notes
    text = (
        f"The newest {picked.terms} price of {picked.gpu} in the catalogue is of "
        f"{picked.newest}, {age} days old; markets move within weeks. Give a price, or add rows."
    )
    if given["strict"]:
        raise DataError(text, file="gpu_prices.csv")
    return [*notes, ("price-stale", text)]


def _today(given: Given) -> date:
    value = given["today"]
    if value is None:
        return date.today()
    return day_from(value if isinstance(value, date) else str(value), "today")


def _word(given: Given, name: str) -> str | None:
    value = given[name]
    if value is None or (isinstance(value, str) and value.strip()):
        return None if value is None else str(value).strip()
    raise InputError(f"{name}: got {shown(value)}; needs text.")
