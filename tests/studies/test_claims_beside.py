"""What is set beside a claim: what others say of the same, and no copy of itself."""

import numpy as np

from llmcost.studies.reconciliation.beside import bins_of, others_of
from llmcost.studies.reconciliation.claimed import essay_claims, published
from llmcost.views.claim_words import by_whom


def claim(name):
    return next(one for one in essay_claims() if one.name == name)


def test_costs_of_the_same_model_are_beside_a_claim_the_earliest_first():
    """The published figures on Llama 3.1 405B, but the copy of the claim itself (pc-01)."""
    names = [one.name for one in others_of(claim("training-cost"), published())]

    assert names == ["pc-06", "pc-02", "pc-03a", "pc-03b", "pc-04", "pc-05"]


def test_a_model_that_no_catalogue_has_is_found_by_its_name():
    names = {one.name for one in others_of(claim("gpt-4-cost"), published())}

    assert {"pc-09", "pc-10", "pc-11", "pc-12"} <= names


def test_a_figure_is_not_beside_itself():
    one = next(each for each in published() if each.name == "pc-02")

    assert "pc-02" not in {other.name for other in others_of(one, published())}


def test_another_quantity_is_not_beside_a_claim():
    assert others_of(claim("tokens"), published()) == ()


def test_bins_keep_six_digits_and_every_draw():
    bins = bins_of(np.array([1.0, 1.23456789, 2.0, 2.0]))

    assert sum(bins["counts"]) == 4
    assert all(edge == float(f"{edge:.6g}") for edge in bins["edges"])


def test_draws_that_are_not_all_numbers_have_no_bins():
    assert bins_of(None) is None
    assert bins_of(np.array([1.0, np.nan])) is None
    assert bins_of(np.array([1.0])) is None


def test_who_says_a_figure_is_told_in_short():
    known = {one.name: by_whom(one) for one in published()}

    assert known["pc-02"] == "Stanford HAI 2025"
    assert known["pc-09"] == "Cottier et al. 2024"
    assert known["pc-01"] == "an essay 2024"
