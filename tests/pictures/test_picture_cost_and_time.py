"""Cost against time: where the points lie, which are on the front, what is left out."""

from copy import deepcopy

import pytest

from llmcost import InputError
from llmcost.picture import Points, Rule
from llmcost.views.pictures import picture, pictures_of
from llmcost.views.pictures.cost_and_time import MOST_NAMES, MOST_POINTS
from tests.pictures.saved_results import H100_HOURS, compared, lines, marks, points

SETUPS = ["h100-sxm:64@2", "b200:64@9", "a100-sxm-80gb:64@2", "tpu-v5p:64"]


@pytest.fixture(scope="module")
def four():
    """A setup on the front twice, one beaten, and one whose accelerator has no spot price."""
    return compared(setups=SETUPS, terms="contract-1y")


@pytest.fixture(scope="module")
def many(four):
    """Ten thousand setups, each dearer and slower than the one before, but for the first two."""
    data = deepcopy(four)
    first = next(setup for setup in data["setups"] if setup["name"] == "h100-sxm")
    data["setups"] = [_scaled(first, number) for number in range(10_000)]
    data["front"] = ["setup 0", "setup 1"]
    return data


def _scaled(setup, number):
    results = setup["estimate"]["results"]
    scaled = {
        name: {key: value * (1 + number) for key, value in results[name].items() if key != "unit"}
        for name in ("cost", "wall_clock")
    }
    for name, one in scaled.items():
        one["unit"] = results[name]["unit"]
    estimate = {**setup["estimate"], "results": {**results, **scaled}}
    return {**setup, "name": f"setup {number}", "estimate": estimate}


def drawn(data):
    return picture("cost-and-time", data)


def test_a_point_lies_at_the_wall_clock_and_the_cost_of_its_setup(four):
    panel = drawn(four).panels[0]
    [at] = [place for text, place in points(panel).items() if text.startswith("h100-sxm: 64 ")]

    assert at == pytest.approx((H100_HOURS / 64 / 24, H100_HOURS * 2))
    assert (panel.x.label, panel.y.unit) == ("Wall clock [day]", "USD")


def test_the_front_falls_in_cost_as_time_grows(four):
    made = drawn(four)
    [front] = lines(made.panels[0], "Pareto front")

    assert [x for x, _ in front] == sorted(x for x, _ in front)
    assert [y for _, y in front] == sorted((y for _, y in front), reverse=True)
    assert {row[0] for row in made.table.rows if row[-1]} == {"h100-sxm", "b200"}


def test_the_title_names_the_cheapest_and_the_fastest(four):
    title = drawn(four).title

    assert title.startswith("h100-sxm is the cheapest at $131K")
    assert "b200 the fastest of those with a price at 18.8 days" in title


def test_what_has_no_price_is_named_and_what_is_beaten_too(four):
    made = drawn(four)

    assert "Left out: tpu-v5p (no price)." in made.description
    assert "Not on the front: a100-sxm-80gb ($415K" in made.description
    assert {row[0] for row in made.table.rows} == {"h100-sxm", "b200", "a100-sxm-80gb"}


def test_the_table_has_full_numbers_for_files_and_texts_for_people(four):
    table = drawn(four).table
    at = [row[0] for row in table.rows].index("h100-sxm")

    assert table.records()[at]["cost"] == pytest.approx(H100_HOURS * 2)
    assert table.texts[at] == (
        *("h100-sxm", "runs", "42.6 days", "42.6 days", "42.6 days"),
        *("$131K", "$131K", "$131K", "yes"),
    )


def test_every_interval_encloses_its_point(four):
    for mark in marks(drawn(four).panels[0], Points):
        for x, low, high in zip(mark.x, mark.x_low, mark.x_high, strict=True):
            assert low <= x <= high
        for y, low, high in zip(mark.y, mark.y_low, mark.y_high, strict=True):
            assert low <= y <= high


def test_ten_thousand_setups_are_thinned_and_said_to_be(many):
    made = drawn(many)

    assert len(made.table.rows) == len(points(made.panels[0])) <= MOST_POINTS
    assert made.title.endswith(f"({MOST_POINTS:,} of 10,000 setups drawn)")
    assert f"Of 10,000 setups {MOST_POINTS:,} are drawn" in made.description
    named = [name for mark in marks(made.panels[0], Points) for name in mark.names if name]
    assert sorted(named) == ["setup 0", "setup 1"]


def test_a_long_front_has_names_for_some(many):
    data = {**many, "setups": many["setups"][:40], "front": [f"setup {n}" for n in range(40)]}
    named = [n for mark in marks(drawn(data).panels[0], Points) for n in mark.names if n]

    assert len(named) == MOST_NAMES
    assert {"setup 0", "setup 39"} <= set(named)


def test_far_apart_setups_stand_on_logarithmic_axes(many):
    near = drawn(compared(setups=SETUPS[:2])).panels[0]
    far = drawn(many).panels[0]

    assert (near.x.scale, far.x.scale, far.y.scale) == ("linear", "log", "log")


def test_setups_of_few_accelerators_have_the_colour_of_theirs():
    made = drawn(compared(gpu=["h100-sxm", "b200"], num_gpus=[64, 128]))
    groups = {mark.label: len(mark.x) for mark in marks(made.panels[0], Points)}

    assert groups == {"h100-sxm": 2, "b200": 2}


def test_a_deadline_is_drawn_and_who_misses_it_is_marked():
    made = drawn(compared(gpu="h100-sxm", num_gpus=[64, 128], gpus_for="30 day"))
    [rule] = marks(made.panels[0], Rule)
    [late] = marks(made.panels[0], Points, "Slower than asked for")

    assert (rule.value, rule.axis) == (30, "x")
    assert len(late.x) == 1
    assert late.x[0] > 30
    assert "Slower than asked for: h100-sxm:64." in made.description


def test_one_setup_alone_is_told_as_one():
    title = drawn(compared(setups=["h100-sxm:64@2"])).title

    assert title == "h100-sxm costs $131K and takes 42.6 days"


def test_a_setup_that_wins_both_is_told_once():
    title = drawn(compared(setups=["h100-sxm:64@2", "a100-sxm-80gb:64@2"])).title

    assert title.startswith("h100-sxm is the cheapest and the fastest of 2 setups: $131K")


def test_without_any_price_there_is_no_such_picture():
    data = compared(setups=["tpu-v5p:64", "tpu-v5p:128"], terms="contract-1y")

    assert "cost-and-time" not in pictures_of(data)
    with pytest.raises(InputError, match="no setup that can run has both a cost"):
        drawn(data)
