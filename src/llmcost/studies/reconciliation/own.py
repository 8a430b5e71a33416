"""A claim of one's own: from options or a TOML file to the shape that all claims have."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmcost.amounts import count_from
from llmcost.catalog.claims import PRICE_BASES, SCOPES
from llmcost.catalog.columns import day_from
from llmcost.catalog.currencies import BASE, currencies_known
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.models import ModelEntry
from llmcost.catalog.price_quotes import newest_price_day
from llmcost.errors import InputError, UnitError, UnknownNameError, one_of, shown
from llmcost.ranges import read_range
from llmcost.reading import read_quantity
from llmcost.studies.choices.cluster import GPU_NOUNS, PRICE_UNIT
from llmcost.studies.reconciliation.claimed import (
    AS_CLAIMED,
    OWN,
    Claimed,
    catalogued,
    placed,
    published,
    run_facts,
)
from llmcost.studies.reconciliation.setups import PURCHASE
from llmcost.units import in_unit, named, registry, wanted

QUANTITIES = {
    "cost": "USD",
    "development_cost": "USD",
    "post_training_cost": "USD",
    "energy_cost": "USD",
    "gpu_hours": "GPU*hour",
    "wall_clock": "day",
    "energy": "MWh",
    "carbon": "tCO2e",
    "embodied_carbon": "tCO2e",
    "water": "litre",
    "model_flop": "FLOP",
}
# What a claim says of the run, in the parameters of an estimate.
RUN = (
    *("model", "parameters", "active_parameters", "tokens", "seq_length"),
    *("gpu", "num_gpus", "precision", "mfu", "goodput", "region"),
)
ABOUT = ("id", "date", "scope", "price_basis", "price", "provider", "derived_from", "statement")
# What says something of a run only where its FLOP are known.
OF_FLOP = ("parameters", "active_parameters", "tokens", "seq_length", "precision", "mfu", "goodput")
FIELDS = (*QUANTITIES, *RUN, *ABOUT, "quantity", "value")
SIGNS = {">": "more_than", "<": "less_than", "~": "about"}
MAX_FILE = 1_000_000
# Beyond these a figure is a slip of the hand; FLOP are many more than anything else.
MOST, MOST_FLOP, LEAST = 1e19, 1e40, 1e-9
# Their names say in which unit a bare number is.
NAMED_UNITS = ("gpu_hours", "model_flop")


def own_claims(given: Mapping[str, object], name: str = "own") -> tuple[Claimed, ...]:
    """Return one claim for each quantity that a user states, with the run it is about.

    A figure is text with its unit: ``5.576M USD``, ``35M..200M USD``, ``>100M USD``. Raises
    InputError, UnitError or UnknownNameError that names the field.
    """
    fields = {key: value for key, value in given.items() if value is not None}
    _check_fields(fields)
    quantities = {key: fields[key] for key in QUANTITIES if key in fields}
    if not quantities:
        raise InputError(f"The claim states no figure; needs {one_of(QUANTITIES)}.")
    if len(quantities) > 1 and not _described(fields):  # Its hours have nothing to stand beside.
        quantities.pop("gpu_hours", None)
    about = _about(fields)
    entry = catalogued(str(fields.get("model", "")))
    label = str(fields.get("id", name))
    known = [_known(fields, quantity, entry) for quantity in quantities]
    return tuple(
        Claimed(
            name=label if len(quantities) == 1 else f"{label}/{quantity}",
            title=str(fields.get("statement", "a claim of your own")),
            subject=entry.name if entry else str(fields.get("id", "own run")),
            quantity=quantity,
            kind=OWN,
            **_bounds(value, quantity),
            **{**facts, **about},
        )
        for (quantity, value), facts in zip(quantities.items(), known, strict=True)
    )


def _known(fields: Mapping[str, object], quantity: str, entry: ModelEntry | None) -> dict[str, Any]:
    """Return what is known of the run: as claimed, else as published with the same figure or run.

    What was published for another accelerator says nothing of this run.
    """
    facts = {"scope": "final-run", "sources": ("the claim",), "said": newest_price_day()}
    of_run = {**run_facts(entry), **_of_run(fields, entry)}
    published = {**of_run, **_as_published(fields, quantity, entry)}
    own = _run_of(fields)
    if own.get("gpus") and own["gpus"][0] not in published.get("gpus", ()):
        published = {key: published[key] for key in ("model", "ran") if key in published}
    return {**facts, **published, **own}


def _of_run(fields: Mapping[str, object], entry: ModelEntry | None) -> dict[str, Any]:
    """Return the precision and the region of a published run that a claim names by its model."""
    rows = () if entry is None or any(key in fields for key in RUN[1:]) else published()
    known = (row.known for row in rows if entry and row.model == entry.name and row.known)
    return {"known": next(known, {})}


def _as_published(
    fields: Mapping[str, object], quantity: str, entry: ModelEntry | None
) -> dict[str, Any]:
    """Return the facts of the published claim that states the same figure of the same model."""
    if entry is None:
        return {}
    figure = _bounds(fields[quantity], quantity)
    low, high = figure["low"], figure["high"]
    for row in published():
        same = (row.low, row.high) in ((low, high), (low, low))
        if row.model == entry.name and row.quantity == quantity and same:
            names = ("scope", "price_basis", "provider", "price", "said", "sources")
            facts = {name: getattr(row, name) for name in (*names, "derived_from", "re_check")}
            hours = {name: getattr(row, name) for name in ("gpu_hours", "hours_source", "hours_of")}
            return facts | hours | {"note": f"the same figure as {row.name}", "covers": row.covers}
    return {}


def _bounds(value: object, quantity: str) -> dict[str, Any]:
    """Return relation, bounds and unit of a figure; money keeps the currency it is stated in."""
    text, currency = _without_currency(value) if QUANTITIES[quantity] == BASE else (value, "")
    names = ("relation", "low", "high", "unit")
    return dict(
        zip(names, (*_figure(text, quantity), currency or QUANTITIES[quantity]), strict=True)
    )


def _without_currency(value: object) -> tuple[str, str]:
    """Return the text of an amount without the code of another currency, and that code."""
    text = str(value)
    for code in currencies_known():
        if code != BASE and code in text.split():
            return " ".join(word for word in text.split() if word != code), code
    return text, ""


def file_claims(path: str) -> tuple[Claimed, ...]:
    """Return the claims of a TOML file: ``[[claim]]`` tables of the fields of `own_claims`.

    Raises InputError that names the file and the claim.
    """
    tables = _tables(path)
    found: list[Claimed] = []
    for number, table in enumerate(tables, start=1):
        where = _place(path, number, table)
        if not isinstance(table, dict):
            raise InputError(f"{where}: got {shown(table)}; needs a table [[claim]].")
        try:
            fields = _dashed(table)
            _check_units(fields)
            stated = own_claims(fields, f"claim-{number}")
        except InputError as error:
            raise placed(where, error) from None
        found += [replace(claim, place=where) for claim in stated]
    names = [one.name for one in found]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError(
            f"{path}: the id {shown(twice[0])} is there twice; needs ids of their own."
        )
    return tuple(found)


def _place(path: str, number: int, table: object) -> str:
    """Return the file, the number and the id of a claim, as a message names them."""
    name = table.get("id") if isinstance(table, dict) else None
    return f"{path}, claim {number}" + (f" ({name})" if name and str(name).isprintable() else "")


def _tables(path: str) -> list[Any]:
    try:
        with Path(path).open("rb") as stream:
            text = stream.read(MAX_FILE + 1)
        content = tomllib.loads(text[:MAX_FILE].decode("utf-8-sig"))
    except OSError:
        raise InputError(f"claims: {shown(path)} cannot be opened; needs a TOML file.") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"claims: {path} is not TOML: {error}. Correct the line.") from None
    tables = content.get("claim")
    if len(text) > MAX_FILE or not isinstance(tables, list) or not tables:
        raise InputError(f"claims: {path} holds no [[claim]] tables; needs one for each claim.")
    if unknown := sorted(set(content) - {"claim"}):
        raise UnknownNameError("table", unknown[0], ["claim"], f"It stands in {path}.")
    return tables


def _dashed(table: Mapping[str, object]) -> dict[str, object]:
    fields: dict[str, object] = {}
    for key, value in table.items():
        name = key.replace("-", "_")
        name = "num_gpus" if name == "gpus" else name
        if name in fields:
            raise InputError(f"{name}: got it twice, spelt in two ways; give it once.")
        fields[name] = value
    if "quantity" in fields or "value" in fields:
        quantity, value = fields.pop("quantity", None), fields.pop("value", None)
        if quantity not in QUANTITIES:
            hint = f"Known: {one_of(QUANTITIES)}."
            raise UnknownNameError("quantity", str(quantity), QUANTITIES, hint)
        if quantity in fields or value is None:
            raise InputError(f"{quantity}: needs one value, such as value = '5.576M USD'.")
        fields[str(quantity)] = value
    return fields


def _check_units(fields: Mapping[str, object]) -> None:
    """Raise UnitError for a figure without its unit; counts and shares have none."""
    for name, unit in {**QUANTITIES, "price": PRICE_UNIT}.items():
        if name in fields and name not in NAMED_UNITS and _is_bare(fields[name]):
            raise UnitError(
                f"{name}: got {shown(fields[name])} without a unit; needs {wanted(unit)}."
            )


def _is_bare(value: object) -> bool:
    text, currency = _without_currency(str(value).strip().lstrip("".join(SIGNS)))
    try:
        span = read_range(text)
        ends = span.ends if span else (read_quantity(text),)
    except InputError:  # What is wrong with it is said where it is read.
        return False
    return not currency and not all(unit for _, unit in ends)


def _check_fields(fields: Mapping[str, object]) -> None:
    for key in fields:
        if key not in FIELDS:
            hint = f"Quantities: {one_of(QUANTITIES)}."
            raise UnknownNameError("field of a claim", key, FIELDS, hint)
    name = str(fields.get("id", "own"))
    if not name.strip() or not name.isprintable():
        raise InputError(f"id: got {shown(name)}; needs a name on one line.")


def _about(fields: Mapping[str, object]) -> dict[str, Any]:
    about: dict[str, Any] = {}
    for key, known in (("scope", SCOPES), ("price_basis", PRICE_BASES)):
        if key in fields and fields[key] not in known:
            hint = f"Known: {one_of(known)}."
            raise UnknownNameError(key.replace("_", " "), str(fields[key]), known, hint)
        about |= {key: fields[key]} if key in fields else {}
    if "price" in fields:
        about["price"] = _one(fields["price"], PRICE_UNIT, "price")
        about.setdefault("price_basis", "assumed")
    if "date" in fields:
        about["said"] = day_from(str(fields["date"]), "date")
    if (origin := fields.get("derived_from")) is not None and origin not in QUANTITIES:
        hint = f"Known: {one_of(QUANTITIES)}."
        raise UnknownNameError("quantity to derive from", str(origin), QUANTITIES, hint)
    for key in ("provider", "derived_from"):
        about |= {key: str(fields[key])} if key in fields else {}
    return about


def _run_of(fields: Mapping[str, object]) -> dict[str, Any]:
    """Return what the claim says of the run, as facts of the claim and arguments of an estimate."""
    known: dict[str, Any] = {}
    if "gpu" in fields:
        known["gpus"] = (accelerator(str(fields["gpu"])).name,)
    if "num_gpus" in fields:
        known["num_gpus"] = int(count_from(fields["num_gpus"], "num_gpus", GPU_NOUNS))
    if "gpu_hours" in fields:
        known |= _hours_of(fields)
    if unused := [key for key in OF_FLOP if key in fields and not _described(fields)]:
        raise InputError(
            f"{unused[0]}: got it without a model, or parameters and tokens; give them."
        )
    if _described(fields):
        if "model" not in fields and "gpu" not in fields:
            raise InputError("gpu: nothing given; needs the accelerator, such as h100-sxm.")
        known["run"] = {key: fields[key] for key in RUN if key in fields}
    elif not (known.get("gpus") and (known.get("gpu_hours") or _bought(fields))):
        raise InputError(
            "The claim says too little of the run: needs a model, or parameters and tokens, or an "
            "accelerator and its GPU-hours."
        )
    return known


def _hours_of(fields: Mapping[str, object]) -> dict[str, Any]:
    """Return the hours [GPU*hour] that a claim states beside its figure: one number, or a bound."""
    relation, low, high = _figure(fields["gpu_hours"], "gpu_hours")
    if relation in ("between", "more_than"):
        if any(key in fields for key in QUANTITIES if key != "gpu_hours"):
            got = shown(fields["gpu_hours"])
            raise InputError(f"gpu_hours: got {got}; needs one number beside another figure.")
        return {}
    origin = "bound" if relation == "less_than" else "reported"
    origin = "from-cost" if fields.get("derived_from") == "cost" else origin
    return {
        "gpu_hours": high if low is None else low,
        "hours_source": origin,
        "hours_of": AS_CLAIMED,
    }


def _bought(fields: Mapping[str, object]) -> bool:
    """Return whether a claim is of a purchase, which takes accelerators and no hours."""
    return "num_gpus" in fields and fields.get("price_basis") == PURCHASE


def _described(fields: Mapping[str, object]) -> bool:
    """Return whether a claim says which run it is about, beside its figures."""
    return "model" in fields or ("parameters" in fields and "tokens" in fields)


def _figure(value: object, quantity: str) -> tuple[str, float | None, float | None]:
    """Return the relation and the bounds of a figure in the unit of its quantity."""
    text = str(value).strip()
    relation = SIGNS.get(text[:1], "")
    ends = _amount(text[1:] if relation else text, QUANTITIES[quantity], quantity)
    low, high = ends[0], ends[-1]
    if len(ends) == 2:
        if relation:
            raise InputError(f"{quantity}: got {shown(text)}; needs a sign or a range, not both.")
        if low < high:
            return "between", low, high
    if relation == "less_than":
        return relation, None, high
    return (relation, low, None) if relation == "more_than" else ("about", low, high)


def _one(value: object, unit: str, name: str) -> float:
    found = _amount(value, unit, name)
    if len(found) > 1:
        raise InputError(f"{name}: got {shown(value)}; needs one number, not a range.")
    return found[0]


def _amount(value: object, unit: str, name: str) -> tuple[float, ...]:
    """Return one number or both ends of a range in `unit`, which bare ones have; all above 0."""
    text, kind = str(value), wanted(unit)
    try:
        span = read_range(text, kind)
        ends = span.ends if span else (read_quantity(text, kind),)
        ends = tuple((number, own or unit) for number, own in ends)
    except (UnitError, InputError) as error:
        raise named(name, error) from None
    found = tuple(float(in_unit(registry().Quantity(*end), unit, name)) for end in ends)
    if len(found) > 2:
        raise InputError(f"{name}: got {shown(text)}; needs one figure, or low..high.")
    if not all(end > 0 for end in found):
        raise InputError(f"{name}: got {shown(text)}; needs {kind.what} above 0.")
    most = MOST_FLOP if name == "model_flop" else MOST
    if not all(LEAST <= end <= most for end in found):
        raise InputError(f"{name}: got {shown(text)}; needs {LEAST:g} to {most:g} {unit}.")
    return found
