"""Matrix products and memory traffic with NumPy, where PyTorch is not installed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.bench.probing import Probe, ProbeError
from llmcost.bench.samples import Setting, product_sample, sample
from llmcost.bench.shapes import Gemm
from llmcost.bench.verifying import TILE, agrees

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[Any]

DTYPES = {"fp32": np.float32, "fp64": np.float64}
SEED = 20261122
SCALE = 1.0001
# Deviates that fill the arrays of the memory probe, over and over.
FEW = 1 << 20
BY = "numpy"


def matmul(probe: Probe) -> None:
    """Sample every product of the probe at every precision that NumPy computes in."""
    for precision in probe.precisions:
        if precision not in DTYPES:
            probe.skip("gemm", f"NumPy multiplies no {precision} matrices", dtype=precision)
            continue
        for gemm in probe.gemms():
            probe.attempt("gemm", partial(product, probe, gemm, precision), role=gemm.role)


def product(probe: Probe, gemm: Gemm, precision: str) -> dict[str, Any]:
    """Return a sample of one product; raises ProbeError where its result is wrong."""
    dtype = np.dtype(DTYPES[precision])
    probe.check_memory(dtype.itemsize * (gemm.m * gemm.k + gemm.k * gemm.n + gemm.m * gemm.n))
    a, b = _normal((gemm.m, gemm.k), dtype), _normal((gemm.k, gemm.n), dtype)
    out = np.empty((gemm.m, gemm.n), dtype)
    timing = probe.timer.measure(lambda: np.matmul(a, b, out=out))
    exact = a[:TILE].astype(np.float64) @ b[:, :TILE].astype(np.float64)
    if not agrees(out[:TILE, :TILE], exact, gemm.k, precision):
        raise ProbeError("the product is wrong beside one in double precision")
    return product_sample(gemm, timing, Setting(precision, BY, probe.threads))


def memory(probe: Probe) -> None:
    """Sample a copy, and the sum of two arrays of which one is scaled, in two passes.

    NumPy has no such sum in one pass and computes on one thread: five transfers an element.
    """
    size = probe.array_bytes(arrays=3)
    arrays: list[Floats] = []
    operations: dict[str, tuple[Callable[[], object], int]] = {
        "copy": (lambda: np.copyto(arrays[0], arrays[1]), 2),
        "triad in two passes": (lambda: _triad(*arrays), 5),
    }
    few = _normal((FEW,), np.dtype(np.float32))
    arrays += [np.resize(few, size // 4) for _ in range(3)]
    for op, (call, transfers) in operations.items():
        probe.attempt("memory", partial(_moved, probe, op, call, size, transfers), op=op)


def _triad(out: Floats, b: Floats, c: Floats) -> None:
    np.multiply(c, np.float32(SCALE), out=out)
    np.add(out, b, out=out)


def _moved(
    probe: Probe, op: str, call: Callable[[], object], size: int, transfers: int
) -> dict[str, Any]:
    timing = probe.single_thread_timer.measure(call)
    return sample(
        "memory",
        timing.whole,
        Setting("fp32", BY, 1),
        work=("bytes", transfers * size),
        disturbance=timing.disturbance,
        op=op,
        array_bytes=size,
    )


def _normal(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Floats:
    """Return normal deviates: what a device takes for constants says nothing of training."""
    random = np.random.default_rng(SEED)
    single = np.float32 if dtype == np.float32 else np.float64
    return random.standard_normal(shape, dtype=single)


FAMILIES = {"matmul": matmul, "memory": memory}
