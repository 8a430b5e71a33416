"""What one micro-batch takes of one device in all layers: forward, backward, and again.

The layers of a stage are a share of all: times here are those of the whole model's layers on a
device that holds its tensor, context and expert parallel part of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from llmcost.engine.exchanges import (
    context_backward,
    context_exchange,
    expert_exchange,
    none_of,
    tensor_exchange,
    tensor_exposed,
)
from llmcost.formulas import compute, flops

PARTS = ("matmul", "attention", "memory_bound", "launch", "tensor", "context", "expert")
# A backward product of each weight matrix by inputs and one by weights.
MATMUL_BACKWARD = 2.0


class Local(NamedTuple):
    """What a device holds of a micro-batch: tokens, inverse degrees, tokens sent to experts.

    A tensor-parallel group shares the tokens that it sends, and the devices that one expert is
    split over gather those of each other.
    """

    tokens: Any
    tensor: Any  # 1/t
    sequence: Any  # 1/t where sequence parallel
    expert_tensor: Any
    routed: Any
    computed: Any  # routed tokens that a device computes on, imbalance and padded tiles included


def local(c: Mapping[str, Any]) -> Local:
    """Return what a device holds of a micro-batch."""
    tokens = c["micro_batch_size"] * c["seq_length"] / c["context_parallel"]
    inverse = 1.0 / c["tensor_parallel"]
    split = 1.0 / c["expert_tensor_parallel"]
    routed = tokens * c["chosen_experts"] * (c["expert_tensor_parallel"] * inverse)
    experts = c["most_experts"] / c["expert_parallel"]
    computed = routed * c["expert_imbalance"] + c["tile_padding"] * experts
    sequence = np.where(c["sequence_parallel"] > 0.0, inverse, 1.0)
    return Local(tokens, inverse, sequence, split, routed, computed)


def forward(c: Mapping[str, Any], at: Local) -> dict[str, Any]:
    """Return the parts of a forward pass of all layers [s]; exchanges are whole, not yet hidden."""
    attention, scores = _attention(c, at)
    return {
        "matmul": _dense(c, at) + _experts(c, at),
        "attention": attention + scores,
        "memory_bound": (_elementwise(c, at) + _quantised(c, at)) / c["memory_rate"],
        "launch": _launch(c),
        "tensor": tensor_exchange(c, at.tokens),
        "context": context_exchange(c, at.tokens, at.tensor),
        "expert": expert_exchange(c, at.routed),
    }


def hidden(c: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a pass with only what computing does not hide of its exchanges.

    Attention that hides context exchange hides nothing of the exchange between experts.
    """
    behind = compute.exposed_time.kernel
    context = behind(
        communication=parts["context"],
        computing=parts["attention"],
        hidden_share=c["context_hidden"],
        least_share=c["context_exposed"],
    )
    busy = parts["matmul"] + parts["attention"] + parts["memory_bound"]
    expert = behind(
        communication=parts["expert"],
        computing=busy - (parts["context"] - context),
        hidden_share=c["expert_hidden"],
        least_share=c["expert_exposed"],
    )
    tensor = parts["tensor"] * tensor_exposed(c)
    return {**parts, "tensor": tensor, "context": context, "expert": expert}


