"""Samples of a machine whose constants are known, written as a bench writes them."""

H200 = {"kind": "cuda", "name": "NVIDIA H200", "count": 1, "catalogue": "h200-sxm"}
HOST_CPU = {"kind": "cpu", "name": "Example CPU 9", "count": 1, "catalogue": None}
SHAPES = (
    *((512, 768, 256), (512, 256, 256), (512, 1376, 256), (512, 256, 688), (512, 4096, 256)),
    *((512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048), (1024, 128, 2048)),
)
ROLES = ("qkv", "attention out", "mlp up", "mlp down", "head", "grid", "grid", "grid", "grid")
BLOCK = {
    "model": "5.3M",
    "hidden": 256,
    "heads": 4,
    "kv_heads": 4,
    "head_dim": 64,
    "mlp_width": 688,
    "gated": True,
    "vocab": 4096,
    "tied": False,
}


def timed(kind, dtype, seconds, amount, unit, *, spread=0.02, **keys):
    """Return a sample of a median [s] whose runs lie `spread` to each side of it."""
    best = seconds * (1 - spread)
    work = "flop" if unit == "FLOP/s" else "bytes"
    return {
        "kind": kind,
        "dtype": dtype,
        "by": "torch",
        "threads": 2,
        **keys,
        work: amount,
        "times_s": [best, seconds, seconds * (1 + spread)],
        "median_s": seconds,
        "p20_s": best,
        "p80_s": seconds * (1 + spread),
        "best_s": best,
        "runs": 3,
        "value": amount / seconds,
        "best_value": amount / best,
        "unit": unit,
        "disturbed": False,
        "disturbance": None,
        "verified": None,
    }


def product(m, n, k, seconds, dtype="fp32", role="grid", **keys):
    """Return a sample of a product."""
    flop = 2 * m * n * k
    return timed("gemm", dtype, seconds, flop, "FLOP/s", m=m, n=n, k=k, role=role) | keys


def products(rate, side_time, kernel_time, dtype="fp32", scale=1):
    """Return samples of products that follow the curve of these constants exactly."""
    found = []
    for role, sides in zip(ROLES, SHAPES, strict=True):
        m, n, k = (scale * side for side in sides)
        seconds = 2 * m * n * k / rate + (m * k + k * n + m * n) * side_time + kernel_time
        found.append(product(m, n, k, seconds, dtype, role))
    return found


def triad(rate, **keys):
    """Return a sample of the triad at a rate [byte/s]."""
    moved = 3 * 2**28
    one = timed("memory", "fp32", moved / rate, moved, "byte/s", op="triad", array_bytes=2**28)
    return one | keys


def attention(forward, backward, dtype="fp32", batch=4, length=128, heads=4, size=64):
    """Return samples of both passes of attention that take these times [s]."""
    flop = 2 * heads * 2 * size * length / 2 * length * batch
    keys = {"batch": batch, "heads": heads, "kv_heads": heads, "seq_length": length}
    keys |= {"head_dim": size, "v_dim": size}
    parts = (("forward", forward, 1), ("backward", backward, 2))
    return [
        timed("attention", dtype, seconds, passes * flop, "FLOP/s", part=part, **keys)
        for part, seconds, passes in parts
    ]


def step(layers, forward, backward, optimizer, dtype="fp32", length=128, batch=4, **block):
    """Return samples of a step of so many layers, whole and by parts [s]."""
    keys = {**BLOCK, **block, "layers": layers, "seq_length": length, "micro_batch_size": batch}
    keys |= {"tokens": length * batch, "parameters": 5_000_000, "implementation": "fused"}
    parts = {
        "whole": forward + backward + optimizer,
        "forward": forward,
        "backward": backward,
        "optimizer": optimizer,
    }
    return [
        timed("step", dtype, seconds, 1e9, "FLOP/s", part=part, **keys)
        for part, seconds in parts.items()
    ]


def update(seconds_each, parameters=16_000_000):
    """Return a sample of an optimizer that takes a time for each parameter [s]."""
    moved = 28 * parameters
    seconds = seconds_each * parameters
    return timed("optimizer", "fp32", seconds, moved, "byte/s", parameters=parameters)


def exchange(size, latency, bandwidth, op="all_reduce", ranks=2, backend="gloo"):
    """Return a sample of a collective of `size` bytes that follows latency and bandwidth."""
    passes = 2 if op == "all_reduce" else 1
    seconds = latency + passes * (ranks - 1) / ranks * size / bandwidth
    keys = {"op": op, "ranks": ranks, "backend": backend}
    return timed("collective", "fp32", seconds, size, "byte/s", **keys)


def document(samples, device=HOST_CPU, **parts):
    """Return a whole bench document of samples."""
    return {
        "schema": "llmcost.bench/1",
        "measured_at": "2026-11-20T10:00:00+00:00",
        "method": 1,
        "host": {"threads": 2, "python": "3.11.9", "numpy": "2.4.0", "torch": "2.13.0"},
        "device": {"memory_bytes": 16e9, **device},
        "request": {"effort": "quick"},
        "samples": list(samples),
        "not_measured": [],
        "status": "complete",
        "warnings": [],
        **parts,
    }


def processor():
    """Return a document of a processor of 100 GFLOP/s and 20 GB/s with a block's step."""
    return document(
        [
            *products(100e9, 2e-10, 5e-6),
            triad(20e9),
            *attention(2e-3, 5e-3),
            *step(2, 0.040, 0.080, 0.010),
            *step(4, 0.060, 0.120, 0.016),
            update(2e-9),
        ]
    )


def h200(layer=0.020, fixed=0.010, rate=700e12):
    """Return a document of an H200 at `rate` [FLOP/s] with a block of Llama 3.1 8B."""
    block = {"model": "llama-3.1-8b", "hidden": 4096, "heads": 32, "kv_heads": 8}
    block |= {"head_dim": 128, "mlp_width": 14336, "vocab": 128256}
    steps = [
        one
        for layers in (2, 4)
        for one in step(
            layers,
            (fixed + layers * layer) / 3,
            (fixed + layers * layer) * 2 / 3,
            0.004,
            "bf16",
            length=4096,
            batch=1,
            **block,
        )
    ]
    return document(
        [
            *products(rate, 2e-13, 4e-6, "bf16", scale=8),
            triad(4.1e12),
            *attention(1.2e-3, 3.3e-3, "bf16", batch=1, length=4096, heads=32, size=128),
            *steps,
            update(1.2e-11, 256_000_000),
        ],
        {**H200, "memory_bytes": 150e9},
    )
