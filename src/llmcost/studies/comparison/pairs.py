"""What paired draws tell: deltas, how often one setup beats another, and at which price.

Draw number n of every setup is the same uncertain world: each uncertain input has one stream of
random numbers, so that it is at the same percentile of its range for all of them. Where a model's
MFU is off, or the market is dear, it is so for every setup at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from llmcost import sampling
from llmcost.studies.answers import Result
from llmcost.studies.choices.cluster import PRICE_UNIT
from llmcost.studies.comparison.parts import COMPARED, UNITS, BreakEven, Delta, Pair, SetupResult

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Draws = Mapping[str, Mapping[str, Floats]]

# What pairs are told of.
PAIRED = ("cost", "wall_clock")
# With more setups than these, pairs are those of the best ones and of the first alone.
MOST_IN_ALL_PAIRS = 12


def deltas(one: SetupResult, first: SetupResult, draws: Draws, level: float) -> dict[str, Delta]:
    """Return how a setup differs from the first in each result that both have."""
    found = {}
    for name in COMPARED:
        value, base = one.value(name), first.value(name)
        if value is None or base is None:
            continue
        own, other = (draws.get(each.name, {}).get(name) for each in (one, first))
        if own is None or other is None:
            own, other = np.array([value]), np.array([base])
        difference = _told(value - base, own - other, UNITS[name], level)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = _told(value / base if base else None, own / other, "", level)
        found[name] = Delta(difference, ratio)
    return found


def pairs(
    order: Sequence[str],
    told: Iterable[str | None],
    draws: Draws,
    predicted: Mapping[str, object] | None = None,
) -> Iterator[Pair]:
    """Yield the pairs of setups, the better ranked first, with the shares of draws each wins.

    Of very many setups they are the pairs of those in `told`, and of the best ranked, with all.
    `predicted` names what the MFU of each setup is predicted for, where it is predicted.
    """
    known = predicted or {}
    for a, b in _couples(order, told):
        unlike = a in known and b in known and known[a] != known[b]
        for result in PAIRED:
            own, other = draws[a].get(result), draws[b].get(result)
            if own is not None and other is not None:
                apart = _shares(own, _erring_apart(other, draws[b]["mfu"])) if unlike else ()
                yield Pair(a, b, result, *_shares(own, other), *apart)


def _shares(own: Floats, other: Floats) -> tuple[float, float]:
    """Return the shares of the draws in which one has less, and more, than the other."""
    return float((own < other).mean()), float((own > other).mean())


def _erring_apart(drawn: Floats, mfu: Floats) -> Floats:
    """Return draws of time or cost with the MFU of other draws, as if its error were its own.

    Both are in inverse proportion to the MFU. Draws have no order, so that those of the draw before
    are as good as any others.
    """
    return drawn * (mfu / np.roll(mfu, 1))


def win_shares(names: Sequence[str], drawn: Mapping[str, Floats]) -> dict[str, float]:
    """Return the share of the draws in which each setup has least; those that draw share it."""
    if not names:
        return {}
    stacked = np.stack([drawn[name] for name in names])
    least = stacked == stacked.min(axis=0)
    shares = (least / least.sum(axis=0)).mean(axis=1)
    return dict(zip(names, shares.tolist(), strict=True))


def break_even(
    setups: Sequence[SetupResult], first: str | None, draws: Draws, level: float
) -> Iterator[BreakEven]:
    """Yield the price below which each setup is cheaper than the first, and than the cheapest else.

    The cost of renting is device time by price, so that the price is the other's cost over the
    device time of the setup.
    """
    costs = {one.name: cost for one in setups if (cost := one.value("cost")) is not None}
    for one in setups:
        others = [name for name in costs if name != one.name]
        cheapest = min(others, key=lambda name: costs[name], default=None)
        for against in dict.fromkeys((first, cheapest)):
            if against is not None and against in others:
                found = _break_even(one, against, costs[against], draws, level)
                if found is not None:
                    yield found


def _break_even(
    one: SetupResult, against: str, cost: float, draws: Draws, level: float
) -> BreakEven | None:
    hours = one.value("gpu_hours")
    if not hours:
        return None
    drawn = draws[against]["cost"] / draws[one.name]["gpu_hours"]
    price = _told(cost / hours, drawn, PRICE_UNIT, level)
    now = one.input("price") if one.estimate and one.value("cost") is not None else None
    return BreakEven(one.name, against, price, now)


def _couples(order: Sequence[str], told: Iterable[str | None]) -> Iterable[tuple[str, str]]:
    if len(order) <= MOST_IN_ALL_PAIRS:
        return ((a, b) for at, a in enumerate(order) for b in order[at + 1 :])
    kept = {order[0], *told}
    return ((a, b) for at, a in enumerate(order) for b in order[at + 1 :] if a in kept or b in kept)


def _told(value: float | None, drawn: Floats, unit: str, level: float) -> Result:
    """Return a number with the interval of its draws; ends that are not finite are not known."""
    if value is None or not np.isfinite(value):
        return Result(None, unit, None, None)
    if not np.ptp(drawn):
        return Result(float(value), unit, float(value), float(value))
    low, median, high = sampling.summary(drawn, level)
    if not np.isfinite((low, median, high)).all():
        return Result(float(value), unit, None, None)
    return Result(float(value), unit, low, high, median)
