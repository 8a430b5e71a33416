"""Exchanges of a step by hand: what goes where, inside a node and across."""

import numpy as np
import pytest

from llmcost.engine import exchanges
from tests.step_columns import ideal_rates, layout_columns

# 2 MB of hidden states: 1,000 tokens of 1,000 elements in 16 bit. Links pass 1 GB/s inside a domain
# of 8 and 0.1 GB/s across, after 1 ms and 10 ms.
TOKENS, HIDDEN, MESSAGE = 1000.0, 1000.0, 2e6
LINK, NETWORK, LATENCY, NETWORK_LATENCY = 1e9, 1e8, 1e-3, 1e-2


def columns(**given):
    rated = {
        "scale_up_rate": LINK,
        "network_rate": NETWORK,
        "scale_up_latency": LATENCY,
        "network_latency": NETWORK_LATENCY,
        "expert_link_rate": LINK,
        "expert_network_rate": NETWORK,
        "expert_latency": LATENCY,
        "hidden": HIDDEN,
        "num_layers": 3.0,
        "expert_layers": 0.0,
        "chosen_experts": 0.0,
        "kv_width": 3 * 500.0,
    }
    return {**ideal_rates(**rated), **layout_columns(), **given}


def gather(ranks, stride=1.0, message=MESSAGE, **given):
    return float(exchanges.gather_time(columns(**given), message, ranks, stride))


def test_one_rank_gathers_in_no_time():
    assert gather(1.0) == 0
    assert gather(1.0, stride=64.0) == 0


def test_a_gather_inside_a_domain():
    """Each of 8 ranks receives seven eighths of 2 MB."""
    assert gather(8.0) == pytest.approx(LATENCY + 7 / 8 * MESSAGE / LINK, rel=1e-12)


def test_a_gather_of_ranks_in_nodes_of_their_own():
    """4 ranks 8 devices apart: three quarters through each NIC, two doublings of nodes."""
    expected = 2 * NETWORK_LATENCY + 3 / 4 * MESSAGE / NETWORK

    assert gather(4.0, stride=8.0) == pytest.approx(expected, rel=1e-12)


def test_a_gather_over_two_levels_takes_the_longer():
    """16 ranks in 2 nodes: half of an eighth of the message through each NIC, and both waits."""
    inside, across = 7 / 8 * MESSAGE / LINK, (1 / 8 - 1 / 16) * MESSAGE / NETWORK
    waits = LATENCY + NETWORK_LATENCY

    assert gather(16.0) == pytest.approx(waits + max(inside, across), rel=1e-12)


def test_a_message_in_pieces_waits_for_each():
    whole = gather(16.0)
    pieces = float(exchanges.gather_time(columns(), MESSAGE, 16.0, 1.0, 5.0))

    assert pieces - whole == pytest.approx(4 * (LATENCY + NETWORK_LATENCY), rel=1e-9)


def test_tensor_parallelism_gathers_and_scatters_twice_a_layer():
    """Korthikanti et al. 2022, section 4.2.2: 4 collectives a layer forward, 3 layers."""
    c = columns(tensor_parallel=8.0)

    assert exchanges.tensor_exchange(c, TOKENS) == pytest.approx(12 * gather(8.0), rel=1e-12)


def test_blocks_of_whole_experts_have_no_tensor_exchange():
    """2 of 3 layers hold experts: 3 attention blocks and 1 MLP are left, and all 6 where experts
    are split."""
    routed = {"tensor_parallel": 8.0, "expert_layers": 2.0}
    split = {**routed, "expert_tensor_parallel": 8.0}

    assert exchanges.tensor_exchange(columns(**routed), TOKENS) == pytest.approx(8 * gather(8.0))
    assert exchanges.tensor_exchange(columns(**split), TOKENS) == pytest.approx(12 * gather(8.0))


def test_tensor_exchange_is_seen_in_whole_beyond_a_domain():
    ranks = np.array([1.0, 8.0, 9.0, 16.0])
    c = columns(tensor_parallel=ranks, tensor_exposed=0.3)

    assert exchanges.tensor_exposed(c).tolist() == [0.3, 0.3, 1.0, 1.0]


def test_context_parallelism_gathers_keys_and_values_once_a_layer():
    """4 ranks of 1,000 tokens each and 500 elements a layer and token, halved by TP 2: 2 MB a
    layer."""
    c = columns(context_parallel=4.0, tensor_parallel=2.0)
    expected = 3 * (LATENCY + 3 / 4 * 2 * 4000 * 250 / LINK)

    assert exchanges.context_exchange(c, TOKENS, 0.5) == pytest.approx(expected, rel=1e-12)


def context(kind, **given):
    """4 ranks of 1,000 tokens; 500 elements of keys and values a layer, 700 of queries and outputs,
    halved by TP 2."""
    layout = {"context_parallel": 4.0, "tensor_parallel": 2.0, **given}
    widths = {"attention_width": np.array([[3 * 400.0], [3 * 300.0]])}
    c = columns(context_kind=kind, **widths, **layout)
    return float(np.squeeze(exchanges.context_exchange(c, TOKENS, 0.5)))


def test_a_ring_waits_for_every_hop():
    """Liu et al. 2023: 3 hops of 0.5 MB (1,000 tokens, 250 elements) in each of 3 layers."""
    hop = LATENCY + 2 * 1000 * 250 / LINK

    assert context(exchanges.RING) == pytest.approx(3 * 3 * hop, rel=1e-12)


