"""Laws of the money of a run, whatever a user gives: units, bounds, sums, days and seeds."""

import os
import subprocess
import sys
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost import Q, estimate
from llmcost.studies.choices.factors import FACTORS
from llmcost.studies.estimation import prepare, simulate

RUN = {
    "model": "llama-3.1-8b",
    "tokens": "15T",
    "gpu": "h100-sxm",
    "num_gpus": 1024,
    "mfu": "41%",
    "as_of": "2024-07-23",
}
DEVELOPMENT = {"scope": "development", "embodied": True, "water": True}
DECLINING = {"depreciation": "declining"}
PEOPLE = {"staff": 200, "staff_time": "1 year"}
# One amount in two units, as text or as a quantity, and what it needs beside it.
IN_TWO_UNITS = {
    "failure_rate": ("2.4e-5 /GPU/hour", "5.76e-4 /GPU/day", {}),
    "restart_time": ("10 min", "600 s", {}),
    "checkpoint_time": ("2 min", Q("120 s"), {}),
    "checkpoint_interval": ("1 hour", "3600 s", {}),
    "checkpoint_bandwidth": ("150 MB/s/GPU", "0.15 GB/s/GPU", {}),
    "checkpoint_bytes_per_parameter": ("14 byte", Q("112 bit"), {}),
    "server_price": ("36,000 USD/GPU", Q("36,000,000 USD/GPU") / 1000, {}),
    "server_lifetime": ("5 years", "60 months", {}),
    "hardware_price_decline": (0.14 / Q("1 year"), 1.4 / Q("10 year"), DECLINING),
    "server_age": ("0.5 year", "6 months", DECLINING),
    "rated_power": ("700 W/GPU", "0.7 kW/GPU", {}),
    "electricity_price": ("0.08 USD/kWh", "80 USD/MWh", {}),
    "carbon_intensity": ("0.4 kgCO2e/kWh", "400 gCO2e/kWh", {}),
    "embodied_carbon_per_gpu": ("400 kgCO2e/GPU", "0.4 tCO2e/GPU", {}),
    "water_intensity": ("3 litre/kWh", "3000 litre/MWh", {}),
    "staff": ("200 person", 200, {"staff_time": "1 year"}),
    "staff_time": ("0.5 year", "6 months", {"staff": 200}),
    "salary": ("240k USD/person/year", Q("20000 USD/person/month"), PEOPLE),
    "equity_pay": ("120k USD/person/year", Q("10000 USD/person/month"), PEOPLE),
    "storage_cost": ("2M USD", "2,000,000 USD", {}),
    "network_cost": ("2M USD", Q("2e6 USD"), {}),
    "data_cost": ("2M USD", "$2,000,000", {}),
}
OWNED = ("owned_servers_cost", "owned_network_cost", "owned_capital_cost", "energy_cost")
AMOUNTS = ("staff_cost", "storage_cost", "network_cost", "data_cost")
SUMS = {
    "owned_cost": OWNED,
    "development_cost": (
        *("cost", "experiments_cost", "post_training_cost", "rental_add_ons_cost"),
        *AMOUNTS,
    ),
    "owned_development_cost": (
        *("owned_cost", "owned_experiments_cost", "owned_post_training_cost"),
        *AMOUNTS,
    ),
}
LOSSES = ("checkpoint_loss", "rework_loss", "restart_loss", "maintenance_loss")
SHARES = ("network_share", "cluster_utilization", "power_draw_fraction", "steady_share")
NUMBERS = {
    "server_lifetime": (1.0, 10.0, "year"),
    "server_price": (1e3, 1e5, "USD/GPU"),
    "electricity_price": (0.01, 1.0, "USD/kWh"),
    "restart_time": (10.0, 1000.0, "s"),
    "server_power_ratio": (1.01, 3.0, ""),
    "post_training_share": (1e-4, 10.0, ""),
    "rental_add_ons": (1e-3, 5.0, ""),
    "data_cost": (1.0, 1e9, "USD"),
}
FLOORS = {"pue": 1.0, "experiments_ratio": 1.0}


def test_every_assumption_with_a_unit_is_given_in_two():
    assert set(IN_TWO_UNITS) == {name for name, factor in FACTORS.items() if factor.unit}


@pytest.mark.parametrize("name", IN_TWO_UNITS)
def test_the_unit_of_no_assumption_changes_anything(name):
    one, other, beside = IN_TWO_UNITS[name]
    run = RUN | DEVELOPMENT | beside | {"draws": 100}
    first, second = (estimate(**run, **{name: given}).results for given in (one, other))

    assert first.keys() == second.keys()
    for result in first:
        assert first[result].value == pytest.approx(second[result].value, rel=1e-9), result


@st.composite
def ranges(draw, low, high, unit, floor=0.0):
    """A value or a 90% interval of any kind that stays above the floor, as people write it."""
    one, two = (draw(st.floats(low - floor, high - floor)) for _ in range(2))
    ends = sorted((one + floor, two + floor))
    kind = draw(st.sampled_from(["", "lognormal ", "fixed "]))
    if kind == "fixed " or ends[0] == ends[1]:
        return f"fixed {ends[0]!r} {unit}"
    return f"{kind}{ends[0]!r}..{ends[1]!r} {unit}"


