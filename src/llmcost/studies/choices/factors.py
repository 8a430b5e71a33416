"""The assumptions behind goodput, ownership, energy and scope: one line each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

MAX_MONEY = 1e15


@dataclass(frozen=True, slots=True)
class Factor:
    """What an assumption may be: its unit, whether it is a share, its floor and its largest value.

    `zero` says that nothing at all is a value; a `floor` is below every draw; what is `counted` may
    be a bare number.
    """

    unit: str = ""
    share: bool = False
    maximum: float = 1e12
    floor: float = 0.0
    zero: bool = False
    counted: bool = False


FACTORS = {
    "failure_rate": Factor("1/GPU/hour", maximum=1.0, zero=True),
    "restart_time": Factor("s", maximum=1e7, zero=True),
    "checkpoint_time": Factor("s", maximum=1e7, zero=True),
    "checkpoint_interval": Factor("s", maximum=1e9),
    "checkpoint_bandwidth": Factor("byte/s/GPU"),
    "checkpoint_bytes_per_parameter": Factor("byte", maximum=1e3),
    "maintenance_share": Factor(share=True, maximum=0.99, zero=True),
    "steady_share": Factor(share=True, maximum=1.0),
    "server_price": Factor("USD/GPU", maximum=MAX_MONEY),
    "network_share": Factor(share=True, maximum=0.99, zero=True),
    "server_lifetime": Factor("year", maximum=100.0),
    "cluster_utilization": Factor(share=True, maximum=1.0),
    "hardware_price_decline": Factor("1/year", maximum=10.0),
    "server_age": Factor("year", maximum=100.0, zero=True),
    "cost_of_capital": Factor(share=True, maximum=1.0, zero=True),
    "rated_power": Factor("W/GPU", maximum=1e6),
    "server_power_ratio": Factor(floor=1.0, maximum=100.0),
    "power_draw_fraction": Factor(share=True, maximum=1.0),
    "pue": Factor(floor=1.0, maximum=10.0),
    "electricity_price": Factor("USD/kWh", maximum=1e3, zero=True),
    "carbon_intensity": Factor("kgCO2e/kWh", maximum=100.0, zero=True),
    "embodied_carbon_per_gpu": Factor("kgCO2e/GPU", maximum=1e9),
    "water_intensity": Factor("litre/kWh", maximum=1e3),
    "experiments_ratio": Factor(floor=1.0, maximum=1e3),
    "post_training_share": Factor(maximum=1e3, zero=True),
    "post_training_multiplier": Factor(maximum=1e4),
    "staff": Factor("person", maximum=1e7, counted=True),
    "staff_time": Factor("year", maximum=100.0),
    "salary": Factor("USD/person/year", maximum=1e9),
    "staff_overhead": Factor(floor=1.0, maximum=100.0),
    "equity_pay": Factor("USD/person/year", maximum=1e9, zero=True),
    "staff_share": Factor(share=True, maximum=0.99, zero=True),
    "rental_add_ons": Factor(maximum=100.0, zero=True),
    "storage_cost": Factor("USD", maximum=MAX_MONEY, zero=True),
    "network_cost": Factor("USD", maximum=MAX_MONEY, zero=True),
    "data_cost": Factor("USD", maximum=MAX_MONEY, zero=True),
}


class Factors(TypedDict, total=False):
    """The assumptions that `estimate` takes by name, each a value or a range with its unit."""

    failure_rate: object
    restart_time: object
    checkpoint_time: object
    checkpoint_interval: object
    checkpoint_bandwidth: object
    checkpoint_bytes_per_parameter: object
    maintenance_share: object
    steady_share: object
    server_price: object
    network_share: object
    server_lifetime: object
    cluster_utilization: object
    hardware_price_decline: object
    server_age: object
    cost_of_capital: object
    rated_power: object
    server_power_ratio: object
    power_draw_fraction: object
    pue: object
    electricity_price: object
    carbon_intensity: object
    embodied_carbon_per_gpu: object
    water_intensity: object
    experiments_ratio: object
    post_training_share: object
    post_training_multiplier: object
    staff: object
    staff_time: object
    salary: object
    staff_overhead: object
    equity_pay: object
    staff_share: object
    rental_add_ons: object
    storage_cost: object
    network_cost: object
    data_cost: object
