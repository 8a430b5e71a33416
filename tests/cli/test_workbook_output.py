"""``xlsx`` as a format of the commands."""

import sys

import openpyxl
import pytest

from tests.cli.helpers import PINNED, llmcost

QUICK = (*PINNED[1:], "--draws", "100")
COMMANDS = {
    "estimate": ("estimate", *QUICK),
    "compare": ("compare", *QUICK, "--gpu", "a100-sxm-80gb"),
    "sensitivity": ("sensitivity", *QUICK),
    "reconcile": ("reconcile", "pc-21", "--draws", "100"),
    "layouts": ("layouts", "llama-3.1-8b", "--gpu", "h100-sxm", "--gpus", "64"),
    "show": ("show", "gpus"),
    "explain": ("explain", "mfu"),
    "config": ("config", "show"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_writes_a_workbook(name, capsys, tmp_path):
    """It opens, has the flat table of the CSV as its sheet `data`, and runs nothing."""
    path = tmp_path / "answer.xlsx"
    done = llmcost(capsys, *COMMANDS[name], "-o", path)
    rows = llmcost(capsys, *COMMANDS[name], "--format", "tsv").out.splitlines()
    book = openpyxl.load_workbook(path)

    assert done.code == 0, done.err
    assert done.err.endswith(f"Wrote {path} (xlsx).\n")
    assert [str(cell.value) for cell in book["data"][1]] == rows[0].split("\t")
    assert all(cell.data_type != "f" for sheet in book for row in sheet.rows for cell in row)


def test_the_numbers_are_those_of_the_json(capsys, tmp_path):
    llmcost(capsys, *COMMANDS["estimate"], "-o", tmp_path / "e.xlsx")
    results = llmcost(capsys, *COMMANDS["estimate"], "--json").data["results"]
    sheet = openpyxl.load_workbook(tmp_path / "e.xlsx")["data"]
    found = {row[0].value: row for row in sheet.iter_rows(min_row=2)}

    for name in ("gpu_hours", "cost", "energy"):
        assert found[name][1].value == pytest.approx(results[name]["value"], rel=1e-14)
        assert found[name][4].value == pytest.approx(results[name]["high"], rel=1e-14)


def test_only_the_fields_asked_for_are_written(capsys, tmp_path):
    path = tmp_path / "e.xlsx"
    llmcost(capsys, *COMMANDS["estimate"], "--fields", "cost", "-o", path)

    assert [row[0].value for row in openpyxl.load_workbook(path)["data"].rows] == ["name", "cost"]


@pytest.mark.parametrize("name", ["estimate", "show"])
def test_a_workbook_does_not_go_to_a_screen(name, capsys):
    done = llmcost(capsys, *COMMANDS[name], "--format", "xlsx")

    assert done.code == 2
    assert done.out == ""
    assert "Give --output, such as -o result.xlsx." in done.err


def test_without_the_extra_the_message_says_what_to_install(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("llmcost.render.sheets.find_spec", lambda name: None)
    done = llmcost(capsys, *COMMANDS["show"], "-o", tmp_path / "gpus.xlsx")

    assert done.code == 2
    assert "pip install 'llmcost[excel]'" in done.err
    assert not (tmp_path / "gpus.xlsx").exists()


def test_a_folder_that_is_not_there_leaves_nothing(capsys, tmp_path):
    done = llmcost(capsys, *COMMANDS["show"], "-o", tmp_path / "no" / "gpus.xlsx")

    assert done.code == 2
    assert "does not exist" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_bare_estimate_loads_nothing_that_writes_workbooks(capsys):
    sys.modules.pop("llmcost.render.sheets", None)
    llmcost(capsys, *COMMANDS["estimate"])

    assert "llmcost.render.sheets" not in sys.modules


def test_a_report_is_a_workbook_with_live_formulas(capsys, tmp_path):
    """Two results in one file: the estimate is live, the other has its tables."""
    for name in ("estimate", "sensitivity"):
        llmcost(capsys, *COMMANDS[name], "-o", tmp_path / f"{name}.json")
    files = [tmp_path / "estimate.json", tmp_path / "sensitivity.json"]
    done = llmcost(capsys, "report", *files, "-o", tmp_path / "r.xlsx")
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")

    assert done.code == 0, done.err
    assert book.sheetnames[:4] == ["Summary", "Assumptions", "Model", "Results"]
    assert {"Tornado", "Rental offers", "Sources", "About"} <= set(book.sheetnames)
    assert book["Assumptions"]["B3"].data_type == "n"
    formulas = {row[1].value: row[2].value for row in book["Model"].iter_rows(min_row=2)}
    assert formulas["Cost"] == "=gpu_hours*price"
    assert str(book["About"]["B1"].value).startswith("llmcost estimate")
