"""Collectives: exact limits, traffic worked out by hand, and published bus bandwidths."""

import numpy as np

from llmcost.formulas import communication as comm


def test_a_single_rank_sends_nothing():
    """n = 1: no partner."""
    time = comm.collective_time.kernel(
        message=1e9, traffic=0.0, ranks=np.array([1.0]), latency=1e-5, bandwidth=1e11
    )

    assert time == 0.0
