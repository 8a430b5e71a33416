"""A step of a block of the model: two and four of its layers, with embedding, output and loss.

Time grows with layers as T(L) = T0 + L t: by difference, the time of one layer of a model that is
itself far too large for one device.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from llmcost.bench.probing import MEMORY_SHARE, ProbeError, is_out_of_memory
from llmcost.bench.samples import Setting, Timing, sample
from llmcost.bench.shapes import Shape, with_layers
from llmcost.bench.torch_block import Stack, build, reason_against
from llmcost.bench.torch_device import TorchProbe
from llmcost.bench.torch_optimizer import STATES, TRANSFERS, adamw
from llmcost.catalog.architecture import Architecture
from llmcost.counting import count
from llmcost.formulas.flops import FORWARD_SHARE, flop_per_token

# Layers of the two stacks, and of those for layers so large that four do not fit.
LAYERS, FEWER_LAYERS = (2, 4), (1, 2)
PARTS = ("forward", "backward", "optimizer")
# Activations of a layer for each token and unit of width [byte], at two byte a number:
# Korthikanti et al. 2022 (arXiv 2205.05198), section 4.
ACTIVATION_BYTES = 34


class _TooLargeError(Exception):
    """Memory does not hold a step of this batch."""


def measure_family(probe: TorchProbe) -> None:
    """Sample steps of two stacks of layers at every precision that the device computes in."""
    reason = reason_against(probe.shape.architecture, probe.shape.layer)
    if reason is not None:
        probe.skip("step", reason, model=probe.shape.name)
        return
    for precision in probe.native_precisions("step"):
        probe.torch.backends.cuda.matmul.allow_tf32 = precision == "tf32"
        shape: Shape | None = probe.shape
        for layers in layer_counts(probe, precision):
            shape = _largest_that_fits(probe, shape, layers, precision) if shape else None


def layer_counts(probe: TorchProbe, precision: str) -> tuple[int, ...]:
    """Return how many layers the stacks have: two and four, or fewer where memory is short."""
    most = with_layers(probe.shape.architecture, probe.shape.layer, max(LAYERS))
    one = replace(probe.shape, micro_batch_size=1)
    free = probe.free_bytes()
    needed = needed_bytes(most, one, probe.dtype(precision).itemsize)
    return LAYERS if free is None or needed <= MEMORY_SHARE * free else FEWER_LAYERS


def _largest_that_fits(
    probe: TorchProbe, shape: Shape, layers: int, precision: str
) -> Shape | None:
    """Sample a step, halving the micro-batch while memory does not hold it; return what held."""
    keys = {"layers": layers, "dtype": precision}
    while True:
        try:
            done = probe.attempt("step", partial(_tried, probe, shape, layers, precision), **keys)
        except _TooLargeError:
            shape = _halved(probe, shape)
        else:
            return shape if done else None


def _tried(probe: TorchProbe, shape: Shape, layers: int, precision: str) -> list[dict[str, Any]]:
    """Return the samples of a step; raises _TooLargeError where half of its batch may still fit."""
    try:
        return step(probe, shape, layers, precision)
    except (ProbeError, MemoryError, RuntimeError) as error:
        if shape.micro_batch_size > 1 and is_out_of_memory(error):
            raise _TooLargeError from None
        raise


def _halved(probe: TorchProbe, shape: Shape) -> Shape:
    half = shape.micro_batch_size // 2
    probe.warn(
        "micro-batch-halved",
        f"A micro-batch of {shape.micro_batch_size} does not fit the memory; the step is "
        f"measured with {half}.",
    )
    if probe.kind != "cpu":
        probe.torch.cuda.empty_cache()
    return replace(shape, micro_batch_size=half)


def step(probe: TorchProbe, shape: Shape, layers: int, precision: str) -> list[dict[str, Any]]:
    """Return samples of a whole step and of its parts; raises ProbeError where its loss is none."""
    architecture = with_layers(shape.architecture, shape.layer, layers)
    dtype = probe.dtype(precision)
    probe.check_memory(needed_bytes(architecture, shape, dtype.itemsize))
    stack = build(probe, architecture, shape.seq_length, dtype)
    timing, kind = _timed(probe, stack, shape)
    moved = TRANSFERS * dtype.itemsize * stack.parameters
    keys = _keys(shape, stack, layers, kind)
    setting = Setting(precision, probe.by, probe.threads)
    make = partial(sample, "step", disturbance=timing.disturbance, setting=setting, **keys)
    return [
        make(times=times, work=work, part=part)
        for part, times, work in _parts(timing, model_flop(architecture, shape), moved)
    ]


def _timed(probe: TorchProbe, stack: Stack, shape: Shape) -> tuple[Timing, str]:
    torch = probe.torch
    sides = (shape.micro_batch_size, shape.seq_length)
    tokens, targets = (
        torch.randint(stack.vocab_size, sides, device=probe.device, generator=probe.random)
        for _ in range(2)
    )
    optimizer, kind = adamw(torch, stack.unique)
    loss: list[Any] = [None]

    def forward() -> None:
        loss[0] = stack.loss(tokens, targets)

    def backward() -> None:
        loss[0].backward()

    def update() -> None:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    timing = probe.timer.measure(forward, backward, update)
    if not torch.isfinite(loss[0]).item():
        raise ProbeError("the loss of the measured step is not a number")
    return timing, kind


def _parts(
    timing: Timing, flop: float, moved: float
) -> list[tuple[str, tuple[float, ...], tuple[str, float]]]:
    work = (("flop", flop * FORWARD_SHARE), ("flop", flop * (1 - FORWARD_SHARE)), ("bytes", moved))
    parts = zip(PARTS, timing.parts, work, strict=True)
    return [("whole", timing.whole, ("flop", flop)), *parts]


def model_flop(architecture: Architecture, shape: Shape) -> float:
    """Return the model FLOP of a step, attention halved because it is causal [FLOP]."""
    counts = count(architecture)
    per_token = flop_per_token(
        matmul_parameters=counts.matmul_parameters,
        attention=counts.attention,
        seq_length=shape.seq_length,
        causal=True,
    )
    return float(per_token) * shape.tokens


def needed_bytes(architecture: Architecture, shape: Shape, itemsize: int) -> float:
    """Return an estimate of the memory of a step [byte]: states, activations and logits.

    Source: Korthikanti et al. 2022 (arXiv 2205.05198), section 4, for the activations.
    """
    states = STATES * itemsize * count(architecture).parameters
    layers = ACTIVATION_BYTES * itemsize / 2 * architecture.hidden_size * architecture.num_layers
    logits = 3 * 4 * architecture.vocab_size
    return states + shape.tokens * (layers + logits)


def _keys(shape: Shape, stack: Stack, layers: int, kind: str) -> dict[str, Any]:
    attention, mlp = shape.layer.attention, shape.layer.mlp
    return {
        "model": shape.name,
        "layers": layers,
        "tokens": shape.tokens,
        "seq_length": shape.seq_length,
        "micro_batch_size": shape.micro_batch_size,
        "hidden": shape.architecture.hidden_size,
        "heads": attention.heads,
        "kv_heads": attention.kv_heads,
        "head_dim": attention.qk_dim,
        "mlp_width": mlp.width,
        "gated": mlp.gated,
        "vocab": stack.vocab_size,
        "tied": shape.architecture.tie_word_embeddings,
        "parameters": stack.parameters,
        "implementation": kind,
    }
