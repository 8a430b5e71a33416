"""Pipeline parallelism: layers of a stage, idle time of a step by schedule, exposed transfers.

A step takes `steady_time` (every micro-batch on the slowest stage), plus `bubble_time`, plus
`pipeline_transfer_time`. Times are those of one micro-batch on one device, all of its virtual
stages together. Uneven stages enter by two numbers, the slowest stage and the mean of all: the
slowest is never idle once the pipeline is full, and filling and draining it costs one pass
through each of the other stages.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from llmcost.units import unit_checked

ONE_FORWARD_ONE_BACKWARD, ZERO_BUBBLE_H1, ZERO_BUBBLE_V, DUALPIPE = range(4)


@unit_checked("", num_layers="", pipeline_parallel="")
def fullest_stage_layers(*, num_layers: Any, pipeline_parallel: Any) -> Any:  # noqa: ANN401
    """Return the layers of the stage that has most of them.

    Source: the smallest maximum that places every layer; 126 layers on 16 stages are 8 at most
    (Llama Team 2024, arXiv 2407.21783, section 3.3.2).
    """
    return np.ceil(num_layers / pipeline_parallel)


@unit_checked("", num_layers="", pipeline_parallel="")
def last_stage_layers(*, num_layers: Any, pipeline_parallel: Any) -> Any:  # noqa: ANN401
    """Return the layers of the last stage, the first to be one short: it has the head and loss.

    Source: Llama Team 2024 (arXiv 2407.21783), section 3.3.2: one layer less at both ends.
    """
    return _short_of_fullest(num_layers, pipeline_parallel, 1.0)


@unit_checked("", num_layers="", pipeline_parallel="")
def first_stage_layers(*, num_layers: Any, pipeline_parallel: Any) -> Any:  # noqa: ANN401
    """Return the layers of the first stage, the second to be one short: it has the embedding.

    Source: Llama Team 2024 (arXiv 2407.21783), section 3.3.2: one layer less at both ends.
    """
    return _short_of_fullest(num_layers, pipeline_parallel, 2.0)


@unit_checked("", num_layers="", pipeline_parallel="", virtual_stages="")
def fullest_chunk_layers(
    *,
    num_layers: Any,  # noqa: ANN401
    pipeline_parallel: Any,  # noqa: ANN401
    virtual_stages: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the layers of the fullest chunk, of which a device holds one per virtual stage.

    Source: Narayanan et al. 2021 (arXiv 2104.04473), section 2.2.
    """
    return np.ceil(num_layers / (pipeline_parallel * virtual_stages))


