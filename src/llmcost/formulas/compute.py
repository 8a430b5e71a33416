"""Time of the kernels of a training step on one device: products, attention, memory, overlap.

Rates and fixed times come from measured kernels; nothing here knows of a device.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from llmcost.units import unit_checked


@unit_checked(
    "s",
    flop="FLOP",
    flop_rate="FLOP/s",
    sides="",
    side_time="s",
    kernels="",
    kernel_time="s",
)
def matmul_time(
    *,
    flop: Any,  # noqa: ANN401
    flop_rate: Any,  # noqa: ANN401
    sides: Any,  # noqa: ANN401
    side_time: Any,  # noqa: ANN401
    kernels: Any,  # noqa: ANN401
    kernel_time: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the time of matrix products [s].

    `flop_rate` is reached by large products. For an M x K by K x N product `sides` is the sum
    MK + KN + MN, the elements that are read and written: each costs `side_time`, which stands for
    memory traffic and for tiles and ramps that a short dimension leaves unfilled. Each kernel adds
    `kernel_time`. Efficiency thus falls smoothly as 1/(1 + c/M + c/N + c/K + d/MNK).

    Source: the linear form is ours, in the spirit of the roofline (Williams et al. 2009, doi
    10.1145/1498765.1498785); constants from measured kernels.
    """
    return flop / flop_rate + sides * side_time + kernels * kernel_time


@unit_checked("", width="", half_width="")
def narrow_matmul_share(*, width: Any, half_width: Any) -> Any:  # noqa: ANN401
    """Return the share of the large-product rate that products of a narrow width reach.

    Half of it at `half_width`. Grouped products of many small experts lose this way.

    Source: the form is ours; modelled on measured grouped products.
    """
    return width / (width + half_width)


@unit_checked(
    "s",
    flop="FLOP",
    flop_rate="FLOP/s",
    seq_length="",
    ramp_length="",
    head_tokens="",
    fill_head_tokens="",
    head_dim="",
    head_size="",
)
def attention_time(
    *,
    flop: Any,  # noqa: ANN401
    flop_rate: Any,  # noqa: ANN401
    seq_length: Any,  # noqa: ANN401
    ramp_length: Any,  # noqa: ANN401
    head_tokens: Any,  # noqa: ANN401
    fill_head_tokens: Any,  # noqa: ANN401
    head_dim: Any,  # noqa: ANN401
    head_size: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the time of fused attention forward [s], the causal half counted.

    Long sequences over many heads reach `flop_rate`. A sequence as short as `ramp_length` takes as
    much again, and so do heads x tokens on the device (`head_tokens`) as few as
    `fill_head_tokens`, which leave parts of the device idle. Heads narrower than 128 take
    `head_size` times what they lack of it more.

    Source: FlashAttention-2 (arXiv 2307.08691), section 3.2, for what limits it; the form is ours,
    fitted on measured kernels.
    """
    narrow = head_size * np.maximum(128.0 / head_dim - 1.0, 0.0)
    ramps = ramp_length / seq_length + fill_head_tokens / head_tokens
    return flop / flop_rate * (1.0 + ramps + narrow)


@unit_checked("s", communication="s", computing="s", hidden_share="", least_share="")
def exposed_time(
    *,
    communication: Any,  # noqa: ANN401
    computing: Any,  # noqa: ANN401
    hidden_share: Any,  # noqa: ANN401
    least_share: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the part of communication that computing does not hide [s].

    Communication hides behind `hidden_share` of the computing at most, and `least_share` of it is
    always seen: the first and last piece, and what shared processors lose.

    Source: the overlap rule of Calculon (Isaev et al. 2023, doi 10.1145/3581784.3607102),
    section 4, with a least share added.
    """
    return np.maximum(least_share * communication, communication - hidden_share * computing)


@unit_checked("", num_gpus="GPU", reference_gpus="GPU", growth="")
def straggler_factor(*, num_gpus: Any, reference_gpus: Any, growth: Any) -> Any:  # noqa: ANN401
    """Return by how much waiting for the slowest device lengthens a step.

    `growth` for every doubling of the cluster beyond `reference_gpus`.

    Source: the logarithm of extreme values, as in SimuMax's term; the constant is fitted.
    """
    return 1.0 + growth * np.log2(np.maximum(num_gpus / reference_gpus, 1.0))
