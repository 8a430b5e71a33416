"""Claims of the essays are read and checked; published figures keep their hours and basis."""

import pytest

from llmcost.catalog import claims, files
from llmcost.errors import DataError, InputError, UnknownNameError

HEAD = """
[source]
key = "essay-x"
title = "An essay"
date = "2025"
file = "x.txt"

"""
CLAIM = """[[claim]]
id = "cost"
subjects = ["a-model"]
quantity = "cost"
relation = "between"
low = 1e6
high = 2e6
unit = "USD"
kind = "training"
what_it_covers = "one run"
statement = "one to two million dollars"
"""


@pytest.fixture
def seeds(tmp_path, monkeypatch):
    folder = tmp_path / "seeds"
    folder.mkdir()
    monkeypatch.setattr(claims, "data_folder", lambda name: tmp_path / name)
    monkeypatch.setattr(
        claims, "read_toml", lambda name, _: files.tomllib.loads((folder / name).read_text())
    )
    return folder


def test_a_range_keeps_both_ends_and_its_unit():
    one = claims.claim("training-cost")

    assert (one.low, one.high, one.unit) == (35e6, 200e6, "USD")
    assert one.subjects == ("llama-3.1-405b",)
    assert one.name == "essay-llama-case-study/training-cost"


def test_a_claim_of_several_figures_has_one_for_each_subject():
    one = claims.claim("llama3-sizes")

    assert dict(zip(one.subjects, one.lows, strict=True)) == {
        "llama-3-8b": 8e9,
        "llama-3-70b": 70e9,
        "llama-3.1-405b": 400e9,
    }
    assert (one.low, one.high) == (8e9, 400e9)


def test_a_one_sided_claim_has_one_bound():
    assert claims.claim("gpt-4-cost").high is None
    assert claims.claim("essay-llama-gives-away/licence-threshold").low is None


def test_a_statement_without_a_figure_has_no_bounds():
    one = claims.claim("rank")

    assert (one.kind, one.low, one.high) == ("qualitative", None, None)


def test_an_id_of_two_essays_asks_which():
    with pytest.raises(InputError, match="essay-economics/parameters"):
        claims.claim("parameters")


def test_an_unknown_claim_is_answered_with_near_ones():
    with pytest.raises(UnknownNameError, match="gpt-4-cost"):
        claims.claim("gpt4-cost")


def test_a_well_formed_file_is_read(seeds):
    (seeds / "x.toml").write_text(HEAD + CLAIM)

    (one,) = claims.claims()

    assert (one.essay.title, one.lows, one.highs) == ("An essay", (1e6,), (2e6,))


@pytest.mark.parametrize(
    ("was", "now", "complaint"),
    [
        ('id = "cost"', "id = 3", "id = 3"),
        ("low = 1e6", "low = 3e6", "between"),
        ("low = 1e6\n", "", "needs low and high"),
        ("low = 1e6", "low = true", "needs a number"),
        ('"between"', '"roughly"', "roughly"),
        ('"between"', '"about"', "the same twice"),
        ('"between"', '"more_than"', "it needs low"),
        ('"training"', '"qualitative"', "disagree"),
        ('["a-model"]', '"a-model"', "list of names"),
        ("low = 1e6\nhigh = 2e6", "low = [1e6, 2e6]\nhigh = [3e6, 4e6]", "one for each subject"),
        ("[[claim]]", "[claim]", r"\[\[claim\]\]"),
        ("[source]", "[sauce]", r"\[source\]"),
        ('title = "An essay"\n', "", "title"),
    ],
)
def test_a_claim_that_cannot_be_right_is_refused(seeds, was, now, complaint):
    (seeds / "x.toml").write_text((HEAD + CLAIM).replace(was, now))

    with pytest.raises(DataError, match=complaint):
        claims.claims()


def test_the_same_claim_twice_is_refused(seeds):
    (seeds / "x.toml").write_text(HEAD + CLAIM + CLAIM)

    with pytest.raises(DataError, match="twice"):
        claims.claims()


def test_a_folder_without_claims_is_refused(seeds):
    with pytest.raises(DataError, match="no claims"):
        claims.claims()


def test_a_published_figure_keeps_hours_basis_and_origin():
    """DeepSeek-V3's abstract: 2.788M H800 hours; its Table 1 prices them at 2 dollars."""
    one = next(c for c in claims.published_claims() if c.model == "DeepSeek-V3")

    assert (one.low, one.gpu_hours, one.basis) == (5.576e6, 2.788e6, "self-reported")
    assert one.low == 2 * one.gpu_hours
    assert one.derived_from == "gpu_hours"


def test_a_circular_figure_says_what_it_was_worked_back_from():
    one = next(c for c in claims.published_claims() if c.model == "Claude 3.5 Sonnet")

    assert one.derived_from == "cost"
