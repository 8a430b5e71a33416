"""What does this training run take?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost import engine, sampling
from llmcost._version import __version__
from llmcost.catalog.version import data_version
from llmcost.errors import InputError, UnknownNameError, nearest, shown
from llmcost.formulas import scaling_laws
from llmcost.inputs import (
    Assumptions,
    Cluster,
    InputValue,
    Workload,
    as_columns,
    as_whole,
    spread_from,
)
from llmcost.studies import choices
from llmcost.units import registry

if TYPE_CHECKING:
    import pandas as pd

    from llmcost.studies.choices import Assumed
    from llmcost.studies.modelling import Prediction

SCHEMA = "llmcost.estimate/1"
RESULT_UNITS = {
    "parameters": "",
    "active_parameters": "",
    "tokens": "token",
    **engine.OUTPUTS,
    "compute_optimal_tokens": "token",
    "compute_optimal_ratio": "",
    "step_time": "s",
}
RESULT_ORDER = (
    "parameters",
    "active_parameters",
    "tokens",
    "model_flop",
    "model_flop_6nd",
    "hardware_flop",
    "gpu_hours",
    "wall_clock",
    "step_time",
    "tokens_per_second",
    "tokens_per_gpu_second",
    "mfu",
    "hfu",
    "goodput",
    "tokens_per_parameter",
    "compute_optimal_tokens",
    "compute_optimal_ratio",
    "cost",
    "cost_per_million_tokens",
)
MAX_DRAWS = 1_000_000
REPR_RESULTS = ("tokens", "model_flop", "gpu_hours", "wall_clock", "cost")
OVER_BUDGET = "over-max-cost"


@dataclass(frozen=True, slots=True)
class Result:
    """One number of an answer, with its 10th and 90th percentile; `None` is not known."""

    value: float | None
    unit: str
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this result; whole counts are whole numbers."""
        ends = {"value": self.value, "unit": self.unit, "low": self.low, "high": self.high}
        if self.unit not in ("", "token") or self.low != self.high:
            return ends
        return {key: as_whole(number) for key, number in ends.items()}


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a reader of the result should know: a stable code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, repr=False)
class Estimate:
    """The answer: results and inputs by their glossary names, and warnings.

    A result is also an attribute that gives a pint quantity (``estimate.cost``); `interval` gives
    its range. Where the MFU is modelled, `step` and `memory` hold the step of the main phase by
    part, and what a device holds. `to_dict` and `from_dict` are inverse to each other.
    """

    results: Mapping[str, Result]
    inputs: Mapping[str, InputValue]
    warnings: tuple[Warned, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    step: Mapping[str, Any] | None = None
    memory: Mapping[str, Any] | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        """Return a result as a quantity, or `None` when it is not known."""
        if name in RESULT_UNITS and name not in self.results:
            return None
        if name.startswith("_") or name not in self.results:
            close = nearest(name, self.results)
            hint = f"; did you mean {close[0]!r}?" if close else ""
            raise AttributeError(f"Estimate has no result {name!r}{hint}")
        result = self.results[name]
        return None if result.value is None else _quantity(result.value, result.unit)

    def __repr__(self) -> str:
        model = self.inputs.get("model")
        told = ", ".join(
            f"{name}={result.value:.3g} {result.unit}".rstrip()
            for name in REPR_RESULTS
            if (result := self.results.get(name)) is not None and result.value is not None
        )
        return f"Estimate({model.value if model else 'own parameters'}: {told})"

    def __dir__(self) -> list[str]:
        return sorted([*object.__dir__(self), *self.results])

    def interval(self, name: str) -> tuple[Any, Any]:
        """Return the 10th and 90th percentile of a result as quantities.

        Raises UnknownNameError for a name that is not among the results.
        """
        if name not in self.results:
            raise UnknownNameError("result", name, self.results)
        result = self.results[name]
        ends = (result.low, result.high)
        low, high = (None if end is None else _quantity(end, result.unit) for end in ends)
        return low, high

    @property
    def over_budget(self) -> bool:
        """Whether the cost is over the `max_cost` that was asked about."""
        return any(warning.code == OVER_BUDGET for warning in self.warnings)

    @property
    def asked_and_does_not_fit(self) -> bool:
        """Whether the run does not fit in the layout that was asked about."""
        asked = self.inputs.get("layout")
        held = self.memory is None or self.memory["fits"]
        return not held and asked is not None and asked.origin.kind == "user"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of this estimate."""
        return {
            "schema": SCHEMA,
            **self.meta,
            "inputs": {name: value.to_dict() for name, value in self.inputs.items()},
            "results": {name: result.to_dict() for name, result in self.results.items()},
            **({"step": self.step} if self.step else {}),
            **({"memory": self.memory} if self.memory else {}),
            "warnings": [{"code": w.code, "message": w.message} for w in self.warnings],
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Estimate:
        """Return the estimate that `to_dict` wrote; raises InputError for anything else."""
        from llmcost.studies.rereading import estimate_parts, reports

        results, inputs, warnings, meta = estimate_parts(document, SCHEMA)
        return cls(
            {name: Result(**result) for name, result in results.items()},
            inputs,
            tuple(Warned(**warning) for warning in warnings),
            meta,
            **reports(document),
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row of results as a pandas frame, units in the headers."""
        import pandas as pd

        columns: dict[str, list[float | None]] = {}
        for name, result in self.results.items():
            for suffix, number in (
                ("", result.value),
                ("_low", result.low),
                ("_high", result.high),
            ):
                columns[f"{name}{suffix} [{result.unit}]" if result.unit else name + suffix] = [
                    number
                ]
        return pd.DataFrame(columns)

    def _repr_html_(self) -> str:
        from importlib import import_module

        document = import_module("llmcost.views").document(self)
        return str(import_module("llmcost.render.hypertext").fragment(document))


def estimate(
    model: str | None = None,
    *,
    parameters: object = None,
    active_parameters: object = None,
    tokens: object = None,
    phases: Sequence[Mapping[str, object]] | None = None,
    seq_length: object = None,
    gpu: str | None = None,
    num_gpus: object = None,
    precision: str | None = None,
    mfu: object = None,
    throughput: object = None,
    goodput: object = None,
    recompute: str | None = None,
    layout: object = None,
    global_batch_size: object = None,
    framework: str | None = None,
    anchor: str | None = None,
    price: object = None,
    price_per_node_hour: object = None,
    gpus_per_node: object = None,
    provider: str | None = None,
    terms: str | None = None,
    as_of: str | None = None,
    max_cost: object = None,
    attention_flop: str = "causal",
    scaling_law: str = "hoffmann-2022-approach-1",
    draws: int = sampling.DRAWS,
    seed: int = sampling.SEED,
    strict: bool = False,
    today: date | str | None = None,
    origins: Mapping[str, str] | None = None,
) -> Estimate:
    """Return what a training run takes: FLOP, GPU-hours, wall clock and cost, with ranges.

    `model` is a catalogue name or the path of a config.json; without it `parameters` (and
    `active_parameters` for a mixture of experts) count. Quantities are text ("15T",
    "2.50 USD/GPU/hour", "35..45%"), pint quantities, or (low, high) pairs; counts and shares may be
    bare numbers, everything else needs its unit. Without `mfu` or `throughput` the MFU is predicted
    where the architecture, the accelerator and their number are known: in `layout` (text such as
    "tp=8,pp=16", whole or in part), else in the fastest that fits; `global_batch_size` is in
    sequences, or in tokens when it says so; `anchor` is a measured run to scale to. `origins` says
    where a user's value was written (by parameter name). Raises InputError, UnitError, LayoutError
    and UnknownNameError for what cannot be used, DataError for a wrong data file, or for a stale
    price under `strict`.
    """
    arguments = dict(locals())
    given = choices.Given(
        {name: value for name, value in arguments.items() if name in choices.NAMES},
        dict(origins or {}),
    )
    _check_draws(draws, seed)
    chosen_model = choices.choose_model(given)
    law = _known_law(scaling_law)
    workload, workload_inputs, notes = choices.choose_workload(given, chosen_model)
    cluster, cluster_inputs, cluster_notes = choices.choose_cluster(given, chosen_model)
    part = cluster_inputs.get("gpu"), cluster_inputs.get("precision")
    assumed = choices.choose_assumptions(given, chosen_model, workload, cluster, part)
    inputs = workload_inputs | cluster_inputs | assumed.inputs
    inputs["scaling_law"] = given.text("scaling_law", law)
    results = _results(workload, cluster, assumed, law, draws, seed)
    warned = [*chosen_model.warnings, *notes, *cluster_notes, *assumed.notes]
    if given.has("max_cost"):
        limit = spread_from(max_cost, "USD", "max_cost")
        if not limit.exact:
            raise InputError(f"max_cost: got {shown(max_cost)}; needs one amount, not a range.")
        inputs["max_cost"] = InputValue.of(limit, "USD", given.origin("max_cost"))
        warned += _budget_notes(results["cost"].value, limit.value)
    return Estimate(
        results,
        inputs,
        tuple(Warned(code, message) for code, message in warned),
        {
            "llmcost_version": __version__,
            "data_version": data_version(),
            "interval": sampling.INTERVAL,
            "draws": draws,
            "seed": seed,
        },
        **_reports(assumed.prediction),
    )


def _reports(prediction: Prediction | None) -> dict[str, Any]:
    if prediction is None:
        return {}
    from llmcost.studies.modelling import memory_report, step_report

    return {"step": step_report(prediction), "memory": memory_report(prediction)}


def _results(
    workload: Workload, cluster: Cluster, assumed: Assumed, law: str, draws: int, seed: int
) -> dict[str, Result]:
    assumptions = assumed.assumptions
    columns = partial(as_columns, workload, cluster, assumptions)
    central = engine.run(columns())
    drawn = engine.run(columns(_draws(cluster, assumptions, draws, seed)))
    found: dict[str, Result] = {
        "parameters": _exact(workload.parameters, ""),
        "active_parameters": _exact(workload.active_parameters, ""),
        "tokens": _exact(workload.tokens, "token"),
    }
    for name, unit in engine.OUTPUTS.items():
        found[name] = _summary(float(central[name].flat[0]), drawn[name], unit)
    optimal = float(scaling_laws.compute_optimal_tokens(workload.parameters, law))
    found["compute_optimal_tokens"] = _exact(optimal, "token")
    ratio = scaling_laws.compute_optimal_ratio.kernel(
        tokens=workload.tokens, compute_optimal_tokens=optimal
    )
    found["compute_optimal_ratio"] = _exact(ratio, "")
    if assumed.prediction is not None:
        time = assumed.prediction.step_time
        drawn_time = time * central["mfu"].flat[0] / drawn["mfu"]
        found["step_time"] = _summary(time, drawn_time, "s")
    return {name: found[name] for name in RESULT_ORDER if name in found}


def _budget_notes(cost: float | None, limit: float) -> list[tuple[str, str]]:
    if cost is None:
        raise InputError(
            "max_cost: there is no cost to compare it with; needs an accelerator and a price."
        )
    if cost <= limit:
        return []
    return [(OVER_BUDGET, f"The cost of {cost:,.0f} USD is over the {limit:,.0f} USD allowed.")]


def _draws(cluster: Cluster, assumptions: Assumptions, draws: int, seed: int) -> dict[str, Any]:
    spreads = assumptions.spreads(cluster)
    drawn: dict[str, Any] = dict(sampling.draw(spreads, draws, seed))
    if assumptions.phase_recompute:
        return drawn
    selective, full = assumptions.recompute_column(sampling.uniform("recompute", draws, seed))
    return drawn | {"recompute_selective": selective, "recompute_full": full}


def _summary(value: float, draws: Any, unit: str) -> Result:  # noqa: ANN401
    if np.isnan(value):
        return Result(None, unit, None, None)
    if not np.ptp(draws):
        return _exact(value, unit)
    low, high = sampling.interval(draws)
    return Result(value, unit, low, high)


def _exact(value: float, unit: str) -> Result:
    return Result(float(value), unit, float(value), float(value))


def _quantity(value: float, unit: str) -> Any:  # noqa: ANN401
    return registry().Quantity(value, unit)


def _known_law(law: str) -> str:
    if law not in scaling_laws.LAWS:
        raise UnknownNameError(
            "scaling law", law, scaling_laws.LAWS, "See: llmcost explain compute-optimal-tokens."
        )
    return law


def _check_draws(draws: object, seed: object) -> None:
    if not isinstance(draws, int) or not 100 <= draws <= MAX_DRAWS:
        raise InputError(
            f"draws: got {shown(draws)}; needs a whole number from 100 to {MAX_DRAWS:,}."
        )
    if not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InputError(f"seed: got {shown(seed)}; needs a whole number of 0 or more.")
