"""Rows of tables, of whatever kind, as records: many at a time."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

from llmcost.errors import shown
from llmcost.logs.formats.names import Column
from llmcost.logs.gathering import RECORDS_PER_CHUNK, Gathering, finite
from llmcost.logs.record import FACT, FIELDS, LAUNCH, Chunk, Event

if TYPE_CHECKING:
    from llmcost.logs.record import Floats

BOM = b"\xef\xbb\xbf"
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
    """Turns rows into records, many at a time; `chosen` are the fields that the user named."""

    def __init__(self, kind: str, chosen: Iterable[str] = ()) -> None:
        self.gathering = Gathering(kind)
        self.columns: Sequence[Column] = ()
        self._silent = set(chosen)
        self._needed: frozenset[str] = frozenset()
        self._facts: dict[str, float] = {}
        self._launches = self._gathered = 0
        self._lines: list[int] = []
        self._rows: list[Sequence[object]] = []

    def use(self, columns: Mapping[str, Column]) -> None:
        """Read these columns from now on."""
        self._flush()
        self.columns = tuple(columns.values())
        fields = frozenset(columns) & FIELDS.keys()
        self._needed = fields - PLACES or fields & CLOCKS

    def add(self, line: int, cells: Sequence[object]) -> None:
        """Add a row, its cells in the order of the columns."""
        self._lines.append(line)
        self._rows.append(cells)

    @property
    def full(self) -> bool:
        """Whether it is time to take a chunk."""
        return len(self._lines) + self._launches + self._gathered >= RECORDS_PER_CHUNK

    def taken(self, line: int) -> Chunk:
        """Return the rows so far as a chunk; `line` is the last one read."""
        self._flush()
        self._launches = self._gathered = 0
        return self.gathering.taken(line)

    def launch(self, line: int) -> None:
        """Note that a launch begins here."""
        self._launches += 1
        self.gathering.happen(Event(line, LAUNCH))

    def finish(self) -> None:
        """Say which of the columns that the user named held no number."""
        self._flush()
        for column in self.columns:
            if column.field in self._silent:
                self.gathering.say(f"Column {shown(column.name)} ({column.field}) has no number.")

    def add_numbers(self, lines: Floats, numbers: Mapping[str, Floats]) -> None:
        """Add many rows at once: their lines, and what they say by field, NaN where nothing."""
        import numpy as np

        self._flush()
        with np.errstate(over="ignore"):
            told = {c.field: finite(numbers[c.field] * c.scale) for c in self.columns}
        self._silent -= {field for field, values in told.items() if np.isfinite(values).any()}
        self._learn(lines, {field: told.pop(field) for field in {*told} - FIELDS.keys()})
        counts = np.zeros(len(lines), dtype=bool)
        for field in self._needed & told.keys():
            counts |= np.isfinite(told[field])
        kept = {
            f: values[counts] for f, values in told.items() if np.isfinite(values[counts]).any()
        }
        self._gathered += int(counts.sum())
        self.gathering.add_block({"line": lines[counts], **kept})

    def _flush(self) -> None:
        """Gather the rows that were added one by one."""
        if not self._lines:
            return
        import numpy as np

        lines, rows = np.array(self._lines, dtype=np.float64), self._rows
        self._lines, self._rows = [], []
        numbers = {
            column.field: _numbers(cells, moments=column.field == "time_stamp")
            for column, cells in zip(self.columns, zip(*rows, strict=True), strict=False)
        }
        self.add_numbers(lines, numbers)

    def _learn(self, lines: Floats, facts: Mapping[str, Floats]) -> None:
        """Note what rows say of the run rather than of a step, where it changes."""
        import numpy as np

        for field, values in facts.items():
            known = np.flatnonzero(np.isfinite(values))
            before = np.concatenate([[self._facts.get(field, np.nan)], values[known][:-1]])
            for at in known[values[known] != before].tolist():
                said = {field: float(values[at])}
                self._facts |= said
                self.gathering.happen(Event(int(lines[at]), FACT, values=said))


def _numbers(cells: Sequence[Any], *, moments: bool) -> Floats:
    """Return the numbers of cells, NaN for those that are none."""
    import numpy as np

    if set(map(type, cells)) <= {str, int, float}:
        with suppress(ValueError, OverflowError):
            return np.array(list(map(float, cells)))
    read = (number_in(cell, moment=moments) for cell in cells)
    return np.array([np.nan if value is None else value for value in read])


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
