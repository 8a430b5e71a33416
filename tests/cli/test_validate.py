"""``llmcost validate`` as a user meets it, on a few made-up rows whose errors are known."""

import csv
import io
import json

import pytest

from llmcost.cli import validate
from llmcost.cli.options import FORMATS
from llmcost.errors import DataError
from llmcost.studies.validation import baselines, groups, report
from tests.cli.helpers import llmcost
from tests.validation_fakes import FakePoint, FakePrediction, FakeRun

STEPS = (
    FakePoint("a", 10.0, configuration="one"),
    FakePoint("b", 10.0, source="other", num_gpus=64),
    FakePoint("c", 20.0, source="other", token_drop=True),
    FakePoint("d", None, scored=False, reason="no step time, rate or MFU"),
    FakePoint("e", 8.0, source="third", accelerator="b200"),
)
SAID = {
    "a": FakePrediction(11.0, low=9.0, high=13.0),
    "b": FakePrediction(8.0, low=7.0, high=9.0),
    "c": FakePrediction(10.0, low=9.0, high=12.0),
    "d": FakePrediction(5.0, low=4.0, high=6.0),
    "e": FakePrediction(None, reason="no layout fits"),
}
RUNS = (FakeRun("run-1"), FakeRun("run-2", None, scored=False, reason="no GPU-hours"))


class Fakes:
    """What the readers and the model are replaced by, and what they were asked for."""

    def __init__(self):
        self.steps, self.runs, self.anchors = STEPS, RUNS, None
        self.read = []

    def read_points(self, path):
        self.read.append(("data", path))
        return self.steps

    def read_runs(self, path):
        self.read.append(("runs", path))
        return self.runs

    def predict_points(self, points, anchors=None):
        self.anchors = anchors
        return [SAID[point.id] for point in points]

    def predict_runs(self, points):
        return [
            FakePrediction(gpu_hours=1250.0, low=900.0, high=1700.0, model_flop=1.44e21)
            for _ in points
        ]


@pytest.fixture(autouse=True)
def fakes(monkeypatch, empty_folder):
    """Replace the readers of tables and the model by small ones."""
    made = Fakes()
    for name in ("read_points", "read_runs", "predict_points", "predict_runs"):
        monkeypatch.setattr(report, name, getattr(made, name))
    return made


def test_the_json_of_steps(capsys):
    data = llmcost(capsys, "validate", "--data", "mine.csv", "--format", "json").data

    versions = {"llmcost_version", "data_version"}
    assert set(data) == {"schema", *versions, "summary", "rows", "command"}
    assert data["schema"] == "llmcost.validation/1"
    assert [row["id"] for row in data["rows"]] == list("abcde")
    first = data["rows"][0]
    assert (first["measured_step_time"], first["predicted_step_time"]) == (10, 11)
    assert (first["low"], first["high"]) == (9, 13)
    assert first["scored"] is True
    assert first["reason"] == ""
    assert first["error"] == pytest.approx(0.1)
    assert "measured_gpu_hours" not in first
    assert data["rows"][3]["scored"] is False
    assert data["rows"][3]["measured_step_time"] is None
    assert data["rows"][3]["reason"] == "no step time, rate or MFU"
    assert data["rows"][4]["predicted_step_time"] is None
    assert data["rows"][4]["reason"] == "no layout fits"


def test_the_summary_of_steps(capsys):
    """Errors +10% and -20%, of which one interval holds the measurement; c is kept apart."""
    summary = llmcost(capsys, "validate", "--data", "mine.csv", "--json").data["summary"]
    overall = summary["throughput"]["overall"]

    assert overall["configurations"] == 2
    assert overall["median"] == pytest.approx(0.15)
    assert overall["bias"] == overall["mean_bias"] == pytest.approx(-0.05)
    assert overall["p90"] == pytest.approx(0.19)
    assert (overall["within_10"], overall["within_20"]) == (0.5, 1)
    assert overall["coverage"] == 0.5
    assert summary["throughput"]["apart"]["token-dropping"]["median"] == pytest.approx(0.5)
    assert summary["throughput"]["not_scored"] == {
        "no step time, rate or MFU": 1,
        "no layout fits": 1,
    }
    assert summary["throughput"]["rows"] == 5
    assert set(summary["throughput"]["groups"]["size"]) == {"2-8", "9-64"}
    assert "runs" not in summary


