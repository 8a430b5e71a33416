"""The data dictionary names every file and every column."""

import csv
import re

import pytest

from llmcost.catalog.files import data_folder

DICTIONARY = (data_folder() / "README.md").read_text(encoding="utf-8")
FILES = sorted(p.name for p in data_folder().iterdir() if p.suffix in (".csv", ".toml"))


def section(name):
    found = re.search(rf"^## {re.escape(name)}\n(.*?)(?=^## |\Z)", DICTIONARY, re.S | re.M)
    return found.group(1) if found else ""


@pytest.mark.parametrize("name", FILES)
def test_every_file_has_its_section(name):
    assert section(name)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".csv")])
def test_every_column_is_described(name):
    with (data_folder() / name).open(encoding="utf-8", newline="") as stream:
        headers = next(csv.reader(stream))

    assert not [header for header in headers if f"`{header}`" not in section(name)]
