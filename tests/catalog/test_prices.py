"""One price chosen from many: by hand on small files, and properties of any file."""

import csv
from datetime import date, datetime
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.catalog import files
from llmcost.catalog.price_quotes import (
    GPU_PRICES,
    newest_price_day,
    price_quotes,
    providers_known,
    terms_known,
)
from llmcost.catalog.prices import a_year_before, percentile, price_rows, select_price
from llmcost.errors import DataError, InputError, UnknownNameError

RATES = st.floats(min_value=0.01, max_value=100, allow_nan=False)


def row(price_id: str, provider: str, price: float, as_of: str, **more: str) -> dict[str, str]:
    """One rental of an H100 SXM on demand, of grade A unless said otherwise."""
    return {
        "price_id": price_id,
        "gpu": "h100-sxm",
        "gpu_as_listed": "H100 SXM",
        "kind": "rental",
        "provider": provider,
        "provider_class": "neocloud",
        "terms": "on-demand",
        "price": str(price),
        "as_of": as_of,
        "source": f"source-{provider.lower()}",
        "grade": "A",
    } | more


def test_the_price_is_the_median_over_the_providers_latest(prices):
    """Alpha 3 (its older 9 unused), Beta 4, Gamma 8: median 4; 10th 3.2 and 90th 7.2 by hand."""
    prices(
        row("a-old", "Alpha", 9, "2026-01-01"),
        row("a-new", "Alpha", 3, "2026-03-01"),
        row("b", "Beta", 4, "2026-02-01"),
        row("c", "Gamma", 8, "2026-03-02"),
    )
    found = select_price("h100-sxm")

    assert found.value == 4
    assert found.low == pytest.approx(3 + 0.2 * (4 - 3))
    assert found.high == pytest.approx(4 + 0.8 * (8 - 4))
    assert (found.providers, found.rows) == (3, 3)
    assert found.price_ids == ("a-new", "b", "c")
    assert found.cheapest == (3, "Alpha")
    assert found.dearest == (8, "Gamma")
    assert found.newest == found.as_of == date(2026, 3, 2)
    assert found.sources == ("source-alpha", "source-beta", "source-gamma")
    assert found.warnings == ()
    assert [quote.price_id for quote in found.not_counted] == ["a-old"]
    assert found.reason == (
        "median over 3 providers, on-demand, each provider's latest price in the twelve months to "
        "2026-03-02; range: 10th to 90th percentile"
    )


def test_an_even_number_of_providers_gives_the_middle_between_two(prices):
    prices(row("a", "Alpha", 2, "2026-01-01"), row("b", "Beta", 5, "2026-01-01"))

    assert select_price("h100-sxm").value == 3.5


def test_one_provider_is_its_own_range(prices):
    prices(row("a", "Alpha", 2, "2026-01-01"))
    found = select_price("h100-sxm")

    assert (found.low, found.value, found.high) == (2, 2, 2)
    assert "median over 1 provider," in found.reason


def test_several_rows_of_one_day_stand_as_their_median(prices):
    """Regions at 2, 3 and 7 are one provider at 3, beside another at 9: median 6."""
    prices(
        *(row(f"a{p}", "Alpha", p, "2026-01-05", region=f"r{p}") for p in (2, 7, 3)),
        row("b", "Beta", 9, "2026-01-01"),
    )
    found = select_price("h100-sxm")

    assert found.value == 6
    assert (found.providers, found.rows) == (2, 4)
    assert found.reason.endswith("median of several rows of one day for Alpha")


def test_the_window_is_twelve_months_with_the_last_day_and_without_the_first(prices):
    prices(
        row("day-before", "Alpha", 1, "2025-03-10"),
        row("first-day", "Beta", 2, "2025-03-11"),
        row("last-day", "Gamma", 4, "2026-03-10"),
        row("later", "Delta", 8, "2026-03-11"),
    )

    assert select_price("h100-sxm", as_of="2026-03-10").price_ids == ("first-day", "last-day")


def test_a_vague_date_counts_as_its_last_day(prices):
    prices(row("month", "Alpha", 2, "2026-02"), row("year", "Beta", 4, "2025"))
    ids = {
        day: select_price("h100-sxm", as_of=day).price_ids
        for day in ("2025-12-30", "2025-12-31", "2026-02-27", "2026-02-28", "2026-12-31")
    }

    assert ids["2025-12-30"] == ()
    assert ids["2025-12-31"] == ids["2026-02-27"] == ("year",)
    assert ids["2026-02-28"] == ("month", "year")
    assert ids["2026-12-31"] == ("month",)


