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

from llmcost.engine.layer_memory import Kind, added, kinds_of, most_of
from llmcost.engine.rows import as_floats
from llmcost.formulas import memory as formulas
from llmcost.formulas.memory import blend

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
# Gradients of weights are made in 16 bit before they are added up.
FRESH_GRADIENT = 2.0

DEFAULTS: Mapping[str, float] = {
    "weight_bytes": 2.0,
    "weight_copy_bytes": 0.0,
    "gradient_bytes": 4.0,
    "optimizer_bytes": 12.0,
    "gathered_bytes": 2.0,
    "gathered_layers": 2.0,
    "linear_input_bytes": 2.0,
    "logit_bytes": 6.0,
    "attention_score_bytes": 0.0,
    "dropout_mask_bytes": 0.0,
    "trainable_share": 1.0,
    "moe_imbalance": 1.0,
    "gradient_scratch": 1.0,
    "recompute_norm": 0.0,
    "recompute_activation": 0.0,
    "recompute_up_projection": 0.0,
    "recompute_mlp": 0.0,
    "offloaded_layers": 0.0,
    "context_all_to_all": 0.0,
}


class Split(NamedTuple):
    """What the layout divides by: inverses of group sizes, tokens, and flags of 0 or 1."""

    tokens: Any  # of a micro-batch on one device
    tensor: Any
    sequence: Any  # of what only sequence parallelism divides
    grouped: Any  # 1 with tensor parallelism
    piped: Any  # 1 with more than one stage
    dual: Any  # 1 for DualPipe
    sharded: Any  # 1 for ZeRO stage 3
    hidden: Any  # bytes of a micro-batch's hidden state at 1 byte an element
    hidden_part: Any  # the same, divided by sequence parallelism


class Layer(NamedTuple):
    """One layer on one device: weights, and bytes of a micro-batch."""

    dense: Any
    expert: Any
    kept: Any
    backward: Any
    scratch: Any


class Stage(NamedTuple):
    """What one pipeline stage holds: layers of each kind, and what does not come by layer."""

    layers: tuple[Any, ...]
    passes: Any  # micro-batches in flight
    ends: Any  # weights of embedding and head
    temporary: Any  # bytes


class Rates(NamedTuple):
    """Bytes that a weight takes on a device: one that every device has, then one of experts."""

    weights: tuple[Any, Any]
    gradients: tuple[Any, Any]
    optimizer_state: tuple[Any, Any]
    copies: Any


