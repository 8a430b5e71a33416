"""The page on costs cannot rot: its table of goodput is what the engine gives."""

import re
from pathlib import Path

import numpy as np
import pytest

from llmcost import engine
from llmcost.studies.answers import RESULT_UNITS
from llmcost.studies.explanation import explanations

PAGE = (Path(__file__).parent.parent / "docs" / "costs.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.match(r"\| [\d,]+ \|", line)
]


def goodput(gpus, restart=600.0):
    """Goodput of the cluster that the page describes above its table."""
    return engine.goodput(
        {
            "failure_rate": 1.973e-5,
            "num_gpus": gpus,
            "restart_time": restart,
            "checkpoint_time": 405e9 * 14 / (1.5e8 * gpus),
            "checkpoint_interval": np.nan,
            "maintenance_share": 0.006,
        }
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_a_row_of_the_table_is_what_the_engine_gives(row):
    found = goodput(float(row[0].replace(",", "")))

    shares = ("goodput", "checkpoint_loss", "rework_loss", "restart_loss")
    assert row[1:] == [
        f"{found['mtbf']:.1f} h",
        f"{found['checkpoint_interval'] / 60:.1f} min",
        *(f"{100 * found[name]:.1f}%" for name in shares),
    ]


def test_the_table_is_there():
    assert [row[0] for row in ROWS] == ["1,000", "4,096", "16,384", "32,768", "100,000"]


def test_what_a_short_restart_leaves():
    assert f"leaves {100 * goodput(1e5, restart=120.0)['goodput']:.1f}%" in PAGE


def test_names_of_numbers_are_those_of_the_answer():
    """Every code word with an underscore is a result or can be explained."""
    words = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", PAGE))

    assert words
    assert words <= {*RESULT_UNITS, *explanations()}
