"""The published method epoch-2024 as facts: its rules, its hardware, its runs and its figures.

The method is the one of Cottier et al. 2024 (arXiv 2405.21015) as its authors have run it since;
what it counts with stands in ``epoch_2024_rules.csv``, one number a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from llmcost.catalog.columns import Column, DataFile, first_day, last_day
from llmcost.catalog.files import Record, read
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.price_quotes import PriceQuote, price_quotes
from llmcost.catalog.sources import source_keys
from llmcost.errors import DataError, InputError, UnknownNameError, one_of

OTHERWISE = "all"
KINDS = ("GPU", "TPU")
FIGURES_OF = ("owned_cost", "acquisition_cost", "rental_reserved_3y_cost")


def _positive(name: str, unit: str = "") -> Column:
    return Column(name, "number", unit, positive=True)


RULES = DataFile(
    "epoch_2024_rules.csv",
    ("quantity", "applies_to"),
    (
        Column("quantity", required=True),
        Column("applies_to", required=True),
        Column("value", "number", minimum=0),
        Column("low", "number"),
        Column("high", "number"),
        Column("range_of", choices=("value", "factor", "shift")),
        Column("unit"),
        Column("source", required=True),
        Column("note"),
    ),
)
DEVICES = DataFile(
    "epoch_2024_devices.csv",
    ("gpu",),
    (
        Column("gpu", required=True),
        Column("family", required=True),
        Column("kind", required=True, choices=KINDS),
        Column("listed_as", required=True),
        Column("released", "date", required=True),
        Column("rated_power", "number", "W/GPU", required=True, positive=True),
        Column("peak", "number", "TFLOP/s/GPU", required=True, positive=True),
        Column("price_id"),
        _positive("purchase_price", "USD/GPU"),
        Column("source", required=True),
        Column("note"),
    ),
)
RUNS = DataFile(
    "epoch_2024.csv",
    ("model",),
    (
        Column("model", required=True),
        Column("catalogue_model"),
        Column("organisation", required=True),
        Column("published", "date", required=True),
        Column("gpu", required=True),
        _positive("num_gpus", "GPU"),
        _positive("training_time", "hour"),
        _positive("gpu_hours", "GPU*hour"),
        _positive("model_flop", "FLOP"),
        Column("mfu", "number", positive=True, maximum=1),
        Column("training_start", "date"),
        _positive("rated_power", "W/GPU"),
        Column("source", required=True),
        Column("note"),
    ),
)
FIGURES = DataFile(
    "epoch_2024_figures.csv",
    ("model", "quantity", "edition"),
    (
        Column("model", required=True),
        Column("quantity", required=True, choices=FIGURES_OF),
        Column("figure", "number", "USD", required=True, positive=True),
        Column("dollars_of", "date", required=True),
        Column("edition", required=True),
        Column("published", "date"),
        _positive("training_time", "hour"),
        _positive("gpu_hours", "GPU*hour"),
        _positive("purchase_price", "USD/GPU"),
        _positive("rated_power", "W/GPU"),
        _positive("price", "USD/GPU/hour"),
        Column("source", required=True),
        Column("note"),
    ),
)
AS_THEN = ("published", "training_time", "gpu_hours", "purchase_price", "rated_power", "price")


@dataclass(frozen=True, slots=True)
class Rule:
    """One number that the method counts with, and the 90% interval that its authors give it.

    `low` and `high` are the ends of the value, factors on it, or shifts of it, as `range_of` says.
    """

    quantity: str
    applies_to: str
    value: float | None
    low: float | None
    high: float | None
    range_of: str | None
    unit: str
    sources: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Device:
    """An accelerator as the method has it: rated_power [W/GPU], peak_flop_rate [FLOP/s/GPU].

    `purchase_price` [USD/GPU] was seen on `price_day`; a price of a `single` chip is without its
    server. A TPU is not sold: its price is an estimate, and has no row and no day. `listed_as` are
    its names in the authors' price list, its own first.
    """

    gpu: str
    family: str
    kind: str
    listed_as: tuple[str, ...]
    released: date
    rated_power: float
    peak_flop_rate: float
    purchase_price: float
    price_day: date | None
    price_id: str | None
    single: bool
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """The inputs of one run as the method's authors list them.

    Units: num_gpus [GPU], training_time [hour], gpu_hours [GPU*hour], model_flop [FLOP],
    rated_power [W/GPU].
    """

    model: str
    catalogue_model: str | None
    organisation: str
    published: date
    gpu: str
    num_gpus: float | None
    training_time: float | None
    gpu_hours: float | None
    model_flop: float | None
    mfu: float | None
    training_start: date | None
    rated_power: float | None
    sources: tuple[str, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure that the authors published [USD], in the dollars of a month, in one edition.

    `as_then` holds the inputs of that edition that differ from today's list, by name.
    """

    model: str
    quantity: str
    figure: float
    dollars_of: str
    edition: str
    as_then: Mapping[str, float | str]
    sources: tuple[str, ...]
    note: str


