"""Pipeline schedules: the closed formulas against simulation, published tables and limits."""

from dataclasses import replace
from math import ceil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.formulas import pipeline
from llmcost.units import Q
from tests.formulas import schedule_simulation as simulated

STAGES = st.integers(1, 32)
VIRTUAL = st.integers(1, 8)
MICRO_BATCHES = st.integers(1, 256)
SECONDS = st.floats(1e-3, 10.0)
TIMES = st.tuples(SECONDS, SECONDS, SECONDS)
EXACT = 1e-12


def bubble(
    stages,
    micro_batches,
    *,
    schedule=0,
    virtual_stages=1,
    times=(1.0, 1.0, 1.0),
    mean=None,
):
    names = ("forward", "backward_input", "backward_weight")
    return pipeline.bubble_time.kernel(
        schedule=schedule,
        pipeline_parallel=stages,
        virtual_stages=virtual_stages,
        micro_batches=micro_batches,
        **dict(zip(names, times, strict=True)),
        **{f"mean_{name}": each for name, each in zip(names, mean or times, strict=True)},
    )


def transfers(stages, micro_batches, *, virtual_stages=1, transfer=1.0, exposed_share=1.0):
    return pipeline.pipeline_transfer_time.kernel(
        pipeline_parallel=stages,
        virtual_stages=virtual_stages,
        micro_batches=micro_batches,
        transfer=transfer,
        exposed_share=exposed_share,
    )


def share_exposed(schedule, virtual_stages=1):
    return pipeline.exposed_transfer_share.kernel(schedule=schedule, virtual_stages=virtual_stages)


@pytest.mark.parametrize("stages", [1, 2, 3, 4, 8])
@pytest.mark.parametrize("micro_batches", [1, 2, 3, 7, 8, 9, 24])
def test_1f1b_and_gpipe_equal_the_simulation(stages, micro_batches):
    """Also where there are fewer micro-batches than stages."""
    chunks = simulated.chunks_of(stages, 1.0, 2.0)
    expected = simulated.run(simulated.gpipe(stages, micro_batches), chunks).whole

    order = simulated.one_forward_one_backward(stages, micro_batches)
    total = micro_batches * 3.0 + bubble(stages, micro_batches)

    assert simulated.run(order, chunks).whole == expected == total


@pytest.mark.parametrize("stages", [2, 4, 8])
@pytest.mark.parametrize("virtual_stages", [2, 3, 4])
@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_interleaved_equals_the_simulation_in_full_rounds(stages, virtual_stages, rounds):
    chunks = simulated.chunks_of(stages, 1.0, 2.0, virtual_stages=virtual_stages)
    order = simulated.interleaved(stages, virtual_stages, rounds * stages)

    expected = simulated.run(order, chunks).whole - rounds * stages * 3.0

    assert bubble(stages, rounds * stages, virtual_stages=virtual_stages) == pytest.approx(
        expected, rel=1e-9
    )


@pytest.mark.parametrize(("schedule", "depth"), [(1, 1), (2, 2)])
@pytest.mark.parametrize("times", [(1.0, 1.0, 1.0), (1.0, 1.2, 0.8), (1.0, 1.1, 0.5)])
@pytest.mark.parametrize("stages", [1, 2, 4, 6])
@pytest.mark.parametrize("micro_batches", [1, 2, 3, 4, 6, 11, 24])
def test_zero_bubble_equals_the_simulation(schedule, depth, times, stages, micro_batches):
    """By the time of the slowest device: a stage begins the next step when it is done."""
    order = simulated.zero_bubble(stages, micro_batches, depth)
    timeline = simulated.run(order, simulated.chunks_of(stages, *times))

    expected = timeline.longest_device - micro_batches * sum(times)

    assert bubble(stages, micro_batches, schedule=schedule, times=times) == pytest.approx(
        expected, abs=1e-9
    )


@pytest.mark.parametrize("stages", [2, 4, 8])
def test_h2_loses_the_first_forwards_where_devices_wait_for_each_other(stages):
    """The devices of a parallelogram of passes begin, and end, a forward pass apart."""
    order = simulated.zero_bubble(stages, 3 * stages, 2)
    timeline = simulated.run(order, simulated.chunks_of(stages, 1.0, 1.0, 1.0))

    assert timeline.whole - timeline.longest_device == stages - 1


@pytest.mark.parametrize(
    ("times", "tolerance"), [((1, 1, 1), 1e-12), ((1, 1.2, 0.8), 0.1), ((1, 1.1, 0.5), 0.1)]
)
@pytest.mark.parametrize("stages", [2, 4, 8])
@pytest.mark.parametrize("rounds", [2, 3, 6])
def test_dualpipe_is_near_the_simulation(times, tolerance, stages, rounds):
    """Exact for passes of one length; else the published formula is up to a tenth too long."""
    micro_batches = rounds * stages
    order = simulated.dualpipe(stages, micro_batches)
    timeline = simulated.run(order, simulated.dualpipe_chunks(stages, *times))

    expected = timeline.whole - micro_batches * sum(times)

    assert bubble(stages, micro_batches, schedule=3, times=times) == pytest.approx(
        expected, rel=tolerance, abs=1e-9
    )


