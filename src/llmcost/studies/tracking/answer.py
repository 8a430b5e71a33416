"""The answer of tracking a run: what its log says, with ranges, and why the rest is unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmcost.inputs import WHOLE_UNITS, InputValue
from llmcost.studies.answers import Warned
from llmcost.studies.notebooks import ShownInNotebooks

SCHEMA = "llmcost.track/1"
# Every result of a track, in the order in which it is told: name -> unit. Dates are ISO text.
RESULT_UNITS: dict[str, str] = {
    "steps": "",
    "planned_steps": "",
    "first_step": "",
    "last_step": "",
    "steps_executed": "",
    "lost_steps": "",
    "skipped_steps": "",
    "launches": "",
    "median_step_time": "s",
    "tokens_per_step": "token",
    "tokens_done": "token",
    "tokens_planned": "token",
    "tokens_per_second": "token/s",
    "tokens_per_gpu_second": "token/s/GPU",
    "num_gpus": "GPU",
    "model_flop_per_token": "FLOP/token",
    "model_flop_rate": "FLOP/s/GPU",
    "mfu": "",
    "stated_flop_rate": "FLOP/s/GPU",
    "stated_mfu": "",
    "goodput": "",
    "wall_clock": "day",
    "gpu_hours": "GPU*hour",
    "cost": "USD",
    "cost_per_million_tokens": "USD/megatoken",
    "lost_work_cost": "USD",
    "time_to_finish": "day",
    "gpu_hours_to_finish": "GPU*hour",
    "cost_to_finish": "USD",
    "total_cost": "USD",
    "finish_date": "",
}
REPR_RESULTS = ("steps", "median_step_time", "tokens_per_second", "mfu", "gpu_hours", "cost")


@dataclass(frozen=True, slots=True)
class Reading:
    """One result: its value, unit and range, or `None` and the reason, with what to give.

    A day is ISO text, as are its ends. `how` says how the value was got from the log.
    """

    value: float | str | None
    unit: str
    low: float | str | None = None
    high: float | str | None = None
    reason: str = ""
    how: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this reading; whole counts are whole numbers."""
        out: dict[str, Any] = {
            "value": self.value,
            "unit": self.unit,
            "low": self.low,
            "high": self.high,
        }
        if self.unit in WHOLE_UNITS:
            out = {key: _whole(value) for key, value in out.items()}
        out |= {"reason": self.reason} if self.value is None else {}
        return out | ({"how": self.how} if self.how else {})


@dataclass(frozen=True, slots=True, repr=False)
class Track(ShownInNotebooks):
    """What a log says of a run: `results` by the names of RESULT_UNITS, all of them, in order.

    `segments` has one row a launch; `reports` holds what is more than a number: ``wall_clock``
    (the parts of the time from the first stamp to the last), ``series`` (the step times over the
    run, compacted), ``stated`` (the framework's own figures and their convention), ``step_times``
    (their percentiles), ``logs`` and ``read`` (what was read), ``last_day`` (the rest of the run at
    the pace of the last day), ``power``, ``difference`` (measured against an estimate, by causes).
    """

    results: Mapping[str, Reading]
    inputs: Mapping[str, InputValue]
    segments: tuple[Mapping[str, Any], ...] = ()
    warnings: tuple[Warned, ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    reports: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        told = ", ".join(
            f"{name}={one.value:.3g} {one.unit}".rstrip()
            for name in REPR_RESULTS
            if (one := self.results.get(name)) and isinstance(one.value, int | float)
        )
        return f"Track({told})"

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of this track (schema llmcost.track/1)."""
        return {
            "schema": SCHEMA,
            **self.meta,
            "results": {name: reading.to_dict() for name, reading in self.results.items()},
            "inputs": {name: value.to_dict() for name, value in self.inputs.items()},
            "segments": [dict(segment) for segment in self.segments],
            "warnings": [
                {"code": warned.code, "message": warned.message} for warned in self.warnings
            ],
            "reports": dict(self.reports),
        }


def _whole(value: Any) -> Any:  # noqa: ANN401
    return int(value) if isinstance(value, float) and value.is_integer() else value
