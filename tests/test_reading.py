"""Numbers and units as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.errors import InputError, UnitError
from llmcost.ranges import read_range
from llmcost.reading import (
    Wanted,
    canonical_unit,
    known_units,
    read_count,
    read_quantity,
)
from llmcost.units import Q
from tests.strategies import any_text, unit_names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("405B", 405e9),
        ("15T", 15e12),
        ("15 trillion", 15e12),
        ("15 Trillion", 15e12),
        ("16k", 16_000),
        ("16K", 16_000),
        ("1.5e13", 1.5e13),
        ("16,000", 16_000),
        ("16_000", 16_000),
        ("7b", 7e9),
        ("405 B", 405e9),
        ("1,234,567.5", 1234567.5),
        (" 12 ", 12),
        (".5", 0.5),
        ("3 bn", 3e9),
        ("0.1T", 100e9),
    ],
)
def test_counts_are_read_as_people_write_them(text, expected):
    assert read_count(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "B",
        "-3",
        "1,5",
        "1,50,000",
        "16,0000",
        "inf",
        "nan",
        "1e400",
        "9**9**9",
        "0x10",
        "१५",
        "１５T",
        "15 T T",
        "15 GPU",
        "1 2",
        "1..2",
        "=cmd()",
        "9" * 100_000,
        "1e" + "9" * 50,
        "15\x00T",
    ],
)
def test_a_count_that_is_none_is_one_short_message(text):
    with pytest.raises(InputError) as caught:
        read_count(text)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("30.84M GPU-hours", 30.84e6, "GPU*hour"),
        ("2e-5 1/GPU/hour", 2e-5, "1/GPU/hour"),
        ("754 ML", 754, "megalitre"),
        ("1.8 L/kWh", 1.8, "litre/kilowatt_hour"),
        ("300 people", 300, "person"),
        ("$200k/person/year", 200e3, "USD/person/year"),
        ("80 GiB", 80, "gibibyte"),
        ("80GB", 80, "gigabyte"),
        ("54 days", 54, "day"),
        ("$2.50/GPU-h", 2.5, "USD/GPU/hour"),
        ("$2.50 per GPU-hour", 2.5, "USD/GPU/hour"),
        ("2.5 USD/GPU/hr", 2.5, "USD/GPU/hour"),
        ("US$35M", 35e6, "USD"),
        ("35M USD", 35e6, "USD"),
        ("41%", 41, "percent"),
        ("430 TFLOP/s/GPU", 430, "teraFLOP/second/GPU"),
        ("9,500 token/s/GPU", 9500, "token/second/GPU"),
        ("9.5k tokens per second per GPU", 9500, "token/second/GPU"),
        ("15T tokens", 15e12, "token"),
        ("3.8e25 FLOP", 3.8e25, "FLOP"),
        ("100 MWh", 100, "megawatt_hour"),
    ],
)
def test_quantities_are_read_as_people_write_them(text, value, unit):
    assert read_quantity(text) == (value, unit)


@pytest.mark.parametrize("text", ["5 TFLOPS", "5 FLOPS", "400 tflops"])
def test_flops_is_refused_with_a_hint(text):
    with pytest.raises(UnitError, match="operations per second"):
        read_quantity(text)


@pytest.mark.parametrize("text", ["15 T", "405 B", "3 M"])
def test_a_lone_letter_is_not_a_unit(text):
    with pytest.raises(InputError, match="alone is not a unit"):
        read_quantity(text)


def test_an_unknown_unit_gets_a_suggestion():
    with pytest.raises(UnitError, match="Did you mean"):
        read_quantity("5 tokns")


WORDS = {
    "": "needs a number",
    "1..": "Got '1..'; needs a number on each side of '..'.",
    "..2": "Got '..2'; needs a number on each side of '..'.",
    "1..2..": "Got '1..2..'; needs a number on each side of '..'.",
    "$": "Got '$'; needs a number",
    "10^40": "Got '10^40'; arithmetic is not read",
    "1/2": "Got '1/2'; arithmetic is not read",
    "3 * 5": "Got '3 * 5'; arithmetic is not read",
    "2.5/GPU/hour": "Got '2.5/GPU/hour'; the unit before '/' is missing",
    "35-45%": "Got '35-45%'; a range needs two dots: 35..45%.",
    "35% - 45%": "Got '35% - 45%'; a range needs two dots: 35%..45%.",
    "35 to 45%": "Got '35 to 45%'; a range needs two dots: 35..45%.",
    "$2-$3/GPU-h": "Got '$2-$3/GPU-h'; a range needs two dots: $2..$3/GPU-h.",
    "14-16T tokens": "Got '14-16T tokens'; a range needs two dots: 14..16T tokens.",
    "40±5%": "Got '40±5%'; needs a range as its two ends, such as 35..45%.",
    "41% of peak": "'of' in '41% of peak'",
    "$3 GPU": "Got '$3 GPU'; needs '/' after the amount of money",
    "€2/GPU/h": "Got '€2/GPU/h'; needs USD, and € is not converted",
    "£2": "Got '£2'; needs USD, and £ is not converted",
    "2 GBP/hour": "Got '2 GBP/hour'; needs USD, and GBP is not converted",
    "EUR 2/GPU/h": "Got 'EUR 2/GPU/h'; needs USD, and EUR is not converted",
    "2.5 cents/GPU/hour": "Got '2.5 cents/GPU/hour'; needs USD, and cents is not converted",
    "1..3 foo": "'foo' in '1..3 foo'",
}


@pytest.mark.parametrize("text", WORDS)
def test_a_message_shows_the_whole_text_and_says_what_to_do(text):
    with pytest.raises(InputError) as caught:
        read_range(text) or read_quantity(text)

    assert WORDS[text] in str(caught.value)
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("text", ["35..45%", "$2..$3/GPU-h", "35%..45%", "14..16T tokens"])
def test_a_suggested_range_is_one_that_reads(text):
    assert read_range(text)


def test_the_example_is_the_one_the_caller_wants():
    wanted = Wanted("a share", "41% or 0.41")

    with pytest.raises(InputError, match=r"Got 'abc'; needs a share, such as 41% or 0\.41\."):
        read_quantity("abc", wanted)
    with pytest.raises(InputError, match=r"Got '-1'; needs a share, such as 41% or 0\.41\."):
        read_count("-1", (), wanted)
    with pytest.raises(InputError, match=r"Got '€2'; needs a share"):
        read_quantity("€2", wanted)


@pytest.mark.parametrize("text", ["10^13", "1/2"])
def test_arithmetic_in_a_count_is_said_to_be_the_trouble(text):
    with pytest.raises(InputError, match="arithmetic is not read"):
        read_count(text)


def test_a_range_is_no_count():
    with pytest.raises(InputError, match="No range"):
        read_count("15..16T")


@pytest.mark.parametrize(
    "text",
    ["USD//hour", "/hour", "USD/", "*", "((s)", "GPU^-1", "s)", "(" * 150, "s^", "s - ", "s^999"],
)
def test_a_malformed_unit_is_an_error(text):
    with pytest.raises(UnitError):
        canonical_unit(text)


def test_brackets_and_hyphens_bind_as_written():
    assert canonical_unit("USD/(GPU*hour)") == canonical_unit("USD/GPU-hour") == "USD/GPU/hour"
    assert canonical_unit("USD/GPU*hour") == "USD*hour/GPU"
    assert canonical_unit("1/hour") == "1/hour"


def test_every_spelling_is_known_to_the_registry():
    for unit, spellings in known_units().items():
        for spelling in spellings:
            assert Q(1, spelling).units == Q(1, unit).units


def message_of(read, text):
    """Return the message of the InputError that reading raises; empty when it reads."""
    try:
        read(text)
    except InputError as error:
        return str(error)
    return ""


@given(any_text)
def test_any_text_is_a_number_or_an_input_error(text):
    for read in (read_count, read_quantity, read_range, canonical_unit):
        message = message_of(read, text)

        assert "\n" not in message
        assert len(message) < 400


@given(st.floats(min_value=0, max_value=1e300), unit_names)
def test_a_formatted_quantity_reads_back(value, unit):
    quantity = Q(value, unit)

    again = Q(str(quantity))

    assert again.units == quantity.units
    assert again.magnitude == quantity.magnitude


@given(st.integers(min_value=0, max_value=10**15))
def test_thousands_separators_change_nothing(number):
    assert read_count(f"{number:,}") == read_count(str(number)) == float(number)


@given(st.decimals(min_value="0.001", max_value=9999, places=3), st.sampled_from("KMBT"))
def test_a_magnitude_is_a_power_of_a_thousand(number, letter):
    power = {"K": 3, "M": 6, "B": 9, "T": 12}[letter]

    assert read_count(f"{number}{letter}") == float(f"{number}e{power}")
