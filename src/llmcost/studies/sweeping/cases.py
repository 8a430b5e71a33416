"""A case of a sweep: one value of every axis that asks for a run of its own, ready to evaluate.

Tokens, the price and the layout (where all legal ones are asked for) vary inside a case; every
other axis makes cases. A case is prepared as `estimate` prepares a run, so a configuration of a
sweep is the estimate of that configuration.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import gcd, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost import engine
from llmcost.amounts import spread_from
from llmcost.enumeration import Columns, enumerate_layouts
from llmcost.errors import InputError
from llmcost.inputs import as_columns, model_flop
from llmcost.layout import PartialLayout
from llmcost.studies.choices.cluster import MAX_PRICE, PRICE_UNIT
from llmcost.studies.choices.modelled import MAX_MFU
from llmcost.studies.estimation import Prepared, prepare, refuse_endless
from llmcost.studies.searching import usual_limits
from llmcost.studies.sweeping.labels import Label, axis_labels
from llmcost.studies.sweeping.parameters import ALL_LEGAL, FASTEST, LAYOUT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.sampling import Spread
    from llmcost.studies.modelling import Prediction
    from llmcost.studies.sweeping.axes import Axis
    from llmcost.studies.sweeping.plan import Plan

    Floats = NDArray[np.float64]

# Axes that vary inside a case: each is a column of the engine and nothing else.
INNER = ("tokens", "price")
# What else a number of tokens decides, so that it makes cases of its own.
BY_TOKENS = ("post_training", "phases")
# Cases of a grid that are looked at for one that can run.
MOST_TRIED = 2000


@dataclass(frozen=True, slots=True)
class Case:
    """One run with its inner axes, ready to evaluate.

    `base` are the engine's columns of one row at middle values. `layouts` holds every legal layout
    where the plan asks for them all; `prediction` is that of the run in its fastest one.
    """

    number: int
    labels: Mapping[str, Label]
    prepared: Prepared
    base: Mapping[str, Any]
    inner: tuple[Axis, ...]
    layouts: Columns | None
    prices: tuple[Spread, ...]

    @property
    def prediction(self) -> Prediction | None:
        """The predicted step of the run, where its MFU is modelled."""
        return self.prepared.prediction

    @property
    def inner_count(self) -> int:
        """How many combinations of the inner axes each layout has."""
        return prod(len(axis.values) for axis in self.inner)

    @property
    def layout_count(self) -> int:
        """How many layouts there are, one where the plan does not ask for all."""
        return 1 if self.layouts is None else int(self.layouts["data_parallel"].size)


def case_axes(plan: Plan) -> tuple[Axis, ...]:
    """Return the axes that make cases, in the order of the plan."""
    return tuple(axis for axis in plan.axes if not _is_inner(axis, plan))


def inner_axes(plan: Plan) -> tuple[Axis, ...]:
    """Return the axes of numbers that vary inside a case, in the order of the plan."""
    return tuple(axis for axis in plan.axes if axis.name != LAYOUT and _is_inner(axis, plan))


def wants_all_layouts(plan: Plan) -> bool:
    """Return whether the plan asks for every legal layout."""
    return any(axis.name == LAYOUT and axis.values == (ALL_LEGAL,) for axis in plan.axes)


def case_count(plan: Plan) -> int:
    """Return how many cases the plan has."""
    return prod(len(axis.values) for axis in case_axes(plan))


def case_labels(plan: Plan, number: int) -> dict[str, Label]:
    """Return the label of every axis that makes cases, for a case by its number."""
    return {name: label for name, (_, label) in _values(plan, number).items()}


def prepare_case(plan: Plan, number: int) -> Case:
    """Return a case by its number; raises InputError for a combination that cannot run."""
    chosen = _values(plan, number)
    arguments: dict[str, Any] = {
        **plan.fixed,
        **{name: value for name, (value, _) in chosen.items()},
    }
    inner = inner_axes(plan)
    arguments |= {axis.name: axis.values[0] for axis in inner}
    if arguments.get(LAYOUT) == FASTEST:
        del arguments[LAYOUT]
    prepared = prepare(**arguments)
    _refuse_what_does_not_fit(prepared)
    model = prepared.model
    given = {**model.middle, **model.fixed}
    base = as_columns(model.workload, model.cluster, model.assumptions, given)
    _refuse_without_end(prepared, base, plan)
    return Case(
        number,
        {name: label for name, (_, label) in chosen.items()},
        prepared,
        base,
        inner,
        _layouts(prepared) if wants_all_layouts(plan) else None,
        _prices(inner),
    )


def first_case(plan: Plan) -> Case:
    """Return a case that can run, the first of all where they are few.

    Raises InputError with a reason where none of those that are tried can.
    """
    count = case_count(plan)
    tried = scattered(count, MOST_TRIED)
    trouble: InputError | None = None
    for number in tried:
        try:
            return prepare_case(plan, number)
        except InputError as error:
            trouble = trouble or error
    told = (
        f"None of the {count:,}"
        if len(tried) == count
        else f"None of {len(tried):,} of the {count:,}"
    )
    raise InputError(f"{told} cases of the grid can run. The first: {trouble}")


def scattered(count: int, most: int) -> Sequence[int]:
    """Return at most so many of the numbers below a count, in order where that is all of them.

    Else they lie all over, and no axis of the grid has the same value in all of them: each is a
    step further that shares no factor with the count, near the golden section of it.
    """
    if count <= most:
        return range(count)
    step = count * 618 // 1000
    while gcd(step, count) > 1:
        step += 1
    return [at * step % count for at in range(most)]


def _is_inner(axis: Axis, plan: Plan) -> bool:
    if axis.name == LAYOUT:
        return bool(axis.values == (ALL_LEGAL,))
    if axis.name == "tokens":
        names = {*plan.fixed, *(other.name for other in plan.axes)}
        return not names & set(BY_TOKENS)
    return axis.name in INNER


def _values(plan: Plan, number: int) -> dict[str, tuple[object, Label]]:
    """Return the value and the label of each axis of a case; the last axis varies fastest."""
    found: dict[str, tuple[object, Label]] = {}
    axes = case_axes(plan)
    for axis in reversed(axes):
        number, at = divmod(number, len(axis.values))
        found[axis.name] = axis.values[at], axis_labels(axis.name, axis.values)[at]
    return {axis.name: found[axis.name] for axis in axes}


def _prices(inner: tuple[Axis, ...]) -> tuple[Spread, ...]:
    values = next((axis.values for axis in inner if axis.name == "price"), ())
    return _price_spreads(values)


@lru_cache(maxsize=8)
def _price_spreads(values: tuple[object, ...]) -> tuple[Spread, ...]:
    """Return prices as spreads; read once, as every case and every block asks for them."""
    return tuple(spread_from(value, PRICE_UNIT, "price", maximum=MAX_PRICE) for value in values)


def _refuse_what_does_not_fit(prepared: Prepared) -> None:
    prediction = prepared.prediction
    if prediction is None:
        return
    main = prediction.main
    if not main.candidate.fits:
        short = -main.candidate.headroom / 1e9
        raise InputError(
            f"Nothing fits: of {main.space:,} layouts the tightest lacks {short:.3g} GB a GPU."
        )


def _refuse_without_end(prepared: Prepared, base: Mapping[str, Any], plan: Plan) -> None:
    """Raise InputError where failures leave no progress, at middle values or in a draw."""
    if "goodput" in base:
        return
    middle = float(np.asarray(engine.failures(base)["goodput"]).flat[0])
    endless = False
    if plan.draws:
        drawn = prepared.model.draws(plan.draws, plan.seed)
        with np.errstate(all="ignore"):
            endless = bool(np.isinf(1 / engine.failures({**base, **drawn})["goodput"]).any())
    refuse_endless(middle, True, endless)


def _layouts(prepared: Prepared) -> Columns:
    """Return every legal layout; raises InputError where the step of the run is not modelled."""
    prediction = prepared.prediction
    if prediction is None or len(prediction.stretches) != 1:
        raise InputError("layout: all legal ones need a run whose step is predicted, of one phase.")
    setting, main = prediction.setting, prediction.main
    kind = prepared.given["recompute"]
    partial = PartialLayout(recompute=str(kind)) if kind is not None else None
    return enumerate_layouts(
        setting.architecture,
        setting.num_gpus,
        main.phase.seq_length,
        main.batch,
        partial,
        usual_limits(setting.machine, setting.num_gpus),
    )


def mfu_of_steps(case: Case, step_time: Floats) -> tuple[Floats, Floats]:
    """Return the MFU of steps [s], attention causal-halved, and what makes it the run's own.

    As for the one step of an estimate: model FLOP of the run over the time of all its steps, at
    the peak of all devices (PaLM, arXiv 2204.02311, appendix B). Raises InputError for a run whose
    step is not modelled.
    """
    prediction = case.prediction
    if prediction is None:
        raise InputError("mfu: the step of this run is not modelled.")
    main, setting = prediction.main, prediction.setting
    steps = main.phase.tokens / (main.batch * main.phase.seq_length)
    rate = setting.num_gpus * setting.machine.peak
    workload = case.prepared.model.workload
    own, causal = model_flop(workload), model_flop(replace(workload, causal=True))
    seconds = steps * step_time * prediction.factor
    mean = causal / seconds / rate
    value = np.minimum(mean, MAX_MFU)
    return value, own / seconds / rate / value