def test_a_ring_across_nodes_goes_at_the_pace_of_the_network():
    """8 ranks 2 devices apart: 4 in each of 2 nodes, 7 hops."""
    hop = NETWORK_LATENCY + 2 * 1000 * 250 / NETWORK

    assert context(exchanges.RING, context_parallel=8.0) == pytest.approx(3 * 7 * hop, rel=1e-12)


def test_all_to_all_exchanges_queries_keys_values_and_outputs():
    """Jacobs et al. 2023: three quarters of 1.2 MB (1,000 tokens, 600 elements) in each of 3
    layers, before attention and behind it."""
    layer = 2 * LATENCY + 3 / 4 * 2 * 1000 * 600 / LINK

    assert context(exchanges.ALL_TO_ALL) == pytest.approx(3 * layer, rel=1e-12)


def test_all_to_all_across_nodes():
    """8 ranks, 4 in each of 2 nodes: half of 1.2 MB crosses, at both latencies."""
    layer = 2 * (LATENCY + NETWORK_LATENCY) + 1 / 2 * 2 * 1000 * 600 / NETWORK

    assert context(exchanges.ALL_TO_ALL, context_parallel=8.0) == pytest.approx(
        3 * layer, rel=1e-12
    )


@pytest.mark.parametrize("kind", [exchanges.ALL_GATHER, exchanges.RING, exchanges.ALL_TO_ALL])
def test_one_rank_of_context_exchanges_nothing(kind):
    assert context(kind, context_parallel=1.0) == 0


@pytest.mark.parametrize("kind", [exchanges.ALL_GATHER, exchanges.RING, exchanges.ALL_TO_ALL])
@pytest.mark.parametrize("link", ["scale_up_rate", "network_rate"])
@pytest.mark.parametrize("ranks", [2.0, 4.0, 6.0, 32.0])
def test_context_exchange_is_no_slower_over_faster_links(kind, link, ranks):
    times = [context(kind, context_parallel=ranks, **{link: rate}) for rate in (1e7, 1e8, 1e9)]

    assert times == sorted(times, reverse=True)


def test_kinds_of_context_exchange_side_by_side():
    """One row a kind is what each kind is alone; without the column keys and values are
    gathered."""
    kinds = np.array([exchanges.ALL_GATHER, exchanges.RING, exchanges.ALL_TO_ALL])
    widths = {"attention_width": np.array([[3 * 400.0], [3 * 300.0]])}
    c = columns(context_parallel=4.0, tensor_parallel=2.0, **widths)
    together = exchanges.context_exchange({**c, "context_kind": kinds}, TOKENS, 0.5)

    assert together.tolist() == [context(kind) for kind in kinds]
    assert float(exchanges.context_exchange(c, TOKENS, 0.5)) == together[0]


def test_all_to_all_moves_as_much_backward_as_forward():
    """Gathers and rings also move the gradients of keys and values."""
    kinds = np.array([exchanges.ALL_GATHER, exchanges.RING, exchanges.ALL_TO_ALL])

    assert exchanges.context_backward({"context_kind": kinds}).tolist() == [2.0, 2.0, 1.0]
    assert exchanges.context_backward({}) == 2.0


def expert(**given):
    c = columns(expert_layers=1.0, chosen_experts=2.0, **given)
    return float(exchanges.expert_exchange(c, 2 * TOKENS))


def test_one_rank_of_experts_exchanges_nothing():
    assert expert(expert_parallel=1.0) == 0
    assert expert(expert_parallel=1.0, deduplicated=1.0) == 0


def test_experts_inside_a_domain():
    """There and back: seven eighths of two copies a token."""
    expected = 2 * (LATENCY + 7 / 8 * 2 * MESSAGE / LINK)

    assert expert(expert_parallel=8.0) == pytest.approx(expected, rel=1e-12)


def test_experts_across_nodes_by_plain_all_to_all():
    """16 ranks in 2 nodes: half of the copies cross; the other 7 of 16 stay inside."""
    across, within = 1 / 2 * 2 * MESSAGE / NETWORK, 7 / 16 * 2 * MESSAGE / LINK
    expected = 2 * (max(across, within) + LATENCY + NETWORK_LATENCY)

    assert expert(expert_parallel=16.0) == pytest.approx(expected, rel=1e-12)


def test_experts_across_nodes_with_one_copy_a_node():
    """2 draws of 2 nodes meet 1.5 on average: 1.5 of 2 copies, half of them away."""
    across = 1 / 2 * 1.5 * MESSAGE / NETWORK
    expected = 2 * (across + LATENCY + NETWORK_LATENCY)

    assert expert(expert_parallel=16.0, deduplicated=1.0) == pytest.approx(expected, rel=1e-12)
    assert expert(expert_parallel=16.0, deduplicated=1.0) < expert(expert_parallel=16.0)


@pytest.mark.parametrize(
    ("data_parallel", "expected"),
    [(1.0, LATENCY + MESSAGE / LINK), (8.0, NETWORK_LATENCY + MESSAGE / NETWORK)],
)
def test_stages_next_to_each_other_use_the_link_between_them(data_parallel, expected):
    """Stages are tensor x context x data parallel devices apart: 1, or a node of 8."""
    c = columns(data_parallel=data_parallel, pipeline_parallel=2.0)

    assert exchanges.transfer_time(c, TOKENS, 1.0) == pytest.approx(expected, rel=1e-12)


def test_sequence_parallelism_splits_what_stages_pass_on():
    c = columns(tensor_parallel=4.0, pipeline_parallel=2.0)

    assert exchanges.transfer_time(c, TOKENS, 0.25) == pytest.approx(
        LATENCY + MESSAGE / 4 / LINK, rel=1e-12
    )
