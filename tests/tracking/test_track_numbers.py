"""Percentiles, series and resampling behind a track."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.studies.tracking.bootstrapping import median_factors, ratio_factors
from llmcost.studies.tracking.distributions import Distribution
from llmcost.studies.tracking.series import NAMES, SUMS, Series

values = st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=60)


@given(values)
def test_the_median_of_single_weights_is_the_plain_one(numbers):
    found = Distribution()
    found.add(np.array(numbers), np.ones(len(numbers)))

    assert found.median() == pytest.approx(float(np.median(numbers)), rel=1e-12)


@given(st.lists(st.tuples(st.floats(0.1, 100), st.integers(1, 9)), min_size=1, max_size=30))
def test_a_weight_is_as_many_values(pairs):
    numbers, weights = np.array(pairs, dtype=float).T
    found = Distribution()
    found.add(numbers, weights)

    repeated = np.repeat(numbers, weights.astype(int))
    assert found.median() == pytest.approx(float(np.median(repeated)), rel=1e-12)


@given(values)
def test_bins_are_off_by_their_width_at_most(numbers):
    exact, binned = Distribution(), Distribution(exact=0)
    for one in (exact, binned):
        one.add(np.array(numbers), np.full(len(numbers), 1.0))

    for share in (0.13, 0.5, 0.87):
        (true,), (near,) = exact.quantiles((share,)), binned.quantiles((share,))
        assert near == pytest.approx(true, rel=1.1e-4) or len(numbers) * share % 1 < 1e-6


def test_nothing_has_no_median():
    assert np.isnan(Distribution().median())


@given(st.lists(st.integers(1, 700), min_size=1, max_size=12), st.integers(3, 40))
def test_a_compacted_series_keeps_its_sums_and_order(sizes, most):
    series, start = Series(most=most), 0
    for size in sizes:
        step = np.arange(start + 1.0, start + size + 1)
        series.add(dict.fromkeys(NAMES, step))
        start += size
    found = series.columns

    assert len(found["step"]) <= most + 1
    assert (np.diff(found["step"]) > 0).all()
    assert found["step"][-1] == start
    for name in SUMS:
        assert found[name].sum() == start * (start + 1) / 2


def test_resampled_medians_spread_as_theory_says():
    """The standard error of a median of n normal values is 1.2533 sigma / sqrt(n)."""
    numbers = np.random.default_rng(2).normal(100, 5, 1600)
    factors = median_factors(numbers, np.ones(1600), 4096, 7)

    assert np.std(factors) == pytest.approx(1.2533 * 0.05 / 40, rel=0.35)
    assert np.median(factors) == pytest.approx(1, abs=2e-3)


def test_neighbours_that_are_alike_widen_the_spread():
    noise = np.random.default_rng(4).normal(0, 1, 2000)
    walk = 100 + 5 * np.convolve(noise, np.ones(25) / 5, "same")
    shuffled = np.random.default_rng(5).permutation(walk)
    weights = np.ones(2000)

    alike, mixed = (np.std(median_factors(one, weights, 4096, 7)) for one in (walk, shuffled))

    assert alike > 2 * mixed


@pytest.mark.parametrize("numbers", [[2.0], [2.0, 3.0], [2.0, 2.0, 2.0]])
def test_few_or_equal_values_have_no_spread(numbers):
    factors = median_factors(np.array(numbers), np.ones(len(numbers)), 1000, 1)

    assert (factors == 1).all()


def test_launches_of_one_pace_have_no_spread():
    factors = ratio_factors(np.array([20.0, 40.0, 60.0]), np.array([10.0, 20.0, 30.0]), 1000, 1)

    assert factors == pytest.approx(1)
