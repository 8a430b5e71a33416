"""Documents of published methods: everything shown, in every format, at 80 columns."""

import csv
import io
import json

import pytest

from llmcost.catalog.sources import sources
from llmcost.render import FORMATS, render
from llmcost.studies.methods.cases import case_of, listed_case
from llmcost.studies.methods.epoch_2024 import epoch_2024
from llmcost.studies.methods.reproduction import reproduction_rows
from llmcost.views import document
from llmcost.views.methods import method_document, reproduction_document

COST = epoch_2024(listed_case("GPT-4"))
ROWS = reproduction_rows("gpt-3-175b")


@pytest.mark.parametrize("made", [method_document(COST), reproduction_document(ROWS)])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_holds_the_answer(name, made):
    text = render(made, name)

    assert "owned" in text.casefold() or "Amortised" in text
    assert name not in ("table", "plain") or max(map(len, text.splitlines())) <= 80


def test_a_cost_is_an_answer_with_a_view():
    assert document(COST).title.endswith("GPT-4")


def test_steps_carry_value_unit_interval_and_sources():
    """40.16M USD, 0.34 to 3.7 times it."""
    rows = list(csv.DictReader(io.StringIO(render(method_document(COST), "csv"))))
    (owned,) = (row for row in rows if row["name"] == "owned_cost")

    assert float(owned["value"]) == pytest.approx(40155933.9448, rel=1e-9)
    assert float(owned["low"]) == pytest.approx(0.34 * 40155933.9448, rel=1e-9)
    assert owned["unit"] == "USD"
    assert all(row["sources"] for row in rows)


def test_every_cited_source_exists():
    keys = {key for step in COST.steps for key in step.sources}

    assert keys <= set(sources())


def test_the_table_of_figures_names_what_an_edition_had():
    text = render(reproduction_document(ROWS), "plain")

    assert "GPT-3 175B, data set 2024: a quarter of a DGX Station" in text


def test_figures_as_data():
    data = json.loads(render(reproduction_document(ROWS), "json"))
    first = data["results"][0]

    assert data["schema"] == "llmcost.reproduction/1"
    assert (first["quantity"], first["dollars_of"]) == ("owned_cost", "2023-12")
    assert first["changed_since"] == {"purchase_price": 17250, "rated_power": 300}
    assert {step["name"] for step in first["inputs"]} >= {"gpu_hours", "purchase_price"}


def test_a_run_without_a_name_or_a_number_of_devices():
    cost = epoch_2024(case_of(gpu="h100-sxm", gpu_hours=1e6, training_start="2024-01-01"))
    text = render(method_document(cost), "plain")

    assert "the run" in text
    assert "Publication, for the price of electricity, is taken 60 days after training." in (
        " ".join(text.split())
    )
