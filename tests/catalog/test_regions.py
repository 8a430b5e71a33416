"""Electricity by place and year: never a later year, never silently another place."""

from datetime import date

import pytest

from llmcost.catalog import files, regions
from llmcost.catalog.columns import last_day
from llmcost.errors import DataError, InputError, UnknownNameError

GRID_HEADER = "region,quantity,value,unit,as_of,quality,source,note\n"


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("US", "us"),
        ("United States", "us"),
        ("uk", "united-kingdom"),
        ("Virginia", "us-virginia"),
        ("US VA", "us-virginia"),
        ("us_east_1", "aws-us-east-1"),
        ("us-east1", "gcp-us-east1"),
        ("us-central1", "gcp-us-central1"),
        ("GERMANY", "germany"),
    ],
)
def test_a_region_has_many_spellings(spelling, name):
    assert regions.region(spelling).name == name


def test_an_unknown_region_is_answered_with_near_ones():
    with pytest.raises(UnknownNameError, match="germany"):
        regions.electricity_price("germny", "2026-01-01")


@pytest.mark.parametrize(
    ("day", "price"),
    [
        ("2020-12-31", 0.0667),
        ("2021-12-30", 0.0667),
        ("2021-12-31", 0.0718),
        ("2024-07-23", 0.0806),
    ],
)
def test_the_price_is_that_of_the_last_year_that_had_ended(day, price):
    """US industrial averages of the EIA: 2020 6.67, 2021 7.18, 2023 8.06 cents."""
    found = regions.electricity_price("us", day)

    assert found.value == price
    assert last_day(found.as_of) <= found.day


@pytest.mark.parametrize("look", [regions.electricity_price, regions.carbon_intensity])
@pytest.mark.parametrize("name", ["us", "france", "gcp-us-central1", "us-texas"])
@pytest.mark.parametrize("year", range(2014, 2028))
def test_no_figure_is_later_than_the_day(look, name, year):
    found = look(name, date(year, 6, 30))

    if found.value is None:
        assert str(year) in found.reason
    else:
        assert last_day(found.as_of) <= date(year, 6, 30)
        assert found.low < found.value < found.high


def test_nothing_is_known_before_the_first_figure():
    found = regions.electricity_price("us", "2014-12-31")

    assert found.value is None
    assert "first is of 2015" in found.reason


def test_a_place_without_any_price_says_so():
    found = regions.electricity_price("japan", "2026-01-01")

    assert found.value is None
    assert "none at all" in found.reason


def test_a_cloud_region_takes_the_price_of_its_state_and_says_so():
    """Virginia's industrial average of 2023 is 8.92 cents (EIA)."""
    found = regions.electricity_price("aws-us-east-1", "2024-06-01")

    assert found.value == 0.0892
    assert found.place == "us-virginia"
    assert any("that of Virginia" in text for text in found.warnings)


def test_a_member_of_the_european_union_takes_its_price_and_says_so():
    """The Netherlands have no price of their own; the union's is 0.20 EUR in 2024."""
    found = regions.electricity_price("gcp-europe-west4", "2025-01-01")

    assert found.value == pytest.approx(0.20 / 0.9242, rel=1e-3)
    assert any("that of European Union" in text for text in found.warnings)
    members = [one for one in regions.regions() if one.within == "eu"]
    assert len(members) == 22
    assert not {"norway", "united-kingdom", "switzerland"} & {one.name for one in members}


def test_the_grid_of_a_cloud_region_is_its_own():
    """Google's table of 2023: 430 g/kWh in Iowa, 0.41272 in that of 2024."""
    assert regions.carbon_intensity("us-central1", "2024-06-01").value == 0.43
    assert regions.carbon_intensity("us-central1", "2025-06-01").value == 0.41272


def test_the_price_of_another_currency_is_converted_at_the_rate_of_its_year():
    """0.233 EUR/kWh in 2024; the Federal Reserve's mean of 2024 is 0.9242 EUR for a dollar."""
    found = regions.electricity_price("germany", "2025-01-01")

    assert found.value == pytest.approx(0.233 / 0.9242, rel=1e-3)
    assert any("EUR" in text for text in found.warnings)


@pytest.mark.parametrize(
    ("name", "day", "expected"),
    [
        ("us", "2023-12-31", 0.3695),
        ("france", "2023-12-31", 0.056),
        ("germany", "2023-12-31", 0.381),
        # 771.2 lb/MWh.
        ("us-texas", "2023-12-31", 771.2 * 0.45359237 / 1000),
        ("gcp-northamerica-northeast1", "2024-12-31", 0.00548),
    ],
)
def test_the_carbon_of_a_grid_is_as_published(name, day, expected):
    """To half a unit of the last of four digits."""
    assert regions.carbon_intensity(name, day).value == pytest.approx(expected, abs=5.1e-5)


def test_a_range_is_that_of_its_factor():
    """90% between 0.6 and 1.7 of the average price; moved to the 10th and 90th percentile."""
    found = regions.electricity_price("us", "2024-01-01")

    assert found.low == pytest.approx(0.0806 * 0.6**0.77913, rel=1e-3)
    assert found.high == pytest.approx(0.0806 * 1.7**0.77913, rel=1e-3)


def test_a_date_that_cannot_be_read_is_refused():
    with pytest.raises(InputError, match="as_of"):
        regions.carbon_intensity("us", "soon")


def test_every_region_lies_in_one_that_is_known_and_no_spelling_means_two():
    meanings: dict[str, set[str]] = {}
    for one in regions.regions():
        for spelling in (one.name, one.title, *one.aliases):
            meanings.setdefault(regions.folded(spelling), set()).add(one.name)

    assert not {spelling: names for spelling, names in meanings.items() if len(names) > 1}


def test_every_figure_is_of_a_plausible_size():
    limits = {regions.PRICE: (0.02, 0.5), regions.CARBON: (0.001, 1.2)}
    for row in files.read(regions.GRIDS):
        low, high = limits[row["quantity"]]
        assert low <= row["value"] <= high, row


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("us,electricity_price,0.08,USD/MWh,2026,A,assumption,\n", "USD/kWh"),
        ("us,electricity_price,0.08,XYZ/kWh,2026,A,assumption,\n", "exchange_rates"),
        ("us,carbon_intensity,380,gCO2e/kWh,2026,A,assumption,\n", "kgCO2e/kWh"),
        ("us,electricity_price,-0.08,USD/kWh,2026,A,assumption,\n", "more than 0"),
        ("atlantis,electricity_price,0.08,USD/kWh,2026,A,assumption,\n", "regions.csv"),
    ],
)
def test_a_faulty_row_is_refused(monkeypatch, tmp_path, line, told):
    (tmp_path / "grids.csv").write_text(GRID_HEADER + line)
    monkeypatch.setenv(files.OVERLAY, str(tmp_path))

    look = regions.carbon_intensity if "carbon" in line else regions.electricity_price
    with pytest.raises(DataError, match=told):
        look("us", "2027-01-01")


def test_the_users_own_figure_counts(monkeypatch, tmp_path):
    line = "us,electricity_price,0.05,USD/kWh,2026-03,A,assumption,my contract\n"
    (tmp_path / "grids.csv").write_text(GRID_HEADER + line)
    monkeypatch.setenv(files.OVERLAY, str(tmp_path))

    assert regions.electricity_price("us", "2026-06-01").value == 0.05
    assert regions.electricity_price("us", "2026-03-30").value == 0.0826