def test_whole_runs_are_in_gpu_hours(capsys, fakes):
    """1,250 predicted against 1,000 published GPU-hours is 25% too many."""
    data = llmcost(capsys, "validate", "--runs", "runs.csv", "--json").data
    first, second = data["rows"]

    assert fakes.read == [("runs", "runs.csv")]
    assert (first["measured_gpu_hours"], first["predicted_gpu_hours"]) == (1000, 1250)
    assert (first["low"], first["high"]) == (900, 1700)
    assert "measured_step_time" not in first
    assert (second["scored"], second["reason"]) == (False, "no GPU-hours")
    assert data["summary"]["runs"]["overall"]["median"] == pytest.approx(0.25)
    assert "acme-card" in data["summary"]["runs"]["groups"]["source"]
    assert "acme-card" not in llmcost(capsys, "validate", "--runs", "runs.csv").out


def test_both_shipped_tables_by_default(capsys, fakes):
    data = llmcost(capsys, "validate", "--json").data

    assert fakes.read == [("data", None), ("runs", None)]
    assert [row["id"] for row in data["rows"]] == [*"abcde", "run-1", "run-2"]
    assert any("fitted on these very rows" in note for note in data["summary"]["notes"])


def test_a_file_of_ones_own_is_not_said_to_be_fitted_on(capsys):
    assert "fitted on" not in llmcost(capsys, "validate", "--data", "mine.csv").out


@pytest.mark.parametrize("format_name", FORMATS)
def test_every_format(capsys, format_name):
    ran = llmcost(capsys, "validate", "--format", format_name)

    assert ran.code == 0
    assert ran.err == ""
    assert "run-1" in ran.out.replace("\\-", "-")


@pytest.mark.parametrize("columns", [30, 40, 60, 80, 120, 200])
@pytest.mark.parametrize("options", [(), ("--rows",)])
def test_any_width_of_terminal(capsys, monkeypatch, columns, options):
    monkeypatch.setenv("COLUMNS", str(columns))
    ran = llmcost(capsys, "validate", *options)

    assert max(map(len, ran.out.splitlines())) <= columns


def test_the_tables_say_the_errors(capsys):
    text = llmcost(capsys, "validate", "--data", "mine.csv").out
    lines = [" ".join(line.split()) for line in text.splitlines()]

    assert "All 2 15.0% 15.0% 19.0% -5.0% 50% 100% 50% 30.7%" in lines
    assert "token-dropping 1 50.0% 50.0% 50.0% -50.0% 0% 0% 0% 30.0%" in lines
    assert "b tiny 64 x h100-sxm 10 s 8 s 7 – 9 s -20.0%" in lines
    assert "1 no layout fits" in lines


def test_only_the_groups_asked_for(capsys):
    text = llmcost(capsys, "validate", "--data", "x.csv", "--by", "size", "--worst", "0").out

    assert "Accelerators used" in text
    assert "Precision" not in text
    assert "The worst" not in text


def test_every_row_on_request(capsys):
    text = llmcost(capsys, "validate", "--data", "x.csv", "--rows").out

    assert "no step time, rate or MFU" in " ".join(text.split())
    assert "The worst" not in text


def test_csv_has_a_line_a_row_with_units(capsys):
    rows = list(csv.DictReader(io.StringIO(llmcost(capsys, "validate", "--format", "csv").out)))

    assert [row["id"] for row in rows] == [*"abcde", "run-1", "run-2"]
    assert rows[0]["predicted_step_time [s]"] == "11.0"
    assert rows[0]["predicted_gpu_hours [GPU*hour]"] == ""
    assert rows[5]["predicted_gpu_hours [GPU*hour]"] == "1250.0"
    assert (rows[0]["unit"], rows[5]["unit"]) == ("s", "GPU*hour")
    assert (rows[0]["scored"], rows[3]["scored"]) == ("yes", "no")


