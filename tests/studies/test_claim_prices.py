"""Prices behind claims: where they stand among dated quotes, and hours times price as printed."""

from datetime import date

import pytest

from llmcost.catalog.price_quotes import price_quotes
from llmcost.studies.reconciliation.claimed import published
from llmcost.studies.reconciliation.products import printed_digits, product
from llmcost.studies.reconciliation.quotes import (
    ABOVE,
    BELOW,
    BETWEEN,
    MATCHES,
    NONE,
    offers,
    quote_of,
    standing,
)

CLAIMS = {claim.name: claim for claim in published()}
H100 = ("h100-sxm",)
JULY_2024 = date(2024, 7, 31)
# Claim, hours, price [USD/GPU/hour], product [USD] by hand, as written, and where the price stands.
PRODUCTS = [
    ("pc-02", 16_384 * 2142, 4.86, 170_559_406.08, "$170.56M", "gcp-h100-sxm-3y-20250317"),
    ("pc-17", 132e6, 1.45, 191_400_000, "$191.4M", "gcp-tpu-v4-3y-20230601"),
    ("pc-21", 2_788_000, 2.00, 5_576_000, "$5.576M", "deepseek-v3-paper"),
    ("pc-22", 147_000, 2.00, 294_000, "$294K", "deepseek-r1-nature"),
    ("pc-05", 30_800_000, 1.20, 36_960_000, "$36.96M", "ai-infra-index"),
    ("pc-29", 440 * 9.5 * 24, 2.00, 200_640, "$200.64K", "mpt-7b-blog"),
    ("pc-47b", 8 * 3.04, 3.00, 72.96, "$72.96", "nanochat"),
]


@pytest.mark.parametrize(("name", "hours", "price", "cost", "text", "cited"), PRODUCTS)
def test_hours_times_price_is_what_is_printed(name, hours, price, cost, text, cited):
    """Arithmetic to 1e-12; the printed figure to half a unit of its last digit."""
    found = product(CLAIMS[name])

    assert (found.gpu_hours, found.price) == (pytest.approx(hours), price)
    assert found.cost == pytest.approx(cost, rel=1e-12)
    assert printed_digits(found.cost, found.printed) == text
    assert found.agrees
    assert cited in found.cites


def test_no_published_product_contradicts_its_claim():
    found = [one for claim in CLAIMS.values() if (one := product(claim))]

    assert len(found) >= len(PRODUCTS)
    assert all(one.agrees for one in found)


def test_hours_that_come_from_the_cost_make_no_product():
    assert product(CLAIMS["pc-38"]) is None


def test_the_low_end_of_the_essays_range_is_below_every_listed_rental_of_its_time():
    """35M USD over 30.84M hours is 1.135; the cheapest of the day was Oblivus, 2.59 for 3 years."""
    found = standing(35e6 / 30.84e6, H100, JULY_2024)

    assert found.price == pytest.approx(1.135, abs=0.0005)
    assert (found.place, found.nearest[0].rate) == (BELOW, 2.59)
    assert "lowest: Oblivus Cloud reserved-3y $2.59 (2024-02-26)" in found.words


def test_the_high_end_stands_between_two_listed_rentals():
    """200M USD over 30.84M hours is 6.485: Databricks listed 5, Oracle 10."""
    found = standing(200e6 / 30.84e6, H100, JULY_2024)

    assert found.price == pytest.approx(6.485, abs=0.0005)
    assert (found.place, [quote.rate for quote in found.nearest]) == (BETWEEN, [5.0, 10.0])


def test_few_words_name_provider_terms_and_date_too():
    """The rows of Databricks, Oracle and Oblivus in the catalogue, as of July 2024."""
    between = standing(200e6 / 30.84e6, H100, JULY_2024).short
    below = standing(35e6 / 30.84e6, H100, JULY_2024).short
    above = standing(99.0, H100, JULY_2024).short

    assert between.startswith("between Databricks on-demand $5.00 (2023-06-22) and Oracle Cloud")
    assert (
        below == "below all 9 listed rentals; lowest: Oblivus Cloud reserved-3y $2.59 (2024-02-26)"
    )
    assert "highest: Oracle Cloud on-demand" in above


def test_another_variant_of_the_accelerator_is_named():
    """Azure listed 1.70 USD for an A100 with 40 GB, the claim means the one with 80 GB first."""
    parts = ("a100-sxm-80gb", "a100-sxm-40gb")
    other = standing(1.75, parts, date(2024, 12, 31))
    same = standing(1.75, parts[1:], date(2024, 12, 31))

    assert "Microsoft Azure reserved-3y $1.70 (2024-01-29, a100-sxm-40gb)" in other.short
    assert "Microsoft Azure reserved-3y $1.70 (2024-01-29, a100-sxm-40gb)" in other.words
    assert "a100" not in same.words


def test_a_price_is_matched_with_provider_terms_and_date():
    found = standing(170e6 / 35_094_528, H100, date(2025, 4, 30), "reserved-3y")

    assert found.place == MATCHES
    assert found.words == "matches Google Cloud reserved-3y $4.86 (2025-03-17)"


def test_a_price_listed_later_is_never_seen():
    """Google's 4.86 is of March 2025: the summer before it matches nothing."""
    before = standing(4.86, H100, JULY_2024, "reserved-3y")

    assert all(quote.day <= JULY_2024 for quote in before.nearest)
    assert "Google" not in before.words
    assert all(quote.day <= JULY_2024 for quote in offers(H100, JULY_2024))
    assert quote_of(H100, "Google Cloud", "reserved-3y", JULY_2024) is None


def test_above_all_and_none_at_all():
    assert standing(99.0, H100, JULY_2024).place == ABOVE
    nothing = standing(2.0, H100, date(2019, 1, 1))
    assert (nothing.place, nothing.nearest, nothing.listed) == (NONE, (), 0)
    assert "no rental of h100-sxm" in nothing.words


def test_indices_are_no_offers():
    classes = {quote.provider_class for quote in offers(H100, date(2026, 12, 31))}

    assert "aggregate" not in classes
    assert any(quote.provider_class == "aggregate" for quote in price_quotes())
