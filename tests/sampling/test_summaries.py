"""Draws to ranges, histograms and rank correlations."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.errors import InputError
from llmcost.sampling import (
    Spread,
    draw,
    histogram,
    interval,
    rank_correlation,
    ranks,
    summary,
)

NUMBERS = st.lists(st.floats(min_value=-1e9, max_value=1e9), min_size=1, max_size=60)


def test_an_interval_by_hand():
    """0, 1, ..., 100: the percentile is the number."""
    values = np.arange(101)[::-1]

    assert interval(values) == pytest.approx((10, 90))
    assert interval(values, 0.9) == pytest.approx((5, 95))
    assert summary(values, 0.5) == pytest.approx((25, 50, 75))


@given(NUMBERS, st.floats(min_value=0.01, max_value=0.99))
def test_an_interval_is_that_of_numpy(values, level):
    tail = (1 - level) / 2

    expected = np.quantile(values, (tail, 0.5, 1 - tail))

    assert summary(values, level) == pytest.approx(expected, rel=1e-12, abs=1e-6)


@pytest.mark.parametrize("level", [0, 1, -0.1, 90, float("nan")])
def test_a_level_that_is_no_share_is_refused(level):
    with pytest.raises(InputError, match="interval: got"):
        interval([1, 2, 3], level)


def test_an_unknown_draw_makes_the_interval_unknown():
    assert np.isnan(interval([1.0, float("nan"), 2.0])).all()


def test_a_histogram_by_hand():
    """Edges 0, 2, 4: the last bin holds its upper edge."""
    found = histogram([0, 1, 1.5, 2, 3, 4, -0.0], bins=2)

    assert found == {"edges": [0, 2, 4], "counts": [4, 3]}


def test_a_histogram_over_decades_has_edges_on_a_log_scale():
    """1 to 1,000 in three bins: 1, 10, 100, 1,000."""
    found = histogram([1, 5, 50, 500, 1000], bins=3)

    assert found["edges"] == pytest.approx([1, 10, 100, 1000])
    assert found["counts"] == [2, 1, 2]


def test_values_that_are_all_the_same_are_one_bin():
    assert histogram([3.0] * 5) == {"edges": [3.0, 3.0], "counts": [5]}
    assert histogram([1.0, np.nextafter(1, 2)])["counts"] == [2]


@given(NUMBERS, st.integers(min_value=1, max_value=50))
def test_counts_sum_to_the_draws_and_edges_rise(values, bins):
    found = histogram(values, bins)

    assert sum(found["counts"]) == len(values)
    assert len(found["edges"]) == len(found["counts"]) + 1
    assert found["edges"] == sorted(found["edges"])
    assert (found["edges"][0], found["edges"][-1]) == (min(values), max(values))


@pytest.mark.parametrize("values", [[], [1, float("nan")], [1, float("inf")]])
def test_a_histogram_of_what_is_not_known_is_refused(values):
    with pytest.raises(InputError, match="needs finite values"):
        histogram(values)


def test_equal_values_share_the_mean_of_their_ranks():
    """As scipy.stats.rankdata."""
    assert ranks([5, 1, 2, 2, 5, 3, 8, 5]).tolist() == [6, 1, 2.5, 2.5, 6, 4, 8, 6]


def test_rank_correlation_by_hand():
    """Differences of ranks 1, 1, 1, 1, 0: 1 - 6 x 4 / (5 x 24) = 0.8."""
    assert rank_correlation([1, 2, 3, 4, 5], [2, 1, 4, 3, 5]) == pytest.approx(0.8, rel=1e-12)


def test_rank_correlation_with_ties_of_scipy():
    """scipy.stats.spearmanr."""
    x, y = [1, 2, 2, 3, 5, 5, 5, 8], [2, 1, 4, 3, 6, 5, 9, 7]

    assert rank_correlation(x, y) == pytest.approx(0.8470243628419076, rel=1e-12)


def test_only_the_order_counts_for_a_rank_correlation():
    x = draw({"x": Spread(1, 2, 8)}, 500)["x"]

    assert rank_correlation(x, np.log(x) ** 3) == pytest.approx(1, rel=1e-12)
    assert rank_correlation(x, 1 / x) == pytest.approx(-1, rel=1e-12)


def test_what_does_not_vary_has_no_rank_correlation():
    assert np.isnan(rank_correlation([1, 1, 1], [1, 2, 3]))
    assert np.isnan(rank_correlation([1, 2, float("nan")], [1, 2, 3]))
    assert np.isnan(rank_correlation([1], [1]))


def test_unequal_numbers_of_draws_are_refused():
    with pytest.raises(InputError, match="Got 2 and 3 values"):
        rank_correlation([1, 2], [1, 2, 3])


@given(NUMBERS)
def test_ranks_sum_to_those_without_ties(values):
    number = len(values)

    assert ranks(values).sum() == pytest.approx(number * (number + 1) / 2)
