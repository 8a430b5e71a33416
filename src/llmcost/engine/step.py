"""The time of one optimizer step, from the work of a model, a layout and the rates of a machine.

A stage of the pipeline does its layers for one micro-batch; the slowest stage sets the pace; the
pipeline adds its bubble and transfers, then come what gradients and parameters take to exchange,
and the optimizer. Times are in seconds, sizes in bytes or elements. Nothing is checked here, and
rows broadcast: a search is one call.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from llmcost.engine import passes
from llmcost.engine.exchanges import gather_time, none_of, transfer_time
from llmcost.formulas import compute, pipeline

NODE = 8.0
# Parts of a step, in the order in which a report lists them.
PARTS = (
    "matmul_time",
    "attention_time",
    "memory_bound_time",
    "launch_time",
    "tensor_parallel_time",
    "context_parallel_time",
    "expert_parallel_time",
    "recompute_time",
    "head_time",
    "imbalance_time",
    "bubble_time",
    "pipeline_parallel_time",
    "data_parallel_time",
    "optimizer_time",
    "straggler_time",
)
OUTPUTS = dict.fromkeys(("step_time", *PARTS), "s")


class Weights(NamedTuple):
    """Weights on one device of an average stage: those of all, those of experts; their copies."""

    shared: Any
    experts: Any
    replicas: Any
    expert_replicas: Any


def step(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Return step_time and PARTS of every row [s]; the parts add up to the step."""
    c = columns
    at = passes.local(c)
    forward = passes.forward(c, at)
    seen = passes.hidden(c, forward)
    back = passes.hidden(c, passes.backward(c, forward))
    again = passes.again(c, seen)
    head_forward, head_backward = passes.head(c, at)
    stages = c["pipeline_parallel"]
    micro_batches = c["global_batch_size"] / (c["data_parallel"] * c["micro_batch_size"])
    ahead = sum(seen[name] for name in passes.PARTS)
    behind = sum(back[name] for name in passes.PARTS) + again
    share = micro_batches / stages
    head = head_forward + head_backward
    mean = (ahead + behind + head) / stages
    slowest = _slowest_stage(c, ahead + behind, head)
    steady = micro_batches * slowest
    bubble = _bubble(c, micro_batches, ahead, behind, back, head_forward, head_backward)
    crossing = pipeline.pipeline_transfer_time.kernel(
        pipeline_parallel=stages,
        virtual_stages=c["virtual_stages"],
        micro_batches=micro_batches,
        transfer=transfer_time(c, at.tokens, at.sequence),
        exposed_share=c["pipeline_exposed"],
    )
    weights = _weights(c)
    group = _shard_groups(c, weights)
    exchange = _data_exchange(c, weights, group, micro_batches, mean)
    update = _update(c, weights, group)
    together = steady + bubble + crossing + exchange + update
    slower = compute.straggler_factor.kernel(
        num_gpus=c["num_gpus"], reference_gpus=NODE, growth=c["straggler_growth"]
    )
    parts = {name: (seen[name] + back[name]) * share for name in passes.PARTS}
    return {
        "step_time": together * slower,
        "matmul_time": parts["matmul"],
        "attention_time": parts["attention"],
        "memory_bound_time": parts["memory_bound"],
        "launch_time": parts["launch"],
        "tensor_parallel_time": parts["tensor"],
        "context_parallel_time": parts["context"],
        "expert_parallel_time": parts["expert"],
        "recompute_time": again * share,
        "head_time": head * share,
        "imbalance_time": steady - micro_batches * mean,
        "bubble_time": bubble,
        "pipeline_parallel_time": crossing,
        "data_parallel_time": exchange,
        "optimizer_time": update,
        "straggler_time": together * (slower - 1.0),
    }


def _slowest_stage(c: Mapping[str, Any], layers_time: Any, head: Any) -> Any:  # noqa: ANN401
    """Return the time of one micro-batch on the slowest stage [s].

    The fullest stage, or the last one with its head. Chunks are as even as they can be, and the
    last stage is the first to hold fewer layers.
    """
    stages, chunks = c["pipeline_parallel"], c["virtual_stages"]
    full = pipeline.pacing_layers.kernel(
        num_layers=c["num_layers"], pipeline_parallel=stages, virtual_stages=chunks
    )
    last = pipeline.last_stage_layers.kernel(num_layers=c["num_layers"], pipeline_parallel=stages)
    layer = layers_time / c["num_layers"]
    return np.where(stages > 1.0, np.maximum(full * layer, last * layer + head), layers_time + head)


