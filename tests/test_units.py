"""The registry, the door, and formulas with a face and a kernel."""

import inspect
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given

from llmcost import Q, estimate, registry
from llmcost.errors import InputError, UnitError
from llmcost.formulas import duration, flops, money, scaling_laws, utilization
from llmcost.units import UnitChecked, in_unit, told
from tests.strategies import counts, prices, shares


def test_tesla_boltzmann_and_dimensionless_bytes_are_gone():
    assert Q("15T token").magnitude == 15e12
    assert Q("16k").magnitude == 16_000
    assert not Q("80 GiB").dimensionless
    assert Q("80 GiB").to("byte").magnitude == 80 * 1024**3


def test_a_year_is_8766_hours():
    assert Q("1 year").to("hour").magnitude == pytest.approx(8766, rel=1e-12)


def test_a_bare_number_needs_its_unit():
    with pytest.raises(UnitError, match=r"bare number 2\.5"):
        Q(2.5)
    with pytest.raises(UnitError, match=r"price: got the bare number 2\.5; needs .*USD/GPU/hour"):
        in_unit(2.5, "USD/GPU/hour", "price")


def test_a_price_per_hour_says_what_is_missing():
    with pytest.raises(UnitError, match=r"price: .*'per GPU' is missing"):
        in_unit("2.5 USD/hour", "USD/GPU/hour", "price")


TOLD = {
    ("2.5 EUR/GPU/hour", "USD/GPU/hour"): "EUR is not converted",
    ("100M EUR", "USD"): "EUR is not converted",
    ("3 GPU", "USD"): "got '3 GPU'; needs an amount in USD, such as $100M.",
    ("3 USD", ""): "got '3 USD'; needs a plain number, such as 0.41.",
    ("15T tokens", ""): "got '15T tokens'; needs a plain number",
    ("2.5 USD", "USD/GPU/hour"): "'per GPU' is missing; 'per hour' is missing. Write it as in 2.50",
    ("abc", "USD/GPU/hour"): "got 'abc'; needs a price in USD, such as 2.50 USD/GPU/hour.",
    ("2.5/GPU/hour", "USD/GPU/hour"): "the currency before '/' is missing",
    ("", "USD"): "got ''; needs an amount in USD, such as $100M.",
}


@pytest.mark.parametrize(("text", "unit"), TOLD)
def test_a_wrong_unit_is_told_without_the_words_of_the_units_library(text, unit):
    with pytest.raises(InputError) as raised:
        in_unit(text, unit, "price")

    message = str(raised.value)
    assert TOLD[text, unit] in message
    assert message.startswith("price: ")
    assert "[" not in message
    assert len(message) < 250


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("15T tokens", "1.5e13 token"),
        ("3 USD", "3 USD"),
        ("$2.50/GPU-h", "2.5 USD/GPU/hour"),
        ("30.84M GPU-hours", "30840000 GPU*hour"),
        ("0.41", "0.41"),
    ],
)
def test_a_quantity_is_told_as_a_person_writes_it(text, expected):
    assert told(Q(text)) == expected


def test_a_wrong_quantity_is_told_as_a_person_writes_it():
    with pytest.raises(UnitError, match=r"cost: got 1\.5e13 token; needs an amount in USD"):
        in_unit(Q("15T tokens"), "USD", "cost")


def test_exact_numbers_of_python_become_quantities():
    assert Q(Decimal("2.5"), "USD/GPU/hour").to("USD/GPU/day").magnitude == pytest.approx(60)
    assert Q(Fraction(5, 2), "USD").magnitude == 2.5
    with pytest.raises(InputError, match="True"):
        Q(True, "token")


def test_price_times_wall_clock_is_a_unit_error():
    with pytest.raises(UnitError, match=r"rental_cost\(gpu_hours=\).*GPU is missing"):
        money.rental_cost(gpu_hours=Q("80 days"), price=Q("2.5 USD/GPU/hour"))


def test_a_formula_names_missing_and_unknown_arguments():
    with pytest.raises(InputError, match="wall_clock"):
        duration.wall_clock(gpu_hours=Q("1 GPU*hour"))
    with pytest.raises(InputError, match="nonsense"):
        duration.wall_clock(gpu_hours=Q("1 GPU*hour"), num_gpus=Q("1 GPU"), nonsense=1)


def test_a_quantity_of_a_plain_number_is_not_an_array_of_units():
    hours = duration.gpu_hours(
        model_flop=Q(np.array([3.6e18, 7.2e18]), "FLOP"),
        peak_flop_rate=Q("1 PFLOP/s/GPU"),
        mfu=0.5,
        goodput=1.0,
        steady_share=1.0,
    )

    assert hours.to("GPU*hour").magnitude == pytest.approx([2, 4])


def _all_formulas():
    modules = (duration, flops, money, scaling_laws, utilization)
    return [f for m in modules for f in vars(m).values() if isinstance(f, UnitChecked)]


@pytest.mark.parametrize("formula", _all_formulas(), ids=lambda f: f.__name__)
def test_face_equals_kernel(formula):
    bare = {name: 0.25 + i for i, name in enumerate(formula.units)}
    if "parameters" in bare:
        bare["parameters"] = 1e9

    face = formula(**{n: Q(v, formula.units[n]) for n, v in bare.items()})

    assert face.magnitude == pytest.approx(formula.kernel(**bare), rel=1e-15)
    assert face.units == registry().Unit(face.units)
    assert Q(1, formula.returns).units == face.units


@pytest.mark.parametrize("formula", _all_formulas(), ids=lambda f: f.__name__)
def test_every_formula_names_its_source(formula):
    assert "\nSource: " in inspect.getdoc(formula)


@given(counts, shares, shares, prices)
def test_the_unit_of_an_input_changes_nothing(flop, mfu, goodput, price):
    plain = duration.gpu_hours(
        model_flop=Q(flop, "FLOP"),
        peak_flop_rate=Q("989.4 TFLOP/s/GPU"),
        mfu=mfu,
        goodput=goodput,
        steady_share=0.93,
    )
    other = duration.gpu_hours(
        model_flop=Q(flop / 1e15, "PFLOP"),
        peak_flop_rate=Q(0.9894 * 3600, "PFLOP/hour/GPU"),
        mfu=Q(mfu * 100, "%"),
        goodput=goodput,
        steady_share=Q("93%"),
    )

    assert other.magnitude == pytest.approx(plain.magnitude, rel=1e-12)
    cost = money.rental_cost(gpu_hours=plain, price=Q(price, "USD/GPU/hour"))
    again = money.rental_cost(gpu_hours=plain.to("GPU*day"), price=Q(price * 24, "USD/GPU/day"))
    assert again.magnitude == pytest.approx(cost.magnitude, rel=1e-12)


def test_a_quantity_of_another_registry_is_refused():
    import pint

    foreign = pint.UnitRegistry(None)
    foreign.define("byte = []")
    for name in ("num_gpus", "tokens", "parameters", "price", "mfu"):
        run = {
            "tokens": "1T",
            "gpu": "h100-sxm",
            "parameters": "8B",
            name: foreign.Quantity(64, "byte"),
        }
        with pytest.raises(UnitError, match=f"{name}: .*another pint registry"):
            estimate(**run)
