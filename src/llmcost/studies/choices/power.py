"""Energy and what it costs and emits: the draw of the devices, the building, the grid."""

from __future__ import annotations

from datetime import date

from llmcost.catalog.device_overheads import device_overhead
from llmcost.catalog.gpus import Accelerator
from llmcost.catalog.regions import (
    DEFAULT_REGION,
    RegionFigure,
    carbon_intensity,
    electricity_price,
    region,
)
from llmcost.errors import InputError, shown
from llmcost.inputs import InputValue, Origin
from llmcost.sampling import Spread
from llmcost.studies.choices.choosing import Chosen, choose, from_default, from_user
from llmcost.studies.choices.factors import FACTORS
from llmcost.studies.choices.given import Given, Note

PER_DEVICE = ("server_power_ratio", "power_draw_fraction")
GRID = {"electricity_price": electricity_price, "carbon_intensity": carbon_intensity}
TITLES = {"electricity_price": "Electricity", "carbon_intensity": "Carbon of the grid"}
NO_GRID = {
    "electricity_price": "No cost of owning without --electricity-price",
    "carbon_intensity": "No carbon without --carbon-intensity",
}
EXTRAS = {"embodied": "embodied_carbon_per_gpu", "water": "water_intensity"}


def choose_power(
    given: Given, gpu: Accelerator, day: date
) -> tuple[dict[str, Chosen], InputValue, list[Note]]:
    """Return the assumptions behind energy and carbon, the region, and notes on what is missing."""
    found = {name: _of_device(given, name, gpu) for name in PER_DEVICE}
    rated = from_user(given, "rated_power") or _rated_power(gpu)
    if rated is not None:
        found["rated_power"] = rated
    found["pue"] = choose(given, "pue")
    grid, region, notes = _grid(given, day)
    found |= grid
    for asked, name in EXTRAS.items():
        own = from_user(given, name)
        if own or given[asked]:
            found[name] = own or choose(given, name)
    if rated is None:
        notes.append(("no-power", f"No energy: the rated power of {gpu.name} is not published."))
    return found, region, notes


def _of_device(given: Given, name: str, gpu: Accelerator) -> Chosen:
    known = device_overhead(name, gpu)
    return from_user(given, name) or from_default(known, name, "device_overheads.csv")


def _rated_power(gpu: Accelerator) -> Chosen | None:
    if gpu.power is None:
        return None
    spread = Spread(gpu.power, gpu.power, gpu.power)
    origin = Origin("catalogue", f"gpu_specs.csv: {', '.join(gpu.sources)}", gpu.launched)
    return Chosen(spread, InputValue.of(spread, FACTORS["rated_power"].unit, origin))


def _grid(given: Given, day: date) -> tuple[dict[str, Chosen], InputValue, list[Note]]:
    """Return the price and the carbon of electricity: the user's, else the region's on the day."""
    asked = _region(given)
    found: dict[str, Chosen] = {}
    notes: list[Note] = []
    for name, look in GRID.items():
        own = from_user(given, name)
        if own is not None:
            found[name] = own
            continue
        figure = look(str(asked.value), day)
        if figure.value is None:
            notes.append((f"no-{name.replace('_', '-')}", f"{NO_GRID[name]}: {figure.reason}."))
            continue
        found[name] = _of_region(name, figure)
        notes += [("region", f"{TITLES[name]}: {text}.") for text in figure.warnings]
    return found, asked, notes


def _region(given: Given) -> InputValue:
    name = given["region"]
    if name is None:
        return InputValue(DEFAULT_REGION, "", Origin("default"))
    if not isinstance(name, str):
        raise InputError(f"region: got {shown(name)}; needs a name such as us, france or virginia.")
    return InputValue(region(name).name, "", given.origin("region"))


def _of_region(name: str, figure: RegionFigure) -> Chosen:
    value = figure.value or 0.0
    spread = Spread(figure.low or value, value, figure.high or value)
    origin = Origin("catalogue", f"grids.csv: {', '.join(figure.sources)}", figure.as_of)
    return Chosen(spread, InputValue.of(spread, FACTORS[name].unit, origin))
