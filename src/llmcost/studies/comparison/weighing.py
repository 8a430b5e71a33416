"""Setups set against each other: what each wins, and in which order they stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmcost.studies.comparison.answer import Comparison
from llmcost.studies.comparison.columns import ranked
from llmcost.studies.comparison.frontier import front_of, front_shares
from llmcost.studies.comparison.pairs import PAIRED, break_even, deltas, pairs, win_shares
from llmcost.studies.comparison.parts import COMPARED, LARGEST_IS_BEST, Delta, SetupResult, Shares

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weighing:
    """What setups are weighed by: their paired draws, the interval's share, the deadline [day]."""

    draws: Mapping[str, Mapping[str, Floats]]
    level: float
    deadline: float | None = None

    def weighed(self, found: Sequence[SetupResult], sort: str | None = None) -> Comparison:
        """Return setups with deltas, wins, pairs, break-even prices, front and order.

        Only those that run take part in what is won; deltas are from the first of them.
        """
        running = [one for one in found if one.runs]
        first = next((one for one in (*running, *found) if one.estimate), None)
        shares = self._shares(running)
        setups = tuple(
            replace(
                one,
                deltas=self._deltas(one, first),
                shares=replace(shares.get(one.name, Shares()), deadline=self._in_time(one)),
            )
            for one in found
        )
        order, name = ranked(setups, sort), first.name if first else None
        names, best = {one.name for one in running}, _best(running)
        told = (name, *(best.get(result) for result in PAIRED))
        return Comparison(
            setups=setups,
            order=order,
            first=name,
            best=best,
            pairs=tuple(
                pairs([one for one in order if one in names], told, self.draws, _predicted(running))
            ),
            break_even=tuple(break_even(running, name, self.draws, self.level)),
            front=front_of(_values(running, "cost"), _values(running, "wall_clock")),
            draws={one.name: self.draws[one.name] for one in setups},
        )

    def _deltas(self, one: SetupResult, first: SetupResult | None) -> dict[str, Delta]:
        if first is None or first.name == one.name:
            return {}
        return deltas(one, first, self.draws, self.level)

    def _shares(self, running: Sequence[SetupResult]) -> dict[str, Shares]:
        """Return the shares of the draws that each setup wins."""
        costs, times = (self._drawn(running, result) for result in ("cost", "wall_clock"))
        cheapest, fastest = (win_shares(list(each), each) for each in (costs, times))
        front = front_shares([name for name in costs if name in times], costs, times)
        return {
            one.name: Shares(cheapest.get(one.name), fastest.get(one.name), front.get(one.name))
            for one in running
        }

    def _drawn(self, setups: Sequence[SetupResult], result: str) -> dict[str, Floats]:
        drawn = {one.name: self.draws[one.name].get(result) for one in setups}
        return {name: values for name, values in drawn.items() if values is not None}

    def _in_time(self, one: SetupResult) -> float | None:
        """Return the share of the draws in which a setup meets the deadline."""
        days = self.draws[one.name].get("wall_clock")
        if self.deadline is None or days is None:
            return None
        return float((days <= self.deadline).mean())


def _best(running: Sequence[SetupResult]) -> dict[str, str]:
    """Return the setup that is best at each result in which they differ."""
    found = {}
    for result in COMPARED:
        values = _values(running, result)
        if len(set(values.values())) > 1:
            choose = max if result in LARGEST_IS_BEST else min
            found[result] = choose(values, key=lambda name: values[name])
    return found


def _values(setups: Sequence[SetupResult], result: str) -> dict[str, float]:
    found = {one.name: one.value(result) for one in setups}
    return {name: value for name, value in found.items() if value is not None}


def _predicted(setups: Sequence[SetupResult]) -> dict[str, object]:
    """Return the accelerator and precision of each setup whose MFU is predicted."""
    found: dict[str, object] = {}
    for one in setups:
        mfu = one.estimate.inputs.get("mfu") if one.estimate else None
        if mfu is not None and mfu.origin.kind == "modelled":
            found[one.name] = (one.input("gpu"), one.input("precision"))
    return found
