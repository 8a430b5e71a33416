"""Spreads to draws: a Latin hypercube, one stream a name."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.sampling import Spread, Stated, draw, interval, spread_of, uniform


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


def test_uniform_draws_fill_their_strata():
    assert sorted(uniform("x", 4)) == [0.125, 0.375, 0.625, 0.875]


def test_every_stratum_is_drawn_once():
    """100 draws of a lognormal hold one value in each hundredth of its distribution."""
    spread = spread_of(Stated("lognormal", 2.0, 3.0))
    bounds = [spread.quantile(i / 100) for i in range(1, 100)]

    assert sorted(np.searchsorted(bounds, draw({"x": spread}, 100)["x"])) == list(range(100))


@pytest.mark.parametrize("kind", ["lognormal", "uniform", "triangular", "pert", "beta"])
def test_draws_of_every_kind_meet_the_ends_that_were_stated(kind):
    spread = spread_of(Stated(kind, 0.35, 0.45), share=True)

    drawn = draw({"x": spread}, 10_000)["x"]

    assert interval(drawn, 0.9) == pytest.approx((0.35, 0.45), rel=1e-4)
    assert np.median(drawn) == pytest.approx(spread.value, rel=1e-4)
    assert interval(drawn) == pytest.approx((spread.low, spread.high), rel=1e-4)


def test_names_of_one_stream_rise_and_fall_together():
    """Twice the price is twice the price in every draw; without a stream they are apart."""
    prices = {"spot": Spread(1, 2, 4), "reserved": Spread(2, 4, 8), "other": Spread(1, 2, 4)}
    drawn = draw(prices, 1000, streams={"spot": "market", "reserved": "market"})

    assert drawn["reserved"] == pytest.approx(2 * drawn["spot"], rel=1e-12)
    assert abs(np.corrcoef(drawn["spot"], drawn["other"])[0, 1]) < 0.1


def test_one_name_is_at_the_same_percentile_in_every_setup():
    """The place of a draw among the others does not depend on the spread that it is drawn from."""
    here = draw({"electricity_price": Spread(0.05, 0.07, 0.1), "mfu": Spread(0.3, 0.4, 0.5)}, 500)
    there = draw({"electricity_price": spread_of(Stated("uniform", 0.1, 0.2))}, 500)

    one, two = (np.argsort(each["electricity_price"]) for each in (here, there))
    assert np.array_equal(one, two)


def test_a_stream_is_what_its_name_draws():
    spread = Spread(1, 2, 4)

    shared = draw({"a": spread}, 64, streams={"a": "b"})["a"]

    assert np.array_equal(shared, draw({"b": spread}, 64)["b"])


def test_draws_above_a_floor_stay_above_it():
    """The logarithm of what is above 1 is normal: 0.05, 0.1 and 0.4 above it."""
    drawn = draw({"pue": Spread(1.05, 1.1, 1.4, floor=1.0)}, 5000)["pue"]

    assert drawn.min() > 1
    assert interval(drawn) == pytest.approx((1.05, 1.4), rel=1e-3)


def test_nothing_at_all_is_drawn_as_nothing():
    assert set(draw({"x": Spread(0, 0, 0)}, 100)["x"]) == {0.0}


@pytest.mark.parametrize("draws", [1, 2, 3, 101])
def test_any_number_of_draws(draws):
    drawn = draw({"x": Spread(1, 2, 4)}, draws)["x"]

    assert drawn.shape == (draws,)
    assert np.median(drawn) == pytest.approx(2, rel=0.5)
