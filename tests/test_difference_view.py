"""What changed between two comparisons, as people and programs get it, from numbers by hand."""

import csv
import io
import json
from dataclasses import replace

import pytest

from llmcost.render import FORMATS, render, select_fields
from llmcost.studies.answers import Result
from llmcost.studies.comparison.differences import Cause, Change, Differences, SetupDifference
from llmcost.views import document
from llmcost.views.differences import differences_document

THEN = {"llmcost_version": "1.0", "data_version": "abc", "draws": 1000, "seed": 7, "interval": 0.8}
CHANGED = SetupDifference(
    "h100-sxm",
    "runs",
    "too slow",
    (
        Change("cost", Result(100e6, "USD", 80e6, 120e6), Result(150e6, "USD", 120e6, 180e6)),
        Change("wall_clock", Result(75, "day", 60, 90), Result(100, "day", 80, 120)),
        Change("mtbf", Result(3, "hour", 2, 4), Result(2, "hour", 1, 3)),
    ),
    (
        Cause("tokens", "asked", "15T", "20T", "", {"cost": 37.5e6, "wall_clock": 25.0}),
        Cause("price", "data", 4.0, 4.5, "USD/GPU/hour", {"cost": 16.7e6, "wall_clock": 0.0}),
        Cause("peak_flop_rate", "data", 9e14, 1e15, "FLOP/s/GPU", dict.fromkeys(("cost",))),
    ),
    {"cost": -4.2e6, "wall_clock": 0.0},
)
SAME = SetupDifference("b200", "runs", "runs")
FOUND = Differences(
    (CHANGED, SAME),
    added=("mi300x",),
    gone=("tpu-v5p",),
    order_before=("h100-sxm", "b200", "tpu-v5p"),
    order_after=("b200", "h100-sxm", "mi300x"),
    before=THEN,
    after={**THEN, "data_version": "def"},
)


def words(text):
    """Text with every run of spaces as one."""
    return " ".join(text.split())


def test_people_read_results_before_and_now_and_what_each_input_did():
    text = words(render(differences_document(FOUND, "old.json"), "table", width=80))

    assert text.startswith("What changed since old.json")
    assert "Cost $100M $150M +50% range $80M – 120M $120M – 180M" in text
    assert "Wall clock 75 days 100 days +33%" in text
    assert "Changed too: Between failures." in text
    assert "Tokens 15T 20T +$37.5M +25 days" in text
    assert "Price per GPU-hour * $4.00/GPU-hour $4.50/GPU-hour +$16.7M none" in text
    assert "Dense peak * 900 TFLOP/s/GPU 1,000 TFLOP/s/GPU — —" in text or "Dense peak *" in text
    assert "the rest -$4.2M none" in text or "the rest -$4.20M none" in text


def test_the_words_say_what_mattered():
    text = words(render(document(FOUND), "table", width=80))

    assert "h100-sxm: runs before, too slow now." in text
    assert "First was h100-sxm; first is now b200." in text
    assert "New: mi300x." in text
    assert "No longer there: tpu-v5p." in text
    assert "h100-sxm: cost +50%, most by Tokens (+$37.5M)." in text
    assert "Before: llmcost 1.0, data abc" in text
    assert "Now: llmcost 1.0, data def" in text


def test_other_data_are_named_among_the_rest():
    text = words(render(document(FOUND), "table", width=80))

    assert "inputs that act together, other data or another version of llmcost." in text


def test_no_difference_is_said_in_one_line():
    found = Differences((SAME,), (), (), ("b200",), ("b200",), THEN, THEN)

    assert not found.changed
    assert "Nothing changed." in render(document(found), "table")


def test_another_seed_is_named():
    found = replace(FOUND, after={**THEN, "seed": 8})

    assert "other draws too: seed changed." in words(render(document(found), "table"))


@pytest.mark.parametrize("width", [30, 60, 80])
def test_it_fits_the_screen(width):
    text = render(document(FOUND), "table", width=width)

    assert max(map(len, text.splitlines())) <= width


def test_files_have_a_row_a_difference():
    rows = list(csv.DictReader(io.StringIO(render(document(FOUND), "csv"))))

    assert [row["kind"] for row in rows] == [
        *("result", "result", "result", "input, asked", "input, data", "input, data"),
        *("rest", "setup", "setup"),
    ]
    assert rows[0]["before"] == "100000000.0"
    assert rows[0]["ratio"] == "1.5"
    assert rows[3]["cost_effect [USD]"] == "37500000.0"


def test_json_has_every_number():
    data = json.loads(render(document(FOUND), "json"))

    assert data["schema"] == "llmcost.comparison-differences/1"
    assert data["changed"]
    assert data["setups"][0]["causes"][1]["effects"] == {"cost": 16.7e6, "wall_clock": 0.0}
    assert data["setups"][0]["rest"] == {"cost": -4.2e6, "wall_clock": 0.0}


def test_fields_choose_columns():
    chosen = select_fields(document(FOUND), ["name", "ratio"])

    assert render(chosen, "csv").splitlines()[:2] == ["name,ratio", "cost,1.5"]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_prints_it(name):
    assert "h100" in render(document(FOUND), name)
