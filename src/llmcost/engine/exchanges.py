"""What devices exchange in a step: sizes and times, before any of it is hidden.

Ranks lie in the order of Megatron-LM: tensor parallel innermost, then context, then data, and the
pipeline outermost; experts spread over neighbours of the same tensor-parallel rank, or over all
devices of the stage where experts are not split themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from llmcost.formulas import communication

ACTIVATION_BYTES = 2.0
# Values of `context_kind`; where the column is absent, keys and values are gathered.
ALL_GATHER, RING, ALL_TO_ALL = 0.0, 1.0, 2.0


def none_of(column: Any) -> bool:  # noqa: ANN401
    """Return whether a column is 0 in all rows, as far as one number tells: work to be spared."""
    return np.ndim(column) == 0 and bool(column == 0.0)


def tensor_exchange(c: Mapping[str, Any], tokens: Any) -> Any:  # noqa: ANN401
    """Return the forward time of tensor parallelism in all layers [s].

    Two gathers and two scatters of the hidden state a layer (or two all-reduces, as long); a block
    of experts that are not split themselves has none.

    Source: Korthikanti et al. 2022 (arXiv 2205.05198), section 4.2.2.
    """
    blocks = 2.0 * c["num_layers"] - c["expert_layers"] * (c["expert_tensor_parallel"] <= 1.0)
    message = ACTIVATION_BYTES * tokens * c["hidden"]
    return 2.0 * blocks * gather_time(c, message, c["tensor_parallel"], 1.0)


def tensor_exposed(c: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return the share of tensor-parallel exchange that is seen: all of it across nodes.

    Products overlap with exchanges by writing to each other's memory, inside one domain.

    Source: Transformer Engine, user buffers for tensor parallelism (NVIDIA, documentation of
    `initialize_ub`), which need NVLink between all ranks.
    """
    return np.where(c["tensor_parallel"] <= c["scale_up_domain"], c["tensor_exposed"], 1.0)


def context_exchange(c: Mapping[str, Any], tokens: Any, tensor: Any) -> Any:  # noqa: ANN401
    """Return the forward time of exchanges of context parallelism in all layers [s].

    Keys and values are gathered, go round a ring, or change places by all-to-all with queries and
    outputs, as `context_kind` tells.

    Source: Llama Team 2024 (arXiv 2407.21783), section 3.3.2, for the gather; for the others see
    `ring_exchange` and `all_to_all_exchange`.
    """
    ranks, kind = c["context_parallel"], c.get("context_kind", ALL_GATHER)
    message = ACTIVATION_BYTES * tokens * ranks * c["kv_width"] * tensor
    gathered = gather_time(c, message, ranks, c["tensor_parallel"], c["num_layers"])
    if none_of(kind):
        return gathered
    others = [ring_exchange(c, message), all_to_all_exchange(c, tokens, tensor)]
    return np.select([kind == RING, kind == ALL_TO_ALL], others, gathered)


def ring_exchange(c: Mapping[str, Any], message: Any) -> Any:  # noqa: ANN401
    """Return the time in which keys and values, `message` in all, go round in all layers [s].

    Each hop passes on those of one rank, and waits for the latency in every layer.

    Source: Liu et al. 2023 (arXiv 2310.01889), section 3.
    """
    return communication.ring_exchange_time.kernel(
        message=message,
        ranks=c["context_parallel"],
        ranks_in_domain=_context_ranks_in_domain(c),
        latency=c["scale_up_latency"] * c["num_layers"],
        bandwidth=c["scale_up_rate"],
        network_latency=c["network_latency"] * c["num_layers"],
        network_bandwidth=c["network_rate"],
    )


def all_to_all_exchange(c: Mapping[str, Any], tokens: Any, tensor: Any) -> Any:  # noqa: ANN401
    """Return the time to part heads and not tokens for attention, and back, in all layers [s].

    Queries, keys and values go in one exchange before attention, outputs in one behind it. Ranks
    beyond the number of key and value heads would hold copies, which are not counted.

    Source: Jacobs et al. 2023 (arXiv 2309.14509), section 3.2.
    """
    width = c["kv_width"] + c["attention_width"].sum(axis=0)
    times = 2.0 * c["num_layers"]
    return communication.all_to_all_time.kernel(
        message=ACTIVATION_BYTES * tokens * width * tensor,
        ranks=c["context_parallel"],
        ranks_in_domain=_context_ranks_in_domain(c),
        latency=c["scale_up_latency"] * times,
        bandwidth=c["scale_up_rate"],
        network_latency=c["network_latency"] * times,
        network_bandwidth=c["network_rate"],
        pipelined_share=1.0,
    )


