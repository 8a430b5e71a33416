"""What the model says of a measured row: a time, an interval, the layout it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.catalog.calibration import calibration
from llmcost.catalog.gpus import Accelerator, accelerator
from llmcost.engine.memory import USABLE_SHARE
from llmcost.errors import InputError
from llmcost.layout.record import COLUMNS
from llmcost.layout.text import SHORT
from llmcost.machine import FUSED_SINCE, LATER_FLASH_SINCE, Machine
from llmcost.shapes import model_flop_per_token
from llmcost.studies.intervals import ANCHORED, interval_of, situation_of
from llmcost.studies.stepping import evaluate, step_inputs
from llmcost.studies.validation.knobs import DEPTHS, RECOMPUTE_FREE, SEARCHED, Ways, ways_of
from llmcost.studies.validation.measured_step import LARGEST_PEAK_SHARE
from llmcost.studies.validation.point import Point

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Devices of a node.
NODE = 8
# How far over its device's memory a row that ran may come by the model: without recomputation, with
# selective, with full.
SLACK = (1.2, 1.35, 1.35)
# How far over the least memory a way may come, where nothing fits.
NEARLY = 1.1
# Lengths that a run of an unknown length may have had, over the one that is assumed.
LENGTHS = (0.25, 4.0)
# How much less of its peak a part may reach than the one that a bare name usually means: a layout
# that wastes more on it was not meant for it.
WORSE = 1.5
# The degrees that are told of a layout, in this order.
TOLD = (
    *("tensor_parallel", "pipeline_parallel", "virtual_stages", "context_parallel"),
    *("data_parallel", "expert_parallel", "expert_tensor_parallel", "micro_batch_size"),
    "zero_stage",
)


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
    total = np.broadcast_to(found["total_memory"], rows)
    held = _kept(ways, point, columns, total) / columns["device_memory"]
    row = _row(ways, times, held)
    layout = {name: float(ways.layouts[name][row]) for name in COLUMNS}
    longer = values["searched_layout"] if SEARCHED in ways.assumed else 1.0
    return Chosen(ways, layout, _between_depths(ways, times, row) * longer)


def _between_depths(ways: Ways, times: Floats, row: int) -> float:
    """Return the time of a row [s], or where depths of interleaving are tried the geometric mean
    with that of the next fastest: runs are tuned, but their depth is not published."""
    if DEPTHS not in ways.assumed:
        return float(times[row])
    columns = ways.layouts
    alike = columns["virtual_stages"] != columns["virtual_stages"][row]
    for name in COLUMNS:
        if name != "virtual_stages":
            alike &= columns[name] == columns[name][row]
    next_fastest = times[alike].min() if alike.any() else times[row]
    return float(np.sqrt(times[row] * next_fastest))


def _row(ways: Ways, times: Floats, held: Floats) -> int:
    searched = SEARCHED in ways.assumed
    possible = held <= USABLE_SHARE if searched else _least_recomputed(ways, held)
    if not possible.any():
        possible = held <= NEARLY * held.min()
    return int(np.flatnonzero(possible)[np.argmin(times[possible])])


def _least_recomputed(ways: Ways, held: Floats) -> NDArray[np.bool_]:
    """Return which ways recompute least of those that a row that ran can have had."""
    full, selective = ways.layouts["recompute_full"] > 0, ways.layouts["recompute_selective"] > 0
    kinds = np.where(full, 2, np.where(selective, 1, 0))
    slacks = SLACK if RECOMPUTE_FREE in ways.assumed else (max(SLACK),) * len(SLACK)
    each = [(kinds == kind) & (held <= slack) for kind, slack in enumerate(slacks)]
    return next((possible for possible in each if possible.any()), each[0])


def _kept(ways: Ways, point: Point, columns: Mapping[str, Any], total: Floats) -> Floats:
    """Return the memory of each way [byte], at the least that its recomputation may keep.

    What other code than Megatron's calls selective is any policy between none and full.
    """
    named = point.recompute == "selective" and point.family != "megatron"
    if not (named and SEARCHED in ways.assumed):
        return total
    nothing = {"recompute_selective": 0.0, "recompute_full": 1.0}
    least: Floats = evaluate({**columns, **nothing})["total_memory"]
    held: Floats = np.minimum(total, np.broadcast_to(least, total.size))
    return held


def _predicted(
    point: Point, anchors: Mapping[str, Point] | None, known: dict[str, Chosen | str]
) -> Prediction:
    if not point.scored:
        return Prediction(reason=point.reason)
    chosen = _chosen(point, known)
    if isinstance(chosen, str):
        return Prediction(reason=chosen)
    if reason := _beyond_peak(point, chosen):
        return Prediction(reason=reason)
    machine = chosen.ways.machine
    situation = situation_of(
        machine,
        mixture=bool(point.mixture),
        layout_known=SEARCHED not in chosen.ways.assumed,
    )
    time, anchor = chosen.step_time, None if anchors is None else anchors.get(point.id)
    ratio = None if anchor is None else _anchor_ratio(anchor, known)
    if ratio is not None:
        time, situation = time * ratio, ANCHORED
    low, high = interval_of(situation)
    fastest, slowest = _doubts(point, chosen, anchor if ratio is not None else None)
    return Prediction(
        step_time=time,
        low=time * min(low, fastest),
        high=time * max(high, slowest),
        situation=situation,
        model_flop=step_flop(chosen),
        peak_flop_rate=machine.peak,
        layout=layout_words(chosen.layout),
        global_batch_size=chosen.layout["global_batch_size"],
        seq_length=chosen.layout["seq_length"],
        assumed=chosen.ways.assumed,
    )


def _beyond_peak(point: Point, chosen: Chosen) -> str:
    """Return why a measured step cannot be, empty where it can: it beats the dense peak."""
    measured = measured_time(point, chosen.layout)
    if measured is None or point.task != "pretrain":
        return ""
    peak = chosen.ways.machine.peak * chosen.ways.num_gpus
    share = step_flop(chosen) / peak / measured
    if share <= LARGEST_PEAK_SHARE:
        return ""
    return (
        f"{point.measured_basis}: a step of {measured:.3g} s is {share:.3g} times the dense peak "
        f"at {chosen.ways.machine.precision}; needs at most the peak. Is it a rate of all devices, "
        "or another precision?"
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


def _doubts(point: Point, chosen: Chosen, anchor: Point | None) -> tuple[float, float]:
    """Return the least and most time over that predicted, of all that the row leaves open.

    What an anchor leaves open in the same way is not in doubt: it ran on the same.
    """
    parts = point.accelerator_alternatives
    if anchor is not None and parts == anchor.accelerator_alternatives:
        parts = ()
    named = replace(point, accelerator_alternatives=parts)
    times: list[float | None] = [*_alternatives(named, chosen)]
    if anchor is None:
        times += [_time(chosen, machine) for machine in _other_machines(point, chosen)]
        times += _other_lengths(point, chosen)
    known = [time for time in times if time is not None]
    own = _time(chosen, chosen.ways.machine) if known else None
    ratios = [1.0, *(time / own for time in known if own)]
    return min(ratios), max(ratios)


def _alternatives(point: Point, chosen: Chosen) -> list[float]:
    """Return the times on the other parts that a bare name may mean [s]."""
    named = [accelerator(name) for name in point.accelerator_alternatives]
    machine = chosen.ways.machine
    can = [replace(machine, accelerator=part) for part in named if _can_be(part, chosen)]
    own = _time(chosen, machine) if can else None
    times = [(other, _time(chosen, other)) for other in can]
    return [
        time
        for other, time in times
        if time and own and time * other.peak <= WORSE * own * machine.peak
    ]


def _other_machines(point: Point, chosen: Chosen) -> Iterator[Machine]:
    """Yield the machines that a row that names no precision or date may have run on."""
    machine = chosen.ways.machine
    if point.precision is None and machine.accelerator.peak_flop_rates.get("fp8"):
        yield replace(machine, precision="fp8")
    if point.source_date is None:
        launched = machine.accelerator.launched or ""
        since = float(launched[:4]) if launched[:4].isdigit() else 0.0
        for change in (FUSED_SINCE, LATER_FLASH_SINCE):
            if since < change - 1:
                yield replace(machine, software=replace(machine.software, year=change - 0.1))


def _other_lengths(point: Point, chosen: Chosen) -> list[float | None]:
    """Return the times of as many tokens in shorter and longer sequences [s]."""
    if point.seq_length is not None:
        return []
    return [_time(chosen, chosen.ways.machine, length, shorter=1 / length) for length in LENGTHS]


def _time(
    chosen: Chosen, machine: Machine, length: float = 1.0, shorter: float = 1.0
) -> float | None:
    """Return the time of the chosen layout on a machine [s]; `None` where it cannot have run.

    Sequences are `length` times as long, and the time is multiplied by `shorter`.
    """
    layout = {**chosen.layout, "seq_length": chosen.layout["seq_length"] * length}
    try:
        columns = step_inputs(chosen.ways.architecture, machine, layout, chosen.ways.num_gpus)
    except InputError:
        return None
    found = evaluate(columns)
    held = float(np.asarray(found["total_memory"]).flat[0]) / columns["device_memory"]
    smaller = machine.accelerator != chosen.ways.machine.accelerator
    if smaller and held > SLACK[-1] and held > _share(chosen):
        return None
    return float(np.asarray(found["step_time"]).flat[0]) * shorter


def _share(chosen: Chosen) -> float:
    """Return the share of its device's memory that the chosen way takes."""
    ways = chosen.ways
    columns = step_inputs(ways.architecture, ways.machine, chosen.layout, ways.num_gpus)
    total = np.asarray(evaluate(columns)["total_memory"]).flat[0]
    return float(total / columns["device_memory"])


def _can_be(part: Accelerator, chosen: Chosen) -> bool:
    """Return whether a cluster of this size and layout can be of a part: links and NICs."""
    domain = part.scale_up_domain or 1
    inside = chosen.layout["tensor_parallel"] <= max(domain, 1)
    return inside and (part.nic_bandwidth is not None or chosen.ways.num_gpus <= NODE)


def step_flop(chosen: Chosen) -> float:
    """Return the model FLOP of a step, attention halved because it is causal [FLOP]."""
    length = chosen.layout["seq_length"]
    per_token = model_flop_per_token(chosen.ways.architecture, length)
    return per_token * length * chosen.layout["global_batch_size"]


def layout_words(layout: Mapping[str, float]) -> str:
    """Return a layout in short names, with what is 1 or none left out."""
    told = [f"{SHORT[name]}={layout[name]:.0f}" for name in TOLD if layout[name] > 1]
    for name, word in (("recompute_full", "full"), ("recompute_selective", "selective")):
        if layout[name]:
            told.append(f"recompute={word}" if layout[name] == 1 else f"recompute={layout[name]:g}")
    return ",".join(told) or "tp=1"
