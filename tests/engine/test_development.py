"""What a development costs: lines by hand, sums in every row, and lines that are out."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost import engine
from llmcost.errors import LlmcostError
from llmcost.formulas import development as formulas
from llmcost.units import Q

PLAIN = {
    "cost": 100e6,
    "owned_cost": 40e6,
    "experiments_ratio": 2.2,
    "post_training_share": 0.05,
}
PEOPLE = {"staff": 100.0, "staff_time": 0.5, "salary": 200e3, "staff_overhead": 1.3}
AMOUNTS = {"storage_cost": 2e6, "network_cost": 1e6, "data_cost": 3e6}

money = st.floats(0.0, 1e9)
developments = st.fixed_dictionaries(
    {
        "cost": money,
        "owned_cost": money,
        "experiments_ratio": st.floats(0.5, 10.0),
        "post_training_share": st.floats(0.0, 2.0),
    },
    optional={
        "staff_cost": money,
        "rental_add_ons": st.floats(0.0, 1.0),
        "storage_cost": money,
        "network_cost": money,
        "data_cost": money,
    },
)


def developed(**given):
    return engine.development({**PLAIN, **given})


def total(columns, found, lines):
    """The sum of those lines that are there, the final run among the columns."""
    return sum({**columns, **found}.get(name, 0.0) for name in lines)


def test_compute_by_hand():
    """Experiments 1.2 times the final run, post-training a twentieth of it."""
    found = developed()

    assert found["experiments_cost"] == pytest.approx(120e6, rel=1e-12)
    assert found["post_training_cost"] == pytest.approx(5e6, rel=1e-12)
    assert found["development_cost"] == pytest.approx(225e6, rel=1e-12)
    assert found["owned_experiments_cost"] == pytest.approx(48e6, rel=1e-12)
    assert found["owned_post_training_cost"] == pytest.approx(2e6, rel=1e-12)
    assert found["owned_development_cost"] == pytest.approx(90e6, rel=1e-12)


def test_post_training_of_published_runs():
    """DeepSeek-V3: 5k of 2,788k hours at 2 USD; R1: 147k hours more, 294,000 USD."""
    run = {"cost": 2 * 2_783e3, "experiments_ratio": 1.0}

    v3 = developed(**run, post_training_share=5 / 2_783)["post_training_cost"]
    assert v3 == pytest.approx(10_000, rel=1e-12)
    r1 = developed(**run, post_training_share=147 / 2_783)["post_training_cost"]
    assert r1 == pytest.approx(294_000, rel=1e-12)


def test_people_by_hand():
    """100 people for half a year at 260,000 USD in full, and 130,000 in shares."""
    assert developed(**PEOPLE)["staff_cost"] == pytest.approx(13e6, rel=1e-12)
    with_shares = developed(**PEOPLE, equity_pay=130e3)
    assert with_shares["staff_cost"] == pytest.approx(19.5e6, rel=1e-12)
    assert with_shares["development_cost"] == pytest.approx(244.5e6, rel=1e-12)


def test_people_with_their_units():
    found = formulas.staff_cost(
        staff=Q("100 people"),
        staff_time=Q("6 months"),
        salary=Q("200,000 USD/person/year"),
        staff_overhead=Q("1.3"),
        equity_pay=Q(130_000 / 12, "USD/person/month"),
    )

    assert found.to("USD").magnitude == pytest.approx(19.5e6, rel=1e-12)


def test_a_salary_without_a_period_is_refused():
    with pytest.raises(LlmcostError, match=r"salary.*'per year' is missing"):
        formulas.staff_cost(
            staff=Q("100 people"),
            staff_time=Q("6 months"),
            salary=Q("200,000 USD/person"),
            staff_overhead=Q("1.3"),
            equity_pay=Q("0 USD/person/year"),
        )


def test_people_as_a_share_of_what_the_owner_pays():
    """A third of compute and people together is half of the 90 million of compute."""
    found = developed(staff_share=1 / 3)

    assert found["staff_cost"] == pytest.approx(45e6, rel=1e-12)
    assert found["owned_development_cost"] == pytest.approx(135e6, rel=1e-12)
    assert found["development_cost"] == pytest.approx(270e6, rel=1e-12)


@given(st.floats(0.0, 0.9), developments)
def test_the_share_of_people_comes_out_as_it_went_in(share, columns):
    compute = {name: columns[name] for name in PLAIN}
    found = engine.development({**compute, "staff_share": share})

    whole = found["owned_development_cost"]
    assert found["staff_cost"] == pytest.approx(share * whole, rel=1e-9, abs=1e-9)


def test_tokens_of_post_training_as_a_share():
    """150B tokens of reinforcement learning at 4 times the compute, over 15T: 4%."""
    share = formulas.post_training_share(
        post_training_tokens=Q("150B tokens"), tokens=Q("15T tokens"), compute_multiplier=4
    )

    assert share.magnitude == pytest.approx(0.04, rel=1e-12)


def test_add_ons_of_a_bill_are_on_all_rented_compute_and_not_the_owners():
    found = developed(rental_add_ons=0.4)

    assert found["rental_add_ons_cost"] == pytest.approx(90e6, rel=1e-12)
    assert found["development_cost"] == pytest.approx(315e6, rel=1e-12)
    assert found["owned_development_cost"] == pytest.approx(90e6, rel=1e-12)


def test_amounts_are_the_same_for_both():
    found = developed(**AMOUNTS)

    assert found["development_cost"] == pytest.approx(231e6, rel=1e-12)
    assert found["owned_development_cost"] == pytest.approx(96e6, rel=1e-12)
    assert {name: float(found[name]) for name in AMOUNTS} == AMOUNTS


@given(developments)
def test_lines_sum_to_totals(columns):
    found = engine.development(columns)

    rented = total(columns, found, engine.DEVELOPMENT_LINES)
    assert found["development_cost"] == pytest.approx(rented, rel=1e-12)
    owned = total(columns, found, engine.OWNED_DEVELOPMENT_LINES)
    assert found["owned_development_cost"] == pytest.approx(owned, rel=1e-12)


@given(developments)
def test_a_development_never_costs_less_than_its_final_run(columns):
    found = engine.development(columns)

    assert found["development_cost"] >= columns["cost"]
    assert found["owned_development_cost"] >= columns["owned_cost"]


@given(developments, st.floats(0.1, 100.0))
def test_lines_of_compute_grow_with_the_final_run_and_amounts_do_not(columns, times):
    dearer = {name: columns[name] * times for name in ("cost", "owned_cost")}
    found, more = engine.development(columns), engine.development({**columns, **dearer})

    for name in ("experiments_cost", "post_training_cost", "owned_experiments_cost"):
        assert more[name] == pytest.approx(found[name] * times, rel=1e-9), name
    for name in set(AMOUNTS) & set(found):
        assert more[name] == found[name], name


def test_a_line_without_its_columns_is_out():
    assert set(developed()) == {
        *("experiments_cost", "post_training_cost", "development_cost"),
        *("owned_experiments_cost", "owned_post_training_cost", "owned_development_cost"),
    }
    every = developed(**AMOUNTS, staff_cost=1e6, rental_add_ons=0.1)
    assert set(every) == set(engine.DEVELOPMENT_OUTPUTS)
    lines = (*PLAIN, *AMOUNTS, *PEOPLE, "equity_pay", "staff_share", "staff_cost", "rental_add_ons")
    assert set(lines) == set(engine.DEVELOPMENT_INPUTS)


def test_an_owner_that_is_not_known_leaves_the_rented_side():
    found = developed(owned_cost=np.nan, staff_cost=1e6)
    absent = engine.development({"cost": 100e6, "experiments_ratio": 2.2, "post_training_share": 0})

    assert found["development_cost"] == pytest.approx(226e6, rel=1e-12)
    assert np.isnan(found["owned_development_cost"])
    assert absent["development_cost"] == pytest.approx(220e6, rel=1e-12)
    assert np.isnan(absent["owned_development_cost"])


def test_draws_are_rows():
    ratios = np.array([1.2, 2.2, 4.0])
    rows = developed(experiments_ratio=ratios, **AMOUNTS)

    for row, ratio in enumerate(ratios):
        for name, value in developed(experiments_ratio=ratio, **AMOUNTS).items():
            assert rows[name][row] == pytest.approx(float(value), rel=1e-12), name


def test_rentals_on_all_terms_by_hand():
    """The hours of Llama 3.1 405B at 1.13 and at 6.49 USD: the 35 and 200 million of the range."""
    found = engine.rentals(30.84e6, {"reserved-3y": 1.13, "on-demand": np.array([6.49, 2.0])})

    assert found["rental_reserved_3y_cost"] == pytest.approx(34.85e6, abs=5e3)
    assert found["rental_on_demand_cost"] == pytest.approx([200.15e6, 61.68e6], abs=5e3)
