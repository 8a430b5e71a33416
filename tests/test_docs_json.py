"""The page on files of results names every kind of document and all that stands in it."""

import json
import re

import pytest

from tests.cli.helpers import llmcost
from tests.docs_blocks import DOCS

PAGE = (DOCS / "reference" / "json.md").read_text(encoding="utf-8")
SMALL = ("llama-3.1-8b", "--gpu", "h100-sxm", "--gpus", "64", "--draws", "200")
SETUPS = ("--setup", "h100-sxm:64", "--setup", "b200:32", "--draws", "200")
MADE_BY = {
    "llmcost.estimate/1": ("estimate", *SMALL),
    "llmcost.comparison/1": ("compare", "llama-3.1-8b", *SETUPS),
    "llmcost.sensitivity/1": ("sensitivity", *SMALL),
    "llmcost.reconciliation/1": ("reconcile", "training-cost", "--draws", "200"),
    "llmcost.track/1": ("track", "train.log"),
    "llmcost.layouts/1": ("layouts", *SMALL[:-2]),
    "llmcost.validation/1": ("validate",),
    "llmcost.facts/1": ("show", "gpus"),
    "llmcost.bench/1": ("bench", "--what", "memory", "--device", "cpu", "--budget", "2 s", "-q"),
}


def named(heading):
    """Return the names in the first column of the tables of a section, or above all sections."""
    text = PAGE.split("\n## ")[0]
    if heading:
        text = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return {name for line in re.findall(r"^\| (`.*?) \|", text, re.M) for name in line.split("`")}


def test_each_kind_has_its_section():
    assert re.findall(r"^## (llmcost\..*)$", PAGE, re.M) == list(MADE_BY)


@pytest.fixture
def _log(empty_folder):
    """The log of a short run, in the words of llmcost itself."""
    rows = [{"step": n, "step_time [s]": 2.0, "num_gpus": 8} for n in range(1, 9)]
    text = "\n".join(map(json.dumps, rows))
    (empty_folder / "train.log").write_text(text + "\n", encoding="utf-8")


@pytest.mark.usefixtures("_log")
@pytest.mark.parametrize("schema", MADE_BY)
def test_what_stands_in_a_document_is_named(capsys, schema):
    data = llmcost(capsys, *MADE_BY[schema], "--json").data

    assert data["schema"] == schema
    assert not set(data) - named("") - named(schema)
    assert not {name for name in named(schema) if re.fullmatch(r"\w+", name)} - set(data)
