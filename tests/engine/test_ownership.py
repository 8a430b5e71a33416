"""An owner's cost, energy and emissions: a case by hand, and what must hold in every row."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost import engine
from llmcost.formulas import energy, money
from llmcost.units import Q

PLAIN = {
    "gpu_hours": 30.84e6,
    "num_gpus": 16_384.0,
    "server_price": 35_064.0,
    "network_share": 0.2,
    "server_lifetime": 5.0,
    "cluster_utilization": 0.8,
    "declining": 0.0,
    "hardware_price_decline": 0.14,
    "server_age": 0.5,
    "cost_of_capital": 0.0,
    "rated_power": 700.0,
    "server_power_ratio": 1.8,
    "power_draw_fraction": 0.75,
    "pue": 1.1,
    "electricity_price": 0.08,
    "carbon_intensity": 0.4,
    "embodied_carbon_per_gpu": 450.0,
    "water_intensity": 3.6,
}
HARDWARE = ("owned_servers_cost", "owned_network_cost", "owned_capital_cost")
# What each result does not need: with that unknown it is still there.
NEEDS_PRICE = {"acquisition_cost", *HARDWARE, "owned_cost", "owned_price"}
NEEDS_POWER = {
    *("mean_power", "energy", "energy_cost", "owned_cost", "owned_price", "carbon", "water"),
}

owners = st.fixed_dictionaries(
    {
        "gpu_hours": st.floats(1.0, 1e9),
        "num_gpus": st.floats(1.0, 1e6),
        "server_price": st.floats(1e2, 1e6),
        "network_share": st.floats(0.0, 0.5),
        "server_lifetime": st.floats(1.0, 10.0),
        "cluster_utilization": st.floats(0.05, 1.0),
        "declining": st.sampled_from([0.0, 1.0]),
        "hardware_price_decline": st.floats(0.01, 0.5),
        "server_age": st.floats(0.0, 5.0),
        "cost_of_capital": st.floats(0.0, 0.3),
        "rated_power": st.floats(50.0, 3000.0),
        "server_power_ratio": st.floats(1.0, 2.5),
        "power_draw_fraction": st.floats(0.1, 1.0),
        "pue": st.floats(1.0, 2.0),
        "electricity_price": st.floats(0.0, 1.0),
        "carbon_intensity": st.floats(0.0, 1.5),
        "embodied_carbon_per_gpu": st.floats(1.0, 3000.0),
        "water_intensity": st.floats(0.0, 10.0),
    }
)


def owned(**given):
    return engine.ownership({**PLAIN, **given})


def test_the_columns_are_those_of_the_tables():
    assert set(PLAIN) == set(engine.OWNERSHIP_INPUTS)
    assert set(owned()) == set(engine.OWNERSHIP_OUTPUTS)


def test_straight_line_by_hand():
    """35,064 USD over 5 years of 8,766 hours at 80% is 1 USD an hour, and a quarter for network.

    700 x 1.8 x 0.75 x 1.1 W = 1.0395 kW for 30.84M hours: 32,058 MWh.
    """
    found = owned()

    assert found["owned_servers_cost"] == pytest.approx(30.84e6, rel=1e-12)
    assert found["owned_network_cost"] == pytest.approx(7.71e6, rel=1e-12)
    assert found["owned_capital_cost"] == 0
    assert found["energy"] == pytest.approx(32_058.18, rel=1e-12)
    assert found["energy_cost"] == pytest.approx(2_564_654.4, rel=1e-12)
    assert found["owned_cost"] == pytest.approx(41_114_654.4, rel=1e-12)
    assert found["owned_price"] == pytest.approx(1.25 + 1.0395 * 0.08, rel=1e-12)
    assert found["carbon"] == pytest.approx(12_823.272, rel=1e-12)
    assert found["embodied_carbon"] == pytest.approx(30.84e6 * 0.45 / 35_064, rel=1e-12)
    assert found["water"] == pytest.approx(32_058_180 * 3.6, rel=1e-12)
    assert found["mean_power"] == pytest.approx(16_384 * 1.0395e-3, rel=1e-12)
    assert found["acquisition_cost"] == pytest.approx(16_384 * 35_064 / 0.8, rel=1e-12)


def test_declining_value_by_hand():
    """Half a year at 0.14: 10^-0.07 = 0.85114 is left; 32.236% a year of it over 8,766 hours."""
    found = owned(declining=1.0, cluster_utilization=1.0)

    hour = 35_064 * 0.851138 * 0.322362 / 8766
    assert found["owned_servers_cost"] == pytest.approx(30.84e6 * hour, rel=1e-5)


def test_interest_on_a_declining_value_is_on_what_is_left():
    found = owned(declining=1.0, cost_of_capital=0.1, server_age=0.0)

    wear = found["owned_servers_cost"] + found["owned_network_cost"]
    assert found["owned_capital_cost"] == pytest.approx(wear * 0.1 / 0.322362, rel=1e-5)


def test_interest_with_straight_line_is_an_annuity():
    """10% over 5 years: 0.2638 of the price a year in place of 0.2."""
    found = owned(cost_of_capital=0.1)

    wear = found["owned_servers_cost"] + found["owned_network_cost"]
    assert found["owned_capital_cost"] == pytest.approx(wear * 0.0638 / 0.2, rel=1e-3)


@given(owners)
def test_parts_sum_to_the_cost_and_the_price_is_an_hour_of_it(columns):
    found = engine.ownership(columns)

    total = sum(found[name] for name in engine.OWNED_COSTS)
    assert found["owned_cost"] == pytest.approx(total, rel=1e-12)
    assert found["owned_price"] * columns["gpu_hours"] == pytest.approx(total, rel=1e-12)


@given(owners, st.floats(0.1, 100.0))
def test_twice_the_hours_cost_emit_and_drink_twice_as_much(columns, times):
    found = engine.ownership(columns)
    more = engine.ownership({**columns, "gpu_hours": columns["gpu_hours"] * times})

    for name in found:
        same = name in ("acquisition_cost", "owned_price", "mean_power")
        expected = found[name] * (1.0 if same else times)
        assert more[name] == pytest.approx(expected, rel=1e-9), name


@given(owners, st.floats(1.0, 10.0))
def test_a_dearer_server_is_dearer_in_proportion(columns, times):
    found = engine.ownership(columns)
    more = engine.ownership({**columns, "server_price": columns["server_price"] * times})

    for name in ("acquisition_cost", *HARDWARE):
        assert more[name] == pytest.approx(found[name] * times, rel=1e-9), name
    for name in ("energy_cost", "energy", "carbon", "embodied_carbon", "water"):
        assert more[name] == found[name], name


@given(owners, st.floats(1.0, 3.0))
def test_what_makes_an_hour_dearer(columns, times):
    """Never cheaper with less use, a higher interest, a dearer network or dearer electricity."""
    cost = engine.ownership(columns)["owned_cost"] * (1 - 1e-12)
    worse = {
        "cluster_utilization": columns["cluster_utilization"] / times,
        "cost_of_capital": columns["cost_of_capital"] * times,
        "network_share": 1 - (1 - columns["network_share"]) / times,
        "electricity_price": columns["electricity_price"] * times,
        "pue": columns["pue"] * times,
        "power_draw_fraction": columns["power_draw_fraction"] * times,
    }
    for name, value in worse.items():
        assert engine.ownership({**columns, name: value})["owned_cost"] >= cost, name


@given(owners, st.floats(1.0, 3.0))
def test_a_longer_life_makes_straight_line_cheaper_and_leaves_the_declining_value(columns, times):
    longer = {**columns, "server_lifetime": columns["server_lifetime"] * times}
    straight = [engine.ownership({**each, "declining": 0.0}) for each in (columns, longer)]
    declining = [engine.ownership({**each, "declining": 1.0}) for each in (columns, longer)]

    assert straight[1]["owned_cost"] <= straight[0]["owned_cost"] * (1 + 1e-12)
    assert declining[1]["owned_cost"] == declining[0]["owned_cost"]


@given(owners)
def test_a_cluster_that_runs_its_whole_life_pays_its_price(columns):
    """All device-hours of the life in use: wear sums to what was paid, straight line."""
    hours = 8766 * columns["server_lifetime"] * columns["num_gpus"]
    life = {"gpu_hours": hours * columns["cluster_utilization"], "declining": 0.0}
    found = engine.ownership({**columns, **life})

    wear = found["owned_servers_cost"] + found["owned_network_cost"]
    assert wear == pytest.approx(found["acquisition_cost"], rel=1e-9)
    made = columns["num_gpus"] * columns["embodied_carbon_per_gpu"] / 1000
    assert found["embodied_carbon"] == pytest.approx(made, rel=1e-9)


@pytest.mark.parametrize(
    ("unknown", "gone"),
    [
        ("num_gpus", {"acquisition_cost", "mean_power"}),
        ("server_price", NEEDS_PRICE),
        ("rated_power", NEEDS_POWER),
        ("electricity_price", {"energy_cost", "owned_cost", "owned_price"}),
        ("carbon_intensity", {"carbon"}),
        ("hardware_price_decline", set()),
        ("water_intensity", {"water"}),
    ],
)
def test_what_is_not_known_takes_only_what_needs_it(unknown, gone):
    given = owned(**{unknown: np.nan})
    absent = engine.ownership({name: value for name, value in PLAIN.items() if name != unknown})

    assert {name for name, value in given.items() if np.isnan(value)} == gone
    left = {name for name, value in absent.items() if not np.isnan(value)}
    assert left == set(given) - gone


def test_what_nobody_gives_is_new_hardware_in_equal_parts_without_interest():
    optional = ("declining", "server_age", "hardware_price_decline", "cost_of_capital")
    found = engine.ownership({name: PLAIN[name] for name in PLAIN if name not in optional})

    assert found == owned()


def test_embodied_carbon_and_water_are_there_when_asked_for():
    asked = ("embodied_carbon_per_gpu", "water_intensity")
    found = engine.ownership({name: PLAIN[name] for name in PLAIN if name not in asked})

    assert set(engine.OWNERSHIP_OUTPUTS) - set(found) == {"embodied_carbon", "water"}


def test_rows_of_both_methods_are_what_they_are_alone():
    rows = owned(declining=np.array([0.0, 1.0]), cost_of_capital=np.array([0.05, 0.1]))

    for row, each in enumerate(({}, {"declining": 1.0})):
        alone = owned(**each, cost_of_capital=(0.05, 0.1)[row])
        for name, value in rows.items():
            assert value[row] == pytest.approx(float(alone[name]), rel=1e-12), name


@given(owners)
def test_the_engine_says_what_the_formulas_say_with_other_units(columns):
    """Energy and its cost through the checked faces, from kilowatts, days and dollars a MWh."""
    power = energy.mean_power_per_gpu(
        rated_power=Q(columns["rated_power"] / 1000, "kW/GPU"),
        server_power_ratio=columns["server_power_ratio"],
        power_draw_fraction=columns["power_draw_fraction"],
        pue=columns["pue"],
    )
    used = energy.energy(
        gpu_hours=Q(columns["gpu_hours"] / 24, "GPU*day"), mean_power_per_gpu=power
    )
    bill = energy.energy_cost(
        energy=used, electricity_price=Q(columns["electricity_price"] * 1000, "USD/MWh")
    )
    paid = money.acquisition_cost(
        num_gpus=Q(columns["num_gpus"], "GPU"),
        server_price=Q(columns["server_price"], "USD/GPU"),
        network_share=Q(columns["network_share"] * 100, "%"),
    )
    found = engine.ownership(columns)

    assert used.to("MWh").magnitude == pytest.approx(float(found["energy"]), rel=1e-9)
    assert bill.to("USD").magnitude == pytest.approx(float(found["energy_cost"]), rel=1e-9)
    assert paid.to("USD").magnitude == pytest.approx(float(found["acquisition_cost"]), rel=1e-9)


@given(owners)
def test_wear_and_capital_are_the_same_from_months_and_days(columns):
    life = Q(columns["server_lifetime"] * 12, "month")
    hours = Q(columns["gpu_hours"] / 24, "GPU*day")
    price = Q(columns["server_price"] / 1000, "USD/GPU") * 1000
    use = {
        "gpu_hours": hours,
        "value": price,
        "cluster_utilization": columns["cluster_utilization"],
    }
    wear = money.amortised_cost(
        **use, yearly_charge=money.straight_line_charge(server_lifetime=life).to("1/day")
    )
    interest = Q(columns["cost_of_capital"] * 100, "%") / Q("1 year")
    capital = money.amortised_cost(
        **use,
        yearly_charge=money.capital_charge(cost_of_capital=interest, server_lifetime=life),
    )
    found = engine.ownership({**columns, "declining": 0.0, "network_share": 0.0})

    paid = found["owned_servers_cost"] + found["owned_capital_cost"]
    assert wear.magnitude == pytest.approx(float(found["owned_servers_cost"]), rel=1e-9)
    assert (wear + capital).magnitude == pytest.approx(float(paid), rel=1e-9)
