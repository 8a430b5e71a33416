"""A server's price from dated quotes: of the right unit, never later than the day."""

from datetime import date
from statistics import median

import pytest

from llmcost.catalog.gpus import accelerators
from llmcost.catalog.overheads import default
from llmcost.catalog.price_quotes import price_quotes, purchases
from llmcost.catalog.prices import percentile
from llmcost.catalog.purchases import select_server_price
from llmcost.errors import DataError, InputError, UnknownNameError

BOARD, CHIP = default("board_price_ratio"), default("server_price_ratio")
ONE_PRICE = default("purchase_price_factor")


def quote(price_id: str, price: float, as_of: str, kind: str, seller: str = "") -> dict[str, str]:
    return {
        "price_id": price_id,
        "gpu": "h100-sxm",
        "gpu_as_listed": "H100",
        "kind": "purchase",
        "provider": seller,
        "provider_class": "purchase",
        "terms": "purchase",
        "purchase_price": str(price),
        "as_of": as_of,
        "unit_kind": kind,
        "source": "assumption",
        "grade": "B",
    }


@pytest.fixture
def quotes(prices):
    """Make the given quotes the only ones."""
    return prices


def test_a_server_counts_as_it_is_and_a_board_times_its_ratio(quotes):
    quotes(
        quote("a", 40_000, "2024-01-01", "server", "A"),
        quote("b", 30_000, "2024-01-02", "board", "B"),
        quote("c", 50_000, "2024-01-03", "server", "C"),
    )
    found = select_server_price("h100-sxm", as_of="2024-06-01")

    assert found.value == 40_000
    assert found.low == pytest.approx(percentile([30_000 * BOARD.value, 40_000, 50_000], 0.1))
    assert found.high == pytest.approx(percentile([30_000 * BOARD.value, 40_000, 50_000], 0.9))
    assert found.sellers == 3
    assert [ratio.name for ratio in found.ratios] == ["board_price_ratio"]


def test_chips_count_only_where_there_is_no_server_or_board(quotes):
    server = quote("a", 40_000, "2024-01-01", "server", "A")
    chip = quote("b", 20_000, "2024-01-02", "chip", "B")
    quotes(server, chip)
    assert select_server_price("h100-sxm", as_of="2024-06-01").price_ids == ("a",)

    quotes(chip)
    found = select_server_price("h100-sxm", as_of="2024-06-01")

    assert found.value == pytest.approx(20_000 * CHIP.value)
    assert any("chips" in text for text in found.warnings)


def test_clusters_and_unknown_units_are_kept_apart(quotes):
    quotes(
        quote("a", 49_000, "2024-01-01", "cluster", "A"),
        quote("b", 35_000, "2024-01-02", "", "B"),
    )
    found = select_server_price("h100-sxm", as_of="2024-06-01")

    assert found.value is None
    assert [one.price_id for one in found.clusters] == ["a"]
    assert "2 of another kind" in found.reason


def test_each_seller_counts_once_by_its_latest(quotes):
    quotes(
        quote("old", 60_000, "2023-01-01", "server", "A"),
        quote("new", 40_000, "2024-01-01", "server", "A"),
        quote("alone", 30_000, "2024-01-01", "server"),
        quote("alone-too", 50_000, "2024-01-01", "server"),
    )
    found = select_server_price("h100-sxm", as_of="2024-06-01")

    assert found.sellers == 3
    assert "old" not in found.price_ids
    assert found.value == 40_000


def test_the_window_is_three_years_and_ends_on_the_day(quotes):
    quotes(
        quote("too-old", 10_000, "2021-06-01", "server", "A"),
        quote("first", 20_000, "2021-06-02", "server", "B"),
        quote("last", 30_000, "2024-06-01", "server", "C"),
        quote("month", 90_000, "2024-06", "server", "D"),
        quote("later", 80_000, "2024-06-02", "server", "E"),
    )

    assert select_server_price("h100-sxm", as_of="2024-06-01").price_ids == ("first", "last")


