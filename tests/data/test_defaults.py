"""Defaults and overheads: readable units, sane ranges, and shares worked out again."""

import math
from collections import Counter
from statistics import NormalDist, median

import pytest

from llmcost.catalog.device_overheads import device_overhead
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.measured import throughput_rows
from llmcost.catalog.overheads import default, defaults, overhead, overheads
from llmcost.catalog.price_quotes import purchases
from llmcost.catalog.prices import percentile
from llmcost.reading import canonical_unit
from llmcost.studies.choices.choosing import from_default


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
    """PaLM 0.66, Megatron-Turing 0.73, Llama 3.1 0.86, BLOOM 0.88, BloombergGPT 0.96."""
    one = default("goodput")

    assert all(one.low <= ratio <= one.high for ratio in (0.66, 0.73, 0.86, 0.88, 0.96))


# The 90% intervals that the sources state, and their values; the network's is of 1/(1 - share).
STATED = [
    ("server_price_ratio", 1.3, 1.64, 2.1),
    ("hardware_price_decline", 0.10, 0.14, 0.18),
    ("network_share", 1 - 1 / 1.07, 0.19, 1 - 1 / 1.32),
    ("purchase_price_factor", 0.5, 1.0, 2.0),
    ("tpu_price_factor", 0.25, 1.0, 4.0),
    ("electricity_price_factor", 0.6, 1.0, 1.7),
]
# Those whose middle the sources do not state: the geometric one, to four digits.
WITHOUT_MIDDLE = [
    ("salary", 140e3, 270e3),
    ("equity", 35e3, 500e3),
    ("staff_overhead", 1.25, 1.4),
]


@pytest.mark.parametrize(("name", "fifth", "middle", "ninety_fifth"), STATED)
def test_a_range_is_the_stated_interval_at_other_percentiles(name, fifth, middle, ninety_fifth):
    """On the scale of the distribution each side is normal; to the four printed digits."""
    one = default(name)
    z = NormalDist().inv_cdf(0.90) / NormalDist().inv_cdf(0.95)

    def scale(x):
        return math.log(x / (1 - x)) if one.distribution == "share" else math.log(x)

    assert one.value == middle
    for ours, stated in ((one.low, fifth), (one.high, ninety_fifth)):
        expected = scale(middle) + z * (scale(stated) - scale(middle))
        assert scale(ours) == pytest.approx(expected, abs=2e-3)


def test_what_is_drawn_of_experiments_is_the_stated_interval():
    """Cottier et al.: 1.2 to 4 (90%), median 2.2; drawn above 1, so read back from the draws."""
    drawn = from_default(default("experiments_ratio"), "experiments_ratio").spread

    ends = [drawn.quantile(p) for p in (0.05, 0.5, 0.95)]
    assert ends == pytest.approx([1.2, 2.2, 4.0], rel=1e-3)


def test_the_draw_of_a_server_follows_from_measurements():
    """Rated power misses measured energy by up to 37% of it; 8.4 of 10.2 kW were seen at most."""
    found = device_overhead("power_draw_fraction", accelerator("h100-sxm"))

    assert (found.low, found.value, found.high) == pytest.approx(
        (1 / 1.37, 0.75, 8.4 / 10.2), abs=5e-3
    )


@pytest.mark.parametrize(
    ("gpu", "number", "kilowatts"),
    [
        *(("a100-sxm-80gb", 8, 6.5), ("h100-sxm", 8, 10.2), ("b200", 8, 14.3), ("b300", 8, 14)),
        *(("gb200", 72, 120), ("gb300", 72, 135)),
    ],
)
def test_a_server_is_rated_at_what_its_maker_prints(gpu, number, kilowatts):
    """DGX A100, H100, B200 and B300, and both NVL72 racks: rated power x ratio x devices."""
    part = accelerator(gpu)
    ratio = device_overhead("server_power_ratio", part).value

    assert part.power * ratio * number / 1e3 == pytest.approx(kilowatts, rel=2e-3)


@pytest.mark.parametrize(
    ("gpu", "chip_hours", "pue", "megawatt_hours"),
    [
        # PaLM: 6,144 chips for 1,200 hours and 3,072 for 336, at 378.5 W and a PUE of 1.08.
        ("tpu-v4", 8_404_992, 1.08, 3436),
        # Switch: 1,024 chips for 27 days, 179 MWh at a PUE of 1.10.
        ("tpu-v3", 663_552, 1.10, 179),
    ],
)
def test_the_energy_of_a_run_on_tpus_holds_the_measured_one(gpu, chip_hours, pue, megawatt_hours):
    """Mean power of a server by device_overheads.csv; the lower ends are the 10th percentile."""
    part = accelerator(gpu)
    ratio, draw = (
        device_overhead(name, part) for name in ("server_power_ratio", "power_draw_fraction")
    )
    energy = [
        part.power * (one or ratio.value) * (other or draw.value) * pue * chip_hours / 1e6
        for one, other in ((ratio.low, draw.low), (ratio.value, draw.value))
    ]

    assert energy[0] <= megawatt_hours * 1.005
    assert energy[1] >= megawatt_hours * 0.995


@pytest.mark.parametrize(("name", "fifth", "ninety_fifth"), WITHOUT_MIDDLE)
def test_a_middle_that_is_not_stated_is_the_geometric_one(name, fifth, ninety_fifth):
    one = default(name)
    z = NormalDist().inv_cdf(0.90) / NormalDist().inv_cdf(0.95)
    middle = math.sqrt(fifth * ninety_fifth)

    assert one.value == pytest.approx(middle, rel=5e-4)
    assert one.low == pytest.approx(middle * (fifth / middle) ** z, rel=5e-4)
    assert one.high == pytest.approx(middle * (ninety_fifth / middle) ** z, rel=5e-4)


