"""Electricity, carbon and water of a run."""

from __future__ import annotations

from typing import Any

from llmcost.formulas.money import HOURS_PER_YEAR
from llmcost.units import unit_checked

WATTS_PER_MEGAWATT = 1e6
KWH_PER_MWH = 1e3
KILOGRAMS_PER_TONNE = 1e3


@unit_checked("W/GPU", rated_power="W/GPU", server_power_ratio="", power_draw_fraction="", pue="")
def mean_power_per_gpu(
    *,
    rated_power: Any,  # noqa: ANN401
    server_power_ratio: Any,  # noqa: ANN401
    power_draw_fraction: Any,  # noqa: ANN401
    pue: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return what the site draws for each device while a job runs, on average [W/GPU].

    `server_power_ratio` is the rated power of the server over that of its devices, and
    `power_draw_fraction` the mean draw over the rated power of the server; `pue` adds cooling and
    the losses of the site.

    Source: Cottier et al. 2024 (arXiv 2405.21015), energy; PUE as in ISO/IEC 30134-2.
    """
    return rated_power * server_power_ratio * power_draw_fraction * pue


@unit_checked("MW", num_gpus="GPU", mean_power_per_gpu="W/GPU")
def mean_power(*, num_gpus: Any, mean_power_per_gpu: Any) -> Any:  # noqa: ANN401
    """Return what the site draws for the cluster while the job runs, on average [MW].

    Source: by definition.
    """
    return num_gpus * mean_power_per_gpu / WATTS_PER_MEGAWATT


@unit_checked("MWh", gpu_hours="GPU*hour", mean_power_per_gpu="W/GPU")
def energy(*, gpu_hours: Any, mean_power_per_gpu: Any) -> Any:  # noqa: ANN401
    """Return the electricity that the site takes for the run, cooling and losses included [MWh].

    Hours in which the cluster stands idle are not in it; time lost to failures is.

    Source: by definition.
    """
    return gpu_hours * mean_power_per_gpu / WATTS_PER_MEGAWATT


@unit_checked("USD", energy="MWh", electricity_price="USD/kWh")
def energy_cost(*, energy: Any, electricity_price: Any) -> Any:  # noqa: ANN401
    """Return the bill for electricity [USD].

    Source: by definition.
    """
    return energy * KWH_PER_MWH * electricity_price


@unit_checked("tCO2e", energy="MWh", carbon_intensity="kgCO2e/kWh")
def carbon(*, energy: Any, carbon_intensity: Any) -> Any:  # noqa: ANN401
    """Return the emissions of the electricity, by the mean of the grid it is taken from [tCO2e].

    Location-based: contracts for green electricity do not count.

    Source: GHG Protocol Scope 2 Guidance 2015, the location-based method.
    """
    return energy * KWH_PER_MWH * carbon_intensity / KILOGRAMS_PER_TONNE


@unit_checked(
    "tCO2e",
    gpu_hours="GPU*hour",
    embodied_carbon_per_gpu="kgCO2e/GPU",
    server_lifetime="year",
    cluster_utilization="",
)
def embodied_carbon(
    *,
    gpu_hours: Any,  # noqa: ANN401
    embodied_carbon_per_gpu: Any,  # noqa: ANN401
    server_lifetime: Any,  # noqa: ANN401
    cluster_utilization: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the run's part of the emissions from making the hardware [tCO2e].

    Every hour in use over the life of the hardware bears the same.

    Source: Luccioni et al. 2022 (arXiv 2211.02001), embodied emissions of BLOOM.
    """
    hours_in_use = server_lifetime * HOURS_PER_YEAR * cluster_utilization
    return gpu_hours * embodied_carbon_per_gpu / hours_in_use / KILOGRAMS_PER_TONNE


@unit_checked("litre", energy="MWh", water_intensity="litre/kWh")
def water(*, energy: Any, water_intensity: Any) -> Any:  # noqa: ANN401
    """Return the water of the run [litre], from that of each kilowatt-hour of the site.

    Whether that is evaporated on site, withdrawn by power stations, or both, is what
    `water_intensity` says.

    Source: Li et al. 2023 (arXiv 2304.03271), water on site and of the electricity.
    """
    return energy * KWH_PER_MWH * water_intensity
