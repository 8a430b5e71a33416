"""Costs of a run by every basis: hand calculations, and the laws that must hold in every draw."""

import csv
import io
import json
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost import InputError, Q, UnitError, UnknownNameError, estimate
from llmcost.catalog.columns import last_day
from llmcost.studies.estimation import simulate
from llmcost.views import document
from llmcost.views.costs import offer_table
from tests.cli.helpers import llmcost

RUN = {
    "model": "llama-3.1-405b",
    "tokens": "15T",
    "gpu": "h100-sxm",
    "num_gpus": 16000,
    "mfu": "41%",
    "as_of": "2024-07-23",
}
FIXED = {
    "goodput": "90%",
    "price": "2 USD/GPU/hour",
    "server_price": "36,000 USD/GPU",
    "network_share": "20%",
    "server_lifetime": "5 years",
    "cluster_utilization": "80%",
    "rated_power": "700 W/GPU",
    "server_power_ratio": 1.8,
    "power_draw_fraction": "75%",
    "pue": 1.1,
    "electricity_price": "0.08 USD/kWh",
    "carbon_intensity": "0.4 kgCO2e/kWh",
}
OWNED = ("owned_servers_cost", "owned_network_cost", "owned_capital_cost", "energy_cost")
RENTED_LINES = (
    *("cost", "experiments_cost", "post_training_cost", "staff_cost", "rental_add_ons_cost"),
    *("storage_cost", "network_cost", "data_cost"),
)
OWNED_LINES = (
    *("owned_cost", "owned_experiments_cost", "owned_post_training_cost", "staff_cost"),
    *("storage_cost", "network_cost", "data_cost"),
)
VARIABLE = (
    *("cost", "owned_cost", "energy_cost", "energy", "carbon", "embodied_carbon", "water"),
    *("owned_servers_cost", "owned_network_cost", "rental_on_demand_cost"),
    *("experiments_cost", "post_training_cost", "staff_cost", "development_cost"),
)


def value_of(found, name):
    """Return a result's number."""
    return found.results[name].value


def test_an_owners_cost_by_hand():
    """A server of 36,000 USD over 5 x 8,766 h at 80%; a network of a quarter of it; 1.0395 kW."""
    found = estimate(**RUN, **FIXED)
    hours = value_of(found, "gpu_hours")

    servers = 36_000 / (5 * 8766 * 0.8) * hours
    kilowatts = 0.700 * 1.8 * 0.75 * 1.1
    assert value_of(found, "owned_servers_cost") == pytest.approx(servers, rel=1e-12)
    assert value_of(found, "owned_network_cost") == pytest.approx(servers * 0.25, rel=1e-12)
    assert value_of(found, "energy") == pytest.approx(hours * kilowatts / 1000, rel=1e-12)
    assert value_of(found, "energy_cost") == pytest.approx(hours * kilowatts * 0.08, rel=1e-12)
    assert value_of(found, "carbon") == pytest.approx(hours * kilowatts * 0.4 / 1000, rel=1e-12)
    assert value_of(found, "acquisition_cost") == pytest.approx(16000 * 36_000 / 0.8, rel=1e-12)
    assert value_of(found, "owned_capital_cost") == 0


def test_device_hours_follow_from_goodput_and_slow_steps_by_hand():
    """FLOP over (peak x MFU x goodput x steady share), in hours."""
    found = estimate(**RUN, steady_share="93%", restart_time="10 min")
    flop, goodput = value_of(found, "model_flop"), value_of(found, "goodput")

    hours = flop / (989.4e12 * 0.41 * goodput * 0.93) / 3600
    assert value_of(found, "gpu_hours") == pytest.approx(hours, rel=1e-3)
    assert 0.90 < goodput < 0.95


def test_a_goodput_that_is_given_stands_for_everything():
    found = estimate(**RUN, goodput="86%")

    assert value_of(found, "goodput") == 0.86
    assert value_of(found, "steady_share") == 1
    assert "mtbf" not in found.results


def test_goodput_is_that_of_llama_3_and_falls_with_scale():
    """419 unexpected interruptions in 54 days on 16,384 GPUs, more than 90% effective time.

    Source: the Llama 3 paper (arXiv 2407.21783), section 3.3.4.
    """
    rate = f"{419 / (54 * 24 * 16384)} /GPU/hour"
    run = RUN | {"num_gpus": 16384}
    found = estimate(**run, failure_rate=rate)
    scale = [row["goodput"] for row in found.reports["goodput_by_scale"]]

    assert value_of(found, "mtbf") == pytest.approx(54 * 24 / 419, rel=1e-9)
    assert value_of(found, "goodput") > 0.90
    assert scale == sorted(scale, reverse=True)
    assert scale[0] > 0.96
    assert scale[1] == pytest.approx(value_of(found, "goodput"), rel=1e-12)
    assert scale[2] < 0.8
    losses = sum(
        value_of(found, name)
        for name in ("restart_loss", "rework_loss", "checkpoint_loss", "maintenance_loss")
    )
    assert losses + value_of(found, "goodput") == pytest.approx(1, rel=1e-12)


