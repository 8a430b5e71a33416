"""Quantiles of beta distributions: by hand where there is a formula, else as scipy gives them."""

from math import pi, sin
from statistics import NormalDist

import numpy as np
import pytest

from llmcost.errors import InputError
from llmcost.sampling.betas import beta_quantiles, beta_with, pert_shape, pert_with

P = (0.001, 0.05, 0.5, 0.95, 0.999)


def quantiles(alpha, beta, p=P):
    """Return quantiles at probabilities."""
    return beta_quantiles(alpha, beta, np.array([NormalDist().inv_cdf(each) for each in p]))


def test_beta_1_1_is_uniform():
    assert quantiles(1, 1) == pytest.approx(P, rel=1e-8)


def test_beta_2_1_is_a_square_root():
    assert quantiles(2, 1) == pytest.approx([p**0.5 for p in P], rel=1e-8)


def test_beta_1_5_by_its_distribution():
    """The probability above x is (1 - x)^5."""
    assert quantiles(1, 5) == pytest.approx([1 - (1 - p) ** 0.2 for p in P], rel=1e-8)


def test_the_arcsine_distribution():
    """Beta(1/2, 1/2) has the quantiles sin^2(pi p / 2)."""
    assert quantiles(0.5, 0.5) == pytest.approx([sin(pi * p / 2) ** 2 for p in P], rel=1e-7)


@pytest.mark.parametrize(
    ("alpha", "beta", "expected"),
    [
        (2, 3, (0.01302295, 0.09761146, 0.38572757, 0.75139537, 0.93596186)),
        (103.38154412, 155.35841451, (None, 0.35, 0.39929852, 0.45, 0.49508479)),
        (25.25999954, 0.82773626, (None, 0.9, 0.97925706, 0.999, 0.99999126)),
    ],
)
def test_quantiles_of_scipy(alpha, beta, expected):
    """scipy.stats.beta.ppf to eight digits."""
    for found, known in zip(quantiles(alpha, beta), expected, strict=True):
        assert known is None or found == pytest.approx(known, abs=6e-9)


@pytest.mark.parametrize(("alpha", "beta"), [(0.2, 0.3), (5, 1), (90, 130), (1e6, 3e6), (0.5, 500)])
def test_a_beta_is_found_again_from_its_interval(alpha, beta):
    low, high = (float(end) for end in quantiles(alpha, beta, (0.05, 0.95)))

    assert beta_with(low, high) == pytest.approx((alpha, beta), rel=1e-4)


@pytest.mark.parametrize(("low", "high"), [(1e-300, 0.5), (0.3, 0.3 * (1 + 1e-15))])
def test_an_interval_that_no_beta_of_use_has_is_refused(low, high):
    """5% below 1e-300 takes an alpha of about 0.004, whose draws are nothing but 0 and 1."""
    with pytest.raises(InputError, match="no beta distribution"):
        beta_with(low, high)


def test_a_beta_mirrored_is_the_beta_of_the_rest():
    one, two = beta_with(0.02, 0.3), beta_with(0.7, 0.98)

    assert one == pytest.approx(two[::-1], rel=1e-6)


def test_a_pert_of_scipy():
    """fsolve on scipy.stats.beta(1 + 4 r, 5 - 4 r) for P(x < 2) = P(x > 3) = 5%, mode 2.4."""
    least, most, place = pert_with(2, 2.4, 3)

    assert (least, most) == pytest.approx((1.794719959, 3.432133629), abs=1e-8)
    assert least + place * (most - least) == pytest.approx(2.4, rel=1e-12)


def test_a_pert_has_the_mean_that_it_is_known_for():
    """alpha / (alpha + beta) = (0 + 4 mode + 1) / 6."""
    alpha, beta = pert_shape(0.3)

    assert alpha / (alpha + beta) == pytest.approx((4 * 0.3 + 1) / 6)


@pytest.mark.parametrize("mode", [2, 2.01, 2.5, 2.99, 3])
def test_a_pert_takes_any_mode_between_its_percentiles(mode):
    least, most, place = pert_with(2, mode, 3)
    ends = least + quantiles(*pert_shape(place), (0.05, 0.95)) * (most - least)

    assert tuple(ends) == pytest.approx((2, 3), rel=1e-9)
    assert least + place * (most - least) == pytest.approx(mode, rel=1e-9)
