"""What a claim allows: from its relation and figures to a range, and from a range to a verdict."""

from __future__ import annotations

from decimal import Decimal
from math import inf
from typing import Any

import numpy as np

CONSISTENT, LOW, HIGH, NOT_COMPARABLE = "consistent", "low", "high", "not comparable"
SLACK = {"about": 0.10, "equal": 0.01}
RULES = {
    "between": "the range as printed",
    "about": "half a unit of its last digit, and at least 10%, either way",
    "equal": "half a unit of its last digit, and at least 1%, either way",
    "more_than": "the figure or more",
    "less_than": "the figure or less",
    "order_of": "from the figure up to ten times it",
}


def allowed(relation: str, low: float | None, high: float | None) -> tuple[float, float]:
    """Return the lowest and highest value that a claim allows, in its own unit.

    >>> allowed("order_of", 1e8, None), allowed("more_than", 1e8, None)
    ((100000000.0, 1000000000.0), (100000000.0, inf))
    """
    if relation in SLACK and low is not None:
        slack = max(half_unit(low), SLACK[relation] * low)
        return max(low - slack, 0.0), low + slack
    if relation == "order_of" and low is not None:
        return low, 10 * low
    return (0.0 if low is None else low), (inf if high is None else high)


def half_unit(value: float) -> float:
    """Return half a unit of the last digit that is not 0, as far as a figure is printed.

    >>> half_unit(16_000), half_unit(4.05e11)
    (500.0, 500000000.0)
    """
    return 0.5 * 10.0 ** _last_place(value)


def digits(value: float) -> int:
    """Return how many digits of a figure are not zeros at its end.

    >>> digits(5.576e6), digits(170e6)
    (4, 2)
    """
    return len(_decimal(value).as_tuple().digits)


def judged(bounds: tuple[float, float], low: float, high: float) -> str:
    """Return whether a claim is consistent with the range from low to high, or low, or high.

    Consistent where the two ranges meet; low where all that the claim allows is below ours.
    """
    if bounds[1] < low:
        return LOW
    return HIGH if bounds[0] > high else CONSISTENT


def share_inside(draws: Any, bounds: tuple[float, float]) -> float:  # noqa: ANN401
    """Return the share of draws that lie within the bounds of a claim."""
    values = np.asarray(draws, dtype=float)
    return float(np.mean((values >= bounds[0]) & (values <= bounds[1])))


def ratios(low: float | None, high: float | None, value: float) -> tuple[float | None, ...]:
    """Return each end of a claim over our value; `None` for an end that is not claimed."""
    ends = (low, high)
    return tuple(None if end is None or not value else end / value for end in ends)


def _last_place(value: float) -> int:
    return int(_decimal(value).as_tuple().exponent)


def _decimal(value: float) -> Decimal:
    return Decimal(f"{value:.12g}").normalize()
