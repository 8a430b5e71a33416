"""Distributions from their 90% intervals: quantiles by hand, or as scipy 1.x gives them."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmcost.errors import InputError
from llmcost.sampling import Spread, Stated, spread_of

KINDS = ("lognormal", "uniform", "triangular", "pert", "beta")


@pytest.mark.parametrize(
    ("stated", "share", "percentiles"),
    [
        # The geometric mean of 2 and 3, and exp(ln 1.5 / 2 x 1.281552 / 1.644854) around it.
        (Stated("lognormal", 2, 3), False, (2.09159121, 2.44948974, 2.86862939)),
        # Logits -0.619039 and -0.200671: the middle -0.409855 is 39.89469%.
        (Stated("lognormal", 0.35, 0.45), True, (0.36058263, 0.3989469, 0.43859315)),
        # A width of 1 / 0.9, 1/18 beyond each end.
        (Stated("uniform", 2, 3), False, (2 + 1 / 18, 2.5, 3 - 1 / 18)),
        # fsolve on scipy.stats.triang and scipy.stats.beta for the ends, then their ppf.
        (Stated("triangular", 2, 3), False, (2.09578177, 2.5, 2.90421823)),
        (Stated("triangular", 2, 3, 2.4), False, (2.08750427, 2.46166758, 2.89687514)),
        (Stated("pert", 2, 3), False, (2.09232835, 2.5, 2.90767165)),
        (Stated("pert", 2, 3, 2.4), False, (2.07652835, 2.45437521, 2.8910155)),
        (Stated("beta", 0.35, 0.45), True, (0.36072916, 0.39929852, 0.43872059)),
        (Stated("beta", 0.005, 0.25), True, (0.01020293, 0.06468355, 0.19849484)),
        (Stated("beta", 0.9, 0.999), True, (0.92376967, 0.97925706, 0.9976481)),
    ],
)
def test_percentiles_of_a_stated_interval(stated, share, percentiles):
    spread = spread_of(stated, share=share)

    assert (spread.low, spread.value, spread.high) == pytest.approx(percentiles, abs=6e-9)
    assert spread.ends(0.9) == pytest.approx((stated.low, stated.high), rel=1e-9)


def test_a_symmetric_triangle_by_hand():
    """Half its width w to either side of 2.5; 5% of the area is a triangle of
    w sqrt(0.05 / 2) at each end, so that w (1 - 2 sqrt(0.025)) = 1.
    """
    width = 1 / (1 - 2 * 0.025**0.5)
    spread = spread_of(Stated("triangular", 2, 3))

    assert spread.quantile(1e-12) == pytest.approx(2.5 - width / 2, abs=2e-6)
    assert spread.quantile(0.125) == pytest.approx(2.5 - width / 4, rel=1e-12)


def test_a_triangle_with_its_mode_at_an_end_has_5_percent_below_it():
    spread = spread_of(Stated("triangular", 2, 3, 2))

    assert spread.ends(0.9) == pytest.approx((2, 3), rel=1e-12)
    assert spread.value < spread_of(Stated("triangular", 2, 3)).value


def test_a_median_within_a_lognormal_is_met_with_both_ends():
    """2, 2.1 and 3 are wider above the median than below it."""
    spread = spread_of(Stated("lognormal", 2, 3, 2.1))

    assert spread.value == pytest.approx(2.1)
    assert spread.ends(0.9) == pytest.approx((2, 3))


@given(
    st.sampled_from(KINDS),
    st.floats(min_value=0.02, max_value=0.9),
    st.floats(min_value=1.01, max_value=2.0),
)
def test_a_spread_has_the_interval_that_was_stated(kind, low, ratio):
    high = low * ratio
    assume(high < 0.98)
    try:
        spread = spread_of(Stated(kind, low, high), share=True)
    except InputError:
        assume(False)

    assert spread.ends(0.9) == pytest.approx((low, high), rel=1e-7)
    assert low < spread.low < spread.value < spread.high < high
    assert spread.quantile(0.5) == pytest.approx(spread.value, rel=1e-9)


@given(
    st.sampled_from(KINDS),
    st.floats(min_value=0.001, max_value=0.999),
    st.floats(min_value=0.001, max_value=0.999),
)
def test_quantiles_rise(kind, one, two):
    spread = spread_of(Stated(kind, 0.3, 0.5), share=True)

    assert (spread.quantile(one) <= spread.quantile(two)) == (one <= two)


@pytest.mark.parametrize("kind", ["lognormal", "uniform", "triangular", "pert"])
def test_a_scaled_spread_has_scaled_percentiles(kind):
    spread = spread_of(Stated(kind, 16, 24))

    per_gpu = spread.scaled(1 / 8)

    for p in (0.05, 0.3, 0.5, 0.95):
        assert per_gpu.quantile(p) == pytest.approx(spread.quantile(p) / 8, rel=1e-9)
    assert per_gpu.stated == Stated(kind, 2, 3)


def test_a_number_scaled_to_a_share_keeps_its_percentiles_and_stays_below_one():
    """400 to 800 of a peak of 990."""
    rate = spread_of(Stated("lognormal", 400, 800))

    mfu = rate.scaled(1 / 990, share=True)

    assert (mfu.low, mfu.value, mfu.high) == pytest.approx(
        (rate.low / 990, rate.value / 990, rate.high / 990)
    )
    assert mfu.quantile(0.9999) < 1


def test_a_beta_is_not_scaled():
    with pytest.raises(InputError, match="beta"):
        spread_of(Stated("beta", 0.35, 0.45), share=True).scaled(2)


def test_percentiles_of_a_fact_are_its_quantiles():
    spread = Spread(1.0, 2.0, 8.0)

    assert [spread.quantile(p) for p in (0.1, 0.5, 0.9)] == pytest.approx([1, 2, 8], rel=1e-12)
    assert spread.ends(0.8) == pytest.approx((1, 8), rel=1e-12)


def test_a_range_without_width_is_exact():
    for spread in (spread_of(Stated("uniform", 2, 2)), spread_of(Stated("fixed", 2, 2))):
        assert spread == Spread(2, 2, 2)
        assert spread.quantile(0.01) == 2


@pytest.mark.parametrize(
    ("stated", "share", "words"),
    [
        (Stated("lognormal", 2, 3), False, "90% interval 2..3 USD, lognormal"),
        (Stated("lognormal", 0.35, 0.45), True, "90% interval 35..45%, logit-normal"),
        (Stated("pert", 2, 3, 2.4), False, "90% interval 2..3 USD, pert with mode 2.4"),
        (Stated("lognormal", 2, 3, 2.4), False, "90% interval 2..3 USD, lognormal with median 2.4"),
        (Stated("triangular", 0.35, 0.45, 0.41), True, "35..45%, triangular with mode 41%"),
        (Stated("beta", 0.35, 0.45), True, "90% interval 35..45%, beta"),
    ],
)
def test_a_stated_range_tells_how_it_was_read(stated, share, words):
    assert words in spread_of(stated, share=share).told("" if share else "USD")


def test_a_fact_tells_no_distribution():
    assert Spread(1, 2, 3).told("USD") == ""


@pytest.mark.parametrize(
    "ends",
    [(0, 1, 2), (-1, 1, 2), (2, 1, 3), (1, 3, 2), (1, float("nan"), 2), (1, 2, float("inf"))],
)
def test_a_range_that_does_not_rise_is_an_error(ends):
    with pytest.raises(InputError, match="in rising order"):
        Spread(*ends)


def test_a_range_on_its_floor_is_an_error_and_an_exact_value_is_none():
    assert Spread(1.0, 1.0, 1.0, floor=1.0).exact
    with pytest.raises(InputError, match="numbers above 1"):
        Spread(1.0, 1.1, 1.2, floor=1.0)


REFUSED = {
    "needs that end above 0": (Stated("lognormal", 0, 3), False),
    "needs that end below 100%": (Stated("lognormal", 0.9, 1.0), True),
    "reaches -0.45..10.55": (Stated("uniform", 0.1, 10), False),
    "Got a triangular range, a 90% interval: with 5% beyond": (
        Stated("triangular", 0.1, 10),
        False,
    ),
    "Got a pert range, a 90% interval": (Stated("pert", 0.1, 10), False),
    "needs at most 100%": (Stated("uniform", 0.5, 0.99), True),
    "needs a share with both ends below 100%": (Stated("beta", 2, 3), False),
    "needs lognormal, uniform, triangular": (Stated("normal", 2, 3), False),
    "needs finite ends in rising order": (Stated("uniform", 3, 2), False),
    "and the middle between them": (Stated("pert", 2, 3, 4), False),
    "needs finite ends": (Stated("uniform", 2, float("inf")), False),
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_distribution_that_cannot_be_says_why(words):
    stated, share = REFUSED[words]
    with pytest.raises(InputError) as caught:
        spread_of(stated, share=share)

    assert words in str(caught.value)
    assert "needs" in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("p", [0, 1, -0.1, 2, float("nan")])
def test_a_quantile_beyond_the_distribution_is_refused(p):
    with pytest.raises(InputError, match="between 0 and 1"):
        Spread(1, 2, 3).quantile(p)


def test_a_uniform_may_begin_at_nothing():
    """5% to 95% leaves 5% for each end: 0 to 100%."""
    spread = spread_of(Stated("uniform", 0.05, 0.95), share=True)

    assert 0 <= spread.quantile(1e-9) < 1e-8
    assert spread.quantile(0.3) == pytest.approx(0.3)
