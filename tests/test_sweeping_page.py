"""The page on sweeps: its plan runs, its lines read the results, its scripts do their shares."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from llmcost.cli.main import run

PAGE = (Path(__file__).parent.parent / "docs" / "sweeping.md").read_text(encoding="utf-8")


def block(language, word):
    """Return the first fenced block of a language that has a word in it."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)
    return next(text for text in found if word in text)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder in which the plan of the page was run."""
    place = tmp_path_factory.mktemp("page")
    before = Path.cwd()
    (place / "plan.toml").write_text(block("toml", "[grid]"))
    os.chdir(place)
    try:
        assert run(["sweep", "plan.toml", "--quiet"]) == 0
        yield place
    finally:
        os.chdir(before)


@pytest.mark.parametrize("library", ["pandas", "duckdb", "polars"])
def test_a_line_reads_the_results(folder, library):
    pytest.importorskip(library)
    line = next(x for x in block("python", "pandas").splitlines() if f"import {library}" in x)
    setup, _, expression = line.partition("; ")
    names = {}
    exec(setup, names)
    found = eval(expression, names)

    assert len(found) > 0
    assert any("cost [USD]" in name for name in found.columns)


def test_units_stand_in_the_metadata(folder):
    import json

    import pyarrow.parquet as pq

    schema = pq.read_schema("plan.sweep/best-cost.parquet")
    units = json.loads(schema.metadata[b"llmcost.units"])

    assert units["cost [USD]"] == "USD"


def test_a_plan_from_python_runs(folder, capsys):
    exec(block("python", "plan_from"), {})

    assert "best-cost.parquet" in capsys.readouterr().out
    assert (folder / "small.sweep" / "best-cost.parquet").is_file()


def script(text, variables, place):
    """Run a shell script of the page with this installation's commands first."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euc", text],
        cwd=place,
        env={**os.environ, **variables, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


SMALL = """
[grid]
gpu = ["h100-sxm", "b200-sxm"]
gpus = [64, 128]
[fixed]
model = "llama-3.1-8b"
[[keep]]
best = "cost"
[block]
size = 1
"""


def test_a_job_array_and_an_indexed_job_do_their_shares(tmp_path):
    (tmp_path / "plan.toml").write_text(SMALL)
    slurm = block("bash", "SLURM_ARRAY_TASK_ID")
    script(slurm, {"SLURM_ARRAY_TASK_ID": "1", "SLURM_ARRAY_TASK_COUNT": "2"}, tmp_path)
    indexed = re.search(r"-c, '(.*)'\]", block("yaml", "Indexed"))[1]
    indexed = indexed.replace("/runs/", "").replace("/64", "/2")
    script(indexed, {"JOB_COMPLETION_INDEX": "1"}, tmp_path)
    script("llmcost sweep merge plan.sweep", {}, tmp_path)

    assert (tmp_path / "plan.sweep" / "best-cost.parquet").exists()