def test_a_short_last_round_costs_its_empty_slots():
    """Fewer micro-batches than stages: each of the chunks but the last waits for the way round."""
    for stages, virtual_stages, micro_batches in [(4, 2, 3), (8, 4, 5), (2, 2, 1)]:
        chunks = simulated.chunks_of(stages, 1.0, 2.0, virtual_stages=virtual_stages)
        order = simulated.interleaved(stages, virtual_stages, micro_batches)
        expected = simulated.run(order, chunks).whole - 3.0 * micro_batches

        assert bubble(stages, micro_batches, virtual_stages=virtual_stages) == pytest.approx(
            expected, rel=1e-9
        )


@pytest.mark.parametrize(("stages", "virtual_stages", "micro_batches"), [(4, 2, 6), (8, 4, 19)])
def test_a_short_last_round_is_no_better_than_larger_rounds(stages, virtual_stages, micro_batches):
    """Rounds of more micro-batches than stages, in more memory, have no empty slots."""
    group = ceil(micro_batches / (micro_batches // stages))
    chunks = simulated.chunks_of(stages, 1.0, 2.0, virtual_stages=virtual_stages)
    order = simulated.interleaved(stages, virtual_stages, micro_batches, group)
    best = simulated.run(order, chunks).whole - 3.0 * micro_batches
    slot = 3.0 / virtual_stages
    empty = (virtual_stages - 1) * (stages - micro_batches % stages)

    result = bubble(stages, micro_batches, virtual_stages=virtual_stages)

    assert best == pytest.approx((stages - 1) * slot)
    assert result == pytest.approx(best + empty * slot)


@pytest.mark.parametrize("stages", [2, 3, 4, 8])
@pytest.mark.parametrize("micro_batches", [1, 2, 3, 8, 9, 17, 32])
@pytest.mark.parametrize("transfer", [0.001, 0.2])
def test_transfers_of_1f1b_equal_the_simulation(stages, micro_batches, transfer):
    chunks = simulated.chunks_of(stages, 1.0, 2.0, transfer=transfer)
    order = simulated.one_forward_one_backward(stages, micro_batches)

    expected = simulated.run(order, chunks).whole - 3.0 * (micro_batches + stages - 1)

    assert transfers(stages, micro_batches, transfer=transfer) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(("stages", "virtual_stages"), [(2, 2), (4, 2), (4, 4), (8, 3)])
@pytest.mark.parametrize("rounds", [1, 2, 4])
def test_transfers_of_interleaved_equal_the_simulation(stages, virtual_stages, rounds):
    """Hidden once the pipeline is full, while one is shorter than a fifth of a forward pass."""
    transfer = 0.2 / virtual_stages
    chunks = simulated.chunks_of(stages, 1.0, 2.0, virtual_stages=virtual_stages, transfer=transfer)
    order = simulated.interleaved(stages, virtual_stages, rounds * stages)
    compute = 3.0 * (rounds * stages + (stages - 1) / virtual_stages)

    result = transfers(
        stages, rounds * stages, virtual_stages=virtual_stages, transfer=transfer, exposed_share=0.0
    )

    assert result == pytest.approx(simulated.run(order, chunks).whole - compute, rel=1e-9)


@pytest.mark.parametrize(("depth", "most"), [(1, 2.0), (2, 1.0)])
@pytest.mark.parametrize(("stages", "micro_batches"), [(4, 4), (4, 16), (8, 32)])
def test_transfers_of_zero_bubble_are_near_the_simulation(depth, most, stages, micro_batches):
    """H2 as said; H1, with less in hand, waits up to twice, by as many as there are stages."""
    still = simulated.chunks_of(stages, 1.0, 1.0, 1.0)
    moving = simulated.chunks_of(stages, 1.0, 1.0, 1.0, transfer=0.1)
    order = simulated.zero_bubble(stages, micro_batches, depth)
    expected = (
        simulated.run(order, moving).longest_device - simulated.run(order, still).longest_device
    )

    result = transfers(stages, micro_batches, transfer=0.1, exposed_share=share_exposed(depth))

    assert result <= expected * (1 + 1e-9) <= most * result * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize(("stages", "micro_batches"), [(2, 8), (4, 8), (4, 32), (8, 32)])
def test_transfers_of_dualpipe_are_near_the_simulation(stages, micro_batches):
    """Within a quarter: the two directions share some of the waits at the ends."""
    still = simulated.dualpipe_chunks(stages, 1.0, 1.0, 1.0)
    order = simulated.dualpipe(stages, micro_batches)
    expected = simulated.run(order, replace(still, transfer=0.1)).whole
    expected -= simulated.run(order, still).whole

    result = transfers(stages, micro_batches, transfer=0.1, exposed_share=share_exposed(3))

    assert result == pytest.approx(expected, rel=0.25)


def test_transfers_are_exposed_by_what_a_stage_has_in_hand():
    """Plain 1F1B waits for all, DualPipe for half, interleaved and zero-bubble for none."""
    shares = share_exposed(np.array([0, 0, 1, 2, 3]), np.array([1, 2, 1, 1, 1]))

    assert shares.tolist() == [1.0, 0.0, 0.0, 0.0, 0.5]


@given(VIRTUAL, MICRO_BATCHES, st.integers(0, 3), TIMES)
def test_one_stage_has_no_bubble(virtual_stages, micro_batches, schedule, times):
    assert (
        bubble(1, micro_batches, schedule=schedule, virtual_stages=virtual_stages, times=times) == 0
    )
    assert transfers(1, micro_batches, virtual_stages=virtual_stages) == 0


@given(st.integers(2, 32), st.integers(2, 3), MICRO_BATCHES, SECONDS)
def test_zero_bubble_below_interleaved_below_1f1b(stages, virtual_stages, rounds, second):
    """Equal passes. H1 leaves a third of the bubble: up to three virtual stages are no better."""
    each = (second, second, second)
    micro_batches = rounds * stages
    plain = bubble(stages, micro_batches, times=each)
    looped = bubble(stages, micro_batches, virtual_stages=virtual_stages, times=each)
    h1, h2 = (bubble(stages, micro_batches, schedule=kind, times=each) for kind in (1, 2))

    assert h2 <= h1 <= looped * (1 + EXACT)
    assert looped < plain
    assert rounds == 1 or h2 == pytest.approx(0, abs=1e-9)


@given(st.integers(2, 32), st.integers(2, 8), MICRO_BATCHES, SECONDS)
def test_interleaving_is_never_worse(stages, virtual_stages, micro_batches, second):
    """Even with a round that is not full, before its transfers."""
    each = (second, second, second)
    looped = bubble(stages, micro_batches, virtual_stages=virtual_stages, times=each)

    assert looped <= bubble(stages, micro_batches, times=each) * (1 + EXACT)


@given(STAGES, VIRTUAL, st.integers(1, 20), st.integers(0, 3))
def test_the_bubble_falls_in_share_as_rounds_grow(stages, virtual_stages, rounds, schedule):
    shares = [
        bubble(stages, n * stages, schedule=schedule, virtual_stages=virtual_stages) / (n * stages)
        for n in (rounds, rounds + 1)
    ]

    assert shares[1] <= shares[0]


@given(st.integers(0, 3), STAGES, VIRTUAL, MICRO_BATCHES, TIMES, st.floats(0, 1))
def test_no_schedule_gains_time(schedule, stages, virtual_stages, micro_batches, times, lag):
    """The mean stage may be anything from a p-th of the slowest to all of it."""
    mean = [each * (1 - lag * (stages - 1) / stages) for each in times]

    result = bubble(
        stages,
        micro_batches,
        schedule=schedule,
        virtual_stages=virtual_stages,
        times=times,
        mean=mean,
    )

    assert 0 <= result < np.inf


@given(STAGES, VIRTUAL, MICRO_BATCHES, st.floats(0, 1))
def test_transfers_of_no_time_are_free(stages, virtual_stages, micro_batches, exposed_share):
    assert (
        transfers(
            stages,
            micro_batches,
            virtual_stages=virtual_stages,
            transfer=0.0,
            exposed_share=exposed_share,
        )
        == 0
    )


def test_the_face_equals_the_kernel():
    """3 s a micro-batch on 4 stages: the bubble of 1F1B is 3 x 3 s."""
    seconds = {
        f"{mean}{name}": Q("1 s")
        for mean in ("", "mean_")
        for name in ("forward", "backward_input", "backward_weight")
    }

    result = pipeline.bubble_time(
        schedule=0, pipeline_parallel=4, virtual_stages=1, micro_batches=8, **seconds
    )

    assert result == Q("9 s")


def test_rows_of_different_schedules_at_once():
    """Hand calculation, p = 4, m = 8, passes of 1 s: 9, 9/2, 3, 0 and 2 s."""
    rows = bubble(
        np.full(5, 4.0),
        np.full(5, 8.0),
        schedule=np.array([0, 0, 1, 2, 3]),
        virtual_stages=np.array([1.0, 2.0, 1.0, 1.0, 1.0]),
    )

    assert rows.tolist() == [9.0, 4.5, 3.0, 0.0, 2.0]
