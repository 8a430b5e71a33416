"""Prices and costs."""

from __future__ import annotations

from typing import Any

from llmcost.units import unit_checked

TOKENS_PER_MEGATOKEN = 1e6


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
