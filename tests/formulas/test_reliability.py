"""Failures, checkpoints and restarts: published figures, hand calculations, limits and units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.errors import LlmcostError
from llmcost.formulas import reliability
from llmcost.units import Q

# Llama 3.1 405B: 419 unexpected interruptions in 54 days on 16,384 H100 (arXiv 2407.21783).
LLAMA_RATE = 419 / (54 * 24 * 16_384)
# RSC-1: 6.50 failures in 1,000 days of nodes of 8 A100 (arXiv 2410.21680).
RSC_1_RATE = 6.50 / 1000 / 24 / 8


def unit_of_work(interval, checkpoint, between):
    """Time that a second of work takes when restarts take none, from Daly's complete model."""
    return between * np.expm1((interval + checkpoint) / between) / interval


def test_llama_3_was_interrupted_every_three_hours():
    found = reliability.mtbf.kernel(num_gpus=16_384, failure_rate=LLAMA_RATE)

    assert found == pytest.approx(54 * 24 / 419, rel=1e-12)


@pytest.mark.parametrize(("gpus", "printed"), [(16_384, 1.8), (131_072, 0.23)])
def test_the_projections_of_the_research_clusters(gpus, printed):
    """Mean time to failure as the paper prints it, to its last digit."""
    found = reliability.mtbf.kernel(num_gpus=gpus, failure_rate=RSC_1_RATE)

    assert round(float(found), 1 if printed > 1 else 2) == printed


def test_the_checkpoint_of_bloom():
    """2.3 TB on 384 GPUs in 40 s is 0.15 GB/s each."""
    found = reliability.checkpoint_time(
        parameters=176.25e9,
        checkpoint_bytes_per_parameter=Q(2.3e12 / 176.25e9, "byte"),
        checkpoint_bandwidth=Q("0.14974 GB/s/GPU"),
        num_gpus=Q("384 GPU"),
    )

    assert found.to("s").magnitude == pytest.approx(40, rel=1e-4)


def test_first_order_interval_by_hand():
    """A minute to write and 50 hours between failures: sqrt(2 x 60 x 180,000) s."""
    found = reliability.young_interval(checkpoint_time=Q("1 minute"), mtbf=Q("50 hours"))

    assert found.to("s").magnitude == pytest.approx(4647.58, abs=0.005)


def test_higher_order_interval_by_hand():
    """d/2M is 0.02: sqrt(2 x 72 x 1800) = 509.117 s, x (1 + 0.0471405 + 0.0022222), less 72 s."""
    found = reliability.daly_interval.kernel(checkpoint_time=72.0, mtbf=0.5)

    assert found == pytest.approx(462.248, abs=0.001)


def test_a_checkpoint_longer_than_two_failures_is_written_once_a_failure():
    assert reliability.daly_interval.kernel(checkpoint_time=7200.0, mtbf=1.0) == 3600.0
    assert reliability.daly_interval.kernel(checkpoint_time=9000.0, mtbf=1.0) == 3600.0


@given(st.floats(1e-6, 20.0), st.floats(1e-2, 1e6))
def test_the_interval_is_the_best_within_what_it_states(ratio, between):
    """Against a fine grid of intervals: 0.2%, and a millionth for short checkpoints."""
    checkpoint = ratio * between
    grid = between * np.geomspace(1e-4, 10, 20_001)
    best = unit_of_work(grid, checkpoint, between).min()
    interval = reliability.daly_interval.kernel(checkpoint_time=checkpoint, mtbf=between / 3600)

    allowed = 1e-6 if ratio < 0.2 else 2e-3
    assert unit_of_work(interval, checkpoint, between) <= best * (1 + allowed)


@given(st.floats(1e-9, 1e-3), st.floats(1e-2, 1e6))
def test_short_checkpoints_are_written_as_the_first_order_says(ratio, between):
    """Half of it is a third of sqrt(d / 2M) longer, and a checkpoint shorter."""
    times = {"checkpoint_time": ratio * between, "mtbf": between / 3600}
    first = reliability.young_interval.kernel(**times)

    assert reliability.daly_interval.kernel(**times) == pytest.approx(first, rel=np.sqrt(ratio))


def test_goodput_by_hand():
    """M 3 h, R 10 min, checkpoints of 30 s every 15 min, 1% maintenance."""
    found = reliability.goodput(
        mtbf=Q("3 hours"),
        restart_time=Q("10 minutes"),
        checkpoint_time=Q("30 s"),
        checkpoint_interval=Q("15 minutes"),
        maintenance_share=Q("1%"),
    )

    time = 10_800 * np.exp(600 / 10_800) * (np.exp(930 / 10_800) - 1) / 900
    assert found.magnitude == pytest.approx(0.99 / time, rel=1e-12)
    assert found.magnitude == pytest.approx(0.8678, abs=5e-5)


def test_losses_are_small_ones_by_hand():
    """To first order: a restart R/M, half a segment of rework, a checkpoint d/(tau + d)."""
    times = {"checkpoint_interval": 99.0, "checkpoint_time": 1.0, "mtbf": 1e5 / 3600}

    assert reliability.share_kept.kernel(**times) == pytest.approx(1 - 50 / 1e5, abs=1e-6)
    restarting = 1 - reliability.share_not_restarting.kernel(restart_time=100.0, mtbf=1e5 / 3600)
    assert restarting == pytest.approx(1e-3, abs=1e-6)
    saving = reliability.checkpoint_share.kernel(checkpoint_interval=99.0, checkpoint_time=1.0)
    assert saving == pytest.approx(0.01, rel=1e-12)


def test_a_failure_rate_in_another_unit_is_the_same():
    per_hour = reliability.mtbf(num_gpus=Q("1000 GPU"), failure_rate=Q("2e-5 1/GPU/hour"))
    per_day = reliability.mtbf(num_gpus=Q("1 GPU") * 1000, failure_rate=Q("48e-5 1/GPU/day"))

    assert per_day.to("s").magnitude == pytest.approx(per_hour.to("s").magnitude, rel=1e-12)


def test_a_failure_rate_of_a_cluster_is_refused():
    with pytest.raises(LlmcostError, match="failure_rate"):
        reliability.mtbf(num_gpus=Q("1000 GPU"), failure_rate=Q("2e-5 1/hour"))
