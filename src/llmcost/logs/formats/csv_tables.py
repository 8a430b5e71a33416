"""CSV files of steps: of trackers, of frameworks, of one's own.

Columns are known by their names (`names.KNOWN`, and our own fields with their units), or named by
the user. Weights & Biases' chart exports call a column ``RUN - KEY`` beside ``RUN - KEY__MIN`` and
``__MAX`` and hold a sample of the points; its ``_step`` counts calls, not steps. TensorBoard's
downloads (``Wall time,Step,Value``) are samples, too. litgpt's metrics.csv (litgpt/pretrain.py)
counts micro-steps in ``step`` and ``iter``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import chain
from typing import IO

from llmcost.errors import LogFormatError, one_of, shown
from llmcost.logs.formats import DocumentFormat
from llmcost.logs.formats.names import Column, chosen_columns, known_columns
from llmcost.logs.formats.tables import CALLS, Rows, number_in
from llmcost.logs.gathering import MAX_LINE
from llmcost.logs.record import Chunk

DELIMITERS = ",\t;"
MARK = "\ufeff"
MOST_SHOWN = 40
LITGPT = frozenset({"iter", "iter_time", "total_tokens"})
LITGPT_COLUMNS = {
    "run_clock": "time",
    "tokens_total": "total_tokens",
    "tokens_per_gpu_total": "tokens",
    "micro_step_time": "iter_time",
    "loss": "loss",
}
TENSORBOARD = ["Wall time", "Step", "Value"]
_SAMPLED = (
    "{} hold a sample of the steps, not all: rates and times between rows hold, what happened "
    "between them does not show. Read {} for all."
)
_WANDB = _SAMPLED.format("Charts that Weights & Biases exports", "the run's scan_history()")
_TENSORBOARD = _SAMPLED.format("Tables that TensorBoard downloads", "the event file itself")
_MICRO = (
    "litgpt numbers micro-steps here: each row is taken as one step, which holds for pretraining "
    "with a log_interval of 1."
)


class Header:
    """The columns of a table: where each is, by its name and by its run's own key."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = [name.strip() for name in names]
        self.place: dict[str, int] = {}
        for at, name in enumerate(self.names):
            self.place.setdefault(name, at)
        self.messages: list[str] = []
        self.runs: list[str] = []
        if any(name.endswith("__MIN") for name in self.names):
            self._read_charts()
        if self.names == TENSORBOARD:
            self.messages.append(_TENSORBOARD)

    def _read_charts(self) -> None:
        self.messages.append(_WANDB)
        kept = [n for n in self.names if " - " in n and not n.endswith(("__MIN", "__MAX"))]
        self.runs = list(dict.fromkeys(name.rsplit(" - ", 1)[0] for name in kept))
        if len(self.runs) == 1:
            self.place |= {name.rsplit(" - ", 1)[1]: self.place[name] for name in kept}

    def columns(self, mapping: Mapping[str, str] | None, file: str) -> dict[str, Column]:
        """Return the columns that are fields, as the user says or as they are known."""
        if mapping:
            columns = chosen_columns(mapping, self.place, file)
        elif set(self.place) >= LITGPT:
            self.messages.append(_MICRO)
            there = {field: name for field, name in LITGPT_COLUMNS.items() if name in self.place}
            columns = {field: Column(field, name) for field, name in there.items()}
        elif len(self.runs) > 1:
            raise LogFormatError(_several(self.runs), file=file)
        else:
            columns = known_columns(self.place)
        if not columns:
            raise LogFormatError(_unknown(self.names), file=file)
        if "step" in columns and columns["step"].name == "_step":
            self.messages.append(CALLS)
        return columns


def _several(runs: list[str]) -> str:
    return (
        f"holds {len(runs)} runs ({one_of(map(shown, runs[:5]))}): needs one. Say which columns: "
        f"--columns 'step=Step,step_time={runs[0]} - NAME'"
    )


def _unknown(names: list[str]) -> str:
    listed = ", ".join(map(shown, names[:MOST_SHOWN])) or "none"
    return (
        f"has no column that llmcost knows; its columns: {listed}. Say which is what: --columns "
        "'step=NAME,step_time=NAME [ms]'"
    )


def claims(head: bytes) -> bool:
    """Return whether a file begins with a header that we know, and a row of numbers under it."""
    if b"\0" in head[:1024]:
        return False
    lines = iter(head.decode("utf-8", "replace").split("\n")[:2])
    try:
        rows = [row for _, row in _rows(lines)]
    except LogFormatError:
        return False
    if len(rows) < 2:
        return False
    header = Header(rows[0])
    known = set(header.place) >= LITGPT or len(header.runs) > 1
    columns = known_columns(header.place)
    if not known and (len(columns) < 2 or not {"step", "time_stamp"} & set(columns)):
        return False
    places = [header.place[column.name] for column in columns.values()]
    cells = [rows[1][at] for at in places if at < len(rows[1])]
    return any(number_in(cell, moment=True) is not None for cell in cells)


def read(stream: IO[bytes], name: str, mapping: Mapping[str, str] | None = None) -> Iterator[Chunk]:
    """Yield the chunks of a CSV file, its columns as `mapping` says or as they are known.

    Raises LogFormatError for what is no table, InputError for a column that is not there.
    """
    numbered = _rows(_texts(stream, name), name)
    line, first = next(numbered, (1, []))
    header = Header(first)
    rows = Rows("csv", mapping or ())
    columns = header.columns(mapping, name)
    rows.use(columns)
    for message in header.messages:
        rows.gathering.say(message)
    places = [header.place[column.name] for column in rows.columns]
    widest, short = max(places, default=0) + 1, [""] * len(header.names)
    for line, row in numbered:
        if row == first:
            rows.launch(line)
        else:
            cells = row if len(row) >= widest else row + short
            rows.add(line, [cells[at] for at in places])
        if rows.full:
            yield rows.taken(line)
    rows.finish()
    yield rows.taken(line)


def _texts(stream: IO[bytes], name: str) -> Iterator[str]:
    """Yield the lines of a stream; LogFormatError for one above 1 MiB."""
    for number, line in enumerate(iter(partial(stream.readline, MAX_LINE), b""), 1):
        if len(line) == MAX_LINE and not line.endswith(b"\n"):
            raise LogFormatError("is longer than 1 MiB: no row of a table", file=name, line=number)
        yield line.decode("utf-8", "replace")


def _rows(texts: Iterator[str], name: str = "") -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a table, each with the line it ends on; the first one's delimiter holds."""
    at, header = next(((n, text) for n, text in enumerate(texts, 1) if text.strip()), (0, ""))
    header = header.removeprefix(MARK)
    delimiter = max(DELIMITERS, key=header.count)
    reader = csv.reader(chain([header] if header else [], texts), delimiter=delimiter)
    before = at - 1
    try:
        for row in reader:
            if row:
                yield before + reader.line_num, row
    except csv.Error as error:
        where = before + reader.line_num
        raise LogFormatError(f"is no row of a table: {error}", file=name, line=where) from None


CSV = DocumentFormat(name="csv", title="CSV tables", claims=claims, read=read)