def test_terms_are_never_mixed(prices):
    prices(
        row("od", "Alpha", 4, "2026-01-01"),
        row("spot", "Alpha", 1, "2026-01-02", terms="spot"),
        row("1y", "Alpha", 3, "2026-01-03", terms="reserved-1y"),
    )

    assert select_price("h100-sxm").price_ids == ("od",)
    assert select_price("h100-sxm", terms="spot").price_ids == ("spot",)
    assert select_price("h100-sxm", terms="Reserved 1y").price_ids == ("1y",)
    assert terms_known() == ("on-demand", "spot", "reserved-1y")


def test_accelerators_are_never_substituted(prices):
    """Neither another form factor nor a listing whose form factor is not known."""
    prices(
        row("pcie", "Alpha", 1, "2026-01-01", gpu="h100-pcie"),
        row("vague", "Beta", 2, "2026-01-01", gpu="", gpu_as_listed="H100"),
        row("sxm", "Gamma", 4, "2026-01-01"),
    )

    assert select_price("h100-sxm").price_ids == ("sxm",)
    assert select_price("h100-pcie").price_ids == ("pcie",)
    assert select_price("h100-nvl").value is None
    assert len(price_quotes()) == 3


def test_every_grade_counts_and_grade_c_is_told(prices):
    """Alpha's latest is 2 and Beta's 1: median 1.5; Alpha's older 4 is not its latest."""
    prices(
        row("older", "Alpha", 4, "2026-01-01", grade="B"),
        row("newer", "Alpha", 2, "2026-02-01", grade="C"),
        row("other", "Beta", 1, "2026-02-01", grade="A"),
    )
    found = select_price("h100-sxm")

    assert found.value == 1.5
    assert set(found.price_ids) == {"newer", "other"}
    assert {quote.price_id for quote in found.not_counted} == {"older"}
    assert "1 of grade C" in found.reason
    assert found.warnings == ()


def test_one_provider_takes_the_typical_spread_of_others(prices):
    """H200: 2, 4 and 10 USD have 10th and 90th percentile 2.4 and 8.8: 0.6 and 2.2 of 4."""
    others = [
        row(f"h200-{p}", p, rate, "2026-02-01", gpu="h200-sxm")
        for p, rate in (("Alpha", 2), ("Beta", 4), ("Gamma", 10))
    ]
    prices(row("alone", "Alpha", 3, "2026-02-01"), *others)
    found = select_price("h100-sxm")

    assert (found.low, found.value, found.high) == pytest.approx((1.8, 3, 6.6), rel=1e-12)
    assert "range: 10th" not in found.reason
    assert any("only one provider" in text for text in found.warnings)
    named = select_price("h100-sxm", provider="Alpha")
    assert (named.low, named.value, named.high) == (3, 3, 3)


def test_grade_c_alone_counts_with_a_warning(prices):
    prices(row("worse", "Beta", 1, "2026-02-01", grade="C"))
    found = select_price("h100-sxm")

    assert found.value == 1
    assert found.warnings[0] == (
        "only prices of grade C (aggregators, estimates, lost sources) were found: worse"
    )


def test_an_aggregate_is_never_a_provider(prices):
    prices(
        row("index", "Some index", 1, "2026-02-01", provider_class="aggregate"),
        row("a", "Alpha", 4, "2026-01-01"),
    )
    found = select_price("h100-sxm")

    assert (found.value, found.providers) == (4, 1)
    assert [quote.price_id for quote in found.not_counted] == ["index"]
    assert providers_known() == ("Alpha",)
    with pytest.raises(UnknownNameError, match="Unknown provider 'some index'"):
        select_price("h100-sxm", provider="some index")


def test_a_named_provider_gives_its_latest_whatever_its_age(prices):
    prices(
        row("old", "Alpha", 9, "2020-01-01"),
        row("latest", "Alpha", 3, "2021-06-01"),
        row("b", "Beta", 5, "2026-01-01"),
    )
    found = select_price("h100-sxm", provider=" aLPHA ")

    assert (found.value, found.low, found.high) == (3, 3, 3)
    assert found.provider == "Alpha"
    assert found.age_days(date(2021, 6, 11)) == 10
    assert found.reason == "Alpha, on-demand, 2021-06-01: the latest up to 2026-01-01"


