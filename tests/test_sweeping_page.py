"""The page on sweeps: its scripts do their shares, and units stand in the metadata it names."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq

PAGE = (Path(__file__).parent.parent / "docs" / "sweeping.md").read_text(encoding="utf-8")


def block(language, word):
    """Return the first fenced block of a language that has a word in it."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)
    return next(text for text in found if word in text)


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

    schema = pq.read_schema(tmp_path / "plan.sweep" / "best-cost.parquet")
    assert json.loads(schema.metadata[b"llmcost.units"])["cost [USD]"] == "USD"