def test_development_by_people_by_hand():
    """100 people for half a year at 200,000 USD and 1.3 on it: 13M; data 5M; storage 2M."""
    found = estimate(
        **RUN,
        **FIXED,
        scope="development",
        experiments_ratio=2.2,
        post_training_share="5%",
        staff=100,
        staff_time="6 months",
        salary="200k USD/person/year",
        staff_overhead=1.3,
        equity=False,
        storage_cost="2M USD",
        data_cost="5M USD",
    )
    final = value_of(found, "cost")

    assert value_of(found, "staff_cost") == pytest.approx(13e6, rel=1e-12)
    assert value_of(found, "experiments_cost") == pytest.approx(1.2 * final, rel=1e-12)
    assert value_of(found, "post_training_cost") == pytest.approx(0.05 * final, rel=1e-12)
    total = final * 2.25 + 13e6 + 2e6 + 5e6
    assert value_of(found, "development_cost") == pytest.approx(total, rel=1e-12)
    assert "network_cost" not in found.results
    assert "rental_add_ons_cost" not in found.results


def test_post_training_in_tokens_by_hand():
    """100B tokens at 6 times the compute each, of 15T: 4%."""
    more = {"post_training": "100B", "post_training_multiplier": 6}
    found = estimate(**RUN, **FIXED, scope="development", **more)

    ratio = value_of(found, "post_training_cost") / value_of(found, "cost")
    assert ratio == pytest.approx(0.04, rel=1e-12)


def test_staff_by_its_share_is_that_share_of_the_owners_development():
    """A share of 37% is 37 of each 100 that hardware, energy and staff cost together."""
    found = estimate(**RUN, **FIXED, scope="development", staff_share="37%", experiments_ratio=2)
    compute = 2 * value_of(found, "owned_cost")

    staff = value_of(found, "staff_cost")
    assert staff / (staff + compute) == pytest.approx(0.37, rel=0.03)


@pytest.mark.parametrize("scope", ["final-run", "development"])
def test_parts_add_up_in_the_answer_and_in_every_draw(scope):
    found = simulate(**RUN, scope=scope, draws=500, cost_of_capital="8%")
    sums = [("owned_cost", OWNED)]
    if scope == "development":
        sums += [("development_cost", RENTED_LINES), ("owned_development_cost", OWNED_LINES)]
    for total, parts in sums:
        known = [part for part in parts if part in found.draws]
        drawn = sum(found.draws[part] for part in known)
        told = sum(value_of(found.estimate, part) for part in known)
        np.testing.assert_allclose(drawn, found.draws[total], rtol=1e-12)
        assert told == pytest.approx(value_of(found.estimate, total), rel=1e-12)


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("form", ["json", "csv", "tsv", "jsonl"])
def test_parts_add_up_in_every_format_for_programs(capsys, form):
    told = llmcost(
        capsys,
        *("estimate", "llama-3.1-8b", "--gpu", "h100-sxm", "--gpus", "64", "--mfu", "40%"),
        *("--scope", "development", "--format", form),
    ).out
    if form == "json":
        values = {name: part["value"] for name, part in json.loads(told)["results"].items()}
    elif form == "jsonl":
        rows = [json.loads(line) for line in told.splitlines()]
        values = {row["name"]: row["value"] for row in rows}
    else:
        rows = list(csv.DictReader(io.StringIO(told), delimiter="," if form == "csv" else "\t"))
        values = {row["name"]: row["value"] for row in rows}
    for total, parts in (("owned_cost", OWNED), ("development_cost", RENTED_LINES)):
        parts_sum = sum(float(values[part]) for part in parts if part in values)
        assert parts_sum == pytest.approx(float(values[total]), rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.floats(1e11, 1e13), st.integers(8, 20000))
def test_twice_the_tokens_cost_twice_as_much(tokens, gpus):
    run = {"model": "llama-3.1-8b", "gpu": "h100-sxm", "num_gpus": gpus, "mfu": 0.4}
    more = {"scope": "development", "embodied": True, "water": True, "draws": 100}
    one, two = (estimate(**run, **more, tokens=n) for n in (tokens, 2 * tokens))

    for name in VARIABLE:
        assert value_of(two, name) == pytest.approx(2 * value_of(one, name), rel=1e-9), name
    assert value_of(two, "acquisition_cost") == value_of(one, "acquisition_cost")
    assert value_of(two, "goodput") == value_of(one, "goodput")


