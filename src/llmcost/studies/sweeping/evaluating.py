"""The results of configurations: steps of their layouts, then everything that follows, by rows.

Rows of an engine call are few enough to stay in a cache. With many draws a row is a draw of one
configuration; with few, or none, several configurations share a call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from llmcost import sampling
from llmcost.formulas import scaling_laws
from llmcost.studies.choices.modelled import MAX_MFU
from llmcost.studies.run_model import MARKET
from llmcost.studies.searching import CHUNK, folded
from llmcost.studies.stepping import rows_of, step_inputs
from llmcost.studies.sweeping.batch import Batch, RowsOf
from llmcost.studies.sweeping.cases import Case, mfu_of_steps
from llmcost.studies.sweeping.labels import axis_labels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.studies.sweeping.kernels import Kernel
    from llmcost.studies.sweeping.plan import Plan

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]

# Draws that one batch holds of each result.
BATCH_ROWS = 1 << 18
# Configurations without draws that one batch holds.
BATCH = 1 << 15
SIZES = ("parameters", "active_parameters")


class Needed(NamedTuple):
    """The names of the results that are wanted at middle values, and of those drawn."""

    middle: tuple[str, ...]
    drawn: tuple[str, ...]


class Steps(NamedTuple):
    """Steps of some layouts of a case: rows that fit, their time [s], MFU, and recomputation.

    `place` says of each layout of the case which of the rows it is, -1 where it does not fit.
    `mfu_scale` restates an MFU in the run's own convention.
    """

    rows: NDArray[np.intp]
    place: NDArray[np.intp]
    step_time: Floats
    mfu: Floats
    mfu_scale: Floats
    recompute: Mapping[str, Floats]


def batches(
    case: Case, plan: Plan, first: int, last: int, needed: Needed, kernel: Kernel
) -> Iterator[Batch]:
    """Yield configurations `first` to `last` (not included) of a case that fit, in order."""
    count = case.inner_count
    steps = None
    config = np.arange(first, last)
    if case.layouts is not None:
        steps = steps_of(case, first // count, -(-last // count), kernel)
        config = config[steps.place[config // count] >= 0]
    size = max(1, BATCH_ROWS // plan.draws) if plan.draws else BATCH
    for at in range(0, config.size, size):
        yield _batch(case, plan, config[at : at + size], steps, needed, kernel)


def steps_of(case: Case, first: int, last: int, kernel: Kernel) -> Steps:
    """Return the steps of the layouts from `first` to `last` (not included) that fit."""
    prediction, layouts = case.prediction, case.layouts
    if prediction is None or layouts is None:
        raise ValueError("a case without layouts has no steps of its own")
    setting = prediction.setting
    kinds = _kinds(layouts)
    start, end = first - first % kinds, -(-last // kinds) * kinds
    some = {name: column[start:end] for name, column in layouts.items()}
    columns = step_inputs(
        setting.architecture, setting.machine, folded(some, kinds), setting.num_gpus
    )
    time = np.full((kinds, (end - start) // kinds), np.nan)
    for at in range(0, time.shape[1], CHUNK):
        part = slice(at, at + CHUNK)
        time[:, part] = kernel.steps(rows_of(columns, part), time[:, part].shape)
    rows = start + np.flatnonzero(~np.isnan(time.T.ravel()))
    rows = rows[(rows >= first) & (rows < last)]
    step_time = time.T.ravel()[rows - start]
    mfu, scale = mfu_of_steps(case, step_time)
    recompute = {name: layouts[name][rows] for name in ("recompute_selective", "recompute_full")}
    place = np.full(case.layout_count, -1)
    place[rows] = np.arange(rows.size)
    return Steps(rows, place, step_time * prediction.factor, mfu, scale, recompute)


def _kinds(layouts: Mapping[str, Floats]) -> int:
    """Return how many kinds of recomputation each layout is listed with, innermost."""
    pairs = np.stack([layouts["recompute_selective"], layouts["recompute_full"]])
    again = np.flatnonzero((pairs[:, 1:] == pairs[:, :1]).all(axis=0))
    return int(again[0]) + 1 if again.size else pairs.shape[1]


def _batch(
    case: Case,
    plan: Plan,
    config: Whole,
    steps: Steps | None,
    needed: Needed,
    kernel: Kernel,
) -> Batch:
    layout, inner = _divided(config, case.inner_count)
    at = _positions(case, inner)
    own = _Configurations(case, plan, steps, layout, at)
    row = layout if case.layouts is not None else None
    return Batch(
        axes=tuple(axis.name for axis in plan.axes),
        case=case.labels,
        inner={
            axis.name: np.array(axis_labels(axis.name, axis.values))[at[axis.name]]
            for axis in case.inner
        },
        layouts=None if row is None or case.layouts is None else RowsOf(case.layouts, row),
        middle=own.middle(needed.middle, kernel),
        draws=own.drawn(needed.drawn, kernel) if plan.draws else {},
        config=config,
        case_number=case.number,
    )


def _positions(case: Case, inner: Whole) -> dict[str, Whole]:
    """Return which value of each inner axis a configuration has; the last axis varies fastest."""
    found: dict[str, Whole] = {}
    for axis in reversed(case.inner):
        inner, found[axis.name] = _divided(inner, len(axis.values))
    return found


def _divided(whole: Whole, by: int) -> tuple[Whole, Whole]:
    """Return quotient and remainder: faster than NumPy's divmod, which divides one by one."""
    quotient = whole // by
    return quotient, whole - quotient * by


