"""What a model costs beyond its final run: experiments, post-training, people, and the rest."""

from __future__ import annotations

from typing import Any

import numpy as np

from llmcost.units import unit_checked


@unit_checked("USD", final_run_cost="USD", experiments_ratio="")
def experiments_cost(*, final_run_cost: Any, experiments_ratio: Any) -> Any:  # noqa: ANN401
    """Return what experiments and failed runs cost, at the price of the final run's compute [USD].

    `experiments_ratio` is all compute of the development over that of the final run. It is 1 or
    more; a draw below 1 counts as no experiments.

    Source: Cottier et al. 2024 (arXiv 2405.21015): 1.2 to 4 times (90% interval).
    """
    return final_run_cost * (np.maximum(experiments_ratio, 1.0) - 1.0)


@unit_checked("", post_training_tokens="token", tokens="token", compute_multiplier="")
def post_training_share(
    *,
    post_training_tokens: Any,  # noqa: ANN401
    tokens: Any,  # noqa: ANN401
    compute_multiplier: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the compute of post-training over that of the final run.

    `compute_multiplier` is the compute of a token of post-training over that of a token of the
    final run: 1 for supervised fine-tuning at the same length. Reinforcement learning also
    generates its tokens, with a lower MFU, and scores them.

    Source: by definition.
    """
    return post_training_tokens * compute_multiplier / tokens


@unit_checked("USD", final_run_cost="USD", post_training_share="")
def post_training_cost(*, final_run_cost: Any, post_training_share: Any) -> Any:  # noqa: ANN401
    """Return what post-training costs, at the price of the final run's compute [USD].

    Fine-tuning, reinforcement learning and safety training; people and data are lines of their own.

    Source: by definition.
    """
    return final_run_cost * post_training_share


@unit_checked(
    "USD",
    staff="person",
    staff_time="year",
    salary="USD/person/year",
    staff_overhead="",
    equity_pay="USD/person/year",
)
def staff_cost(
    *,
    staff: Any,  # noqa: ANN401
    staff_time: Any,  # noqa: ANN401
    salary: Any,  # noqa: ANN401
    staff_overhead: Any,  # noqa: ANN401
    equity_pay: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return what the people of the development cost [USD].

    `staff` are full-time equivalents over `staff_time`; `staff_overhead` is what an employee costs
    over the salary (taxes, benefits, office), and shares come without one.

    Source: Cottier et al. 2024 (arXiv 2405.21015), cost of research and development staff.
    """
    return staff * staff_time * (salary * staff_overhead + equity_pay)


@unit_checked("USD", compute_cost="USD", staff_share="")
def staff_cost_by_share(*, compute_cost: Any, staff_share: Any) -> Any:  # noqa: ANN401
    """Return what people cost, from their share in compute and people together [USD].

    Compute is that of an owner: the published shares are over amortised hardware and energy.

    Source: Cottier et al. 2024 (arXiv 2405.21015): 29 to 49% of the amortised cost of hardware,
    energy and staff, with equity.
    """
    return compute_cost * staff_share / (1.0 - staff_share)


@unit_checked("USD", compute_cost="USD", rental_add_ons="")
def rental_add_ons_cost(*, compute_cost: Any, rental_add_ons: Any) -> Any:  # noqa: ANN401
    """Return what a rental bill has beside accelerators: storage, egress, management [USD].

    `rental_add_ons` is that over the price of the accelerators. Storage and network that are given
    as amounts take its place.

    Source: by definition.
    """
    return compute_cost * rental_add_ons


@unit_checked(
    "USD",
    final_run_cost="USD",
    experiments_cost="USD",
    post_training_cost="USD",
    staff_cost="USD",
    rental_add_ons_cost="USD",
    storage_cost="USD",
    network_cost="USD",
    data_cost="USD",
)
def development_cost(
    *,
    final_run_cost: Any,  # noqa: ANN401
    experiments_cost: Any,  # noqa: ANN401
    post_training_cost: Any,  # noqa: ANN401
    staff_cost: Any,  # noqa: ANN401
    rental_add_ons_cost: Any,  # noqa: ANN401
    storage_cost: Any,  # noqa: ANN401
    network_cost: Any,  # noqa: ANN401
    data_cost: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return what the development of a model costs, the sum of its lines [USD].

    Source: by definition; the lines are those of Cottier et al. 2024 (arXiv 2405.21015), with
    post-training, storage, network and data.
    """
    compute = final_run_cost + experiments_cost + post_training_cost
    around = rental_add_ons_cost + storage_cost + network_cost + data_cost
    return compute + staff_cost + around
