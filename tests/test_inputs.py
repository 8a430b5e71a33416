"""What a user may give for a number, and what the message says when it is none."""

from decimal import Decimal
from fractions import Fraction

import numpy as np
import pint
import pytest

from llmcost import Distribution, Q
from llmcost.amounts import count_from, near_power_of_two, spread_from, whole
from llmcost.errors import InputError, UnitError
from llmcost.inputs import InputValue, Origin
from llmcost.sampling import Stated

PRICE = "USD/GPU/hour"


def share(value):
    """Read an MFU."""
    return spread_from(value, "", "mfu", share=True, maximum=1.0)


def price(value):
    """Read a price of an accelerator."""
    return spread_from(value, PRICE, "price", maximum=1e6)


def budget(value):
    """Read an amount of money."""
    return spread_from(value, "USD", "max_cost")


def tokens(value):
    """Read a number of tokens."""
    return count_from(value, "tokens", ("tokens", "token"))


def message_of(read, value):
    """Return the message of refusing `value`, checked for what every message must be."""
    with pytest.raises(InputError) as raised:
        read(value)
    message = str(raised.value)
    assert len(message) < 250
    assert "\n" not in message
    assert "; needs" in message or ": needs" in message or "a range needs" in message
    for foreign in ("e+", "$ /", "[currency", "token ", "dimensionless", "Got"):
        assert foreign not in message.replace("'15T token '", "")
    return message


SHARE_EXAMPLE = "needs a share, such as 41%, 0.41 or 35..45%."
SHARES = {
    "": f"mfu: got ''; {SHARE_EXAMPLE}",
    "nan": f"mfu: got 'nan'; {SHARE_EXAMPLE}",
    "abc": f"mfu: got 'abc'; {SHARE_EXAMPLE}",
    "€3": f"mfu: got '€3'; {SHARE_EXAMPLE}",
    "3 USD": f"mfu: got '3 USD'; {SHARE_EXAMPLE}",
    "15T tokens": f"mfu: got '15T tokens'; {SHARE_EXAMPLE}",
    "41% of peak": f"mfu: got '41% of peak'; {SHARE_EXAMPLE}",
    "5 foo": f"mfu: got '5 foo'; {SHARE_EXAMPLE}",
    "35-45%": "mfu: got '35-45%'; a range needs two dots: 35..45%.",
    "10^40": "mfu: got '10^40'; arithmetic is not read: " + SHARE_EXAMPLE,
    "1/2": "mfu: got '1/2'; arithmetic is not read: " + SHARE_EXAMPLE,
    "1..": "mfu: got '1..'; needs a number on each side of '..'.",
    "41": "mfu: got '41', which is 4,100%; needs a share of at most 100%",
    "300%": "mfu: got '300%'; needs a share of at most 100%",
    "0": "mfu: got '0'; needs a share above 0",
    "-5%": "mfu: got '-5%'; needs a share above 0",
    "1e-9": "mfu: got '1e-9'; needs at least 1e-05.",
}


@pytest.mark.parametrize("text", SHARES)
def test_what_is_no_share(text):
    assert SHARES[text] in message_of(share, text)


PRICE_EXAMPLE = "needs a price in USD, such as 2.50 USD/GPU/hour."
PRICES = {
    "": f"price: got ''; {PRICE_EXAMPLE}",
    "abc": f"price: got 'abc'; {PRICE_EXAMPLE}",
    "2,50": f"price: got '2,50'; {PRICE_EXAMPLE}",
    "1..": "price: got '1..'; needs a number on each side of '..'.",
    "2.5/GPU/hour": f"got '2.5/GPU/hour'; the currency before '/' is missing: {PRICE_EXAMPLE}",
    "2.5 EUR/GPU/hour": "got '2.5 EUR/GPU/hour'; needs USD/GPU/hour; EUR is not converted.",
    "€2/GPU/h": "got '€2/GPU/h'; needs USD, and € is not converted.",
    "£2": "got '£2'; needs USD, and £ is not converted.",
    "2.5 USD": "got '2.5 USD'; needs USD/GPU/hour: 'per GPU' is missing; 'per hour' is missing.",
    "3 tokens": f"got '3 tokens'; {PRICE_EXAMPLE}",
    "-2 USD/GPU/hour": "got '-2 USD/GPU/hour'; needs a price in USD above 0",
    "1e9 USD/GPU/hour": "got '1e9 USD/GPU/hour'; needs at most 1,000,000 USD/GPU/hour.",
}


