"""Distances from thresholds of laws, on laws and runs written here."""

import numpy as np
import pytest

from llmcost.catalog.thresholds import Threshold, thresholds
from llmcost.render import render
from llmcost.studies.answers import Result
from llmcost.studies.thresholds import threshold_report
from llmcost.table import Document
from llmcost.views.thresholds import threshold_table


def law(name, quantity="model_flop", value=1e25, status="in force", **more):
    """A threshold of a made-up law."""
    facts = {
        "id": name,
        "law": "Act",
        "jurisdiction": "Utopia",
        "quantity": quantity,
        "value": value,
        "unit": "USD" if quantity == "cost" else "FLOP",
        "applies_to": f"models of {name}",
        "status": status,
        "in_force_from": None,
        "as_of": "2026-11",
        "evidence": "stored",
        "sources": ("gazette",),
        "note": None,
    }
    return Threshold(**{**facts, **more})


RESULTS = {
    "model_flop": Result(4e25, "FLOP", 4e25, 4e25),
    "cost": Result(70e6, "USD", 50e6, 90e6),
    "rental_on_demand_cost": Result(100e6, "USD", 60e6, 200e6),
}
DRAWS = {
    "model_flop": np.full(10, 4e25),
    "cost": np.full(10, 70e6),
    "rental_on_demand_cost": np.arange(60e6, 160e6, 10e6),
}


def row(*laws, results=RESULTS, draws=DRAWS):
    """The row of the first law, among the others."""
    report = threshold_report(results, draws, laws)
    return next(one for one in report if one["id"] == laws[0].id)


def test_compute_is_set_against_the_model_flop():
    """4e25 is four times 1e25, and above it in every draw."""
    found = row(law("compute"))

    assert (found["value"], found["ratio"], found["share_above"]) == (4e25, 4.0, 1.0)
    assert found["result"] == "model_flop"


def test_cost_is_that_of_renting_on_demand():
    """Draws of 60 to 150 million in steps of ten: five of ten are above 100 million."""
    found = row(law("cost", "cost", 100e6))

    assert (found["result"], found["ratio"]) == ("rental_on_demand_cost", 1.0)
    assert found["share_above"] == 0.5


def test_cost_without_a_price_on_demand_is_that_on_the_terms_chosen():
    results = {**RESULTS, "rental_on_demand_cost": Result(None, "USD", None, None)}
    found = row(law("cost", "cost", 100e6), results=results)

    assert (found["result"], found["value"], found["share_above"]) == ("cost", 70e6, 0.0)


def test_what_is_not_known_has_no_distance():
    found = row(law("cost", "cost", 100e6), results={"model_flop": RESULTS["model_flop"]})

    assert [found[key] for key in ("result", "value", "ratio", "share_above")] == [None] * 4


def test_the_threshold_itself_is_not_above_it():
    """Laws say "more than"."""
    assert row(law("equal", value=4e25))["share_above"] == 0.0


def test_compute_and_cost_named_together_need_both():
    """Half of the draws are above the cost, all of them above the compute: half above both."""
    both = {"applies_to": "covered models"}
    compute = law("compute", **both)
    cost = law("cost", "cost", 100e6, **both)

    assert row(compute, cost)["share_above_all"] == 0.5
    assert row(cost, compute)["share_above_all"] == 0.5
    assert row(compute, law("cost", "cost", 100e6))["share_above_all"] is None


def test_both_are_not_known_where_one_is_not():
    both = {"applies_to": "covered models"}
    laws = (law("compute", **both), law("cost", "cost", 100e6, **both))

    assert row(*laws, results={"model_flop": RESULTS["model_flop"]})["share_above_all"] is None


def test_laws_in_force_come_first():
    laws = [law("a", status="vetoed"), law("b", status="signed"), law("c")]
    report = threshold_report(RESULTS, DRAWS, laws)

    assert [one["status"] for one in report] == ["in force", "signed", "vetoed"]


def test_every_row_says_to_re_check_the_law():
    report = threshold_report(RESULTS, DRAWS)

    assert {one["advice"] for one in report} == {"re-check the law"}
    assert {one["id"] for one in report} == {one.id for one in thresholds()}


def test_the_laws_of_the_catalogue_on_a_run_of_4e25_flop():
    """1e25 of the European Union is passed, 1e26 of Order 14110 and of California is not."""
    rows = {one["id"]: one for one in threshold_report(RESULTS, DRAWS)}

    assert rows["eu-ai-act-systemic-risk"]["ratio"] == pytest.approx(4.0)
    assert rows["us-eo-14110"]["share_above"] == 0.0
    assert rows["ca-sb-53"]["ratio"] == pytest.approx(0.4)
    assert rows["ca-sb-1047-compute"]["share_above_all"] == 0.0


def printed(*laws, width=80, name="table", **more):
    """The table of these laws as text."""
    report = threshold_report(more.get("results", RESULTS), DRAWS, laws)
    table = threshold_table(report)
    return render(Document("", (table,), table, {"results": report}), name, width=width)


def test_people_read_law_threshold_run_ratio_and_share():
    text = printed(law("compute"), law("cost", "cost", 60e6, evidence="from memory"))

    assert "re-check the law" in text
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert any(line.endswith("in force 1e25 4e25 4x 100%") for line in lines)
    assert any(line.endswith("in force $60M $100M 1.67x 90%") for line in lines)
    assert "models of cost *" in " ".join(lines)
    assert "* from memory" in text


def test_what_is_not_known_is_a_dash():
    text = printed(law("cost", "cost", 60e6), results={"model_flop": RESULTS["model_flop"]})

    assert " ".join(text.split()).count("— — —") == 1


@pytest.mark.parametrize("width", [40, 80])
def test_the_catalogue_fits_the_screen(width):
    text = printed(*thresholds(), width=width, name="plain")

    assert max(map(len, text.splitlines())) <= width
    assert text.isascii()