def test_development_never_costs_less_than_the_final_run():
    found = simulate(**RUN, scope="development", draws=2000, experiments_ratio="1.001..4")

    assert (found.draws["development_cost"] >= found.draws["cost"]).all()
    assert (found.draws["owned_development_cost"] >= found.draws["owned_cost"]).all()


@pytest.mark.parametrize(
    ("name", "one", "other"),
    [
        ("server_price", "36,000 USD/GPU", Q("36,000,000 USD/GPU") / 1000),
        ("server_lifetime", "5 years", "60 months"),
        ("electricity_price", "0.08 USD/kWh", "80 USD/MWh"),
        ("carbon_intensity", "0.4 kgCO2e/kWh", "400 gCO2e/kWh"),
        ("failure_rate", "2.4e-5 /GPU/hour", "5.76e-4 /GPU/day"),
        ("restart_time", "10 min", "600 s"),
        ("checkpoint_bandwidth", "150 MB/s/GPU", "0.15 GB/s/GPU"),
        ("rated_power", "700 W/GPU", "0.7 kW/GPU"),
    ],
)
def test_the_unit_of_an_assumption_changes_nothing(name, one, other):
    first, second = (estimate(**RUN, **{name: given}, draws=100) for given in (one, other))

    for result in first.results:
        here, there = value_of(first, result), value_of(second, result)
        assert here == pytest.approx(there, rel=1e-9), result


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others():
    one, two = (json.dumps(estimate(**RUN, scope="development").to_dict()) for _ in range(2))

    assert one == two
    assert json.dumps(estimate(**RUN, scope="development", seed=1).to_dict()) != one


def test_an_interval_that_is_wider_holds_more():
    narrow, wide = (estimate(**RUN, interval=level) for level in ("50%", "90%"))

    for name in ("cost", "owned_cost", "gpu_hours"):
        inner, outer = narrow.results[name], wide.results[name]
        assert outer.low < inner.low < inner.median < inner.high < outer.high
        assert outer.median == inner.median
    assert wide.to_dict()["interval"] == 0.9


def test_a_histogram_counts_every_draw():
    for one in estimate(**RUN, draws=1000).reports["histograms"].values():
        assert sum(one["counts"]) == 1000
        assert len(one["edges"]) == len(one["counts"]) + 1


def test_prices_on_all_terms_move_together():
    """The market is one draw: where on-demand is dear, so is every other price."""
    run = RUN | {"as_of": "2026-09-06"}
    draws = simulate(**run, draws=500, goodput=0.9).draws
    order = np.argsort(draws["rental_on_demand_cost"])

    assert (np.diff(draws["rental_spot_cost"][order]) >= 0).all()


@pytest.mark.parametrize("day", ["2023-07-31", "2023-12-31", "2024-07-23", "2025-06-30"])
def test_nothing_dated_after_the_day_is_used(day):
    found = estimate(**RUN | {"as_of": day}, embodied=True)
    last = date.fromisoformat(day)
    assert found.reports["rentals"]
    for offer in found.reports["rentals"]:
        assert date.fromisoformat(offer["newest"]) <= last
    assert date.fromisoformat(found.inputs["server_price"].detail["newest"]) <= last
    for name in ("electricity_price", "carbon_intensity"):
        assert last_day(found.inputs[name].origin.as_of) <= last


def test_a_price_seen_later_changes_nothing_before(tmp_path, monkeypatch):
    """A price of a cent on the day after, and a server for a dollar, are not there on the day."""
    before = estimate(**RUN).to_dict()["results"]
    header = (
        "price_id,gpu,gpu_as_listed,kind,provider,provider_class,terms,price [USD/GPU/hour],"
        "purchase_price [USD/GPU],as_of,date_basis,region,gpus_in_unit [GPU],unit_kind,source,"
        "source_detail,grade,note\n"
    )
    rows = (
        "late-rent,h100-sxm,H100,rental,Later,neocloud,on-demand,0.01,,2024-07-24,,,,,"
        "assumption,,A,\n"
        "late-buy,h100-sxm,H100,purchase,Later,purchase,purchase,,1,2024-07-24,,,8,server,"
        "assumption,,A,\n"
    )
    (tmp_path / "gpu_prices.csv").write_text(header + rows, encoding="utf-8")
    monkeypatch.setenv("LLMCOST_DATA", str(tmp_path))

    assert estimate(**RUN).to_dict()["results"] == before
    after = estimate(**RUN | {"as_of": "2024-07-24"})
    assert after.results["rental_on_demand_cost"].value < before["rental_on_demand_cost"]["value"]
    assert after.results["acquisition_cost"].value < before["acquisition_cost"]["value"]


