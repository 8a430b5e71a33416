"""Bytes that a weight, its gradient, its optimizer states and what layers keep take, by precision.

Each table maps a name to columns of the memory model, in bytes. A recipe is what a framework does
by default; any column may be overridden by what a run states.
"""

from __future__ import annotations

from collections.abc import Mapping

# Block formats store one 8-bit scale for 32 (mxfp8) or 16 (nvfp4) elements, fp8-block one 32-bit
# scale for 128.
MXFP8 = 1.0 + 1.0 / 32.0
NVFP4 = 0.5 + 1.0 / 16.0
FP8_BLOCK = 1.0 + 4.0 / 128.0

RECIPES: Mapping[str, Mapping[str, float]] = {
    "bf16": {"weight_bytes": 2.0, "weight_copy_bytes": 0.0, "linear_input_bytes": 2.0},
    "fp16": {"weight_bytes": 2.0, "weight_copy_bytes": 0.0, "linear_input_bytes": 2.0},
    "fp8": {"weight_bytes": 2.0, "weight_copy_bytes": 2.0, "linear_input_bytes": 1.0},
    "fp8-block": {
        "weight_bytes": 2.0,
        "weight_copy_bytes": 2.0,
        "linear_input_bytes": FP8_BLOCK,
    },
    "mxfp8": {
        "weight_bytes": 2.0,
        "weight_copy_bytes": 2.0 * MXFP8,
        "linear_input_bytes": MXFP8,
    },
    "nvfp4": {
        "weight_bytes": 2.0,
        "weight_copy_bytes": 2.0 * NVFP4,
        "linear_input_bytes": NVFP4,
    },
    "int8": {"weight_bytes": 4.0, "weight_copy_bytes": 0.0, "linear_input_bytes": 2.0},
}
"""Weights and inputs of linear layers.

Weights are held in 16 bit. Low-precision copies are made once a step and held for the forward
product (row-wise) and the backward one (column-wise, or transposed): Transformer Engine's modules
cache both. Inputs are kept for the gradient of the weights in the low precision alone. int8 is that
of quantized training in JAX: 32-bit weights, quantized on the fly, 16-bit activations.

Source: Micikevicius et al. 2018 (arXiv 1710.03740), section 3.1, for 16 bit; Micikevicius et al.
2022 (arXiv 2209.05433) for fp8; Rouhani et al. 2023 (arXiv 2310.10537), table 1, for mxfp8; NVIDIA
2025 (arXiv 2509.25149), section 2, for nvfp4; DeepSeek-V3 (arXiv 2412.19437), section 3.3, for
blocks.
"""

LOW_PRECISION_WEIGHTS: Mapping[str, Mapping[str, float]] = {
    "fp8": {"weight_bytes": 2.0, "weight_copy_bytes": 0.0, "gathered_bytes": 1.0},
    "fp8-block": {"weight_bytes": 2.0, "weight_copy_bytes": 0.0, "gathered_bytes": 1.0},
    "mxfp8": {"weight_bytes": 2.0 * MXFP8, "weight_copy_bytes": 0.0, "gathered_bytes": MXFP8},
}
"""The same where weights are held in low precision only, beside 32-bit masters in the optimizer.

Both copies are then the weight itself (`--fp8-param-gather` in Megatron-LM).
"""

GRADIENTS: Mapping[str, float] = {"fp32": 4.0, "bf16": 2.0}
"""Bytes of an accumulated gradient: 32 bit unless the run reduces gradients in 16 bit."""

OPTIMIZERS: Mapping[str, float] = {
    "adam": 12.0,
    "adam with 16-bit remainders": 10.0,
    "adam with bf16 moments": 8.0,
    "adam with 8-bit moments": 4.0 + 2.0 * (1.0 + 4.0 / 256.0),
    "adam on fp32 weights": 8.0,
    "sgd with momentum": 8.0,
}
"""Bytes of optimizer state a weight: a 32-bit master copy, and moments.

Weights that are themselves 32 bit need no master, and beside 16-bit weights the other 16 bits of a
master are enough (`store_param_remainders` of NVIDIA Apex, which NeMo uses in 16 bit). 8-bit
moments carry a 32-bit scale for 256.

Source: Rajbhandari et al. 2020 (arXiv 1910.02054), section 3.1, for adam; DeepSeek-V3 (arXiv
2412.19437), section 3.3.3, for bf16 moments; Dettmers et al. 2021 (arXiv 2110.02861) for 8 bit.
"""

LOSSES: Mapping[str, float] = {"fused": 2.0, "megatron": 6.0, "torch": 14.0}
"""Bytes a logit at the peak of the loss: what `logit_bytes` of the memory model stands for.

A fused loss writes gradients over 16-bit logits. Megatron-LM's holds them beside a 32-bit softmax.
Cross entropy in PyTorch holds 16-bit logits, a 32-bit copy, its log-softmax and the gradient.
"""
