"""The data dictionary: what data/README.md says, and what the program checks of each column."""

from __future__ import annotations

import csv
import re
from collections import Counter
from importlib import import_module
from math import inf
from pkgutil import iter_modules

from marks import code, plain, table

import llmcost.catalog
from llmcost.catalog.columns import Column, DataFile
from llmcost.catalog.files import data_folder

KINDS = {
    "text": "text",
    "number": "number",
    "count": "whole number",
    "date": "date",
    "flag": "yes or no",
}


def page() -> str:
    """Return the page: each section of the dictionary, and below it what is checked."""
    text = (data_folder() / "README.md").read_text(encoding="utf-8")
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    files = data_files()
    return "\n".join(part.rstrip() + "\n" + _checked(part, files) for part in parts)


def data_files() -> dict[str, DataFile]:
    """Return every data file that the catalogue declares, by name."""
    modules = [
        import_module(found.name)
        for found in iter_modules(llmcost.catalog.__path__, "llmcost.catalog.")
    ]
    found = [
        one for module in modules for one in vars(module).values() if isinstance(one, DataFile)
    ]
    return {one.name: one for one in found}


def _checked(part: str, files: dict[str, DataFile]) -> str:
    """Return the table of what is checked in the file of a section; nothing without one."""
    name = part.partition("\n")[0].removeprefix("## ")
    if name not in files:
        return ""
    file = files[name]
    with (data_folder() / name).open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    filled = Counter(header for row in rows for header, cell in row.items() if cell)
    cells = [
        [
            code(column.header),
            KINDS[column.kind],
            _rules(column, file.key),
            f"{filled[column.header]:,}",
        ]
        for column in file.columns
    ]
    title = f"What is checked, and filled in how many of {len(rows):,} rows:"
    return f"\n{title}\n\n" + table(["Column", "Holds", "Rules", "Rows"], cells)


def _rules(column: Column, key: tuple[str, ...]) -> str:
    """Return what the cells of a column must be, in words."""
    told = ["part of the key" if len(key) > 1 else "the key"] if column.name in key else []
    told += ["required"] if column.required else []
    told += ["above 0"] if column.positive else []
    told += [f"{column.minimum:g} or more"] if column.minimum > -inf else []
    told += [f"{column.maximum:g} or less"] if column.maximum < inf else []
    if column.choices:
        told.append("one of: " + ", ".join(plain(one) for one in column.choices))
    return "; ".join(told)
