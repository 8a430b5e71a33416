"""The page on reconciliation cannot rot: its file is read, its names are all."""

import re
from pathlib import Path

from llmcost.studies.reconciliation.own import ABOUT, QUANTITIES, RUN
from tests.cli.helpers import llmcost

PAGE = (Path(__file__).parent.parent / "docs" / "reconciliation.md").read_text(encoding="utf-8")
FILE = re.findall(r"```toml[^\n]*\n(.*?)```", PAGE, flags=re.DOTALL)[0]


def test_the_file_is_read(capsys, empty_folder):
    (empty_folder / "mine.toml").write_text(FILE, encoding="utf-8")
    ran = llmcost(capsys, "reconcile", "--claims", "mine.toml", "--json", "--draws", "200")

    rows = {one["name"]: one for one in ran.data["rows"]}
    assert rows["v3/cost"]["implied_price"] == 2.0
    assert rows["v3/cost"]["product_agrees"]


def test_every_field_of_a_claim_is_named():
    names = {name.replace("num_gpus", "gpus").replace("_", "-") for name in (*QUANTITIES, *RUN)}

    assert not [name for name in (*names, *ABOUT) if f"`{name.replace('_', '-')}`" not in PAGE]


def test_the_prices_of_the_range_are_what_they_say():
    """35 and 200 million dollars over 30.84 million hours."""
    assert (round(35 / 30.84, 2), round(200 / 30.84, 2)) == (1.13, 6.49)
    assert "1.13 and 6.49" in PAGE
