"""Tables of steps, of whatever kind: their rows as records, and the columns that a user names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import IO

from llmcost.errors import shown
from llmcost.logs.formats import DocumentFormat
from llmcost.logs.formats.names import Column
from llmcost.logs.gathering import Gathering
from llmcost.logs.record import FACT, FIELDS, Chunk, Event

BOM = b"\xef\xbb\xbf"
HEAD = 65_536
# What tells when or which a record is, rather than how it went.
PLACES = frozenset({"step", "planned_steps", "time_stamp", "run_clock", "train_clock", "rank"})
CLOCKS = frozenset({"time_stamp", "run_clock", "train_clock"})
CALLS = (
    "_step counts the calls that logged, and stands for the step here. Say which column is the "
    "step: --columns 'step=NAME'."
)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?")
_DAY = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


class Rows:
    """Turns rows into records and gathers them; `chosen` are the fields that the user named."""

    def __init__(self, kind: str, chosen: Iterable[str] = ()) -> None:
        self.gathering = Gathering(kind)
        self.columns: Sequence[Column] = ()
        self._silent = set(chosen)
        self._needed: frozenset[str] = frozenset()
        self._facts: dict[str, float] = {}

    def use(self, columns: Mapping[str, Column]) -> None:
        """Read these columns from now on."""
        self.columns = tuple(columns.values())
        fields = frozenset(columns) & FIELDS.keys()
        self._needed = fields - PLACES or fields & CLOCKS

    def add(self, line: int, cells: Iterable[object]) -> None:
        """Add a row, its cells in the order of the columns, if it tells of a step."""
        record: dict[str, float] = {}
        facts: dict[str, float] = {}
        for column, cell in zip(self.columns, cells, strict=True):
            value = number_in(cell, moment=column.field == "time_stamp")
            if value is not None:
                told = record if column.field in FIELDS else facts
                told[column.field] = value * column.scale
        if facts and facts != self._facts:
            self._learn(line, facts)
        if not self._needed.isdisjoint(record):
            self.gathering.add(line, record)
            self._silent.difference_update(record)

    def _learn(self, line: int, facts: dict[str, float]) -> None:
        """Note what a row says of the run rather than of a step, such as how many GPUs it has."""
        self._facts = facts
        self._silent.difference_update(facts)
        self.gathering.happen(Event(line, FACT, values=facts))

    def finish(self) -> None:
        """Say which of the columns that the user named held no number."""
        for column in self.columns:
            if column.field in self._silent:
                self.gathering.say(f"Column {shown(column.name)} ({column.field}) has no number.")


def number_in(cell: object, *, moment: bool = False) -> float | None:
    """Return the number of a cell, `None` for one that is empty, no number, or not finite.

    A `moment` may be an ISO date and time; without a zone it is taken as UTC.

    >>> number_in("1,234.5"), number_in("nan"), number_in("1970-01-01T00:01:00Z", moment=True)
    (1234.5, None, 60.0)
    """
    if isinstance(cell, bool) or not isinstance(cell, str | int | float) or cell == "":
        return None
    try:
        value = float(cell)
    except (ValueError, OverflowError):
        return _written_otherwise(str(cell).strip(), moment=moment)
    return value if isfinite(value) else None


def _written_otherwise(text: str, *, moment: bool) -> float | None:
    if _GROUPED.fullmatch(text):
        return float(text.replace(",", ""))
    if not moment or not _DAY.match(text):
        return None
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()


def with_columns(mapping: Mapping[str, str]) -> DocumentFormat:
    """Return the format of tables whose columns the user names: field to column, with its unit.

    It reads CSV, JSON lines and TensorBoard event files, by their first bytes; its `read` raises
    InputError for a field or a column there is not, UnitError for a unit that does not fit.
    """

    def read(stream: IO[bytes], name: str) -> Iterator[Chunk]:
        from llmcost.logs.formats import csv_tables, json_lines, tensorboard
        from llmcost.logs.sources import again

        head = stream.read(HEAD)
        whole = again(head, stream)
        if tensorboard.claims(head):
            return tensorboard.read(whole, name, mapping)
        if head.removeprefix(BOM).lstrip().startswith(b"{"):
            return json_lines.read(whole, name, mapping)
        return csv_tables.read(whole, name, mapping)

    return DocumentFormat(
        name="columns", title="tables by --columns", claims=lambda _: True, read=read
    )
