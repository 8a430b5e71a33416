"""FLOP per token of training and of its two passes.

A multiply-add is two FLOP. Every weight of a matrix costs one multiply-add a token forward and two
backward, hence 6 FLOP in training (Kaplan et al. 2020, arXiv 2001.08361, section 2.1). Attention
adds the products of queries with keys and of weights with values, which grow with the context and
have no weights of their own. Softmax, norms, activations and look-ups are left out, as in
Narayanan et al. 2021 (arXiv 2104.04473), appendix.

Two conventions are in use. In full, every token attends to all S positions of its sequence
(PaLM, arXiv 2204.02311, appendix B). Causal, only to those before it, half of that on average.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from llmcost.units import unit_checked

FLOP_PER_WEIGHT = 6
FORWARD_SHARE = 1 / 3


class AttentionLike(Protocol):
    """Layers whose attention sees alike: summed width, span of keys (inf: all), chunked or not."""

    @property
    def width(self) -> float:
        """Sum over layers of heads x (query-key width + value width)."""

    @property
    def span(self) -> float:
        """Tokens that a window or chunk holds; infinite for full attention."""

    @property
    def chunked(self) -> bool:
        """Whether the span is a chunk that starts anew, not a window that slides."""


@unit_checked("FLOP/token", matmul_parameters="")
def matmul_flop_per_token(*, matmul_parameters: Any) -> Any:  # noqa: ANN401
    """Return the training FLOP of the weights that multiply each token [FLOP/token].

    The output matrix counts, tied or not; input look-up, norms and biases do not; of routed
    experts only those a token visits.

    Source: Kaplan et al. 2020 (arXiv 2001.08361), section 2.1, table 1.
    """
    return FLOP_PER_WEIGHT * matmul_parameters


@unit_checked("", seq_length="", span="", chunked="", causal="")
def mean_context(*, seq_length: Any, span: Any, chunked: Any, causal: Any) -> Any:  # noqa: ANN401
    """Return the positions that a token attends to, averaged over a sequence.

    Full attention (infinite `span`): S, or S/2 causal. A window of w: min(S, w), or causal
    w - w^2/(2S) where S > w, because the first w tokens see fewer. Chunks of c: the mean over the
    whole chunks and the remainder. `chunked` and `causal` are 0 or 1. The self position is taken
    as half, as every source does: exact to one part in S.

    Source: our derivation; S and S/2 as in PaLM (arXiv 2204.02311), appendix B, and FlashAttention
    (arXiv 2205.14135); windows Mistral 7B (arXiv 2310.06825), section 2.
    """
    reach = _minimum(span, seq_length)
    window = reach - causal * (reach * reach) / (2 * seq_length)
    whole = seq_length // reach
    rest = seq_length - whole * reach
    chunk = (1 - causal / 2) * (whole * reach * reach + rest * rest) / seq_length
    return chunked * chunk + (1 - chunked) * window


@unit_checked("FLOP/token", width="", mean_context="")
def attention_flop_per_token(*, width: Any, mean_context: Any) -> Any:  # noqa: ANN401
    """Return the training FLOP of attention beside its projections [FLOP/token].

    `width` sums heads x (query-key width + value width) over layers; for ordinary heads it is
    2 x layers x heads x head width, which gives PaLM's 12 L H Q T with a mean context of T.
    Grouped queries share keys and values but do not save any of it. For latent attention the
    query-key width is that of the position-free and rotary parts together.

    Source: PaLM (arXiv 2204.02311), appendix B; latent attention DeepSeek-V2 (arXiv 2405.04434),
    section 2.1.
    """
    return FLOP_PER_WEIGHT * width * mean_context


@unit_checked("FLOP/token", training_flop_per_token="FLOP/token")
def forward_flop_per_token(*, training_flop_per_token: Any) -> Any:  # noqa: ANN401
    """Return the forward pass's third of the training FLOP [FLOP/token].

    Source: Narayanan et al. 2021 (arXiv 2104.04473), appendix: backward costs twice the forward.
    """
    return training_flop_per_token * FORWARD_SHARE


@unit_checked("FLOP/token", training_flop_per_token="FLOP/token")
def backward_flop_per_token(*, training_flop_per_token: Any) -> Any:  # noqa: ANN401
    """Return the backward pass's two thirds of the training FLOP [FLOP/token].

    Source: Narayanan et al. 2021 (arXiv 2104.04473), appendix: backward costs twice the forward.
    """
    return training_flop_per_token * (1 - FORWARD_SHARE)


def flop_per_token(
    *,
    matmul_parameters: Any,  # noqa: ANN401
    attention: Iterable[AttentionLike],
    seq_length: Any,  # noqa: ANN401
    causal: bool,
) -> Any:  # noqa: ANN401
    """Return the training FLOP of one token of a model [FLOP/token], as bare numbers.

    Numbers and arrays are both accepted. Sources: those of the terms it adds.
    """
    total = matmul_flop_per_token.kernel(matmul_parameters=matmul_parameters)
    for group in attention:
        context = mean_context.kernel(
            seq_length=seq_length, span=group.span, chunked=group.chunked, causal=causal
        )
        total = total + attention_flop_per_token.kernel(width=group.width, mean_context=context)
    return total


def _minimum(a: Any, b: Any) -> Any:  # noqa: ANN401
    if isinstance(a, int | float) and isinstance(b, int | float):
        return min(a, b)
    import numpy as np

    return np.minimum(a, b)
