"""The picture of a cost: what lies on what, how long it is, and what it says of it."""

import pytest

from llmcost.errors import InputError
from llmcost.picture import Bars, Whiskers
from llmcost.views.pictures import picture
from tests.pictures.results_by_hand import amount, catalogue_price, comparison, estimate, made

RESULTS = {
    "cost": amount(100e6, 60e6, 300e6),
    "rental_on_demand_cost": amount(100e6, 60e6, 300e6),
    "rental_spot_cost": amount(40e6, 30e6, 80e6),
    "owned_cost": amount(35e6, 30e6, 90e6),
    "owned_servers_cost": amount(25e6),
    "owned_network_cost": amount(8e6),
    "owned_capital_cost": amount(0.0),
    "energy_cost": amount(2e6),
    "acquisition_cost": amount(700e6, 600e6, 800e6),
}
LINES = {
    "development_cost": amount(250e6, 150e6, 900e6),
    "experiments_cost": amount(90e6, 20e6, 300e6),
    "post_training_cost": amount(10e6),
    "staff_cost": amount(20e6),
    "storage_cost": amount(24e6),
    "network_cost": amount(6e6),
    "owned_development_cost": amount(90e6, 60e6, 200e6),
    "owned_experiments_cost": amount(30e6),
    "owned_post_training_cost": amount(5e6),
}


def drawn(data=None):
    return picture("cost", data or estimate(RESULTS, price=catalogue_price()))


def bars(panel):
    """Return start and end of each bar by its part and the name of its row, in millions."""
    names = dict(panel.y.ticks)
    return {
        (mark.label, names[at].partition(",")[0] if mark.label else names[at]): (
            start / 1e6,
            end / 1e6,
        )
        for mark in panel.marks
        if isinstance(mark, Bars)
        for at, start, end in zip(mark.at, mark.starts, mark.ends, strict=True)
    }


def test_the_parts_of_an_owner_lie_on_each_other_and_nothing_is_drawn_of_nothing():
    """25 + 8 + 0 + 2 = 35 million; the cost of capital is 0."""
    run = bars(drawn().panels[0])

    owned = {part: ends for (part, row), ends in run.items() if row == "Owned: run's share"}
    assert owned == {"Servers": (0, 25), "Network": (25, 33), "Energy": (33, 35)}


def test_each_basis_has_its_bar_with_its_cost_beside_it():
    assert [name for _, name in drawn().panels[0].y.ticks] == [
        "Rented, on demand, $100M",
        "Rented, spot, $40M",
        "Owned: run's share, $35M",
    ]


def test_whiskers_are_the_intervals_of_the_totals():
    (spans,) = [mark for mark in drawn().panels[0].marks if isinstance(mark, Whiskers)]

    assert spans.low == (60e6, 30e6, 30e6)
    assert spans.high == (300e6, 80e6, 90e6)
    assert spans.label == "10th – 90th percentile of the total"


def test_buying_the_cluster_has_an_axis_of_its_own_and_is_said_not_to_be_the_cost():
    bought = drawn().panels[1]

    assert "not its cost" in bought.title
    assert bars(bought) == {("", "Buying the cluster, $700M"): (0, 700)}


def test_the_title_states_the_finding():
    assert drawn().title == (
        "Renting 2,000 h100-sxm on demand costs $100M ($60M – $300M); owning the same hours $35M"
    )


def test_a_given_price_has_a_bar_of_its_own_before_the_medians():
    told = {**RESULTS, "cost": amount(70e6, 65e6, 90e6)}
    shown = drawn(estimate(told, price={"value": 2.5, "unit": "USD/GPU/hour"}))

    assert shown.panels[0].y.ticks[0] == (0.0, "Rented, price given, $70M")
    assert shown.title.startswith("Renting 2,000 h100-sxm at $2.50/GPU-hour costs $70M")


def test_a_development_is_drawn_by_its_lines_and_its_run_in_one_colour():
    """100 + 90 + 10 + 20 + (24 + 6) = 250 million; 35 + 30 + 5 + 20 = 90, storage on top."""
    shown = drawn(estimate({**RESULTS, **LINES}, price=catalogue_price()))
    lines = bars(shown.panels[0])

    assert lines["Storage, traffic, upkeep", "Rented"] == (220, 250)
    assert lines["Experiments, failed runs", "Owned"] == (35, 65)
    assert {part for part, _ in bars(shown.panels[1])} == {"Final run"}
    assert shown.title == (
        "Developing tiny costs $250M ($150M – $900M) rented, $90M ($60M – $200M) owned"
    )


