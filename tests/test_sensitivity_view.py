"""A sensitivity as people and programs get it, from numbers written here by hand."""

import csv
import io
import json
from dataclasses import replace

import pytest

from llmcost.inputs import InputValue, Origin
from llmcost.render import FORMATS, render, select_fields
from llmcost.studies.sensitivity import Influence, Sensitivity
from llmcost.views import document
from llmcost.views.sensitivities import sensitivity_document

PRICE = Origin("catalogue", "gpu_prices.csv: on-demand", "2026-09-06")
STEP = Origin("modelled", "step model")
FOUND = Sensitivity(
    of="cost",
    unit="USD",
    value=100e6,
    low=60e6,
    high=170e6,
    influences=(
        Influence("price", "USD/GPU/hour", 2.0, 3.5, 6.0, 57e6, 171e6, 114e6, 0.914, False, PRICE),
        Influence("mfu", "", 0.32, 0.4, 0.48, 125e6, 83e6, 42e6, -0.4, True, STEP),
        Influence("recompute", "", "none", "none", "full", 100e6, 101e6, 1e6, None),
    ),
    without_effect=("pue",),
    inputs={
        "model": InputValue("llama-3.1-405b", "", Origin("user")),
        "price": InputValue(3.5, "USD/GPU/hour", PRICE, 2.0, 6.0),
        "mfu": InputValue(0.4, "", STEP, 0.32, 0.48),
    },
    warnings=(("old-price", "The price is old."),),
    meta={"draws": 4096, "seed": 7, "llmcost_version": "1", "data_version": "2"},
)


def test_people_read_the_result_at_both_ends_the_rank_and_a_bar():
    """57 to 171 about 100: of 48 columns, 18 lie left of the base and 29 right of it."""
    lines = render(document(FOUND), "table", width=100).splitlines()

    assert lines[0] == "What moves it: Cost, $100M ($60M – $170M) · llama-3.1-405b"
    titles = [line.split("  ")[0] for line in lines[4:7]]
    assert titles == ["Price per GPU-hour", "MFU", "Recompute"]
    assert " ".join(lines[4].split()) == (
        f"Price per GPU-hour $57M → $171M +0.91 {'░' * 18}│{'█' * 29}"
    )
    assert " ".join(lines[5].split()) == f"MFU $125M → $83M -0.40 {'█' * 7}│{'░' * 10}"
    assert lines[6].split()[-2:] == ["—", "│"]


def test_people_read_each_range_and_where_it_is_from():
    text = render(document(FOUND), "table", width=100)

    assert "$3.50 ($2.00 – $6.00)" in text
    assert "40% (32% – 48%)" in text
    assert "none (none – full)" in text
    assert "modelled: step model" in text
    assert "4,096 draws of all inputs (seed 7)" in text
    assert "without effect here: PUE." in text
    assert "- The price is old." in text


@pytest.mark.parametrize("name", ["table", "plain"])
@pytest.mark.parametrize("width", [30, 40, 60, 80])
def test_bars_and_numbers_survive_narrow_screens(name, width):
    text = render(document(FOUND), name, width=width)
    base = "│" if name == "table" else "|"

    assert max(map(len, text.splitlines())) <= width
    assert sum(base in line for line in text.splitlines()) == 3
    assert name == "table" or text.isascii()
    for number in ("$57M", "$171M", "$125M", "$83M", "+0.91", "-0.40"):
        assert number in text


def test_top_hides_the_rest_from_people_alone():
    cut = sensitivity_document(FOUND, top=1)
    text = render(cut, "table")

    assert "2 more with a smaller effect: --top 3." in text
    assert "MFU" not in text
    assert len(render(cut, "csv").splitlines()) == 4
    assert len(json.loads(render(cut, "json"))["rows"]) == 3


def test_files_hold_every_number_under_units():
    rows = list(csv.DictReader(io.StringIO(render(document(FOUND), "csv"))))

    assert [row["input"] for row in rows] == ["price", "mfu", "recompute"]
    assert rows[0]["at_high [USD]"] == "171000000.0"
    assert rows[0]["unit"] == "USD/GPU/hour"
    assert float(rows[0]["effect_share"]) == pytest.approx(1.14)
    assert rows[2]["high"] == "full"
    assert rows[2]["rank_correlation"] == ""


def test_the_json_document():
    data = json.loads(render(document(FOUND), "json"))

    assert data["schema"] == "llmcost.sensitivity/1"
    result = {"name": "cost", "value": 100e6, "unit": "USD", "low": 60e6, "high": 170e6}
    assert data["result"] == result
    assert data["percentiles"] == [0.05, 0.95]
    assert data["rows"][1]["rank_correlation"] == -0.4
    assert data["without_effect"] == ["pue"]
    assert data["warnings"] == [{"code": "old-price", "message": "The price is old."}]
    assert (data["draws"], data["seed"]) == (4096, 7)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_prints_it(name):
    assert "price" in render(document(FOUND), name).lower()


def test_fields_choose_columns():
    chosen = select_fields(document(FOUND), ["input", "effect"])

    assert render(chosen, "csv").splitlines()[:2] == ["input,effect [USD]", "price,114000000.0"]


def test_a_result_that_is_a_share_reads_as_percent():
    found = replace(FOUND, of="goodput", unit="", value=0.91, low=0.85, high=0.95)
    text = render(sensitivity_document(replace(found, influences=found.influences[:0])), "table")

    assert "Goodput, 91% (85% – 95%)" in text


def test_a_notebook_and_a_prompt_show_it():
    assert "<table>" in FOUND._repr_html_()
    assert repr(FOUND) == (
        "Sensitivity(cost 1e+08 USD: price 1.14e+08, mfu 4.2e+07, recompute 1e+06)"
    )


def test_the_price_that_counts_is_not_told_again_under_its_terms():
    """A price on demand that moves nothing by its other name would read as a contradiction."""
    price = InputValue(3.5, "USD/GPU/hour", PRICE, 2.0, 6.0, {"terms": "on-demand"})
    found = replace(
        FOUND,
        inputs={**FOUND.inputs, "price": price},
        without_effect=("pue", "price_on_demand", "price_spot"),
    )

    text = " ".join(render(document(found), "table").split())
    assert "without effect here: PUE, Price (spot)." in text
    assert json.loads(render(document(found), "json"))["without_effect"] == [
        "pue",
        "price_on_demand",
        "price_spot",
    ]
