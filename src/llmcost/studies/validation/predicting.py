"""What the model says of a measured row: a time, an interval, the layout it took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.catalog.calibration import calibration
from llmcost.catalog.gpus import Accelerator, accelerator
from llmcost.counting import count
from llmcost.errors import InputError
from llmcost.formulas.flops import flop_per_token
from llmcost.layout.record import COLUMNS
from llmcost.studies.intervals import ANCHORED, interval_of, situation_of
from llmcost.studies.stepping import evaluate, step_inputs
from llmcost.studies.validation.knobs import SEARCHED, Ways, ways_of
from llmcost.studies.validation.point import Point

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Devices of a node.
# How far over its device's memory a row that ran may come by the model, with less recomputation.
NODE = 8
SLACK = {0: 1.2, 1: 1.35}
SHORT = {
    "tensor_parallel": "tp",
    "pipeline_parallel": "pp",
    "virtual_stages": "vp",
    "context_parallel": "cp",
    "data_parallel": "dp",
    "expert_parallel": "ep",
    "expert_tensor_parallel": "etp",
    "micro_batch_size": "mbs",
    "zero_stage": "zero",
}


@dataclass(frozen=True, slots=True)
class Prediction:
    """A predicted step time [s] with its 80% interval, or the reason why there is none.

    `model_flop` [FLOP] is that of the step, `peak_flop_rate` [FLOP/s/GPU] the peak at its
    precision; the batch [sequences] and sequence length [token] are those of the prediction.
    """

    step_time: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    situation: str = ""
    model_flop: float | None = None
    peak_flop_rate: float | None = None
    layout: str = ""
    global_batch_size: float | None = None
    seq_length: float | None = None
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """The way to run a point that the model takes: one row of layout columns, and its time [s]."""

    ways: Ways
    layout: Mapping[str, float]
    step_time: float


def predict_points(
    points: Sequence[Point], anchors: Mapping[str, Point] | None = None
) -> list[Prediction]:
    """Return a prediction for each point, in order.

    `anchors` maps the id of a point to a like run that was measured: its ratio of measured to
    predicted time then scales the prediction.
    """
    known: dict[str, Chosen | str] = {}
    return [_predicted(point, anchors, known) for point in points]


def choose(point: Point, constants: Mapping[str, float] | None = None) -> Chosen:
    """Return the way to run a point that the model takes.

    Of the layouts that fit, the fastest; of what is known but for recomputation, the least of that
    which a row that ran can have had. Raises InputError with the reason for what cannot be judged.
    """
    ways = ways_of(point)
    values = calibration().values if constants is None else constants
    columns = step_inputs(ways.architecture, ways.machine, ways.layouts, ways.num_gpus, values)
    found = evaluate(columns)
    rows = ways.layouts["zero_stage"].size
    times = np.broadcast_to(found["step_time"], rows)
    held = np.broadcast_to(found["total_memory"], rows) / columns["device_memory"]
    row = _row(ways, times, held)
    layout = {name: float(ways.layouts[name][row]) for name in COLUMNS}
    longer = values["searched_layout"] if SEARCHED in ways.assumed else 1.0
    return Chosen(ways, layout, float(times[row]) * longer)


def _row(ways: Ways, times: Floats, held: Floats) -> int:
    kind = 2 * ways.layouts["recompute_full"] + ways.layouts["recompute_selective"]
    if SEARCHED in ways.assumed:
        possible = held <= 1.06
    else:
        some = ((kind == 0) & (held <= SLACK[0])) | ((kind == 1) & (held <= SLACK[1]))
        possible = some if some.any() else np.ones(held.size, dtype=bool)
        possible = possible & (kind == kind[possible].min()) if some.any() else kind == kind.max()
    if not possible.any():
        return int(np.argmin(held))
    return int(np.flatnonzero(possible)[np.argmin(times[possible])])


def _predicted(
    point: Point, anchors: Mapping[str, Point] | None, known: dict[str, Chosen | str]
) -> Prediction:
    if not point.scored:
        return Prediction(reason=point.reason)
    chosen = _chosen(point, known)
    if isinstance(chosen, str):
        return Prediction(reason=chosen)
    machine = chosen.ways.machine
    situation = situation_of(
        machine,
        mixture=bool(point.mixture),
        layout_known=SEARCHED not in chosen.ways.assumed,
    )
    time = chosen.step_time
    anchor = None if anchors is None else anchors.get(point.id)
    if anchor is not None:
        ratio = _anchor_ratio(anchor, known)
        if ratio is not None:
            time, situation = time * ratio, ANCHORED
    low, high = interval_of(situation)
    slowest = max([time, *_alternatives(point, chosen)]) / time
    return Prediction(
        step_time=time,
        low=time * low,
        high=time * max(high, slowest),
        situation=situation,
        model_flop=step_flop(chosen),
        peak_flop_rate=machine.peak,
        layout=layout_words(chosen.layout),
        global_batch_size=chosen.layout["global_batch_size"],
        seq_length=chosen.layout["seq_length"],
        assumed=chosen.ways.assumed,
    )


def _chosen(point: Point, known: dict[str, Chosen | str]) -> Chosen | str:
    """Return the chosen way of a point, or the reason why there is none, once for each."""
    if point.id not in known:
        try:
            known[point.id] = choose(point)
        except InputError as error:
            known[point.id] = str(error)
    return known[point.id]


def _anchor_ratio(anchor: Point, known: dict[str, Chosen | str]) -> float | None:
    chosen = _chosen(anchor, known)
    if isinstance(chosen, str):
        return None
    measured = measured_time(anchor, chosen.layout)
    return None if measured is None else measured / chosen.step_time


def measured_time(point: Point, layout: Mapping[str, float]) -> float | None:
    """Return the measured time of a step [s], of the batch of a layout where only a rate is."""
    if point.measured_step_time is not None:
        return point.measured_step_time
    times = point.measurement.step_times(
        layout["global_batch_size"], layout["seq_length"], point.num_gpus
    )
    return times[0] if times else None


def _alternatives(point: Point, chosen: Chosen) -> list[float]:
    """Return the times on the other parts that a bare name may mean [s]."""
    times = []
    for name in point.accelerator_alternatives:
        part = accelerator(name)
        if not _can_be(part, chosen):
            continue
        other = replace(chosen.ways.machine, accelerator=part)
        try:
            columns = step_inputs(
                chosen.ways.architecture, other, chosen.layout, chosen.ways.num_gpus
            )
        except InputError:
            continue
        times.append(float(np.asarray(evaluate(columns)["step_time"]).flat[0]))
    return times


def _can_be(part: Accelerator, chosen: Chosen) -> bool:
    """Return whether a cluster of this size and layout can be of a part: links and NICs."""
    domain = part.scale_up_domain or 1
    inside = chosen.layout["tensor_parallel"] <= max(domain, 1)
    return inside and (part.nic_bandwidth is not None or chosen.ways.num_gpus <= NODE)


def step_flop(chosen: Chosen) -> float:
    """Return the model FLOP of a step, attention halved because it is causal [FLOP]."""
    counts = count(chosen.ways.architecture)
    length = int(chosen.layout["seq_length"])
    per_token: Any = flop_per_token(
        matmul_parameters=counts.matmul_parameters,
        attention=counts.attention,
        seq_length=length,
        causal=True,
    )
    return float(per_token) * length * chosen.layout["global_batch_size"]


def layout_words(layout: Mapping[str, float]) -> str:
    """Return a layout in short names, with what is 1 or none left out."""
    told = [f"{short}={layout[name]:.0f}" for name, short in SHORT.items() if layout[name] > 1]
    for name, word in (("recompute_full", "full"), ("recompute_selective", "selective")):
        if layout[name]:
            told.append(f"recompute={word}" if layout[name] == 1 else f"recompute={layout[name]:g}")
    return ",".join(told) or "tp=1"
