"""The published figures of the method epoch-2024 beside what it gives here, in the same dollars."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmcost.catalog.epoch_2024 import Figure, figures
from llmcost.studies.methods.cases import listed_case
from llmcost.studies.methods.epoch_2024 import MethodCost, Step, epoch_2024, in_dollars_of

INPUTS = (
    *("gpu_hours", "num_gpus", "published", "training_start", "purchase_price"),
    *("server_price_ratio", "hardware_price_decline", "network_share", "rated_power"),
    *("server_power_ratio", "power_draw_fraction", "pue", "electricity_price"),
    "rental_reserved_3y_price",
)


@dataclass(frozen=True, slots=True)
class Reproduction:
    """One published figure [USD], and the same by today's list of inputs and by that edition's.

    `ours` counts with the inputs as they are listed now, `as_then` with those of the figure's
    edition; `low` and `high` are the 90% interval that the authors give, around `ours`. All are in
    the dollars of the figure.
    """

    figure: Figure
    cost: MethodCost
    ours: float
    as_then: float
    low: float | None
    high: float | None

    @property
    def model(self) -> str:
        """The model, as it is listed."""
        return self.figure.model

    @property
    def published(self) -> float:
        """The published figure [USD]."""
        return self.figure.figure

    @property
    def ratio(self) -> float:
        """Ours over the published figure."""
        return self.ours / self.published

    @property
    def as_then_ratio(self) -> float:
        """The figure with the inputs of its edition over the published one."""
        return self.as_then / self.published

    @property
    def inputs(self) -> tuple[Step, ...]:
        """What ours counts with, each with its source."""
        return tuple(step for step in self.cost.steps if step.name in INPUTS)


def reproduction_rows(model: str | None = None) -> tuple[Reproduction, ...]:
    """Return every published figure of the method set against ours, or those of one model.

    Raises UnknownNameError for a model that has no figure.
    """
    return tuple(_rows(None if model is None else listed_case(model).model))


def _rows(model: str | None) -> Iterator[Reproduction]:
    for figure in figures():
        if model in (None, figure.model):
            yield _row(figure)


def _row(figure: Figure) -> Reproduction:
    now = epoch_2024(listed_case(figure.model))
    then = epoch_2024(listed_case(figure.model, figure.as_then)) if figure.as_then else now
    ends = now.interval(figure.quantity)
    low, high = [_moved(now, figure, end) for end in ends] if ends else (None, None)
    return Reproduction(
        figure=figure,
        cost=now,
        ours=_moved(now, figure, getattr(now, figure.quantity)),
        as_then=_moved(then, figure, getattr(then, figure.quantity)),
        low=low,
        high=high,
    )


def _moved(cost: MethodCost, figure: Figure, amount: float) -> float:
    return in_dollars_of(amount, cost.case.published, figure.dollars_of)
