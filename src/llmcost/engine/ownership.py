"""From device-hours to the cost of owning the devices, and to energy, carbon and water.

A column is a float or an array; columns broadcast. Nothing here checks anything; NaN marks what is
not known and stays NaN in every result that needs it, and in no other. A column that is absent is
not known, but for those that have a value in ABSENT.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from llmcost.engine.rows import as_rows
from llmcost.formulas import energy as energies
from llmcost.formulas import money

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

INPUTS = {
    "gpu_hours": "GPU*hour",
    "num_gpus": "GPU",
    "server_price": "USD/GPU",
    "network_share": "",
    "server_lifetime": "year",
    "cluster_utilization": "",
    "declining": "",
    "hardware_price_decline": "1/year",
    "server_age": "year",
    "cost_of_capital": "1/year",
    "rated_power": "W/GPU",
    "server_power_ratio": "",
    "power_draw_fraction": "",
    "pue": "",
    "electricity_price": "USD/kWh",
    "carbon_intensity": "kgCO2e/kWh",
    "embodied_carbon_per_gpu": "kgCO2e/GPU",
    "water_intensity": "litre/kWh",
}
# New hardware, written off in equal parts, without interest.
OPTIONS = ("embodied_carbon_per_gpu", "water_intensity")
ABSENT = {
    **{name: np.nan for name in INPUTS if name not in OPTIONS},
    "declining": 0.0,
    "server_age": 0.0,
    "cost_of_capital": 0.0,
}
COSTS = ("owned_servers_cost", "owned_network_cost", "owned_capital_cost", "energy_cost")
OUTPUTS = {
    "acquisition_cost": "USD",
    **dict.fromkeys(COSTS, "USD"),
    "owned_cost": "USD",
    "owned_price": "USD/GPU/hour",
    "mean_power": "MW",
    "energy": "MWh",
    "carbon": "tCO2e",
    "embodied_carbon": "tCO2e",
    "water": "litre",
}


class _Charges(NamedTuple):
    """The value that is charged for [USD/GPU], and the yearly charges on it [1/year]."""

    servers: Any
    network: Any
    wear: Any
    capital: Any


def ownership(columns: Mapping[str, Any]) -> dict[str, Floats]:
    """Return the OUTPUTS of every row, from the INPUTS in the units those tables state.

    `declining` is 0 (straight line over `server_lifetime`) or 1 (the published declining value, for
    which `server_age` is the time from the date of the price to the start of training). The COSTS
    sum to `owned_cost`. Embodied carbon and water are results only where their column is given.
    """
    c = {**ABSENT, **columns}
    used = _energy(c)
    costs = {**_hardware(c), "energy_cost": _energy_cost(c, used["energy"])}
    owned_cost = money.owned_cost.kernel(**costs)
    outputs = {
        "acquisition_cost": money.acquisition_cost.kernel(
            num_gpus=c["num_gpus"],
            server_price=c["server_price"],
            network_share=c["network_share"],
        ),
        **costs,
        "owned_cost": owned_cost,
        "owned_price": money.owned_price.kernel(owned_cost=owned_cost, gpu_hours=c["gpu_hours"]),
        **used,
        **_embodied_carbon(c),
        **_water(c, used["energy"]),
    }
    return as_rows(outputs)


def _hardware(c: Mapping[str, Any]) -> dict[str, Any]:
    """Return the run's part in the wear of servers and network, and in their capital [USD]."""
    charges = _charges(c)
    return {
        "owned_servers_cost": _amortised(c, charges.servers, charges.wear),
        "owned_network_cost": _amortised(c, charges.network, charges.wear),
        "owned_capital_cost": _amortised(c, charges.servers + charges.network, charges.capital),
    }


def _charges(c: Mapping[str, Any]) -> _Charges:
    """Return values and yearly charges, by the method of depreciation of each row.

    Straight line: on the price, an annuity in all. Declining: on the value when training starts,
    the rate at which it falls and the interest on it.
    """
    declining = np.asarray(c["declining"]) == 1
    decline, interest = c["hardware_price_decline"], c["cost_of_capital"]
    age = {"hardware_price_decline": decline, "server_age": c["server_age"]}
    life = {"server_lifetime": c["server_lifetime"]}
    servers = np.where(
        declining, money.value_at_age.kernel(price=c["server_price"], **age), c["server_price"]
    )
    return _Charges(
        servers,
        money.network_price.kernel(server_price=servers, network_share=c["network_share"]),
        np.where(
            declining,
            money.declining_charge.kernel(hardware_price_decline=decline),
            money.straight_line_charge.kernel(**life),
        ),
        np.where(
            declining, interest, money.capital_charge.kernel(cost_of_capital=interest, **life)
        ),
    )


def _amortised(c: Mapping[str, Any], value: Any, charge: Any) -> Any:  # noqa: ANN401
    return money.amortised_cost.kernel(
        gpu_hours=c["gpu_hours"],
        value=value,
        yearly_charge=charge,
        cluster_utilization=c["cluster_utilization"],
    )


def _energy_cost(c: Mapping[str, Any], energy: Any) -> Any:  # noqa: ANN401
    return energies.energy_cost.kernel(energy=energy, electricity_price=c["electricity_price"])


def _energy(c: Mapping[str, Any]) -> dict[str, Any]:
    """Return mean power [MW], energy [MWh] and the emissions of making it [tCO2e]."""
    power = energies.mean_power_per_gpu.kernel(
        rated_power=c["rated_power"],
        server_power_ratio=c["server_power_ratio"],
        power_draw_fraction=c["power_draw_fraction"],
        pue=c["pue"],
    )
    energy = energies.energy.kernel(gpu_hours=c["gpu_hours"], mean_power_per_gpu=power)
    return {
        "mean_power": energies.mean_power.kernel(num_gpus=c["num_gpus"], mean_power_per_gpu=power),
        "energy": energy,
        "carbon": energies.carbon.kernel(energy=energy, carbon_intensity=c["carbon_intensity"]),
    }


def _embodied_carbon(c: Mapping[str, Any]) -> dict[str, Any]:
    """Return the run's part in the emissions of making hardware [tCO2e], where those are given."""
    name = "embodied_carbon_per_gpu"
    if name not in c:
        return {}
    use = {key: c[key] for key in ("gpu_hours", "server_lifetime", "cluster_utilization", name)}
    return {"embodied_carbon": energies.embodied_carbon.kernel(**use)}


def _water(c: Mapping[str, Any], energy: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return the water of the run [litre], where that of a kilowatt-hour is given."""
    if "water_intensity" not in c:
        return {}
    water = energies.water.kernel(energy=energy, water_intensity=c["water_intensity"])
    return {"water": water}
