"""Every test starts from the shipped facts, no settings and no variables of the user."""

import os

import pytest
from hypothesis import settings

from llmcost.catalog import files
from llmcost.tracing import kept

settings.register_profile("llmcost", deadline=None, max_examples=60)
settings.load_profile("llmcost")


@pytest.fixture(autouse=True)
def _clean_surroundings(request):
    """Start without variables of the user, and with the shipped facts.

    Facts already read are kept from test to test, as reading them again would take most of the
    time. Only a test that takes `monkeypatch` can change where they are read from: none of what
    was read before or during it outlives it.
    """
    may_change_facts = "monkeypatch" in request.fixturenames
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("LLMCOST_") or name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
                patch.delenv(name)
        if may_change_facts:
            files.clear_cache()
        yield
    if may_change_facts:
        files.clear_cache()


@pytest.fixture(autouse=True, scope="session")
def _own_kernels(tmp_path_factory):
    """Keep compiled kernels of tests apart from those of the user."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "folder", lambda: tmp_path_factory.getbasetemp() / "kernels")
        yield


@pytest.fixture
def empty_folder(tmp_path):
    """Run the test in an empty folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        yield tmp_path