def rules(quantity: str | None = None) -> tuple[Rule, ...]:
    """Return every rule, or those of one quantity; raises UnknownNameError where there is none."""
    rows = read(RULES)
    found = tuple(_rule(row) for row in rows if quantity in (None, row["quantity"]))
    if not found:
        raise UnknownNameError("rule of epoch-2024", str(quantity), {r["quantity"] for r in rows})
    return found


def rule(quantity: str, *scopes: str) -> Rule:
    """Return the rule for the first of the scopes that has one, else that for all.

    Raises InputError where no scope has one.
    """
    by_scope = {one.applies_to: one for one in rules(quantity)}
    for scope in (*scopes, OTHERWISE):
        if scope in by_scope:
            return by_scope[scope]
    raise InputError(
        f"epoch-2024 has no {quantity} for {one_of(scopes) if scopes else 'all'}; "
        f"known are {one_of(sorted(by_scope))}."
    )


def value_of(quantity: str, *scopes: str) -> float:
    """Return the value of a rule in its unit; raises DataError where the row has none."""
    found = rule(quantity, *scopes)
    if found.value is None:
        raise DataError(f"{quantity}, {found.applies_to}: needs a value", file=RULES.name)
    return found.value


def device(gpu: str) -> Device:
    """Return an accelerator as the method has it.

    Raises UnknownNameError for an unknown accelerator, InputError where the method has no price.
    """
    name = accelerator(gpu).name
    rows = {row["gpu"]: row for row in read(DEVICES)}
    if name not in rows:
        raise InputError(
            f"epoch-2024 has no price for {name}: its authors list {one_of(sorted(rows))}. "
            "Choose one of these, or leave the method out."
        )
    return _device(rows[name])


def listed_runs() -> tuple[Run, ...]:
    """Return the runs with a published figure, in the order of the file."""
    return tuple(_run(row) for row in read(RUNS))


def listed_run(name: str) -> Run:
    """Return a run by its model, or that model's name in the catalogue.

    Raises UnknownNameError when there is none.
    """
    wanted = name.strip().casefold()
    for one in listed_runs():
        if wanted in (one.model.casefold(), one.catalogue_model):
            return one
    raise UnknownNameError("run of epoch-2024", name, [one.model for one in listed_runs()])


def figures() -> tuple[Figure, ...]:
    """Return every published figure of the method, in the order of the file."""
    known = {one.model for one in listed_runs()}
    for row in read(FIGURES):
        if row["model"] not in known:
            raise DataError(
                f"got {row['model']}; needs a model of {RUNS.name}",
                file=row["_file"],
                line=row["_line"],
                column="model",
            )
    return tuple(_figure(row) for row in read(FIGURES))


def price_list() -> tuple[PriceQuote, ...]:
    """Return the rows of the price file that the method's authors collected."""
    return tuple(quote for quote in price_quotes() if quote.source == "epoch-hardware-prices")


def _rule(row: Record) -> Rule:
    values = {column.name: row[column.name] for column in RULES.columns}
    return Rule(**_told(values))


def _told(values: dict[str, Any]) -> dict[str, Any]:
    keys = source_keys(values.pop("source"))
    texts = {name: values[name] or "" for name in ("unit", "note") if name in values}
    return values | texts | {"sources": keys}


def _device(row: Record) -> Device:
    quote = _quote(row)
    price = quote.purchase_price if quote else row["purchase_price"]
    if price is None:
        raise DataError(
            "needs a purchase_price, or the price_id of a purchase in gpu_prices.csv",
            file=row["_file"],
            line=row["_line"],
        )
    return Device(
        gpu=row["gpu"],
        family=row["family"],
        kind=row["kind"],
        listed_as=source_keys(row["listed_as"]),
        released=last_day(row["released"]),
        rated_power=row["rated_power"],
        peak_flop_rate=row["peak"] * 1e12,
        purchase_price=price,
        price_day=quote.day if quote else None,
        price_id=quote.price_id if quote else None,
        single=quote is None or quote.gpus_in_unit == 1,
        sources=source_keys(row["source"]),
    )


def _quote(row: Record) -> PriceQuote | None:
    found = (quote for quote in price_list() if quote.price_id == row["price_id"])
    return next(found, None)


def _run(row: Record) -> Run:
    values = {column.name: row[column.name] for column in RUNS.columns}
    start = values["training_start"]
    days = {"published": last_day(values["published"])}
    return Run(**_told(values | days | {"training_start": first_day(start) if start else None}))


def _figure(row: Record) -> Figure:
    values = {column.name: row[column.name] for column in FIGURES.columns}
    then = {name: values.pop(name) for name in AS_THEN}
    held = {name: value for name, value in then.items() if value is not None}
    return Figure(**_told(values), as_then=held)
