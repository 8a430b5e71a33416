"""What a claim allows and how it is judged: by hand, from the words of each relation."""

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.studies.reconciliation.bounds import (
    CONSISTENT,
    HIGH,
    LOW,
    allowed,
    digits,
    half_unit,
    judged,
    ratios,
    share_inside,
)

ALLOWED = [
    ("between", 35e6, 200e6, (35e6, 200e6)),
    ("more_than", 1e8, None, (1e8, inf)),
    ("less_than", None, 7e8, (0, 7e8)),
    ("order_of", 1e8, None, (1e8, 1e9)),
    # Two digits: half a thousand is less than the 10% that "about" leaves at least.
    ("about", 16_000.0, 16_000.0, (14_400, 17_600)),
    # One digit: half a unit of it is more than 10%.
    ("about", 0.1, 0.1, (0.05, 0.15)),
    ("equal", 8e9, 8e9, (7.5e9, 8.5e9)),
    ("equal", 4.05e11, 4.05e11, (4.0095e11, 4.0905e11)),
    ("equal", 5.576e6, 5.576e6, (5.52024e6, 5.63176e6)),
]
positive = st.floats(1e-6, 1e30)


@pytest.mark.parametrize(("relation", "low", "high", "expected"), ALLOWED)
def test_a_relation_allows(relation, low, high, expected):
    assert allowed(relation, low, high) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("value", "half", "count"),
    [(170e6, 5e6, 2), (5.576e6, 500, 4), (0.88, 0.005, 2), (7e6, 5e5, 1)],
)
def test_the_digits_that_are_printed(value, half, count):
    assert (half_unit(value), digits(value)) == (pytest.approx(half), count)


@pytest.mark.parametrize(
    ("bounds", "verdict"),
    [
        ((1, 9), LOW),
        ((1, 10), CONSISTENT),
        ((12, 13), CONSISTENT),
        ((20, inf), CONSISTENT),
        ((20.1, inf), HIGH),
        ((0, 30), CONSISTENT),
    ],
)
def test_a_claim_is_judged_against_a_range_from_ten_to_twenty(bounds, verdict):
    assert judged(bounds, 10, 20) == verdict


@given(low=positive, factor=st.floats(1, 1e3), at=st.floats(0, 1))
def test_a_value_inside_our_range_is_always_consistent(low, factor, at):
    high = low * factor
    value = low + at * (high - low)

    assert judged(allowed("about", value, value), low, high) == CONSISTENT


@given(value=positive)
def test_an_estimate_agrees_with_itself(value):
    """Reconciling a number with itself gives ratio 1."""
    assert ratios(value, value, value) == (1, 1)
    assert judged(allowed("equal", value, value), value, value) == CONSISTENT


def test_the_share_of_draws_inside_counts_both_ends():
    assert share_inside(np.array([1.0, 2.0, 3.0, 4.0]), (2, 3)) == 0.5
    assert share_inside(np.array([1.0, 2.0]), (1.5, inf)) == 0.5
