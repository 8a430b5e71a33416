"""Every test starts from the shipped facts, no settings and no variables of the user."""

import os

import pytest
from hypothesis import settings

from llmcost.catalog import files

settings.register_profile("llmcost", deadline=None, max_examples=60)
settings.load_profile("llmcost")


@pytest.fixture(autouse=True)
def _clean_surroundings(monkeypatch, tmp_path_factory):
    for name in list(os.environ):
        if name.startswith("LLMCOST_") or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
            monkeypatch.delenv(name)
    files.clear_cache()
    yield
    files.clear_cache()


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    """Run the test in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
