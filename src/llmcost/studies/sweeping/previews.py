"""The first rows of a sweep's results, for people to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_ROWS = 10


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of one result: the headers of its columns (`cost [USD]`), and all its rows."""

    keep: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: int


def preview(keep: str, path: Path, most: int = MOST_ROWS) -> Preview:
    """Return the first rows of a result; reads no more of its file than it needs."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        total = file.metadata.num_rows
        batch = next(file.iter_batches(batch_size=most), None)
        names = tuple(file.schema_arrow.names)
    columns = batch.to_pydict() if batch is not None else {}
    rows = tuple(zip(*columns.values(), strict=True)) if columns else ()
    return Preview(keep, names, rows, total)
