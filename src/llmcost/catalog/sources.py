"""The bibliography: what each source key of the data files stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from llmcost.catalog.files import cached_facts, overlay_folder, read_toml, toml_of
from llmcost.errors import DataError, UnknownNameError, shown

FILE = "sources.toml"


@dataclass(frozen=True, slots=True)
class Source:
    """One work that a fact was read in.

    `second_hand` means that the fact was read in another public text that quotes the work.
    """

    key: str
    title: str
    authors: str
    url: str
    published: str
    accessed: str
    note: str = ""
    second_hand: bool = False


def sources() -> Mapping[str, Source]:
    """Return every source by its key, the user's own laid over the shipped ones.

    Raises DataError for an entry with a missing, unknown or wrong field.
    """
    return _sources(overlay_folder())


def source(key: str) -> Source:
    """Return the source of this key; raises UnknownNameError when there is none."""
    known = sources()
    if key not in known:
        raise UnknownNameError("source", key, known, f"Add it to {FILE}.")
    return known[key]


def source_keys(cell: str | None) -> tuple[str, ...]:
    """Return the keys that a cell of a data file lists.

    >>> source_keys("bloom-paper; luccioni-2022")
    ('bloom-paper', 'luccioni-2022')
    """
    return tuple(key.strip() for key in (cell or "").split(";") if key.strip())


@cached_facts
def _sources(overlay: Path | None) -> dict[str, Source]:
    entries = read_toml(FILE) | _own_entries(overlay)
    return {key: _checked(key, entry) for key, entry in entries.items()}


def _own_entries(overlay: Path | None) -> dict[str, Any]:
    path = overlay / FILE if overlay else None
    if path is None or not path.is_file():
        return {}
    return toml_of(path)


def _checked(key: str, entry: object) -> Source:
    if not isinstance(entry, dict):
        raise DataError(f"{key} is {shown(entry)}; needs a table [{key}]", file=FILE)
    known = {field.name: field for field in fields(Source) if field.name != "key"}
    optional = {"note", "second_hand"}
    wrong = sorted(set(entry) - set(known)) + sorted(set(known) - set(entry) - optional)
    if wrong:
        raise DataError(
            f"[{key}] has missing or unknown fields: {', '.join(wrong)}; "
            f"needs {', '.join(known)}, of which {' and '.join(sorted(optional))} may be left out",
            file=FILE,
        )
    for name, value in entry.items():
        kind = bool if name == "second_hand" else str
        if not isinstance(value, kind):
            raise DataError(f"got {shown(value)}; needs a {kind.__name__}", file=FILE, column=name)
    return Source(key=key, **entry)
