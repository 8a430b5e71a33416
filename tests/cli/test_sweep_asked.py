"""``llmcost sweep``: what is wrong with what was asked is said before anything is computed."""

import json
import sys

import pytest
from click.shell_completion import ShellComplete

from llmcost.cli.main import cli
from llmcost.cli.progress import progress_text
from llmcost.studies.sweeping.progress import Progress
from tests.cli.helpers import llmcost

PLAN = """
[grid]
gpu = ["h100-sxm", "b200-sxm"]
gpus = [64, 128]

[fixed]
model = "llama-3.1-8b"
tokens = "1T"
mfu = "40%"

[[keep]]
best = "cost"
per = ["gpu", "gpus"]

[block]
size = 1
"""


@pytest.fixture
def plan(empty_folder):
    """A small plan in the folder that the command line is run in."""
    path = empty_folder / "small.toml"
    path.write_text(PLAN)
    return path


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-o", "none/x.json"), "the folder 'none' does not exist"),
        (("-o", ".", "--json"), "it is a folder"),
        (("-o", "x.docx"), "docx"),
        (("--json", "--format", "csv"), "beside --json"),
        (("--fields", ","), "--fields: got"),
        (("--fields", "kep"), "Did you mean keep?"),
        (("--shard", "3/2"), "--shard: got '3/2'; needs i/n with i from 1 to n"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_computed(capsys, plan, arguments, told):
    ran = llmcost(capsys, "sweep", "small.toml", *arguments)

    assert ran.code == 2
    assert told in ran.err
    assert len(ran.err.splitlines()) == 1
    assert [path.name for path in plan.parent.iterdir()] == ["small.toml"]


def test_a_part_of_a_layout_is_still_told_as_one(capsys):
    eight = ("--gpu", "h100-sxm", "--gpus", 8)
    ran = llmcost(capsys, "layouts", "llama-3.1-8b", *eight, "--layout", "shard=x")

    assert ran.code == 2
    assert "--layout: shard: got 'x'" in ran.err


def test_blocks_that_are_there_are_told_and_a_whole_sweep_is_not_measured(capsys, plan):
    llmcost(capsys, "sweep", "small.toml", "--shard", "1/2", "--quiet")
    half = llmcost(capsys, "sweep", "small.toml")
    whole = llmcost(capsys, "sweep", "small.toml")

    assert half.code == whole.code == 0
    assert "2 of 4 blocks are there already." in half.err
    assert whole.err == "All 4 blocks are there already.\n"
    plan.write_text(PLAN.replace("128", "256"))
    other = llmcost(capsys, "sweep", "small.toml")
    assert other.code == 2
    assert "there already" not in other.err


def test_sizes_told_before_are_no_less_than_what_is_written(capsys, plan):
    told = llmcost(capsys, "sweep", "small.toml", "--dry-run", "--json").data["size"]["bytes"]
    llmcost(capsys, "sweep", "small.toml", "--quiet")

    for keep, size in told.items():
        assert (plan.parent / "small.sweep" / f"{keep}.parquet").stat().st_size <= size


def test_raw_rows_of_all_layouts_are_counted_before_they_are_written(capsys, plan):
    rows = PLAN.replace(
        "gpus = [64, 128]",
        'gpus = [64, 128]\nlayout = "all legal"\n'
        'price = "1..400 USD/GPU/hour by 1"\ntokens = "1T..400T by 1T"',
    ).replace('tokens = "1T"\nmfu = "40%"\n', "")
    plan.write_text(rows.replace('best = "cost"\nper = ["gpu", "gpus"]', 'rows = ["cost"]'))
    ran = llmcost(capsys, "sweep", "small.toml", "--dry-run")

    assert ran.code == 2
    assert "keep rows" in ran.err
    assert "needs at most 1,000,000,000 rows" in ran.err
    assert "TB" in ran.err or "GB" in ran.err


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("blocking", {}),
        ("blocking", {"blocks": "many", "evaluations": 4}),
        ("blocking", None),
        ("plan", []),
        ("identity", 3),
    ],
)
@pytest.mark.parametrize("command", ["status", "merge"])
def test_a_damaged_plan_of_a_folder_is_one_message(capsys, plan, name, change, command):
    llmcost(capsys, "sweep", "small.toml", "--quiet")
    path = plan.parent / "small.sweep" / "plan.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: change}))
    ran = llmcost(capsys, "sweep", command, "small.sweep")

    assert ran.code == 3
    assert "plan.json" in ran.err
    assert "defect" not in ran.err


def test_after_an_interrupt_people_are_told_how_to_stop_at_once():
    text = progress_text(Progress(3, 8, 3, 300, 1.0, stopping=True))

    assert "stopping after the blocks that run; Ctrl-C again stops at once" in text


def test_plans_and_commands_are_completed(plan):
    given = ShellComplete(cli, {}, "llmcost", "_LLMCOST_COMPLETE").get_completions(["sweep"], "")
    some = ShellComplete(cli, {}, "llmcost", "_LLMCOST_COMPLETE").get_completions(["sweep"], "sm")

    values = [item.value for item in given if item.type == "plain"]
    assert values == ["small.toml", "merge", "status"]
    assert [item.value for item in some if item.type == "plain"] == ["small.toml"]


def test_merging_tells_where_the_results_are_as_running_does(capsys, plan):
    ran = llmcost(capsys, "sweep", "small.toml", "--quiet", "--json")
    merged = llmcost(capsys, "sweep", "merge", "small.sweep", "--json")

    assert merged.data["folder"] == ran.data["folder"] == str(plan.parent / "small.sweep")
    assert merged.data["results"] == ran.data["results"]


def test_a_missing_dask_is_told_before_a_folder_is_made(capsys, plan, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    ran = llmcost(capsys, "sweep", "small.toml", "--engine", "dask")

    assert ran.code == 2
    assert "pip install 'llmcost[dask]'" in ran.err
    assert [path.name for path in plan.parent.iterdir()] == ["small.toml"]


def test_fields_are_those_of_results_also_while_blocks_lack(capsys, plan):
    half = llmcost(
        capsys, "sweep", "small.toml", "-q", "--shard", "1/2", "--fields", "keep,rows", "--json"
    )
    whole = llmcost(capsys, "sweep", "small.toml", "-q", "--fields", "keep,rows", "--format", "csv")
    dry = llmcost(
        capsys, "sweep", "small.toml", "--dry-run", "--fields", "keep,rows", "--format", "csv"
    )

    assert half.code == whole.code == dry.code == 0, (half.err, dry.err)
    assert (half.data["results"], half.data["complete"]) == ({}, False)
    assert whole.out == dry.out == "keep,rows\nbest-cost,4\n"


def test_a_plan_inside_a_folder_that_is_damaged_is_one_message(capsys, plan):
    llmcost(capsys, "sweep", "small.toml", "--quiet")
    path = plan.parent / "small.sweep" / "plan.json"
    document = json.loads(path.read_text())
    document["plan"]["axes"] = [{"values": [1]}]
    path.write_text(json.dumps(document))
    ran = llmcost(capsys, "sweep", "merge", "small.sweep")

    assert ran.code == 3
    assert "this is not the plan of a sweep" in ran.err
