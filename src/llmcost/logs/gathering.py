"""Records and events of a document on their way into chunks, and its lines one by one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from operator import attrgetter
from typing import IO, TYPE_CHECKING

from llmcost.logs.record import Chunk, Event

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RECORDS_PER_CHUNK = 16_384
MAX_LINE = 1 << 20
NO_END = "The last line has no end: what may be cut off in it was left out."


class Gathering:
    """What a document says, gathered until a chunk is full; `format` is the name chunks bear."""

    def __init__(self, format: str) -> None:  # noqa: A002
        self._format = format
        self._records: list[tuple[int, Mapping[str, float]]] = []
        self._blocks: list[dict[str, Floats]] = []
        self._events: list[Event] = []
        self._stamps: list[float] = []
        self._messages: list[str] = []
        self._last_line = 0

    def add(self, line: int, record: Mapping[str, float]) -> None:
        """Add the record of a step: its line (or number), its fields."""
        self._records.append((line, record))
        if "time_stamp" in record:
            self.moment(record["time_stamp"])

    def add_block(self, columns: dict[str, Floats]) -> None:
        """Add many records, by field, with their lines; NaN where one does not say."""
        import numpy as np

        self._blocks.append(columns)
        stamps = columns.get("time_stamp")
        if stamps is not None and np.isfinite(stamps).any():
            self.moment(float(np.nanmin(stamps)))
            self.moment(float(np.nanmax(stamps)))

    def happen(self, event: Event) -> None:
        """Add an event."""
        self._events.append(event)
        if event.time_stamp is not None:
            self.moment(event.time_stamp)

    def moment(self, stamp: float) -> None:
        """Note a moment that the document names [s since 1970]."""
        first, last = self._stamps or (stamp, stamp)
        self._stamps = [min(first, stamp), max(last, stamp)]

    def say(self, message: str) -> None:
        """Add a message for the user."""
        self._messages.append(message)

    @property
    def full(self) -> bool:
        """Whether it is time to take a chunk."""
        count = len(self._records) + len(self._events)
        return count + sum(len(block["line"]) for block in self._blocks) >= RECORDS_PER_CHUNK

    def taken(self, line: int = 0) -> Chunk:
        """Return all that was gathered as a chunk, and begin anew; `line` is the last one read."""
        chunk = Chunk(
            format=self._format,
            columns=_joined([*self._blocks, _columns(self._records)]),
            events=tuple(sorted(self._events, key=attrgetter("line"))),
            stamps=(self._stamps[0], self._stamps[1]) if self._stamps else None,
            messages=tuple(self._messages),
            lines=max(line - self._last_line, 0),
        )
        self._records, self._blocks, self._events = [], [], []
        self._stamps, self._messages = [], []
        self._last_line = line
        return chunk


def _columns(records: list[tuple[int, Mapping[str, float]]]) -> dict[str, Floats]:
    import numpy as np

    fields = dict.fromkeys(field for _, record in records for field in record)
    nan = float("nan")
    columns = {
        field: finite(np.array([record.get(field, nan) for _, record in records], dtype=np.float64))
        for field in fields
    }
    return {"line": np.array([line for line, _ in records], dtype=np.float64), **columns}


def finite(values: Floats) -> Floats:
    """Return values with NaN for those that are not finite."""
    import numpy as np

    return np.where(np.isfinite(values), values, np.nan)


def _joined(blocks: list[dict[str, Floats]]) -> dict[str, Floats]:
    """Return blocks one after the other, with every field that any of them has."""
    import numpy as np

    filled = [block for block in blocks if len(block["line"])] or blocks[:1]
    if len(filled) == 1:
        return filled[0]
    fields = dict.fromkeys(field for block in filled for field in block)
    return {
        field: np.concatenate(
            [block.get(field, np.full(len(block["line"]), np.nan)) for block in filled]
        )
        for field in fields
    }


def numbered_lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Yield the lines of a stream with their numbers, from 1; `None` for one above 1 MiB."""
    number = 0
    while line := stream.readline(MAX_LINE):
        number += 1
        if len(line) < MAX_LINE or line.endswith(b"\n"):
            yield number, line
            continue
        while (rest := stream.readline(MAX_LINE)) and not rest.endswith(b"\n"):
            pass
        yield number, None
