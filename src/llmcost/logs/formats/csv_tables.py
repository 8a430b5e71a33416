"""CSV files of steps: of trackers, of frameworks, of one's own.

Columns are known by their names (`names.KNOWN`, and our own fields with their units), or named by
the user. Weights & Biases' chart exports call a column ``RUN - KEY`` beside ``RUN - KEY__MIN`` and
``__MAX`` and hold a sample of the points; its ``_step`` counts calls, not steps. TensorBoard's
downloads (``Wall time,Step,Value``) are samples, too. litgpt's metrics.csv (litgpt/pretrain.py)
counts micro-steps in ``step`` and ``iter``.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from io import BytesIO
from itertools import chain
from typing import IO, TYPE_CHECKING

from llmcost.errors import LogFormatError, shown
from llmcost.logs.formats import DocumentFormat
from llmcost.logs.formats.names import Column, chosen_columns, known_columns
from llmcost.logs.formats.rows import CALLS, Rows, number_in
from llmcost.logs.gathering import MAX_LINE, NO_END
from llmcost.logs.record import Chunk

if TYPE_CHECKING:
    import pandas as pd

DELIMITERS = ",\t;"
MARK = "\ufeff"
BLOCK = 1 << 20
OF_NUMBERS = b"0123456789.+-eE"
MOST_SHOWN = 40
LITGPT = frozenset({"iter", "iter_time", "total_tokens"})
LITGPT_COLUMNS = {
    "run_clock": "time",
    "tokens_total": "total_tokens",
    "tokens_per_gpu_total": "tokens",
    "micro_step_time": "iter_time",
    "loss": "loss",
}
# The table of runs that Weights & Biases exports: a row a run, with its last values.
RUNS_TABLE = frozenset({"Name", "State", "Created", "Runtime"})
TENSORBOARD = ["Wall time", "Step", "Value"]
_SAMPLED = (
    "{} hold a sample of the steps, not all: rates and times between rows hold, what happened "
    "between them does not show. Read {} for all."
)
_WANDB = _SAMPLED.format("Charts that Weights & Biases exports", "the run's scan_history()")
_TENSORBOARD = _SAMPLED.format("Tables that TensorBoard downloads", "the event file itself")
_OF_RUNS = (
    "is a table of runs, a row each, with the last values of each: needs the steps of one run, "
    "such as its scan_history()"
)
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
        elif set(self.place) >= RUNS_TABLE:
            raise LogFormatError(_OF_RUNS, file=file)
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
        f"holds {len(runs)} runs ({', '.join(map(shown, runs[:5]))}"
        f"{', ...' if len(runs) > 5 else ''}): needs one. Say which columns: "
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
    lines = head.lstrip(b"\r\n").split(b"\n", 2)
    if b"\0" in head[:1024] or len(lines) < 2:
        return False
    top, second = (line.decode("utf-8", "replace") for line in lines[:2])
    names, cells = _cells(top.removeprefix(MARK), second)
    header = Header(names)
    told = (LITGPT, RUNS_TABLE)
    known = len(header.runs) > 1 or any(set(header.place) >= names for names in told)
    columns = known_columns(header.place)
    if not known and (len(columns) < 2 or not {"step", "time_stamp"} & set(columns)):
        return False
    places = [header.place[column.name] for column in columns.values()]
    numbers = [number_in(cells[at], moment=True) for at in places if at < len(cells)]
    return any(number is not None for number in numbers)


def _cells(top: str, *texts: str) -> list[list[str]]:
    """Return the cells of a header and of lines, by the delimiter that the header has most of."""
    reader = csv.reader((top, *texts), delimiter=_delimiter(top))
    try:
        return [*reader, [], []][: 1 + len(texts)]
    except csv.Error:
        return [[]] * (1 + len(texts))


def _delimiter(top: str) -> str:
    return max(DELIMITERS, key=top.count)


def read(stream: IO[bytes], name: str, mapping: Mapping[str, str] | None = None) -> Iterator[Chunk]:
    """Yield the chunks of a CSV file, its columns as `mapping` says or as they are known.

    Raises LogFormatError for what is no table, InputError for a column that is not there.
    """
    lines = enumerate(iter(partial(stream.readline, MAX_LINE), b""), 1)
    number, top = next(((n, line) for n, line in lines if line.strip()), (0, b""))
    text = top.decode("utf-8", "replace").removeprefix(MARK)
    first = _cells(text)[0]
    header = Header(first)
    rows = Rows("csv", mapping or ())
    rows.use(header.columns(mapping, name))
    for message in header.messages:
        rows.gathering.say(message)
    body = _Body(rows, first, header, _delimiter(text), name)
    body.line = number
    while block := stream.read(BLOCK):
        block += stream.readline(MAX_LINE)
        if b'"' in block:  # A cell in quotes may hold line ends, and go on in the next block.
            rest = iter(partial(stream.readline, MAX_LINE), b"")
            yield from body.by_row(chain(BytesIO(block), rest))
            break
        yield from body.by_block(block)
    rows.finish()
    yield rows.taken(body.line)


class _Body:
    """The rows under a header; `line` is the last one that was read."""

    def __init__(
        self, rows: Rows, first: list[str], header: Header, delimiter: str, name: str
    ) -> None:
        self.line = 0
        self._rows, self._first, self._delimiter, self._name = rows, first, delimiter, name
        self._places = [header.place[column.name] for column in rows.columns]
        self._width = len(header.names)

    def by_block(self, block: bytes) -> Iterator[Chunk]:
        """Yield the chunks that whole lines without a quote fill: at once where all is numbers."""
        block = self._without_cut(block)
        numbers = self._numbers(block)
        if numbers is None:
            yield from self.by_row(BytesIO(block))
            return
        import numpy as np

        count = len(numbers)
        lines = np.arange(self.line + 1, self.line + count + 1, dtype=np.float64)
        fields = zip(self._rows.columns, self._places, strict=True)
        self._rows.add_numbers(lines, {c.field: numbers[at].to_numpy() for c, at in fields})
        self.line += count
        if self._rows.full:
            yield self._rows.taken(self.line)

    def _numbers(self, block: bytes) -> pd.DataFrame | None:
        """Return the columns to read, `None` where a cell is neither a number nor empty."""
        import pandas as pd

        try:
            frame = pd.read_csv(
                BytesIO(block),
                sep=self._delimiter,
                header=None,
                names=range(self._width),
                usecols=sorted(set(self._places)),
                dtype="float64",
                skip_blank_lines=False,
                quoting=csv.QUOTE_NONE,
                encoding_errors="replace",
            )
        except (ValueError, OverflowError):
            return None
        return frame if len(frame) == block.count(b"\n") + (not block.endswith(b"\n")) else None

    def by_row(self, lines: Iterable[bytes]) -> Iterator[Chunk]:
        """Yield the chunks that lines fill, read row by row."""
        before = self.line
        reader = csv.reader(self._texts(lines), delimiter=self._delimiter)
        try:
            for row in reader:
                self.line = before + reader.line_num
                self._take(row)
                if self._rows.full:
                    yield self._rows.taken(self.line)
        except csv.Error as error:
            where = before + reader.line_num
            told = f"is no row of a table: {error}"
            raise LogFormatError(told, file=self._name, line=where) from None
        self.line = before + reader.line_num

    def _take(self, row: list[str]) -> None:
        if row == self._first:
            self._rows.launch(self.line)
        elif row:
            cells = row if len(row) >= self._width else row + [""] * self._width
            self._rows.add(self.line, [cells[at] for at in self._places])

    def _texts(self, lines: Iterable[bytes]) -> Iterator[str]:
        for number, line in enumerate(lines, self.line + 1):
            if len(line) >= MAX_LINE and not line.endswith(b"\n"):
                told = "is longer than 1 MiB: no row of a table"
                raise LogFormatError(told, file=self._name, line=number)
            yield self._without_cut(line).decode("utf-8", "replace")

    def _without_cut(self, lines: bytes) -> bytes:
        """Return lines without the number that the last one ends in, if it has no line end."""
        kept = lines.rstrip(OF_NUMBERS)
        if len(kept) == len(lines) or len(lines) - len(kept) >= MAX_LINE:
            return lines
        self._rows.gathering.say(NO_END)
        return kept


CSV = DocumentFormat(name="csv", title="CSV tables", claims=claims, read=read)
