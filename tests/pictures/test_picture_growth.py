"""Growth: one line an accelerator, at each of its numbers, and the finding."""

import pytest

from llmcost import InputError
from llmcost.picture import PALETTE, Band, Line
from llmcost.views.pictures import picture, pictures_of
from tests.pictures.saved_results import H100_HOURS, compared, lines, marks

COUNTS = [64, 128, 256]


@pytest.fixture(scope="module")
def two():
    """Two accelerators at three numbers each, with an MFU that does not depend on them."""
    return compared(gpu=["h100-sxm", "b200"], num_gpus=COUNTS, price="2..3 USD/GPU/hour")


def drawn(data):
    return picture("growth", data)


def test_cost_wall_clock_and_shares_are_below_each_other(two):
    panels = drawn(two).panels

    assert [(panel.y.title, panel.y.unit) for panel in panels] == [
        *(("Cost", "USD"), ("Wall clock", "day"), ("MFU, goodput", "share")),
    ]
    assert {panel.x.scale for panel in panels} == {"log"}
    assert panels[-1].x.label == "Number of accelerators [GPU]"
    assert [text for _, text in panels[0].x.ticks] == ["64", "128", "256"]


def test_at_one_mfu_twice_the_accelerators_take_half_the_time_at_the_same_cost(two):
    cost, time, shares = drawn(two).panels
    [days] = lines(time, "h100-sxm")
    [dollars] = lines(cost, "h100-sxm")

    assert days == [(n, pytest.approx(H100_HOURS / n / 24)) for n in COUNTS]
    assert [y for _, y in dollars] == pytest.approx([dollars[0][1]] * 3)
    assert lines(shares, "h100-sxm") == [
        [(n, pytest.approx(0.4)) for n in COUNTS],
        [(n, pytest.approx(0.9)) for n in COUNTS],
    ]


def test_goodput_is_dashed_and_an_accelerator_has_one_colour(two):
    panels = drawn(two).panels

    assert [mark.dashed for mark in marks(panels[2], Line, "b200")] == [False, True]
    assert {mark.colour for panel in panels for mark in marks(panel, Line, "b200")} == {PALETTE[1]}


def test_bands_are_the_intervals_of_the_answer(two):
    [band] = marks(drawn(two).panels[0], Band, "h100-sxm")
    told = {one["name"]: one["estimate"]["results"]["cost"] for one in two["setups"]}

    assert band.low == tuple(told[f"h100-sxm:{n}"]["low"] for n in COUNTS)
    assert band.high == tuple(told[f"h100-sxm:{n}"]["high"] for n in COUNTS)


def test_the_title_says_what_the_most_accelerators_change(two):
    assert drawn(two).title == (
        "On 256 instead of 64 h100-sxm the run takes 10.7 days instead of 42.6 days and costs "
        "$160K either way; MFU 40% either way"
    )


def test_the_table_has_a_row_for_every_number(two):
    rows = drawn(two).table.records()

    assert [(row["series"], row["num_gpus"]) for row in rows] == [
        (gpu, n) for gpu in ("h100-sxm", "b200") for n in COUNTS
    ]


def test_setups_that_differ_in_more_than_their_number_are_apart():
    setups = ["b200:64", "b200:128", "b200:64,precision=fp8", "b200:128,precision=fp8", "mi300x:64"]
    made = drawn(compared(setups=setups))

    assert {mark.label for mark in marks(made.panels[0], Line)} == {"b200", "b200, precision=fp8"}
    assert "there with one number alone: mi300x." in made.description


def test_more_accelerators_than_colours_are_told():
    gpus = ["h100-sxm", "b200", "mi300x", "a100-sxm-80gb", "h200-sxm", "h100-pcie", "l40s"]
    made = drawn(compared(gpu=gpus, num_gpus=[64, 128]))

    assert len({mark.label for mark in marks(made.panels[1], Line)}) == 6
    assert "Of 7 setups that grow the first 6 are drawn." in made.description


def test_without_a_price_the_cost_is_left_out():
    made = drawn(compared(gpu="tpu-v5p", num_gpus=[64, 128], terms="contract-1y"))

    assert [panel.y.title for panel in made.panels] == ["Wall clock", "MFU, goodput"]
    assert "cost" not in made.title


def test_one_number_of_each_is_no_growth():
    data = compared(setups=["h100-sxm:64", "b200:128"])

    assert "growth" not in pictures_of(data)
    with pytest.raises(InputError, match="--gpu h100-sxm --gpus 1024,4096"):
        drawn(data)
