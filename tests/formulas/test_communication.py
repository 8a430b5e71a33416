"""Collectives: limits, traffic worked out by hand, and published bus bandwidths."""

from math import inf, log2

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.formulas import communication as comm
from llmcost.units import Q

MIB, GIB = 2.0**20, 2.0**30
MICRO = 1e-6
BYTES = st.floats(1.0, 1e11)
RATES = st.floats(1e9, 1e12)
LATENCIES = st.floats(0.0, 1e-3)
FACTORS = st.floats(1.0, 100.0)
SHARES = st.floats(0.0, 1.0)
GROUPS = st.tuples(st.sampled_from([1, 2, 4, 8]), st.sampled_from([1, 2, 3, 16, 100]))
EXACT = 1e-12


def hierarchical(message, ranks, in_domain, **others):
    settings = {
        "passes": 2.0,
        "latency": 0.0,
        "bandwidth": 450e9,
        "network_latency": 0.0,
        "network_bandwidth": 50e9,
        "pipelined_share": 1.0,
        **others,
    }
    return comm.hierarchical_time.kernel(
        message=message, ranks=ranks, ranks_in_domain=in_domain, **settings
    )


def all_to_all(message, ranks, in_domain, **others):
    settings = {
        "latency": 0.0,
        "bandwidth": 450e9,
        "network_latency": 0.0,
        "network_bandwidth": 50e9,
        "pipelined_share": 1.0,
        **others,
    }
    return comm.all_to_all_time.kernel(
        message=message, ranks=ranks, ranks_in_domain=in_domain, **settings
    )


def ring_exchange(message, ranks, in_domain, **others):
    settings = {
        "latency": 0.0,
        "bandwidth": 450e9,
        "network_latency": 0.0,
        "network_bandwidth": 50e9,
        **others,
    }
    return comm.ring_exchange_time.kernel(
        message=message, ranks=ranks, ranks_in_domain=in_domain, **settings
    )


def flat(message, traffic, ranks, latency, bandwidth):
    return comm.collective_time.kernel(
        message=message, traffic=traffic, ranks=ranks, latency=latency, bandwidth=bandwidth
    )


def ramp(message, ramp_latency, ramp_message):
    return comm.message_ramp.kernel(
        message=message, ramp_latency=ramp_latency, ramp_message=ramp_message
    )


def all_reduce_busbw(seconds, message, ranks):
    """Return GB/s as nccl-tests prints it."""
    return 2 * (ranks - 1) / ranks * message / seconds / 1e9


def test_traffic_of_eight_ranks():
    """nccl-tests: 2 x 7/8 and 7/8."""
    assert comm.all_reduce_traffic.kernel(ranks=8.0) == 1.75
    assert comm.gather_traffic.kernel(ranks=8.0) == 0.875


def test_traffic_of_one_rank_is_none():
    assert comm.all_reduce_traffic.kernel(ranks=1.0) == 0
    assert comm.gather_traffic.kernel(ranks=1.0) == 0


@pytest.mark.parametrize(
    ("ranks", "stride", "domain", "expected"),
    [
        (8, 1, 8, 8),  # tensor parallel 8 in a node of 8
        (64, 8, 8, 1),  # data parallel behind it: one rank a node
        (64, 2, 8, 4),  # behind tensor parallel 2: four a node
        (4, 1, 8, 4),  # smaller than the node
        (4, 16, 8, 1),  # further apart than the node
        (16, 8, 72, 8),  # nine would fit a rack of 72; two even halves are laid
        (9, 8, 72, 9),
        (1, 64, 8, 1),
    ],
)
def test_ranks_in_a_domain(ranks, stride, domain, expected):
    """Hand-counted, tensor parallel innermost."""
    assert comm.ranks_in_domain.kernel(ranks=ranks, stride=stride, domain=domain) == expected


