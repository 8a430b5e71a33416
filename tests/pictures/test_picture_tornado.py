"""The picture of a sensitivity: a bar an input, from its low end to its high end."""

import pytest

from llmcost.errors import InputError
from llmcost.picture import Bars, Rule
from llmcost.views.pictures import picture
from tests.pictures.results_by_hand import HEAD, made


def row(name, unit, low, high, at_low, at_high):
    return {
        "input": name,
        "unit": unit,
        "low": low,
        "value": low,
        "high": high,
        "at_low": at_low,
        "at_high": at_high,
        "result_unit": "USD",
        "effect": abs(at_high - at_low),
        "rank_correlation": 0.5,
    }


def saved(*rows, name="cost", unit="USD", value=100e6):
    return {
        "schema": "llmcost.sensitivity/1",
        **HEAD,
        "result": {"name": name, "value": value, "unit": unit, "low": value / 2, "high": value * 2},
        "rows": list(rows),
        "without_effect": ["pue", "price_on_demand"],
    }


PRICE = row("price", "USD/GPU/hour", 2.0, 6.0, 50e6, 150e6)
SHARE = row("mfu", "", 0.3, 0.5, 130e6, 80e6)
WORD = row("recompute", "", "none", "full", 100e6, 133e6)


def drawn(*rows, **result):
    return picture("tornado", saved(*rows, **result))


def test_bars_run_from_the_estimate_to_the_result_at_each_end():
    low, high = (mark for mark in drawn(PRICE).panels[0].marks if isinstance(mark, Bars))

    assert (low.starts, low.ends) == ((100e6,), (50e6,))
    assert (high.starts, high.ends) == ((100e6,), (150e6,))
    assert low.colour != high.colour


def test_inputs_are_sorted_by_effect_and_named_with_their_ends():
    """The price moves the cost by 100 million, the MFU by 50, recompute by 33."""
    names = [name for _, name in drawn(WORD, SHARE, PRICE).panels[0].y.ticks]

    assert names == [
        "Price per GPU-hour, $2.00 → $6.00",
        "MFU, 30% → 50%",
        "Recompute, none → full",
    ]


def test_the_estimate_is_a_line_through_all_bars():
    (rule,) = [mark for mark in drawn(PRICE).panels[0].marks if isinstance(mark, Rule)]

    assert (rule.value, rule.label) == (100e6, "estimate $100M")


def test_the_title_says_what_moves_it_most():
    assert drawn(SHARE, PRICE).title == (
        "Price per GPU-hour moves it most: cost of $100M goes from $50M to $150M"
    )


def test_inputs_without_effect_are_told_but_not_the_second_name_of_the_price():
    assert drawn(PRICE).description.endswith("Uncertain, and without effect: PUE.")


def test_of_very_many_inputs_the_strongest_are_drawn():
    """Twenty inputs that move it by 1 to 20 million; the fifteen strongest are drawn."""
    many = [row(f"input_{i}", "", 0, 1, 100e6, (100 + i) * 1e6) for i in range(1, 21)]
    shown = drawn(*many)

    assert len(shown.table.rows) == 15
    assert "5 more inputs move it by $5M or less." in shown.description


def test_a_share_is_in_percent():
    shown = drawn(row("pue", "", 1.1, 1.2, 0.8, 0.9), name="goodput", unit="", value=0.85)

    assert shown.panels[0].x.unit == "share"
    assert "85% goes from 80% to 90%" in shown.title


def test_a_result_that_nothing_moves_is_refused():
    with pytest.raises(InputError, match="no input of it is uncertain"):
        drawn()


def test_a_whole_sensitivity_is_drawn():
    data = made("sensitivity")
    shown = picture("tornado", data)

    assert len(shown.panels[0].y.ticks) == min(len(data["rows"]), 15)
    assert shown.table.records()[0]["input"] == data["rows"][0]["input"]


def test_the_interval_of_the_result_is_not_taken_for_that_of_the_bars():
    data = {**made("sensitivity"), "interval": 0.8}

    assert "(10th – 90th percentile: " in picture("tornado", data).description
