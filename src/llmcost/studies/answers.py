"""The answer of an estimate: numbers with units and ranges, inputs with origins, warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llmcost import engine
from llmcost.errors import UnknownNameError, nearest
from llmcost.inputs import InputValue, as_whole
from llmcost.studies.notebooks import ShownInNotebooks
from llmcost.units import registry

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "llmcost.estimate/1"
RESULT_UNITS = {
    "parameters": "",
    "active_parameters": "",
    "tokens": "token",
    **engine.RESULTS,
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
    *engine.GOODPUT_OUTPUTS,
    "steady_share",
    "tokens_per_parameter",
    "compute_optimal_tokens",
    "compute_optimal_ratio",
    *engine.MONEY,
)
REPR_RESULTS = ("tokens", "model_flop", "gpu_hours", "wall_clock", "cost")
OVER_BUDGET = "over-max-cost"


@dataclass(frozen=True, slots=True)
class Result:
    """One number of an answer, with its interval and median over the draws; `None` is not known.

    `value` takes every input at its middle, so that parts add up to their total.
    """

    value: float | None
    unit: str
    low: float | None
    high: float | None
    median: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this result; whole counts are whole numbers."""
        ends = {"value": self.value, "unit": self.unit, "low": self.low, "high": self.high}
        if self.median is not None:
            ends["median"] = self.median
        if self.unit not in ("", "token") or self.low != self.high:
            return ends
        return {key: as_whole(number) for key, number in ends.items()}


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a reader of the result should know: a stable code and a sentence."""

    code: str
    message: str


@dataclass(frozen=True, slots=True, repr=False)
class Estimate(ShownInNotebooks):
    """The answer: results and inputs by their glossary names, and warnings.

    A result is also an attribute that gives a pint quantity (``estimate.cost``); `interval` gives
    its range. `reports` holds what is more than a number: the predicted step and memory, the
    rental prices behind the costs, a published method, thresholds, histograms. `to_dict` and
    `from_dict` are inverse to each other.
    """

    results: Mapping[str, Result]
    inputs: Mapping[str, InputValue]
    warnings: tuple[Warned, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    reports: Mapping[str, Any] = field(default_factory=dict)

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

    @property
    def step(self) -> Any:  # noqa: ANN401
        """The predicted step of the main phase by part, where the MFU is modelled."""
        return self.reports.get("step")

    @property
    def memory(self) -> Any:  # noqa: ANN401
        """What a device holds, where the MFU is modelled."""
        return self.reports.get("memory")

    def interval(self, name: str) -> tuple[Any, Any]:
        """Return the two ends of a result's interval as quantities.

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
            **self.reports,
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
            reports(document),
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


def _quantity(value: float, unit: str) -> Any:  # noqa: ANN401
    return registry().Quantity(value, unit)