@pytest.mark.parametrize("text", PRICES)
def test_what_is_no_price(text):
    assert PRICES[text] in message_of(price, text)


BUDGETS = {
    "abc": "max_cost: got 'abc'; needs an amount in USD, such as $100M.",
    "€100M": "got '€100M'; needs USD, and € is not converted.",
    "100M EUR": "got '100M EUR'; needs USD; EUR is not converted.",
    "$100M/GPU": "got '$100M/GPU'; needs USD: 'per GPU' does not belong. Write it as in $100M.",
    "3 GPU": "got '3 GPU'; needs an amount in USD, such as $100M.",
}


@pytest.mark.parametrize("text", BUDGETS)
def test_what_is_no_budget(text):
    assert BUDGETS[text] in message_of(budget, text)


COUNT_EXAMPLE = "needs a count above 0, such as 405B, 15T, 16k or 16,000."
COUNTS = {
    "-1": f"tokens: got '-1'; {COUNT_EXAMPLE}",
    "0": f"tokens: got '0'; {COUNT_EXAMPLE}",
    "": f"tokens: got ''; {COUNT_EXAMPLE}",
    "15T GPU": f"tokens: got '15T GPU'; {COUNT_EXAMPLE}",
    "15..16T": f"tokens: got '15..16T'; {COUNT_EXAMPLE} No range is read here.",
    "१५": f"tokens: got '१५'; {COUNT_EXAMPLE} Write its digits as 0 to 9.",
    "0.5": "tokens: got '0.5'; needs a count of at least 1.",
    "1e40": "tokens: got '1e40'; needs at most 1e19.",
    -1: f"tokens: got -1; {COUNT_EXAMPLE}",
    None: f"tokens: got None; {COUNT_EXAMPLE}",
    True: f"tokens: got True; {COUNT_EXAMPLE}",
}


@pytest.mark.parametrize("value", COUNTS)
def test_what_is_no_count(value):
    assert COUNTS[value] in message_of(tokens, value)


def test_quantities_of_python_are_told_plainly():
    assert message_of(share, Q("3 USD")) == f"mfu: got 3 USD; {SHARE_EXAMPLE}"
    assert "price: got 1.5e13 token; needs a price" in message_of(price, Q("15T tokens"))
    assert "EUR is not converted" in message_of(price, Q("2 EUR/GPU/hour"))
    assert message_of(tokens, Q("3 USD")) == (
        "tokens: got 3 USD; needs a number of tokens, such as 15T tokens."
    )


def test_a_fraction_is_shown_in_full_when_a_whole_number_is_needed():
    with pytest.raises(InputError, match=r"got 12,345,678\.5; needs a whole number"):
        whole(12345678.5, "gpus")


@pytest.mark.parametrize(
    "number",
    [Decimal("0.25"), Fraction(1, 4), np.float32(0.25), np.float64(0.25), 0.25, "0.25", Q("25%")],
    ids=lambda number: type(number).__name__,
)
def test_any_real_number_is_a_share(number):
    assert share(number).value == 0.25


@pytest.mark.parametrize(
    "number",
    [Decimal("8000"), Fraction(8000), np.int16(8000), np.uint64(8000), np.float64(8000), 8000],
    ids=lambda number: type(number).__name__,
)
def test_any_real_number_is_a_count(number):
    assert tokens(number) == 8000


