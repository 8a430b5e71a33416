"""A saved estimate as named cells and formulas, and the arithmetic that gives their numbers."""

from copy import deepcopy

import pytest

from llmcost.errors import InputError
from llmcost.views.reports.arithmetic import FUNCTIONS, references, value_of
from llmcost.views.reports.equations import equations
from llmcost.views.reports.spreadsheet import spreadsheet
from tests.render.live_workbooks import saved


def cells(sheet):
    """Return every cell that has a name, by it."""
    return {one.name: one for one in (*sheet.assumptions, *sheet.model)}


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("2+3*4^2/8-1", 7),
        ("(2+3)*4", 20),
        ("10^(-2)", 0.01),
        ("IF(a<3,MAX(a,b,1),MIN(a,b))", 5),
        ("IF(a<2,1/0,b)", 5),
        ("SQRT(16)+EXP(0)+LN(1)", 5),
        ("INDEX(row,2)", 20),
        ("MATCH(25,row,1)", 2),
        ("MATCH(30,row,1)+ROWS(row)", 6),
    ],
)
def test_arithmetic_is_that_of_a_sheet(formula, value):
    assert value_of(formula, {"a": 2, "b": 5, "row": (10, 20, 30)}) == value


@pytest.mark.parametrize("formula", ["1/a", "LN(a)", "(-1)^0.5", "EXP(1000)", "SQRT(a-1)"])
def test_a_formula_without_a_number_is_an_error_that_names_it(formula):
    with pytest.raises(InputError, match="needs"):
        value_of(formula, {"a": 0})


def test_what_no_sheet_would_do_is_refused():
    with pytest.raises(InputError, match="arithmetic that a sheet has"):
        value_of("[1]", {})


def test_every_equation_refers_to_names_and_functions_that_there_are():
    """A name is an input of the engine, another equation, or a cell of numbers as computed."""
    for _, equation in equations():
        functions = {word for word in FUNCTIONS if f"{word}(" in equation.formula}
        rest = equation.formula.replace("IF(", "(")
        for word in functions:
            rest = rest.replace(f"{word}(", "(")
        assert not any(letter.isupper() for letter in rest), equation.formula
        assert references(equation.formula)


def test_only_what_the_formulas_use_may_be_changed():
    sheet = spreadsheet(saved())
    used = {name for entry in sheet.model for name in references(entry.formula)}
    used |= {name for entry in sheet.assumptions for name in references(entry.formula)}

    assert {entry.name for entry in sheet.assumptions} <= used
    assert {"model", "layout", "depreciation"} <= {entry.name for entry in sheet.fixed}


def test_the_price_of_its_terms_follows_the_price_taken_from_them():
    """Another's price, and a price that was given, leave the market's where it is."""
    linked = cells(spreadsheet(saved()))
    given = cells(spreadsheet(saved(price="2.5 USD/GPU/hour")))
    spot = cells(spreadsheet(saved(terms="spot")))

    assert (linked["price_on_demand"].formula, linked["price_spot"].formula) == ("price", "")
    assert given["price_on_demand"].formula == ""
    assert (spot["price_on_demand"].formula, spot["price_spot"].formula) == ("", "price")


def test_a_price_per_node_is_divided_in_the_sheet():
    found = cells(spreadsheet(saved(price_per_node_hour="24 USD/hour", gpus_per_node=8)))

    assert found["price"].formula == "price_per_node_hour/gpus_per_node"
    assert found["price"].value == 3


def test_goodput_that_was_given_is_a_cell_to_change():
    found = cells(spreadsheet(saved(goodput="90%")))

    assert (found["goodput"].value, found["goodput"].formula) == (0.9, "")
    assert "failure_rate" not in found


def test_a_declining_value_has_its_own_equations():
    plain = cells(spreadsheet(saved()))
    declining = cells(spreadsheet(saved(depreciation="declining")))

    assert plain["wear_charge"].formula == "1/server_lifetime"
    assert declining["wear_charge"].formula == "hardware_price_decline*LN(10)"
    assert declining["wear_charge"].value == pytest.approx(0.14 * 2.302585, rel=1e-6)
    assert declining["interest_charge"].formula == "cost_of_capital"


def test_every_formula_says_where_it_was_published():
    found = cells(spreadsheet(saved()))

    assert "Daly 2006" in found["goodput"].source
    assert "Kaplan et al. 2020" in found["model_flop_6nd"].source
    assert found["wall_clock"].source == "By definition."


def test_bases_are_the_rents_and_the_parts_of_owning():
    (basis,) = spreadsheet(saved()).bases
    rows = dict(basis.rows)

    assert list(rows) == [
        "Rented, on demand",
        "Rented, spot",
        "Rented, marketplace",
        "Owned, the run's share",
    ]
    assert rows["Rented, spot"] == ("rental_spot_cost", None, None, None, None)
    assert rows["Owned, the run's share"][0] is None


def test_a_price_that_was_given_is_a_basis_of_its_own():
    (basis,) = spreadsheet(saved(price="2.5 USD/GPU/hour")).bases

    assert basis.rows[0] == ("Rented, at the price taken", ("cost", None, None, None, None))


def test_a_document_without_a_result_has_no_cell_of_it():
    """A result that was cut from the file is not made up."""
    data = deepcopy(saved(scope="development"))
    del data["results"]["owned_post_training_cost"]
    sheet = spreadsheet(data)

    assert "owned_post_training_cost" not in cells(sheet)
    assert "owned_post_training_cost" not in {one.name for one in sheet.results}
    rows = dict(sheet.bases[1].rows)
    assert None in rows["Owned"]


def test_numbers_that_no_formula_can_use_are_one_error():
    data = deepcopy(saved())
    data["inputs"]["num_gpus"]["value"] = 0

    with pytest.raises(InputError, match="has no value"):
        spreadsheet(data)
