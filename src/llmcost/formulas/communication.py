"""Time of collective and point-to-point messages, from latency, bandwidth and traffic.

A message costs `latency + traffic / bandwidth`, where the traffic of a collective is what each rank
has to pass through its link. Bandwidths are those reached, one way, of one device; a message is
the whole buffer of one rank as NCCL counts it: what is reduced, or what has been gathered.

A group is laid over domains of fast links (the devices of a node, or of a rack) that are joined by
one network port a device. Every rank uses its own port, so a group with more ranks in a domain has
more ports, and groups that share a node do not share ports.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from llmcost.units import unit_checked


@unit_checked("", ranks="", stride="", domain="")
def ranks_in_domain(*, ranks: Any, stride: Any, domain: Any) -> Any:  # noqa: ANN401
    """Return how many ranks of a group lie in one domain of fast links, on average.

    Ranks of a group are `stride` devices apart: 1 for tensor parallel, and for each further degree
    the product of those inside it (tensor, context, data, then pipeline outermost; expert parallel
    inside data x context). Assumes that groups begin where domains do.

    Source: Megatron-LM's default order of ranks, tp-cp-ep-dp-pp, which keeps tensor parallelism in
    a node as Narayanan et al. 2021 (arXiv 2104.04473), takeaway 1, advise.
    """
    most = np.maximum(np.floor(domain / stride), 1.0)
    return ranks / np.ceil(ranks / most)


@unit_checked("", ranks="")
def all_reduce_traffic(*, ranks: Any) -> Any:  # noqa: ANN401
    """Return what a rank sends in an all-reduce, as a share of the message.

    Source: nccl-tests, doc/PERFORMANCE.md, bus bandwidth: 2 (n - 1) / n.
    """
    return 2.0 * (ranks - 1.0) / ranks


@unit_checked("", ranks="")
def gather_traffic(*, ranks: Any) -> Any:  # noqa: ANN401
    """Return what a rank sends in an all-gather, reduce-scatter or all-to-all, as a share.

    Source: nccl-tests, doc/PERFORMANCE.md, bus bandwidth: (n - 1) / n.
    """
    return (ranks - 1.0) / ranks


@unit_checked("s", ranks="", latency="s", step_latency="s")
def ring_latency(*, ranks: Any, latency: Any, step_latency: Any) -> Any:  # noqa: ANN401
    """Return the latency of a ring [s]: a launch, and a step for each rank but one.

    Rings carry gathers and scatters, and reductions of large messages.

    Source: Thakur et al. 2005 (doi 10.1177/1094342005051521), section 4.1.
    """
    return latency + step_latency * (ranks - 1.0)


@unit_checked("s", ranks="", latency="s", step_latency="s")
def tree_latency(*, ranks: Any, latency: Any, step_latency: Any) -> Any:  # noqa: ANN401
    """Return the latency of a binary tree [s]: a launch, and a step for each level, up and down.

    Source: Sanders et al. 2009 (doi 10.1016/j.parco.2009.09.001), the double binary trees that
    NCCL uses for reductions of short messages since version 2.4.
    """
    return latency + 2.0 * step_latency * np.frexp(np.maximum(np.ceil(ranks), 1.0) - 1.0)[1]


@unit_checked("s", message="byte", ramp_latency="s", ramp_message="byte")
def message_ramp(*, message: Any, ramp_latency: Any, ramp_message: Any) -> Any:  # noqa: ANN401
    """Return the time a message loses before its channels are full [s], to be added to latency.

    Grows from 0 to `ramp_latency`; half of it at `ramp_message`. Bus bandwidth keeps on rising to
    messages of a gigabyte, which latency alone does not describe: over 1 MB to 16 GB it leaves
    errors of 7 to 13% on average, and with a ramp 1 to 3%.

    Source: the form of a fit made here to nccl-tests results of nodes of 8 A100, H100, H200 and
    B200 (Azure AI-benchmarking-guide; Bekman, ML Engineering, network benchmarks).
    """
    return ramp_latency * message / (message + ramp_message)


@unit_checked("s", message="byte", traffic="", ranks="", latency="s", bandwidth="byte/s")
def collective_time(
    *,
    message: Any,  # noqa: ANN401
    traffic: Any,  # noqa: ANN401
    ranks: Any,  # noqa: ANN401
    latency: Any,  # noqa: ANN401
    bandwidth: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the time of a collective over links of one kind [s]; 0 for a single rank.

    Source: the latency-bandwidth model, Thakur et al. 2005 (doi 10.1177/1094342005051521),
    section 3, with the traffic factors of nccl-tests.
    """
    return np.where(ranks > 1, latency + message * traffic / bandwidth, 0.0)


@unit_checked("s", message="byte", latency="s", bandwidth="byte/s")
def point_to_point_time(*, message: Any, latency: Any, bandwidth: Any) -> Any:  # noqa: ANN401
    """Return the time of one message from one rank to another [s].

    Source: the latency-bandwidth model, Thakur et al. 2005 (doi 10.1177/1094342005051521),
    section 3.
    """
    return latency + message / bandwidth


