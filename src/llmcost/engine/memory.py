"""Bytes a device holds at the peak of a training step, from the columns of a layout.

The stage that counts is the fullest of three: the first (most micro-batches in flight, embedding),
the second (one fewer, and where layers do not divide evenly one layer more) and the last (head and
logits). Nothing here checks anything, and choices are made by arithmetic on 0 and 1, which is
several times faster than `numpy.where` on mixed rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from llmcost.engine.layer_memory import Kind, kinds_of
from llmcost.formulas import memory as formulas

PARTS = ("weights", "gradients", "optimizer_state", "activations", "temporary_buffers", "reserve")
STAGES = ("first", "middle", "last")
GIB = 2.0**30

# CUDA context, workspaces of libraries, and what else lies outside the allocator.
CONTEXT = 0.75 * GIB
# Channels and proxies of the network library: 0.39 GiB in aiconfigurator's table of reserves.
NETWORK = 0.4 * GIB
# Gaps between tensors that come and go, after the allocator gave back what it can.
FRAGMENTATION = 0.04
# A label of 80 GB means 79.6 GiB that a program can use: 1.07 of 80e9 bytes.
USABLE_SHARE = 1.06
# FSDP holds the layer at work and the one it fetches ahead.
GATHERED_LAYERS = 2.0
# Gradients of weights are made in 16 bit before they are added up.
FRESH_GRADIENT = 2.0

DEFAULTS: Mapping[str, float] = {
    "weight_bytes": 2.0,
    "weight_copy_bytes": 0.0,
    "gradient_bytes": 4.0,
    "optimizer_bytes": 12.0,
    "gathered_bytes": 2.0,
    "linear_input_bytes": 2.0,
    "logit_bytes": 6.0,
    "attention_score_bytes": 0.0,
    "dropout_mask_bytes": 0.0,
    "trainable_share": 1.0,
    "moe_imbalance": 1.0,
    "gradient_scratch": 1.0,
    "recompute_norm": 0.0,
    "recompute_activation": 0.0,
    "context_all_to_all": 0.0,
}


class Split(NamedTuple):
    """What the layout divides by: inverses of group sizes, tokens, and flags of 0 or 1."""

    tokens: Any  # of a micro-batch on one device
    tensor: Any
    sequence: Any  # of what only sequence parallelism divides
    gathered: Any  # 1 where sequence parallelism gathers what it divided
    grouped: Any  # 1 with tensor parallelism
    piped: Any  # 1 with more than one stage
    dual: Any  # 1 for DualPipe
    sharded: Any  # 1 for ZeRO stage 3


class Layer(NamedTuple):
    """One layer on one device: weights, and bytes of a micro-batch."""

    dense: Any
    expert: Any
    kept: Any
    backward: Any
    scratch: Any


class Stage(NamedTuple):
    """What one pipeline stage holds: weights by kind, the rest in bytes."""

    dense: Any
    expert: Any
    ends: Any  # of dense, embedding and head
    activations: Any
    temporary: Any


class Rates(NamedTuple):
    """Bytes that a weight takes on a device: one that every device has, then one of experts."""

    weights: tuple[Any, Any]
    gradients: tuple[Any, Any]
    optimizer_state: tuple[Any, Any]
    copies: tuple[Any, Any]


def memory(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return PARTS and `total` [byte], and `stage` (an index of STAGES), of the fullest stage.

    `columns` are those of an architecture, a layout and a precision; DEFAULTS stand for those left
    out. Rows broadcast; layer columns have one axis more in front, one entry a kind of layer.
    """
    c = {**DEFAULTS, **columns}
    split, rates = _split(c), _rates(c)
    kinds = kinds_of(c)
    layers = [_on_device(c, split, kind) for kind in kinds]
    counts = [kind.layers for kind in kinds]
    stages = _stages(c, split, layers, counts)
    first, middle, last = _fullest(stages, rates, split.piped, c["pipeline_parallel"])
    pairs = zip(*stages, strict=True)
    chosen = Stage(*(first * a + middle * b + last * c for a, b, c in pairs))
    return _parts(c, rates, chosen) | {"stage": middle + 2.0 * last}


