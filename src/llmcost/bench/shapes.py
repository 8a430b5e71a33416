"""What is measured of a model: its matrix products, its attention, a block of its layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from llmcost.catalog.architecture import Architecture, Attention, LayerGroup, Mlp

# A model that a laptop trains: width 256, 4 layers, 4 heads, SwiGLU, an output matrix of its own.
SMALL_MODEL, SMALL_SEQ_LENGTH, SMALL_BATCH = "5.3M", 128, 4
LARGE_MODEL, LARGE_SEQ_LENGTH, LARGE_BATCH = "llama-3.1-8b", 4096, 1


@dataclass(frozen=True, slots=True)
class Gemm:
    """A product of an [m x k] by a [k x n] matrix, and its role in a model or a grid."""

    role: str
    m: int
    n: int
    k: int

    @property
    def flop(self) -> int:
        """Operations [FLOP]: a multiplication and an addition each."""
        return 2 * self.m * self.n * self.k


@dataclass(frozen=True, slots=True)
class Shape:
    """The model that is measured and its batch: tokens are seq_length x micro_batch_size."""

    name: str
    architecture: Architecture
    seq_length: int
    micro_batch_size: int

    @property
    def tokens(self) -> int:
        """Tokens of one pass."""
        return self.seq_length * self.micro_batch_size

    @property
    def layer(self) -> LayerGroup:
        """The layer that there are most of."""
        return max(self.architecture.groups, key=lambda group: group.count)

    def as_dict(self) -> dict[str, Any]:
        """Return the shape as plain values, which `shape_from` reads."""
        return asdict(self)


def shape_from(fields: Mapping[str, Any]) -> Shape:
    """Return the shape that `Shape.as_dict` wrote."""
    inner = dict(fields["architecture"])
    inner["groups"] = tuple(_group(group) for group in inner["groups"])
    return Shape(**{**fields, "architecture": Architecture(**inner)})


def _group(fields: Mapping[str, Any]) -> LayerGroup:
    attention, mlp = Attention(**fields["attention"]), Mlp(**fields["mlp"])
    return LayerGroup(**{**fields, "attention": attention, "mlp": mlp})


def small_shape() -> Shape:
    """Return the shape that a processor is measured with where none is asked for."""
    attention = Attention("full", 0, heads=4, kv_heads=4, qk_dim=64, v_dim=64)
    layers = LayerGroup(4, attention, Mlp("dense", 688, gated=True), 2 * 256)
    architecture = Architecture(
        "llama", 4096, 256, (layers,), 256, False, final_norm_parameters=256
    )
    return Shape(SMALL_MODEL, architecture, SMALL_SEQ_LENGTH, SMALL_BATCH)


def usual_shape(device_kind: str) -> Shape:
    """Return the shape that a device is measured with where none is asked for."""
    if device_kind == "cpu":
        return small_shape()
    from llmcost.catalog.architecture import architecture_from_config
    from llmcost.catalog.models import model

    architecture, _ = architecture_from_config(model(LARGE_MODEL).config)
    return Shape(LARGE_MODEL, architecture, LARGE_SEQ_LENGTH, LARGE_BATCH)


def with_layers(architecture: Architecture, layer: LayerGroup, layers: int) -> Architecture:
    """Return a model of that many layers of one kind, all else alike."""
    return replace(architecture, groups=(replace(layer, count=layers),))


def model_gemms(shape: Shape) -> tuple[Gemm, ...]:
    """Return the products of one layer of a model and of its output matrix, forward."""
    hidden, tokens, layer = shape.architecture.hidden_size, shape.tokens, shape.layer
    head = Gemm("head", tokens, shape.architecture.vocab_size, shape.architecture.embedding_size)
    found = (
        *_attention_gemms(layer.attention, hidden, tokens),
        *_mlp_gemms(layer.mlp, hidden, tokens),
    )
    return (*found, head)


def _attention_gemms(attention: Attention, hidden: int, tokens: int) -> tuple[Gemm, ...]:
    out = Gemm("attention out", tokens, hidden, attention.heads * attention.v_dim)
    queries = attention.heads * attention.qk_dim
    if not attention.kv_rank:
        keys = attention.kv_heads * (attention.qk_dim + attention.v_dim)
        return Gemm("qkv", tokens, queries + keys, hidden), out
    spread = attention.heads * (attention.qk_dim - attention.rope_dim + attention.v_dim)
    down = attention.kv_rank + attention.rope_dim + attention.q_rank
    return (
        Gemm("latent down", tokens, down, hidden),
        Gemm("queries up", tokens, queries, attention.q_rank or hidden),
        Gemm("keys and values up", tokens, spread, attention.kv_rank),
        out,
    )


def _mlp_gemms(mlp: Mlp, hidden: int, tokens: int) -> tuple[Gemm, ...]:
    into = (1 + mlp.gated) * mlp.width
    if not mlp.experts:
        return Gemm("mlp up", tokens, into, hidden), Gemm("mlp down", tokens, hidden, mlp.width)
    share = max(1, round(tokens * mlp.experts_per_token / mlp.experts))
    return (
        Gemm("expert up", share, into, hidden),
        Gemm("expert down", share, hidden, mlp.width),
    )


def grid(device_kind: str, effort: str) -> tuple[Gemm, ...]:
    """Return products of many sizes; the largest rate among them is what can be achieved.

    The last of a thorough grid has odd sides, which fit no tile.
    """
    if device_kind != "cpu":
        return _large_grid(effort)
    sides = {"quick": (512, 1024), "normal": (512, 1024, 2048)}.get(
        effort, (256, 512, 1024, 2048, 3072)
    )
    cubes = tuple(Gemm("grid", side, side, side) for side in sides)
    if effort == "quick":
        return cubes
    return (*cubes, Gemm("grid", 1024, 128, 2048), Gemm("odd", 2047, 2047, 2047))


def _large_grid(effort: str) -> tuple[Gemm, ...]:
    cubes = tuple(Gemm("grid", side, side, side) for side in (2048, 4096, 8192))
    if effort == "quick":
        return cubes
    widths = (1024, 2048, 4096, 14336, 28672)
    wide = tuple(Gemm("grid", 4096, 8192, k) for k in widths)
    tall = tuple(Gemm("grid", 16384, n, 4096) for n in (4096, 14336))
    odd = Gemm("odd", 4095, 4095, 4095)
    return (*cubes, *wide, *tall, Gemm("grid", 2048, 2048, 13312), odd)
