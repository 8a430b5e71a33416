"""The price file: who, what, when and how sure, with every price plausible for its class."""

import re
from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from statistics import median

import pytest

from llmcost.catalog.columns import first_day
from llmcost.catalog.gpus import accelerator, accelerator_names
from llmcost.catalog.price_quotes import (
    PriceQuote,
    newest_price_day,
    price_quotes,
    providers_known,
    terms_known,
)
from llmcost.catalog.prices import PROVIDER_ALIASES, select_price

QUOTES = price_quotes()
RENTALS = [quote for quote in QUOTES if quote.kind == "rental"]


def family(quote: PriceQuote) -> str:
    """The chip without memory and form factor: V100, A100, H100 ..."""
    text = (quote.gpu or quote.gpu_as_listed).casefold().replace(" ", "-").removeprefix("tesla-")
    return text if text.startswith("rtx") else re.split(r"-(?:sxm|pcie|nvl|\d+gb)", text)[0]


def far_from_median(rows: list[PriceQuote]) -> Iterator[PriceQuote]:
    middle = median(quote.rate for quote in rows)
    yield from (quote for quote in rows if not 0.2 <= quote.rate / middle <= 5)


def test_the_file_has_rentals_and_purchases_of_ten_years():
    assert len(RENTALS) > 500
    assert len(QUOTES) - len(RENTALS) > 70
    assert {2017, 2020, 2023, 2026} <= {quote.day.year for quote in QUOTES}


def test_no_price_is_an_outlier_of_its_family_terms_and_year_unless_waived():
    groups: defaultdict[tuple[str, str, int], list[PriceQuote]] = defaultdict(list)
    for quote in RENTALS:
        groups[family(quote), quote.terms, quote.day.year].append(quote)
    outliers = {quote.price_id for rows in groups.values() for quote in far_from_median(rows)}
    waived = {q.price_id for q in QUOTES if (q.note or "").startswith("waived:")}

    assert outliers == waived


def test_no_price_is_older_than_the_part():
    for quote in QUOTES:
        launched = accelerator(quote.gpu).launched if quote.gpu else None
        if launched:
            assert quote.day >= first_day(launched), quote.price_id


def test_no_price_comes_from_the_future_of_the_collection():
    """The rows were collected until November 2026."""
    assert all(first_day(quote.as_of) <= date(2026, 11, 30) for quote in QUOTES)
    assert newest_price_day() == date(2026, 9, 6)


def test_every_spelling_listed_resolves_to_a_row_or_a_stated_ambiguity():
    for spelling in {quote.gpu_as_listed for quote in QUOTES}:
        assert accelerator_names(spelling)


def test_a_blank_accelerator_is_an_ambiguous_listing_and_a_given_one_is_a_candidate():
    """A seller's label may be corrected only with a note that says so."""
    for quote in QUOTES:
        candidates = accelerator_names(quote.gpu_as_listed)
        if quote.gpu is not None and quote.gpu not in candidates:
            assert re.search("listed as|instance|table of|A10$", quote.note or ""), quote.price_id
        if quote.gpu is None and len(candidates) == 1:
            assert "form factor was added by the source" in (quote.note or ""), quote.price_id


@pytest.mark.parametrize(
    ("spelling", "days"),
    [("A100", "2026-05-24"), ("A100 PCIe", "2025-03-03"), ("Tesla V100", "2026-05-24")],
)
def test_ambiguous_listings_are_kept_but_bound_to_no_accelerator(spelling, days):
    rows = [q for q in QUOTES if q.gpu_as_listed == spelling and q.as_of == days]

    assert any(quote.gpu is None for quote in rows)


def test_price_levels_fit_the_class_of_part():
    """USD/GPU/hour on demand: what each class has cost anywhere since 2020."""
    levels = {
        "h100": (1, 13),
        "a100": (0.5, 5.5),
        "v100": (0.1, 4),
        "t4": (0.3, 5),
        "b200": (3, 15),
    }
    for quote in RENTALS:
        low, high = levels.get(family(quote), (0.05, 15))
        if quote.terms == "on-demand":
            assert low <= quote.rate <= high, quote.price_id


