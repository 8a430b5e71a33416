"""A stack of a model's own layers in PyTorch, with its embedding, output matrix and loss.

Layers are those of Llama (Touvron et al. 2023, arXiv 2302.13971) at the model's widths: norms by
root mean square, rotary positions, causal attention with shared keys, a gated or plain MLP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from llmcost.bench.torch_attention import attend
from llmcost.catalog.architecture import Architecture, LayerGroup

ROTATION = 10_000.0
INITIAL = 0.02


@dataclass(frozen=True, slots=True)
class Stack:
    """Weights of a model as a list, and the function from tokens to its loss."""

    torch: Any
    weights: list[Any]
    layer: LayerGroup
    vocab_size: int
    rotation: tuple[Any, Any]

    @property
    def unique(self) -> list[Any]:
        """The weights, tied ones once."""
        return list({id(weight): weight for weight in self.weights}.values())

    @property
    def parameters(self) -> int:
        """How many numbers they hold."""
        return sum(weight.numel() for weight in self.unique)

    def loss(self, tokens: Any, targets: Any) -> Any:  # noqa: ANN401
        """Return the mean cross entropy of the next tokens."""
        rest = iter(self.weights)
        states = self.torch.nn.functional.embedding(tokens, next(rest))
        for _ in range(self.layer.count):
            states = states + self._attention(self._normed(states, next(rest)), rest)
            states = states + self._mlp(self._normed(states, next(rest)), rest)
        logits = self._linear(self._normed(states, next(rest)), next(rest))
        flat = logits.reshape(-1, self.vocab_size)
        return self.torch.nn.functional.cross_entropy(flat.float(), targets.reshape(-1))

    def _attention(self, states: Any, rest: Any) -> Any:  # noqa: ANN401
        attention = self.layer.attention
        batch, length, _ = states.shape
        heads, shared, size = attention.heads, attention.kv_heads, attention.qk_dim
        both = self._linear(states, next(rest)).view(batch, length, -1, size).transpose(1, 2)
        queries, keys, values = both.split((heads, shared, shared), dim=1)
        found = attend(self.torch, self._turned(queries), self._turned(keys), values)
        joined = found.transpose(1, 2).reshape(batch, length, heads * size)
        return self._linear(joined, next(rest))

    def _mlp(self, states: Any, rest: Any) -> Any:  # noqa: ANN401
        functional = self.torch.nn.functional
        inner = self._linear(states, next(rest))
        if self.layer.mlp.gated:
            gate, up = inner.chunk(2, dim=-1)
            return self._linear(functional.silu(gate) * up, next(rest))
        return self._linear(functional.gelu(inner), next(rest))

    def _turned(self, states: Any) -> Any:  # noqa: ANN401
        cosine, sine = self.rotation
        first, second = states.chunk(2, dim=-1)
        return states * cosine + self.torch.cat((-second, first), dim=-1) * sine

    def _normed(self, states: Any, weight: Any) -> Any:  # noqa: ANN401
        return self.torch.nn.functional.rms_norm(states, (weight.shape[0],), weight)

    def _linear(self, states: Any, weight: Any) -> Any:  # noqa: ANN401
        return self.torch.nn.functional.linear(states, weight)


def reason_against(architecture: Architecture, layer: LayerGroup) -> str | None:
    """Return why no stack of these layers is built here, or nothing."""
    attention, mlp = layer.attention, layer.mlp
    if attention.kv_rank:
        return "latent attention: no step of such layers is measured, only their products"
    if mlp.experts:
        return "mixtures of experts: no step of such layers is measured, only their products"
    if attention.qk_dim != attention.v_dim or attention.qk_dim % 2:
        return "heads whose keys and values differ in size, or of an odd size"
    if attention.span:
        return "attention to a window or a chunk: no step of such layers is measured"
    if architecture.embedding_size != architecture.hidden_size:
        return "embeddings of another width than the layers"
    return None


def build(probe: Any, architecture: Architecture, seq_length: int, dtype: Any) -> Stack:  # noqa: ANN401
    """Return a stack of the architecture's layers (one kind) with random weights."""
    layer = architecture.groups[0]
    weights = [
        weight.mul_(INITIAL).requires_grad_() if weight.dim() > 1 else weight.requires_grad_()
        for weight in _weights(probe, architecture, layer, dtype)
    ]
    if architecture.tie_word_embeddings:
        weights[-1] = weights[0]
    rotation = _rotation(probe, seq_length, layer.attention.qk_dim, dtype)
    return Stack(probe.torch, weights, layer, architecture.vocab_size, rotation)


def _weights(
    probe: Any,  # noqa: ANN401
    architecture: Architecture,
    layer: LayerGroup,
    dtype: Any,  # noqa: ANN401
) -> list[Any]:
    attention, mlp, hidden = layer.attention, layer.mlp, architecture.hidden_size
    size = attention.qk_dim
    matrices = (
        ((attention.heads + 2 * attention.kv_heads) * size, hidden),
        (hidden, attention.heads * size),
        ((1 + mlp.gated) * mlp.width, hidden),
        (hidden, mlp.width),
    )

    def norm() -> Any:  # noqa: ANN401
        return probe.torch.ones(hidden, dtype=dtype, device=probe.device)

    made = [probe.normal(architecture.vocab_size, hidden, dtype=dtype)]
    for _ in range(layer.count):
        into, out, up, down = (probe.normal(*sides, dtype=dtype) for sides in matrices)
        made += [norm(), into, out, norm(), up, down]
    return [*made, norm(), probe.normal(architecture.vocab_size, hidden, dtype=dtype)]


def _rotation(probe: Any, seq_length: int, size: int, dtype: Any) -> tuple[Any, Any]:  # noqa: ANN401
    torch = probe.torch
    halves = torch.arange(0, size, 2, device=probe.device, dtype=torch.float32) / size
    positions = torch.arange(seq_length, device=probe.device, dtype=torch.float32)
    angles = torch.outer(positions, ROTATION**-halves)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos().to(dtype), angles.sin().to(dtype)
