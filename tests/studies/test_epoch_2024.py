"""The published method epoch-2024: its authors' figures, step by step, and its laws.

Expected values are those of the authors' script at commit 263c40a, run once on the data beside it,
and the figures that they published.
"""

from datetime import date, timedelta
from math import log, log10

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.catalog.epoch_2024 import listed_runs
from llmcost.errors import InputError, UnknownNameError
from llmcost.studies.methods.cases import case_of, inputs_of, listed_case
from llmcost.studies.methods.epoch_2024 import (
    epoch_2024,
    in_dollars_of,
    intervals,
)
from llmcost.studies.methods.reproduction import reproduction_rows

ROWS = reproduction_rows()
SIX = (
    *("GPT-4", "Gemini 1.0 Ultra", "Llama 3.1 405B"),
    *("GPT-3 175B", "PaLM 540B", "Llama 2 70B"),
)
# Figures as people quote them, in millions, and whether each is the amortised cost.
QUOTED = [
    ("GPT-4", 40.6, "2023-12"),
    ("GPT-4", 40.0, "2023-12"),
    ("Gemini 1.0 Ultra", 29.8, "2023-12"),
    ("Gemini 1.0 Ultra", 30.0, "2023-12"),
    ("Llama 3.1 405B", 51.0, "2024-12"),
    ("Llama 3.1 405B", 52.9, "2025-06"),
    ("GPT-3 175B", 2.06, "2023-12"),
    ("GPT-3 175B", 2.28, "2025-06"),
    ("PaLM 540B", 2.9, "2023-12"),
    ("Llama 2 70B", 1.10, "2023-12"),
]
# Nominal dollars: amortised cost, energy, purchase of the cluster, three-year rental.
SCRIPT = {
    "GPT-4": (40155933.9448, 3499488.2812, 767746913.5802, 77520000.0),
    "Gemini 1.0 Ultra": (28233699.9821, 1334576.9923, 596310074.0741, 191400000.0),
    "Llama 3.1 405B": (51260340.1412, 2846150.8669, 899903943.1111, 170559406.08),
    "GPT-3 175B": (2088539.1388, 92546.25, 229938271.6049, 4120320.0),
    "PaLM 540B": (2810003.9291, 87719.3270, 64275949.0370, 12187238.4),
    "Llama 2 70B": (1093378.4962, 92944.0512, 30709876.5432, 3113779.2),
    "PaLM 2": (4577371.0961, 199893.7889, None, 28668013.4680),
    "GPT-3.5": (4534422.3963, 387893.5185, None, 8324026.5907),
    "Megatron-Turing NLG 530B": (3590762.2134, 166023.8580, 137580246.9136, 6209280.0),
    "OPT-175B": (720277.2727, 45315.5789, 31446913.5802, 1462579.2),
    "BLOOM 176B": (974367.3165, 68335.4880, 11792592.5926, 1940889.6),
    "Falcon-180B": (10277317.5669, 1086359.04, 125787654.3210, 25657344.0),
    "Grok-3": (301454770.6080, 23695875.0, 5492577777.7778, 1166400000.0),
}
# The start of training and the value of a server then [USD/GPU].
STARTS = {
    "GPT-4": ("2022-05-12", 14165.054738257799),
    "Gemini 1.0 Ultra": ("2023-05-10", 4488.559125020449),
    "Llama 3.1 405B": ("2024-02-24", 30386.173883878113),
    "GPT-3 175B": ("2019-10-01", 12377.381963794704),
    "PaLM 540B": ("2021-12-01", 7134.096558136178),
    "PaLM 2": ("2023-02-05", 4876.823820498262),
    "GPT-3.5": ("2022-03-14", 14922.201653959262),
    "Falcon-180B": ("2023-01-09", 11440.891643957973),
}
# An earlier print of the price index, which the file of 2025-06 no longer holds.
REPRINTED = ("Grok-3",)


def cost_of(**changed):
    return epoch_2024(case_of(**inputs_of_llama() | changed))