def context_backward(c: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Return the backward exchange of context parallelism as a multiple of the forward one.

    A gather or a ring moves keys and values again, and their gradients; all-to-all moves only the
    gradients of what it moved forward.
    """
    kind = c.get("context_kind", ALL_GATHER)
    return 2.0 if none_of(kind) else np.where(kind == ALL_TO_ALL, 1.0, 2.0)


def _context_ranks_in_domain(c: Mapping[str, Any]) -> Any:  # noqa: ANN401
    return communication.ranks_in_domain.kernel(
        ranks=c["context_parallel"], stride=c["tensor_parallel"], domain=c["scale_up_domain"]
    )


def expert_exchange(c: Mapping[str, Any], routed: Any) -> Any:  # noqa: ANN401
    """Return the forward time of sending tokens to experts and back in all layers [s].

    Where copies for one node travel once (`deduplicated`), a token crosses the network to the
    nodes that hold its experts, of d nodes d (1 - (1 - 1/d)^k) on average, and spreads inside.

    Source: DeepSeek-V3 (arXiv 2412.19437), section 3.2.2; the mean of distinct nodes is that of k
    independent draws.
    """
    if none_of(c["expert_layers"]):
        return 0.0
    ranks, chosen = c["expert_parallel"], np.maximum(c["chosen_experts"], 1.0)
    inside = communication.ranks_in_domain.kernel(
        ranks=ranks, stride=c["expert_tensor_parallel"], domain=c["scale_up_domain"]
    )
    nodes = ranks / inside
    once = c["deduplicated"]
    distinct = nodes * (1.0 - (1.0 - 1.0 / nodes) ** chosen)
    crossing = once * np.minimum(distinct / chosen, 1.0) + (1.0 - once)
    message = ACTIVATION_BYTES * routed * c["hidden"]
    across = (1.0 - 1.0 / nodes) * crossing * message / c["expert_network_rate"]
    spread = once * (ranks - 1.0) / ranks + (1.0 - once) * (inside - 1.0) / ranks
    within = (inside > 1.0) * spread * message / c["expert_link_rate"]
    wait = c["expert_latency"] + (nodes > 1.0) * c["network_latency"]
    one = np.where(ranks > 1.0, np.maximum(within, across) + wait, 0.0)
    return 2.0 * c["expert_layers"] * one


def gather_time(
    c: Mapping[str, Any],
    message: Any,  # noqa: ANN401
    ranks: Any,  # noqa: ANN401
    stride: Any,  # noqa: ANN401
    times: Any = 1.0,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the time to gather or reduce-scatter `message` bytes over ranks a stride apart [s].

    `times` is in how many pieces the message goes: each waits for the latency once.
    """
    inside = communication.ranks_in_domain.kernel(
        ranks=ranks, stride=stride, domain=c["scale_up_domain"]
    )
    nodes = ranks / inside
    deep = np.frexp(np.maximum(nodes, 1.0))[1] - 1.0
    return communication.hierarchical_time.kernel(
        message=message,
        passes=1.0,
        ranks=ranks,
        ranks_in_domain=inside,
        latency=c["scale_up_latency"] * times,
        bandwidth=c["scale_up_rate"],
        network_latency=(c["network_latency"] * times) * deep,
        network_bandwidth=c["network_rate"],
        pipelined_share=1.0,
    )


def transfer_time(c: Mapping[str, Any], tokens: Any, sequence: Any) -> Any:  # noqa: ANN401
    """Return the time to pass one micro-batch's hidden state to the next stage [s]."""
    stride = c["tensor_parallel"] * c["context_parallel"] * c["data_parallel"]
    far = stride >= c["scale_up_domain"]
    message = ACTIVATION_BYTES * tokens * c["hidden"] * sequence
    return communication.point_to_point_time.kernel(
        message=message,
        latency=np.where(far, c["network_latency"], c["scale_up_latency"]),
        bandwidth=np.where(far, c["network_rate"], c["scale_up_rate"]),
    )
