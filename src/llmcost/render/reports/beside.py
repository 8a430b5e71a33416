"""What the formats of several files share: names of files, pictures beside a text, long tables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import replace

from llmcost.picture import Picture
from llmcost.render.pictures import draw
from llmcost.report import SOURCES, Report
from llmcost.table import Table

_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")
LONGEST_NAME = 60


def file_name(text: str, otherwise: str = "report") -> str:
    """Return a name of a file that every system and every format takes as it is.

    >>> file_name("Cost & time (é)")
    'Cost-time-e'
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    name = _NOT_IN_NAMES.sub("-", plain).strip("-.")[:LONGEST_NAME].strip("-.")
    return name or otherwise


def folder_of(name: str) -> str:
    """Return the folder that lies beside a file of this name, for its pictures."""
    return f"{file_name(name)}_files"


class Names:
    """Names that no two files of one folder share, whatever the case of their letters."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, text: str, suffix: str) -> str:
        """Return a name of its own for `text`, ending in `suffix`."""
        plain = file_name(text, "table")
        name, number = plain, 2
        while f"{name}{suffix}".lower() in self._taken:
            name, number = f"{plain}-{number}", number + 1
        self._taken.add(f"{name}{suffix}".lower())
        return f"{name}{suffix}"


def pictures_beside(report: Report, folder: str, kind: str) -> Iterator[tuple[str, Picture]]:
    """Yield each picture of a report, in order, with the path of its file of a `kind`."""
    names = Names()
    for section in report.sections:
        for picture in section.pictures:
            yield f"{folder}/{names.unique(picture.name, f'.{kind}')}", picture


def drawn(report: Report, folder: str, kind: str) -> dict[str, bytes]:
    """Return the file of each picture; raises MissingExtraError without matplotlib."""
    return {path: draw(picture, kind) for path, picture in pictures_beside(report, folder, kind)}


def cut(table: Table, most: int) -> Table:
    """Return a table of at most so many rows, with a note of how many were left out."""
    left = len(table.rows) - most
    if left <= 0:
        return table
    note = f"{left:,} of {len(table.rows):,} rows are left out; the CSV bundle has all of them."
    texts = None if table.texts is None else table.texts[:most]
    return replace(table, rows=table.rows[:most], texts=texts, notes=(*table.notes, note))


def sources_at(table: Table) -> int | None:
    """Return which of the columns that people are shown holds keys of sources, if one does."""
    shown = [
        f.name for f in table.fields if not table.people_fields or f.name in table.people_fields
    ]
    return shown.index(SOURCES) if SOURCES in shown else None
