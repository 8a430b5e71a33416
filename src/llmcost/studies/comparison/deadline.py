"""The fewest accelerators that train a model in time.

Counts that are tried are whole nodes of eight, in steps of a sixteenth to an eighth: eight a
doubling, so that their odd factors are small and work can be split among them. The wall clock does
not fall evenly with the count, so that all counts are tried between one that cannot be enough and
the first that is. It counts with every input at its middle value; how sure that is, the share of
the draws says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import ceil, inf
from typing import Any

import numpy as np

from llmcost.amounts import spread_from
from llmcost.errors import InputError, LayoutError, shown
from llmcost.inputs import Cluster, InputValue, Workload, model_flop
from llmcost.studies import choices
from llmcost.studies.choices.given import DEFAULTS
from llmcost.studies.choices.modelled import DOES_NOT_FIT
from llmcost.studies.estimation import LEAST_GOODPUT
from llmcost.studies.run_model import RunModel

NODE = 8
MOST_GPUS = 2**20
STEPS = 8
MAX_DEADLINE = 1e5
# What a first guess takes the MFU and the goodput for, together.
USUAL_SHARE = 0.33
# Two doublings in a row that each leave more of the wall clock than this are the last.
STILL_FALLS = 0.95
# Counts between doublings are tried within this factor of the deadline.
NOT_FAR = 1.2
# The least device time of a count, over the least of those tried before.
LEAST_TIME = 0.93
ROUND = (1024, 8192)
SECONDS_PER_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Fewest:
    """How many accelerators it takes [GPU], and why no number will do where that is so.

    Without a number that does, `num_gpus` is the fastest of those tried, `None` where none runs.
    """

    num_gpus: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Run:
    """A run without its number of accelerators: what is the same for every number."""

    given: choices.Given
    chosen: choices.ChosenModel
    workload: Workload
    cluster: Cluster
    inputs: Mapping[str, InputValue]
    around: choices.Surroundings

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> _Run:
        """Return the run of arguments of `estimate`; raises as that does."""
        given = choices.Given.of({**DEFAULTS, **arguments, "num_gpus": NODE})
        chosen = choices.choose_model(given)
        workload, _, _ = choices.choose_workload(given, chosen)
        cluster, inputs, _ = choices.choose_cluster(given, chosen)
        around = choices.choose_surroundings(given, workload, cluster, inputs.get("gpu"))
        return cls(given, chosen, workload, cluster, inputs, around)

    def days(self, num_gpus: int) -> tuple[float, bool]:
        """Return the wall clock [day] of a number, and whether its MFU was predicted.

        What does not fit takes for ever. Raises LayoutError where a given layout is not legal.
        """
        cluster = replace(self.cluster, num_gpus=num_gpus)
        part = self.inputs.get("gpu"), self.inputs.get("precision")
        assumed = choices.choose_assumptions(self.given, self.chosen, self.workload, cluster, part)
        around = self.around
        model = RunModel(self.workload, cluster, assumed.assumptions, around.factors, around.fixed)
        with np.errstate(all="ignore"):
            found = model.evaluate()
        stuck = "mtbf" in found and float(found["goodput"].flat[0]) < LEAST_GOODPUT
        fits = all(code != DOES_NOT_FIT for code, _ in assumed.notes)
        days = float(found["wall_clock"].flat[0])
        return days if fits and not stuck else inf, assumed.prediction is not None


@dataclass(slots=True)
class _Tries:
    """Wall clocks [day] by place in the counts; what does not fit, or has no layout, takes ever.

    `predicted` says at which places the MFU was predicted and not a typical one.
    """

    run: _Run
    days: dict[int, float] = field(default_factory=dict)
    predicted: dict[int, bool] = field(default_factory=dict)
    trouble: str = ""

    def at(self, place: int) -> float:
        """Return the wall clock with the count at a place [day]."""
        if place not in self.days:
            self.days[place] = self._days(place)
            if not self.predicted[place] and self._can_predict():
                self.days[place] = inf
        return self.days[place]

    def _can_predict(self) -> bool:
        """Return whether a step is predicted with some number, so that without one none is legal.

        Round numbers tell, where none of those tried did.
        """
        for place in (place_of(number) for number in ROUND):
            if not any(self.predicted.values()) and place not in self.days:
                self.days[place] = self._days(place)
        return any(self.predicted.values())

    def _days(self, place: int) -> float:
        try:
            days, self.predicted[place] = self.run.days(count_at(place))
        except LayoutError as error:
            self.trouble, self.predicted[place] = self.trouble or str(error), False
            return inf
        return days


def deadline_from(value: object) -> float:
    """Return a deadline as days; raises InputError or UnitError for what is no time."""
    spread = spread_from(value, "day", "gpus_for", maximum=MAX_DEADLINE)
    if not spread.exact:
        raise InputError(f"gpus_for: got {shown(value)}; needs one time, such as 90 day.")
    return spread.value


def fewest_in_time(arguments: Mapping[str, Any], deadline: float) -> Fewest:
    """Return the fewest accelerators whose wall clock is within a deadline [day].

    `arguments` are those of `estimate`, without a number of accelerators. Raises InputError for
    arguments that no number can run.
    """
    tries = _Tries(_Run.of(arguments))
    octave = _first_octave(tries, deadline)
    if octave is None:
        return _fastest(tries, deadline)
    while octave >= 0 and tries.at(DOUBLINGS[octave]) <= deadline:
        octave -= 1
    while octave + 1 < len(DOUBLINGS):
        start = _least_place(tries, deadline, DOUBLINGS[octave] if octave >= 0 else -1)
        octave = next(at for at, place in enumerate(DOUBLINGS) if place >= start)
        if tries.at(DOUBLINGS[octave]) <= deadline:
            places = range(start, DOUBLINGS[octave] + 1)
            return _fewest(tries, deadline, next(p for p in places if tries.at(p) <= deadline))
        if not _still_falls(tries, octave):
            break
    near = _near_best(tries, deadline)
    found = next((place for place in near if tries.at(place) <= deadline), None)
    return _fastest(tries, deadline) if found is None else _fewest(tries, deadline, found)


def count_at(place: int) -> int:
    """Return the number of accelerators at a place in the rising counts [GPU].

    >>> [count_at(place) for place in (0, 1, 14, 15, 16, 22, 23)]
    [8, 16, 120, 128, 144, 240, 256]
    """
    octave = max(0, (place + 1) // STEPS - 1)
    return NODE * ((place + 1 - octave * STEPS) << octave)


def place_of(count: float) -> int:
    """Return the first place whose count is at least as many.

    >>> [place_of(number) for number in (1, 8, 9, 129, 256)]
    [0, 0, 1, 16, 23]
    """
    nodes = max(1, ceil(count / NODE - 1e-9))
    octave = max(0, nodes.bit_length() - STEPS.bit_length())
    return (-(-nodes >> octave)) + octave * STEPS - 1 if octave else nodes - 1


DOUBLINGS = tuple(place_of(NODE << octave) for octave in range((MOST_GPUS // NODE).bit_length()))


def _first_octave(tries: _Tries, deadline: float) -> int | None:
    """Return the doubling of a node to begin with: about what usual shares of the peak would need.

    It is one on which the model fits, or `None` where it fits on none.
    """
    run = tries.run
    flop, rate = model_flop(run.workload), run.cluster.peak_flop_rate or inf
    nodes = int(flop / (rate * USUAL_SHARE * deadline * SECONDS_PER_DAY) / NODE)
    guess = min(len(DOUBLINGS), max(1, nodes.bit_length())) - 1
    fitting = (at for at in range(guess, len(DOUBLINGS)) if tries.at(DOUBLINGS[at]) < inf)
    return next(fitting, None)


def _least_place(tries: _Tries, deadline: float, below: int) -> int:
    """Return the least place above one that is too few whose count can be enough.

    Device time seldom falls as devices are added, so that the least seen so far bounds it.
    """
    if below < 0 or tries.at(below) == inf:
        return below + 1
    return min(DOUBLINGS[-1], max(below + 1, _bound(tries, deadline)))


def _bound(tries: _Tries, deadline: float) -> int:
    """Return the least place that can be enough by the least device time seen so far."""
    least = min(count_at(place) * days for place, days in tries.days.items())
    return place_of(LEAST_TIME * least / deadline)


def _fewest(tries: _Tries, deadline: float, enough: int) -> Fewest:
    """Return the fewest, from a place that is enough.

    Where memory is scarce device time falls as devices are added: then what is enough has less of
    it than the fewer that were tried before, and some of those that it rules in are enough too.
    """
    while True:
        below = range(_bound(tries, deadline), enough)
        less = next((place for place in below if tries.at(place) <= deadline), None)
        if less is None:
            return Fewest(count_at(enough))
        enough = less


def _still_falls(tries: _Tries, octave: int) -> bool:
    """Return whether the wall clock fell at one of the last two doublings.

    One alone may take a model over a number for which there is no good layout.
    """
    days = [tries.at(DOUBLINGS[at]) for at in range(max(0, octave - 2), octave + 1)]
    return len(days) < 3 or any(b < STILL_FALLS * a for a, b in pairwise(days))


def _near_best(tries: _Tries, deadline: float) -> range:
    """Return the places above the fastest doubling, where that is not far from the deadline."""
    best = min(DOUBLINGS, key=lambda place: tries.days.get(place, inf))
    if tries.days.get(best, inf) > NOT_FAR * deadline:
        return range(0)
    return range(best + 1, min(DOUBLINGS[-1], best + STEPS))


def _fastest(tries: _Tries, deadline: float) -> Fewest:
    """Return the fastest number that was tried, and how far from the deadline that is."""
    place = min(tries.days, key=lambda each: (tries.days[each], each))
    days, number = tries.days[place], count_at(place)
    part = tries.run.inputs["gpu"].value
    if days == inf:
        why = tries.trouble or "it fits on none of them."
        return Fewest(None, f"It cannot run on up to {MOST_GPUS:,} {part}: {why}")
    return Fewest(
        number,
        f"No number of {part} that was tried trains it in {deadline:g} days; the fastest, "
        f"{number:,}, takes {days:.4g} days.",
    )
