"""Choosing fields: the same choice in people's tables, in the flat table and in JSON."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from llmcost.errors import InputError, UnknownNameError
from llmcost.render import render
from llmcost.render.selection import holds_quantities, select_fields
from llmcost.table import Document, Field, Table

FLAT = Table(
    "estimate",
    (Field("name"), Field("value"), Field("unit")),
    (("cost", 84.2e6, "USD"), ("gpu_hours", 31.7e6, "GPU*hour"), ("wall_clock", 82.5, "day")),
)
PEOPLE = Table(
    "people",
    (Field("name", "Quantity"), Field("text", "Estimate")),
    (("gpu_hours", None), ("cost", None)),
    texts=(("GPU-hours", "31.7M GPU-hours"), ("Cost", "$84.2M")),
)
INPUTS = Table("inputs", (Field("name"), Field("text")), (("tokens", "15.6T"),))
FIT = Table("fit", (Field("part"), Field("bytes")), (("weights", 1),))
QUANTITIES = Document(
    "Estimate",
    (PEOPLE, INPUTS, FIT),
    FLAT,
    {
        "schema": "estimate",
        "inputs": {"tokens": 1},
        "results": [{"name": row[0], "value": row[1]} for row in FLAT.rows],
    },
    ("A message.",),
)
GPUS = Table(
    "gpus",
    (Field("name", "Name"), Field("memory", "Memory", "GB", "right"), Field("note")),
    (("h100-sxm", 80.0, "x"), ("h200-sxm", 141.0, None)),
    people_fields=("name", "memory"),
)
LIST = Document("GPUs", (GPUS,), GPUS, {"schema": "gpus", "results": GPUS.records()})


BOTH = Document(
    "Results and inputs",
    (
        Table(
            "results",
            (Field("name"), Field("text")),
            (("cost", None), ("compute_optimal_ratio", None)),
            texts=(("Cost", "$1M"), ("times", "2x")),
            notes=("Compute-optimal: by a law.", "Low and high: percentiles."),
        ),
        Table(
            "assumptions",
            (Field("name"), Field("text")),
            (("price", None), ("mfu", None)),
            texts=(("Price", "$2"), ("MFU", "41%")),
            notes=("Price: a median.",),
        ),
    ),
    Table(
        "estimate",
        (Field("name"), Field("value"), Field("unit")),
        (
            *(("cost", 1e6, "USD"), ("compute_optimal_ratio", 2.0, ""), ("mfu", 0.4, "")),
            *(("input.price", 2.0, "USD/GPU/hour"), ("input.mfu", 0.41, "")),
        ),
    ),
    {
        "schema": "x/1",
        "inputs": {"price": {"value": 2.0}, "mfu": {"value": 0.41}},
        "results": {"cost": {"value": 1e6, "unit": "USD"}, "mfu": {"value": 0.4, "unit": ""}},
        "warnings": [],
    },
)


def test_a_name_finds_results_and_inputs():
    chosen = select_fields(BOTH, ["mfu", "price", "Compute-Optimal-Ratio"])

    assert [row[0] for row in chosen.flat.rows] == [
        *("mfu", "input.mfu", "input.price", "compute_optimal_ratio")
    ]
    assert [table.texts for table in chosen.tables] == [
        (("times", "2x"),),
        (("MFU", "41%"), ("Price", "$2")),
    ]


def test_an_input_may_be_asked_for_alone():
    chosen = select_fields(BOTH, ["input.mfu"])

    assert [row[0] for row in chosen.flat.rows] == ["input.mfu"]
    assert chosen.data["results"] == {}
    assert chosen.data["inputs"] == {"mfu": {"value": 0.41}}


def test_notes_go_with_their_rows():
    (results,) = select_fields(BOTH, ["cost"]).tables
    (assumptions,) = select_fields(BOTH, ["mfu"]).tables

    assert results.notes == ("Low and high: percentiles.",)
    assert assumptions.notes == ()
    assert select_fields(BOTH, ["price"]).tables[0].notes == ("Price: a median.",)


def test_json_keeps_the_named_results_and_inputs():
    assert select_fields(BOTH, ["price", "mfu"]).data == {
        "schema": "x/1",
        "inputs": {"price": {"value": 2.0}, "mfu": {"value": 0.41}},
        "results": {"mfu": {"value": 0.4, "unit": ""}},
        "warnings": [],
    }


def test_quantities_may_be_chosen_by_column_too():
    chosen = select_fields(BOTH, ["name", "value"])

    assert chosen.flat.rows[0] == ("cost", 1e6)
    assert chosen.data["results"] == {"cost": {"value": 1e6}, "mfu": {"value": 0.4}}


def test_tables_of_different_rows_are_cut_alike():
    """A table without a column asked for would lose its rows: the flat table has them all."""
    other = replace(GPUS, rows=(("b200", 192.0, "y"),), people_fields=("name", "note"))
    two = replace(LIST, tables=(GPUS, other))

    assert select_fields(two, ["name", "memory"]).tables[0].rows == (
        ("h100-sxm", 80.0),
        ("h200-sxm", 141.0),
    )
    assert len(select_fields(two, ["name"]).tables) == 2
    assert len(select_fields(two, ["name", "memory"]).tables) == 1


def test_the_two_shapes_are_told_apart():
    """A list of GPUs has names too, but no values."""
    assert holds_quantities(FLAT)
    assert not holds_quantities(GPUS)


def test_quantities_are_chosen_by_row_in_the_order_asked():
    chosen = select_fields(QUANTITIES, ["gpu-hours", "cost", "cost"])

    assert [row[0] for row in chosen.flat.rows] == ["gpu_hours", "cost"]
    assert chosen.flat.fields == FLAT.fields
    assert [table.name for table in chosen.tables] == ["people"]
    assert chosen.messages == QUANTITIES.messages


def test_dashes_and_underscores_are_one():
    dashed = replace(FLAT, rows=(("warning.no-price", 1, ""),))

    assert select_fields(replace(QUANTITIES, flat=dashed), ["warning.no_price"]).flat == dashed


def test_texts_follow_their_rows():
    chosen = select_fields(QUANTITIES, ["cost"])

    assert chosen.tables[0].texts == (("Cost", "$84.2M"),)
    assert "GPU-hours" not in render(chosen, "table")


def test_a_quantity_that_people_are_not_shown_comes_from_the_flat_table():
    chosen = select_fields(QUANTITIES, ["wall_clock"])

    assert chosen.tables == (replace(chosen.flat, people_fields=("name", "value")),)
    assert "82.5 days" in render(chosen, "table")


def test_json_keeps_everything_but_other_results_and_inputs():
    data = json.loads(render(select_fields(QUANTITIES, ["cost"]), "json"))

    assert data == {
        "schema": "estimate",
        "inputs": {},
        "results": [{"name": "cost", "value": 84.2e6}],
    }


def test_json_results_may_be_keyed_by_name():
    keyed = replace(QUANTITIES, data={"results": {"cost": {"value": 1}, "gpu_hours": {}}})

    assert select_fields(keyed, ["cost"]).data == {"results": {"cost": {"value": 1}}}


def test_other_answers_are_chosen_by_column():
    chosen = select_fields(LIST, ["memory", "name"])
    rows = list(csv.reader(io.StringIO(render(chosen, "csv"))))

    assert rows == [["memory [GB]", "name"], ["80.0", "h100-sxm"], ["141.0", "h200-sxm"]]
    assert json.loads(render(chosen, "json"))["results"][0] == {"memory": 80.0, "name": "h100-sxm"}
    assert json.loads(render(chosen, "jsonl").split("\n")[1]) == {
        "memory": 141.0,
        "name": "h200-sxm",
    }


def test_a_column_hidden_from_people_is_shown_when_asked_for():
    text = render(select_fields(LIST, ["name", "note"]), "table")

    assert "note" in text
    assert "Memory" not in text


def test_a_bare_list_is_results_too():
    bare = replace(LIST, data=GPUS.records())

    assert select_fields(bare, ["name"]).data == [{"name": "h100-sxm"}, {"name": "h200-sxm"}]


def test_an_unknown_name_gets_suggestions():
    with pytest.raises(UnknownNameError, match=r"Unknown field 'costs'\. Did you mean cost\?"):
        select_fields(QUANTITIES, ["costs"])
    with pytest.raises(UnknownNameError, match="Choose from name, memory, note"):
        select_fields(LIST, ["value"])
    with pytest.raises(
        UnknownNameError, match="Choose from cost, compute_optimal_ratio, mfu, price"
    ):
        select_fields(BOTH, ["h100"])


def test_no_names_and_no_results_are_errors():
    with pytest.raises(InputError, match="needs at least one of cost, gpu_hours"):
        select_fields(QUANTITIES, [])
    with pytest.raises(InputError, match="no 'results' to choose"):
        select_fields(replace(LIST, data={"schema": "x"}), ["name"])
