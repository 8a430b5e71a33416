"""Dollars of other currencies and other years: dated, told, and never by a later rate."""

import pytest

from llmcost.catalog import files
from llmcost.catalog.columns import last_day
from llmcost.catalog.currencies import EXCHANGE_RATES, currencies_known, to_usd, to_usd_over
from llmcost.catalog.inflation import adjust, indices_known
from llmcost.errors import InputError, UnknownNameError

# Means of whole years by the Federal Reserve (G.5A), units of the currency for a dollar.
OF_2024 = {"EUR": 0.9242, "CNY": 7.1957, "JPY": 151.4551, "CAD": 1.3699, "CHF": 0.8808}


@pytest.mark.parametrize(("code", "rate"), OF_2024.items())
def test_a_year_is_converted_at_its_mean(code, rate):
    """The mean of months and the mean of days differ by less than 0.2%."""
    assert to_usd_over(100.0, code, "2024").usd == pytest.approx(100 / rate, rel=2e-3)


def test_a_day_takes_the_last_month_that_had_ended():
    """July 2024: 1.08472 USD; the month itself is not known before its last day."""
    assert to_usd(1.0, "EUR", "2024-07-31").as_of == "2024-07"
    assert to_usd(1.0, "eur", "2024-07-30").as_of == "2024-06"
    assert to_usd(20e6, "EUR", "2024-07-31").usd == pytest.approx(20e6 * 1.08472)


@pytest.mark.parametrize("code", ["EUR", "GBP", "CNY"])
@pytest.mark.parametrize("day", ["2015-02-01", "2020-05-28", "2024-07-23", "2026-11-22"])
def test_no_rate_is_later_than_the_day(code, day):
    assert to_usd(1.0, code, day).day <= last_day(day)


def test_dollars_stay_dollars():
    found = to_usd(5.0, "USD", "1999")

    assert (found.usd, found.rate, found.told) == (5.0, 1.0, "in US dollars")


def test_a_conversion_tells_its_rate_and_date():
    assert to_usd(1.0, "EUR", "2024-07-31").told == "converted at 1.0847 USD for 1 EUR (2024-07)"


def test_a_currency_that_is_not_known_is_refused():
    with pytest.raises(UnknownNameError, match="Known: USD, EUR"):
        to_usd(1.0, "DOGE", "2024-07")


def test_a_day_before_the_first_rate_is_refused():
    with pytest.raises(InputError, match="first is of 2015-01"):
        to_usd(1.0, "EUR", "2014-12-31")


def test_every_rate_is_within_a_half_and_twice_its_median():
    for code in currencies_known()[1:]:
        rates = [r["usd_per_unit"] for r in files.read(EXCHANGE_RATES) if r["currency"] == code]
        middle = sorted(rates)[len(rates) // 2]
        assert all(0.5 < rate / middle < 2 for rate in rates), code


def test_dollars_of_december_2023_are_those_of_june_2025_as_published():
    """Epoch AI: 51.0M USD of 2023 are 52.9M of 2025 by producer prices of data processing."""
    assert adjust(51.0, "2023-12", "2025-06").adjusted == pytest.approx(52.9, abs=0.1)


def test_consumer_prices_rose_as_published():
    """CPI-U: 306.746 in December 2023, 322.561 in June 2025 (BLS)."""
    found = adjust(100, "2023-12", "2025-06", "CPI-U")

    assert found.adjusted == pytest.approx(100 * 322.561 / 306.746)


def test_a_year_is_the_mean_of_its_months():
    """CPI-U, annual averages of the BLS: 292.655 in 2022, 304.702 in 2023."""
    assert adjust(1.0, 2022, 2023, "cpi-u").factor == pytest.approx(304.702 / 292.655, rel=1e-5)


@pytest.mark.parametrize("index", indices_known())
def test_there_and_back_is_the_same_amount(index):
    there = adjust(7.0, "2019-03", "2024-11", index)

    assert adjust(there.adjusted, "2024-11", "2019-03", index).adjusted == pytest.approx(7.0)
    assert adjust(7.0, 2020, 2020, index).adjusted == 7.0


def test_an_adjustment_tells_index_and_years():
    told = adjust(1.0, 2020, 2024).told

    assert "PCU518210518210" in told
    assert "2020" in told
    assert "2024" in told


def test_a_year_with_missing_months_is_marked():
    assert "6 months" in adjust(1.0, 2024, 2025).warnings[0]


@pytest.mark.parametrize("time", ["1999", "2040-01"])
def test_a_time_outside_the_index_is_refused(time):
    with pytest.raises(InputError, match="covers 2015-01 to"):
        adjust(1.0, time, 2024)


def test_an_unknown_index_or_time_is_refused():
    with pytest.raises(UnknownNameError, match="cpi-u"):
        adjust(1.0, 2020, 2024, "cpi")
    with pytest.raises(InputError, match="start"):
        adjust(1.0, "last year", 2024)