def test_fields_cut_rows(capsys):
    ran = llmcost(capsys, "validate", "--data", "x.csv", "--fields", "id,error", "--json")

    assert ran.data["rows"][0] == {"id": "a", "error": pytest.approx(0.1)}


def test_a_file_is_written(capsys, empty_folder):
    ran = llmcost(capsys, "validate", "-o", "out.json")

    assert ran.out == ""
    assert json.loads((empty_folder / "out.json").read_text())["schema"] == "llmcost.validation/1"


def test_nothing_that_can_be_scored_is_exit_3(capsys, fakes):
    fakes.steps = (STEPS[3], STEPS[4])
    ran = llmcost(capsys, "validate", "--data", "mine.csv")

    assert ran.code == 3
    assert ran.out == ""
    assert ran.err.count("Error: ") == 1
    assert "mine.csv" in ran.err
    assert "no layout fits" in ran.err


def test_an_empty_file_is_exit_3(capsys, fakes):
    fakes.steps = ()

    assert llmcost(capsys, "validate", "--data", "mine.csv").code == 3


def test_an_unreadable_file_is_exit_3(capsys, fakes, monkeypatch):
    def refuse(path):
        raise DataError("cannot be opened", file=path)

    monkeypatch.setattr(report, "read_points", refuse)
    ran = llmcost(capsys, "validate", "--data", "gone.csv")

    assert (ran.code, ran.err) == (3, "Error: gone.csv: cannot be opened\n")


def test_anchoring_takes_a_like_run_and_says_where_there_is_none(capsys, fakes):
    """a and b are of one model, accelerator and precision; e is alone on a B200."""
    fakes.steps = (STEPS[0], STEPS[1], STEPS[2])
    data = llmcost(capsys, "validate", "--data", "x.csv", "--anchor", "--json").data

    assert {key: point.id for key, point in fakes.anchors.items()} == {"a": "b", "b": "a", "c": "a"}
    assert data["summary"]["anchored"] is True

    fakes.steps = (*STEPS[:2], FakePoint("c", accelerator="b200"))
    data = llmcost(capsys, "validate", "--data", "x.csv", "--anchor", "--json").data
    assert [row["scored"] for row in data["rows"]] == [True, True, False]
    assert "to anchor on" in data["rows"][2]["reason"]


def test_where_a_baseline_wins_is_said(capsys, fakes):
    """Ten rows of 10 s at an MFU of 40%, predicted as 11 s: the assumed 40% is exact."""
    fakes.steps = tuple(FakePoint("a", 10.0, configuration=str(n)) for n in range(10))
    text = " ".join(llmcost(capsys, "validate", "--data", "x.csv").out.split())

    assert (
        "Not better than a simpler method in: all rows (n 10): MFU 40% 0.0% against 10.0%" in text
    )
    fakes.steps = fakes.steps[1:]
    text = " ".join(llmcost(capsys, "validate", "--data", "x.csv").out.split())
    assert "too few to call either better" in text


def test_where_the_model_wins_is_said(capsys, fakes):
    """Rows of 11 s are predicted as 11 s; one MFU cannot fit both 4/11 and 4/22 at half weight."""
    steps = [FakePoint("a", 11.0 * (1 + n % 2), configuration=str(n)) for n in range(12)]
    fakes.steps = tuple(steps)
    fakes.predict_points = lambda points, anchors=None: [
        FakePrediction(point.measured_step_time) for point in points
    ]
    text = " ".join(llmcost(capsys, "validate", "--data", "x.csv").out.split())

    assert "Better than each of them in every group of ten configurations or more." in text


def test_choices_are_those_of_the_library():
    assert set(validate.GROUPS) == set(groups.GROUPS)
    assert set(validate.BASELINES) == set(baselines.CHOICES)


@pytest.mark.parametrize("bad", [("--worst", "-1"), ("--by", "colour"), ("--baselines", "all")])
def test_wrong_options_are_exit_2(capsys, bad):
    assert llmcost(capsys, "validate", *bad).code == 2
