"""Bytes that one device holds while it trains: what each part of a model and of a step takes.

Every kernel takes plain arrays that broadcast and decides nothing by branching, so that a million
layouts cost a few hundred operations on arrays.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from llmcost.units import unit_checked


def blend(flag: Any, off: Any, on: Any) -> Any:  # noqa: ANN401
    """Return `on` where the flag is 1 and `off` where it is 0.

    As `numpy.where`, but faster: arithmetic on mixed rows, and none where one flag is for all.
    """
    if np.ndim(flag) == 0:
        return on if flag else off
    return off + flag * (on - off)


@unit_checked("", part="", sharded="")
def held_share(*, part: Any, sharded: Any) -> Any:  # noqa: ANN401
    """Return the share of one kind of state of the parameters that a device holds.

    `sharded` is 1 where a device holds a `part` of the state (one over the devices that share it),
    and 0 where every device holds all of it. Optimizer states are sharded from ZeRO stage 1 on,
    gradients from 2, weights at 3.

    Source: Rajbhandari et al. 2020 (arXiv 1910.02054), section 5 and figure 1.
    """
    return blend(sharded, 1.0, part)


@unit_checked("", pipeline_parallel="", virtual_stages="", schedule="")
def in_flight_at_end(*, pipeline_parallel: Any, virtual_stages: Any, schedule: Any) -> Any:  # noqa: ANN401
    """Return how many micro-batches' activations the last pipeline stage holds, were there enough.

    One micro-batch is one pass through all layers of the device. 1F1B and zero-bubble H1 and H2
    hold 1; interleaving holds (p (v - 1) + 1) / v; DualPipe p + 1 passes through half of what the
    device holds, on every stage.

    Source: Narayanan et al. 2021 (arXiv 2104.04473), section 2.2; Qi et al. 2023 (arXiv
    2401.10241), table 1; DeepSeek-V3 (arXiv 2412.19437), table 2.
    """
    p = pipeline_parallel
    chunks = p - (p - 1.0) / virtual_stages
    held = np.where(virtual_stages == 1.0, 1.0, chunks)
    return np.where(schedule == 3.0, (p + 1.0) / 2.0, held)


@unit_checked("", virtual_stages="", schedule="")
def in_flight_per_stage(*, virtual_stages: Any, schedule: Any) -> Any:  # noqa: ANN401
    """Return how many micro-batches more a pipeline stage holds than the one after it.

    1 for 1F1B and zero-bubble H1, 2 for zero-bubble H2, 2 / v for interleaving, 0 for DualPipe. The
    first of p stages then holds p, 2 p - 1 and p (1 + (p - 1) / (p v)) of the first three.

    Source: Korthikanti et al. 2022 (arXiv 2205.05198), section 4.2.3, for the first stage; the
    others as in `in_flight_at_end`.
    """
    single = 1.0 * (virtual_stages == 1.0) * (schedule != 2.0)
    return (2.0 - single) / virtual_stages * (schedule != 3.0)


@unit_checked(
    "byte",
    hidden="",
    q_rank="",
    kv_rank="",
    rope_dim="",
    experts="",
    linear_input_bytes="byte",
    dropout_mask_bytes="byte",
)
def residual_activation(
    *,
    hidden: Any,  # noqa: ANN401
    q_rank: Any,  # noqa: ANN401
    kv_rank: Any,  # noqa: ANN401
    rope_dim: Any,  # noqa: ANN401
    experts: Any,  # noqa: ANN401
    linear_input_bytes: Any,  # noqa: ANN401
    dropout_mask_bytes: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return what a token keeps in one layer that only sequence parallelism divides [byte].

    Two inputs of norms, two outputs of norms (the inputs of linear layers), and two masks of
    dropout where there is dropout: 10 bytes a hidden element in 16 bit. Latent attention also keeps
    its compressed queries, keys and values before and after their norms, experts the logits,
    probabilities and choices of the router in 32 bit.

    Source: Korthikanti et al. 2022 (arXiv 2205.05198), section 4.2; DeepSeek-V2 (arXiv 2405.04434),
    section 2.1, for what is compressed.
    """
    norms = hidden * (4.0 + 2.0 * linear_input_bytes + 2.0 * dropout_mask_bytes)
    ranks = q_rank + kv_rank
    compressed = ranks * (2.0 + linear_input_bytes) + 2.0 * rope_dim
    return norms + compressed + 12.0 * experts


@unit_checked(
    "byte",
    heads="",
    kv_heads="",
    qk_dim="",
    v_dim="",
    kv_copies="",
    linear_input_bytes="byte",
)
def attention_activation(
    *,
    heads: Any,  # noqa: ANN401
    kv_heads: Any,  # noqa: ANN401
    qk_dim: Any,  # noqa: ANN401
    v_dim: Any,  # noqa: ANN401
    kv_copies: Any,  # noqa: ANN401
    linear_input_bytes: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return what a token keeps of fused attention in one layer, over a whole group [byte].

    Queries, keys, values and the output in 16 bit, and one number a head to undo the softmax. The
    output is the input of the projection too, unless that is kept in fewer bits. `kv_copies` is
    above 1 where a group is larger than the number of key and value heads.

    Source: Dao et al. 2022 (arXiv 2205.14135), section 3.1; Korthikanti et al. 2022 (arXiv
    2205.05198), section 4.1.
    """
    kept = 2.0 * (heads * (qk_dim + v_dim) + kv_heads * (qk_dim + v_dim) * kv_copies)
    narrow = np.where(linear_input_bytes < 2.0, linear_input_bytes, 0.0)
    return kept + heads * (v_dim * narrow + 4.0)


@unit_checked("byte", width="", gated="", linear_input_bytes="byte")
def mlp_activation(*, width: Any, gated: Any, linear_input_bytes: Any) -> Any:  # noqa: ANN401
    """Return what a token keeps inside one MLP, over a whole group [byte].

    The input of the activation function in 16 bit, twice as wide where gated, and its output, the
    input of the second linear layer.

    Source: Korthikanti et al. 2022 (arXiv 2205.05198), section 4.1; Shazeer 2020 (arXiv
    2002.05202) for the gate.
    """
    return width * (2.0 * (1.0 + gated) + linear_input_bytes)


@unit_checked("byte", heads="", seq_length="", score_bytes="byte")
def score_activation(*, heads: Any, seq_length: Any, score_bytes: Any) -> Any:  # noqa: ANN401
    """Return what a token keeps of attention scores where attention is not fused [byte].

    5 bytes a score with dropout (softmax, mask, product), 2 without, 0 for flash attention. A
    window saves nothing: unfused kernels fill the whole square.

    Source: Korthikanti et al. 2022 (arXiv 2205.05198), equation 1: 5 a s / h.
    """
    return heads * seq_length * score_bytes


@unit_checked(
    "byte",
    activations="byte",
    temporary="byte",
    devices="GPU",
    context="byte",
    network="byte",
    fragmentation="",
)
def reserve_memory(
    *,
    activations: Any,  # noqa: ANN401
    temporary: Any,  # noqa: ANN401
    devices: Any,  # noqa: ANN401
    context: Any,  # noqa: ANN401
    network: Any,  # noqa: ANN401
    fragmentation: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return what a device needs beside tensors [byte].

    Its context and libraries, buffers of the network library where there is another device, and
    gaps between tensors that come and go, as a share of these.

    Source: the parts are those that torch.cuda.memory_stats and NCCL report; the constants are
    stated where they are set.
    """
    return (
        context
        + np.minimum(devices - 1.0, 1.0) * network
        + fragmentation * (activations + temporary)
    )