def inputs_of_llama():
    return {
        "gpu": "h100-sxm",
        "num_gpus": 16384,
        "training_time": 2142,
        "published": "2024-07-23",
        "organisation": "Meta AI",
    }


@pytest.mark.parametrize(("model", "millions", "dollars_of"), QUOTED)
def test_the_published_amortised_costs_within_a_tenth(model, millions, dollars_of):
    """With today's inputs; the six models of the issue."""
    cost = epoch_2024(listed_case(model))
    ours = in_dollars_of(cost.owned_cost, cost.case.published, dollars_of)

    assert ours == pytest.approx(millions * 1e6, rel=0.10)


@pytest.mark.parametrize("row", ROWS, ids=lambda r: f"{r.model}-{r.figure.edition}")
def test_every_figure_comes_out_with_the_inputs_of_its_edition(row):
    """To the cent where it is stored to the cent, to half of the last digit printed elsewhere."""
    if row.model in REPRINTED:
        assert row.as_then_ratio == pytest.approx(119.58 / 122.218, rel=1e-8)
        return
    printed = row.figure.edition.startswith("AI Index")

    assert row.as_then == pytest.approx(row.published, rel=4e-3 if printed else 5e-9)


@pytest.mark.parametrize("name", SCRIPT)
def test_a_run_against_the_authors_script(name):
    cost = epoch_2024(listed_case(name))
    bought = cost.acquisition_cost

    owned, energy, acquisition, rented = SCRIPT[name]
    assert cost.owned_cost == pytest.approx(owned, rel=1e-9)
    assert cost.energy_cost == pytest.approx(energy, rel=1e-7)
    assert cost.rental_reserved_3y_cost == pytest.approx(rented, rel=1e-9)
    assert (bought is None) == (acquisition is None)
    assert bought is None or bought == pytest.approx(acquisition, rel=1e-9)


@pytest.mark.parametrize("name", STARTS)
def test_the_start_of_training_and_the_value_then(name):
    cost = epoch_2024(listed_case(name))

    assert (str(cost.case.training_start), cost.value_at_start) == (
        STARTS[name][0],
        pytest.approx(STARTS[name][1], rel=1e-12),
    )


def test_llama_by_hand():
    """44,489.88 USD fall by 10^(-0.14 t) over 432 days; 32.24% of that a year for 35.1M hours, and
    19/81 for the network; 700 W x 10.2/5.6 x 0.75 x 1.1 at 0.0771 USD/kWh."""
    value = 44489.88 * 10 ** (-0.14 * 432 / 365.25)
    servers = value * 0.14 * log(10) / 8766 * 16384 * 2142
    energy = 0.7 * (10.2 / 5.6) * 0.75 * 1.1 * 16384 * 2142 * 0.0771

    cost = cost_of()

    assert cost.owned_servers_cost == pytest.approx(servers, rel=1e-12)
    assert cost.owned_network_cost == pytest.approx(servers * 19 / 81, rel=1e-12)
    assert cost.energy_cost == pytest.approx(energy, rel=1e-12)
    assert cost.acquisition_cost == pytest.approx(16384 * 44489.88 / 0.81, rel=1e-12)


def test_every_listed_run_has_a_figure_and_every_one_of_the_six_an_amortised_one():
    assert {run.model for run in listed_runs()} == {row.model for row in ROWS}
    assert {r.model for r in ROWS if r.figure.quantity == "owned_cost"} >= set(SIX)


def test_the_parts_sum_to_the_amortised_cost():
    cost = cost_of()

    parts = cost.owned_servers_cost + cost.owned_network_cost + cost.energy_cost
    assert cost.owned_cost == pytest.approx(parts, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "price"),
    [("Llama 3.1 405B", 1.46), ("GPT-4", 0.71), ("Gemini 1.0 Ultra", 0.23), ("Llama 2 70B", 0.64)],
)
def test_what_a_device_hour_costs_the_owner(name, price):
    """The published costs over the hours: 51.0M / 35.1M, 40.6M / 57M, 29.8M / 132M, 1.10M / 1.72M;
    Gemini with less power than then."""
    assert epoch_2024(listed_case(name)).owned_price == pytest.approx(price, rel=0.08)