@unit_checked(
    "s",
    message="byte",
    passes="",
    ranks="",
    ranks_in_domain="",
    latency="s",
    bandwidth="byte/s",
    network_latency="s",
    network_bandwidth="byte/s",
    pipelined_share="",
)
def hierarchical_time(
    *,
    message: Any,  # noqa: ANN401
    passes: Any,  # noqa: ANN401
    ranks: Any,  # noqa: ANN401
    ranks_in_domain: Any,  # noqa: ANN401
    latency: Any,  # noqa: ANN401
    bandwidth: Any,  # noqa: ANN401
    network_latency: Any,  # noqa: ANN401
    network_bandwidth: Any,  # noqa: ANN401
    pipelined_share: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the time of an all-reduce (2 `passes`), all-gather or reduce-scatter (1) [s].

    With r ranks in each of d domains, each rank passes (d - 1)/d of its r-th part of the message
    through its own network port, and (r - 1)/r of the message through fast links. `pipelined_share`
    of the shorter part is hidden behind the longer: 0 one after the other, 1 all of it. The
    latencies are those of the whole collective in a domain, and among domains. Assumes that every
    port is used: 20 racks of 72 GB200 reach a ninth of that (CoreWeave nccl-tests, 1,440 ranks).

    Source: the two-level rings of Cho et al. 2019 (BlueConnect, MLSys 2019), section 3; the same
    traffic through ports as a flat ring with one channel a port.
    """
    part = 1.0 / ranks_in_domain
    inside = (passes / bandwidth) * message * (1.0 - part)
    across = (passes / network_bandwidth) * message * (part - 1.0 / ranks)
    return _two_levels(
        inside, across, ranks, ranks_in_domain, latency, network_latency, pipelined_share
    )


@unit_checked(
    "s",
    message="byte",
    ranks="",
    ranks_in_domain="",
    latency="s",
    bandwidth="byte/s",
    network_latency="s",
    network_bandwidth="byte/s",
    pipelined_share="",
)
def all_to_all_time(
    *,
    message: Any,  # noqa: ANN401
    ranks: Any,  # noqa: ANN401
    ranks_in_domain: Any,  # noqa: ANN401
    latency: Any,  # noqa: ANN401
    bandwidth: Any,  # noqa: ANN401
    network_latency: Any,  # noqa: ANN401
    network_bandwidth: Any,  # noqa: ANN401
    pipelined_share: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the time of an all-to-all in which each rank sends a whole `message` [s].

    Of n ranks, r of them in its domain, a rank sends (r - 1)/n through fast links and (n - r)/n
    through its own network port. Loads are even; a fuller expert makes the message larger.

    Source: nccl-tests, doc/PERFORMANCE.md (all-to-all), parted by the link that carries it.
    """
    inside = (ranks_in_domain - 1.0) / ranks * message / bandwidth
    across = (ranks - ranks_in_domain) / ranks * message / network_bandwidth
    return _two_levels(
        inside, across, ranks, ranks_in_domain, latency, network_latency, pipelined_share
    )


@unit_checked(
    "s",
    message="byte",
    ranks="",
    ranks_in_domain="",
    latency="s",
    bandwidth="byte/s",
    network_latency="s",
    network_bandwidth="byte/s",
)
def ring_exchange_time(
    *,
    message: Any,  # noqa: ANN401
    ranks: Any,  # noqa: ANN401
    ranks_in_domain: Any,  # noqa: ANN401
    latency: Any,  # noqa: ANN401
    bandwidth: Any,  # noqa: ANN401
    network_latency: Any,  # noqa: ANN401
    network_bandwidth: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the time in which every rank's part of a message goes round a ring [s].

    Ring attention passes keys and values on n - 1 times, an n-th of `message` each; all ranks pass
    together, so the slowest link sets the pace.

    Source: Liu et al. 2023 (arXiv 2310.01889), section 3.
    """
    part = message / ranks
    step = latency + part / bandwidth
    network_step = network_latency + part / network_bandwidth
    leaves = ranks > ranks_in_domain
    return (ranks - 1.0) * np.where(leaves, np.maximum(step, network_step), step)


@unit_checked("byte/s", ranks="", side="", axes="", link_bandwidth="byte/s")
def torus_bandwidth(*, ranks: Any, side: Any, axes: Any, link_bandwidth: Any) -> Any:  # noqa: ANN401
    """Return the bandwidth one way of a chip in a group laid over a torus [byte/s].

    A group fills whole rows, then planes, then the cube: it uses the links of as many of the
    `axes` as it spans, two an axis where `side` chips close a ring, one where only two face each
    other. Meant as the `bandwidth` of a single domain.

    Source: Austin et al. 2025, How to Scale Your Model, chapters 2 and 3.
    """
    spanned = np.minimum(1.0 + (ranks > side) + (ranks > side * side), axes)
    return spanned * np.where(np.minimum(side, ranks) > 2, 2.0, 1.0) * link_bandwidth


def _two_levels(
    inside: Any,  # noqa: ANN401
    across: Any,  # noqa: ANN401
    ranks: Any,  # noqa: ANN401
    ranks_in_domain: Any,  # noqa: ANN401
    latency: Any,  # noqa: ANN401
    network_latency: Any,  # noqa: ANN401
    pipelined_share: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    """Return the time of work inside domains and among them, the shorter partly hidden [s]."""
    waits = latency * (ranks_in_domain > 1) + network_latency * (ranks > ranks_in_domain)
    longer = waits + np.maximum(inside, across)
    if np.ndim(pipelined_share) == 0 and pipelined_share == 1.0:
        return longer
    return longer + (1.0 - pipelined_share) * np.minimum(inside, across)