@unit_checked("", num_layers="", pipeline_parallel="", virtual_stages="")
def pacing_layers(
    *,
    num_layers: Any,  # noqa: ANN401
    pipeline_parallel: Any,  # noqa: ANN401
    virtual_stages: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the layers of a stage that sets the pace: of the fullest, or somewhat more.

    Where chunks differ although stages do not (72 layers on 8 stages of 4 chunks of 2 or 3), an
    interleaved pipeline goes at neither the pace of the stage (9) nor that of its fullest chunk
    (4 x 3), but about a quarter of the way between them.

    Source: a simulation of the order of passes of Narayanan et al. 2021 (arXiv 2104.04473),
    figure 4; within 6% of it.
    """
    stage = np.ceil(num_layers / pipeline_parallel)
    chunks = virtual_stages * np.ceil(num_layers / (pipeline_parallel * virtual_stages))
    return np.where(pipeline_parallel > 1, 0.75 * stage + 0.25 * chunks, stage)


@unit_checked("s", micro_batches="", forward="s", backward_input="s", backward_weight="s")
def steady_time(
    *,
    micro_batches: Any,  # noqa: ANN401
    forward: Any,  # noqa: ANN401
    backward_input: Any,  # noqa: ANN401
    backward_weight: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the time in which the slowest stage works through every micro-batch [s].

    Source: the ideal time of Narayanan et al. 2021 (arXiv 2104.04473), section 2.2.
    """
    return micro_batches * (forward + backward_input + backward_weight)


@unit_checked(
    "s",
    schedule="",
    pipeline_parallel="",
    virtual_stages="",
    micro_batches="",
    forward="s",
    backward_input="s",
    backward_weight="s",
    mean_forward="s",
    mean_backward_input="s",
    mean_backward_weight="s",
)
def bubble_time(
    *,
    schedule: Any,  # noqa: ANN401
    pipeline_parallel: Any,  # noqa: ANN401
    virtual_stages: Any,  # noqa: ANN401
    micro_batches: Any,  # noqa: ANN401
    forward: Any,  # noqa: ANN401
    backward_input: Any,  # noqa: ANN401
    backward_weight: Any,  # noqa: ANN401
    mean_forward: Any,  # noqa: ANN401
    mean_backward_input: Any,  # noqa: ANN401
    mean_backward_weight: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the time of a step in which the slowest stage idles [s], without transfers.

    `schedule` is 0 for 1F1B, interleaved where `virtual_stages` is above 1; 1 for zero-bubble H1;
    2 for zero-bubble H2 or V; 3 for DualPipe. `virtual_stages` counts in schedule 0 only. The times
    are of the slowest stage, the `mean_` ones of the average stage. With p stages, m micro-batches,
    v virtual stages, and forward F, backward by inputs B and by weights W:

    - 1F1B (p - 1)(F + B + W); interleaved a v-th of that, and (v - 1)/v (F + B + W) for every
      micro-batch that the last round lacks of p;
    - H1 (p - 1)(F + B) less W for every micro-batch whose weight gradient is put off, which are
      p - 1, or 2(p - 1) in H2, and m - 1 at most; a longer W than F fills no more than F. Devices
      do not wait for each other between steps (section 4 there); H2 loses (p - 1) F if they do;
    - DualPipe (p/2 - 1)(F + 2B - W), for even p and 2p micro-batches or more; with fewer, what is
      left of a micro-batch's way through all stages, an approximation.

    Exact for even stages, and where the slowest stage is the last; up to (p - 1) F too long
    where a much slower stage comes early.

    Source: Narayanan et al. 2021 (arXiv 2104.04473), section 2.2; Isaev et al. 2023 (Calculon,
    doi 10.1145/3581784.3607102) for short rounds; Qi et al. 2023 (arXiv 2401.10241), section 2.3;
    DeepSeek-AI 2024 (arXiv 2412.19437), table 2. For fewer micro-batches derived here.
    """
    stages = pipeline_parallel
    fill = stages * (mean_forward + mean_backward_input) - (forward + backward_input)
    weights = stages * mean_backward_weight - backward_weight
    plain = _interleaved(stages, virtual_stages, micro_batches, fill + weights)
    if np.ndim(schedule) == 0 and schedule == ONE_FORWARD_ONE_BACKWARD:
        return plain
    filler = np.minimum(backward_weight, forward)
    filled = _zero_bubble(schedule, stages, micro_batches, fill, filler)
    block = mean_forward + 2.0 * mean_backward_input - mean_backward_weight
    dual = _dualpipe(stages, micro_batches, block, forward + backward_input, filler)
    return np.where(
        schedule == ONE_FORWARD_ONE_BACKWARD, plain, np.where(schedule == DUALPIPE, dual, filled)
    )


@unit_checked("", schedule="", virtual_stages="")
def exposed_transfer_share(*, schedule: Any, virtual_stages: Any) -> Any:  # noqa: ANN401
    """Return the share of transfers that a full pipeline waits for, if they block nothing.

    All of them in 1F1B, where a stage has no other work in hand while a micro-batch goes forward
    and back; none where it has, interleaved or zero-bubble; half in DualPipe, whose two directions
    take turns. Transfers that block their stage are exposed in every schedule: 1.

    Source: derived here from the orders of passes of Narayanan et al. 2021 (arXiv 2104.04473),
    Qi et al. 2023 (arXiv 2401.10241) and DeepSeek-AI 2024 (arXiv 2412.19437).
    """
    plain = (schedule == ONE_FORWARD_ONE_BACKWARD) & (virtual_stages == 1)
    return np.where(plain, 1.0, np.where(schedule == DUALPIPE, 0.5, 0.0))


@unit_checked(
    "s",
    pipeline_parallel="",
    virtual_stages="",
    micro_batches="",
    transfer="s",
    exposed_share="",
)
def pipeline_transfer_time(
    *,
    pipeline_parallel: Any,  # noqa: ANN401
    virtual_stages: Any,  # noqa: ANN401
    micro_batches: Any,  # noqa: ANN401
    transfer: Any,  # noqa: ANN401
    exposed_share: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the time of a step that waits for point-to-point transfers [s].

    `transfer` is the time of one: one micro-batch over one chunk boundary, one way. Filling and
    draining wait for every boundary once each way. Once full, `exposed_share` of two transfers a
    chunk is waited for with every micro-batch but one in `pipeline_parallel`. Pass 1 for
    `virtual_stages` in every schedule but the interleaved.

    Source: derived here from the order of passes of Narayanan et al. 2021 (arXiv 2104.04473),
    figures 3 and 4, for transfers no longer than a chunk's pass.
    """
    later = micro_batches - 1.0
    waits = later - np.ceil(later / pipeline_parallel)
    ramp = pipeline_parallel * virtual_stages - 1.0
    crossings = ramp + exposed_share * virtual_stages * waits
    return np.where(pipeline_parallel > 1, 2.0 * transfer * crossings, 0.0)


def _short_of_fullest(num_layers: Any, stages: Any, rank: float) -> Any:  # noqa: ANN401
    """Return the layers of the stage that is `rank`-th to be one short of the fullest."""
    fullest = np.ceil(num_layers / stages)
    return fullest - (stages * fullest - num_layers >= rank)


def _interleaved(stages: Any, virtual_stages: Any, micro_batches: Any, fill: Any) -> Any:  # noqa: ANN401
    """Return the bubble of 1F1B: filling and draining by chunks, and the last round if short.

    The last round of `stages` micro-batches through the chunks waits for itself where it has fewer.
    """
    short = stages * np.ceil(micro_batches / stages) - micro_batches
    share = 1.0 / virtual_stages
    waits = (1.0 - share) * short / np.maximum(stages - 1.0, 1.0)
    return np.maximum(fill, 0.0) * (share + waits)


def _zero_bubble(schedule: Any, stages: Any, micro_batches: Any, fill: Any, weight: Any) -> Any:  # noqa: ANN401
    """Return the bubble of H1, or of H2 or V: weight gradients of other micro-batches fill it."""
    put_off = np.where(schedule == ZERO_BUBBLE_H1, 1.0, 2.0) * (stages - 1.0)
    return np.maximum(fill - np.minimum(put_off, micro_batches - 1.0) * weight, 0.0)


def _dualpipe(stages: Any, micro_batches: Any, block: Any, one: Any, filler: Any) -> Any:  # noqa: ANN401
    """Return the bubble of DualPipe, at least that of one micro-batch's way through all stages."""
    full = np.maximum(0.5 * stages - 1.0, 0.0) * block
    few = (stages - 1.0 - np.floor(0.5 * micro_batches)) * one - (micro_batches - 1.0) * filler
    return np.maximum(np.maximum(full, few), 0.0)
