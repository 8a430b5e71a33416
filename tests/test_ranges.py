"""Ranges as people write them, with and without a kind of distribution."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.errors import InputError, UnitError
from llmcost.ranges import KINDS, Range, read_range
from tests.strategies import any_text

PRICE = "USD/GPU/hour"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("35..45%", (35, "percent"), (45, "percent")),
        ("35%..45%", (35, "percent"), (45, "percent")),
        ("0.35..0.45", (0.35, ""), (0.45, "")),
        ("2..3 USD/GPU/hour", (2, PRICE), (3, PRICE)),
        ("$2..$3/GPU-h", (2, PRICE), (3, PRICE)),
        ("14..16T tokens", (14e12, "token"), (16e12, "token")),
        ("900B..1T tokens", (900e9, "token"), (1e12, "token")),
        (" 1 .. 2 ", (1, ""), (2, "")),
        ("1...2", None, None),
    ],
)
def test_an_end_takes_what_it_lacks_from_the_last(text, low, high):
    if low is None:
        with pytest.raises(InputError, match="the lower end first"):
            read_range(text)
    else:
        assert read_range(text) == Range("lognormal", (low, high))


@pytest.mark.parametrize(
    ("text", "kind", "ends"),
    [
        ("2..2.4..3 USD/GPU/hour", "lognormal", (2, 2.4, 3)),
        ("lognormal 2..3 USD/GPU/hour", "lognormal", (2, 3)),
        ("lognormal 2..2.4..3 USD/GPU/hour", "lognormal", (2, 2.4, 3)),
        ("uniform 2..3 USD/GPU/hour", "uniform", (2, 3)),
        ("Uniform 2..3 USD/GPU/hour", "uniform", (2, 3)),
        ("uniform(2..3 USD/GPU/hour)", "uniform", (2, 3)),
        ("uniform (2..3) USD/GPU/hour", "uniform", (2, 3)),
        ("uniform(2..3 USD/(GPU*hour))", "uniform", (2, 3)),
        ("uniform $2..$3/GPU-h", "uniform", (2, 3)),
        ("uniform $2..3/GPU-h", "uniform", (2, 3)),
        ("triangular 2..3 USD/GPU/hour", "triangular", (2, 3)),
        ("triangular 2..2.4..3 USD/GPU/hour", "triangular", (2, 2.4, 3)),
        ("pert 2..2.4..3 USD/GPU/hour", "pert", (2, 2.4, 3)),
        ("fixed 2.5 USD/GPU/hour", "fixed", (2.5,)),
        ("fixed($2.5/GPU-h)", "fixed", (2.5,)),
        ("fixed USD 2.5/GPU-h", "fixed", (2.5,)),
    ],
)
def test_a_kind_of_distribution_stands_before_its_range(text, kind, ends):
    assert read_range(text) == Range(kind, tuple((end, PRICE) for end in ends))


def test_a_beta_is_of_shares():
    assert read_range("beta 35..45%") == Range("beta", ((35, "percent"), (45, "percent")))


def test_three_ends_share_a_magnitude():
    assert [end for end, _ in read_range("pert 14..15..18T tokens").ends] == [14e12, 15e12, 18e12]


@pytest.mark.parametrize(
    "text", ["41%", "15T tokens", "", "abc", "abc 3", "USD 2.50/GPU-h", "a(b)"]
)
def test_neither_dots_nor_a_kind_is_no_range(text):
    assert read_range(text) is None


WORDS = {
    "45..35%": "Got '45..35%'; needs the lower end first.",
    "uniform 3..2": "Got 'uniform 3..2'; needs the lower end first.",
    "2..4..3": "Got '2..4..3'; needs the middle number between both ends.",
    "pert 2..1..3": "Got 'pert 2..1..3'; needs the middle number between both ends.",
    "..": "Got '..'; needs a number on each side of '..'.",
    "1..": "Got '1..'; needs a number on each side of '..'.",
    "..2": "Got '..2'; needs a number on each side of '..'.",
    "1..2..3..4": "Got '1..2..3..4'; needs its numbers as in lognormal 2..3 or, with its median,",
    "uniform 2": "Got 'uniform 2'; needs its numbers as in uniform 2..3.",
    "uniform 2..2.4..3": "Got 'uniform 2..2.4..3'; needs its numbers as in uniform 2..3.",
    "beta 1..2..3%": "Got 'beta 1..2..3%'; needs its numbers as in beta 35..45%.",
    "triangular 2": "needs its numbers as in triangular 2..3 or, with its mode, triangular",
    "fixed 2..3": "Got 'fixed 2..3'; needs its numbers as in fixed 2.5.",
    "normal 2..3": (
        "Got 'normal 2..3'; needs lognormal, uniform, triangular, pert, beta or fixed before a "
        "range."
    ),
    "uniform(2..3": "Got 'uniform(2..3'; needs the bracket closed.",
    "uniform 2-3": "Got 'uniform 2-3'; needs its numbers as in uniform 2..3.",
    "uniform 2..inf": "Got 'uniform 2..inf'; needs a number",
    "2..nan": "Got '2..nan'; needs a number",
    "2..1e400": "Got '2..1e400'; needs a finite number.",
    "uniform €2..€3/GPU/h": "needs USD, and € is not converted",
    "EUR 2..3/GPU/h": "needs USD, and EUR is not converted",
}


@pytest.mark.parametrize("text", WORDS)
def test_what_is_no_range_says_what_is(text):
    with pytest.raises(InputError) as caught:
        read_range(text)

    assert WORDS[text] in str(caught.value)
    assert len(str(caught.value)) < 250


def test_ends_of_different_units_are_refused():
    with pytest.raises(UnitError, match="the same unit at both ends"):
        read_range("1 token..2 GPU")


@pytest.mark.parametrize("text", ["35..45%", "$2..$3/GPU-h", "35%..45%", "14..16T tokens"])
def test_a_range_that_a_message_suggests_is_one_that_reads(text):
    assert read_range(text)


def outcome(text):
    """Return what a text reads as, and the message where it does not."""
    try:
        return read_range(text), ""
    except InputError as error:
        return None, str(error)


@given(any_text, st.sampled_from(["", "..", *KINDS]))
def test_any_text_is_a_range_none_or_an_input_error(text, start):
    found, message = outcome(f"{start} {text}")

    assert "\n" not in message
    assert len(message) < 400
    assert found is None or found.kind in KINDS