def test_a_pair_of_exact_numbers_is_a_90_percent_interval():
    """The logits of 25% and 75% are -ln 3 and ln 3, so the 90th percentile has the logit
    ln 3 x 1.281552 / 1.644854 = 0.855960, a share of 1 / (1 + exp(-0.855960)) = 0.701816.
    """
    spread = share((Decimal("0.25"), Fraction(3, 4)))

    assert spread.ends(0.9) == pytest.approx((0.25, 0.75), rel=1e-12)
    assert spread.value == pytest.approx(0.5, rel=1e-12)
    assert (spread.low, spread.high) == pytest.approx((0.298184, 0.701816), abs=1e-6)


@pytest.mark.parametrize(
    "value",
    [
        *(True, False, np.True_, None, 1j, Decimal("NaN"), Decimal("Infinity"), Decimal("sNaN")),
        *(Fraction(10**400), Decimal("1e400"), [], [1], {}, b"1", object, np.array([0.1, 0.2])),
        *((0.2, True), ("0.1..0.2", "0.3"), (0.1, float("nan"))),
    ],
    ids=str,
)
def test_what_is_no_real_number_is_refused(value):
    message_of(share, value)


def test_a_quantity_of_another_registry_is_refused_even_where_it_would_convert():
    """In pint's own registry a byte is a plain number, so nothing of it can be trusted."""
    other = pint.UnitRegistry()

    with pytest.raises(UnitError, match="another pint registry"):
        share(other.Quantity(25, "percent"))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        *((8000, 8192), (4000, 4096), (16_000, 16_384), (32_000, 32_768), (64_000, 65_536)),
        *((128_000, 131_072), (131_000, 131_072), (256_000, 262_144), (1_000_000, 1_048_576)),
        *((8192, None), (9000, None), (10_000, None), (100_000, None), (8100, None), (2048, None)),
        *((0, None), (-8000, None), (8000.5, None), (float("nan"), None), (float("inf"), None)),
    ],
)
def test_a_round_length_that_probably_means_a_power_of_two(given, meant):
    assert near_power_of_two(given) == meant


def test_an_input_shows_the_interval_that_is_asked_for():
    """90% of the draws lie between the ends that the user stated, 80% between the percentiles."""
    shown = InputValue.of(price("2..3 USD/GPU/hour"), PRICE, Origin("user", "--price"))

    wider = shown.at(0.9)

    assert (wider.low, wider.high) == pytest.approx((2, 3), rel=1e-12)
    assert wider.value == shown.value
    assert shown.at(0.8) is shown


def test_an_input_without_a_range_has_none_at_any_interval():
    shown = InputValue.of(price("2 USD/GPU/hour"), PRICE, Origin("user", "--price"))

    assert shown.at(0.9) == shown
    assert (shown.low, shown.stated) == (None, None)


NOTHING = {"unit": "1/GPU/hour", "name": "failure_rate", "zero": True}


@pytest.mark.parametrize("value", [Q(0, "1/GPU/hour"), "0 1/GPU/hour", "fixed 0 1/GPU/hour"])
def test_nothing_at_all_is_a_value_where_it_says_so(value):
    assert spread_from(value, **NOTHING).high == 0


def test_a_range_from_nothing_is_told_why_not():
    with pytest.raises(InputError, match=r"x: got 0\.\.10%, .*5% of the draws lie below it"):
        spread_from("0..10%", "", "x", share=True, zero=True)


def test_less_than_nothing_is_refused_where_nothing_is_a_value():
    with pytest.raises(InputError, match="of 0 or more"):
        spread_from(-1, "", "ratio", zero=True)


