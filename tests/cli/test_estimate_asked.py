"""What an estimate was asked to add, in rows for programs as in the tables for people."""

import csv
import io
import json

import pytest

from tests.cli.helpers import PINNED, llmcost

FIXED = (*PINNED, "--mfu", "40%")
ASKED = (
    *("--by-provider", "--thresholds", "--method", "epoch-2024"),
    *("--currency", "EUR", "--dollars-of", "2023"),
)


def rows_of(text, **how):
    """Return the rows of delimited text by their names."""
    return {row["name"]: row for row in csv.DictReader(io.StringIO(text), **how)}


def first_words(text, heading, stop="\n\n"):
    """Return the lines of the table whose heading starts so, without heading and rule."""
    return text[text.index(heading) :].split(stop)[0].splitlines()[2:]


def test_rows_hold_everything_that_was_asked_for(capsys):
    """The same numbers as in JSON, whose own reports the tables are printed from."""
    rows = rows_of(llmcost(capsys, *FIXED, *ASKED, "--format", "csv").out)
    data = llmcost(capsys, *FIXED, *ASKED, "--json").data

    owned = next(s for s in data["method"]["results"] if s["name"] == "owned_cost")
    assert float(rows["method.epoch_2024.owned_cost"]["value"]) == owned["value"]
    assert float(rows["method.epoch_2024.owned_cost"]["low"]) == owned["low"]
    euros, dollars = data["restated"]
    assert float(rows["restated.EUR.cost"]["high"]) == euros["results"]["cost"]["high"]
    assert rows["restated.EUR.cost"]["unit"] == "EUR"
    assert float(rows["restated.USD_of_2023.cost"]["value"]) == dollars["results"]["cost"]["value"]
    law = rows["threshold.eu-ai-act-systemic-risk"]
    assert (float(law["value"]), law["unit"]) == (1e25, "FLOP")
    assert "re-check the law" in law["source"]
    told = {t["id"]: t for t in data["thresholds"]}["eu-ai-act-systemic-risk"]
    assert float(rows["threshold.eu-ai-act-systemic-risk.ratio"]["value"]) == told["ratio"]
    assert float(rows["threshold.eu-ai-act-systemic-risk.share_above"]["value"]) == 1
    aws = rows["rental.on_demand.amazon_web_services"]
    assert aws["unit"] == "USD/GPU/hour"
    assert "Amazon Web Services" in aws["source"]


def test_the_offer_of_a_provider_costs_its_price_times_the_hours(capsys):
    rows = rows_of(llmcost(capsys, *FIXED, "--by-provider", "--format", "tsv").out, delimiter="\t")
    offers = [name for name in rows if name.startswith("rental.") and not name.endswith(".cost")]
    hours = float(rows["gpu_hours"]["value"])

    assert len(offers) > 10
    for name in offers:
        cost = float(rows[f"{name}.cost"]["value"])
        assert cost == pytest.approx(float(rows[name]["value"]) * hours, rel=1e-12)


def test_rows_hold_goodput_on_other_scales_and_nothing_that_nobody_asked_for(capsys):
    ran = llmcost(capsys, *FIXED, "--format", "jsonl")
    rows = {row["name"]: row for row in map(json.loads, ran.out.splitlines())}
    scales = [row["value"] for name, row in rows.items() if name.startswith("goodput_by_scale.")]

    assert len(scales) == 3
    assert scales == sorted(scales, reverse=True)
    assert not [n for n in rows if n.startswith(("rental.", "method.", "restated.", "threshold."))]


def test_a_row_that_was_asked_for_can_be_chosen(capsys):
    ran = llmcost(capsys, *FIXED, *ASKED, "--fields", "restated.EUR.cost", "--format", "csv")

    assert ran.code == 0
    assert list(rows_of(ran.out)) == ["restated.EUR.cost"]


def test_parts_of_owning_never_stand_under_something_else(capsys):
    """Nobody publishes what a server of L4 costs: its energy is known, the whole is not."""
    text = llmcost(
        *(capsys, "estimate", "llama-3.1-8b", "--tokens", "1T", "--gpu", "l4", "--gpus", "8"),
        *("--mfu", "30%", "--as-of", "2026-09-06", "--currency", "EUR"),
    ).out

    for heading in ("Cost by basis", "In EUR"):
        lines = first_words(text, heading)
        at = next(i for i, line in enumerate(lines) if line.startswith("  energy"))
        assert lines[at - 1].startswith("Owned: run's share")
        assert "not known" in lines[at - 1]


def test_amounts_in_another_currency_stand_in_the_order_of_the_costs(capsys):
    lines = first_words(llmcost(capsys, *FIXED, "--currency", "EUR").out, "In EUR")
    names = [line.rstrip()[:18].rstrip() for line in lines]
    at = names.index("Owned: run's share")

    assert names[at : at + 5] == [
        "Owned: run's share",
        "  servers",
        "  network",
        "  energy",
        "Buying the cluster",
    ]


@pytest.mark.parametrize(
    ("given", "title", "price"),
    [
        (("--price", "2"), "Rented, price given", "$2.00"),
        (("--provider", "Lambda"), "Rented, Lambda", "$4.19"),
    ],
)
def test_the_cost_that_counts_is_among_the_bases(capsys, given, title, price):
    lines = first_words(llmcost(capsys, *FIXED, *given).out, "Cost by basis")

    assert lines[0].startswith(title)
    assert lines[0].endswith(price)


def test_a_median_of_the_catalogue_is_told_once(capsys):
    lines = first_words(llmcost(capsys, *FIXED).out, "Cost by basis")

    assert lines[0].startswith("Rented, on demand")
    assert sum(line.startswith("Rented") for line in lines) == 3


def test_an_unknown_field_says_where_all_names_are(capsys):
    ran = llmcost(capsys, *FIXED, "--fields", "method")

    assert ran.code == 2
    assert "--format csv" in ran.err


def test_a_line_of_development_without_a_price_says_so(capsys):
    """No provider lists three years of H100 in the twelve months to this day."""
    given = ("--scope", "development", "--terms", "reserved-3y")
    lines = first_words(llmcost(capsys, *FIXED, *given).out, "Beyond the final run")
    words = {line[:24].strip(): line[24:].split() for line in lines}

    assert words["Storage, traffic, upkeep"] == ["not", "known"]


@pytest.mark.parametrize(
    ("interval", "words"),
    [
        ("80%", "10th and 90th"),
        ("95%", "2.5th and 97.5th"),
        ("96%", "2nd and 98th"),
        ("98%", "1st and 99th"),
        ("94%", "3rd and 97th"),
        ("55%", "22.5th and 77.5th"),
        ("99.9%", "0.05th and 99.95th"),
    ],
)
def test_percentiles_of_an_interval_are_told_as_they_are(capsys, interval, words):
    """An interval leaves out the same share at both ends."""
    ran = llmcost(capsys, *FIXED, "--interval", interval, "--draws", "100", "--fields", "cost")

    assert f"Low and high: {words} percentile" in " ".join(ran.out.split())
