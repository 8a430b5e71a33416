"""Energy and what it costs and emits: the draw of the devices, the building, the grid."""

from __future__ import annotations

from datetime import date

from llmcost.catalog.device_overheads import device_overhead
from llmcost.catalog.gpus import Accelerator
from llmcost.inputs import InputValue, Origin
from llmcost.sampling import Spread
from llmcost.studies.choices.choosing import Chosen, choose, from_default, from_user
from llmcost.studies.choices.factors import FACTORS
from llmcost.studies.choices.given import Given, Note

PER_DEVICE = ("server_power_ratio", "power_draw_fraction")
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
    found = {name: choose(given, name) for name in ("electricity_price", "carbon_intensity")}
    return found, InputValue("us", "", Origin("default")), []
