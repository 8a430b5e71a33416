"""Time of kernels: hand calculations, limits and units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.errors import LlmcostError
from llmcost.formulas import compute
from llmcost.units import Q

POSITIVE = st.floats(1e-3, 1e6)


def exposed(communication, computing, hidden=1.0, least=0.0):
    return compute.exposed_time.kernel(
        communication=communication, computing=computing, hidden_share=hidden, least_share=least
    )


def attention(**given):
    plain = {"ramp_length": 0.0, "fill_head_tokens": 0.0, "head_size": 0.0, "head_dim": 128.0}
    sizes = {"flop": 1e12, "flop_rate": 1e12, "seq_length": 4096.0, "head_tokens": 1e6}
    return compute.attention_time.kernel(**plain | sizes | given)


def test_a_product_by_hand():
    """4096^3: 2 x 6.87e10 FLOP at 500 TFLOP/s are 275 us; 3 x 4096^2 elements at 1 ps, 50 us; one
    launch of 3 us."""
    time = compute.matmul_time.kernel(
        flop=2 * 4096**3,
        flop_rate=500e12,
        sides=3 * 4096**2,
        side_time=1e-12,
        kernels=1,
        kernel_time=3e-6,
    )

    assert time == pytest.approx(274.878e-6 + 50.332e-6 + 3e-6, rel=1e-5)


def test_a_product_with_its_units():
    time = compute.matmul_time(
        flop=Q("1 PFLOP"),
        flop_rate=Q("500 TFLOP/s"),
        sides=Q("0"),
        side_time=Q("1e-12 s"),
        kernels=Q("2"),
        kernel_time=Q("0.5 s"),
    )

    assert time.to("s").magnitude == pytest.approx(3.0, rel=1e-12)


def test_a_product_with_the_wrong_unit_is_refused():
    with pytest.raises(LlmcostError, match="flop_rate"):
        compute.matmul_time(
            flop=Q("1 PFLOP"),
            flop_rate=Q("500 GB/s"),
            sides=Q("0"),
            side_time=Q("1e-12 s"),
            kernels=Q("2"),
            kernel_time=Q("0.5 s"),
        )


@given(POSITIVE, POSITIVE)
def test_narrow_products_reach_half_the_rate_at_the_half_width(width, half):
    share = compute.narrow_matmul_share.kernel

    assert share(width=half, half_width=half) == 0.5
    assert share(width=width, half_width=0.0) == 1.0
    assert 0 < share(width=width, half_width=half) < 1
    assert share(width=2 * width, half_width=half) > share(width=width, half_width=half)


def test_long_attention_over_many_wide_heads_reaches_its_rate():
    assert attention() == 1.0
    assert attention(head_dim=256.0, head_size=0.3) == 1.0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"ramp_length": 4096.0}, 2.0),
        ({"ramp_length": 1024.0}, 1.25),
        ({"fill_head_tokens": 5e5}, 1.5),
        ({"head_size": 0.3, "head_dim": 64.0}, 1.3),
        ({"head_size": 0.3, "head_dim": 32.0}, 1.9),
        ({"ramp_length": 1024.0, "fill_head_tokens": 5e5}, 1.75),
    ],
)
def test_short_few_and_narrow_heads_take_longer(given, expected):
    """Each term of the sum by hand, over a second of full rate."""
    assert attention(**given) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("communication", "computing", "hidden", "least", "expected"),
    [
        (3.0, 2.0, 1.0, 0.0, 1.0),
        (3.0, 2.0, 0.5, 0.0, 2.0),
        (3.0, 9.0, 1.0, 0.0, 0.0),
        (3.0, 9.0, 1.0, 0.2, 0.6),
        (3.0, 9.0, 0.0, 0.2, 3.0),
        (0.0, 9.0, 1.0, 0.2, 0.0),
        (3.0, 0.0, 1.0, 0.2, 3.0),
    ],
)
def test_exposed_time_by_hand(communication, computing, hidden, least, expected):
    found = exposed(communication, computing, hidden, least)

    assert found == pytest.approx(expected, rel=1e-12)


@given(POSITIVE, POSITIVE, st.floats(0, 1), st.floats(0, 1))
def test_what_is_seen_lies_between_the_least_share_and_all(communication, computing, hidden, least):
    seen = exposed(communication, computing, hidden, least)

    assert least * communication <= seen <= communication
    assert (
        communication + computing >= seen + computing >= max(communication, computing) * (1 - 1e-12)
    )


@given(st.floats(1, 1e6), st.floats(0, 0.1))
def test_stragglers_grow_by_doublings_beyond_the_reference(num_gpus, growth):
    factor = compute.straggler_factor.kernel
    now, doubled = (
        factor(num_gpus=n, reference_gpus=8.0, growth=growth) for n in (num_gpus, 2 * num_gpus)
    )

    assert now >= 1
    assert doubled - now <= growth * (1 + 1e-9) + 1e-15
    if num_gpus >= 8:
        assert doubled - now == pytest.approx(growth, abs=1e-12)


def test_stragglers_of_16384_devices():
    """2,048 nodes of 8: eleven doublings."""
    factor = compute.straggler_factor.kernel(num_gpus=16384.0, reference_gpus=8.0, growth=0.005)

    assert factor == pytest.approx(1.055, rel=1e-12)


def test_kernels_broadcast():
    """Two rows of rates against three of sizes."""
    rates, sizes = np.array([[1e12], [2e12]]), np.array([1e12, 2e12, 4e12])

    assert attention(flop=sizes, flop_rate=rates).tolist() == [[1, 2, 4], [0.5, 1, 2]]
    assert exposed(np.array([1.0, 2.0]), 0.5).tolist() == [0.5, 1.5]
