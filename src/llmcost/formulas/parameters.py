"""How many weights the parts of a decoder-only transformer have.

Every function takes plain numbers and returns an exact count. Matrices (weights that multiply a
token) and vectors (biases and norms, which add or scale) are counted apart, because only matrices
cost FLOP worth counting. Linear layers follow Vaswani et al. 2017 (arXiv 1706.03762), grouped
queries Ainslie et al. 2023 (arXiv 2305.13245), gated MLPs Shazeer 2020 (arXiv 2002.05202), latent
attention DeepSeek-V2 (arXiv 2405.04434, section 2.1), experts Shazeer et al. 2017
(arXiv 1701.06538).
"""

from __future__ import annotations


def attention_matrices(
    *, hidden_size: int, heads: int, kv_heads: int, qk_dim: int, v_dim: int
) -> int:
    """Return the weights of the query, key, value and output projections of one layer.

    >>> attention_matrices(hidden_size=4096, heads=32, kv_heads=8, qk_dim=128, v_dim=128)
    41943040
    """
    queries_and_keys = (heads + kv_heads) * qk_dim
    values_and_output = (kv_heads + heads) * v_dim
    return hidden_size * (queries_and_keys + values_and_output)


def attention_biases(
    *,
    hidden_size: int,
    heads: int,
    kv_heads: int,
    qk_dim: int,
    v_dim: int,
    qkv_bias: bool,
    output_bias: bool,
) -> int:
    """Return the biases of the four projections of one attention layer."""
    inputs = (heads + kv_heads) * qk_dim + kv_heads * v_dim
    return inputs * qkv_bias + hidden_size * output_bias


def latent_attention_matrices(
    *,
    hidden_size: int,
    heads: int,
    qk_dim: int,
    v_dim: int,
    q_rank: int,
    kv_rank: int,
    rope_dim: int,
) -> int:
    """Return the weights of the projections of one latent attention layer.

    `qk_dim` includes the `rope_dim` part, whose key is shared by all heads; `q_rank` is 0 where
    queries are not compressed. DeepSeek-V2 (arXiv 2405.04434), equations 9 to 19.
    """
    queries = (hidden_size + heads * qk_dim) * q_rank if q_rank else hidden_size * heads * qk_dim
    compressed = hidden_size * (kv_rank + rope_dim)
    expanded = kv_rank * heads * (qk_dim - rope_dim + v_dim)
    return queries + compressed + expanded + heads * v_dim * hidden_size


def latent_attention_biases(
    *, hidden_size: int, q_rank: int, kv_rank: int, rope_dim: int, qkv_bias: bool, output_bias: bool
) -> int:
    """Return the biases of one latent attention layer: on the compressing and output matrices."""
    return (q_rank + kv_rank + rope_dim) * qkv_bias + hidden_size * output_bias


def mlp_matrices(*, hidden_size: int, width: int, gated: bool) -> int:
    """Return the weights of one MLP: two matrices, or three where a gate multiplies.

    >>> mlp_matrices(hidden_size=4096, width=14336, gated=True)
    176160768
    """
    return (3 if gated else 2) * hidden_size * width


def mlp_biases(*, hidden_size: int, width: int, gated: bool) -> int:
    """Return the biases of one MLP whose every matrix has one."""
    return (2 if gated else 1) * width + hidden_size


def router_matrix(*, hidden_size: int, experts: int) -> int:
    """Return the weights that score the experts for a token."""
    return hidden_size * experts