def fits(total: Any, device_memory: Any) -> Any:  # noqa: ANN401
    """Return whether a total [byte] fits a device sold with that much memory [byte]."""
    return total <= device_memory * USABLE_SHARE


def _flag(condition: Any) -> Any:  # noqa: ANN401
    return np.multiply(condition, 1.0)


def _split(c: Mapping[str, Any]) -> Split:
    t = c["tensor_parallel"]
    inverse, grouped = 1.0 / t, _flag(t > 1.0)
    divided = c["sequence_parallel"]
    return Split(
        tokens=c["micro_batch_size"] * c["seq_length"] / c["context_parallel"],
        tensor=inverse,
        sequence=1.0 + divided * (inverse - 1.0),
        gathered=grouped * divided,
        grouped=grouped,
        piped=_flag(c["pipeline_parallel"] > 1.0),
        dual=_flag(c["schedule"] == 3.0),
        sharded=_flag(c["zero_stage"] >= 3.0),
    )


def _rates(c: Mapping[str, Any]) -> Rates:
    """Return the bytes a weight takes, from the ZeRO stage and the devices that share it.

    DualPipe keeps each part of the model twice in a pipeline, so optimizer states are spread over
    twice as many devices.
    """
    stage, replicas = c["zero_stage"], c["data_parallel"] * c["context_parallel"]
    group = replicas + _flag(stage >= 3.0) * (c["shard_group"] - replicas)
    experts = group * c["tensor_parallel"] / (c["expert_parallel"] * c["expert_tensor_parallel"])
    shards = group, np.maximum(experts, 1.0)
    trained = c["trainable_share"]
    pair = 1.0 + _flag(c["schedule"] == 3.0) * _flag(stage >= 1.0)
    optimizer = _rate(c["optimizer_bytes"] * trained / pair, shards, stage >= 1.0)
    copies = c["weight_copy_bytes"] * _flag(stage < 3.0)
    return Rates(
        _rate(c["weight_bytes"], shards, stage >= 3.0),
        _rate(c["gradient_bytes"] * trained, shards, stage >= 2.0),
        optimizer,
        (copies, copies),
    )


def _rate(bytes_each: Any, shards: tuple[Any, Any], sharded: Any) -> tuple[Any, Any]:  # noqa: ANN401
    one = formulas.state_memory.kernel
    dense, expert = (
        one(parameters=1.0, bytes_each=bytes_each, shards=devices, sharded=_flag(sharded))
        for devices in shards
    )
    return dense, expert


def _on_device(c: Mapping[str, Any], split: Split, kind: Kind) -> Layer:
    spread = c["expert_parallel"] * c["expert_tensor_parallel"]
    divided = kind.split * split.tensor
    return Layer(
        dense=divided + kind.whole,
        expert=kind.expert / spread,
        kept=split.tokens * _kept(c, split, kind),
        backward=split.tokens * _backward(c, split, kind),
        scratch=divided + kind.one_expert / c["expert_tensor_parallel"],
    )


def _kept(c: Mapping[str, Any], split: Split, kind: Kind) -> Any:  # noqa: ANN401
    """Return what a token keeps of one layer from its forward to its backward pass [byte].

    Full recomputation keeps the input of the layer alone.
    """
    again = c["recompute_activation"]
    fixed = {
        "whole": kind.residual - kind.norms * c["recompute_norm"],
        "split": kind.attention - kind.keys + kind.mlp - kind.products * again,
        "routed": (kind.routed - kind.routed_products * again) * c["moe_imbalance"],
        "scores": kind.scores * (1.0 - c["recompute_selective"]),
    }
    full = c["recompute_full"]
    whole = fixed["whole"] + full * (2.0 * c["hidden"] - fixed["whole"])
    return whole * split.sequence + (1.0 - full) * _divided(c, split, kind, fixed)


