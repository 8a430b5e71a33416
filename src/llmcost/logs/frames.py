"""The records of a training log as a pandas data frame, one row a step that it tells of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.logs.deriving import DERIVED, HOWS, Derived, Deriver
from llmcost.logs.formats.names import read_mapping
from llmcost.logs.ratios import Ratios
from llmcost.logs.reading import read_chunks
from llmcost.logs.record import FIELDS, Chunk
from llmcost.logs.segments import Segmenter
from llmcost.logs.sources import Log, name_of

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

UNITS = {name: unit for name, (unit, _) in FIELDS.items()} | DERIVED
FIRST, ALWAYS, HOW = ("segment", "line", "format"), ("step", "step_time"), "step_time_how"
UNTOLD = "unknown"
# Segments of another format in the same file are numbered from a multiple of this on, for a while.
APART = 1_000_000


def read_log(
    log: Log,
    *,
    columns: Mapping[str, str] | str | None = None,
    format: str | None = None,  # noqa: A002
) -> pd.DataFrame:
    """Return the steps that a training log tells of, one row a record, as a data frame.

    `log` is a path, ``-`` for standard input, or a binary stream; `columns` says which columns of a
    table (keys of JSON lines, tags of an event file) are which field, as a mapping or as the text
    ``"step=iter,step_time=dt [ms]"``; `format` is the name of a format, found by itself otherwise.

    Columns are headed ``name [unit]``: ``segment`` (the launch, from 1), ``line`` and ``format``,
    then what records say in the order of ``FIELDS``, with the time and tokens of a step derived
    from what there is where a record does not print them; ``span`` says how many steps a record
    stands for, ``step_time_how`` how its time was got. Copies by other processes are left out.
    ``attrs`` has the ``facts`` and ``texts`` of headers, and ``messages``.

    Raises LogFormatError for a log that says nothing of a step, InputError for a path that cannot
    be opened or a column that is not there, UnknownNameError for a format that is not known.
    """
    mapping = read_mapping(columns) if isinstance(columns, str) else columns
    gathered = _Gathered(name_of(log))
    for _, chunk in read_chunks([log], columns=mapping, format_name=format):
        gathered.add(chunk)
    return gathered.frame()


class _Gathered:
    """Derived records, stretch by stretch, and what headers said."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._derivers: dict[str, Deriver] = {}
        self._pieces: list[dict[str, NDArray[Any]]] = []
        self._facts: dict[str, float] = {}
        self._texts: dict[str, str] = {}
        self._ratios = Ratios()
        self._messages: dict[str, None] = {}

    def add(self, chunk: Chunk) -> None:
        """Take in a chunk."""
        self._messages |= dict.fromkeys(chunk.messages)
        number = list(self._derivers).index(chunk.format) if chunk.format in self._derivers else -1
        if number < 0:
            number = len(self._derivers)
            self._derivers[chunk.format] = self._deriver(APART * number)
        derived = self._derivers[chunk.format].add(chunk)
        self._pieces += [_piece(found, number) for found in derived if len(found)]

    def _deriver(self, offset: int) -> Deriver:
        return Deriver(
            Segmenter(0, self._name, offset),
            facts=self._facts,
            texts=self._texts,
            ratios=self._ratios,
        )

    def frame(self) -> pd.DataFrame:
        """Return all records as one data frame."""
        import pandas as pd

        told = [name for name in UNITS if name in ALWAYS or self._is_told(name)]
        columns: dict[str, Any] = {name: self._column(name) for name in FIRST}
        columns["segment"] = pd.factorize(columns["segment"])[0] + 1
        columns["line"] = columns["line"].astype("int64")
        columns["format"] = self._words("format", list(self._derivers))
        columns |= {_header(name): self._column(name) for name in told}
        columns[HOW] = self._words(HOW, [*HOWS, UNTOLD])
        frame = pd.DataFrame(columns)
        frame.attrs = {
            "facts": dict(self._facts),
            "texts": dict(self._texts),
            "messages": list(self._messages),
        }
        return frame

    def _words(self, name: str, known: list[str]) -> pd.Categorical[str]:
        import pandas as pd

        places: NDArray[np.int64] = self._column(name).astype(np.int64)
        return pd.Categorical.from_codes(places, pd.Index(known))

    def _is_told(self, name: str) -> bool:
        return any(name in piece and np.isfinite(piece[name]).any() for piece in self._pieces)

    def _column(self, name: str) -> NDArray[Any]:
        pieces = [piece.get(name, np.full(len(piece["line"]), np.nan)) for piece in self._pieces]
        return np.concatenate(pieces) if pieces else np.empty(0)


def _piece(found: Derived, number: int) -> dict[str, NDArray[Any]]:
    """Return the columns of a stretch; formats and ways are told by their places in their lists."""
    columns = {name: values for name, values in found.columns.items() if name in UNITS}
    return columns | {
        "segment": found.segment,
        "line": found.columns["line"],
        "format": np.full(len(found), number, dtype=np.intp),
        HOW: np.where(found.how < 0, len(HOWS), found.how),
    }


def _header(name: str) -> str:
    return f"{name} [{UNITS[name]}]" if UNITS[name] else name