@given(st.floats(0.01, 1000))
def test_costs_go_with_device_hours(factor):
    one = epoch_2024(case_of(gpu="a100-sxm-40gb", gpu_hours=1e6, published="2023-01-01"))
    many = epoch_2024(case_of(gpu="a100-sxm-40gb", gpu_hours=1e6 * factor, published="2023-01-01"))

    for name in ("owned_cost", "energy_cost", "rental_reserved_3y_cost"):
        assert getattr(many, name) == pytest.approx(factor * getattr(one, name), rel=1e-12)


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_later_training_is_cheaper_on_older_hardware(first, days):
    """And by 0.14 orders of magnitude a year."""
    start = date(2020, 8, 12) + timedelta(days=first)
    costs = [
        epoch_2024(case_of(gpu="a100-sxm-40gb", gpu_hours=1e6, training_start=day))
        for day in (start, start + timedelta(days=days))
    ]

    fall = log10(costs[0].owned_hardware_cost / costs[1].owned_hardware_cost)
    assert fall == pytest.approx(0.14 * days / 365.25, rel=1e-6)


def test_a_gpu_is_not_used_before_it_could_be_bought():
    """Released on 2022-09-20, so nobody trains on it before 2022-12-19."""
    cost = cost_of(training_start="2022-06-01", published=None)

    assert str(cost.used_from) == "2022-12-19"
    assert cost.value_at_start == pytest.approx(44489.88, rel=1e-12)


def test_a_tpu_may_be_used_before_its_release_and_is_worth_more_then():
    cost = epoch_2024(case_of(gpu="tpu-v4", gpu_hours=1e6, training_start="2020-05-20"))

    assert cost.value_at_start == pytest.approx(
        5167 * 1.64 * 10 ** (0.14 * 365 / 365.25), rel=1e-12
    )


def test_device_time_of_a_known_compute():
    """7.34e24 FLOP at 275 TFLOP/s and 0.375: 19.77M hours."""
    case = listed_case("PaLM 2")

    assert case.gpu_hours == pytest.approx(7.34e24 / (275e12 * 0.375) / 3600, rel=1e-12)


def test_an_amortised_cost_carries_the_interval_of_its_authors():
    """A GPU's capex and energy: 0.34 to 3.7 times; a TPU's: 0.27 to 4.9 times."""
    gpu, tpu = cost_of(), epoch_2024(listed_case("PaLM 540B"))

    assert gpu.interval("owned_cost") == pytest.approx(
        (0.34 * gpu.owned_cost, 3.7 * gpu.owned_cost)
    )
    assert tpu.interval("owned_cost") == pytest.approx(
        (0.27 * tpu.owned_cost, 4.9 * tpu.owned_cost)
    )
    assert gpu.interval("acquisition_cost") == pytest.approx(
        (0.46 * gpu.acquisition_cost, 2.1 * gpu.acquisition_cost)
    )
    assert gpu.interval("rental_reserved_3y_cost") is None


def test_the_intervals_of_inputs_are_there():
    found = {(one.quantity, one.applies_to): (one.low, one.high) for one in intervals()}

    assert found["num_gpus", "all"] == (0.8, 1.25)
    assert found["purchase_price", "TPU"] == (0.25, 4)
    assert found["hardware_price_decline", "all"] == (0.10, 0.18)
    assert found["network_overhead", "all"] == (1.07, 1.32)


@pytest.mark.parametrize("kind", ["GPU", "TPU"])
def test_the_interval_of_a_purchase_follows_from_those_of_its_inputs(kind):
    """Devices, price, server and network, lognormal and independent: widths add up in squares.

    For a GPU 2.17 either way (0.46 to 2.1 as printed), for a TPU 4.2 (0.23 to 4.2).
    """
    found = {(one.quantity, one.applies_to): one for one in intervals()}
    inputs = [
        *(found["num_gpus", "all"], found["purchase_price", kind]),
        *(found["server_price_ratio", "all"], found["network_overhead", "all"]),
    ]
    width = sum((log(one.high / one.low) / 2) ** 2 for one in inputs) ** 0.5
    result = found["acquisition_cost", kind]

    assert width == pytest.approx(log(result.high / result.low) / 2, rel=0.03)


