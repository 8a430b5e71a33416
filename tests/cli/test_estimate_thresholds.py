"""`llmcost estimate --thresholds`: laws beside the run, in text and in JSON."""

import pytest

from llmcost import Estimate, estimate
from tests.cli.helpers import PINNED, llmcost

MFU = ("--mfu", "38..43%")


def test_people_read_each_law_and_to_re_check_it(capsys):
    ran = llmcost(capsys, *PINNED, *MFU, "--thresholds")
    text = " ".join(ran.out.split())

    assert ran.code == 0
    assert "re-check the law" in text
    assert "AI Act (Regulation 2024/1689)" in text
    assert max(map(len, ran.out.splitlines())) <= 80


def test_json_holds_distance_and_share_of_draws(capsys):
    """405B on 15T tokens is about 3.8e25 FLOP: 3.8 times 1e25, and 0.38 of 1e26."""
    data = llmcost(capsys, *PINNED, *MFU, "--thresholds", "--json").data
    rows = {row["id"]: row for row in data["thresholds"]}
    cost = rows["ca-sb-1047-cost"]

    assert rows["eu-ai-act-systemic-risk"]["ratio"] == pytest.approx(3.8, rel=0.01)
    assert rows["us-eo-14110"]["share_above"] == 0.0
    assert cost["value"] == data["results"]["rental_on_demand_cost"]["value"]
    assert 0 < cost["share_above"] < 1


def test_nobody_gets_them_who_does_not_ask(capsys):
    assert "thresholds" not in llmcost(capsys, *PINNED, *MFU, "--json").data


def test_compute_is_set_against_laws_without_any_accelerator(capsys):
    rows = llmcost(
        capsys, "estimate", "--parameters", "405B", "--tokens", "15T", "--thresholds", "--json"
    ).data["thresholds"]

    assert {row["share_above"] is None for row in rows if row["quantity"] == "cost"} == {True}
    assert {row["ratio"] is None for row in rows if row["quantity"] == "model_flop"} == {False}


def test_an_estimate_with_thresholds_can_be_read_again():
    found = estimate(parameters="7B", tokens="1T", thresholds=True)

    assert Estimate.from_dict(found.to_dict()).to_dict() == found.to_dict()