def memory(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return PARTS and `total` [byte], and `stage` (an index of STAGES), of the fullest stage.

    `columns` are those of an architecture, a layout and a precision; DEFAULTS stand for those left
    out. Rows broadcast; layer columns have one axis more in front, one entry a kind of layer.
    """
    c = {**DEFAULTS, **columns}
    split, rates = _split(c), _rates(c)
    kinds = kinds_of(c)
    layers = [_on_device(c, split, kind) for kind in kinds]
    stages = _stages(c, split, layers, [kind.layers for kind in kinds])
    flags = _fullest(c, stages, layers, rates)
    return _parts(c, rates, layers, _chosen(flags, stages)) | {"stage": flags[1] + 2.0 * flags[2]}


def fits(total: Any, device_memory: Any) -> Any:  # noqa: ANN401
    """Return whether a total [byte] fits a device sold with that much memory [byte]."""
    return total <= device_memory * USABLE_SHARE


def _above_one(whole: Any) -> Any:  # noqa: ANN401
    """Return 1 where a whole number is above 1, else 0: cheaper than a comparison."""
    return np.minimum(whole - 1.0, 1.0)


def _split(c: Mapping[str, Any]) -> Split:
    t = c["tensor_parallel"]
    inverse = 1.0 / t
    tokens = c["micro_batch_size"] * c["seq_length"] / c["context_parallel"]
    sequence = 1.0 + c["sequence_parallel"] * (inverse - 1.0)
    hidden = tokens * c["hidden"]
    return Split(
        tokens=tokens,
        tensor=inverse,
        sequence=sequence,
        grouped=_above_one(t),
        piped=_above_one(c["pipeline_parallel"]),
        dual=as_floats(c["schedule"] == 3.0),
        sharded=as_floats(c["zero_stage"] >= 3.0),
        hidden=hidden,
        hidden_part=hidden * sequence,
    )


def _rates(c: Mapping[str, Any]) -> Rates:
    """Return the bytes a weight takes, from the ZeRO stage and the devices that share it.

    DualPipe keeps each part of the model twice in a pipeline, so optimizer states are spread over
    twice as many devices.
    """
    stage, replicas = c["zero_stage"], c["data_parallel"] * c["context_parallel"]
    from_1, from_2, from_3 = (as_floats(stage >= least) for least in (1.0, 2.0, 3.0))
    group = blend(from_3, replicas, c["shard_group"])
    experts = group * c["tensor_parallel"] / (c["expert_parallel"] * c["expert_tensor_parallel"])
    parts = 1.0 / group, 1.0 / np.maximum(experts, 1.0)
    trained = c["trainable_share"]
    states = c["optimizer_bytes"] * trained / (1.0 + as_floats(c["schedule"] == 3.0) * from_1)
    return Rates(
        _rate(c["weight_bytes"], parts, from_3),
        _rate(c["gradient_bytes"] * trained, parts, from_2),
        _rate(states, parts, from_1),
        c["weight_copy_bytes"] * (1.0 - from_3),
    )


def _rate(bytes_each: Any, parts: tuple[Any, Any], sharded: Any) -> tuple[Any, Any]:  # noqa: ANN401
    share = formulas.held_share.kernel
    dense, expert = (bytes_each * share(part=part, sharded=sharded) for part in parts)
    return dense, expert


def _on_device(c: Mapping[str, Any], split: Split, kind: Kind) -> Layer:
    divided = kind.split * split.tensor
    return Layer(
        dense=divided + kind.whole,
        expert=kind.expert / (c["expert_parallel"] * c["expert_tensor_parallel"]),
        kept=_kept(c, split, kind),
        backward=_backward(c, split, kind),
        scratch=divided + kind.one_expert / c["expert_tensor_parallel"],
    )


def _kept(c: Mapping[str, Any], split: Split, kind: Kind) -> Any:  # noqa: ANN401
    """Return what a micro-batch keeps of one layer from its forward to its backward pass [byte].

    Full recomputation keeps the input of the layer alone. Offloaded layers keep nothing here.
    """
    whole = kind.residual - kind.norms * c["recompute_norm"]
    again = c["recompute_full"]
    here = 1.0 - c["offloaded_layers"] / c["num_layers"]
    kept = split.tokens * (whole * split.sequence + _divided(c, split, kind))
    return (kept + again * (2.0 * split.hidden_part - kept)) * here


def _divided(c: Mapping[str, Any], split: Split, kind: Kind) -> Any:  # noqa: ANN401
    """Return what a token keeps of one layer that tensor parallelism divides [byte].

    A group larger than the number of key and value heads holds copies of them. All-to-all context
    parallelism keeps the output of attention before and after the exchange.
    """
    products, unpacked = c["recompute_activation"], kind.unpacked * c["recompute_up_projection"]
    plain = kind.attention - kind.keys + kind.mlp - kind.products * products
    plain = plain - unpacked - kind.dense_mlp * c["recompute_mlp"]
    inside = kind.routed - kind.routed_products * products
    entering = kind.routed_in * c["expert_tensor_parallel"]
    routed = (inside + entering) * c["moe_imbalance"]
    scores = kind.scores * (1.0 - c["recompute_selective"])
    twice = kind.output * c["context_all_to_all"] * _above_one(c["context_parallel"])
    keys = kind.keys * np.maximum(split.tensor, 1.0 / np.maximum(kind.key_heads, 1.0))
    return (plain + routed + scores + twice) * split.tensor + keys


def _backward(c: Mapping[str, Any], split: Split, kind: Kind) -> Any:  # noqa: ANN401
    """Return what a micro-batch takes while one layer goes backward, beside what was kept [byte].

    The gradient of the widest part, gradients of the input and output of the layer, copies gathered
    by sequence parallelism, and what was computed again for this layer beside its input.
    """
    routed = kind.routed_backward * c["moe_imbalance"]
    widest = np.maximum(np.maximum(kind.mlp_backward, routed), kind.attention)
    all_again = kind.attention + kind.mlp + (kind.routed + kind.routed_in) * c["moe_imbalance"]
    here = c["num_layers"] / c["pipeline_parallel"]
    full = np.minimum(c["recompute_full"] * here, 1.0)
    partly = np.minimum((c["recompute_full"] + c["recompute_selective"]) * here, 1.0)
    divided = widest + full * all_again + kind.scores * partly
    whole = kind.residual - 2.0 * c["hidden"]
    inner = divided * split.tensor + full * whole * split.sequence
    gathered = c["sequence_parallel"] * split.grouped * 2.0 * split.hidden
    return split.tokens * inner + 4.0 * split.hidden_part + gathered


def _stages(
    c: Mapping[str, Any], split: Split, layers: list[Layer], counts: list[Any]
) -> tuple[Stage, Stage, Stage]:
    head = 1.0 - split.piped * (1.0 - split.dual)
    ends = _ends(c, split, head)
    parts = (_layers_held(c, split, counts), _passes(c), ends)
    temporary = _temporary(c, split, layers, ends, head)
    first, middle, last = (Stage(*one) for one in zip(*parts, temporary, strict=True))
    return first, middle, last


def _passes(c: Mapping[str, Any]) -> tuple[Any, Any, Any]:
    """Return the micro-batches in flight on the first, the second and the last stage."""
    p, v, schedule = c["pipeline_parallel"], c["virtual_stages"], c["schedule"]
    micro_batches = c["global_batch_size"] / (c["data_parallel"] * c["micro_batch_size"])
    last = formulas.in_flight_at_end.kernel(
        pipeline_parallel=p, virtual_stages=v, schedule=schedule
    )
    more = formulas.in_flight_per_stage.kernel(virtual_stages=v, schedule=schedule)
    first = last + more * (p - 1.0)
    return (
        np.minimum(first, micro_batches),
        np.minimum(first - more, micro_batches),
        np.minimum(last, micro_batches),
    )


def _layers_held(c: Mapping[str, Any], split: Split, counts: list[Any]) -> list[tuple[Any, ...]]:
    """Return for each of STAGES how many layers of each kind it holds, the bottom in the first."""
    held = _stage_layers(c, split)
    if len(counts) == 1:
        return [(n,) for n in held]
    bottom = np.minimum(counts[0], held[0])
    return [(bottom, held[0] - bottom), (0.0, held[1]), (0.0, held[2])]


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
    short = np.minimum(missing, 1.0), np.minimum(np.maximum(missing - 1.0, 0.0), 1.0)
    first = c.get("first_stage_layers", most - short[1])
    last = c.get("last_stage_layers", most - short[0])
    return (
        blend(dual, first, first + last),
        blend(dual, most, 2.0 * most),
        blend(dual, last, first + last),
    )


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
    backward = most_of([layer.backward for layer in layers])
    held = np.minimum(c["gathered_layers"], c["num_layers"] / c["pipeline_parallel"])
    layer = most_of([layer.dense + layer.expert for layer in layers]) * held
    scratch = most_of([layer.scratch for layer in layers]) * (
        c["gradient_scratch"] * FRESH_GRADIENT
    )
    buckets = as_floats(c["zero_stage"] == 2.0) * c["gradient_bytes"]
    gathered = split.sharded * (c["gathered_bytes"] + FRESH_GRADIENT)
    states = (1.0 - split.sharded) * scratch + layer * (buckets + gathered)
    common = states + 2.0 * split.piped * split.hidden_part
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
    table = (1.0 - split.sharded) * (FRESH_GRADIENT * c["hidden"])
    logits = (split.tokens * c["logit_bytes"] + table) * (c["vocab"] * split.tensor)
    return logits + 4.0 * split.hidden_part + (2.0 + 4.0 * split.grouped) * split.hidden


def _fullest(
    c: Mapping[str, Any], stages: tuple[Stage, ...], layers: list[Layer], rates: Rates
) -> tuple[Any, Any, Any]:
    """Return a flag for each of STAGES: 1 for the one that holds most, where it is there at all."""
    dense = added([pair[0] for pair in rates[:3]])
    expert = added([pair[1] for pair in rates[:3]]) + rates.copies
    slack = 1.0 + FRAGMENTATION
    static = [one.dense * (dense + rates.copies) + one.expert * expert for one in layers]
    moving = [slack * one.kept for one in layers]
    first, middle, last = (
        added([n * (s + m * of.passes) for n, s, m in zip(of.layers, static, moving, strict=True)])
        + of.ends * dense
        + slack * of.temporary
        for of in stages
    )
    stages_in_all = c["pipeline_parallel"]
    middle, last = middle * _above_one(stages_in_all - 1.0), last * _above_one(stages_in_all)
    is_first = as_floats(first >= np.maximum(middle, last))
    is_middle = (1.0 - is_first) * as_floats(middle >= last)
    return is_first, is_middle, 1.0 - is_first - is_middle


def _chosen(flags: tuple[Any, Any, Any], stages: tuple[Stage, Stage, Stage]) -> Stage:
    def pick(first: Any, middle: Any, last: Any) -> Any:  # noqa: ANN401
        return flags[0] * first + flags[1] * middle + flags[2] * last

    return Stage(
        layers=tuple(pick(*held) for held in zip(*(one.layers for one in stages), strict=True)),
        passes=pick(*(one.passes for one in stages)),
        ends=pick(*(one.ends for one in stages)),
        temporary=pick(*(one.temporary for one in stages)),
    )


def _parts(c: Mapping[str, Any], rates: Rates, layers: list[Layer], stage: Stage) -> dict[str, Any]:
    held = list(zip(stage.layers, layers, strict=True))
    matrices = added([n * one.dense for n, one in held])
    expert = added([n * one.expert for n, one in held])
    activations = added([n * one.kept for n, one in held]) * stage.passes
    model = c["tensor_parallel"] * c["pipeline_parallel"] * c["context_parallel"]
    reserve = formulas.reserve_memory.kernel(
        activations=activations,
        temporary=stage.temporary,
        devices=model * c["data_parallel"],
        context=CONTEXT,
        network=NETWORK,
        fragmentation=FRAGMENTATION,
    )
    dense = matrices + stage.ends
    states = [dense * rate[0] + expert * rate[1] for rate in rates[:3]]
    states[0] = states[0] + (matrices + expert) * rates.copies
    values = [*states, activations, stage.temporary, reserve]
    return dict(zip(PARTS, values, strict=True)) | {"total": added(values)}
