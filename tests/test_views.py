"""The table of views: every entry loads, and every module of the folder is reached."""

from importlib import import_module
from pathlib import Path

import llmcost.views
from llmcost.views import VIEWS

PARTS = {
    *(
        "__init__",
        "settings",
        "steps",
        "additions",
        "asked_rows",
        "costs",
        "input_titles",
        "thresholds",
    ),
    *("claim_details", "claim_records", "claim_words"),
    *("comparison_cells", "comparison_columns", "comparison_rows"),
    "sweep_previews",
    *("log_formats", "track_parts"),
    *("comparison_tables", "comparison_words"),
}


def test_every_view_loads():
    for path in VIEWS.values():
        module, _, function = path.partition(":")
        assert callable(getattr(import_module(module), function))


def test_every_module_is_a_view_or_a_part_of_one_or_the_settings():
    folder = Path(llmcost.views.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - PARTS

    assert modules == {path.partition(":")[0].rpartition(".")[2] for path in VIEWS.values()}