def test_a_named_providers_range_is_over_its_rows_of_that_day(prices):
    """1, 2 and 6: median 2; 10th percentile 1.2 and 90th 5.2."""
    prices(*(row(f"a{p}", "Alpha", p, "2026-01-05", region=f"r{p}") for p in (1, 2, 6)))
    found = select_price("h100-sxm", provider="alpha")

    assert found.value == 2
    assert found.low == pytest.approx(1.2)
    assert found.high == pytest.approx(5.2)
    assert found.reason.endswith("median of 3 rows of that day")


def test_a_named_provider_as_of_a_day_ignores_what_came_later(prices):
    prices(row("old", "Alpha", 9, "2020-01-01"), row("new", "Alpha", 3, "2021-06-01"))

    assert select_price("h100-sxm", provider="alpha", as_of="2021-05").price_ids == ("old",)


@pytest.mark.parametrize(
    ("short", "name"),
    [
        ("aws", "Amazon Web Services"),
        ("AZURE", "Microsoft Azure"),
        ("gcp", "Google Cloud"),
        ("google", "Google Cloud"),
        ("oracle", "Oracle Cloud"),
        ("lambda", "Lambda"),
        ("runpod", "RunPod"),
        ("coreweave", "CoreWeave"),
        ("vast.ai", "Vast.ai"),
        ("datacrunch", "Verda (DataCrunch)"),
    ],
)
def test_short_names_of_providers(short, name):
    assert select_price("a100-sxm-80gb", provider=short).provider == name


def test_no_price_of_these_terms_says_what_there_is(prices):
    prices(row("spot", "Alpha", 1, "2026-01-02", terms="spot"))
    found = select_price("h100-sxm")

    assert (found.value, found.low, found.high) == (None, None, None)
    assert (found.cheapest, found.dearest, found.newest) == (None, None, None)
    assert (found.providers, found.rows, found.price_ids) == (0, 0, ())
    assert found.age_days(date(2026, 1, 1)) is None
    assert found.reason == (
        "no on-demand price for h100-sxm in the twelve months to 2026-01-02; the newest is "
        "2026-01-02 (spot); terms with prices then: spot"
    )


def test_an_old_price_is_named_not_used(prices):
    prices(row("old", "Alpha", 2, "2024-05-06"), row("b", "Beta", 1, "2026-01-01", gpu="t4"))
    found = select_price("h100-sxm")

    assert found.value is None
    assert "the newest is 2024-05-06 (on-demand)" in found.reason


def test_no_price_at_all_tells_to_give_one(prices):
    prices(row("b", "Beta", 1, "2026-01-01", gpu="t4"))

    assert select_price("gaudi3").reason.endswith("at all: give a price yourself")


def test_a_day_before_everything_has_no_price(prices):
    prices(row("a", "Alpha", 2, "2026-01-01"))

    assert select_price("h100-sxm", as_of="1999").value is None
    assert select_price("h100-sxm", as_of=date.min).value is None


def test_a_provider_without_the_part_says_so(prices):
    prices(row("a", "Alpha", 2, "2026-01-01"), row("b", "Beta", 1, "2026-01-01", gpu="t4"))

    assert select_price("h100-sxm", provider="beta").reason.startswith(
        "no on-demand price for h100-sxm at Beta up to 2026-01-01"
    )


def test_the_default_day_is_the_newest_rental_dated_to_the_day(prices):
    bought = {"kind": "purchase", "terms": "purchase", "price": "", "purchase_price": "30000"}
    prices(
        row("a", "Alpha", 2, "2026-01-01"),
        row("b", "Beta", 2, "2027"),
        row("c", "", 2, "2028-01-01") | bought,
    )

    assert newest_price_day() == select_price("h100-sxm").as_of == date(2026, 1, 1)


def test_no_day_at_all_asks_for_one(prices):
    prices(row("a", "Alpha", 2, "2026"))

    with pytest.raises(InputError, match="say as of which day"):
        select_price("h100-sxm")
    assert select_price("h100-sxm", as_of="2026").value == 2


@pytest.mark.parametrize("day", ["2026-03-10", date(2026, 3, 10), datetime(2026, 3, 10, 12)])
def test_a_day_may_be_text_a_date_or_a_moment(prices, day):
    prices(row("a", "Alpha", 2, "2026-03-10"))

    assert select_price("h100-sxm", as_of=day).as_of == date(2026, 3, 10)


@pytest.mark.parametrize("bad", ["yesterday", "2026-13", "10.3.2026", "", 5])
def test_a_day_that_cannot_be_read(bad):
    with pytest.raises(InputError, match="as_of: got"):
        select_price("h100-sxm", as_of=bad)


