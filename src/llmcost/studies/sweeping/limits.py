"""What no plan can be: contradictory, without any run that works, or larger than can be done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from llmcost.errors import InputError, shown
from llmcost.studies.estimation import prepare
from llmcost.studies.fights import FIGHTS, MODEL_ONLY
from llmcost.studies.sweeping.axes import Axis
from llmcost.studies.sweeping.keeps import ROWS, Keep
from llmcost.studies.sweeping.parameters import ALL_LEGAL, Checked

MAX_POINTS = 1e13
MAX_EVALUATIONS = 1e15
MAX_ROWS = 1e9
MAX_GROUPS = 10_000_000
# How many combinations are tried before a plan is refused in which none can run.
TRIED = 48
# Given in their place: what a step takes is not worth predicting to see whether inputs fit.
USUAL_MFU = 0.4
# A number of a row, uncompressed [byte].
BYTES = 8


class Planned(NamedTuple):
    """What is checked of a plan: its parts, and what is known of each value by parameter."""

    axes: tuple[Axis, ...]
    fixed: Mapping[str, object]
    keeps: tuple[Keep, ...]
    draws: int
    checked: Mapping[str, Sequence[Checked]]


def check_plan(plan: Planned) -> None:
    """Raise InputError for a plan that cannot be answered.

    Single combinations that cannot run are no error: a sweep skips them, and says why.
    """
    _refuse_contradictions(plan)
    _refuse_layouts_without_model(plan)
    _refuse_ranges_without_draws(plan)
    _refuse_too_much(plan)
    _refuse_where_nothing_runs(plan)


def _refuse_contradictions(plan: Planned) -> None:
    places = {**dict.fromkeys(plan.fixed, "[fixed]"), **{a.name: "[grid]" for a in plan.axes}}
    for one, two in FIGHTS:
        if one in places and two in places:
            raise InputError(
                f"{one} in {places[one]} and {two} in {places[two]} contradict each other, as they "
                "do in an estimate; needs one of the two."
            )


def _refuse_layouts_without_model(plan: Planned) -> None:
    axes = {axis.name: axis.values for axis in plan.axes}
    if ALL_LEGAL not in axes.get("layout", ()):
        return
    for name in ("tokens", "model", "gpu", "num_gpus"):
        if name not in axes and name not in plan.fixed:
            told = {"num_gpus": "gpus"}.get(name, name)
            raise InputError(
                f"layout: got {ALL_LEGAL!r} without {told}; needs {told} in [grid] or in [fixed]."
            )


def _refuse_ranges_without_draws(plan: Planned) -> None:
    if plan.draws:
        return
    for name, values in plan.checked.items():
        for each in values:
            if not each.exact:
                raise InputError(
                    f"{name}: got the range {shown(each.value)} without draws; needs [draws] with "
                    "count = 1000 for an uncertain value, or 'by' and a step for several values."
                )


def _refuse_too_much(plan: Planned) -> None:
    points = prod(len(axis.values) for axis in plan.axes)
    told = " x ".join(f"{len(axis.values):,} {axis.name}" for axis in plan.axes)
    evaluations = points * max(1, plan.draws)
    drawn = f" x {plan.draws:,} draws" if plan.draws else ""
    if points > MAX_POINTS or evaluations > MAX_EVALUATIONS:
        raise InputError(
            f"grid: got {told}{drawn} = {_power(evaluations)} evaluations; needs at most "
            f"{_power(MAX_POINTS)} points and {_power(MAX_EVALUATIONS)} evaluations: fewer values."
        )
    check_rows(plan.keeps, told, points, len(plan.axes))
    for keep in plan.keeps:
        _refuse_many_groups(keep, plan)


def check_rows(keeps: Sequence[Keep], told: str, configurations: int, columns: int) -> None:
    """Raise InputError where every configuration of more than can be kept is to be a row."""
    for keep in keeps:
        if keep.kind == ROWS and keep.where is None and configurations > MAX_ROWS:
            size = configurations * (columns + len(keep.of) + len(keep.results)) * BYTES
            raise InputError(
                f"keep {keep.name}: got all rows of {told} = {_power(configurations)} points, "
                f"about {_size(size)}; needs at most {MAX_ROWS:,.0f} rows. Keep the best, a pareto "
                "front, quantiles or a histogram, or say which rows with where."
            )


def _refuse_many_groups(keep: Keep, plan: Planned) -> None:
    count = prod(len(axis.values) for axis in plan.axes if axis.name in keep.per)
    if count > MAX_GROUPS:
        raise InputError(
            f"keep {keep.name}: got {count:,} groups; needs at most {MAX_GROUPS:,}. Name fewer "
            "axes in per."
        )


def _power(number: float) -> str:
    return f"{number:.3g}".replace("e+", "e")


def _size(size: float) -> str:
    for prefix in ("", "k", "M", "G", "T"):
        if size < 1000:
            return f"{size:.3g} {prefix}B"
        size /= 1000
    return f"{size:,.3g} PB"


def _refuse_where_nothing_runs(plan: Planned) -> None:
    """Raise InputError where every combination that is tried is refused by an estimate.

    Each value of each axis is tried once, up to a limit, beside different ones of the others;
    nothing is predicted for that, so that it takes no time.
    """
    longest = max(len(axis.values) for axis in plan.axes)
    errors: list[str] = []
    for number in range(min(longest, TRIED)):
        own = {axis.name: axis.values[number % len(axis.values)] for axis in plan.axes}
        error = _error_of({**plan.fixed, **own})
        if error is None:
            return
        errors.append(error)
    if longest <= TRIED or len(set(errors)) == 1:
        raise InputError(f"grid: none of {len(errors)} combinations tried can run: {errors[0]}")


def _error_of(arguments: Mapping[str, object]) -> str | None:
    """Return why an estimate refuses its arguments, `None` where it does not."""
    plain: dict[str, Any] = {
        name: value for name, value in arguments.items() if name not in MODEL_ONLY
    }
    if not {"mfu", "throughput"} & set(plain):
        plain["mfu"] = USUAL_MFU
    try:
        prepare(**plain)
    except InputError as error:
        return str(error)
    return None