def test_purchase_prices_fit_the_class_of_part():
    """USD/GPU, whole systems divided by their GPUs included."""
    for quote in QUOTES:
        if quote.purchase_price is not None:
            low, high = (1_000, 60_000) if family(quote) != "rtx-4090" else (1_000, 3_000)
            assert low <= quote.purchase_price <= high, quote.price_id


def test_spot_is_cheaper_than_on_demand():
    """By the medians of a family and year that has both kinds."""
    rates: defaultdict[tuple[str, int], defaultdict[str, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for quote in RENTALS:
        rates[family(quote), quote.day.year][quote.terms].append(quote.rate)
    both = [terms for terms in rates.values() if terms["spot"] and terms["on-demand"]]

    assert len(both) > 5
    assert all(median(terms["spot"]) < median(terms["on-demand"]) for terms in both)


def test_reserving_longer_is_cheaper_at_one_provider_on_one_day():
    rates: defaultdict[tuple[object, ...], dict[str, float]] = defaultdict(dict)
    for quote in RENTALS:
        rates[quote.provider, quote.gpu, quote.day, quote.region, quote.note][quote.terms] = (
            quote.rate
        )
    both = [r for r in rates.values() if {"on-demand", "reserved-1y", "reserved-3y"} <= set(r)]

    assert len(both) > 20
    assert all(r["on-demand"] > r["reserved-1y"] > r["reserved-3y"] for r in both)


def test_one_listing_is_one_row():
    seen = [
        (q.kind, q.provider, q.gpu or q.gpu_as_listed, q.terms, q.price, q.purchase_price, q.as_of)
        for q in QUOTES
    ]

    assert len(seen) == len(set(seen))


def test_aggregates_are_not_providers():
    aggregates = {quote.provider for quote in QUOTES if quote.provider_class == "aggregate"}

    assert aggregates == {"SemiAnalysis index", "AIMultiple median"}
    assert not aggregates & set(providers_known())


def test_one_provider_has_one_class():
    classes: defaultdict[str, set[str]] = defaultdict(set)
    for quote in RENTALS:
        classes[str(quote.provider)].add(quote.provider_class)

    assert all(len(kinds) == 1 for kinds in classes.values())


def test_short_names_lead_to_providers_with_prices():
    assert set(PROVIDER_ALIASES.values()) <= set(providers_known())


def test_hosts_of_a_marketplace_rent_on_marketplace_terms():
    for quote in RENTALS:
        if quote.provider in ("Vast.ai", "Salad"):
            assert quote.terms in ("marketplace", "spot"), quote.price_id


def test_estimates_and_lost_sources_are_of_grade_c():
    for quote in QUOTES:
        if quote.source == "source-lost" or re.search("estimate", quote.note or ""):
            assert quote.grade == "C", quote.price_id


def test_every_row_says_where_it_was_read_unless_the_source_is_lost():
    for quote in QUOTES:
        if quote.source not in ("source-lost", "epoch-hardware-prices"):
            assert quote.source_detail, quote.price_id


@pytest.mark.parametrize("terms", ["on-demand", "spot", "reserved-1y"])
def test_terms_have_prices(terms):
    assert terms in terms_known()


@pytest.mark.parametrize(
    ("gpu", "low", "high"),
    [("h100-sxm", 2, 7), ("a100-sxm-80gb", 1, 4), ("h200-sxm", 2.5, 8), ("b200", 4, 12)],
)
def test_a_price_of_today_is_what_the_market_asks(gpu, low, high):
    """Loose bounds from the spread of listings in 2026."""
    selection = select_price(gpu)

    assert selection.value is not None
    assert low <= selection.value <= high
    assert selection.providers >= 3


def test_azure_instances_decide_the_part_whatever_the_label_says():
    """NC A100 v4 holds the 80 GB PCIe card, ND40rs v2 the 32 GB module (Azure's size tables)."""
    by_note = {q.gpu for q in QUOTES if "NC24ads A100 v4" in (q.note or "")}

    assert by_note == {"a100-pcie-80gb"}
    assert {q.gpu for q in QUOTES if "ND40rs v2" in (q.note or "")} == {"v100-sxm-32gb"}
