"""Every cited source exists, every source is cited, and every entry can be traced."""

import csv
import re
import tomllib
from pathlib import Path

import pytest

import llmcost
from llmcost.catalog.files import data_folder
from llmcost.catalog.sources import source_keys, sources

DATA = data_folder()
# Files whose column of keys has another name, and columns of text that are no keys.
KEY_COLUMNS = {"throughput.csv": "source_short", "training_runs.csv": "source_keys"}
WITHOUT = {"gpu_aliases.csv", "regions.csv"}
# Where formulas and words name papers, by what arXiv or a publisher calls them.
CODE = Path(llmcost.__file__).parent
PAPERS = [*CODE.glob("formulas/*.py"), *CODE.glob("studies/expla*.py")]
DATA_FILES = sorted(path.name for path in DATA.glob("*.csv") if path.name not in WITHOUT)


def cited_in(name):
    with (DATA / name).open(encoding="utf-8", newline="") as stream:
        rows = csv.DictReader(stream)
        column = KEY_COLUMNS.get(name) or next(
            c for c in ("source", "sources") if c in (rows.fieldnames or ())
        )
        return {key for row in rows for key in source_keys(row[column])}


def cited_in_toml():
    contents = [
        tomllib.loads(path.read_text(encoding="utf-8"))
        for path in (*DATA.glob("*.toml"), *data_folder("seeds").glob("*.toml"))
        if path.name != "sources.toml"
    ]
    heads = [content.get("source", "") for content in contents]
    return {
        key
        for head in heads
        for key in source_keys(head["key"] if isinstance(head, dict) else head)
    }


@pytest.mark.parametrize("name", DATA_FILES)
def test_every_cited_source_exists(name):
    assert not cited_in(name) - set(sources())


def test_every_source_named_in_toml_exists():
    assert not cited_in_toml() - set(sources())


def papers_cited_in_code():
    """The paper's identifier is the end of its address."""
    texts = [re.sub(r"\s+", " ", path.read_text(encoding="utf-8")) for path in PAPERS]
    found = (re.findall(r"(?:arXiv|doi) (\d{4}\.\d{4,5}|10\.[^\s),;]+)", text) for text in texts)
    return {paper.rstrip(".") for papers in found for paper in papers}


def cited_in_code():
    papers = tuple(papers_cited_in_code())
    return {key for key, one in sources().items() if one.url.endswith(papers)}


def test_every_source_is_cited():
    cited = cited_in_toml().union(cited_in_code(), *(cited_in(name) for name in DATA_FILES))

    assert not set(sources()) - cited


def test_every_paper_that_a_formula_names_is_a_source():
    papers = papers_cited_in_code()
    addresses = [one.url for one in sources().values()]

    assert len(papers) > 30
    assert not [paper for paper in papers if not any(url.endswith(paper) for url in addresses)]


def test_every_row_that_states_a_figure_names_a_source():
    for name in DATA_FILES:
        assert cited_in(name), name


@pytest.mark.parametrize("one", sources().values(), ids=lambda one: one.key)
def test_an_entry_can_be_traced(one):
    """A title, authors, a day of reading; an address, or a note that says why there is none."""
    assert one.title
    assert one.authors
    assert one.accessed
    assert one.url.startswith("https://") or (not one.url and one.note)
