"""Defaults and overheads: readable units, sane ranges, and shares worked out again."""

from collections import Counter

import pytest

from llmcost.catalog.measured import throughput_rows
from llmcost.catalog.overheads import default, defaults, overhead, overheads
from llmcost.reading import canonical_unit


def stated_recomputation():
    rows = [row for row in throughput_rows() if row["task"] == "pretrain" and row["recompute"]]
    return Counter(row["recompute"] for row in rows)


@pytest.mark.parametrize("kind", ["none", "selective", "full"])
def test_the_recompute_shares_follow_from_the_rows(kind):
    """To the four printed digits."""
    stated = stated_recomputation()

    assert default(f"recompute_{kind}_share").value == pytest.approx(
        stated[kind] / stated.total(), abs=5.01e-5
    )


def test_the_goodput_range_holds_the_published_ratios():
    """BLOOM 0.60, PaLM 0.66, Megatron-Turing 0.73, Llama 3.1 0.86, DeepSeek-V3 0.89."""
    one = default("goodput")

    assert all(one.low <= ratio <= one.high for ratio in (0.60, 0.66, 0.73, 0.86, 0.89))


def test_the_network_share_is_the_factor_the_other_way_round():
    """Epoch: 19% of the cluster; 90% interval of the factor 1.07 to 1.32."""
    one = default("network_share")

    assert one.value == 0.19
    assert 1 / (1 - one.low) == pytest.approx(1.07, abs=0.01)
    assert 1 / (1 - one.high) == pytest.approx(1.32, abs=0.01)


def test_every_unit_can_be_read():
    for one in (*defaults().values(), *overheads()):
        assert canonical_unit(one.unit) is not None


def test_all_overheads_are_there():
    """152 published lines; those that held several figures are split."""
    assert len(overheads()) == 164


def test_fractions_are_fractions():
    for category in ("goodput", "cost share", "rental bill"):
        for one in overheads(category):
            figures = (one.low, one.value, one.high)
            assert one.unit == ""
            assert all(0 <= x <= 1 for x in figures if x is not None), one.id


def test_a_pue_is_at_least_one():
    assert all(1 <= one.value <= 2 for one in overheads("pue"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        # kg of CO2e over GPU-hours x rated power, from the model cards.
        ("carbon-implied-by-llama-3-1-card-meta-us", 11_390e3 / (39.3e6 * 0.7)),
        ("carbon-implied-by-llama-2-card-meta-us", 291.42e3 / (1_720_320 * 0.4)),
        ("carbon-implied-by-llama-4-card-meta-us", 1_999e3 / (7.38e6 * 0.7)),
        # 771.2 lb/MWh.
        ("carbon-grid-us-texas", 771.2 * 0.45359237 / 1000),
        # 419 unexpected interruptions in 54 days on 16,384 GPUs.
        ("reliability-llama-3-mtbf", 54 * 24 / 419),
        # 10.2 kW for eight chips of 700 W; 6.5 kW for eight of 400 W.
        ("server-power-chip-to-server-h100", 10.2 / 8 / 0.7),
        ("server-power-chip-to-server-a100", 6.5 / 8 / 0.4),
    ],
)
def test_a_derived_overhead_follows_from_its_parts(name, expected):
    """Half a unit in the last printed digit."""
    assert overhead(name).value == pytest.approx(expected, rel=2e-3)


def test_the_failure_rate_of_llama_3_follows_from_its_count():
    """419 over 54 days x 24 h x 16,384 GPUs, printed to four digits."""
    rate = overhead("reliability-llama-3-failure-rate")

    assert rate.value == pytest.approx(419 / (54 * 24 * 16_384), rel=5e-4)
    assert rate.unit == "1/GPU/hour"