def _bubble(
    c: Mapping[str, Any],
    micro_batches: Any,  # noqa: ANN401
    ahead: Any,  # noqa: ANN401
    behind: Any,  # noqa: ANN401
    back: Mapping[str, Any],
    head_forward: Any,  # noqa: ANN401
    head_backward: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the bubble [s], with every stage taken as the average one.

    What uneven stages add is in the pace of the slowest stage.
    """
    stages = c["pipeline_parallel"]
    by_weight = (0.5 * back["matmul"] + 0.5 * head_backward) / stages
    forward = (ahead + head_forward) / stages
    by_input = (behind + head_backward) / stages - by_weight
    return pipeline.bubble_time.kernel(
        schedule=c["schedule"],
        pipeline_parallel=stages,
        virtual_stages=c["virtual_stages"],
        micro_batches=micro_batches,
        forward=forward,
        backward_input=by_input,
        backward_weight=by_weight,
        mean_forward=forward,
        mean_backward_input=by_input,
        mean_backward_weight=by_weight,
    )


def _weights(c: Mapping[str, Any]) -> Weights:
    stages, t = c["pipeline_parallel"], c["tensor_parallel"]
    tables = np.where(stages > 1.0, 1.0, 2.0 - c["tied"]) * c["vocab"] * c["hidden"] / t
    shared = (c["split_weights"] / t + c["whole_weights"]) / stages + tables
    spread = c["expert_parallel"] * c["expert_tensor_parallel"]
    experts = c["most_experts"] * c["expert_weights"] / (spread * stages)
    replicas = c["data_parallel"] * c["context_parallel"]
    if none_of(c["expert_layers"]):
        return Weights(shared, 0.0, replicas, 1.0)
    apart = np.where(c["expert_layers"] > 0.0, np.maximum(replicas * t / spread, 1.0), 1.0)
    return Weights(shared, experts, replicas, apart)


def _data_exchange(
    c: Mapping[str, Any],
    weights: Weights,
    group: Weights,
    micro_batches: Any,  # noqa: ANN401
    computing: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the exposed time of gradients and parameters over data parallelism [s].

    Without sharded parameters gradients are reduced once a step, behind the last backward pass, and
    parameters gathered behind the first forward pass. With them every micro-batch gathers
    parameters twice and scatters gradients once, layer by layer, behind its own passes, inside a
    shard group; groups then reduce what each holds once a step.

    Source: Rajbhandari et al. 2020 (arXiv 1910.02054), section 7; hybrid groups Zhao et al. 2023
    (PyTorch FSDP, arXiv 2304.11277), section 3.2.2.
    """
    reduce, gather = c["gradient_reduce_bytes"], c["gather_bytes"]
    behind = partial(compute.exposed_time.kernel, hidden_share=c["data_hidden"])
    second = np.where(c["zero_stage"] >= 1.0, gather, reduce)
    whole = behind(
        communication=_over(c, weights, reduce + second, 2.0),
        computing=computing,
        least_share=c["data_exposed"],
    )
    sharded = c["zero_stage"] >= 3.0
    if not np.any(sharded):
        return whole
    layers = c["num_layers"] / c["pipeline_parallel"]
    inside = _over(c, group, 2.0 * gather + reduce, 3.0 * layers)
    every = behind(communication=inside, computing=computing, least_share=c["shard_exposed"])
    held = (weights.shared + weights.experts) / group.replicas
    stride, groups = c["tensor_parallel"] * group.replicas, weights.replicas / group.replicas
    among = behind(
        communication=gather_time(c, 2.0 * reduce * held, groups, stride, 2.0),
        computing=computing - (inside - every),
        least_share=c["data_exposed"],
    )
    return np.where(sharded, micro_batches * every + among, whole)


def _shard_groups(c: Mapping[str, Any], weights: Weights) -> Weights:
    """Return the weights with the devices that they are sharded over in place of all replicas.

    Smaller groups than all replicas are those of ZeRO stage 3, as in the model of memory.
    """
    sharded = c["zero_stage"] >= 3.0
    if not np.any(sharded):
        return weights
    group = np.where(sharded, c["shard_group"], weights.replicas)
    share = group / weights.replicas
    apart = np.maximum(weights.expert_replicas * share, 1.0)
    return weights._replace(replicas=group, expert_replicas=apart)


def _over(c: Mapping[str, Any], weights: Weights, size: Any, times: Any) -> Any:  # noqa: ANN401
    """Return the time to gather or scatter weights over replicas [s].

    `size` is in bytes a weight, in as many pieces as `times` says.
    """
    shared = gather_time(c, size * weights.shared, weights.replicas, c["tensor_parallel"], times)
    if none_of(c["expert_layers"]):
        return shared
    apart = c["expert_parallel"] * c["expert_tensor_parallel"]
    return shared + gather_time(c, size * weights.experts, weights.expert_replicas, apart, times)


def _update(c: Mapping[str, Any], weights: Weights, group: Weights) -> Any:  # noqa: ANN401
    """Return the time of the optimizer [s]: states read and written, gradients read for a norm."""
    part = weights.shared / group.replicas + weights.experts / group.expert_replicas
    whole = weights.shared + weights.experts
    kept = np.where(c["zero_stage"] >= 1.0, part, whole)
    full = np.where(c["zero_stage"] >= 2.0, part, whole)
    moved = kept * c["optimizer_traffic"] + full * c["gradient_traffic"]
    return moved / c["memory_rate"] + c["step_overhead"]
