"""Closed models: what is reported, what is estimated and what is not public."""

import pytest

from llmcost.catalog import closed
from llmcost.errors import UnknownNameError


def test_what_is_not_public_has_no_value():
    hidden = [fact for fact in closed.closed_facts() if fact.status == "not public"]

    assert {f.model for f in hidden} == set(closed.closed_models())
    assert all((f.value, f.low, f.high) == (None, None, None) for f in hidden)


def test_what_is_said_has_a_figure():
    said = [fact for fact in closed.closed_facts() if fact.status != "not public"]

    assert all(f.value or f.low or f.high for f in said)


def test_a_public_remark_keeps_its_speaker_and_its_one_bound():
    """Wired, April 2023: asked about 100 million dollars, the answer was that it was more."""
    (remark,) = (
        f for f in closed.closed_model("gpt-4") if f.status == "reported" and f.quantity == "cost"
    )

    assert (remark.says_who, remark.low, remark.high) == ("Sam Altman", 100e6, None)


def test_compute_worked_back_from_a_cost_says_so():
    (flop,) = (f for f in closed.closed_model("claude-3.5") if f.quantity == "model_flop")

    assert flop.derived_from == "cost"


def test_other_names_find_the_model():
    assert closed.closed_model("gemini") == closed.closed_model("gemini-1.0-ultra")


def test_an_unknown_model_is_answered_with_near_ones():
    with pytest.raises(UnknownNameError, match="gpt-4"):
        closed.closed_model("gpt4")
