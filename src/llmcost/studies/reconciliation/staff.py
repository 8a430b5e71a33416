"""What the people of a published development cost, by the numbers that its sources print."""

from __future__ import annotations

from math import exp, log

from llmcost.catalog.overheads import Default, Overhead, default, overheads
from llmcost.formulas import development
from llmcost.studies.reconciliation.claimed import Claimed
from llmcost.studies.reconciliation.ours import Figure, Ours
from llmcost.units import registry

STAFF_COST = "staff_cost"
HOW = "published people, time and share of it, at our salaries with equity"
# What a normal distribution has between its 5th and 95th, and its 10th and 90th percentile.
WIDTH = {0.9: 3.2897, 0.8: 2.5631}


def staff_cost(claim: Claimed) -> Ours:
    """Return what the staff of a model cost [USD], where people and time are published.

    Contributors differ in the share of their time and in pay, which average out over many people:
    means count, and the interval is that of the project's duration.
    """
    known = {one.item: one for one in overheads("staff") if one.scope == claim.subject}
    people, time = known.get("contributors"), known.get("duration of the project")
    if people is None or time is None or people.value is None:
        return Ours(reason="how many people worked on it, and for how long, is not published")
    share = next(one for one in overheads("staff") if one.item.startswith("share of the time"))
    full_time = people.value * _mean(share.low or 0, share.high or 0, WIDTH[0.9])
    value, low, high = (_cost(full_time, years) for years in _years(time))
    return Ours((Figure("", HOW, value, low, high),), HOW)


def _years(time: Overhead) -> tuple[float, float, float]:
    """Return value, low and high of a duration [year]."""
    middle = time.value or 0.0
    ends = (middle, time.low or middle, time.high or middle)
    low_to_high = [registry().Quantity(end, time.unit).to("year").magnitude for end in ends]
    return low_to_high[0], low_to_high[1], low_to_high[2]


def _cost(full_time: float, years: float) -> float:
    return float(
        development.staff_cost.kernel(
            staff=full_time,
            staff_time=years,
            salary=_mean_of(default("salary")),
            staff_overhead=_mean_of(default("staff_overhead")),
            equity_pay=_mean_of(default("equity")),
        )
    )


def _mean_of(pay: Default) -> float:
    return _mean(pay.low or 0, pay.high or 0, WIDTH[0.8])


def _mean(low: float, high: float, width: float) -> float:
    """Return the mean of a lognormal with these percentiles, so many standard deviations apart."""
    sigma = log(high / low) / width
    return exp((log(low) + log(high)) / 2 + sigma**2 / 2)
