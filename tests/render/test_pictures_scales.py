"""Axes of pictures: their ends hold every mark, their ticks are round and few."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.picture import Axis, Band, Bars, Line, Panel, Points, Region, Rule, Whiskers
from llmcost.render.pictures.scales import fraction, span_of, tick_text, ticks_of

POSITIVE = st.floats(1e-200, 1e200)


def ticks(axis, low, high, most=6):
    return [text for _, text in ticks_of(axis, (low, high), most)]


@pytest.mark.parametrize(
    ("axis", "low", "high", "most", "texts"),
    [
        (Axis(unit="USD"), 0, 350e6, 4, ["$0", "$100M", "$200M", "$300M"]),
        (Axis(unit="USD"), 0, 12, 5, ["$0", "$2.50", "$5.00", "$7.50", "$10.00"]),
        (Axis(unit="USD/GPU/hour"), 0, 9, 5, ["$0", "$2", "$4", "$6", "$8"]),
        (Axis(unit="share"), 0.31, 0.52, 3, ["40%", "50%"]),
        (Axis(unit="GPU*hour"), 0, 35e6, 4, ["0", "10M", "20M", "30M"]),
        (Axis(unit="day"), -1, 1, 4, ["-1", "-0.5", "0", "0.5", "1"]),
        (Axis(unit="FLOP", scale="log"), 1e24, 1e26, 4, ["1e24", "1e25", "1e26"]),
        (Axis(unit="s", scale="log"), 0.02, 3, 9, ["0.02", "0.05", "0.1", "0.2", "0.5", "1", "2"]),
        (Axis(scale="log"), 1, 1e12, 5, ["1", "1,000", "1M", "1B", "1T"]),
        (Axis(unit="day", scale="log"), 60, 90, 4, ["60", "70", "80", "90"]),
    ],
)
def test_ticks_are_round_and_in_the_words_of_the_unit(axis, low, high, most, texts):
    assert ticks(axis, low, high, most) == texts


def test_ticks_of_dates_are_first_days_of_months_or_years():
    axis = Axis(scale="date")
    first, last = date(2024, 2, 10).toordinal(), date(2025, 1, 20).toordinal()
    old = date(2016, 1, 1).toordinal()

    assert ticks(axis, first, last, 4) == ["2024-04", "2024-07", "2024-10", "2025-01"]
    assert ticks(axis, old, last, 6) == ["2016", "2018", "2020", "2022", "2024"]


def test_ticks_that_are_given_are_kept_within_the_ends():
    axis = Axis(scale="log", ticks=((1024.0, "1,024"), (4096.0, "4,096"), (9e9, "far")))

    assert ticks(axis, 1000, 5000) == ["1,024", "4,096"]


def test_the_ends_hold_every_mark_and_a_zero_that_bars_stand_on():
    marks = (
        Bars("", "#000000", (0.0,), (0.0,), (10.0,)),
        Whiskers("", (0.0,), (2.0,), (20.0,)),
        Rule("", 30.0),
        Region("", "#000000", 5.0, 40.0),
        Points("", "#000000", (1.0,), (0.0,), x_low=(1.0,), x_high=(50.0,)),
        Line("", "#000000", (60.0,), (0.0,)),
        Band("", "#000000", (80.0,), (0.0,), (0.5,)),
    )
    low, high = span_of(Panel(Axis(), Axis(ticks=((0.0, "a"),)), marks), "x")

    assert low == 0
    assert high == pytest.approx(84)  # 5% beyond 80.


def test_rules_and_regions_of_y_do_not_stretch_x():
    marks = (Points("", "#000000", (1.0, 2.0), (1.0, 2.0)), Rule("", 99.0, "y"))
    panel = Panel(Axis(), Axis(), marks)

    assert span_of(panel, "x")[1] < 3
    assert span_of(panel, "y")[1] > 99


def test_a_log_axis_takes_positive_numbers_alone():
    panel = Panel(Axis(scale="log"), Axis(), (Line("", "#000000", (0.0, -3.0, 10.0, 1000.0), ()),))
    low, high = span_of(panel, "x")

    assert 0 < low < 10
    assert 1000 < high < 2000


@given(POSITIVE, POSITIVE, st.sampled_from(["linear", "log"]), st.integers(2, 12))
def test_ticks_are_within_the_ends_in_order_and_not_too_many(one, two, scale, most):
    low, high = sorted((one, two))
    found = [at for at, _ in ticks_of(Axis(scale=scale), (low, high), most)]

    assert found == sorted(set(found))
    assert len(found) <= most + 1
    slack = 1e-8 * (high - low)
    assert all(low - slack <= at <= high + slack for at in found)


@given(POSITIVE, st.sampled_from(["", "USD", "share", "GPU", "s"]))
def test_every_number_has_a_text(value, unit):
    assert tick_text(value, unit)


def test_how_far_along_an_axis_a_number_lies():
    assert fraction(Axis(), (10, 20), 15) == 0.5
    assert fraction(Axis(reverse=True), (10, 20), 12) == 0.8
    assert fraction(Axis(scale="log"), (1, 1000), 10) == pytest.approx(1 / 3)
    assert fraction(Axis(), (3, 3), 3) == 0.5