def backward(c: Mapping[str, Any], parts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parts of a backward pass, from those of the forward pass [s]."""
    return {
        "matmul": MATMUL_BACKWARD * parts["matmul"],
        "attention": c["attention_backward"] * parts["attention"],
        "memory_bound": c["memory_backward"] * parts["memory_bound"],
        "launch": c["launch_backward"] * parts["launch"],
        "tensor": parts["tensor"],
        "context": context_backward(c) * parts["context"],
        "expert": parts["expert"],
    }


def again(c: Mapping[str, Any], parts: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return the time of recomputation [s], from the forward pass as it is seen."""
    whole = sum(parts[name] for name in PARTS)
    fused = c["fused_attention"] > 0.0
    if np.ndim(fused):
        some = np.where(fused, parts["memory_bound"], parts["attention"])
    else:
        some = parts["memory_bound" if fused else "attention"]
    return c["recompute_full"] * whole + c["recompute_selective"] * c["selective_share"] * some


def head(c: Mapping[str, Any], at: Local) -> tuple[Any, Any]:
    """Return forward and backward time of the output matrix and the loss [s]."""
    width = c["vocab"] * at.tensor
    logits = at.tokens * width
    matmul = 2.0 * logits * c["hidden"] / c["head_rate"]
    loss = logits * c["logit_traffic"] / c["memory_rate"] + c["layer_time"]
    return matmul + loss, 2.0 * (matmul + loss)


def _dense(c: Mapping[str, Any], at: Local) -> Any:  # noqa: ANN401
    split = c["split_weights"] * at.tensor
    flop = 2.0 * at.tokens * (split + c["whole_weights"] * at.sequence)
    sides = (
        at.tokens
        * (c["whole_sides"] + c["split_sides"] * at.tensor + c["whole_matrix_sides"] * at.sequence)
        + split
        + c["whole_weights"]
    )
    return compute.matmul_time.kernel(
        flop=flop,
        flop_rate=c["matmul_rate"],
        sides=sides,
        side_time=c["side_time"],
        kernels=c["gemms"],
        kernel_time=c["kernel_time"],
    )


def _experts(c: Mapping[str, Any], at: Local) -> Any:  # noqa: ANN401
    if none_of(c["expert_layers"]):
        return 0.0
    weights = c["expert_weights"] * at.expert_tensor
    width = c["expert_width_sum"] / np.maximum(c["expert_layers"], 1.0) * at.expert_tensor
    share = compute.narrow_matmul_share.kernel(
        width=np.maximum(width, 1.0), half_width=c["half_expert_width"]
    )
    sides = at.computed * (
        c["expert_whole_sides"] + c["expert_split_sides"] * at.expert_tensor
    ) + weights * (c["most_experts"] / c["expert_parallel"])
    return compute.matmul_time.kernel(
        flop=2.0 * at.computed * weights,
        flop_rate=c["matmul_rate"] * share,
        sides=sides,
        side_time=c["expert_side_time"],
        kernels=0.0,
        kernel_time=0.0,
    )


def _attention(c: Mapping[str, Any], at: Local) -> tuple[Any, Any]:
    """Return the time of fused attention, and that of a matrix of scores where it is not fused."""
    context = flops.mean_context.kernel(
        seq_length=c["seq_length"],
        span=c["attention_span"],
        chunked=c["attention_chunked"],
        causal=1.0,
    )
    flop = 2.0 * (c["attention_width"] * context).sum(axis=0) * at.tokens * at.tensor
    fused = c["fused_attention"]
    heads = np.maximum(c["most_heads"] * at.tensor, 1.0)
    odd = _alignment(c["head_dim"], c["odd_head_share"])
    sinks = 1.0 + c["biased_experts"] * (c["sink_attention"] - 1.0)
    time = compute.attention_time.kernel(
        flop=flop * (2.0 - fused),
        flop_rate=c["attention_rate"] * odd * sinks,
        seq_length=c["seq_length"],
        ramp_length=c["attention_ramp"],
        head_tokens=heads * at.tokens,
        fill_head_tokens=c["attention_fill"],
        head_dim=c["head_dim"],
        head_size=c["attention_head_size"],
    )
    unfused = 1.0 - fused
    if none_of(unfused):
        return time, 0.0
    scores = unfused * heads * c["num_layers"] * c["seq_length"] * at.tokens
    return time, scores * c["score_bytes"] / c["memory_rate"]


def _alignment(head_dim: Any, share: Any) -> Any:  # noqa: ANN401
    """Return the speed of batched products: less by half of a width that is not a multiple of 8."""
    by_eight, by_four = np.mod(head_dim, 8.0) > 0.0, np.mod(head_dim, 4.0) > 0.0
    return 1.0 + (0.5 * by_eight + 0.5 * by_four) * (share - 1.0)


def _elementwise(c: Mapping[str, Any], at: Local) -> Any:  # noqa: ANN401
    """Return the bytes that norms, residuals, rotations, activations and permutations move."""
    plain = (
        c["norm_bytes"] * c["num_layers"] * c["hidden"] * at.sequence
        + (c["rotary_bytes"] * c["rotary_width"] + c["activation_bytes"] * c["activation_width"])
        * at.tensor
    )
    if none_of(c["expert_layers"]):
        return at.tokens * plain
    apart = 1.0 + c["biased_experts"] * (c["unfused_mlp"] - 1.0)
    routed = (
        c["activation_bytes"] * apart * c["expert_activation_width"] * at.expert_tensor
        + c["permute_bytes"] * c["expert_layers"] * c["hidden"]
    )
    return at.tokens * plain + at.routed * routed


def _quantised(c: Mapping[str, Any], at: Local) -> Any:  # noqa: ANN401
    if none_of(c["quantise_bytes"]):
        return 0.0
    dense = c["whole_sides"] + c["split_sides"] * at.tensor
    expert = c["expert_whole_sides"] + c["expert_split_sides"] * at.expert_tensor
    return c["quantise_bytes"] * (at.tokens * dense + at.routed * expert)


def _launch(c: Mapping[str, Any]) -> Any:  # noqa: ANN401
    return c["num_layers"] * c["layer_time"] + c["expert_layers"] * c["expert_layer_time"]