def test_the_table_holds_totals_with_intervals_and_parts():
    rows = drawn().table.records()

    assert rows[0] == {
        "basis": "Rented, on demand",
        "part": "total",
        "value": 100e6,
        "low": 60e6,
        "high": 300e6,
    }
    assert [row["value"] for row in rows if row["basis"] == "Owned: run's share"] == [
        *(35e6, 25e6, 8e6, 2e6)
    ]


def test_setups_are_drawn_cheapest_first_and_those_without_a_cost_are_named():
    some = comparison(
        {
            "dear": estimate({"cost": amount(30e6, 20e6, 50e6)}, price=catalogue_price()),
            "cheap": estimate({"cost": amount(10e6, 8e6, 20e6)}, price=catalogue_price()),
            "unpriced": estimate({"cost": {"value": None, "unit": "USD"}}),
            "broken": None,
        }
    )
    shown = drawn(some)

    assert [name for _, name in shown.panels[0].y.ticks] == ["cheap, $10M", "dear, $30M"]
    assert shown.title == (
        "cheap is the cheapest of 2 setups at $10M ($8M – $20M); dear costs 3 times as much"
    )
    assert "Without a cost, and not drawn: unpriced." in shown.description
    assert "Cannot run, and not drawn: broken." in shown.description
    assert shown.panels[0].title == "Cost of each setup, rented on demand"


def test_a_setup_that_does_not_fit_is_not_the_cheapest():
    """Its estimate says what it would cost if it had the memory."""
    some = {
        "tiny": estimate({"cost": amount(1e6)}, price=catalogue_price()),
        "fits": estimate({"cost": amount(10e6)}, price=catalogue_price()),
    }
    shown = drawn(comparison(some, tiny="does not fit"))

    assert shown.title == "fits costs $10M"
    assert [name for _, name in shown.panels[0].y.ticks] == ["fits, $10M"]
    assert "Cannot run, and not drawn: tiny." in shown.description


def test_of_ten_thousand_setups_the_cheapest_are_drawn_and_the_picture_says_so():
    many = {f"s{i}": estimate({"cost": amount(1e6 + i)}) for i in range(10_000)}
    shown = drawn(comparison(many))

    assert shown.panels[0].title == "The 24 cheapest of 10,000 setups"
    assert len(shown.table.rows) == 24
    assert "9,976 priced setups are left out" in shown.description


def test_terms_stand_in_the_name_where_setups_differ_in_them():
    some = {
        "a": estimate({"cost": amount(1e6)}, price=catalogue_price("spot")),
        "b": estimate({"cost": amount(2e6)}, price=catalogue_price()),
    }

    names = [name for _, name in drawn(comparison(some)).panels[0].y.ticks]
    assert names == ["a, at spot prices, $1M", "b, on demand, $2M"]


def test_the_price_of_one_provider_is_a_basis_of_its_own_under_its_name():
    results = {"cost": amount(12e6), "rental_on_demand_cost": amount(10e6)}
    shown = drawn(estimate(results, price=catalogue_price(provider="lambda")))

    assert shown.title == "Renting 2,000 h100-sxm on demand from lambda costs $12M"
    assert [name for _, name in shown.panels[0].y.ticks] == [
        "Rented, lambda, $12M",
        "Rented, on demand, $10M",
    ]


def test_an_estimate_without_a_cost_says_what_can_be_drawn():
    with pytest.raises(InputError, match=r"the estimate has no cost\. No picture fits it"):
        drawn(estimate({"cost": {"value": None, "unit": "USD"}}))
    with pytest.raises(InputError, match="no setup of the comparison has a cost"):
        drawn(comparison({"a": None}))


@pytest.mark.parametrize("kind", ["estimate", "development", "comparison"])
def test_stacks_of_a_whole_run_add_up_to_its_totals(kind):
    shown = drawn(made(kind))
    totals = [row["value"] for row in shown.table.records() if row["part"] == "total"]

    ends = []
    for panel in shown.panels:
        marks = [mark for mark in panel.marks if isinstance(mark, Bars)]
        places = [at for at, _ in panel.y.ticks]
        ends += [
            max(e for m in marks for at, e in zip(m.at, m.ends, strict=True) if at == place)
            for place in places
        ]
    assert ends == pytest.approx(totals)


def test_the_source_line_says_version_data_draws_and_the_newest_day_of_prices():
    assert drawn().source == "llmcost 9.9, data abc, 4,096 draws, prices up to 2026-09-06"