class _Configurations:
    """Some configurations of a case as columns for the engine, at middle values or drawn."""

    def __init__(
        self,
        case: Case,
        plan: Plan,
        steps: Steps | None,
        layout: Whole,
        at: Mapping[str, Whole],
    ) -> None:
        self._case, self._plan, self._at = case, plan, at
        self._size = layout.size
        self._steps = steps
        self._row = None if steps is None else steps.place[layout]
        self._prices = np.array([spread.value for spread in case.prices])
        labels = {axis.name: axis_labels(axis.name, axis.values) for axis in case.inner}
        self._tokens = (
            np.array(labels["tokens"], dtype=float)[at["tokens"]] if "tokens" in at else None
        )

    def middle(self, names: tuple[str, ...], kernel: Kernel) -> dict[str, Floats]:
        """Return results (n) with every input at its middle value."""
        if not names:
            return {}
        found: dict[str, list[Floats]] = {name: [] for name in names}
        for start in range(0, self._size, kernel.rows):
            part = slice(start, min(start + kernel.rows, self._size))
            columns = {**self._case.base, **self._at_middle(part)}
            results = {**kernel.costs(columns, names), **self._beside(part, 1, None)}
            for name in names:
                shape = (part.stop - part.start,)
                found[name].append(np.broadcast_to(_result(results, name), shape))
        return {name: _joined(parts) for name, parts in found.items()}

    def drawn(self, names: tuple[str, ...], kernel: Kernel) -> dict[str, Floats]:
        """Return results (n, d) of draws of every input."""
        draws = self._plan.draws
        shared = self._case.prepared.model.draws(draws, self._plan.seed)
        found = {name: np.empty((self._size, draws)) for name in names}
        step = max(1, kernel.rows // draws)
        tiled: dict[str, Floats] = {}
        for start in range(0, self._size, step):
            part = slice(start, min(start + step, self._size))
            if start in (0, self._size - self._size % step):
                count = part.stop - part.start
                tiled = {name: _tiled(column, count) for name, column in shared.items()}
            columns, mfu = self._at_draws(part, tiled)
            results = {**kernel.costs(columns, names), **self._beside(part, draws, mfu)}
            shape = (part.stop - part.start, draws)
            for name in names:
                whole = np.broadcast_to(_result(results, name), (shape[0] * draws,))
                found[name][part] = whole.reshape(shape)
        return found

    def _at_middle(self, part: slice) -> dict[str, Any]:
        columns: dict[str, Any] = {}
        if self._tokens is not None:
            columns["tokens"] = self._tokens[None, part]
        if "price" in self._at:
            columns["price"] = self._prices[self._at["price"][part]]
        if self._steps is not None and self._row is not None:
            row = self._row[part]
            columns["mfu"] = self._steps.mfu[row] * self._steps.mfu_scale[row]
            columns |= {name: column[row] for name, column in self._steps.recompute.items()}
        return columns

    def _at_draws(
        self, part: slice, tiled: Mapping[str, Floats]
    ) -> tuple[dict[str, Any], Floats | None]:
        """Return the columns of all draws of some configurations, and the MFU that was drawn."""
        draws = self._plan.draws
        model = self._case.prepared.model
        columns: dict[str, Any] = {**self._case.base, **tiled}
        mfu = tiled.get("mfu")
        if self._steps is not None:
            mfu, scale = self._mfu_draws(part)
            columns["mfu"] = mfu * scale
        elif mfu is not None:
            columns["mfu"] = mfu * _scale(model.assumptions.mfu_scale)
        middle = self._at_middle(part)
        for name in ("tokens", "recompute_selective", "recompute_full"):
            if name in middle:
                columns[name] = np.repeat(middle[name], draws, axis=-1)
        if "price" in self._at:
            columns["price"] = self._price_draws(part)
        return columns, mfu

    def _mfu_draws(self, part: slice) -> tuple[Floats, Floats]:
        steps, row, prediction = self._steps, self._row, self._case.prediction
        if steps is None or row is None or prediction is None:
            raise ValueError("a configuration without a layout has no MFU of its own")
        value = steps.mfu[row[part]]
        low, high = prediction.factors()
        ends = np.minimum(value / high, value), np.minimum(np.maximum(value / low, value), MAX_MFU)
        drawn = sampling.shares(ends[0], value, ends[1], "mfu", self._plan.draws, self._plan.seed)
        return drawn.ravel(), np.repeat(steps.mfu_scale[row[part]], self._plan.draws)

    def _price_draws(self, part: slice) -> Floats:
        """Return draws of the prices, all at the percentiles of the rental market."""
        draws, seed = self._plan.draws, self._plan.seed
        prices = [self._case.prices[at] for at in self._at["price"][part].tolist()]
        rows = [
            sampling.draw({"price": price}, draws, seed, {"price": MARKET})["price"]
            for price in prices
        ]
        return np.concatenate(rows)

    def _beside(self, part: slice, times: int, mfu: Floats | None) -> dict[str, Any]:
        """Return the results that the cost model does not give: sizes, tokens, and the step.

        Each configuration has as many rows (`times`), and an MFU where one was drawn.
        """
        workload = self._case.prepared.model.workload
        tokens: Any = workload.tokens
        if self._tokens is not None:
            tokens = np.repeat(self._tokens[part], times)
        optimal = float(
            scaling_laws.compute_optimal_tokens(workload.parameters, self._case.prepared.law)
        )
        found = {
            **{name: getattr(workload, name) for name in SIZES},
            "compute_optimal_tokens": optimal,
            "tokens": tokens,
            "compute_optimal_ratio": tokens / optimal,
        }
        step_time = self._step_time(part, mfu)
        return found if step_time is None else {**found, "step_time": step_time}

    def _step_time(self, part: slice, mfu: Floats | None) -> Any:  # noqa: ANN401
        """Return the time of a step [s], longer where a lower MFU was drawn; `None` if unknown."""
        model = self._case.prepared.model
        time: Any
        middle: Any
        if self._steps is not None and self._row is not None:
            row = self._row[part]
            time, middle = self._steps.step_time[row], self._steps.mfu[row]
        elif model.step_time is not None and model.assumptions.mfu is not None:
            time, middle = model.step_time, model.assumptions.mfu.value
        else:
            return None
        if mfu is None:
            return time
        if np.ndim(time):
            time, middle = np.repeat(time, self._plan.draws), np.repeat(middle, self._plan.draws)
        return time * (middle / mfu)


def _tiled(column: Floats, count: int) -> Floats:
    return column if count == 1 else np.tile(column, count)


def _joined(parts: list[Floats]) -> Floats:
    return np.ascontiguousarray(parts[0]) if len(parts) == 1 else np.concatenate(parts)


def _scale(scale: float | tuple[float, ...]) -> Any:  # noqa: ANN401
    return np.array(scale)[:, None] if isinstance(scale, tuple) else scale


def _result(results: Mapping[str, Any], name: str) -> Any:  # noqa: ANN401
    """Return a result, NaN where the run does not have it."""
    return results.get(name, np.nan)
