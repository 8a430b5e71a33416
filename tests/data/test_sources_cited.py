"""Every cited source exists, every source is cited, and every entry can be traced."""

import csv
import tomllib

import pytest

from llmcost.catalog.files import data_folder
from llmcost.catalog.sources import source_keys, sources

DATA = data_folder()
# Files whose column of keys has another name, and columns of text that are no keys.
KEY_COLUMNS = {"throughput.csv": "source_short", "training_runs.csv": "source_keys"}
WITHOUT = {"gpu_aliases.csv", "regions.csv"}
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


def test_every_source_is_cited():
    cited = cited_in_toml().union(*(cited_in(name) for name in DATA_FILES))

    assert not set(sources()) - cited


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