def _divided(c: Mapping[str, Any], split: Split, kind: Kind, fixed: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return what a token keeps of one layer that tensor parallelism divides [byte].

    A group larger than the number of key and value heads holds copies of them. All-to-all context
    parallelism keeps the output of attention before and after the exchange.
    """
    twice = kind.output * (c["context_all_to_all"] * _flag(c["context_parallel"] > 1.0))
    entering = kind.routed_in * c["moe_imbalance"] * c["expert_tensor_parallel"]
    inside = fixed["split"] + fixed["routed"] + fixed["scores"] + twice + entering
    return inside * split.tensor + kind.keys * np.maximum(split.tensor, 1.0 / kind.key_heads)


def _backward(c: Mapping[str, Any], split: Split, kind: Kind) -> Any:  # noqa: ANN401
    """Return what a token takes while one layer goes backward, beside what was kept [byte].

    The gradient of the widest part, gradients of the input and output of the layer, and what was
    computed again for this layer.
    """
    routed = kind.routed_backward * c["moe_imbalance"]
    widest = np.maximum(np.maximum(kind.mlp_backward, routed), kind.attention)
    all_again = kind.attention + kind.mlp + (kind.routed + kind.routed_in) * c["moe_imbalance"]
    full = _flag(c["recompute_full"] > 0.0)
    scores = kind.scores * _flag(full + c["recompute_selective"] > 0.0)
    divided = widest + full * all_again + scores
    whole = 4.0 * c["hidden"] + full * kind.residual
    return divided * split.tensor + whole * split.sequence + 2.0 * c["hidden"] * split.gathered


def _stages(
    c: Mapping[str, Any], split: Split, layers: list[Layer], counts: list[Any]
) -> tuple[Stage, Stage, Stage]:
    held = _layers_held(c, split, counts)
    head = 1.0 - split.piped * (1.0 - split.dual)
    ends = _ends(c, split, head)
    temporary = _temporary(c, split, layers, ends, head)
    position = (0.0, 1.0, c["pipeline_parallel"] - 1.0)
    first, middle, last = (
        _stage(c, layers, held[i], ends[i], temporary[i], position[i]) for i in range(3)
    )
    return first, middle, last


def _stage(
    c: Mapping[str, Any],
    layers: list[Layer],
    held: list[Any],
    ends: Any,  # noqa: ANN401
    temporary: Any,  # noqa: ANN401
    position: Any,  # noqa: ANN401
) -> Stage:
    passes = formulas.in_flight.kernel(
        stage=position,
        pipeline_parallel=c["pipeline_parallel"],
        virtual_stages=c["virtual_stages"],
        micro_batches=c["global_batch_size"] / (c["data_parallel"] * c["micro_batch_size"]),
        schedule=c["schedule"],
    )
    return Stage(
        dense=_sum([n * one.dense for n, one in zip(held, layers, strict=True)]) + ends,
        expert=_sum([n * one.expert for n, one in zip(held, layers, strict=True)]),
        ends=ends,
        activations=_sum([n * one.kept for n, one in zip(held, layers, strict=True)]) * passes,
        temporary=temporary,
    )


def _layers_held(c: Mapping[str, Any], split: Split, counts: list[Any]) -> list[list[Any]]:
    """Return for each of STAGES how many layers of each kind it holds, the bottom in the first."""
    held = _stage_layers(c, split)
    if len(counts) == 1:
        return [[n] for n in held]
    bottom = np.minimum(counts[0], held[0])
    return [[bottom, held[0] - bottom], [0.0, held[1]], [0.0, held[2]]]


def _stage_layers(c: Mapping[str, Any], split: Split) -> tuple[Any, Any, Any]:
    """Return the layers of the first, a middle and the last stage.

    Where layers do not divide evenly, the last stage and then the first are one short, because
    they also hold the head and the embedding. DualPipe puts two stages on a device, the first
    beside the last.

    Source: Llama 3 (arXiv 2407.21783), section 3.3.2, for the ends; DeepSeek-V3 (arXiv 2412.19437),
    section 3.2.1, for DualPipe.
    """
    p, dual = c["pipeline_parallel"], split.dual
    most = np.ceil(c["num_layers"] / p)
    missing = most * p - c["num_layers"]
    first = c["first_stage_layers"] if "first_stage_layers" in c else most - (missing >= 2.0)
    last = c["last_stage_layers"] if "last_stage_layers" in c else most - (missing >= 1.0)
    return first + dual * last, most * (1.0 + dual), last + dual * first


def _ends(c: Mapping[str, Any], split: Split, head: Any) -> tuple[Any, Any, Any]:  # noqa: ANN401
    """Return the weights of embedding and head on the three stages.

    One device of tied weights holds them once; two ends of a pipeline hold a copy each.
    """
    table = c["vocab"] * c["hidden"] * split.tensor
    own = 1.0 - c["tied"] * (1.0 - split.piped)
    return table * (1.0 + head * own), 0.0, table


def _temporary(
    c: Mapping[str, Any],
    split: Split,
    layers: list[Layer],
    ends: tuple[Any, Any, Any],
    head: Any,  # noqa: ANN401
) -> tuple[Any, Any, Any]:
    """Return what comes and goes at the peak, on the three stages [byte].

    Gradients at work or logits, whichever is more; a received micro-batch; fresh gradients of
    weights; for ZeRO-2 gradients not yet given away; for ZeRO-3 gathered layers, and embedding and
    head, which stay gathered.
    """
    backward = _most([layer.backward for layer in layers])
    layer = _most([layer.dense + layer.expert for layer in layers])
    scratch = _most([layer.scratch for layer in layers]) * c["gradient_scratch"]
    buckets = _flag(c["zero_stage"] == 2.0) * (GATHERED_LAYERS * c["gradient_bytes"])
    gathered = split.sharded * (c["gathered_bytes"] + FRESH_GRADIENT)
    fresh = FRESH_GRADIENT * (1.0 - split.sharded) * scratch
    states = fresh + layer * (buckets + GATHERED_LAYERS * gathered)
    received = 2.0 * c["hidden"] * split.piped * split.tokens * split.sequence
    common = states + received
    logits = _logits(c, split)
    return (
        np.maximum(backward, head * logits) + common + ends[0] * gathered,
        backward + common,
        np.maximum(backward, logits) + common + ends[2] * gathered,
    )


def _logits(c: Mapping[str, Any], split: Split) -> Any:  # noqa: ANN401
    """Return what the head and the loss take at once [byte].

    Logits, the last norm, the gradient of its output and copies gathered by tensor parallelism, and
    the fresh gradient of the head.
    """
    hidden = c["hidden"]
    table = FRESH_GRADIENT * (1.0 - split.sharded) * hidden
    logits = c["vocab"] * split.tensor * (split.tokens * c["logit_bytes"] + table)
    return logits + split.tokens * hidden * (4.0 * split.sequence + 2.0 + 4.0 * split.grouped)


def _fullest(
    stages: tuple[Stage, Stage, Stage],
    rates: Rates,
    piped: Any,  # noqa: ANN401
    stages_in_all: Any,  # noqa: ANN401
) -> tuple[Any, Any, Any]:
    """Return a flag for each of STAGES: 1 for the one that holds most, where it is there at all."""
    dense, expert = (_sum(list(pair)) for pair in zip(*rates, strict=True))
    first, middle, last = (
        stage.dense * dense
        + stage.expert * expert
        - stage.ends * rates.copies[0]
        + (1.0 + FRAGMENTATION) * (stage.activations + stage.temporary)
        for stage in stages
    )
    middle, last = middle * _flag(stages_in_all > 2.0), last * piped
    is_first = _flag(first >= np.maximum(middle, last))
    is_middle = (1.0 - is_first) * _flag(middle >= last)
    return is_first, is_middle, 1.0 - is_first - is_middle


def _parts(c: Mapping[str, Any], rates: Rates, stage: Stage) -> dict[str, Any]:
    held = {
        name: stage.dense * dense + stage.expert * expert
        for name, (dense, expert) in rates._asdict().items()
    }
    copies = held.pop("copies") - stage.ends * rates.copies[0]
    model = c["tensor_parallel"] * c["pipeline_parallel"] * c["context_parallel"]
    parts = held | {
        "weights": held["weights"] + copies,
        "activations": stage.activations,
        "temporary_buffers": stage.temporary,
        "reserve": formulas.reserve_memory.kernel(
            activations=stage.activations,
            temporary=stage.temporary,
            devices=model * c["data_parallel"],
            context=CONTEXT,
            network=NETWORK,
            fragmentation=FRAGMENTATION,
        ),
    }
    return parts | {"total": _sum(list(parts.values()))}


def _sum(values: list[Any]) -> Any:  # noqa: ANN401
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def _most(values: list[Any]) -> Any:  # noqa: ANN401
    return values[0] if len(values) == 1 else np.maximum(*values)
