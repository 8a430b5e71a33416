"""What one layer of a model takes in memory, before a layout divides it.

Layer columns have one entry a kind of layer in front. Kinds are added up here, so that what follows
works on rows alone: layers of the bottom of the model, where these are dense and the others hold
experts, and the mean of the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from llmcost.formulas import memory as formulas

# Up to this share of layers, dense layers among layers of experts lie at the bottom of the model.
BOTTOM_SHARE = 0.25


class Kind(NamedTuple):
    """One layer, before the layout divides it: weights, and bytes a token keeps; (rows) or less."""

    layers: Any  # how many there are in the model
    split: Any  # weights that tensor parallelism divides
    whole: Any  # weights that it does not
    expert: Any  # weights of all routed experts
    one_expert: Any  # weights of one routed expert
    residual: Any  # what only sequence parallelism divides
    norms: Any  # of that, outputs of norms
    attention: Any  # queries, keys, values and output of fused attention
    keys: Any  # of that, keys and values
    key_heads: Any
    output: Any  # of that, the output
    unpacked: Any  # of that, what latent attention unpacks: queries, keys and values
    scores: Any  # scores of attention that is not fused
    mlp: Any  # dense and shared MLPs
    dense_mlp: Any  # of that, dense ones
    routed_in: Any  # inputs of routed experts
    routed: Any  # inside routed experts
    products: Any  # of mlp, outputs of the activation function
    routed_products: Any  # of routed, outputs of the activation function
    mlp_backward: Any  # gradients of the widest part of an MLP
    routed_backward: Any  # the same of routed experts


def kinds_of(c: Mapping[str, Any]) -> list[Kind]:
    """Return the layers of the bottom of the model, if any, and the mean of all others."""
    each = _each_kind(c)
    count = each.layers
    total = count.sum(axis=0)
    dense = (each.expert == 0.0) & (count <= BOTTOM_SHARE * total) & (each.expert.sum(axis=0) > 0.0)
    if not dense.any():
        return [_mean(each, count)]
    return [_mean(each, count * dense), _mean(each, count * ~dense)]


def _mean(each: Kind, count: Any) -> Kind:  # noqa: ANN401
    """Return the mean layer, but the widest for what only one layer at a time takes."""
    total = count.sum(axis=0)
    share = count / np.where(total > 0.0, total, 1.0)
    there = count > 0.0
    widest = {"mlp_backward", "routed_backward", "one_expert"}
    parts = {
        name: (value * there).max(axis=0) if name in widest else (value * share).sum(axis=0)
        for name, value in each._asdict().items()
    }
    return Kind(**parts | {"layers": total})


def _each_kind(c: Mapping[str, Any]) -> Kind:
    hidden, lin, gated = c["hidden"], c["linear_input_bytes"], c["gated"]
    heads, kv_heads, qk, v = c["heads"], c["kv_heads"], c["qk_dim"], c["v_dim"]
    width, chosen = c["mlp_width"] + c["shared_width"], c["experts_per_token"]
    inner = chosen * c["expert_width"]
    expert = (2.0 + gated) * hidden * c["expert_width"]
    split, whole = _attention_weights(c)
    zero = 0.0 * c["layers"]
    return Kind(
        layers=c["layers"],
        split=split + (2.0 + gated) * hidden * width,
        whole=whole + hidden * (c["experts"] + 2.0),
        expert=c["experts"] * expert,
        one_expert=expert + zero,
        residual=formulas.residual_activation.kernel(
            hidden=hidden,
            q_rank=c["q_rank"],
            kv_rank=c["kv_rank"],
            rope_dim=c["rope_dim"],
            experts=c["experts"],
            linear_input_bytes=lin,
            dropout_mask_bytes=c["dropout_mask_bytes"],
        ),
        norms=2.0 * hidden * lin + zero,
        attention=formulas.attention_activation.kernel(
            heads=heads,
            kv_heads=kv_heads,
            qk_dim=qk,
            v_dim=v,
            kv_copies=1.0,
            linear_input_bytes=lin,
        ),
        keys=2.0 * kv_heads * (qk + v),
        key_heads=kv_heads,
        output=2.0 * heads * v,
        unpacked=2.0 * (heads * qk + kv_heads * (qk + v)) * (c["kv_rank"] > 0.0),
        scores=formulas.score_activation.kernel(
            heads=heads, seq_length=c["seq_length"], score_bytes=c["attention_score_bytes"]
        ),
        mlp=formulas.mlp_activation.kernel(width=width, gated=gated, linear_input_bytes=lin),
        dense_mlp=formulas.mlp_activation.kernel(
            width=c["mlp_width"], gated=gated, linear_input_bytes=lin
        ),
        routed_in=chosen * hidden * lin,
        routed=formulas.mlp_activation.kernel(width=inner, gated=gated, linear_input_bytes=lin),
        products=width * lin,
        routed_products=inner * lin,
        mlp_backward=2.0 * (1.0 + gated) * width,
        routed_backward=2.0 * (1.0 + gated) * inner + 4.0 * chosen * hidden,
    )


def _attention_weights(c: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return the weights of attention that tensor parallelism divides, and those it does not.

    Source: DeepSeek-V2 (arXiv 2405.04434), section 2.1, for latent attention.
    """
    hidden, queries = c["hidden"], c["heads"] * c["qk_dim"]
    out = c["heads"] * c["v_dim"]
    grouped = hidden * (queries + c["kv_heads"] * (c["qk_dim"] + c["v_dim"]) + out)
    spread = c["heads"] * (c["qk_dim"] - c["rope_dim"] + c["v_dim"])
    entering = np.where(c["q_rank"] > 0.0, c["q_rank"], hidden)
    latent = entering * queries + c["kv_rank"] * spread + hidden * out
    down = hidden * (c["q_rank"] + c["kv_rank"] + c["rope_dim"])
    is_latent = c["kv_rank"] > 0.0
    return np.where(is_latent, latent, grouped), np.where(is_latent, down, 0.0)


def added(values: list[Any]) -> Any:  # noqa: ANN401
    """Return the sum of a few arrays, without the zero that `sum` begins with."""
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total


def most_of(values: list[Any]) -> Any:  # noqa: ANN401
    """Return the larger of one or two arrays, element by element."""
    return values[0] if len(values) == 1 else np.maximum(*values)