@st.composite
def shares(draw):
    """A share or a 90% interval of shares, of the kinds that never leave 0 to 1."""
    one, two = sorted(draw(st.floats(0.02, 0.95)) for _ in range(2))
    if two - one < 0.01:
        return f"{one!r}"
    return f"{draw(st.sampled_from(['', 'lognormal ']))}{one!r}..{two!r}"


@st.composite
def assumptions(draw):
    """A few assumptions of a run with ranges of their own."""
    found = {name: draw(ranges(*NUMBERS[name])) for name in draw(some_of(NUMBERS))}
    found |= {name: draw(shares()) for name in draw(some_of(SHARES))}
    return found | {
        name: draw(ranges(floor + 1e-3, floor + 5.0, "", floor))
        for name, floor in FLOORS.items()
        if draw(st.booleans())
    }


def some_of(names):
    return st.lists(st.sampled_from(sorted(names)), unique=True, max_size=4)


@settings(max_examples=40, deadline=None)
@given(assumptions(), st.sampled_from([1, 64, 4096, 30_000]))
def test_whatever_is_given_every_draw_keeps_the_laws(given_ones, gpus):
    run = RUN | DEVELOPMENT | given_ones | {"num_gpus": gpus}
    found = simulate(**run, draws=200)
    drawn, inputs = found.draws, prepare(**run).model.draws(200, 1)

    for total, parts in SUMS.items():
        added = sum(drawn[part] for part in parts if part in drawn)
        np.testing.assert_allclose(added, drawn[total], rtol=1e-12)
    np.testing.assert_allclose(
        drawn["goodput"] + sum(drawn[loss] for loss in LOSSES), 1.0, rtol=1e-12
    )
    assert (drawn["development_cost"] >= drawn["cost"]).all()
    assert (drawn["owned_development_cost"] >= drawn["owned_cost"]).all()
    for name, factor in FACTORS.items():
        assert (inputs.get(name, factor.floor) >= np.array(factor.floor)).all(), name
        assert not factor.share or (inputs.get(name, 0.5) <= np.array(1.0)).all(), name
    for name, result in found.estimate.results.items():
        assert result.value is not None, name
        assert result.low <= result.high, name


LATER = date(2024, 7, 24)
DATED = {
    "grids.csv": (
        "region,quantity,value,unit,as_of,quality,source,note",
        "{place},electricity_price,9.9,USD/kWh,{day},A,assumption,",
        "{place},carbon_intensity,9.9,kgCO2e/kWh,{day},A,assumption,",
    ),
    "exchange_rates.csv": (
        "currency,as_of,usd_per_unit,source",
        "EUR,2024-07,99,assumption",
        "EUR,2024-08,99,assumption",
    ),
    "gpu_prices.csv": (
        "price_id,gpu,gpu_as_listed,kind,provider,provider_class,terms,price [USD/GPU/hour],"
        "purchase_price [USD/GPU],as_of,date_basis,region,gpus_in_unit [GPU],unit_kind,source,"
        "source_detail,grade,note",
        "{place}-a,h100-sxm,H100,rental,A,neocloud,spot,0.01,,{day},,,,,assumption,,A,",
        "{place}-b,h100-pcie,H100,rental,B,neocloud,spot,99,,{day},,,,,assumption,,A,",
        "{place}-c,h100-pcie,H100,rental,C,neocloud,spot,0.01,,{day},,,,,assumption,,A,",
        "{place}-d,h100-pcie,H100,rental,D,neocloud,spot,9,,{day},,,,,assumption,,A,",
        "{place}-e,h100-sxm,H100,rental,E,neocloud,reserved-3y,0.01,,{day},,,,,assumption,,A,",
        "{place}-f,h100-sxm,H100,purchase,F,purchase,purchase,,1,{day},,,8,server,assumption,,A,",
    ),
}


@pytest.mark.parametrize("day", [str(LATER), "2024-08", "2024-12-31", "2025"])
def test_no_later_fact_of_any_kind_changes_an_answer(tmp_path, monkeypatch, day):
    """Prices, the spread of lone ones, grids, rates, and what the published method takes."""
    run = RUN | DEVELOPMENT | {"method": "epoch-2024", "currency": "EUR", "region": "virginia"}
    before = estimate(**run).to_dict()
    for name, (header, *rows) in DATED.items():
        told = [row.format(day=day, place=place) for row in rows for place in ("us", "us-virginia")]
        text = "\n".join([header, *dict.fromkeys(told), ""])
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setenv("LLMCOST_DATA", str(tmp_path))
    after = estimate(**run).to_dict()

    assert after.pop("data_version") != before.pop("data_version")
    assert after == before


def test_a_process_of_its_own_gives_the_same_bytes():
    """Whatever order its sets and dictionaries of text have."""
    command = ("llama-3.1-8b", "--gpu", "h100-sxm", "--gpus", "64", "--mfu", "35..45%", "--json")
    told = {
        subprocess.run(
            [sys.executable, "-m", "llmcost", "estimate", *command],
            env=os.environ | {"PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(told) == 1
    assert len(told.pop()) > 1000
