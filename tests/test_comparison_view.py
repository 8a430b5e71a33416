"""A comparison as people and programs get it, from numbers written here by hand."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest

from llmcost.inputs import InputValue, Origin
from llmcost.render import FORMATS, render, select_fields
from llmcost.studies.answers import Estimate, Result, Warned
from llmcost.studies.comparison.answer import Comparison
from llmcost.studies.comparison.parts import (
    CANNOT_RUN,
    BreakEven,
    Delta,
    Group,
    Limit,
    Pair,
    SetupResult,
    Shares,
)
from llmcost.views import document
from llmcost.views.comparison_words import change_text, in_draws, share_text

GOLDEN = Path(__file__).parent / "golden"
USER, CATALOGUE = (
    Origin("user", "command line"),
    Origin("catalogue", "gpu_prices.csv", "2026-09-06"),
)
NO_PRICE = "No cost: no on-demand price for tpu-v5p in the twelve months to 2026-09-06."
META = {
    "llmcost_version": "1.2",
    "data_version": "abc",
    "interval": 0.8,
    "draws": 1000,
    "seed": 7,
}


def ranged(value, unit, spread=0.2):
    """A result with an interval of `spread` to either side."""
    return Result(value, unit, value * (1 - spread), value * (1 + spread), value)


def run(name, *, cost, days, gpu=None, gpus=1000, warnings=(), **more):
    """A setup with an estimate of two or three results, priced where it has a cost."""
    results = {
        "parameters": Result(70e9, "", 70e9, 70e9),
        "tokens": Result(15e12, "token", 15e12, 15e12),
        "gpu_hours": ranged(gpus * days * 24, "GPU*hour"),
        "wall_clock": ranged(days, "day"),
        "mfu": ranged(0.4, ""),
        "cost": Result(None, "USD", None, None) if cost is None else ranged(cost, "USD"),
        "energy": ranged(days * 100, "MWh"),
    }
    price = None if cost is None else cost / (gpus * days * 24)
    detail = {} if price is None else {"terms": "on-demand", "provider": None, "providers": 5}
    inputs = {
        "model": InputValue("llama-3.1-70b", "", USER),
        "tokens": InputValue(15e12, "token", USER),
        "gpu": InputValue(gpu or name, "", USER),
        "num_gpus": InputValue(gpus, "GPU", USER),
        "price": InputValue(price, "USD/GPU/hour", CATALOGUE, detail=detail),
        "layout": InputValue("tp=8,pp=4,dp=2,cp=1,zero=1", "", Origin("modelled")),
    }
    limits = (Limit("compute", 0.7), Limit("network", 0.2), Limit("waiting", 0.1))
    estimate = Estimate(results, inputs, tuple(warnings))
    return SetupResult(name, {"gpu": name}, estimate=estimate, limits=limits, **more)


def ratio(value, low, high):
    """A delta of which only the ratio is told."""
    return Delta(Result(0.0, "USD", 0.0, 0.0), Result(value, "", low, high))


H100 = run("h100-sxm", cost=117e6, days=75, shares=Shares(0.13, 0.9, 1.0))
B200 = run(
    "b200",
    cost=90e6,
    days=89,
    shares=Shares(0.87, 0.1, 0.87),
    deltas={"cost": ratio(0.77, 0.5, 1.31), "wall_clock": ratio(1.19, 1.19, 1.19)},
)
TPU = run("tpu-v5p", cost=None, days=110, shares=Shares(None, 0.0, None), no_price=NO_PRICE)
TOO_SMALL = SetupResult("t4", {"gpu": "t4"}, CANNOT_RUN, "It has no published peak.")
PAIRS = (
    Pair("b200", "h100-sxm", "cost", 0.87, 0.13),
    Pair("b200", "h100-sxm", "wall_clock", 0.0, 1.0),
)
EVEN = (
    BreakEven("h100-sxm", "b200", Result(1.6249, "USD/GPU/hour", 1.3, 2.05), 4.045),
    BreakEven("tpu-v5p", "b200", Result(1.1, "USD/GPU/hour", 1.1, 1.1), None),
)
FOUND = Comparison(
    setups=(H100, B200, TPU, TOO_SMALL),
    order=("b200", "h100-sxm", "tpu-v5p", "t4"),
    first="h100-sxm",
    best={"cost": "b200", "wall_clock": "h100-sxm"},
    pairs=PAIRS,
    break_even=EVEN,
    front=("b200", "h100-sxm"),
    groups=(Group({"vendor": "NVIDIA"}, ("b200", "h100-sxm")),),
    asked={"model": "llama-3.1-70b"},
    meta=META,
)


def many(count):
    """A comparison of so many setups, the last without a price."""
    runs = [
        run(
            f"gpu-{n:02}", cost=(n + 1) * 1e6, days=10 + n, gpu="b200", shares=Shares(0.1, 0.1, 0.1)
        )
        for n in range(count - 1)
    ]
    setups = (*runs, TPU)
    return replace(
        FOUND,
        setups=setups,
        order=tuple(setup.name for setup in setups),
        first="gpu-00",
        best={"cost": "gpu-00"},
        pairs=(),
        break_even=(),
        front=("gpu-00",),
        groups=(),
    )


def text_of(found, width=80):
    """What people read on a screen of a width, spaces between words as one."""
    return " ".join(render(document(found), "table", width=width).split())


def test_three_setups_stand_side_by_side_best_first_with_ranges_and_marks():
    lines = render(document(FOUND), "table", width=80).splitlines()
    table = [" ".join(line.split()) for line in lines[2:12]]

    assert lines[0] == "llama-3.1-70b · 15T tokens · 4 setups"
    assert table[0] == "Result b200 h100-sxm tpu-v5p"
    assert table[2] == "GPUs 1,000 1,000 1,000"
    assert "Cost • $90M $117M no price" in table
    assert "range $72M – 108M $93.6M – 140M" in table
    assert "Wall clock 89 days • 75 days 110 days" in table


def test_the_title_tells_that_setups_train_more_than_one_thing():
    other = run("gb200", cost=80e6, days=50)
    inputs = {**other.estimate.inputs, "model": InputValue("llama-3.1-8b", "", USER)}
    results = {**other.estimate.results, "tokens": Result(1e12, "token", 1e12, 1e12)}
    other = replace(other, estimate=replace(other.estimate, inputs=inputs, results=results))
    found = replace(FOUND, setups=(H100, other), order=("h100-sxm", "gb200"), pairs=(), front=())

    title = document(replace(found, break_even=(), groups=(), best={})).title

    assert title == "2 models · 1T tokens to 15T tokens · 2 setups"


def test_what_pairing_hides_is_said_where_speeds_of_unlike_accelerators_are_predicted():
    """Of one accelerator an error is the same error; a speed that is given has none."""
    alike = [replace(setup, estimate=B200.estimate) for setup in (H100, B200)]
    given = [replace(setup, limits=()) for setup in FOUND.setups]

    assert "less is sure" in text_of(FOUND)
    assert "less is sure" not in text_of(
        replace(
            FOUND,
            setups=(*alike, TPU, TOO_SMALL)[:2],
            order=("b200", "h100-sxm"),
            break_even=EVEN[:1],
        )
    )
    assert "less is sure" not in text_of(replace(FOUND, setups=tuple(given)))


def test_the_words_are_those_that_people_paste():
    text = text_of(FOUND)

    assert "b200 is cheaper than h100-sxm in 87% of draws." in text
    assert "h100-sxm is faster than b200 in every draw." in text
    assert "h100-sxm wins on cost below 1.62 USD/GPU/hour (1.30 – 2.05; now 4.05)." in text
    assert "tpu-v5p wins on cost below 1.10 USD/GPU/hour (it has no price now)." in text
    front = "b200 ($90M, 89 days; in 87% of draws), h100-sxm ($117M, 75 days; in every draw)."
    assert f"On the Pareto front of cost against wall clock: {front}" in text


def test_deltas_are_changes_from_the_first_with_their_interval():
    text = text_of(FOUND)

    assert "Against h100-sxm b200" in text
    assert "Cost -23% range -50% to +31%" in text
    assert "Wall clock +19%" in text


def test_what_has_no_price_is_last_with_its_reason_and_warned_of_once():
    text = text_of(FOUND)

    assert "tpu-v5p — 1.10 no on-demand price for tpu-v5p in the twelve months" in text
    assert "No cost:" not in text


def test_what_cannot_run_stays_with_the_reason():
    text = text_of(FOUND)

    assert "Not in the running" in text
    assert "t4 cannot run It has no published peak." in text


def test_groups_and_prices_are_told():
    text = text_of(FOUND)

    assert "NVIDIA b200, h100-sxm" in text
    assert "on-demand, median of 5 providers (2026-09-06)" in text
    assert "Prices in USD/GPU/hour" in text


def test_groups_of_numbers_have_their_units_and_what_is_not_known_says_so():
    groups = (
        Group({"num_gpus": 1000.0, "mfu": 0.42}, ("b200", "h100-sxm")),
        Group({"num_gpus": None, "mfu": None}, ("t4",)),
    )
    text = text_of(replace(FOUND, groups=groups))

    assert "GPUs, MFU Setups, best first" in text
    assert "1,000 GPUs, 42% b200, h100-sxm" in text
    assert "not known, not known t4" in text


def test_a_warning_of_several_setups_is_told_once():
    same = Warned("old", "The price of b200 is 93 days old.")
    alike = Warned("old", "The price of h100-sxm is 120 days old.")
    found = replace(
        FOUND,
        setups=(
            replace(H100, estimate=replace(H100.estimate, warnings=(alike,))),
            replace(B200, estimate=replace(B200.estimate, warnings=(same,))),
            TPU,
            TOO_SMALL,
        ),
    )

    messages = document(found).messages
    assert messages == ("b200: The price of b200 is 93 days old. Alike: h100-sxm.",)


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("count", [4, 12, 13, 24, 25, 60])
def test_many_setups_have_a_row_each_and_fit(count, width):
    found = many(count)
    text = render(document(found), "table", width=width)

    assert max(map(len, text.splitlines())) <= width
    for setup in found.setups:
        assert any(line.startswith(setup.name) for line in text.splitlines())
    assert "• $1M" in text


@pytest.mark.parametrize("width", [30, 40, 60, 80])
@pytest.mark.parametrize("name", ["table", "plain"])
def test_few_setups_fit_any_screen(name, width):
    text = render(document(FOUND), name, width=width)

    assert max(map(len, text.splitlines())) <= width
    assert name == "table" or text.isascii()


def test_the_whole_catalogue_is_a_ranking_with_those_without_a_price_apart():
    text = render(document(many(60)), "table", width=60)

    assert "Without a price" in text
    assert "tpu-v5p: no on-demand price in the twelve months" in " ".join(text.split())
    assert len(text.splitlines()) < 60 + 60


def test_one_setup_has_no_marks_wins_or_deltas():
    alone = replace(H100, shares=Shares(1.0, 1.0, 1.0))
    found = Comparison((alone,), ("h100-sxm",), "h100-sxm", front=("h100-sxm",), meta=META)
    text = text_of(found)

    assert "1 setup" in text
    assert "• $" not in text
    assert "Cheapest" not in text
    assert "Against" not in text
    assert "both the cheapest" not in text
    assert "1,000 draws (seed 7)" in text


def test_files_have_a_row_a_setup_best_first_under_units():
    rows = list(csv.DictReader(io.StringIO(render(document(FOUND), "csv"))))

    assert [row["name"] for row in rows] == ["b200", "h100-sxm", "tpu-v5p", "t4"]
    assert rows[0]["cost [USD]"] == "90000000.0"
    assert rows[0]["cost_low [USD]"] == "72000000.0"
    assert rows[0]["num_gpus [GPU]"] == "1000"
    assert rows[0]["cheapest_share"] == "0.87"
    assert (rows[0]["limited_by"], rows[0]["next_limit"]) == ("compute", "network")
    assert rows[2]["cost [USD]"] == ""
    assert rows[2]["reason"] == NO_PRICE
    assert rows[3]["reason"] == "It has no published peak."


def test_json_is_the_saved_comparison_with_its_rows():
    data = json.loads(render(document(FOUND), "json"))

    assert data["schema"] == "llmcost.comparison/1"
    assert data["order"] == ["b200", "h100-sxm", "tpu-v5p", "t4"]
    assert [row["name"] for row in data["rows"]] == data["order"]
    assert data["rows"][0]["wall_clock"] == 89


def test_fields_choose_columns_in_every_format():
    chosen = select_fields(document(FOUND), ["name", "wall-clock", "cost"])

    assert render(chosen, "csv").splitlines()[0] == "name,wall_clock [day],cost [USD]"
    assert json.loads(render(chosen, "json"))["rows"][1] == {
        "name": "h100-sxm",
        "wall_clock": 75,
        "cost": 117e6,
    }
    assert "Name Wall clock Cost" in " ".join(render(chosen, "table").split())
    assert "h100-sxm 75 days $117M" in " ".join(render(chosen, "table").split())


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("found", [FOUND, many(30)], ids=["few", "many"])
def test_every_format_prints_it(name, found):
    assert "tpu" in render(document(found), name)


def test_all_that_cannot_run_is_still_an_answer():
    found = Comparison((TOO_SMALL,), ("t4",), None, meta=META)
    text = text_of(found)

    assert "1 setup" in text
    assert "t4 cannot run" in text


@pytest.mark.parametrize(
    ("ratio", "told"),
    [
        (0.731, "-27%"),
        (1.0, "0%"),
        (2.99, "+199%"),
        (3.0, "3x"),
        (4.26, "4.3x"),
        (0.9996, "0%"),
        (None, "—"),
    ],
)
def test_a_ratio_is_a_change_or_a_multiple(ratio, told):
    assert change_text(ratio) == told


def test_what_hardly_happens_is_not_never():
    assert [share_text(share) for share in (0, 0.001, 0.5, 0.999, 1)] == [
        *("0%", "<1%", "50%", ">99%", "100%")
    ]
    assert in_draws(1.0) == "in every draw"


@pytest.mark.parametrize("width", [60, 80])
@pytest.mark.parametrize(("name", "found"), [("few", FOUND), ("some", many(5)), ("many", many(30))])
def test_the_page_is_laid_out_as_it_was_looked_at(name, found, width):
    """A golden file is for the layout alone; the numbers in it are asserted above."""
    golden = GOLDEN / f"comparison_{name}_{width}.txt"

    assert render(document(found), "table", width=width) == golden.read_text(encoding="utf-8")


def test_a_ranking_under_a_deadline_tells_how_many_accelerators_it_takes():
    found = replace(many(30), asked={"deadline": 90.0})
    text = " ".join(render(document(found), "table", width=60).split())

    assert "30 setups · within 90 days" in text
    assert "Setup Cost Low – high GPUs Wins" in text
    assert "gpu-00 • $1M $0.8M – 1.2M 1,000 10%" in text
