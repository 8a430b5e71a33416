"""Which setups no other beats at cost and time both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def on_front(costs: Floats, times: Floats) -> NDArray[np.bool_]:
    """Return which rows are on the Pareto front, in each column by itself.

    A row is on it unless another has at most its cost and at most its time, and less of one. Rows
    that are alike in both are on it together.
    """
    found = np.ones(costs.shape, dtype=bool)
    for row in range(costs.shape[0]):
        no_dearer, no_slower = costs <= costs[row], times <= times[row]
        better = (costs < costs[row]) | (times < times[row])
        found[row] = ~(no_dearer & no_slower & better).any(axis=0)
    return found


def front_of(costs: Mapping[str, float], times: Mapping[str, float]) -> tuple[str, ...]:
    """Return the names on the front of values, the cheapest first."""
    names = [name for name in costs if name in times]
    if not names:
        return ()
    columns = [np.array([[each[name]] for name in names]) for each in (costs, times)]
    on = on_front(*columns)[:, 0]
    chosen = [name for name, keep in zip(names, on, strict=True) if keep]
    return tuple(sorted(chosen, key=lambda name: (costs[name], times[name])))


def front_shares(
    names: Sequence[str], costs: Mapping[str, Floats], times: Mapping[str, Floats]
) -> dict[str, float]:
    """Return the share of the draws in which each setup is on the front; draws are paired."""
    if not names:
        return {}
    stacked = [np.stack([each[name] for name in names]) for each in (costs, times)]
    shares = on_front(*stacked).mean(axis=1)
    return dict(zip(names, shares.tolist(), strict=True))