@pytest.mark.parametrize(
    ("name", "low", "value", "high"),
    [
        # RSC-2 and RSC-1: failures in 1,000 days of nodes of eight; Llama 3: 419 in 54 days.
        ("failure_rate", 2.34e-3 / 192, 419 / (54 * 24 * 16_384), 6.50e-3 / 192),
        # Llama 3: 2 and 7 TB/s for 16,384 GPUs; BLOOM: 2.3 TB in 40 s from 384.
        ("checkpoint_bandwidth", 2e12 / 16_384, 2.3e12 / 40 / 384, 7e12 / 16_384),
        # 47 planned stops in 54 days, each of 5, 10 and 20 minutes.
        ("maintenance_share", *(47 * stop / (54 * 1440) for stop in (5, 10, 20))),
        # A100 instance; 150 kg a GPU and 2,500 a server of 8; B200 board and a server around it.
        ("embodied_carbon_per_gpu", 318, 150 + 2500 / 8, 2274 / 8 + 3000 / 8),
        # OLMo 3; the average of the United States; Arizona.
        ("water_intensity", 15.887 / 12.3, 3.142 + 0.55 / 1.17, 4.959 + 1.63 / 1.18),
        # DeepSeek-V3 and R1; what V3.2 says it exceeds.
        ("post_training_share", 5 / 2788, 147 / 2788, 0.10),
        ("carbon_intensity_factor", 0.34 / 0.3695, 1.0, 0.414 / 0.3695),
    ],
)
def test_a_default_follows_from_the_figures_in_its_note(name, low, value, high):
    """To the printed digits."""
    one = default(name)

    assert (one.low, one.value, one.high) == pytest.approx((low, value, high), rel=1.2e-2)


def test_the_ratio_of_servers_to_boards_follows_from_the_price_file():
    """Each H100 server over the board quoted nearest to it in time, within 120 days."""
    rows = [quote for quote in purchases() if quote.gpu == "h100-sxm"]
    boards = [quote for quote in rows if quote.unit_kind == "board"]
    ratios = []
    for server in (quote for quote in rows if quote.unit_kind == "server"):
        nearest = min(boards, key=lambda board: abs((board.day - server.day).days))
        if abs((nearest.day - server.day).days) <= 120:
            ratios.append(server.purchase_price / nearest.purchase_price)
    found = default("board_price_ratio")

    assert len(ratios) == 5
    assert found.value == pytest.approx(median(ratios), abs=1e-3)
    assert found.low == pytest.approx(percentile(ratios, 0.10), abs=1e-3)
    assert found.high == pytest.approx(percentile(ratios, 0.90), abs=1e-3)


def mean_of_lognormal(fifth, ninety_fifth):
    """The mean of a lognormal whose 90% interval this is: exp(mu + sigma^2 / 2)."""
    sigma = math.log(ninety_fifth / fifth) / 2 / NormalDist().inv_cdf(0.95)
    return math.sqrt(fifth * ninety_fifth) * math.exp(sigma**2 / 2)


@pytest.mark.parametrize(
    ("people", "years", "published"),
    [("staff-gpt-3", 8.3 / 12, 2.2e6), ("staff-opt", 192 / 365, 1.1e6), ("staff-gpt-4", 1.0, 35e6)],
)
def test_the_published_cost_of_staff_follows_from_the_published_people(people, years, published):
    """People x time x share of it x (salary x overhead + equity), by means.

    The source prints medians of skewed sums over as few as 19 people: within 20%.
    """
    each = mean_of_lognormal(140e3, 270e3) * 1.325 + mean_of_lognormal(35e3, 500e3)
    share = overhead("staff-share-of-time")
    heads = overhead(f"{people}-contributors").value
    cost = heads * years * mean_of_lognormal(share.low, share.high) * each

    assert cost == pytest.approx(published, rel=0.2)


# Model FLOP, reported MFU, peak, reported hours and the net ratio as published.
GOODPUT = [
    # 400 of 989.4 TFLOP/s/GPU: Llama 3.1 405B.
    (3.8e25, 400 / 989.4, 989.4e12, 30.84e6, 0.86),
    # 46.2% of TPU v4's 275 TFLOP/s: PaLM.
    (2.53e24, 0.462, 275e12, 8_404_992, 0.66),
]


@pytest.mark.parametrize(("flop", "mfu", "peak", "hours", "ratio"), GOODPUT)
def test_the_published_goodputs_follow_from_the_hours(flop, mfu, peak, hours, ratio):
    """Half a unit in the last printed digit, and the rounding of the FLOP."""
    assert flop / (mfu * peak) / (hours * 3600) == pytest.approx(ratio, abs=0.01)


def test_shares_lie_between_nothing_and_all_and_ranges_are_positive():
    for one in defaults().values():
        ends = [end for end in (one.low, one.value, one.high) if end is not None]
        assert min(ends) > 0, one.name
        assert one.distribution == "positive" or max(ends) < 1, one.name
        assert (one.low is None) == (one.high is None) == (one.distribution == "categorical")


def test_every_unit_can_be_read():
    for one in (*defaults().values(), *overheads()):
        assert canonical_unit(one.unit) is not None


def test_all_overheads_are_there():
    """152 published lines, some split, those of grids apart; and eight on staff."""
    assert len(overheads()) == 97 + 8


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
