"""Memory traffic through PyTorch: a copy, and a triad in one pass.

The triad is a = b + s c, as in STREAM (McCalpin 1995): three transfers an element, where reading a
line before it is written over is not counted.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from llmcost.bench.samples import Setting, sample
from llmcost.bench.torch_device import TorchProbe

SCALE, ELEMENT = 1.0001, 4


def measure_family(probe: TorchProbe) -> None:
    """Sample both, on arrays that no cache holds."""
    size = probe.array_bytes(arrays=3)
    a, b, c = (probe.normal(size // ELEMENT, dtype=probe.torch.float32) for _ in range(3))
    add = probe.torch.add
    operations: dict[str, tuple[Callable[[], object], int]] = {
        "copy": (lambda: a.copy_(b), 2),
        "triad": (lambda: add(b, c, alpha=SCALE, out=a), 3),
    }
    for op, (call, transfers) in operations.items():
        probe.attempt("memory", partial(_moved, probe, op, call, size, transfers), op=op)


def _moved(
    probe: TorchProbe, op: str, call: Callable[[], object], size: int, transfers: int
) -> dict[str, Any]:
    timing = probe.timer.measure(call)
    return sample(
        "memory",
        timing.whole,
        Setting("fp32", probe.by, probe.threads),
        work=("bytes", transfers * size),
        disturbance=timing.disturbance,
        op=op,
        array_bytes=size,
    )
