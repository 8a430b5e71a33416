"""``llmcost calibrate`` as a user meets it, on a few rows and with few steps of the fit."""

import csv

import pytest

from llmcost.catalog.calibration import calibration, read_calibration
from llmcost.catalog.measured import THROUGHPUT_HEADERS, throughput_rows
from llmcost.studies import fitting
from llmcost.studies.calibration import toml_text
from llmcost.studies.validation import predicting_runs
from tests.cli.helpers import llmcost


@pytest.fixture
def few_rows(empty_folder, monkeypatch):
    """Write a table of 36 rows of three sources; let the fit take two steps."""
    monkeypatch.setattr(fitting, "STEPS", 2)
    monkeypatch.setattr("llmcost.studies.calibration.read_runs", lambda _: ())
    assert predicting_runs.predict_runs(()) == []
    chosen = []
    for source in ("llm-foundry", "dgxc-v25.02.02", "mbridge-26.04"):
        rows = [row for row in throughput_rows() if row["source_short"] == source]
        chosen += rows[:: max(1, len(rows) // 12)][:12]
    path = empty_folder / "few.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, THROUGHPUT_HEADERS)
        writer.writeheader()
        writer.writerows(chosen)
    return path


def test_it_writes_constants_that_can_be_read_and_the_same_file_again_date_apart(capsys, few_rows):
    ran = llmcost(capsys, "calibrate", "--data", "few.csv", "-o", "mine.toml")
    llmcost(capsys, "calibrate", "--data", "few.csv", "-q", "-o", "again.toml")

    assert ran.code == 0
    assert "Wrote mine.toml" in ran.err
    assert "without nemo" in ran.err
    found = read_calibration(few_rows.parent / "mine.toml")
    assert found.meta["command"] == "llmcost calibrate --data few.csv"
    assert found.meta["sources"] == ["llm-foundry", "mbridge", "nemo"]
    assert set(found.constants) == set(calibration().constants)
    assert set(found.intervals) == set(calibration().intervals)
    moved = [
        name
        for name, one in found.constants.items()
        if one.kind == "fitted" and abs(one.value / one.prior - 1) > 1e-3
    ]
    assert "sustained" in moved
    assert "matmul.volta.fp16" not in moved
    mine, again = ((few_rows.parent / f"{name}.toml").read_text() for name in ("mine", "again"))
    assert mine == again


def test_cross_validation_prints_errors_of_sources_left_out(capsys, few_rows):
    ran = llmcost(capsys, "calibrate", "--data", "few.csv", "-q", "--cross-validate", "source")

    assert ran.code == 0
    assert "without any row of its source family" in " ".join(ran.out.split())
    assert "llm-foundry" in ran.out


def test_too_few_rows_are_refused(capsys, few_rows):
    lines = few_rows.read_text(encoding="utf-8").splitlines()
    (few_rows.parent / "two.csv").write_text("\n".join(lines[:3]) + "\n", encoding="utf-8")

    ran = llmcost(capsys, "calibrate", "--data", "two.csv")

    assert ran.code == 3
    assert "two.csv: 2 rows can be used; needs 12 or more" in ran.err
    assert not (few_rows.parent / "calibration.toml").exists()


@pytest.mark.parametrize("place", ["gone/mine.toml", "."])
def test_a_place_that_cannot_be_written_is_told_before_the_fit(capsys, empty_folder, place):
    ran = llmcost(capsys, "calibrate", "--data", "gone.csv", "-o", place)

    assert ran.code == 2
    assert "--output: got" in ran.err
    assert "cannot be written" in ran.err


def test_a_missing_file_is_exit_3(capsys, empty_folder):
    assert llmcost(capsys, "calibrate", "--data", "gone.csv").code == 3


def test_the_shipped_file_is_what_the_command_writes():
    """Reading and writing it again changes nothing."""
    from llmcost.catalog.files import data_folder

    text = (data_folder() / "calibration.toml").read_text(encoding="utf-8")

    assert toml_text(calibration()) == text
