"""The first rows of a sweep's results, for people to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from llmcost.studies.sweeping.keeps import Keep
    from llmcost.studies.sweeping.plan import Plan

MOST_ROWS = 10


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of one result: the headers of its columns (`cost [USD]`), and how many rows.

    `axes` are the names of the axes of the plan, `shown` what people look at first: axes and
    objectives.
    """

    keep: str
    headers: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    total: int
    axes: tuple[str, ...]
    shown: tuple[str, ...]


def previews(plan: Plan, files: dict[str, Path]) -> list[Preview]:
    """Return a preview of every result of a plan that has a file."""
    return [preview(plan, keep, files[keep.name]) for keep in plan.keeps if keep.name in files]


def preview(plan: Plan, keep: Keep, path: Path, most: int = MOST_ROWS) -> Preview:
    """Return the first rows of a result; reads no more of its file than it needs."""
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as file:
        total = file.metadata.num_rows
        batch = next(file.iter_batches(batch_size=most), None)
        names = tuple(file.schema_arrow.names)
    columns = batch.to_pydict() if batch is not None else {}
    rows = tuple(zip(*columns.values(), strict=True)) if columns else ()
    axes = tuple(axis.name for axis in plan.axes)
    bare = tuple(name.partition(" [")[0] for name in names)
    extra = () if keep.kind in ("best", "pareto", "rows") else bare
    # Columns are named as reducers name them: the median of the cost is cost_median.
    of = tuple(objective.replace(".", "_") for objective in keep.of)
    return Preview(keep.name, names, rows, total, axes, (*axes, *of, *extra))
