"""Exact parameter counts and FLOP per token of an architecture.

The formulas are in `llmcost.formulas.parameters` and `llmcost.formulas.flops`; this module adds
them up over the layers of an `Architecture`.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from llmcost.catalog.architecture import Architecture, Attention, LayerGroup, Mlp
from llmcost.catalog.layers import CHUNK
from llmcost.formulas import parameters as formula


@dataclass(frozen=True, slots=True)
class AttentionGroup:
    """Layers whose attention sees alike.

    `width` is the sum over layers of heads x (query-key width + value width); `span` the tokens
    that a window or chunk holds, infinite for full attention; `chunked` tells a chunk that starts
    anew from a window that slides.
    """

    width: int
    span: float
    chunked: bool = False


@dataclass(frozen=True, slots=True)
class Counts:
    """What an architecture holds and multiplies.

    `parameters` are all weights, tied ones once; `active_parameters` leave out the routed experts
    that a token does not visit. `embedding_parameters` are the input table (also the output one
    where tied), `position_parameters` a learned table of positions, `head_parameters` an output
    matrix of its own, `routed_expert_parameters` all routed experts. `matmul_parameters` are the
    weights that multiply each token: active experts, routers and the output matrix (tied or not),
    but no input look-up, norm or bias.
    """

    parameters: int
    active_parameters: int
    embedding_parameters: int
    position_parameters: int
    head_parameters: int
    routed_expert_parameters: int
    matmul_parameters: int
    attention: tuple[AttentionGroup, ...]

    @property
    def active_parameters_without_lookup(self) -> int:
        """Active parameters less the look-up tables that multiply nothing."""
        tied = not self.head_parameters
        looked_up = self.position_parameters + (0 if tied else self.embedding_parameters)
        return self.active_parameters - looked_up

    @property
    def attention_width(self) -> int:
        """The widths of all attention groups together."""
        return sum(group.width for group in self.attention)


@dataclass(frozen=True, slots=True)
class _Part:
    """Weights of a part: matrices and vectors that every token meets, and routed experts."""

    matrices: int
    vectors: int
    one_expert: int = 0
    expert_matrices: int = 0
    experts: int = 0
    chosen: int = 0


def count(architecture: Architecture) -> Counts:
    """Return the exact counts of an architecture.

    >>> from llmcost.catalog.architecture import architecture_from_config
    >>> count(architecture_from_config({"model_type": "gpt2"})[0]).parameters
    124439808
    """
    hidden = architecture.hidden_size
    layers = [(group.count, _layer(hidden, group)) for group in architecture.groups]
    routed = sum(n * part.experts * part.one_expert for n, part in layers)
    chosen = sum(n * part.chosen * part.one_expert for n, part in layers)
    chosen_matrices = sum(n * part.chosen * part.expert_matrices for n, part in layers)
    matrices = sum(n * part.matrices for n, part in layers) + _projections(architecture)
    vectors = sum(n * part.vectors for n, part in layers) + _outer_vectors(architecture)
    table = architecture.vocab_size * architecture.embedding_size
    positions = architecture.positions * hidden
    head = 0 if architecture.tie_word_embeddings else table
    shared = matrices + vectors + table + positions + head
    return Counts(
        parameters=shared + routed,
        active_parameters=shared + chosen,
        embedding_parameters=table,
        position_parameters=positions,
        head_parameters=head,
        routed_expert_parameters=routed,
        matmul_parameters=matrices + chosen_matrices + table,
        attention=_attention_groups(architecture),
    )


def _projections(architecture: Architecture) -> int:
    same = architecture.embedding_size == architecture.hidden_size
    return 0 if same else 2 * architecture.embedding_size * architecture.hidden_size


def _outer_vectors(architecture: Architecture) -> int:
    norms = architecture.embedding_norm_parameters + architecture.final_norm_parameters
    return norms + architecture.vocab_size * architecture.head_bias


def _layer(hidden: int, group: LayerGroup) -> _Part:
    attention, mlp = _attention(hidden, group.attention), _mlp(hidden, group.mlp)
    return _Part(
        matrices=attention.matrices + mlp.matrices,
        vectors=attention.vectors + mlp.vectors + group.norm_parameters,
        one_expert=mlp.one_expert,
        expert_matrices=mlp.expert_matrices,
        experts=mlp.experts,
        chosen=mlp.chosen,
    )


def _attention(hidden: int, attention: Attention) -> _Part:
    if attention.kv_rank:
        return _latent_attention(hidden, attention)
    shape = {
        "hidden_size": hidden,
        "heads": attention.heads,
        "kv_heads": attention.kv_heads,
        "qk_dim": attention.qk_dim,
        "v_dim": attention.v_dim,
    }
    biases = formula.attention_biases(
        **shape, qkv_bias=attention.qkv_bias, output_bias=attention.output_bias
    )
    return _Part(formula.attention_matrices(**shape), biases + attention.vector_parameters)


def _latent_attention(hidden: int, attention: Attention) -> _Part:
    ranks = {
        "hidden_size": hidden,
        "q_rank": attention.q_rank,
        "kv_rank": attention.kv_rank,
        "rope_dim": attention.rope_dim,
    }
    matrices = formula.latent_attention_matrices(
        **ranks, heads=attention.heads, qk_dim=attention.qk_dim, v_dim=attention.v_dim
    )
    biases = formula.latent_attention_biases(
        **ranks, qkv_bias=attention.qkv_bias, output_bias=attention.output_bias
    )
    return _Part(matrices, biases + attention.vector_parameters)


def _mlp(hidden: int, mlp: Mlp) -> _Part:
    if not mlp.experts:
        block = _block(hidden, mlp.width, gated=mlp.gated, bias=mlp.bias)
        return _Part(block.matrices, block.vectors + mlp.activation_parameters)
    shared = _block(hidden, mlp.shared_width, gated=mlp.gated, bias=mlp.bias)
    expert = _block(hidden, mlp.width, gated=mlp.gated, bias=mlp.expert_bias)
    router = formula.router_matrix(hidden_size=hidden, experts=mlp.experts)
    return _Part(
        matrices=shared.matrices + router + hidden * mlp.shared_gate,
        vectors=shared.vectors + mlp.experts * mlp.router_vectors,
        one_expert=expert.matrices + expert.vectors,
        expert_matrices=expert.matrices,
        experts=mlp.experts,
        chosen=mlp.experts_per_token,
    )


def _block(hidden: int, width: int, *, gated: bool, bias: bool) -> _Part:
    if not width:
        return _Part(0, 0)
    matrices = formula.mlp_matrices(hidden_size=hidden, width=width, gated=gated)
    vectors = formula.mlp_biases(hidden_size=hidden, width=width, gated=gated) if bias else 0
    return _Part(matrices, vectors)


def _attention_groups(architecture: Architecture) -> tuple[AttentionGroup, ...]:
    widths: dict[tuple[float, bool], int] = {}
    for group in architecture.groups:
        attention = group.attention
        key = (attention.span or inf, attention.kind == CHUNK)
        width = group.count * attention.heads * (attention.qk_dim + attention.v_dim)
        widths[key] = widths.get(key, 0) + width
    return tuple(AttentionGroup(width, *key) for key, width in widths.items())
