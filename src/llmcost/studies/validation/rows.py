"""One measurement beside its prediction: the rows that errors and baselines are taken from."""

# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from llmcost.catalog.gpus import accelerator
from llmcost.errors import UnknownNameError
from llmcost.studies.validation.families import source_family
from llmcost.studies.validation.features import features

if TYPE_CHECKING:
    from collections.abc import Iterable

    from llmcost.studies.validation.measured_step import Measurement

STEP_TIME, GPU_HOURS = "step_time", "gpu_hours"
SECONDS_PER_HOUR = 3600
PRE_TRAINING = ("", "pretrain")
SUSPICIOUS = "suspicious"


class Measured(Protocol):
    """What a row of a measured table says, whatever was measured."""

    @property
    def id(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def accelerator(self) -> str | None: ...
    @property
    def num_gpus(self) -> int | None: ...
    @property
    def precision(self) -> str | None: ...
    @property
    def mixture(self) -> bool | None: ...
    @property
    def task(self) -> str | None: ...
    @property
    def flags(self) -> Iterable[str]: ...
    @property
    def measured_basis(self) -> str: ...
    @property
    def scored(self) -> bool: ...
    @property
    def reason(self) -> str: ...


class MeasuredStep(Measured, Protocol):
    """A measured step: `measured_step_time` [s] with its band, and what the run is known to do."""

    @property
    def family(self) -> str: ...
    @property
    def measured_step_time(self) -> float | None: ...
    @property
    def measured_low(self) -> float | None: ...
    @property
    def measured_high(self) -> float | None: ...
    @property
    def token_drop(self) -> bool: ...
    @property
    def layout_missing(self) -> object: ...
    @property
    def configuration(self) -> object: ...
    @property
    def measurement(self) -> Measurement: ...


class MeasuredRun(Measured, Protocol):
    """A whole published run: `gpu_hours` [GPU*hour] of `tokens` [token]."""

    @property
    def gpu_hours(self) -> float | None: ...


class Predicted(Protocol):
    """What a model says of one measurement: a value, its 80% interval, or why there is none.

    `model_flop` [FLOP] is that of what was measured (a step, or a whole run), `peak_flop_rate`
    [FLOP/s/GPU] the dense peak at its precision.
    """

    @property
    def low(self) -> float | None: ...
    @property
    def high(self) -> float | None: ...
    @property
    def reason(self) -> str: ...
    @property
    def situation(self) -> str: ...
    @property
    def model_flop(self) -> float | None: ...
    @property
    def peak_flop_rate(self) -> float | None: ...
    @property
    def layout(self) -> str: ...


class PredictedStep(Predicted, Protocol):
    """A predicted step time [s], of the batch [sequences] and sequence length [token] it is for."""

    @property
    def global_batch_size(self) -> float | None: ...
    @property
    def seq_length(self) -> float | None: ...
    @property
    def step_time(self) -> float | None: ...


class PredictedRun(Predicted, Protocol):
    """A predicted amount of device time [GPU*hour]."""

    @property
    def gpu_hours(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement beside its prediction.

    `measured`, `predicted`, their bands and `ideal` are in the unit of `kind`: step time [s] or
    device time [GPU*hour]. `ideal` is what the model FLOP would take at the dense peak, so that
    `ideal / measured` is the MFU. `apart` names the reason why a row is left out of the headline;
    `baselines` holds what simpler methods say.
    """

    id: str
    kind: str
    source: str
    source_family: str
    framework_family: str
    model: str
    accelerator: str
    generation: str
    precision: str
    num_gpus: int | None
    mixture: bool | None
    layout_missing: bool | None
    configuration: object
    apart: str
    measured: float | None
    measured_low: float | None
    measured_high: float | None
    measured_basis: str
    predicted: float | None
    low: float | None
    high: float | None
    scored: bool
    reason: str
    situation: str
    layout: str
    ideal: float | None
    features: Mapping[str, float] = field(default_factory=dict)
    baselines: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def error(self) -> float | None:
        """The signed error, predicted over measured less one; `None` where either is missing."""
        return relative_error(self.predicted, self.measured)

    @property
    def mfu(self) -> float | None:
        """The share of the dense peak that the measurement reaches; `None` where not known."""
        return self.ideal / self.measured if self.ideal and self.measured else None


def relative_error(predicted: float | None, measured: float | None) -> float | None:
    """Return predicted over measured less one; `None` where either is missing."""
    return predicted / measured - 1 if predicted is not None and measured else None


def step_row(point: MeasuredStep, prediction: PredictedStep) -> Row:
    """Return a measured step beside the predicted one.

    Where the row gives a rate but no batch, what was measured is the time of the batch that the
    prediction chose.
    """
    seconds = _ideal_seconds(prediction)
    measured, low, high = _measured(point, prediction)
    return _row(
        point,
        prediction,
        kind=STEP_TIME,
        framework_family=point.family,
        layout_missing=bool(point.layout_missing),
        configuration=point.configuration,
        apart="token-dropping" if point.token_drop else _apart(point),
        measured=measured,
        measured_low=low,
        measured_high=high,
        measured_basis=point.measured_basis,
        predicted=prediction.step_time,
        ideal=seconds / point.num_gpus if seconds and point.num_gpus else None,
        features=features(point, prediction.peak_flop_rate),
    )


def _measured(
    point: MeasuredStep, prediction: PredictedStep
) -> tuple[float | None, float | None, float | None]:
    """Return the measured step time and its band [s], `None` where they cannot be known."""
    if point.measured_step_time is not None or not point.scored:
        return point.measured_step_time, point.measured_low, point.measured_high
    batch, length = prediction.global_batch_size, prediction.seq_length
    times = point.measurement.step_times(batch, length, point.num_gpus)
    return times or (None, None, None)


def run_row(point: MeasuredRun, prediction: PredictedRun) -> Row:
    """Return the published device time of a whole run beside the predicted one."""
    seconds = _ideal_seconds(prediction)
    return _row(
        point,
        prediction,
        kind=GPU_HOURS,
        framework_family="",
        layout_missing=None,
        configuration=None,
        apart=_apart(point),
        measured=point.gpu_hours,
        measured_low=None,
        measured_high=None,
        measured_basis=point.measured_basis,
        predicted=prediction.gpu_hours,
        ideal=seconds / SECONDS_PER_HOUR if seconds else None,
    )


def _row(point: Measured, prediction: Predicted, **own: object) -> Row:
    scored = point.scored and own["measured"] is not None and own["predicted"] is not None
    shared: dict[str, object] = {
        "id": point.id,
        "source": point.source,
        "source_family": source_family(point.source),
        "model": point.model,
        "accelerator": point.accelerator or "",
        "generation": _generation(point.accelerator),
        "precision": point.precision or "",
        "num_gpus": point.num_gpus,
        "mixture": point.mixture,
        "low": prediction.low,
        "high": prediction.high,
        "scored": scored,
        "reason": "" if scored else _reason(point, prediction),
        "situation": prediction.situation,
        "layout": prediction.layout,
    }
    return Row(**{**shared, **own})  # type: ignore[arg-type]


def _reason(point: Measured, prediction: Predicted) -> str:
    first = point.reason if not point.scored else ""
    return first or prediction.reason or "the row has no measurement that can be read"


def _ideal_seconds(prediction: Predicted) -> float | None:
    """Return what the model FLOP take one device at its peak [GPU*s]."""
    if not prediction.model_flop or not prediction.peak_flop_rate:
        return None
    return prediction.model_flop / prediction.peak_flop_rate


def _apart(point: Measured) -> str:
    if any(SUSPICIOUS in flag for flag in point.flags):
        return SUSPICIOUS
    return "" if (point.task or "") in PRE_TRAINING else "fine-tuning"


def _generation(name: str | None) -> str:
    try:
        return accelerator(name).generation if name else ""
    except UnknownNameError:
        return ""
