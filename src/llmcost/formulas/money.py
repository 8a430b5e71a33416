"""Prices and costs of renting and of owning.

An owner's device-hours are those in use: of the 8,766 hours of a year, `cluster_utilization` run
jobs and bear the idle ones. The price of a server is per device, with all that is in the box and
nothing of the network between boxes.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from llmcost.units import unit_checked

TOKENS_PER_MEGATOKEN = 1e6
HOURS_PER_YEAR = 8766.0
LN_10 = float(np.log(10.0))
# [1/year], below which rounding says more about an annuity than what its series leaves out.
SMALL_INTEREST = 1e-8


@unit_checked("USD", gpu_hours="GPU*hour", price="USD/GPU/hour")
def rental_cost(*, gpu_hours: Any, price: Any) -> Any:  # noqa: ANN401
    """Return what renting the devices costs [USD].

    The price is per device-hour, so that a price times wall-clock hours is a unit error, not a
    result that is wrong by the number of devices.

    Source: the bill of a rented cluster, device time times price.
    """
    return gpu_hours * price


@unit_checked("USD/GPU/hour", price_per_node_hour="USD/hour", gpus_per_node="GPU")
def price_from_node(*, price_per_node_hour: Any, gpus_per_node: Any) -> Any:  # noqa: ANN401
    """Return the price of one device-hour from the price of a node-hour [USD/GPU/hour].

    Source: by definition.
    """
    return price_per_node_hour / gpus_per_node


@unit_checked("USD/megatoken", cost="USD", tokens="token")
def cost_per_million_tokens(*, cost: Any, tokens: Any) -> Any:  # noqa: ANN401
    """Return the training cost of a million tokens [USD/megatoken].

    Source: by definition.
    """
    return cost / (tokens / TOKENS_PER_MEGATOKEN)


@unit_checked("USD/GPU", server_price="USD/GPU", network_share="")
def network_price(*, server_price: Any, network_share: Any) -> Any:  # noqa: ANN401
    """Return the network of a cluster, for each device, from its share in the cluster [USD/GPU].

    With a share s of the cluster's price, servers are 1 - s of it.

    Source: Cottier et al. 2024 (arXiv 2405.21015): 19% of the price of a cluster.
    """
    return server_price * network_share / (1.0 - network_share)


@unit_checked("USD", num_gpus="GPU", server_price="USD/GPU", network_share="")
def acquisition_cost(*, num_gpus: Any, server_price: Any, network_share: Any) -> Any:  # noqa: ANN401
    """Return what the cluster costs to buy: servers and the network between them [USD].

    Land, building, power and cooling are not in it.

    Source: Cottier et al. 2024 (arXiv 2405.21015), the up-front acquisition cost.
    """
    return num_gpus * server_price / (1.0 - network_share)


@unit_checked("USD/GPU", price="USD/GPU", hardware_price_decline="1/year", server_age="year")
def value_at_age(*, price: Any, hardware_price_decline: Any, server_age: Any) -> Any:  # noqa: ANN401
    """Return what hardware is worth some years after the date of its price [USD/GPU].

    The decline is in base-10 orders of magnitude a year: at 0.14, 72.4% is left after a year.

    Source: Cottier et al. 2024 (arXiv 2405.21015), value at the start of training.
    """
    return price * 10.0 ** (-hardware_price_decline * server_age)


@unit_checked("1/year", server_lifetime="year")
def straight_line_charge(*, server_lifetime: Any) -> Any:  # noqa: ANN401
    """Return the part of the purchase price that is written off every year [1/year].

    Equal parts over the life, and nothing left at its end.

    Source: straight-line depreciation, IAS 16, paragraph 62.
    """
    return 1.0 / server_lifetime


@unit_checked("1/year", hardware_price_decline="1/year")
def declining_charge(*, hardware_price_decline: Any) -> Any:  # noqa: ANN401
    """Return the rate at which the value of hardware falls, over its value then [1/year].

    The decline is in base-10 orders of magnitude a year: 0.14 is a rate of 32.2% a year.

    Source: Cottier et al. 2024 (arXiv 2405.21015), amortised cost at the start of training.
    """
    return hardware_price_decline * LN_10


@unit_checked("1/year", cost_of_capital="1/year", server_lifetime="year")
def capital_charge(*, cost_of_capital: Any, server_lifetime: Any) -> Any:  # noqa: ANN401
    """Return what capital costs a year over straight-line depreciation, of the price [1/year].

    Equal yearly payments that return the price with interest, r / (1 - (1 + r)^-n), less the 1 / n
    that is written off; 0 at an interest of 0.

    Source: the capital-recovery factor of engineering economics, by definition of an annuity.
    """
    small = cost_of_capital < SMALL_INTEREST
    rate = np.where(small, 1.0, cost_of_capital)
    recovery = rate / -np.expm1(-server_lifetime * np.log1p(rate))
    first_order = cost_of_capital * (server_lifetime + 1.0) / (2.0 * server_lifetime)
    return np.where(small, first_order, recovery - 1.0 / server_lifetime)


@unit_checked(
    "USD",
    gpu_hours="GPU*hour",
    value="USD/GPU",
    yearly_charge="1/year",
    cluster_utilization="",
)
def amortised_cost(
    *,
    gpu_hours: Any,  # noqa: ANN401
    value: Any,  # noqa: ANN401
    yearly_charge: Any,  # noqa: ANN401
    cluster_utilization: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the part of a yearly charge on the value of hardware that a run bears [USD].

    Straight line: the purchase price, and 1 / life of it every year. Declining: the value when
    training starts, and the rate at which it then falls. Idle hours are borne by those in use.

    Source: Cottier et al. 2024 (arXiv 2405.21015), amortised hardware cost; `cluster_utilization`
    is ours, and 1 there.
    """
    return gpu_hours * value * yearly_charge / (HOURS_PER_YEAR * cluster_utilization)


@unit_checked(
    "USD",
    owned_servers_cost="USD",
    owned_network_cost="USD",
    owned_capital_cost="USD",
    energy_cost="USD",
)
def owned_cost(
    *,
    owned_servers_cost: Any,  # noqa: ANN401
    owned_network_cost: Any,  # noqa: ANN401
    owned_capital_cost: Any,  # noqa: ANN401
    energy_cost: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return what the run costs an owner of the cluster: hardware as it wears, and energy [USD].

    Building, operators and repairs are not in it.

    Source: Cottier et al. 2024 (arXiv 2405.21015), amortised hardware and energy; the cost of
    capital is an addition.
    """
    return owned_servers_cost + owned_network_cost + owned_capital_cost + energy_cost


@unit_checked("USD/GPU/hour", owned_cost="USD", gpu_hours="GPU*hour")
def owned_price(*, owned_cost: Any, gpu_hours: Any) -> Any:  # noqa: ANN401
    """Return what a device-hour costs the owner, to set against prices of rental [USD/GPU/hour].

    Source: by definition.
    """
    return owned_cost / gpu_hours
