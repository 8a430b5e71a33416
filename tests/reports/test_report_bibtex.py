"""Entries of the bibliography are BibTeX that every program reads."""

import re
import shutil
import subprocess

import pytest

from llmcost.catalog.sources import sources
from llmcost.render.reports.bibtex import address, bibtex, entry_keys, item
from llmcost.report import Footnote
from llmcost.views.reports.citations import LLMCOST, footnote


def note(key="a", title="A title", authors=""):
    return Footnote(key, title, authors, "2024-05", "2026-11", "")


def braces(text):
    """How deep braces are at the end, and at the deepest below zero; BibTeX counts all of them."""
    depth = least = 0
    for sign in re.sub(r"[^{}]", "", text):
        depth += 1 if sign == "{" else -1
        least = min(least, depth)
    return depth, least


def test_every_source_has_a_valid_entry_of_its_own():
    text = bibtex([footnote(key) for key in [LLMCOST, *sources()]])

    keys = re.findall(r"^@misc\{([^,]+),$", text, re.M)
    assert len(keys) == len(sources()) + 1 == len({key.lower() for key in keys})
    assert text.isascii()
    assert braces(text) == (0, 0)


def test_a_paper_of_arxiv_has_its_number():
    """arXiv lists 2205.14135 under these authors, of May 2022."""
    text = bibtex([footnote("dao-2022")])

    assert "  eprint = {2205.14135},\n  archiveprefix = {arXiv}," in text
    assert "author = {Tri Dao and Daniel Y. Fu and Stefano Ermon and Atri Rudra and" in text
    assert "  year = {2022},\n  month = {5}," in text


def test_a_paper_of_a_journal_has_its_doi():
    assert "doi = {10.1016/j.future.2004.11.016}" in bibtex([footnote("daly-2006")])


@pytest.mark.parametrize(
    ("authors", "field"),
    [
        ("Chowdhery et al.", "{Chowdhery and others}"),
        ("NVIDIA", "{{NVIDIA}}"),
        ("Will Knight, Wired", "{{Will Knight} and {Wired}}"),
        ("Abhi Venigalla, Linden Li", "{Abhi Venigalla and Linden Li}"),
        ("U.S. Bureau; DataHub", "{{U.S. Bureau} and {DataHub}}"),
    ],
)
def test_authors_are_parted_as_bibtex_does(authors, field):
    assert f"  author = {field},\n" in bibtex([note(authors=authors)])


def test_authors_that_are_not_stated_are_left_out():
    assert "author" not in bibtex([note(authors="not stated")])
    assert "stated" not in item("a", note(authors="not stated"))


def test_keys_are_ascii_and_unlike():
    keys = entry_keys([note("a b"), note("a-b"), note("A-B"), note("é{},%"), note("中")])

    assert list(keys.values()) == ["a-b", "a-b-2", "A-B-3", "e", "source"]


def test_braces_and_signs_in_titles_stay_balanced():
    text = bibtex([note(title="50% of {x_1 & }} \\end #1 $")])

    assert braces(text) == (0, 0)
    assert r"50\% of" in text


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://a.org/x_y?z=1%20#b", "https://a.org/x_y?z=1%20#b"),
        ("https://a.org/{x}\\y z", "https://a.org/%7Bx%7D%5Cy%20z"),
        ("javascript:alert(1)", ""),
        ("file:///etc/passwd", ""),
        ("https://[broken", ""),
        ("", ""),
    ],
)
def test_only_addresses_of_the_web_are_told(url, told):
    assert address(url) == told


@pytest.mark.skipif(shutil.which("bibtex") is None, reason="there is no bibtex")
def test_bibtex_reads_the_entries(tmp_path):
    """All of them, without a warning about syntax."""
    keys = [LLMCOST, *sources()]
    (tmp_path / "all.bib").write_text(bibtex(map(footnote, keys)), encoding="ascii")
    lines = [r"\citation{*}", r"\bibstyle{plain}", r"\bibdata{all}"]
    (tmp_path / "all.aux").write_text("\n".join(lines), encoding="ascii")
    done = subprocess.run(
        ["bibtex", "all"], check=False, cwd=tmp_path, capture_output=True, text=True
    )

    assert done.returncode == 0, done.stdout
    assert "I was expecting" not in done.stdout
    assert (tmp_path / "all.bbl").read_text().count(r"\bibitem") == len(keys)


def test_a_source_of_several_years_has_the_last_and_a_note_of_all():
    note = Footnote("survey", "Survey", "Uptime", "2022/2025", "2026-11", "https://x.org", True)
    text = bibtex([note])

    assert "  year = {2025},\n" in text
    assert "Published 2022/2025. Read 2026-11, quoted in another text" in text
