"""An architecture as the columns that the model of a training step works on.

Two views of the same layers: `layer_columns` keeps one entry a kind of layer, for memory;
`work_columns` adds them up, for time. A stage of a pipeline holds its share of the sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.catalog.architecture import Architecture, Attention, LayerGroup, Mlp
from llmcost.counting import count
from llmcost.formulas.flops import flop_per_token

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

LAYER_COLUMNS = (
    "layers",
    "heads",
    "kv_heads",
    "qk_dim",
    "v_dim",
    "q_rank",
    "kv_rank",
    "rope_dim",
    "span",
    "mlp_width",
    "gated",
    "experts",
    "experts_per_token",
    "expert_width",
    "shared_width",
)
SPANS = ("span", "attention_span")
GROUP_COLUMNS = (*LAYER_COLUMNS, "attention_width", "attention_span", "attention_chunked")


@dataclass(frozen=True, slots=True)
class Work:
    """What one token meets in all layers together, beside attention itself.

    Matrices come in two kinds: `split` ones are divided by tensor parallelism, `whole` ones are
    not (latent down-projections, routers). A product of a [tokens x k] by a [k x n] matrix has a
    side that is divided and one that is not: `whole_sides` and `split_sides` sum them, and
    `whole_matrix_sides` both sides of whole matrices. `gemms` counts products. Expert figures are
    of one routed expert a layer, summed over layers.
    """

    split_weights: float = 0
    whole_weights: float = 0
    whole_sides: float = 0
    split_sides: float = 0
    whole_matrix_sides: float = 0
    gemms: float = 0
    rotary_width: float = 0
    activation_width: float = 0
    kv_width: float = 0
    expert_layers: float = 0
    expert_weights: float = 0
    expert_whole_sides: float = 0
    expert_split_sides: float = 0
    expert_activation_width: float = 0
    expert_width_sum: float = 0

    def times(self, layers: int) -> Work:
        """Return the work of that many layers."""
        return Work(**{name: layers * value for name, value in asdict(self).items()})

    def plus(self, other: Work) -> Work:
        """Return the two together."""
        mine, theirs = asdict(self), asdict(other)
        return Work(**{name: mine[name] + theirs[name] for name in mine})


def layer_columns(architecture: Architecture) -> dict[str, Floats]:
    """Return LAYER_COLUMNS, each of shape (kinds of layers, 1)."""
    rows = [_layer_row(group) for group in architecture.groups]
    merged: dict[tuple[float, ...], float] = {}
    for layers, *rest in rows:
        merged[tuple(rest)] = merged.get(tuple(rest), 0) + layers
    table = np.array([(layers, *rest) for rest, layers in merged.items()], dtype=float)
    return {name: table[:, i][:, None] for i, name in enumerate(LAYER_COLUMNS)}


def work_columns(architecture: Architecture) -> dict[str, Any]:
    """Return the columns of `Work`, the outer sizes, and attention by what it sees.

    Numbers are plain; attention_width, attention_span and attention_chunked have the shape (kinds
    of attention, 1).
    """
    total = _projections(architecture)
    for group in architecture.groups:
        total = total.plus(_layer_work(architecture.hidden_size, group).times(group.count))
    counts = count(architecture)
    mlps = [group.mlp for group in architecture.groups]
    return asdict(total) | {
        "hidden": float(architecture.hidden_size),
        "vocab": float(architecture.vocab_size),
        "tied": float(architecture.tie_word_embeddings),
        "num_layers": float(architecture.num_layers),
        "most_heads": float(max(group.attention.heads for group in architecture.groups)),
        "head_dim": float(max(group.attention.qk_dim for group in architecture.groups)),
        "most_experts": float(max(mlp.experts for mlp in mlps)),
        "chosen_experts": float(max(mlp.experts_per_token for mlp in mlps)),
        "biased_experts": float(any(mlp.expert_bias for mlp in mlps)),
        "parameters": float(counts.parameters),
        "attention_width": _column([group.width for group in counts.attention]),
        "attention_span": _column([group.span for group in counts.attention]),
        "attention_chunked": _column([group.chunked for group in counts.attention]),
    }


def step_columns(architecture: Architecture) -> dict[str, Any]:
    """Return both views in one dictionary, whose arrays are not to be written to."""
    return dict(_step_columns(architecture))


@lru_cache(maxsize=256)
def model_flop_per_token(architecture: Architecture, seq_length: float) -> float:
    """Return the training FLOP of a token, attention halved because it is causal [FLOP/token].

    Sources: those of `llmcost.formulas.flops.flop_per_token`.
    """
    counts = count(architecture)
    return float(
        flop_per_token(
            matmul_parameters=counts.matmul_parameters,
            attention=counts.attention,
            seq_length=seq_length,
            causal=True,
        )
    )


@lru_cache(maxsize=256)
def _step_columns(architecture: Architecture) -> dict[str, Any]:
    return layer_columns(architecture) | work_columns(architecture)


def stacked(parts: Sequence[dict[str, Any]]) -> dict[str, Floats]:
    """Return the columns of several architectures side by side, one a row.

    Kinds of layers are padded with empty ones, so that (kinds, rows) arrays result.
    """
    return {
        name: _side_by_side([part[name] for part in parts], inf if name in SPANS else 0.0)
        if name in GROUP_COLUMNS
        else np.array([part[name] for part in parts], dtype=float)
        for name in parts[0]
    }


def _side_by_side(columns: Sequence[Floats], padding: float) -> Floats:
    out = np.full((max(len(column) for column in columns), len(columns)), padding)
    for row, column in enumerate(columns):
        out[: len(column), row] = column[:, 0]
    return out


def _column(values: Iterable[float]) -> Floats:
    return np.array([float(value) for value in values])[:, None]


def _layer_row(group: LayerGroup) -> tuple[float, ...]:
    attention, mlp = group.attention, group.mlp
    routed = bool(mlp.experts)
    return (
        group.count,
        attention.heads,
        attention.kv_heads,
        attention.qk_dim,
        attention.v_dim,
        attention.q_rank,
        attention.kv_rank,
        attention.rope_dim,
        attention.span or inf,
        0 if routed else mlp.width,
        float(mlp.gated),
        mlp.experts,
        mlp.experts_per_token,
        mlp.width if routed else 0,
        mlp.shared_width,
    )


def _projections(architecture: Architecture) -> Work:
    """Return the matrices between an embedding and hidden states of another width."""
    embedding, hidden = architecture.embedding_size, architecture.hidden_size
    if embedding == hidden:
        return Work()
    return Work(
        whole_weights=2 * embedding * hidden,
        whole_matrix_sides=2 * (embedding + hidden),
        gemms=2,
    )


def _layer_work(hidden: int, group: LayerGroup) -> Work:
    return _attention_work(hidden, group.attention).plus(_mlp_work(hidden, group.mlp))


def _attention_work(hidden: int, attention: Attention) -> Work:
    if attention.kv_rank:
        return _latent_work(hidden, attention)
    heads, kv_heads = attention.heads, attention.kv_heads
    into = heads * attention.qk_dim + kv_heads * (attention.qk_dim + attention.v_dim)
    out = heads * attention.v_dim
    return Work(
        split_weights=hidden * (into + out),
        whole_sides=2 * hidden,
        split_sides=into + out,
        gemms=2,
        rotary_width=(heads + kv_heads) * attention.qk_dim,
        kv_width=kv_heads * (attention.qk_dim + attention.v_dim),
    )


def _latent_work(hidden: int, attention: Attention) -> Work:
    """Down-projections are whole; the products that spread them over heads are split.

    Source: DeepSeek-V2 (arXiv 2405.04434), section 2.1.
    """
    heads = attention.heads
    queries = heads * attention.qk_dim
    spread = heads * (attention.qk_dim - attention.rope_dim + attention.v_dim)
    down = attention.kv_rank + attention.rope_dim
    out = heads * attention.v_dim
    query_in = attention.q_rank or hidden
    whole = hidden * (down + attention.q_rank)
    return Work(
        split_weights=query_in * queries + attention.kv_rank * spread + out * hidden,
        whole_weights=whole,
        whole_sides=query_in + attention.kv_rank + hidden,
        split_sides=queries + spread + out,
        whole_matrix_sides=2 * hidden + down + attention.q_rank,
        gemms=5 if attention.q_rank else 4,
        rotary_width=2 * heads * attention.qk_dim,
        kv_width=heads * (attention.qk_dim + attention.v_dim),
    )


def _mlp_work(hidden: int, mlp: Mlp) -> Work:
    if not mlp.experts:
        return _block_work(hidden, mlp.width, gated=mlp.gated)
    shared = _block_work(hidden, mlp.shared_width, gated=mlp.gated)
    gate = Work(whole_weights=hidden * mlp.shared_gate)
    up = (1 + mlp.gated) * mlp.width
    routed = Work(
        whole_weights=hidden * mlp.experts,
        whole_matrix_sides=hidden + mlp.experts,
        gemms=1,
        expert_layers=1,
        expert_weights=hidden * (up + mlp.width),
        expert_whole_sides=2 * hidden,
        expert_split_sides=up + mlp.width,
        expert_activation_width=up + mlp.width,
        expert_width_sum=mlp.width,
    )
    return shared.plus(gate).plus(routed)


def _block_work(hidden: int, width: int, *, gated: bool) -> Work:
    if not width:
        return Work()
    up = (1 + gated) * width
    return Work(
        split_weights=hidden * (up + width),
        whole_sides=2 * hidden,
        split_sides=up + width,
        gemms=2,
        activation_width=up + width,
    )