@given(st.integers(1, 4096), st.integers(1, 512), st.sampled_from([1, 4, 8, 72]))
def test_a_domain_is_never_overfull(ranks, stride, domain):
    """No more ranks than fit at their stride, and a whole number of domains."""
    inside = comm.ranks_in_domain.kernel(ranks=ranks, stride=stride, domain=domain)

    assert 0 < inside <= max(domain // stride, 1)
    assert ranks / inside == pytest.approx(round(ranks / inside), rel=EXACT)


def test_all_reduce_over_nodes_by_hand():
    """16 ranks, 8 a node, 8 GB: 7 GB up and 7 down a link, 2 x 1/2 x 1 GB a port."""
    inside, across = 14e9 / 450e9, 1e9 / 50e9

    assert hierarchical(8e9, 16, 8) == pytest.approx(max(inside, across), rel=EXACT)
    assert hierarchical(8e9, 16, 8, pipelined_share=0.0) == pytest.approx(
        inside + across, rel=EXACT
    )


def test_a_group_uses_a_port_for_each_of_its_ranks():
    """Ports alone: with 8 ranks a node an eighth of the bytes is left to each."""
    alone = hierarchical(8e9, 8, 1, bandwidth=inf)
    together = hierarchical(8e9, 64, 8, bandwidth=inf)

    assert alone == pytest.approx(8 * together, rel=EXACT)


def test_all_to_all_over_nodes_by_hand():
    """64 ranks, 8 a node, 64 GB each: 7 GB by fast links, 56 GB by the port, at once or in turn."""
    assert all_to_all(64e9, 64, 8) == pytest.approx(56 / 50, rel=EXACT)
    assert all_to_all(64e9, 64, 8, pipelined_share=0.0) == pytest.approx(
        56 / 50 + 7 / 450, rel=EXACT
    )


def test_a_ring_goes_at_the_pace_of_its_slowest_link():
    """Three steps of 1 GB: by fast links, and through the port once a node is left."""
    assert ring_exchange(4e9, 4, 4) == pytest.approx(3 / 450, rel=EXACT)
    assert ring_exchange(4e9, 4, 2) == pytest.approx(3 / 50, rel=EXACT)


def test_point_to_point_by_hand():
    assert comm.point_to_point_time.kernel(
        message=1e9, latency=5 * MICRO, bandwidth=50e9
    ) == pytest.approx(0.02 + 5 * MICRO)


@given(BYTES, LATENCIES, LATENCIES)
def test_one_rank_takes_no_time(message, latency, network_latency):
    one = {"latency": latency, "network_latency": network_latency}

    assert flat(message, 0.0, 1, latency, 1e11) == 0
    assert hierarchical(message, 1, 1, **one) == 0
    assert all_to_all(message, 1, 1, **one) == 0
    assert ring_exchange(message, 1, 1, **one) == 0


@given(BYTES, GROUPS)
def test_infinite_links_without_latency_take_no_time(message, group):
    in_domain, domains = group
    ranks = in_domain * domains
    fast = {"bandwidth": inf, "network_bandwidth": inf}

    assert flat(message, comm.gather_traffic.kernel(ranks=ranks), ranks, 0.0, inf) == 0
    assert hierarchical(message, ranks, in_domain, **fast) == 0
    assert all_to_all(message, ranks, in_domain, **fast) == 0
    assert ring_exchange(message, ranks, in_domain, **fast) == 0


@given(BYTES, st.integers(1, 72), LATENCIES, RATES, SHARES)
def test_one_domain_equals_the_flat_collective(message, ranks, latency, bandwidth, pipelined_share):
    """The network's latency and bandwidth do not enter."""
    links = {
        "latency": latency,
        "bandwidth": bandwidth,
        "network_latency": 1.0,
        "pipelined_share": pipelined_share,
    }
    reduced = flat(message, comm.all_reduce_traffic.kernel(ranks=ranks), ranks, latency, bandwidth)
    gathered = flat(message, comm.gather_traffic.kernel(ranks=ranks), ranks, latency, bandwidth)

    assert hierarchical(message, ranks, ranks, **links) == pytest.approx(reduced, rel=EXACT)
    assert hierarchical(message, ranks, ranks, passes=1.0, **links) == pytest.approx(
        gathered, rel=EXACT
    )
    assert all_to_all(message, ranks, ranks, **links) == pytest.approx(gathered, rel=EXACT)


@pytest.mark.parametrize("collective", [hierarchical, all_to_all, ring_exchange])
@given(BYTES, GROUPS, RATES, RATES, st.tuples(FACTORS, FACTORS))
def test_a_faster_link_is_never_slower(collective, message, group, inside, across, factors):
    in_domain, domains = group
    slow = {"bandwidth": inside, "network_bandwidth": across}
    fast = {"bandwidth": inside * factors[0], "network_bandwidth": across * factors[1]}

    assert collective(message, in_domain * domains, in_domain, **fast) <= collective(
        message, in_domain * domains, in_domain, **slow
    )


@pytest.mark.parametrize("collective", [hierarchical, all_to_all, ring_exchange])
@given(BYTES, FACTORS, GROUPS, LATENCIES)
def test_a_larger_message_is_never_faster(collective, message, factor, group, latency):
    in_domain, domains = group
    seconds = [
        collective(each, in_domain * domains, in_domain, latency=latency + ramp(each, 1e-4, 1e7))
        for each in (message, message * factor)
    ]

    assert seconds[0] <= seconds[1]


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_latency_grows_with_ranks(ranks, more):
    """Or stays, for a tree, until the next level."""
    launch = {"latency": 10 * MICRO, "step_latency": MICRO}
    for latency in (comm.ring_latency, comm.tree_latency):
        assert latency.kernel(ranks=ranks, **launch) <= latency.kernel(ranks=ranks + more, **launch)


@pytest.mark.parametrize("ranks", [1, 2, 3, 4, 5, 8, 9, 1024, 1025, 16384])
def test_a_tree_has_a_level_for_each_doubling(ranks):
    """The ceiling of log2 n, up and down."""
    levels = comm.tree_latency.kernel(ranks=float(ranks), latency=0.0, step_latency=0.5)

    assert levels == np.ceil(log2(ranks))


def test_a_torus_uses_the_links_of_every_axis_it_spans():
    """v5p, 100 GB/s a link one way, 16 x 16 x 16: two links for each axis."""
    rates = comm.torus_bandwidth.kernel(
        ranks=np.array([16, 256, 4096]), side=16, axes=3, link_bandwidth=100e9
    )

    assert rates.tolist() == [200e9, 400e9, 600e9]


def test_all_gather_of_four_ironwood_chips():
    """Published 178.8 GB/s at 403 MB on 2 x 2 x 1; two links of 100 GB/s, about 0.9 reached."""
    rate = comm.torus_bandwidth.kernel(ranks=4, side=2, axes=3, link_bandwidth=100e9)

    assert rate * 0.9 == pytest.approx(178.8e9, rel=0.05)


# Bus bandwidth [GB/s] of all-reduce by message, as nccl-tests prints it. The constants are fitted
# to the rows of the same table: latency, bandwidth, latency and message of the ramp.
ONE_NODE = {
    "A100": (  # Azure AI-benchmarking-guide, ND A100 v4
        (30.0, 235e9, 267.0, 24e6),
        [(1e6, 36.22), (16e6, 109.22), (67e6, 166.63), (134e6, 174.18), (8e9, 231.58)],
    ),
    "H100": (  # Azure AI-benchmarking-guide, ND H100 v5
        (33.7, 476e9, 66.6, 24e6),
        [(16e6, 234.45), (67e6, 361.78), (134e6, 400.61), (268e6, 423.38), (8e9, 478.87)],
    ),
    "H200": (  # Bekman, ML Engineering, network benchmarks
        (37.6, 478.3e9, 64.2, 14e6),
        [
            (MIB, 39.93),
            (4 * MIB, 107.16),
            (16 * MIB, 219.89),
            (64 * MIB, 346.51),
            (256 * MIB, 436.15),
            (GIB, 463.58),
            (16 * GIB, 482.26),
        ],
    ),
    "B200": (  # Bekman, ML Engineering, network benchmarks
        (45.8, 809.3e9, 108.0, 39e6),
        [(MIB, 36.06), (16 * MIB, 254.96), (128 * MIB, 568.38), (GIB, 723.34), (16 * GIB, 845.67)],
    ),
    "A100, vTrain": (  # Bang et al. 2024 (vTrain), profiled all-reduce
        (70.0, 233e9, 0.0, 1.0),
        [(1e6, 20.0), (8e6, 109.0), (64e6, 203.0), (1e9, 229.0)],
    ),
}


@pytest.mark.parametrize("node", ONE_NODE)
def test_published_all_reduce_of_a_node_of_eight(node):
    """Empirical, within 14%: four constants, messages over four orders of magnitude."""
    (latency, bandwidth, ramp_latency, ramp_message), rows = ONE_NODE[node]
    for message, published in rows:
        begin = latency * MICRO + ramp(message, ramp_latency * MICRO, ramp_message)
        seconds = flat(message, 1.75, 8, begin, bandwidth)

        assert all_reduce_busbw(seconds, message, 8) == pytest.approx(published, rel=0.14)


# NCCL tables of aiconfigurator-core: fitted latency [us] and bandwidth, GB/s at 64 MB and 512 MiB.
FITTED = [
    (2, 27, 194e9, 197, 222),  # A100: all-reduce, all-gather, reduce-scatter, all-to-all
    (1, 21, 175e9, 167, 205),
    (1, 18, 181e9, 179, 213),
    (1, 16, 174e9, 169, 203),
    (2, 20, 380e9, 362, 445),  # H100
    (1, 14, 297e9, 282, 335),
    (1, 12, 303e9, 293, 336),
    (1, 11, 281e9, 265, 315),
    (2, 21, 393e9, 367, 460),  # H200
    (1, 14, 302e9, 285, 337),
    (1, 12, 306e9, 295, 337),
    (1, 11, 282e9, 268, 311),
    (2, 29, 591e9, 422, 704),  # B200
    (1, 20, 548e9, 427, 617),
    (1, 19, 546e9, 431, 613),
    (1, 15, 497e9, 423, 563),
]


@pytest.mark.parametrize(("passes", "latency", "bandwidth", "middle", "large"), FITTED)
def test_fitted_constants_give_the_measured_bandwidth(passes, latency, bandwidth, middle, large):
    """Empirical, within 22%: without a ramp the fit lies between middle and large messages."""
    for message, measured in [(64e6, middle), (512 * MIB, large)]:
        seconds = hierarchical(
            message, 8, 8, passes=float(passes), latency=latency * MICRO, bandwidth=bandwidth
        )

        assert passes * 0.875 * message / seconds / 1e9 == pytest.approx(measured, rel=0.22)


# The same over nodes: ranks, ranks a domain, fast link, port, launch [us], a step of the ring [us].
OVER_NODES = {
    "16 A100, 6.25 GB/s a GPU": (  # AWS awsome-distributed-training, p4de
        (16, 8, 235e9, 0.86 * 6.25e9, 222.0, 0.0, 1016.0, 16e6),
        [(MIB, 6.35), (8 * MIB, 20.62), (64 * MIB, 47.58), (256 * MIB, 69.89), (2 * GIB, 78.33)],
    ),
    "16 H100, 50 GB/s a GPU": (  # AWS awsome-distributed-training, p5
        (16, 8, 476e9, 0.9 * 50e9, 110.0, 0.0, 370.0, 40e6),
        [(MIB, 15.95), (8 * MIB, 76.8), (64 * MIB, 209.19), (GIB, 436.95), (16 * GIB, 487.09)],
    ),
    "64 H100, 50 GB/s a GPU": (  # CoreWeave nccl-tests, h100-64-sharp
        (64, 8, 476e9, 0.86 * 50e9, 240.0, 0.0, 0.0, 1.0),
        [(GIB / 2, 356.6), (2 * GIB, 379.4), (8 * GIB, 385.56)],
    ),
    "72 GB200": (  # CoreWeave nccl-tests, one rack
        (72, 72, 858e9, 45e9, 400.0, 3.1, 0.0, 1.0),
        [(GIB / 2, 576.74), (GIB, 724.06), (4 * GIB, 835.32), (8 * GIB, 846.82)],
    ),
    "144 GB200": (  # CoreWeave nccl-tests, two racks
        (144, 72, 858e9, 45e9, 400.0, 3.1, 0.0, 1.0),
        [(GIB / 2, 508.83), (GIB, 597.59), (4 * GIB, 745.36), (16 * GIB, 820.36)],
    ),
    "1440 GB200": (  # CoreWeave nccl-tests, twenty racks: few of the ports are used
        (1440, 72, 858e9, 5.7e9, 400.0, 3.1, 0.0, 1.0),
        [(GIB / 2, 150.16), (GIB, 218.54), (4 * GIB, 343.71), (16 * GIB, 404.77)],
    ),
}


@pytest.mark.parametrize("cluster", OVER_NODES)
def test_published_all_reduce_over_nodes(cluster):
    """Empirical, within 9%; the three groups of GB200 share their launch, step and fast link."""
    (ranks, in_domain, bandwidth, port, launch, step, ramp_latency, ramp_message), rows = (
        OVER_NODES[cluster]
    )
    for message, published in rows:
        latency = comm.ring_latency.kernel(
            ranks=ranks, latency=launch * MICRO, step_latency=step * MICRO
        )
        seconds = hierarchical(
            message,
            ranks,
            in_domain,
            latency=latency + ramp(message, ramp_latency * MICRO, ramp_message),
            bandwidth=bandwidth,
            network_bandwidth=port,
        )

        assert all_reduce_busbw(seconds, message, ranks) == pytest.approx(published, rel=0.09)


def test_the_face_equals_the_kernel():
    """8 GB over 450 GB/s by 8 ranks: 14/450 s, and 20 us."""
    time = comm.collective_time(
        message=Q("8 GB"), traffic=1.75, ranks=8, latency=Q("20 us"), bandwidth=Q("450 GB/s")
    )

    assert time.to("s").magnitude == pytest.approx(14 / 450 + 20 * MICRO, rel=EXACT)
