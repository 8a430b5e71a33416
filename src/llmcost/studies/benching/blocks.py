"""The measured training step of a block of a model: its layers by difference, and its prediction.

A step of L layers takes T0 + L t: two steps of different L give the time t of a layer, and T0 of
the embedding, the output matrix and the loss. The optimizer is left out: a run shards its states,
and it is measured alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import hypot
from typing import Any

from llmcost.catalog.architecture import Architecture, Attention, LayerGroup, Mlp
from llmcost.layout import Layout
from llmcost.machine import Machine
from llmcost.shapes import model_flop_per_token
from llmcost.studies.benching.fitting import Fitted, Sample, right, time_of
from llmcost.studies.searching import one_layout

PASSES = ("forward", "backward")
WHOLE = "whole"


@dataclass(frozen=True, slots=True)
class Step:
    """One measured step: its model, tokens, and the time of both passes without the optimizer [s].

    `whole` [s] has the optimizer in it.
    """

    architecture: Architecture
    seq_length: int
    micro_batch_size: int
    dtype: str
    passes: Fitted
    whole: Fitted

    @property
    def layers(self) -> int:
        """Layers of the block."""
        return self.architecture.num_layers

    @property
    def tokens(self) -> int:
        """Tokens of a step."""
        return self.seq_length * self.micro_batch_size

    @property
    def model_flop(self) -> float:
        """Model FLOP of a step, attention halved because it is causal [FLOP]."""
        return self.tokens * model_flop_per_token(self.architecture, float(self.seq_length))


@dataclass(frozen=True, slots=True)
class Block:
    """Steps of one model, length, micro-batch and precision, with fewer and with more layers."""

    steps: tuple[Step, ...]

    @property
    def largest(self) -> Step:
        """The step of most layers."""
        return self.steps[-1]

    def line(self) -> tuple[Fitted, Fitted] | None:
        """Return the time of a layer and the fixed time [s], from the first and the last step.

        `None` with one step only, or where noise makes one of the two less than nothing.
        """
        return line_through(
            (self.steps[0].layers, self.steps[0].passes), (self.largest.layers, self.largest.passes)
        )

    def seconds(self, layers: int) -> Fitted | None:
        """Return the time of both passes of so many layers [s], `None` without a line."""
        line = self.line()
        if line is None:
            return None
        layer, fixed = line
        value = fixed.value + layers * layer.value
        spread = self.largest.passes
        ends = (spread.low / spread.value, spread.high / spread.value)
        return Fitted(value, value * ends[0], value * ends[1], layer.samples)


def line_through(few: tuple[int, Fitted], many: tuple[int, Fitted]) -> tuple[Fitted, Fitted] | None:
    """Return slope and start of a line through two times [s], `None` where one is not above 0."""
    (a, short), (b, long) = few, many
    if a == b:
        return None
    slope = (long.value - short.value) / (b - a)
    start = short.value - a * slope
    if slope <= 0 or start <= 0:
        return None
    down = hypot(long.value - long.low, short.high - short.value) / (b - a)
    up = hypot(long.high - long.value, short.value - short.low) / (b - a)
    samples = short.samples + long.samples
    layer = Fitted(slope, max(slope - down, slope * 1e-3), slope + up, samples)
    low = max(start - hypot(short.value - short.low, a * up), start * 1e-3)
    fixed = Fitted(start, low, start + hypot(short.high - short.value, a * down), samples)
    return layer, fixed


def blocks(samples: Iterable[Sample]) -> list[Block]:
    """Return the measured blocks: one for each precision, length and micro-batch, in order."""
    groups: dict[tuple[Any, ...], dict[str, Sample]] = {}
    for one in right(samples, "step"):
        groups.setdefault(_key(one), {})[str(one["part"])] = one
    found: dict[tuple[Any, ...], list[Step]] = {}
    for parts in groups.values():
        if {WHOLE, *PASSES} <= set(parts):
            step = _step(parts)
            key = (step.dtype, step.seq_length, step.micro_batch_size, _layer_of(step))
            found.setdefault(key, []).append(step)
    return [Block(tuple(sorted(steps, key=lambda one: one.layers))) for steps in found.values()]


def block_of(samples: Iterable[Sample], dtype: str) -> Block | None:
    """Return the block of a precision that has most steps, then most tokens, `None` without any."""
    alike = [one for one in blocks(samples) if one.largest.dtype == dtype]
    return max(alike, key=lambda one: (len(one.steps), one.largest.tokens), default=None)


def _key(one: Sample) -> tuple[Any, ...]:
    names = ("dtype", "layers", "seq_length", "micro_batch_size", "hidden", "model")
    return tuple(one.get(name) for name in names)


def _layer_of(step: Step) -> tuple[Any, ...]:
    group = step.architecture.groups[0]
    return step.architecture.hidden_size, group.attention, group.mlp


def _step(parts: Mapping[str, Sample]) -> Step:
    one = parts[WHOLE]
    both = [time_of(parts[name]) for name in PASSES]
    value = sum(part.value for part in both)
    down = hypot(*(part.value - part.low for part in both))
    up = hypot(*(part.high - part.value for part in both))
    return Step(
        architecture=architecture_of(one),
        seq_length=int(one["seq_length"]),
        micro_batch_size=int(one["micro_batch_size"]),
        dtype=str(one["dtype"]),
        passes=Fitted(value, value - down, value + up, int(one.get("runs", 1))),
        whole=time_of(one),
    )


def architecture_of(one: Sample) -> Architecture:
    """Return the model whose step a sample is of: layers of one kind, norms without biases."""
    hidden, size = int(one["hidden"]), int(one["head_dim"])
    attention = Attention(
        "full",
        0,
        heads=int(one["heads"]),
        kv_heads=int(one["kv_heads"]),
        qk_dim=size,
        v_dim=size,
    )
    mlp = Mlp("dense", int(one["mlp_width"]), gated=bool(one["gated"]))
    layers = LayerGroup(int(one["layers"]), attention, mlp, 2 * hidden)
    return Architecture(
        model_type="llama",
        vocab_size=int(one["vocab"]),
        hidden_size=hidden,
        groups=(layers,),
        embedding_size=hidden,
        tie_word_embeddings=bool(one["tied"]),
        final_norm_parameters=hidden,
    )


def predicted_passes(step: Step, machine: Machine) -> float:
    """Return the predicted time of both passes of a measured step on one device [s]."""
    batch = step.micro_batch_size
    layout = Layout(micro_batch_size=batch, global_batch_size=batch, data_parallel=1)
    found = one_layout(step.architecture, machine, 1, step.seq_length, layout)
    return found.step_time - found.parts["optimizer_time"]
