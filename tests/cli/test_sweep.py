"""``llmcost sweep``: from a plan to results, and what is told on the way."""

import json
import sys

import pytest

from llmcost.cli.progress import ProgressLine
from llmcost.studies.sweeping.progress import Progress
from tests.cli.helpers import llmcost

PLAN = """
[grid]
gpu = ["h100-sxm", "b200-sxm"]
gpus = [64, 128]
layout = "all legal"

[fixed]
model = "llama-3.1-8b"
tokens = "1T"

[[keep]]
best = "cost"
per = ["gpu", "gpus"]

[[keep]]
histogram = "wall_clock"
bins = 8
"""


@pytest.fixture
def plan(tmp_path, monkeypatch):
    """A small plan in the folder that the command line is run in."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.toml"
    path.write_text(PLAN)
    return path


def test_a_dry_run_tells_the_size_and_writes_nothing(capsys, plan):
    ran = llmcost(capsys, "sweep", "small.toml", "--dry-run", "--json")

    assert ran.code == 0
    size = ran.data["size"]
    assert size["blocking"]["cases"] == 4
    assert size["blocking"]["evaluations"] > 1000
    assert size["seconds"] > 0
    assert size["rows"]["best-cost"] == 4
    assert [path.name for path in plan.parent.iterdir()] == ["small.toml"]


def test_a_sweep_runs_shows_its_results_and_goes_on_with_nothing(capsys, plan):
    first = llmcost(capsys, "sweep", "small.toml")
    again = llmcost(capsys, "sweep", "small.toml", "--json")

    assert first.code == 0, first.err
    assert "best-cost" in first.out
    assert "evaluations" in first.err
    assert "100%" in first.err
    assert again.data["computed"] == 0
    assert again.data["complete"] is True
    assert again.data["rows"]["best-cost"] == 4


def test_the_first_rows_show_statistics_of_draws_and_counts_as_they_were_given(capsys, plan):
    text = PLAN.replace('best = "cost"', 'best = "cost.median"')
    text = text.replace('"gpu", "gpus"', '"global-batch-size"')
    text = text.replace("[fixed]", "[draws]\ncount = 100\n\n[fixed]")
    text = text.replace('layout = "all legal"', "global-batch-size = [1024, 1536]")
    plan.write_text(text)
    ran = llmcost(capsys, "sweep", "small.toml", "--quiet")

    assert ran.code == 0, ran.err
    first = ran.out[: ran.out.index("Results")]
    assert "Cost, median" in " ".join(first.split())
    assert "1,024" in first
    assert "1,020" not in first


def test_the_best_of_a_group_is_what_layouts_finds(capsys, plan):
    import pandas as pd

    llmcost(capsys, "sweep", "small.toml", "--quiet")
    best = pd.read_parquet("small.sweep/best-cost.parquet")
    found = llmcost(
        capsys,
        "layouts",
        "llama-3.1-8b",
        "--gpu",
        "h100-sxm",
        "--gpus",
        "64",
        "--json",
        "--best",
        1,
    )

    row = best[(best["gpu"] == "h100-sxm") & (best["num_gpus [GPU]"] == 64)]
    assert row["step_time [s]"].iloc[0] == pytest.approx(
        found.data["results"][0]["step_time"], rel=0.006
    )


def test_shards_leave_results_to_merge(capsys, plan):
    one = llmcost(capsys, "sweep", "small.toml", "--shard", "1/2", "--quiet", "--json")
    status = llmcost(capsys, "sweep", "status", "small.sweep", "--json")
    two = llmcost(capsys, "sweep", "small.toml", "--shard", "2/2", "--quiet", "--json")
    merged = llmcost(capsys, "sweep", "merge", "small.sweep", "--json")

    assert one.code == status.code == two.code == merged.code == 0
    assert one.err == two.err == ""
    assert status.data["done"] == one.data["done"]
    assert merged.data["rows"]["best-cost"] == 4


def test_a_bar_leaves_room_for_the_best_so_far_in_80_columns(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    best = "cost.median", 25_900_000.0
    far = Progress(3_086, 12_345, 3_086, 10**9, 700.0, rate=1.23e6, left=1_848.0, best=best)
    ProgressLine()(far)

    drawn = capsys.readouterr().err.strip("\r")
    assert len(drawn) == 79
    assert drawn.startswith("[##.......] 25% (3,086/12,345), 1.23M/s, 30.8 min left, ")
    assert drawn.rstrip().endswith("best cost.median $25.9M")


def test_status_tells_what_lacks(capsys, plan):
    llmcost(capsys, "sweep", "small.toml", "--shard", "2/2", "--quiet")
    ran = llmcost(capsys, "sweep", "status", "small.sweep")

    assert ran.code == 0
    assert "Blocks done" in ran.out


def test_status_does_not_pass_the_first_missing_blocks_off_as_all_of_them(capsys, plan):
    plan.write_text(PLAN + "\n[block]\nsize = 1000\n")
    llmcost(capsys, "sweep", "small.toml", "--shard", "1/8", "--quiet")
    ran = llmcost(capsys, "sweep", "status", "small.sweep", "--json")
    text = " ".join(llmcost(capsys, "sweep", "status", "small.sweep").out.split())

    lacking = ran.data["blocks"] - ran.data["done"]
    assert lacking > 20
    assert "Blocks that lack: 1, 2, 3, 4, 5, 6, 7, 9, " in text
    assert f" and {lacking - 20} more." in text


@pytest.mark.parametrize("form", ["markdown", "csv", "tsv", "jsonl", "latex", "html", "plain"])
def test_every_format_prints_a_sweep(capsys, plan, form):
    ran = llmcost(capsys, "sweep", "small.toml", "--quiet", "--format", form)

    assert ran.code == 0, ran.err
    assert "best-cost" in ran.out


def test_help_is_that_of_running_a_plan_with_the_other_commands(capsys):
    ran = llmcost(capsys, "sweep", "--help")

    assert ran.code == 0
    for word in ("PLAN", "--dry-run", "--scheduler", "status FOLDER", "merge FOLDER"):
        assert word in ran.out


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("best =", "bset ="), "best"),
        (('"h100-sxm"', '"h100-smx"'), "h100-sxm"),
        (("gpus = [64, 128]", "gpus = []"), "no value"),
        (("per = ", "pre = "), "per"),
        (("[fixed]", "[fixd]"), "fixed"),
        (('tokens = "1T"', 'tokens = "1T"\nmfu = "40%"'), "mfu"),
        (('best = "cost"', 'best = "cost"\nwhere = "open(1) < 2"'), "open"),
        (('best = "cost"', 'best = "cost"\nwhere = "wall_clock < 60"'), "day"),
    ],
)
def test_a_plan_that_cannot_be_used_is_told_in_one_message(capsys, plan, change, told):
    plan.write_text(PLAN.replace(*change))
    ran = llmcost(capsys, "sweep", "small.toml")

    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.startswith("Error: ")
    assert told in ran.err
    assert len(ran.err.splitlines()) == 1
    assert [path.name for path in plan.parent.iterdir()] == ["small.toml"]


def test_another_plan_is_refused_for_an_old_folder(capsys, plan):
    llmcost(capsys, "sweep", "small.toml", "--quiet")
    plan.write_text(PLAN.replace("128", "256"))
    ran = llmcost(capsys, "sweep", "small.toml", "--quiet")

    assert ran.code == 2
    assert "256" in ran.err or "num_gpus" in ran.err


def test_a_scheduler_that_is_not_there_is_told(capsys, plan):
    ran = llmcost(capsys, "sweep", "small.toml", "--quiet", "--scheduler", "tcp://127.0.0.1:9")

    assert ran.code == 2
    assert "127.0.0.1:9" in ran.err


@pytest.mark.parametrize("address", ["nonsense", "tcp://", "head"])
def test_a_scheduler_without_a_port_is_told_at_once(capsys, plan, address):
    ran = llmcost(capsys, "sweep", "small.toml", "--quiet", "--scheduler", address)

    assert ran.code == 2
    assert "tcp://host:8786" in ran.err
    assert "Traceback" not in ran.err


def test_an_environment_variable_sets_an_option(capsys, plan, monkeypatch):
    monkeypatch.setenv("LLMCOST_SWEEP_OUT", "elsewhere")
    llmcost(capsys, "sweep", "small.toml", "--quiet")

    assert json.loads((plan.parent / "elsewhere" / "plan.json").read_text())["identity"]
