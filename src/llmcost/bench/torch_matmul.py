"""Matrix products through PyTorch: those of the model, then a grid of sizes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from llmcost.bench.probing import ProbeError
from llmcost.bench.samples import Setting, product_sample
from llmcost.bench.shapes import Gemm
from llmcost.bench.torch_device import TorchProbe
from llmcost.bench.verifying import TILE, agrees

OPERAND_BYTES = {"fp64": 8, "fp32": 4, "tf32": 4, "fp8": 1}
EIGHT_BIT_STEP = 16


def measure_family(probe: TorchProbe) -> None:
    """Sample every product at every precision that the device computes in."""
    for precision in probe.native_precisions("gemm"):
        probe.torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        for gemm in probe.gemms():
            keys = {"role": gemm.role, "dtype": precision}
            probe.attempt("gemm", partial(product, probe, gemm, precision), **keys)


def product(probe: TorchProbe, gemm: Gemm, precision: str) -> dict[str, Any]:
    """Return a sample of one product; raises ProbeError where its result is wrong."""
    size = OPERAND_BYTES.get(precision, 2)
    probe.check_memory(size * (gemm.m * gemm.k + gemm.k * gemm.n + gemm.m * gemm.n))
    a, b, out, call = _operands(probe, gemm, precision)
    before = None if probe.kind == "cpu" else probe.flush
    timing = probe.timer.measure(call, before=before)
    _verify(a, b, out, gemm, precision)
    return product_sample(gemm, timing, Setting(precision, probe.by, probe.threads))


def _operands(
    probe: TorchProbe, gemm: Gemm, precision: str
) -> tuple[Any, Any, Any, Callable[[], object]]:
    """Return two factors, where their product goes, and the call that makes it.

    The second factor is stored as the weights of a linear layer are: [n x k].
    """
    torch, dtype = probe.torch, probe.dtype(precision)
    a = probe.normal(gemm.m, gemm.k, dtype=dtype)
    b = probe.normal(gemm.n, gemm.k, dtype=dtype).t()
    if precision == "fp8":
        return _eight_bit_operands(probe, gemm, a, b)
    # Written over by random numbers first: power depends on what a result replaces.
    out = probe.normal(gemm.m, gemm.n, dtype=dtype)
    return a, b, out, lambda: torch.mm(a, b, out=out)


def _eight_bit_operands(
    probe: TorchProbe,
    gemm: Gemm,
    a: Any,  # noqa: ANN401
    b: Any,  # noqa: ANN401
) -> tuple[Any, Any, Any, Callable[[], object]]:
    if gemm.n % EIGHT_BIT_STEP or gemm.k % EIGHT_BIT_STEP:
        raise ProbeError(f"fp8 products need sides that are multiples of {EIGHT_BIT_STEP}")
    torch = probe.torch
    one = torch.ones((), device=probe.device)
    out = torch.empty(gemm.m, gemm.n, dtype=torch.bfloat16, device=probe.device)

    def call() -> object:
        return torch._scaled_mm(
            a, b, scale_a=one, scale_b=one, out_dtype=torch.bfloat16, use_fast_accum=True, out=out
        )

    return a, b, out, call


def _verify(a: Any, b: Any, out: Any, gemm: Gemm, precision: str) -> None:  # noqa: ANN401
    exact = (a[:TILE].double() @ b[:, :TILE].double()).cpu().numpy()
    found = out[:TILE, :TILE].double().cpu().numpy()
    if not agrees(found, exact, gemm.k, precision):
        raise ProbeError("the product is wrong beside one in double precision")
