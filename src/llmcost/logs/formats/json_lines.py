"""JSON objects, one a line: histories of trackers, metrics files of frameworks, of one's own.

Keys are known as columns of tables are; the keys of an object in an object are joined by "/".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import IO, Any, cast

from llmcost.errors import LogFormatError
from llmcost.logs.formats import DocumentFormat
from llmcost.logs.formats.names import Column, chosen_columns, known_columns, known_field
from llmcost.logs.formats.rows import BOM, CALLS, Rows
from llmcost.logs.gathering import numbered_lines
from llmcost.logs.record import Chunk

LOOKED_AT, AT_ONCE = 200, 256
MOST_KEYS = 10_000
Numbered = tuple[int, dict[str, Any] | None]


def claims(head: bytes) -> bool:
    """Return whether a file begins with JSON objects, one a line, that tell of steps."""
    lines = [line for line in head.removeprefix(BOM).split(b"\n")[:LOOKED_AT] if line.strip()]
    if not lines or not lines[0].lstrip().startswith(b"{"):
        return False
    objects = [_object(line) for line in lines]
    columns = known_columns(_keys(objects))
    return objects[0] is not None and len(columns) > 1 and "step" in columns


def read(stream: IO[bytes], name: str, mapping: Mapping[str, str] | None = None) -> Iterator[Chunk]:
    """Yield the chunks of a file of JSON lines, its keys as `mapping` says or as they are known.

    Raises LogFormatError for a file without a JSON object, InputError for a key that is not there.
    """
    numbered = _objects(stream)
    first = list(islice(numbered, LOOKED_AT))
    keys = _keys([found for _, found in first])
    if not keys:
        raise LogFormatError("has no JSON object in its first lines", file=name)
    reading = _Reading(keys, name, mapping)
    line = 0
    for line, found in chain(first, numbered):
        reading.add(line, found)
        if reading.rows.full:
            yield reading.rows.taken(line)
    reading.finish()
    yield reading.rows.taken(line)


class _Reading:
    """The keys that have been seen, and which of them are fields."""

    def __init__(self, keys: dict[str, None], name: str, mapping: Mapping[str, str] | None) -> None:
        self.rows = Rows("json_lines", mapping or ())
        self._keys, self._name, self._mapping = keys, name, mapping
        self._broken = 0
        self._columns: dict[str, Column] = {}
        self._resolve()

    def add(self, line: int, found: dict[str, Any] | None) -> None:
        """Add the record of one object."""
        if found is None:
            self._broken += 1
            return
        if not self._keys.keys() >= found.keys():
            self._meet(found)
        self.rows.add(line, [found.get(column.name) for column in self.rows.columns])

    def _meet(self, found: dict[str, Any]) -> None:
        new = [key for key in found if key not in self._keys]
        self._keys.update(dict.fromkeys(new[: max(MOST_KEYS - len(self._keys), 0)]))
        if any(known_field(key) for key in new):
            self._resolve()

    def _resolve(self) -> None:
        if self._mapping:
            self._columns = chosen_columns(self._mapping, self._keys, self._name)
        else:
            self._columns = known_columns(self._keys)
        self.rows.use(self._columns)

    def finish(self) -> None:
        """Say what could not be read."""
        self.rows.finish()
        if "step" in self._columns and self._columns["step"].name == "_step":
            self.rows.gathering.say(CALLS)
        if self._broken:
            self.rows.gathering.say(f"{self._broken:,} lines are no JSON object and left out.")


def _objects(stream: IO[bytes]) -> Iterator[Numbered]:
    """Yield the objects of lines with their numbers, `None` for a line that holds none."""
    numbered = (line for line in numbered_lines(stream) if line[1] is None or line[1].strip())
    while batch := list(islice(numbered, AT_ONCE)):
        numbers, lines = zip(*batch, strict=True)
        yield from zip(numbers, _together(lines) or map(_object, lines), strict=True)


def _together(lines: Sequence[bytes | None]) -> list[dict[str, Any]] | None:
    """Return the objects of lines, `None` unless each line is one; faster than one by one."""
    try:
        found = json.loads(b"[" + b",".join(cast("Sequence[bytes]", lines)) + b"]")
    except (ValueError, TypeError, RecursionError):
        return None
    whole = len(found) == len(lines) and all(type(each) is dict for each in found)
    return [_plain(each) for each in found] if whole else None


def _keys(objects: list[dict[str, Any] | None]) -> dict[str, None]:
    return dict.fromkeys(key for found in objects if found for key in found)


def _object(line: bytes | None) -> dict[str, Any] | None:
    """Return the object of a line, flat, `None` where there is none."""
    try:
        found = json.loads((line or b"").removeprefix(BOM).decode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None
    return _plain(found) if isinstance(found, dict) else None


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    """Return an object without others in it: their keys are joined to those that hold them."""
    return dict(_flat(found)) if dict in map(type, found.values()) else found


def _flat(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in found.items():
        if isinstance(value, dict):
            yield from ((f"{key}/{inner}", each) for inner, each in value.items())
        else:
            yield key, value


JSON_LINES = DocumentFormat(name="json_lines", title="JSON lines", claims=claims, read=read)
