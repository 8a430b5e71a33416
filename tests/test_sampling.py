"""Ranges to draws and back."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.errors import InputError
from llmcost.sampling import Spread, draw, interval, uniform


@given(
    st.floats(min_value=0.05, max_value=0.3),
    st.floats(min_value=0.31, max_value=0.6),
    st.floats(min_value=0.61, max_value=0.99),
    st.booleans(),
)
def test_draws_meet_the_percentiles_they_were_made_from(low, value, high, share):
    drawn = draw({"x": Spread(low, value, high, share=share)})["x"]

    assert interval(drawn) == pytest.approx((low, high), rel=2e-3)
    assert np.median(drawn) == pytest.approx(value, rel=2e-3)
    assert drawn.min() > 0
    assert not share or drawn.max() < 1


def test_equal_seeds_equal_draws_and_other_inputs_change_nothing():
    one = draw({"mfu": Spread(0.3, 0.4, 0.5)}, seed=7)["mfu"]
    two = draw({"mfu": Spread(0.3, 0.4, 0.5), "price": Spread(1, 2, 3)}, seed=7)["mfu"]

    assert np.array_equal(one, two)
    assert not np.array_equal(one, draw({"mfu": Spread(0.3, 0.4, 0.5)}, seed=8)["mfu"])


def test_two_inputs_are_drawn_independently():
    drawn = draw({"a": Spread(1, 2, 4), "b": Spread(1, 2, 4)})

    assert abs(np.corrcoef(np.log(drawn["a"]), np.log(drawn["b"]))[0, 1]) < 0.05


def test_an_exact_value_is_the_same_in_every_draw():
    assert set(draw({"x": Spread(2, 2, 2)}, 100)["x"]) == {2.0}


def test_a_share_of_one_is_allowed():
    assert draw({"x": Spread(0.9, 0.95, 1.0, share=True)})["x"].max() <= 1


@pytest.mark.parametrize(
    "ends", [(0, 1, 2), (-1, 1, 2), (2, 1, 3), (1, 3, 2), (1, float("nan"), 2)]
)
def test_a_range_that_does_not_rise_is_an_error(ends):
    with pytest.raises(InputError):
        Spread(*ends)


def test_uniform_draws_fill_their_strata():
    assert sorted(uniform("x", 4)) == [0.125, 0.375, 0.625, 0.875]