def test_dollars_are_those_of_the_prices_unless_another_year_is_asked_for():
    plain = estimate(**RUN)
    asked = estimate(**RUN, dollars_of=2023)
    told = asked.reports["restated"][0]

    assert "restated" not in plain.reports
    assert asked.results == plain.results
    assert told["unit"] == "USD of 2023"
    assert "PCU518210518210" in told["told"]
    assert told["results"]["cost"]["value"] == pytest.approx(
        value_of(plain, "cost") * told["usd_times"]
    )


def test_another_currency_is_told_with_its_rate_and_date():
    told = estimate(**RUN, currency="eur").reports["restated"][0]

    assert told["unit"] == "EUR"
    assert 0.85 < told["usd_times"] < 1.0
    assert told["as_of"] <= "2024-07"


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"price": "-2 USD/GPU/hour"}, InputError, "above 0"),
        ({"price": float("nan")}, InputError, "USD/GPU/hour"),
        ({"pue": 0.9}, InputError, "at least 1"),
        ({"pue": "uniform 0.9..1.2"}, InputError, "at least 1"),
        ({"server_lifetime": "0 years"}, InputError, "above 0"),
        ({"price": "3..2 USD/GPU/hour"}, InputError, "lower end first"),
        ({"region": "atlantis"}, UnknownNameError, "region"),
        ({"as_of": "2010-01-01"}, InputError, "first price"),
        ({"interval": "50..60%"}, InputError, "10% to 99.9%"),
        ({"depreciation": "linear"}, InputError, "straight-line or declining"),
        ({"hardware_price_decline": "0.14/year"}, InputError, "straight-line"),
        ({"method": "epoch-2023"}, UnknownNameError, "epoch-2024"),
        ({"currency": "XYZ"}, UnknownNameError, "EUR"),
        ({"puee": 1.2}, UnknownNameError, "pue"),
        ({"staff": 100}, InputError, "scope development"),
        ({"scope": "development", "staff": 100}, InputError, "staff-time"),
        (
            {"scope": "development", "staff": 9, "staff_time": "1 year", "salary": "200k USD"},
            UnitError,
            "per year",
        ),
        (
            {"scope": "development", "storage_cost": "1 USD", "rental_add_ons": 0.4},
            InputError,
            "no use",
        ),
        ({"goodput": 0.9, "failure_rate": "1e-5 /GPU/hour"}, InputError, "given goodput"),
        ({"checkpoint_time": "30 s", "checkpoint_bandwidth": "1 GB/s/GPU"}, InputError, "no use"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_message(given, error, words):
    with pytest.raises(error, match=words):
        estimate(**RUN | given)


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("salary", ["200k", "200k USD", "$200,000/year"])
def test_a_salary_without_its_period_is_refused_on_the_command_line(capsys, salary):
    run = ("estimate", "llama-3.1-8b", "--gpu", "h100-sxm", "--gpus", "64", "--mfu", "40%")
    people = ("--scope", "development", "--staff", "10", "--staff-time", "1 year")
    ran = llmcost(capsys, *run, *people, "--salary", salary)

    assert ran.code == 2
    assert "200,000 USD/person/year" in ran.err


def test_the_published_method_uses_nothing_of_after_the_day():
    """Training starts in February 2024; electricity of 2024 is not known in 2023."""
    run = {"model": "llama-3.1-405b", "method": "epoch-2024", "draws": 100}
    with pytest.raises(InputError, match="training starts on 2024-02-24"):
        estimate(**run, as_of="2023-01-01")
    run |= {"gpu": "h100-sxm", "num_gpus": 1024, "mfu": 0.4}
    steps = estimate(**run, as_of="2023-06-01").reports["method"]["results"]
    price = next(step["value"] for step in steps if step["name"] == "electricity_price")
    assert price == 0.0806  # US industry, 2023


def test_terms_without_a_price_of_the_year_before_are_told_with_their_newest():
    """Three-year prices of H100 are of 2025-03-17 and before."""
    listed = estimate(**RUN | {"as_of": "2026-09-06"}, draws=100).reports["rentals"]
    lacking = {row["terms"]: row["newest"] for row in listed if row["price"] is None}

    assert lacking["reserved-3y"] == "2025-03-17"


def test_columns_of_numbers_of_one_unit_say_which():
    """In files they have it in their header; sizes of memory are in GB, times in s."""
    run = estimate(model="llama-3.1-8b", gpu="h100-sxm", num_gpus=64, draws=100)
    tables = [*document(run).tables, offer_table(run)]
    heads = {table.name: [one.header for one in table.fields] for table in tables}

    assert "price [USD/GPU/hour]" in heads["bases"]
    assert {"price [USD/GPU/hour]", "cost [USD]"} < set(heads["offers"])
    assert heads["memory"][1] == "value [GB]"
    assert heads["step"][1] == "value [s]"
