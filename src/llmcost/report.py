"""The one shape that every report is written from: sections of words, tables and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmcost.picture import Picture
from llmcost.table import Table

# The field of a table whose cells hold keys of footnotes, separated by "; ".
SOURCES = "sources"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report: `name` identifies it, `title` heads it.

    People read its paragraphs, then its pictures, then its tables.
    """

    name: str
    title: str
    paragraphs: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Footnote:
    """A source: its `key` in the bibliography, and what a reader needs to find it."""

    key: str
    title: str
    authors: str
    published: str
    accessed: str
    url: str
    second_hand: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """A whole report.

    `summary` is two sentences. `methods` is one paragraph whose ``[@key]`` cite `footnotes`, the
    sources in the order they are first named. `made_by` holds label and text of the command,
    versions and seed. `results` are the saved results it was made from: file name and JSON data.
    """

    title: str
    summary: tuple[str, ...]
    sections: tuple[Section, ...]
    methods: str
    footnotes: tuple[Footnote, ...]
    warnings: tuple[str, ...]
    made_by: tuple[tuple[str, str], ...]
    results: tuple[tuple[str, Mapping[str, Any]], ...]