def test_no_price_is_taken_from_after_a_day():
    """The only three-year price of an H100 at a large cloud was seen in March 2025."""
    case = case_of(**inputs_of_llama())
    early = epoch_2024(case, as_of=date(2024, 7, 23))
    quote = early.rental.quote

    assert quote is None or quote.day <= date(2024, 7, 23)
    assert epoch_2024(case, as_of=date(2025, 3, 17)).rental.value == 4.86


def test_a_purchase_price_from_after_the_day_is_refused():
    with pytest.raises(InputError, match="2022-09-29"):
        epoch_2024(case_of(**inputs_of_llama()), as_of=date(2022, 1, 1))


@pytest.mark.parametrize(
    ("organisation", "cloud"),
    [
        ("OpenAI", "Microsoft Azure"),
        ("Google DeepMind", "Google Cloud"),
        ("", "Amazon Web Services"),
    ],
)
def test_the_organisation_chooses_the_cloud(organisation, cloud):
    case = case_of(
        gpu="a100-sxm-40gb", gpu_hours=1, published="2023-06-01", organisation=organisation
    )

    assert epoch_2024(case).rental.quote.provider == cloud


@pytest.mark.parametrize(
    ("organisation", "price"),
    [("", 3.06 * (1 - 0.64)), ("OpenAI", 3.06 * (1 - 0.49)), ("Google", 2.95 * (1 - 0.56))],
)
def test_a_price_on_demand_is_turned_into_a_commitment(organisation, price):
    """In 2023 the list has a V100 of 16 GB on demand only: AWS and Azure 3.06, Google 2.95."""
    case = case_of(
        gpu="v100-sxm-16gb", gpu_hours=1, published="2023-12-31", organisation=organisation
    )

    assert epoch_2024(case, as_of=date(2023, 12, 31)).rental.value == pytest.approx(price)


def test_no_price_at_all_leaves_the_rental_out_and_says_why():
    case = case_of(gpu="h100-sxm", gpu_hours=1, published="2023-12-01")
    cost = epoch_2024(case, as_of=date(2023, 12, 31))

    assert cost.rental_reserved_3y_cost is None
    assert "no rental price for h100-sxm in its list up to 2023-12-31" in cost.rental.how


def test_a_year_without_a_price_of_electricity_takes_the_last_and_says_so():
    cost = epoch_2024(case_of(gpu="h100-sxm", gpu_hours=1, published="2027-01-01"))

    assert "electricity at the price of 2025" in " ".join(cost.notes)


def test_rows_name_every_step_with_unit_and_source():
    steps = cost_of().steps

    names = {"gpu_hours", "value_at_start", "owned_cost", "energy"}
    assert {step.name for step in steps} >= names
    assert all(step.how for step in steps)


def test_a_listed_run_by_its_name_in_the_catalogue():
    assert listed_case("llama-2-70b").model == "Llama 2 70B"


def test_inputs_of_a_run_name_their_sources():
    for run in listed_runs():
        assert "epoch-training-cost-trends" in inputs_of(run)["sources"]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"gpu_hours": -1.0}, "gpu_hours: got -1"),
        ({"num_gpus": float("nan")}, "num_gpus: got nan"),
        ({"mfu": 1.5}, "at most 1"),
        ({"published": None}, "training_start or published"),
        ({"training_time": None}, "needs the device time"),
        ({"training_start": "2024-12-01"}, "before training started"),
        ({"published": "soon"}, "published: got"),
        ({"gpu": "b200"}, "b200"),
    ],
)
def test_bad_input(changed, says):
    with pytest.raises(InputError, match=says):
        cost_of(**changed)


def test_an_unknown_run():
    with pytest.raises(UnknownNameError, match="GPT-4"):
        listed_case("GPT-44")


def test_a_month_without_an_index():
    with pytest.raises(InputError, match="1999-01"):
        in_dollars_of(1.0, date(2024, 7, 23), "1999-01")
