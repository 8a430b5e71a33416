"""Costs of owning, energy, carbon and water: published figures, hand calculations, units."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.errors import LlmcostError
from llmcost.formulas import energy, money
from llmcost.units import Q

# BLOOM: device-hours of A100 at 400 W, arXiv 2211.02001.
BLOOM_HOURS = 1_082_990


@pytest.mark.parametrize(
    ("rate", "years", "printed"),
    [(0.10, 5, 0.2638), (0.08, 20, 0.1019), (0.06, 10, 0.1359), (0.12, 3, 0.4163)],
)
def test_the_charge_for_capital_by_the_tables_of_annuities(rate, years, printed):
    """Capital-recovery factors (A/P, i, n) to the four digits that textbooks print."""
    found = money.capital_charge.kernel(cost_of_capital=rate, server_lifetime=years)

    assert found + 1 / years == pytest.approx(printed, abs=5e-5)


def test_capital_without_interest_costs_nothing():
    assert money.capital_charge.kernel(cost_of_capital=0.0, server_lifetime=5.0) == 0.0
    rates = money.capital_charge.kernel(
        cost_of_capital=np.array([0.0, 0.1, np.nan]), server_lifetime=5.0
    )
    assert rates[0] == 0
    assert rates[1] == pytest.approx(0.0638, abs=5e-5)
    assert np.isnan(rates[2])


@given(st.floats(0.0, 1e-4), st.floats(1.0, 30.0))
def test_a_small_interest_is_paid_on_half_the_price_and_half_a_year(rate, years):
    """Equal payments at the ends of years leave (n + 1)/(2n) of the price owed on average."""
    found = money.capital_charge.kernel(cost_of_capital=rate, server_lifetime=years)

    assert found == pytest.approx(rate * (years + 1) / (2 * years), rel=1e-2)


def test_the_published_rate_of_decline():
    """0.14 orders of magnitude a year: charged at 32.24%, and 27.6% less after a year."""
    decline = Q("0.14 1/year")

    charge = money.declining_charge(hardware_price_decline=decline)
    assert charge.to("1/year").magnitude == pytest.approx(0.3224, abs=5e-5)
    left = money.value_at_age(
        price=Q("1000 USD/GPU"), hardware_price_decline=decline, server_age=Q("1 year")
    )
    assert left.magnitude == pytest.approx(724.4, abs=0.05)


def test_the_network_of_a_cluster():
    """19% of a cluster: divide servers by 0.81. 100 GPUs at 40,500 USD are 5 million in all."""
    servers = Q("40,500 USD/GPU")
    cluster = money.acquisition_cost(
        num_gpus=Q("100 GPU"), server_price=servers, network_share=Q("19%")
    )
    network = money.network_price(server_price=servers, network_share=Q("19%"))

    assert cluster.to("USD").magnitude == pytest.approx(5e6, rel=1e-12)
    assert network.to("USD/GPU").magnitude == pytest.approx(9500, rel=1e-12)


def test_an_hour_of_a_server_by_hand():
    """35,064 USD over 4 years of 8,766 hours at 80%: 1.25 USD an hour; a million hours of it."""
    charge = money.straight_line_charge(server_lifetime=Q("4 years"))
    found = money.amortised_cost(
        gpu_hours=Q("1M GPU-hours"),
        value=Q("35,064 USD/GPU"),
        yearly_charge=charge,
        cluster_utilization=Q("80%"),
    )

    assert charge.to("1/year").magnitude == pytest.approx(0.25, rel=1e-12)
    assert found.to("USD").magnitude == pytest.approx(1.25e6, rel=1e-12)


def test_months_of_life_are_years():
    charge = money.straight_line_charge(server_lifetime=Q("48 months"))

    assert charge.to("1/year").magnitude == pytest.approx(0.25, rel=1e-12)


def test_the_price_of_a_server_and_of_all_of_them_are_told_apart():
    with pytest.raises(LlmcostError, match="server_price"):
        money.acquisition_cost(
            num_gpus=Q("100 GPU"), server_price=Q("300,000 USD"), network_share=Q("19%")
        )


def test_the_energy_of_bloom():
    """1,082,990 hours at 400 W are 433,196 kWh, and 24.69 t at the 57 g of its grid."""
    used = energy.energy(gpu_hours=Q(BLOOM_HOURS, "GPU*hour"), mean_power_per_gpu=Q("400 W/GPU"))
    emitted = energy.carbon(energy=used, carbon_intensity=Q("57 gCO2e/kWh"))

    assert used.to("kWh").magnitude == pytest.approx(433_196, abs=0.5)
    assert emitted.to("tCO2e").magnitude == pytest.approx(24.69, abs=0.005)


def test_the_embodied_carbon_of_bloom():
    """11.2 t: 150 kg a GPU and 2,500 kg a server of 8, over 6 years of 85% use."""
    found = energy.embodied_carbon(
        gpu_hours=Q(BLOOM_HOURS, "GPU*hour"),
        embodied_carbon_per_gpu=Q(150 + 2500 / 8, "kgCO2e/GPU"),
        server_lifetime=Q("6 years"),
        cluster_utilization=Q("85%"),
    )

    assert found.to("tCO2e").magnitude == pytest.approx(11.2, abs=0.05)


def test_the_power_of_a_server_by_hand():
    """A DGX H100: 8 x 700 W are 5.6 of its 10.2 kW; at 76% of that and a PUE of 1.1, 1.066 kW."""
    found = energy.mean_power_per_gpu(
        rated_power=Q("0.7 kW/GPU"),
        server_power_ratio=Q(str(10.2 / 5.6)),
        power_draw_fraction=Q("76%"),
        pue=Q("1.1"),
    )

    assert found.to("W/GPU").magnitude == pytest.approx(10_200 / 8 * 0.76 * 1.1, rel=1e-12)


def test_a_model_card_that_counts_rated_power():
    """Llama 3.1: 39.3M hours at 700 W and 11,390 t; the 405B's 30.84M hours gave 8,930 t."""
    intensity = 11_390 / (39.3e6 * 0.7) * 1000
    used = energy.energy.kernel(gpu_hours=30.84e6, mean_power_per_gpu=700.0)
    emitted = energy.carbon.kernel(energy=used, carbon_intensity=intensity)

    # Both hours and tonnes of the sum are rounded: 39.3M stands for 39.25 to 39.35.
    assert emitted == pytest.approx(8930, rel=2e-3)


