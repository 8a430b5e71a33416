"""A step of AdamW through PyTorch, over as many parameters as the model's layers have or fit."""

from __future__ import annotations

from functools import partial
from typing import Any

from llmcost.bench.samples import Setting, sample
from llmcost.bench.torch_device import TorchProbe

# Kingma & Ba 2015 (arXiv 1412.6980): parameter, gradient and two moments are read, all but the
# gradient written.
TRANSFERS, STATES, SINGLE = 7, 4, 4
SMALL, LARGE = 16_000_000, 256_000_000
TENSORS = 4


def measure_family(probe: TorchProbe) -> None:
    """Sample one optimizer over parameters that no cache holds."""
    parameters = SMALL if probe.kind == "cpu" else LARGE
    probe.attempt("optimizer", partial(step, probe, parameters), parameters=parameters)


def step(probe: TorchProbe, parameters: int) -> dict[str, Any]:
    """Return a sample of one step."""
    probe.check_memory(STATES * SINGLE * parameters)
    one = parameters // TENSORS
    weights = [probe.normal(one, dtype=probe.torch.float32) for _ in range(TENSORS)]
    for weight in weights:
        weight.requires_grad_()
        weight.grad = probe.normal(one, dtype=probe.torch.float32)
    made, kind = adamw(probe.torch, weights)
    timing = probe.timer.measure(made.step)
    return sample(
        "optimizer",
        timing.whole,
        Setting("fp32", probe.by, probe.threads),
        work=("bytes", TRANSFERS * SINGLE * parameters),
        disturbance=timing.disturbance,
        parameters=parameters,
        implementation=kind,
    )


def adamw(torch: Any, weights: Any) -> tuple[Any, str]:  # noqa: ANN401
    """Return AdamW over weights, in one pass where PyTorch has that, and which it is."""
    weights = list(weights)
    try:
        return torch.optim.AdamW(weights, lr=1e-4, fused=True), "fused"
    except (RuntimeError, TypeError):
        return torch.optim.AdamW(weights, lr=1e-4), "one by one"
