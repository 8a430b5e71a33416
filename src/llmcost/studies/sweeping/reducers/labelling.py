"""The axes of some rows of a batch as Arrow columns; texts of many layouts at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.layout.record import DEGREES
from llmcost.layout.text import SHORT
from llmcost.studies.sweeping.batch import Batch
from llmcost.studies.sweeping.parameters import LAYOUT
from llmcost.studies.sweeping.reducers.schema import arrow

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.intp]
    Whole = NDArray[np.int64]

# What decides those parts of a layout's text that are not whole numbers.
WORDED = ("sequence_parallel", "recompute_selective", "recompute_full", "schedule")
WHOLE_PARTS = {SHORT[name]: name for name in (*DEGREES, "zero_stage")}


def axis_columns_of(batch: Batch, rows: Rows, types: Mapping[str, Any]) -> dict[str, Any]:
    """Return every axis of some rows as an Arrow array of its type."""
    return {name: _column(batch, name, rows, kind) for name, kind in types.items()}


def _column(batch: Batch, name: str, rows: Rows, kind: Any) -> Any:  # noqa: ANN401
    pa = arrow()
    if name in batch.inner:
        return pa.array(_typed(batch.inner[name][rows], kind), type=kind)
    if name == LAYOUT and batch.layouts is not None:
        return layout_texts(batch, rows)
    label = batch.case[name]
    value = int(label) if pa.types.is_integer(kind) else label
    return pa.repeat(pa.scalar(value, type=kind), rows.size)


def _typed(values: NDArray[Any], kind: Any) -> NDArray[Any]:  # noqa: ANN401
    return values.astype(np.int64) if arrow().types.is_integer(kind) else values


def layout_texts(batch: Batch, rows: Rows) -> Any:  # noqa: ANN401
    """Return the texts of many layouts, each as `Batch.describe` has it.

    Of layouts that differ only in whole numbers one is described, and the numbers of the others are
    put in its place.
    """
    pa = arrow()
    columns = batch.layouts_of(rows)
    code = _alike(columns, rows.size)
    _, first = np.unique(code, return_index=True)
    examples = batch.describe(rows[first])[LAYOUT]
    parts = [dict(part.split("=", 1) for part in str(text).split(",")) for text in examples]
    pieces: list[Any] = []
    for key in parts[0]:
        pieces.append(f"{',' if pieces else ''}{key}=")
        if key in WHOLE_PARTS:
            numbers = pa.array(columns[WHOLE_PARTS[key]].astype(np.int64))
            pieces.append(numbers.cast(pa.string()))
        else:
            pieces.append(pa.array([part[key] for part in parts]).take(pa.array(code)))
    return _joined(pieces)


def _joined(pieces: list[Any]) -> Any:  # noqa: ANN401
    import pyarrow.compute as pc

    return pc.binary_join_element_wise(*pieces, "")


def _alike(columns: Mapping[str, NDArray[Any]], count: int) -> Whole:
    """Return a code, from 0 on, that is equal for layouts with the same words in their text."""
    code = np.zeros(count, dtype=np.int64)
    kinds = [columns[name] for name in WORDED] + [columns["virtual_stages"] > 1]
    for column in kinds:
        if (column == column[0]).all():
            continue
        values, own = np.unique(column, return_inverse=True)
        code = code * values.size + own
    if not code.any():
        return code
    dense: Whole = np.unique(code, return_inverse=True)[1].astype(np.int64)
    return dense