def test_electricity_and_water_by_hand():
    """310 GWh at 8 cents are 24.8 million USD; at 2.43 litres a kilowatt-hour, 753 million."""
    used = Q("310 GWh")

    cost = energy.energy_cost(energy=used, electricity_price=Q("0.08 USD/kWh"))
    assert cost.to("USD").magnitude == pytest.approx(24.8e6, rel=1e-12)
    per_mwh = energy.energy_cost(energy=used, electricity_price=Q("80 USD/MWh"))
    assert per_mwh.to("USD").magnitude == pytest.approx(24.8e6, rel=1e-12)
    water = energy.water(energy=used, water_intensity=Q("2.43 L/kWh"))
    assert water.to("litre").magnitude == pytest.approx(753.3e6, rel=1e-12)


def test_a_power_is_no_energy():
    with pytest.raises(LlmcostError, match="energy"):
        energy.energy_cost(energy=Q("310 GW"), electricity_price=Q("0.08 USD/kWh"))


def test_power_of_a_cluster_by_hand():
    """16,384 at 1,066 W: 17.5 MW."""
    found = energy.mean_power(num_gpus=Q("16,384 GPU"), mean_power_per_gpu=Q("1066 W/GPU"))

    assert found.to("MW").magnitude == pytest.approx(17.465, abs=0.0005)