def test_a_floor_holds_for_values_and_for_every_draw():
    assert spread_from(1, "", "pue", floor=1.0).value == 1
    assert spread_from("1.05..1.3", "", "pue", floor=1.0).quantile(1e-9) > 1
    with pytest.raises(InputError, match=r"pue: got 0\.9; needs at least 1\."):
        spread_from(0.9, "", "pue", floor=1.0)
    with pytest.raises(InputError, match="needs that end above 1"):
        spread_from("1..1.3", "", "pue", floor=1.0)


def test_a_range_above_a_floor_is_lognormal_above_it():
    """0.1 and 0.4 above 1: the median is the square root of their product above it, 0.2."""
    assert spread_from("1.1..1.4", "", "pue", floor=1.0).value == pytest.approx(1.2, rel=1e-12)


@pytest.mark.parametrize(
    ("value", "stated"),
    [
        ("0.2..0.4", Stated("lognormal", 0.2, 0.4)),
        ((0.2, 0.4), Stated("lognormal", 0.2, 0.4)),
        ((0.2, 0.3, 0.4), Stated("lognormal", 0.2, 0.4, 0.3)),
        (("20%", Q("40%")), Stated("lognormal", 0.2, 0.4)),
        ("uniform 20..40%", Stated("uniform", 0.2, 0.4)),
        (Distribution.uniform(0.2, "40%"), Stated("uniform", 0.2, 0.4)),
        (Distribution.triangular(0.2, 0.4), Stated("triangular", 0.2, 0.4)),
        (Distribution.triangular(0.2, 0.4, mode=0.25), Stated("triangular", 0.2, 0.4, 0.25)),
        (Distribution.pert(0.2, 0.4, 0.25), Stated("pert", 0.2, 0.4, 0.25)),
        (Distribution.beta(0.2, 0.4), Stated("beta", 0.2, 0.4)),
        (Distribution.lognormal(0.2, 0.4, median=0.3), Stated("lognormal", 0.2, 0.4, 0.3)),
        (Distribution.fixed(0.3), None),
        (0.3, None),
    ],
    ids=str,
)
def test_a_range_is_stated_as_text_a_pair_or_a_distribution(value, stated):
    spread = share(value)

    assert spread.stated == stated
    assert spread.exact == (stated is None)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ((0.4, 0.2), "needs the lower end first"),
        ((0.2, 0.5, 0.4), "needs the middle number between both ends"),
        (Distribution.uniform(0.4, 0.2), "needs the lower end first"),
        (Distribution.uniform(0.2, float("inf")), "needs a share"),
        (Distribution.pert(0.2, 0.4, 0.5), "needs the middle number between both ends"),
        (Distribution.uniform("0.1..0.2", 0.3), "needs one number at each end"),
        (Distribution.uniform(0.5, 0.99), "needs at most 100%"),
    ],
    ids=str,
)
def test_a_distribution_that_cannot_be_is_refused_by_name(value, words):
    with pytest.raises(InputError, match="mfu: ") as raised:
        share(value)

    assert words in str(raised.value)


@pytest.mark.parametrize("arguments", [("normal", 1, 2), ("uniform", 1, 2, 1.5), ("beta", 1, 2, 3)])
def test_a_distribution_of_no_known_kind_is_refused_at_once(arguments):
    with pytest.raises(InputError, match="needs"):
        Distribution(*arguments)


def test_ends_need_their_unit_in_a_distribution_too():
    with pytest.raises(UnitError, match="price: got the bare number 2"):
        price(Distribution.uniform(2, 3))


@pytest.mark.parametrize("kind", ["lognormal", "uniform", "triangular", "pert"])
def test_a_range_does_not_depend_on_the_unit_that_it_is_written_in(kind):
    """24 hours a day."""
    by_hour, by_day = price(f"{kind} 2..3 USD/GPU/hour"), price(f"{kind} 48..72 USD/GPU/day")

    for p in (0.01, 0.3, 0.5, 0.99):
        assert by_hour.quantile(p) == pytest.approx(by_day.quantile(p), rel=1e-9)
