"""Samples made with known constants give those constants back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.studies.benching.fitting import (
    best_product,
    link_fits,
    matmul_fit,
    memory_rate,
    odd_share,
    passed_share,
    precisions,
    update_time,
)
from tests.benching.made_samples import exchange, product, products, timed, triad, update


@given(
    rate=st.floats(5e10, 5e11),
    side=st.floats(0.02, 0.5),
    kernel=st.floats(1e-6, 5e-5),
)
@settings(max_examples=40, deadline=None)
def test_the_curve_of_products_is_that_they_were_made_with(rate, side, kernel):
    """Times follow flop / rate + sides x side_time + kernel_time without noise."""
    side_time = side * 100 / rate
    fit = matmul_fit(products(rate, side_time, kernel), "fp32")

    assert fit.rate.value == pytest.approx(rate, rel=0.05)
    assert fit.rate.low < fit.rate.value < fit.rate.high
    assert fit.residual < 0.01


def test_a_large_device_is_fitted_as_well():
    """700 TFLOP/s, 0.2 ps an element and 4 us a kernel: products of an H200's size."""
    fit = matmul_fit(products(700e12, 2e-13, 4e-6, "bf16", scale=8), "bf16")

    assert fit.rate.value == pytest.approx(700e12, rel=0.02)
    assert fit.side_time.value == pytest.approx(2e-13, rel=0.3)
    assert fit.kernel_time.value == pytest.approx(4e-6, rel=0.3)


def test_one_product_alone_is_still_a_rate():
    fit = matmul_fit([product(1024, 1024, 1024, 0.02)], "fp32")

    assert 0.5 * 2 * 1024**3 / 0.02 < fit.rate.value < 2 * 2 * 1024**3 / 0.02


def test_a_precision_that_was_not_measured_has_no_curve():
    assert matmul_fit(products(1e11, 1e-10, 1e-6), "bf16") is None
    assert precisions(products(1e11, 1e-10, 1e-6)) == ["fp32"]


def test_a_wrong_product_does_not_count_however_fast():
    good = product(1024, 1024, 1024, 0.02)
    wrong = product(1024, 1024, 1024, 0.0001, verified=False)

    assert best_product([good, wrong], "fp32") is good
    assert matmul_fit([good, wrong], "fp32") == matmul_fit([good], "fp32")


def test_devices_together_count_for_more_than_one_alone():
    alone = product(1024, 1024, 1024, 0.02, together=False)
    together = product(1024, 1024, 1024, 0.025, together=True)

    assert best_product([alone, together], "fp32") is together


def test_odd_sides_are_told_apart():
    """Half the rate at 2047 of what the curve says: a share of a half."""
    even = products(100e9, 1e-10, 1e-6)
    seconds = 2 * (2 * 2047**3 / 100e9 + 3 * 2047**2 * 1e-10)
    odd = product(2047, 2047, 2047, seconds, role="odd")

    curve = matmul_fit([*even, odd], "fp32")

    assert curve.rate.value == pytest.approx(100e9, rel=0.02)
    assert odd_share([*even, odd], "fp32", curve) == pytest.approx(0.5, rel=0.03)
    assert odd_share(even, "fp32", curve) is None


def test_a_triad_counts_before_a_copy():
    copy = timed("memory", "fp32", 0.01, 3e8, "byte/s", op="copy")

    assert memory_rate([copy, triad(18e9)]).value == pytest.approx(18e9)
    assert memory_rate([copy]).value == pytest.approx(3e10)
    assert memory_rate([]) is None


def test_ends_of_a_rate_are_the_percentiles_of_its_runs():
    one = triad(20e9)

    found = memory_rate([one])

    assert found.low == pytest.approx(one["bytes"] / one["p80_s"])
    assert found.high == pytest.approx(one["bytes"] / one["p20_s"])


def test_an_optimizer_is_a_time_for_each_parameter():
    assert update_time([update(2e-9)]).value == pytest.approx(2e-9)
    assert update_time([]) is None


@pytest.mark.parametrize(
    ("op", "ranks", "share"),
    [("all_reduce", 2, 1.0), ("all_reduce", 8, 1.75), ("all_gather", 8, 0.875), ("send", 2, 1.0)],
)
def test_what_a_rank_sends_is_as_nccl_tests_counts_it(op, ranks, share):
    """The factors of nccl-tests, doc/PERFORMANCE.md."""
    assert passed_share(op, ranks) == share


@pytest.mark.parametrize("op", ["all_reduce", "all_gather"])
def test_latency_and_bandwidth_of_a_collective_are_found(op):
    """0.4 ms and 0.67 GB/s, as gloo has on a loopback; sizes in powers of four."""
    sizes = [1024 * 4**i for i in range(9)]
    (found,) = link_fits([exchange(size, 4e-4, 0.67e9, op, 4) for size in sizes])

    assert (found.op, found.ranks, found.backend) == (op, 4, "gloo")
    assert found.latency.value == pytest.approx(4e-4, rel=0.02)
    assert found.bandwidth.value == pytest.approx(0.67e9, rel=0.02)


def test_one_size_of_a_collective_tells_nothing():
    assert link_fits([exchange(1024, 4e-4, 1e9)]) == []