def test_fewer_than_three_sellers_take_the_interval_of_one_price(quotes):
    quotes(
        quote("a", 40_000, "2024-01-01", "server", "A"),
        quote("b", 40_000, "2024-01-01", "server", "B"),
    )
    found = select_server_price("h100-sxm", as_of="2024-06-01")

    assert found.low == pytest.approx(40_000 * ONE_PRICE.low)
    assert found.high == pytest.approx(40_000 * ONE_PRICE.high)
    assert any("2 sellers" in text for text in found.warnings)


def test_the_spread_of_the_ratio_is_added_where_all_were_multiplied(quotes):
    """Independent factors: the logarithms of their percentiles add in squares."""
    quotes(quote("a", 20_000, "2024-01-01", "chip", "A"))
    found = select_server_price("h100-sxm", as_of="2024-06-01")

    assert found.high / found.value > ONE_PRICE.high
    assert found.high / found.value < ONE_PRICE.high * CHIP.high / CHIP.value
    assert found.low / found.value < ONE_PRICE.low


def test_a_tpu_takes_the_interval_of_an_estimate():
    """90% between a quarter and four times, and the ratio of servers to chips."""
    found = select_server_price("tpu-v4", as_of="2022-06-01")

    assert found.value == pytest.approx(5176 * 1.64)
    assert found.high / found.value > 2.9
    assert any("grade C" in text for text in found.warnings)


def test_an_h100_server_of_july_2024():
    """Servers at 41,217, 37,080.50 and 33,750; a board of 33,819.37 times 1.096."""
    found = select_server_price("h100-sxm", as_of="2024-07-23")

    assert found.value == pytest.approx(median([41_217, 37_080.5, 33_750, 33_819.37 * 1.096]))
    assert found.low < found.value < found.high


@pytest.mark.parametrize("gpu", ["h100-sxm", "a100-sxm-80gb", "tpu-v4", "b200", "mi300x"])
def test_no_quote_is_later_than_the_day(gpu):
    for year in range(2016, 2028):
        day = date(year, 5, 17)
        found = select_server_price(gpu, as_of=day)
        assert all(one.day <= day for one in (*found.quotes, *found.not_counted))
        assert found.newest is None or found.newest <= day


def test_nothing_before_the_first_price_and_the_reason_says_when_it_comes():
    found = select_server_price("h100-sxm", as_of="2022-09-28")

    assert found.value is None
    assert "2022-09-29" in found.reason


def test_an_accelerator_without_any_price_says_so():
    assert "none at all" in select_server_price("gaudi3").reason


def test_every_accelerator_has_a_price_or_a_reason():
    for name in (one.name for one in accelerators()):
        found = select_server_price(name)
        assert found.reason
        if found.value is not None:
            assert 0 < found.low <= found.value <= found.high < 500_000


def test_unknown_accelerators_and_dates_are_refused():
    with pytest.raises(UnknownNameError, match="h100"):
        select_server_price("h1000")
    with pytest.raises(InputError, match="as_of"):
        select_server_price("h100-sxm", as_of="yesterday")


def test_only_a_purchase_says_what_it_is_of(quotes):
    quotes(
        quote("a", 1, "2024-01-01", "server")
        | {"kind": "rental", "terms": "spot", "price": "1", "purchase_price": "", "provider": "A"}
    )

    with pytest.raises(DataError, match="unit_kind"):
        price_quotes()


def test_whoever_sells_servers_says_how_many_devices_they_hold():
    """A server, board or cluster of known size; single devices otherwise."""
    for one in purchases():
        if one.unit_kind in ("board", "cluster") or (one.unit_kind == "server" and one.gpu):
            assert one.gpus_in_unit, one.price_id
        if one.unit_kind == "chip":
            assert one.gpus_in_unit in (None, 1), one.price_id
