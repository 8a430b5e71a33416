"""Columns of the model of a step with rates set by hand, for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmcost import engine

# Every time, latency, traffic and overhead is nothing, and every rate is one, or infinite.
NOTHING = (
    *("side_time", "expert_side_time", "kernel_time", "layer_time", "expert_layer_time"),
    *("norm_bytes", "rotary_bytes", "activation_bytes", "permute_bytes", "quantise_bytes"),
    *("logit_traffic", "score_bytes", "optimizer_traffic", "gradient_traffic", "step_overhead"),
    *("straggler_growth", "half_expert_width", "tile_padding", "deduplicated"),
    *("attention_ramp", "attention_fill", "attention_head_size", "context_hidden"),
    *("expert_hidden", "data_hidden", "scale_up_latency", "network_latency", "expert_latency"),
)
ONE = (
    *("matmul_rate", "head_rate", "attention_rate", "memory_rate", "odd_head_share"),
    *("fused_attention", "expert_imbalance", "unfused_mlp", "sink_attention"),
    *("memory_backward", "launch_backward", "selective_share"),
    *("tensor_exposed", "context_exposed", "pipeline_exposed", "expert_exposed"),
    *("data_exposed", "shard_exposed"),
)
INFINITE = ("scale_up_rate", "network_rate", "expert_link_rate", "expert_network_rate")
# Times, overheads and traffic that a real device has, so that no part of a step is nothing.
SOME = {
    **dict.fromkeys(NOTHING, 0.5),
    "matmul_rate": 1e12,
    "head_rate": 1e12,
    "attention_rate": 1e12,
    "memory_rate": 1e12,
    **dict.fromkeys(INFINITE, 1e11),
    **dict.fromkeys(("side_time", "expert_side_time"), 1e-12),
    **dict.fromkeys(("scale_up_latency", "network_latency", "expert_latency"), 1e-5),
    **dict.fromkeys(("kernel_time", "layer_time", "expert_layer_time"), 1e-5),
    **dict.fromkeys(("attention_ramp", "half_expert_width"), 300.0),
    "attention_fill": 1e4,
    "deduplicated": 1.0,
    "step_overhead": 0.01,
    "straggler_growth": 0.005,
}


def ideal_rates(*, seconds: bool = False, **given: float) -> dict[str, float]:
    """Rates of a device without any overhead, 1 FLOP/s; with `seconds` plausible ones of it all."""
    columns = {
        **dict.fromkeys(NOTHING, 0.0),
        **dict.fromkeys(ONE, 1.0),
        **dict.fromkeys(INFINITE, float("inf")),
        "attention_backward": 2.0,
        "gradient_reduce_bytes": 4.0,
        "gather_bytes": 2.0,
        "scale_up_domain": 8.0,
        "num_gpus": 1.0,
    }
    return columns | (SOME if seconds else {}) | given


def layout_columns(**given: Any) -> dict[str, Any]:
    """Columns of a layout: one device and one sequence of 4,096 tokens where not said."""
    ones = (
        *("tensor_parallel", "pipeline_parallel", "virtual_stages", "data_parallel"),
        *("context_parallel", "expert_parallel", "expert_tensor_parallel"),
        *("micro_batch_size", "global_batch_size"),
    )
    zeros = ("zero_stage", "sequence_parallel", "recompute_selective", "recompute_full", "schedule")
    columns = dict.fromkeys(ones, 1.0) | dict.fromkeys(zeros, 0.0) | {"seq_length": 4096.0} | given
    replicas = columns["data_parallel"] * columns["context_parallel"]
    return {"shard_group": replicas} | columns


def evaluated(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Times of a step [s] and bytes of a device, by name."""
    held = {f"{name}_memory": value for name, value in engine.memory(columns).items()}
    return {**engine.step(columns), **held}
