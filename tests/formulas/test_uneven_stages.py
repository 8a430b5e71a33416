"""Uneven stages: the layers they hold, and formula against simulation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.formulas import pipeline
from tests.formulas import schedule_simulation as simulated

STAGES = st.integers(1, 32)
EXACT = 1e-12


def step(micro_batches, stage_times, *, virtual_stages=1):
    """Return steady time and bubble of stages with these forward times, backward twice as long."""
    stages = len(stage_times)
    slowest, mean = float(max(stage_times)), sum(stage_times) / stages
    names = ("forward", "backward_input", "backward_weight")
    bubble = pipeline.bubble_time.kernel(
        schedule=0,
        pipeline_parallel=stages,
        virtual_stages=virtual_stages,
        micro_batches=micro_batches,
        **dict.fromkeys(names, slowest),
        **{f"mean_{name}": mean for name in names},
    )
    times = dict.fromkeys(names, slowest)
    return pipeline.steady_time.kernel(micro_batches=micro_batches, **times) + bubble


def simulated_step(micro_batches, layers, *, stages, virtual_stages=1):
    """Return the simulated time, a layer's forward 1 s and its backward 2 s."""
    chunks = simulated.chunks_of(
        stages,
        [1.0 * each for each in layers],
        [2.0 * each for each in layers],
        virtual_stages=virtual_stages,
    )
    order = simulated.interleaved(stages, virtual_stages, micro_batches)
    return simulated.run(order, chunks).whole


def layers_by_stage(num_layers, stages):
    sizes = {"num_layers": num_layers, "pipeline_parallel": stages}
    return (
        pipeline.first_stage_layers.kernel(**sizes),
        pipeline.fullest_stage_layers.kernel(**sizes),
        pipeline.last_stage_layers.kernel(**sizes),
    )


def uneven_ratio(stage_times, micro_batches):
    """Return the step of the formula over that of the simulation."""
    simulation = simulated_step(micro_batches, stage_times, stages=len(stage_times))
    return step(micro_batches, stage_times) / simulation


@pytest.mark.parametrize("stage_times", [[8, 8, 8, 11], [7, *[8] * 14, 10], [3, 5, 4, 4, 2, 6]])
@pytest.mark.parametrize("micro_batches", [1, 4, 8, 40])
def test_uneven_1f1b_equals_the_simulation_where_the_last_stage_is_slowest(
    stage_times, micro_batches
):
    """As the output head makes it: one pass through the other stages, then never idle."""
    assert uneven_ratio(stage_times, micro_batches) == pytest.approx(1.0, rel=EXACT)


@pytest.mark.parametrize(
    ("stage_times", "tolerance"),
    [([7, 8, 8, 7], 0.03), ([7, *[8] * 14, 7], 0.01), ([9, 5, 5, 5], 0.22), ([5, 9, 5, 5], 0.14)],
)
@pytest.mark.parametrize("micro_batches", [2, 4, 16, 64])
def test_uneven_1f1b_is_no_shorter_than_the_simulation(stage_times, tolerance, micro_batches):
    """A slow early stage works on while its first backward comes; the formula does not count it."""
    ratio = uneven_ratio(stage_times, micro_batches)

    assert 1.0 - EXACT <= ratio <= 1.0 + tolerance


@pytest.mark.parametrize(
    ("stages", "virtual_stages", "layers", "tolerance"),
    [
        (4, 2, [2] * 7 + [5], EXACT),
        (8, 2, [2] * 15 + [4.5], EXACT),
        (16, 4, [1, *[2] * 62, 3], 0.005),
        (16, 4, [1, *[2] * 62, 1], 0.02),
        (16, 8, [0, *[1] * 126, 0], 0.02),
        (4, 2, [1, *[2] * 6, 1], 0.11),
    ],
)
@pytest.mark.parametrize("rounds", [1, 2, 4])
def test_uneven_interleaved_is_near_the_simulation(
    stages, virtual_stages, layers, tolerance, rounds
):
    """Exact where the last chunk is the slow one; short ends are counted as if they waited."""
    micro_batches = rounds * stages
    stage_times = [sum(layers[stage::stages]) for stage in range(stages)]
    simulation = simulated_step(micro_batches, layers, stages=stages, virtual_stages=virtual_stages)

    ratio = step(micro_batches, stage_times, virtual_stages=virtual_stages) / simulation

    assert 1.0 - EXACT <= ratio <= 1.0 + tolerance


@pytest.mark.parametrize(
    ("stages", "virtual_stages", "layers"),
    [
        (8, 4, [3] * 8 + [2] * 24),
        (8, 4, [2] * 24 + [3] * 8),
        (8, 4, [3] * 16 + [2] * 16),
        (8, 4, [*[3] * 8, *[2] * 8, *[3] * 8, *[2] * 8]),
        (16, 2, [3] * 30 + [2] * 2),
        (16, 4, [1, *[2] * 62, 1]),
        (8, 4, [2] * 32),
    ],
)
def test_the_pace_of_mixed_chunks_is_near_the_simulation(stages, virtual_stages, layers):
    """Empirical, within 6%, for eight rounds; the fullest chunk's pace would be up to 26% long."""
    micro_batches = 8 * stages
    pace = pipeline.pacing_layers.kernel(
        num_layers=sum(layers), pipeline_parallel=stages, virtual_stages=virtual_stages
    )
    expected = simulated_step(micro_batches, layers, stages=stages, virtual_stages=virtual_stages)

    result = step(micro_batches, [float(pace)] * stages, virtual_stages=virtual_stages)

    assert result == pytest.approx(expected, rel=0.06)


@given(STAGES, st.integers(1, 8), st.integers(1, 300))
def test_the_pace_lies_between_the_stage_and_its_fullest_chunk(stages, virtual_stages, num_layers):
    """And is the stage's own where chunks do not matter."""
    sizes = {"num_layers": num_layers, "pipeline_parallel": stages}
    pace = pipeline.pacing_layers.kernel(**sizes, virtual_stages=virtual_stages)
    stage = pipeline.fullest_stage_layers.kernel(**sizes)
    chunk = pipeline.fullest_chunk_layers.kernel(**sizes, virtual_stages=virtual_stages)

    assert stage <= pace <= chunk * virtual_stages
    assert pace == stage or (stages > 1 and virtual_stages > 1)


def test_126_layers_on_16_stages():
    """Llama 3.1 405B: one layer less at both ends (arXiv 2407.21783, section 3.3.2)."""
    assert layers_by_stage(126, 16) == (7, 8, 7)


@pytest.mark.parametrize(
    ("num_layers", "stages", "expected"),
    [(32, 8, (4, 4, 4)), (127, 16, (8, 8, 7)), (61, 16, (3, 4, 3)), (80, 1, (80, 80, 80))],
)
def test_the_last_stage_is_short_first(num_layers, stages, expected):
    assert layers_by_stage(num_layers, stages) == expected


@given(STAGES, st.integers(1, 200))
def test_every_layer_is_placed(stages, more):
    """The fullest less one for each stage that is short makes up the layers."""
    num_layers = stages + more
    first, fullest, last = layers_by_stage(num_layers, stages)

    assert (fullest - 1) * stages < num_layers <= fullest * stages
    assert fullest - 1 <= last <= first <= fullest


def test_chunks_of_126_layers_on_16_by_4():
    """64 chunks of two layers, both ends short."""
    assert (
        pipeline.fullest_chunk_layers.kernel(num_layers=126, pipeline_parallel=16, virtual_stages=4)
        == 2
    )
