"""What the model says of a whole published run: device time, from the layout that it would take.

A run states its tokens and its accelerator, rarely more. What is missing follows from rules that
are named with the prediction: the number of devices from a length of the run, the batch from the
size of the model, the layout from a search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log2
from typing import Any

import numpy as np

from llmcost.catalog.architecture import Architecture
from llmcost.catalog.calibration import calibration
from llmcost.catalog.gpus import accelerator, usual_precision
from llmcost.counting import count
from llmcost.enumeration import Limits, enumerate_layouts
from llmcost.errors import InputError
from llmcost.machine import Machine, Software, peak_rate
from llmcost.shapes import model_flop_per_token
from llmcost.studies.goodputs import usual_useful_share
from llmcost.studies.intervals import WHOLE_RUN, interval_of
from llmcost.studies.stepping import evaluate, rows_of, step_inputs
from llmcost.studies.validation.predicting import layout_words
from llmcost.studies.validation.run_points import RunPoint

SECONDS_PER_HOUR = 3600.0
USUAL_DAYS = 40.0
USUAL_MFU = 0.4
FEWEST, MOST = 8, 16384
SEQUENCE = 4096
# Tokens of a global batch by parameters: GPT-3 (arXiv 2005.14165, table 2.1) below 10 billion,
# Llama 2 and 3 above.
BATCHES = ((3e9, 1 << 20), (30e9, 1 << 22), (150e9, 1 << 23), (float("inf"), 1 << 24))


@dataclass(frozen=True, slots=True)
class RunPrediction:
    """Predicted device time [GPU*hour] with its 80% interval, or the reason why there is none."""

    gpu_hours: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    situation: str = ""
    model_flop: float | None = None
    peak_flop_rate: float | None = None
    layout: str = ""


def predict_runs(
    points: Sequence[RunPoint], constants: Mapping[str, float] | None = None
) -> list[RunPrediction]:
    """Return a prediction for each whole run, in order."""
    values = calibration().values if constants is None else constants
    return [_predicted(point, values) for point in points]


def _predicted(point: RunPoint, values: Mapping[str, float]) -> RunPrediction:
    if not point.scored:
        return RunPrediction(reason=point.reason)
    try:
        return _run(point, values)
    except InputError as error:
        return RunPrediction(reason=str(error))


def _run(point: RunPoint, values: Mapping[str, float]) -> RunPrediction:
    if point.architecture is None or point.accelerator is None or point.tokens is None:
        raise InputError(point.reason or "the model, the tokens or the accelerator is not known")
    machine = _machine(point)
    length = point.seq_length or SEQUENCE
    flop = point.tokens * model_flop_per_token(point.architecture, length)
    rate, layout, gpus = _on_enough(point, machine, min(length, 8192), flop, values)
    useful = usual_useful_share(count(point.architecture).parameters, gpus)
    hours = point.tokens / rate / SECONDS_PER_HOUR / useful
    hours *= values["searched_layout"] * values["whole_run_length"]
    low, high = interval_of(WHOLE_RUN)
    return RunPrediction(
        gpu_hours=hours,
        low=hours * low,
        high=hours * high,
        situation=WHOLE_RUN,
        model_flop=flop,
        peak_flop_rate=machine.peak,
        layout=layout,
    )


def _machine(point: RunPoint) -> Machine:
    gpu = accelerator(str(point.accelerator))
    family = "xla" if gpu.vendor == "Google" else "megatron"
    year = float(point.date[:4]) + 0.5 if point.date[:4].isdigit() else None
    precision = point.precision or usual_precision(gpu)
    peak_rate(gpu, precision)
    return Machine(gpu, precision, Software(family, year))


def _usual_gpus(flop: float, peak: float) -> int:
    """Return the power of two of devices that takes about the usual days."""
    wanted = flop / (USUAL_MFU * peak * USUAL_DAYS * 24 * SECONDS_PER_HOUR)
    return int(min(max(2 ** round(log2(max(wanted, 1.0))), FEWEST), MOST))


def _on_enough(
    point: RunPoint, machine: Machine, length: int, flop: float, values: Mapping[str, float]
) -> tuple[float, str, int]:
    """Return what `_fastest` does and the devices: the stated, else the usual ones that fit."""
    gpus = point.num_gpus or _usual_gpus(flop, machine.peak)
    while True:
        try:
            return (*_fastest(point, machine, length, gpus, values), gpus)
        except InputError:
            gpus *= 2
            if point.num_gpus or gpus > MOST:
                raise


def _fastest(
    point: RunPoint,
    machine: Machine,
    length: int,
    num_gpus: int,
    values: Mapping[str, float],
) -> tuple[float, str]:
    """Return the token rate of one device [token/s/GPU] and the layout that reaches it."""
    if point.architecture is None:
        raise InputError(point.reason)
    parameters = count(point.architecture).parameters
    tokens = next(batch for limit, batch in BATCHES if parameters <= limit)
    batch = max(num_gpus, round(tokens / length))
    batch = -(-batch // num_gpus) * num_gpus
    for zero in (3,) if machine.software.family == "xla" else (1, 3):
        layouts = _layouts(point.architecture, machine, num_gpus, length, batch, zero)
        columns = step_inputs(point.architecture, machine, layouts, num_gpus, values)
        found = evaluate(columns)
        rows = layouts["zero_stage"].size
        fits = np.broadcast_to(found["fits"], rows)
        if not fits.any():
            continue
        times = np.where(fits, np.broadcast_to(found["step_time"], rows), np.inf)
        best = int(np.argmin(times))
        chosen = {name: float(value) for name, value in rows_of(layouts, best).items()}
        return batch * length / float(times[best]) / num_gpus, layout_words(chosen)
    raise InputError(f"no layout fits {num_gpus} of {machine.accelerator.name}")


def _layouts(
    architecture: Architecture, machine: Machine, num_gpus: int, length: int, batch: int, zero: int
) -> dict[str, Any]:
    limits = Limits(
        max_tensor_parallel=8,
        max_pipeline_parallel=1 if machine.software.family == "xla" else None,
        max_micro_batch_size=8,
        zero_stages=(zero,),
    )
    return enumerate_layouts(architecture, num_gpus, length, batch, None, limits)
