"""Causal attention through PyTorch, forward and backward, at the model's heads and length."""

from __future__ import annotations

from functools import partial
from typing import Any

from llmcost.bench.samples import Setting, sample
from llmcost.bench.torch_device import TorchProbe
from llmcost.catalog.architecture import Attention
from llmcost.formulas.flops import FLOP_PER_WEIGHT, FORWARD_SHARE

CAUSAL_SHARE = 0.5


def measure_family(probe: TorchProbe) -> None:
    """Sample attention at every precision that the device computes in."""
    attention = probe.shape.layer.attention
    for precision in probe.native_precisions("attention"):
        probe.torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        probe.attempt("attention", partial(both, probe, attention, precision), dtype=precision)


def both(probe: TorchProbe, attention: Attention, precision: str) -> list[dict[str, Any]]:
    """Return a sample of the forward and one of the backward pass."""
    queries, keys, values, gradient = _inputs(probe, attention, precision)
    out: list[Any] = [None]

    def forward() -> None:
        out[0] = attend(probe.torch, queries, keys, values)

    def backward() -> None:
        queries.grad = keys.grad = values.grad = None
        out[0].backward(gradient)

    timing = probe.timer.measure(forward, backward)
    flop = forward_flop(attention, probe.shape.seq_length, probe.shape.micro_batch_size)
    return [
        sample(
            "attention",
            times,
            Setting(precision, probe.by, probe.threads),
            work=("flop", flop * passes),
            disturbance=timing.disturbance,
            part=part,
            batch=probe.shape.micro_batch_size,
            heads=attention.heads,
            kv_heads=attention.kv_heads,
            seq_length=probe.shape.seq_length,
            head_dim=attention.qk_dim,
            v_dim=attention.v_dim,
        )
        for part, passes, times in zip(("forward", "backward"), (1, 2), timing.parts, strict=True)
    ]


def attend(torch: Any, queries: Any, keys: Any, values: Any) -> Any:  # noqa: ANN401
    """Return causal attention of [batch, heads, length, size]; fewer keys are shared by queries."""
    shares = queries.shape[1] // keys.shape[1]
    call = torch.nn.functional.scaled_dot_product_attention
    if shares > 1 and queries.is_cuda:  # Its kernels read shared keys where they are.
        return call(queries, keys, values, is_causal=True, enable_gqa=True)
    if shares > 1:
        keys, values = (one.repeat_interleave(shares, dim=1) for one in (keys, values))
    return call(queries, keys, values, is_causal=True)


def forward_flop(attention: Attention, seq_length: int, batch: int) -> float:
    """Return the operations of causal attention forward [FLOP]: half of those of all pairs.

    Source: Narayanan et al. 2021 (arXiv 2104.04473), appendix; halved for causal masks as in
    FlashAttention-2 (arXiv 2307.08691), section 4.1.
    """
    pairs = CAUSAL_SHARE * seq_length * seq_length * batch
    width = attention.heads * (attention.qk_dim + attention.v_dim)
    return FLOP_PER_WEIGHT * FORWARD_SHARE * pairs * width


def _inputs(probe: TorchProbe, attention: Attention, precision: str) -> tuple[Any, ...]:
    batch, length = probe.shape.micro_batch_size, probe.shape.seq_length
    dtype = probe.dtype(precision)
    sizes = (
        (attention.heads, attention.qk_dim),
        (attention.kv_heads, attention.qk_dim),
        (attention.kv_heads, attention.v_dim),
        (attention.heads, attention.v_dim),
    )
    probe.check_memory(16 * batch * length * sum(heads * size for heads, size in sizes))
    made = [probe.normal(batch, heads, length, size, dtype=dtype) for heads, size in sizes]
    return (*(one.requires_grad_() for one in made[:3]), made[3])