def test_wrong_terms_and_providers_suggest_near_ones():
    with pytest.raises(UnknownNameError, match=r"Did you mean on-demand\?"):
        select_price("h100-sxm", terms="on-demant")
    with pytest.raises(UnknownNameError, match="terms of rental 'purchase'"):
        select_price("h100-sxm", terms="purchase")
    with pytest.raises(UnknownNameError, match=r"Did you mean CoreWeave\?"):
        select_price("h100-sxm", provider="corewave")


def test_an_ambiguous_or_unknown_accelerator_has_no_price():
    with pytest.raises(InputError, match="name one"):
        select_price("h100")
    with pytest.raises(UnknownNameError):
        select_price("h1000")


def test_history_is_rentals_and_purchases_oldest_first():
    history = price_rows("H100 SXM")
    bought = price_rows("h100-sxm", terms="purchase")

    assert [q.day for q in history] == sorted(q.day for q in history)
    assert {q.gpu for q in history} == {"h100-sxm"}
    assert {q.kind for q in history} == {"rental", "purchase"}
    assert bought
    assert all(q.purchase_price and q.price is None for q in bought)
    with pytest.raises(InputError, match="purchase price"):
        _ = bought[0].rate


def test_aws_cut_its_p5_price_in_june_2025():
    """12.29 USD per GPU-hour before, 6.88 after (98.32 and 55.04 USD for eight)."""
    before = select_price("h100-sxm", provider="aws", as_of="2025-05")
    after = select_price("h100-sxm", provider="aws", as_of="2026-09-06")

    assert (before.value, after.value) == (12.29, 6.88)


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": ""},
        {"provider": ""},
        {"terms": "purchase"},
        {"purchase_price": "1"},
        {"kind": "purchase"},
        {"gpu": "H100 SXM"},
    ],
)
def test_a_row_that_contradicts_itself_is_a_fault_of_the_file(prices, wrong):
    prices(row("a", "Alpha", 2, "2026-01-01") | wrong)

    with pytest.raises(DataError, match="line 2"):
        price_quotes()
    with pytest.raises(DataError, match="line 2"):
        price_rows("h100-sxm")


def test_a_users_own_row_is_laid_over_the_shipped_ones(monkeypatch, tmp_path):
    mine = row("mine", "My cloud", 1.5, "2026-10-01")
    headers = {column.name: column.header for column in GPU_PRICES.columns}
    with (tmp_path / GPU_PRICES.name).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, GPU_PRICES.headers)
        writer.writeheader()
        writer.writerow({headers[k]: v for k, v in mine.items()})
    monkeypatch.setenv("LLMCOST_DATA", str(tmp_path))
    files.clear_cache()

    assert select_price("h100-sxm", provider="my cloud").value == 1.5
    assert select_price("h100-sxm").as_of == date(2026, 10, 1)
    assert select_price("h100-sxm").cheapest == (1.5, "My cloud")


@given(st.lists(RATES, min_size=1, max_size=30), st.floats(0, 1))
def test_percentiles_equal_numpys(values, fraction):
    """NumPy's default is the same definition, written independently."""
    expected = float(np.percentile(values, 100 * fraction))

    assert percentile(values, fraction) == pytest.approx(expected, rel=1e-9)


@given(st.lists(RATES, min_size=1, max_size=30))
def test_a_percentile_lies_within_and_rises_with_the_fraction(values):
    low, middle, high = (percentile(values, f) for f in (0.1, 0.5, 0.9))

    assert min(values) <= low <= middle <= high <= max(values)
    assert middle == pytest.approx(median(values))


@given(st.dates(min_value=date(2, 1, 1)))
def test_a_year_before_is_the_same_day_or_the_28th_of_february(day):
    before = a_year_before(day)

    assert 365 <= (day - before).days <= 366
    assert before.month == day.month
    assert before.day == day.day or (before.day, day.day) == (28, 29)


@given(st.dates(min_value=date(2017, 1, 1), max_value=date(2027, 12, 31)))
def test_a_selection_counts_each_provider_once_and_only_from_the_window(day):
    found = select_price("a100-sxm-80gb", as_of=day)

    assert all(a_year_before(day) < quote.day <= day for quote in found.quotes)
    assert {(q.gpu, q.terms) for q in found.quotes} <= {("a100-sxm-80gb", "on-demand")}
    assert found.providers == len({(q.provider, q.day) for q in found.quotes})
    if found.value is None:
        assert found.reason.startswith("no on-demand price")
    else:
        assert found.cheapest[0] <= found.low <= found.value <= found.high <= found.dearest[0]
