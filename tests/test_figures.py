"""Numbers for people: hand-checked texts, and properties checked by reading the text back."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmcost.errors import InputError
from llmcost.figures import quantity_text, range_text, significant
from llmcost.reading import canonical_unit, read_quantity
from llmcost.units import registry

LETTERS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
DAY = 86400


@pytest.mark.parametrize(
    ("value", "unit", "expected"),
    [
        (3.94e25, "FLOP", "3.94e25 FLOP"),
        (9.996e24, "FLOP", "1.00e25 FLOP"),
        (1e26, "FLOP", "1e26 FLOP"),
        (2.4e12, "FLOP/token", "2.4e12 FLOP/token"),
        (989e12, "FLOP/s/GPU", "989 TFLOP/s/GPU"),
        (405_853_388_800, "parameter", "405.9B"),
        (405_853_388_800, "count", "405.9B"),
        (15.6e12, "token", "15.6T tokens"),
        (1, "token", "1 token"),
        (4.1e6, "token/s", "4.1M tokens/s"),
        (400, "token/s/GPU", "400 tokens/s/GPU"),
        (31_694_912, "GPU*hour", "31.7M GPU-hours"),
        (16384, "GPU", "16,384 GPUs"),
        (84_213_456, "USD", "$84.2M"),
        (883_079_157.59, "USD", "$883M"),
        (-5_512_345, "USD", "-$5.51M"),
        (2.69, "USD/GPU/hour", "$2.69/GPU-hour"),
        (2.5, "USD/(GPU*hour)", "$2.50/GPU-hour"),
        (0.1, "USD/kWh", "$0.10/kWh"),
        (5.4, "USD/megatoken", "$5.40 per million tokens"),
        (0, "USD", "$0"),
        (82.5, "day", "82.5 days"),
        (18720, "s", "5.2 hours"),
        (3.1, "year", "3.1 years"),
        (119.97, "s", "2.0 minutes"),
        (0.0123, "s", "12.3 ms"),
        (0.41234, "share", "41.2%"),
        (41.234, "%", "41.2%"),
        (80e9, "byte", "80 GB"),
        (80, "GB", "80 GB"),
        (192, "GiB", "192 GiB"),
        (3350, "GB/s", "3.35 TB/s"),
        (11_390, "tCO2e", "11.4 ktCO2e"),
        (8930, "tCO2e", "8,930 tCO2e"),
        (0.38, "kgCO2e/kWh", "380 gCO2e/kWh"),
        (21_576, "MWh", "21.6 GWh"),
        (754e6, "litre", "754 ML"),
        (3.61, "litre/kWh", "3.61 L/kWh"),
        (1.973e-5, "1/GPU/hour", "1.97e-5/GPU-hour"),
        (0.14, "1/year", "0.14/year"),
        (300, "person", "300 people"),
        (194_400, "USD/person/year", "$194K/person/year"),
        (1874.6, "", "1,870"),
        (1868, "token", "1,870 tokens"),
        (9.014, "USD", "$9.01"),
        (32.05, "USD", "$32.1"),
        (10.5, "USD/GPU/hour", "$10.5/GPU-hour"),
        (1234, "USD", "$1,230"),
        (8191, "token/s/GPU", "8,190 tokens/s/GPU"),
        (38.4712, "", "38.5"),
        (None, "USD", "—"),
    ],
)
def test_written_as_people_write_it(value, unit, expected):
    """Each text was rounded and scaled by hand."""
    assert quantity_text(value, unit) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (999.94, "$1,000"),
        (999.95, "$1,000"),
        (9_994.9, "$9,990"),
        (9_995, "$10.0K"),
        (9_999.4, "$10.0K"),
        (9_999.5, "$10.0K"),
        (999_499, "$999K"),
        (999_500, "$1.00M"),
        (999_950, "$1.00M"),
        (1_000_000, "$1M"),
        (999_500_000, "$1.00B"),
        (9.995, "$10.0"),
        (99.94, "$99.9"),
        (99.95, "$100"),
        (99.995, "$100"),
        (0.99951, "$1.00"),
        (2.675, "$2.68"),
        (2.665, "$2.67"),
    ],
)
def test_rounding_carries_over_the_border(value, expected):
    """Half goes up on the digits as printed, and a carry moves to the next scale."""
    assert quantity_text(value, "USD") == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (31.6949, "31.7"),
        (999.95, "1,000"),
        (0.00012345, "0.000123"),
        (0.000012345, "1.23e-5"),
        (0, "0"),
        (-0.0, "0"),
        (2, "2"),
        (1.999, "2.00"),
        (None, "—"),
    ],
)
def test_significant_digits(value, expected):
    """Three digits, zeros at the end only where something was rounded away."""
    assert significant(value) == expected


@pytest.mark.parametrize(
    ("low", "high", "unit", "expected"),
    [
        (60_960_000, 128_100_000, "USD", "$61.0M – $128M"),
        (800_000, 1_200_000, "USD", "$0.8M – $1.2M"),
        (8_000, 1_200_000, "USD", "$8,000 – $1.2M"),
        (0, 5_000_000, "USD", "$0 – $5M"),
        (-5_000_000, 3_000_000, "USD", "-$5M – $3M"),
        (1.99, 4.5, "USD/GPU/hour", "$1.99 – $4.50/GPU-hour"),
        (60 * DAY, 165.3 * DAY, "s", "60 – 165 days"),
        (1800, 20 * DAY, "s", "30 minutes – 20 days"),
        (0.38, 0.4512, "share", "38% – 45.1%"),
        (0.41201, 0.41249, "share", "41.20% – 41.25%"),
        (2.9e25, 5.123e25, "FLOP", "2.9e25 – 5.12e25 FLOP"),
        (7.1e4, 9e6, "MWh", "71 GWh – 9 TWh"),
        (1e6, 2e6, "token/s", "1M – 2M tokens/s"),
        (5, 5, "USD", "exact"),
        (None, 5e6, "USD", "≤ $5M"),
        (5e6, None, "USD", "≥ $5M"),
        (None, None, "USD", "—"),
    ],
)
def test_ranges(low, high, unit, expected):
    """Both ends on one scale where that reads well, the unit once."""
    assert range_text(low, high, unit) == expected


@pytest.mark.parametrize(
    ("value", "low", "high", "unit", "expected"),
    [
        (374, 281, 800, "day", "374 days | 281 – 800 days"),
        (44.9, 33.6, 96, "hour", "44.9 hours | 33.6 – 96 hours"),
        (673_000, 504_000, 1_440_000, "GPU*hour", "673K GPU-hours | 504K – 1,440K GPU-hours"),
        (673_000, 504_000, 14_400_000, "token", "673K tokens | 0.504M – 14.4M tokens"),
        (9_500, 8_000, 12_000, "USD", "$9,500 | $8K – $12K"),
        (32.05, 27.14, 120.4, "USD", "$32.1 | $27.1 – $120"),
        (1_868, 1_544, 2_011, "", "1,870 | 1,540 – 2,010"),
        (1.2e6, 800, 2e6, "USD", "$1.2M | $800 – $2M"),
        (1.2e6, 0, 2e6, "USD", "$1.2M | $0 – $2M"),
        (999_700, 900_000, 999_800, "USD", "$1.00M | $0.9M – $1.00M"),
        (0.41, 0.35, 0.45, "share", "41% | 35% – 45%"),
        (3.94e25, 9.8e24, 4.1e25, "FLOP", "3.94e25 FLOP | 9.8e24 – 4.1e25 FLOP"),
    ],
)
def test_a_range_is_on_the_scale_of_its_estimate(value, low, high, unit, expected):
    """Side by side, days stand beside days and K beside K, unless an end would not read well."""
    texts = quantity_text(value, unit), range_text(low, high, unit, like=value)

    assert " | ".join(texts) == expected


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 10**400])
def test_a_number_that_is_not_finite_is_refused(bad):
    """Not a number is never printed as one."""
    with pytest.raises(InputError, match="must be finite"):
        quantity_text(bad, "USD")
    with pytest.raises(InputError, match="must be finite"):
        range_text(1, bad, "USD")


def test_a_range_the_wrong_way_round_is_refused():
    """Swapping the ends silently would hide a mistake upstream."""
    with pytest.raises(InputError, match="lower end first"):
        range_text(2, 1, "USD")


def parsed(text: str) -> tuple[Fraction, Fraction]:
    """Return the number in a text and half a unit of its last digit that counts.

    Of four digits before the point, the last was rounded away.
    """
    match = re.match(r"(-?)\$?([\d,]+)(\.\d+)?(e-?\d+)?([KMBT]?)", text)
    sign, whole, decimals, exponent, letter = (part or "" for part in match.groups())
    scale = Fraction(LETTERS[letter]) * Fraction(10) ** int(exponent[1:] or 0)
    digits = Fraction(whole.replace(",", "") + decimals)
    step = Fraction(1, 10 ** max(0, len(decimals) - 1))
    if not decimals:
        step *= 10 ** max(0, len(whole.replace(",", "")) - 3)
    return (-digits if sign else digits) * scale, step / 2 * scale


money = st.floats(1e-12, 1e20) | st.floats(-1e20, -1e-12) | st.integers(-(10**16), 10**16)
near_borders = st.builds(
    lambda power, off: 10.0**power * (1 - off), st.integers(-6, 18), st.floats(0, 0.02)
)


@settings(deadline=None)
@given(money | near_borders)
def test_the_text_is_within_half_its_last_digit(value):
    """Read back, every text is the number as printed (and twelve digits are enough of it)."""
    for unit in ("USD", "parameter", "token", "FLOP", ""):
        read, half = parsed(quantity_text(value, unit))

        assert abs(read - Fraction(value)) <= half + abs(Fraction(value)) / 10**11


@settings(deadline=None)
@given(money | near_borders, money | near_borders)
def test_a_larger_number_never_reads_smaller(one, other):
    """Rounding keeps order, across borders and scales."""
    low, high = sorted((one, other))
    for unit in ("USD", "token", "FLOP", "GPU"):
        assert parsed(quantity_text(low, unit))[0] <= parsed(quantity_text(high, unit))[0]


@settings(deadline=None)
@given(money)
def test_the_sign_is_kept_and_nothing_rounds_to_zero(value):
    """A loss stays a loss, and a little is not nothing."""
    read = parsed(quantity_text(value, "USD"))[0]

    assert (read > 0) == (value > 0)
    assert (read < 0) == (value < 0)


@settings(deadline=None)
@given(st.floats(1, 9.9e14))
def test_the_letter_fits_the_number(value):
    """At most 9,999 before the first letter and 999 after one."""
    text = quantity_text(value, "token")
    number, letter = re.fullmatch(r"([\d,.]+)([KMBT]?) tokens?", text).groups()
    number = float(number.replace(",", ""))

    assert number < (1000 if letter else 10_000) or letter == "T"
    assert not letter or number >= (10 if letter == "K" else 1)


@pytest.mark.parametrize(
    "unit", ["USD", "USD/GPU/hour", "GPU*hour", "token", "token/s", "token/s/GPU", "FLOP"]
)
@settings(deadline=None)
@given(value=st.floats(1e-3, 1e14))
def test_our_reader_understands_what_we_write(value, unit):
    """What is printed can be typed in again, to three digits."""
    number, read_unit = read_quantity(quantity_text(value, unit))

    assert registry().Unit(read_unit) == registry().Unit(canonical_unit(unit))
    assert number == pytest.approx(value, rel=6e-3)


@settings(deadline=None)
@given(st.floats(1e-3, 1e12))
def test_durations_read_back(seconds):
    """Minutes, hours, days and years are worth what their names say."""
    worth = {"ms": 1e-3, "s": 1, "minutes": 60, "hours": 3600, "days": DAY, "years": 365.25 * DAY}
    number, label = quantity_text(seconds, "s").split()

    assert float(number.replace(",", "")) * worth[label] == pytest.approx(seconds, rel=0.051)


@settings(deadline=None)
@given(st.floats(1e-3, 1e20), st.floats(1e-3, 1e20))
def test_a_range_is_the_text_of_its_ends(one, other):
    """Both ends read back as the numbers they stand for."""
    low, high = sorted((one, other))
    text = range_text(low, high, "USD")
    if text == "exact":
        assert low == high
        return
    for end, value in zip(text.split(" – "), (low, high), strict=True):
        read, half = parsed(end)

        assert abs(read - Fraction(value)) <= half + Fraction(value) / 10**11
