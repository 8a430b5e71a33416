"""The time of one optimizer step, from the work of a model, a layout and the rates of a machine.

A stage of the pipeline does its layers for one micro-batch; the slowest stage sets the pace; the
pipeline adds its bubble and transfers, then come what gradients and parameters take to exchange,
and the optimizer. Times are in seconds, sizes in bytes or elements. Nothing is checked here, and
rows broadcast: a search is one call.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from llmcost.engine import passes
from llmcost.engine.exchanges import gather_time, transfer_time
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
    exchange = _data_exchange(c, weights, micro_batches, mean)
    update = _update(c, weights)
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
    return np.where(
        stages > 1.0, np.maximum(full * layer, last * layer + head), layers_time + head
    )


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
    return Weights(shared, experts, replicas, np.maximum(replicas * t / spread, 1.0))


def _data_exchange(
    c: Mapping[str, Any],
    weights: Weights,
    micro_batches: Any,  # noqa: ANN401
    computing: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the exposed time of gradients and parameters over data parallelism [s].

    Without sharded parameters gradients are reduced once a step, behind the last backward pass, and
    parameters gathered behind the first forward pass. With them every micro-batch gathers
    parameters twice and scatters gradients once, behind its own passes, inside a shard group;
    groups then reduce what each holds once a step.

    Source: Rajbhandari et al. 2020 (arXiv 1910.02054), section 7; hybrid groups Zhao et al. 2023
    (PyTorch FSDP, arXiv 2304.11277), section 3.2.2.
    """
    sharded = c["zero_stage"] >= 3.0
    scatter, gather = _over_replicas(c, weights, weights.replicas, weights.expert_replicas)
    once = scatter + np.where(c["zero_stage"] >= 1.0, gather, scatter)
    behind = compute.exposed_time.kernel
    whole = behind(
        communication=once,
        computing=computing,
        hidden_share=c["data_hidden"],
        least_share=c["data_exposed"],
    )
    group = np.minimum(c["shard_group"], weights.replicas)
    inside, gathered = _over_replicas(
        c, weights, group, np.minimum(weights.expert_replicas, group)
    )
    every = behind(
        communication=2.0 * gathered + inside,
        computing=computing,
        hidden_share=c["data_hidden"],
        least_share=c["shard_exposed"],
    )
    groups = weights.replicas / group
    reduced = gather_time(
        c,
        2.0 * c["gradient_reduce_bytes"] * (weights.shared + weights.experts) / group,
        groups,
        c["tensor_parallel"] * group,
    )
    among = behind(
        communication=reduced,
        computing=computing,
        hidden_share=c["data_hidden"],
        least_share=c["data_exposed"],
    )
    return np.where(sharded, micro_batches * every + among, whole)


def _over_replicas(
    c: Mapping[str, Any],
    weights: Weights,
    replicas: Any,  # noqa: ANN401
    expert_replicas: Any,  # noqa: ANN401
) -> tuple[Any, Any]:
    """Return the times to scatter gradients and to gather parameters [s]."""
    stride = c["tensor_parallel"]
    apart = c["expert_parallel"] * c["expert_tensor_parallel"]
    shared = gather_time(c, weights.shared, replicas, stride)
    experts = gather_time(c, weights.experts, expert_replicas, apart)
    both = shared + experts
    return c["gradient_reduce_bytes"] * both, c["gather_bytes"] * both


def _update(c: Mapping[str, Any], weights: Weights) -> Any:  # noqa: ANN401
    """Return the time of the optimizer [s]: states read and written, gradients read for a norm."""
    sharded = c["zero_stage"] >= 1.0
    kept = np.where(
        sharded,
        weights.shared / weights.replicas + weights.experts / weights.expert_replicas,
        weights.shared + weights.experts,
    )
    full = np.where(
        c["zero_stage"] >= 2.0,
        weights.shared / weights.replicas + weights.experts / weights.expert_replicas,
        weights.shared + weights.experts,
    )
    moved = kept * c["optimizer_traffic"] + full * c["gradient_traffic"]
    return moved / c["memory_rate"] + c["step_overhead"]
