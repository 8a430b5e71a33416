"""The bibliography is read, checked and laid under the user's own."""

import pytest

from llmcost.catalog import files, sources
from llmcost.errors import DataError, UnknownNameError

ENTRY = """
[my-invoice]
title = "Invoice of the cluster"
authors = "us"
url = ""
published = "2026-10"
accessed = "2026-11"
"""


@pytest.fixture
def overlay(tmp_path, monkeypatch):
    monkeypatch.setenv(files.OVERLAY, str(tmp_path))
    return tmp_path


def test_a_source_is_the_work_it_names():
    """arXiv lists 2407.21783 under this title, of July 2024."""
    paper = sources.source("llama-3-paper")

    assert paper.title == "The Llama 3 Herd of Models"
    assert paper.url == "https://arxiv.org/abs/2407.21783"
    assert paper.published == "2024-07"


def test_what_was_read_second_hand_says_so():
    assert sources.source("luccioni-2022").second_hand
    assert not sources.source("llama-3-1-card").second_hand


def test_an_unknown_key_is_answered_with_near_ones():
    with pytest.raises(UnknownNameError, match="llama-3-paper") as caught:
        sources.source("llama-3-papr")

    assert "sources.toml" in str(caught.value)


def test_a_cell_may_list_several_keys():
    assert sources.source_keys("a; b;c") == ("a", "b", "c")
    assert sources.source_keys(None) == ()


def test_the_users_own_sources_are_added(overlay):
    (overlay / "sources.toml").write_text(ENTRY, encoding="utf-8")

    assert sources.source("my-invoice").authors == "us"
    assert "llama-3-paper" in sources.sources()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (ENTRY.replace("title", "tilte"), "tilte"),
        (ENTRY.replace('authors = "us"\n', ""), "authors"),
        (ENTRY.replace('"2026-10"', "2026"), "2026"),
        ("my-invoice = 3", r"\[my-invoice\]"),
        ("[my-invoice", "is not TOML"),
    ],
)
def test_a_malformed_entry_is_refused(overlay, content, complaint):
    (overlay / "sources.toml").write_text(content, encoding="utf-8")

    with pytest.raises(DataError, match=complaint):
        sources.sources()
