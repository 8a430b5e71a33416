"""A bench as the anchor of a prediction: measured rates, and the step that they are scaled to.

What was measured stands in place of the model's own constants. The block's own step is predicted
from them too, and what it took over that prediction scales the run; the interval is as much wider.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp, hypot, log
from typing import Any

from llmcost.bench.shapes import with_layers
from llmcost.catalog.calibration import calibration
from llmcost.errors import InputError, one_of
from llmcost.formulas import compute
from llmcost.machine import LOW, Machine, Software, rates
from llmcost.studies.benching.blocks import Step, block_of, predicted_passes
from llmcost.studies.benching.devices import device_of, is_processor
from llmcost.studies.benching.fitting import (
    Fitted,
    LinkFit,
    MatmulFit,
    Sample,
    link_fits,
    matmul_fit,
    memory_rate,
    precisions,
    right,
    time_of,
    update_time,
)
from llmcost.studies.intervals import ANCHORED, interval_of
from llmcost.studies.modelling import Anchor, Setting

# What the bench runs is plain PyTorch: its step is predicted as that software's.
PLAIN = Software("fsdp")
HEAD, WIDE = "head", ("bf16", "fp16", "fp32")
FORWARD, BACKWARD = "forward", "backward"
# Which collective tells most of the links that gathers and scatters take.
TELLING = ("all_gather", "reduce_scatter", "all_reduce")
LEAST_FACTOR, MOST_FACTOR = 0.1, 10.0


@dataclass(frozen=True, slots=True)
class Residual:
    """A measured step beside its prediction from measured parts [s], for so many layers.

    `by_difference` says that the layers were got from steps of fewer.
    """

    step: Step
    layers: int
    measured: Fitted
    predicted: float
    by_difference: bool

    @property
    def factor(self) -> float:
        """Measured over predicted time."""
        return self.measured.value / self.predicted

    def interval(self) -> tuple[float, float]:
        """Return the 80% interval of a scaled step time, as factors on it.

        What anchored predictions err, what the runs of the measured step spread, and the whole of
        the residual, as independent errors are added: in the logarithm, by squares.
        """
        usual, gap = interval_of(ANCHORED), abs(log(self.factor))
        down = hypot(log(usual[0]), gap, log(self.measured.low / self.measured.value))
        up = hypot(log(usual[1]), gap, log(self.measured.high / self.measured.value))
        return exp(-down), exp(up)

    @property
    def text(self) -> str:
        """The residual in words."""
        parts = "from steps of fewer" if self.by_difference else "measured"
        return (
            f"both passes of {self.layers} layers take {self.measured.value:.4g} s ({parts}; "
            f"{self.step.micro_batch_size} x {self.step.seq_length:,} tokens), "
            f"{self.predicted:.4g} s from the measured parts: {self.factor - 1:+.0%}"
        )


def bench_anchor(data: Mapping[str, Any], name: str, setting: Setting) -> Anchor:
    """Return the anchor that a saved bench gives, from its data and the name of its file.

    Raises InputError for a bench of another accelerator, or without the precision of the run.
    """
    machine = setting.machine
    _same_device(data, name, machine)
    measured = replace(machine, measured=tuple(measured_rates(data, name, machine).items()))
    told = f"{name} ({data['device']['name']}, {machine.precision})"
    residual = residual_of(data["samples"], measured, setting.architecture.num_layers)
    notes = _notes(data, name, setting, residual)
    if residual is None:
        text = f"{told}: rates of kernels, no training step"
        return Anchor(1.0, text, rates=measured.measured, notes=notes, scaled=False)
    if not LEAST_FACTOR <= residual.factor <= MOST_FACTOR:
        raise InputError(
            f"{told}: {residual.text}; needs a step within ten times its prediction. Was the "
            "device busy? Measure again: llmcost bench -o bench.json."
        )
    return Anchor(
        residual.factor,
        f"{told}: {residual.text}",
        interval=residual.interval(),
        rates=measured.measured,
        notes=notes,
    )


def _same_device(data: Mapping[str, Any], name: str, machine: Machine) -> None:
    part, wanted = device_of(data, name), machine.accelerator
    if part.name == wanted.name:
        return
    if is_processor(data):
        raise InputError(
            f"{name} measured the processors of a machine ({data['device']['name']}), which say "
            f"nothing of {wanted.name}; needs a bench made on one. To estimate a run on those "
            "processors, leave the accelerator out."
        )
    raise InputError(
        f"{name} measured {part.name} ({data['device']['name']}); needs the accelerator of this "
        f"estimate, {wanted.name}, for another one errs in its own way."
    )


def residual_of(samples: Sequence[Sample], machine: Machine, layers: int = 0) -> Residual | None:
    """Return the measured step of a machine's precision beside its prediction, `None` without one.

    For so many layers by difference; for the most that were measured where that cannot be, or
    where `layers` is 0.
    """
    block = block_of(samples, machine.precision)
    if block is None:
        return None
    step, plain = block.largest, replace(machine, software=PLAIN)
    found = block.seconds(layers) if layers else None
    if found is None:
        return Residual(step, step.layers, step.passes, predicted_passes(step, plain), False)
    deeper = with_layers(step.architecture, step.architecture.groups[0], layers)
    many = replace(step, architecture=deeper)
    return Residual(step, layers, found, predicted_passes(many, plain), True)


def measured_rates(data: Mapping[str, Any], name: str, machine: Machine) -> dict[str, float]:
    """Return the rate columns of the engine that a bench measured, at a machine's precision.

    Raises InputError where it has no product at that precision.
    """
    samples, precision = data["samples"], machine.precision
    curve = matmul_fit(samples, precision)
    if curve is None:
        known = precisions(samples)
        raise InputError(
            f"{name}: holds no matrix product at {precision}"
            + (f", only at {', '.join(known)}; needs --precision {one_of(known)}" if known else "")
            + f", or a bench of it: llmcost bench --precision {precision} -o bench.json."
        )
    model = rates(replace(machine, measured=()), calibration().values)
    found = _products(samples, curve, model, precision) | _memory(samples, model)
    found |= _attention(samples, model, precision)
    return found if is_processor(data) else found | _links(samples)


def _products(
    samples: Sequence[Sample], curve: MatmulFit, model: Mapping[str, float], precision: str
) -> dict[str, float]:
    """Return the curve of products; grouped ones of experts differ from it as in the model."""
    side = curve.side_time.value
    return {
        "matmul_rate": curve.rate.value,
        "side_time": side,
        "expert_side_time": side * model["expert_side_time"] / model["side_time"],
        "kernel_time": curve.kernel_time.value,
        **_head(samples, curve, model, precision),
    }


def _head(
    samples: Sequence[Sample], curve: MatmulFit, model: Mapping[str, float], precision: str
) -> dict[str, float]:
    """Return the rate of the output matrix, which is wide: measured, else as the model has it."""
    wide = _wide(precision)
    found = [one for one in right(samples, "gemm", wide) if one.get("role") == HEAD]
    if found:
        return {"head_rate": float(found[-1]["value"])}
    if wide != precision:
        return {}
    return {"head_rate": curve.rate.value * model["head_rate"] / model["matmul_rate"]}


def _wide(precision: str) -> str:
    return WIDE[0] if precision in LOW else precision


def _memory(samples: Sequence[Sample], model: Mapping[str, float]) -> dict[str, float]:
    bandwidth, update = memory_rate(samples), update_time(samples)
    found = {} if bandwidth is None else {"memory_rate": bandwidth.value}
    if update is not None:
        rate = found.get("memory_rate", model["memory_rate"])
        found["optimizer_traffic"] = update.value * rate
    return found


def _attention(
    samples: Sequence[Sample], model: Mapping[str, float], precision: str
) -> dict[str, float]:
    """Return the rate of attention and its backward pass, how it falls as in the model.

    An attention without fused kernels is another one than was measured.
    """
    found = right(samples, "attention", _wide(precision))
    ahead = [one for one in found if one["part"] == FORWARD]
    if not ahead or not model["fused_attention"]:
        return {}
    longest = max(ahead, key=lambda one: float(one["seq_length"]))
    out = {"attention_rate": attention_rate(longest, model)}
    behind = [one for one in found if one["part"] == BACKWARD and _alike(one, longest)]
    if behind:
        out["attention_backward"] = time_of(behind[-1]).value / time_of(longest).value
    return out


def _alike(one: Sample, other: Sample) -> bool:
    return all(one.get(name) == other.get(name) for name in ("batch", "seq_length", "head_dim"))


def attention_rate(one: Sample, model: Mapping[str, float]) -> float:
    """Return the rate of long fused attention over many heads that a sample of it shows [FLOP/s].

    Counted and shaped as the engine does: half of all pairs, slower for short sequences.
    """
    tokens = float(one["batch"]) * float(one["seq_length"])
    sizes = float(one["head_dim"]) + float(one.get("v_dim", one["head_dim"]))
    width = float(one["heads"]) * sizes
    flop = 2.0 * width * (float(one["seq_length"]) + 1.0) / 2.0 * tokens
    at_one = compute.attention_time.kernel(
        flop=flop,
        flop_rate=1.0,
        seq_length=float(one["seq_length"]),
        ramp_length=model["attention_ramp"],
        head_tokens=float(one["heads"]) * tokens,
        fill_head_tokens=model["attention_fill"],
        head_dim=float(one["head_dim"]),
        head_size=model["attention_head_size"],
    )
    return float(at_one) / float(one["median_s"])


def _links(samples: Sequence[Sample]) -> dict[str, float]:
    """Return the links between accelerators of this machine, from what tells most of gathers."""
    known = [one for op in TELLING for one in link_fits(samples) if one.op == op]
    if not known:
        return {}
    widest: LinkFit = max(
        (one for one in known if one.op == known[0].op), key=lambda one: one.ranks
    )
    return {
        "scale_up_rate": widest.bandwidth.value,
        "scale_up_latency": widest.latency.value,
    }


def _notes(
    data: Mapping[str, Any], name: str, setting: Setting, residual: Residual | None
) -> tuple[tuple[str, str], ...]:
    found = [("bench-residual", _residual_words(name, residual))]
    if is_processor(data):
        text = (
            f"{name} measured this machine's processors: the estimate holds for such a machine "
            "and says nothing of an accelerator."
        )
        if setting.num_gpus > 1:
            text += f" The network between {setting.num_gpus:,} of them was not measured."
        found.append(("bench-processor", text))
    disturbed = sum(bool(one.get("disturbed")) for one in data["samples"])
    if disturbed:
        text = (
            f"{disturbed} of {len(data['samples'])} samples of {name} were disturbed by other work "
            "on the machine; measure again when it is idle."
        )
        found.append(("bench-disturbed", text))
    return tuple(found)


def _residual_words(name: str, residual: Residual | None) -> str:
    if residual is None:
        return (
            f"{name} has no training step at this precision, so how far its kernels are from a "
            "step is not known: the interval is that of a prediction."
        )
    low, high = residual.interval()
    return (
        f"{name}: {residual.text}. The steps of the run are scaled by that residual, and their 80% "
        f"interval of {low:.2f} to {high:.2f} times holds it."
    )
