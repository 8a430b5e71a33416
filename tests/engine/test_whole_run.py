"""The engine of whole runs: an MFU a phase weighs by device time, one MFU stays what it is."""

import numpy as np
import pytest

from llmcost import engine
from llmcost.inputs import Assumptions, Cluster, Phase, Workload, as_columns
from llmcost.sampling import Spread

PHASES = (Phase(3e12, 8192), Phase(1e12, 32_768))
LOST = {"goodput": 0.8, "steady_share": 1.0}
CLUSTER = Cluster(1e15, 100, Spread(2.0, 2.0, 2.0))


def columns(mfu, **more):
    workload = Workload(PHASES, 1e9, 1e9, 1e9)
    return as_columns(workload, CLUSTER, Assumptions(mfu, **more), LOST)


def test_phases_with_an_mfu_each_by_hand():
    """6e9 FLOP a token: 1.8e22 FLOP at 50% and 0.6e22 at 25%; exact."""
    spread = Spread(0.5, 0.5, 0.5, share=True)
    found = engine.run(columns(spread, mfu_scale=(1.0, 0.5)))

    seconds = 1.8e22 / (1e15 * 0.5) + 0.6e22 / (1e15 * 0.25)
    assert found["gpu_hours"].item() == pytest.approx(seconds / 0.8 / 3600, rel=1e-12)
    assert found["mfu"].item() == pytest.approx(2.4e22 / 1e15 / seconds, rel=1e-12)
    assert found["hfu"].item() == pytest.approx(found["mfu"].item(), rel=1e-12)
    assert found["tokens_per_gpu_second"].item() == pytest.approx(4e12 / seconds, rel=1e-12)


def test_recomputation_of_one_phase_by_hand():
    """A full forward pass again, a third of the FLOP, in the second phase only; exact."""
    spread = Spread(0.5, 0.5, 0.5, share=True)
    more = {"mfu_scale": (1.0, 1.0), "phase_recompute": ((0.0, 0.0), (0.0, 1.0))}
    found = engine.run(columns(spread, **more))

    assert found["hardware_flop"].item() == pytest.approx(1.8e22 + 0.6e22 * 4 / 3, rel=1e-12)
    assert found["hfu"].item() == pytest.approx(0.5 * 2.6e22 / 2.4e22, rel=1e-12)


def test_one_mfu_for_all_phases_comes_out_as_it_went_in():
    spread = Spread(0.41, 0.41, 0.41, share=True)

    assert engine.run(columns(spread))["mfu"].item() == 0.41
    same = engine.run(columns(spread, mfu_scale=(1.0, 1.0)))
    for name, value in engine.run(columns(spread)).items():
        assert same[name].item() == pytest.approx(value.item(), rel=1e-12), name


def test_draws_of_an_mfu_a_phase_are_rows():
    spread = Spread(0.5, 0.5, 0.5, share=True)
    workload = Workload(PHASES, 1e9, 1e9, 1e9)
    assumptions = Assumptions(spread, mfu_scale=(1.0, 0.5))
    draws = np.array([0.5, 0.4, 0.3])
    rows = engine.run(as_columns(workload, CLUSTER, assumptions, LOST | {"mfu": draws}))

    for row, drawn in enumerate(draws):
        one = engine.run(as_columns(workload, CLUSTER, assumptions, LOST | {"mfu": drawn}))
        for name, value in rows.items():
            assert value[row] == pytest.approx(one[name].item(), rel=1e-12), name


def test_goodput_and_slow_steps_both_lengthen_a_run_and_its_bill():
    """3.6e24 FLOP at 40% of 1e15 are 2.5M hours of good steps: over 0.8 x 0.9, 3.472M."""
    workload = Workload((Phase(6e14, 8192),), 1e9, 1e9, 1e9)
    spread = Spread(0.4, 0.4, 0.4, share=True)
    lost = {"goodput": 0.8, "steady_share": 0.9}
    found = engine.run(as_columns(workload, CLUSTER, Assumptions(spread), lost))

    assert found["gpu_hours"].item() == pytest.approx(2.5e6 / 0.72, rel=1e-12)
    assert found["cost"].item() == pytest.approx(5e6 / 0.72, rel=1e-12)
    assert found["wall_clock"].item() == pytest.approx(2.5e6 / 0.72 / 100 / 24, rel=1e-12)
