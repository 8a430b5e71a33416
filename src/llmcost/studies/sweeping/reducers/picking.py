"""Reducers that pick configurations: what they hold, how it is merged and what users get.

Which rows are picked is the business of a `Picker` (`best`, `pareto`); here they are described and
kept until the block ends. What was picked of parts, picked again, is what is picked of the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from llmcost.studies.sweeping.reducers.labelling import axis_columns_of
from llmcost.studies.sweeping.reducers.schema import (
    CASE,
    CONFIG,
    GROUP,
    HIDDEN,
    RESULT_MARK,
    arrow,
    axis_units,
    described,
    header,
    picked_schema,
    result_header,
    result_unit,
)
from llmcost.studies.sweeping.reducers.values import (
    Condition,
    Groups,
    Members,
    columns_of,
    values_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.studies.sweeping.batch import Batch
    from llmcost.studies.sweeping.keeps import Keep
    from llmcost.studies.sweeping.plan import Plan

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Rows = NDArray[np.intp]

DEFAULT_RESULTS = ("cost", "wall_clock", "gpu_hours", "mfu", "step_time")
SPREAD = ("low", "median", "high")
# Rows that may lie about before what is not needed is dropped.
LOOSE = 1 << 15


class Picker(Protocol):
    """A way of picking rows; smaller is better in every column of `values`."""

    def compares(self, keep: Keep) -> tuple[str, ...]:
        """Return the results that are compared; a row that lacks one of them is not picked."""

    def few(self, members: Members, values: Sequence[Floats], config: Whole) -> Rows:
        """Return the rows of one batch that may be picked."""

    def choose(self, group: Whole, values: Sequence[Floats], case: Whole, config: Whole) -> Rows:
        """Return the rows that are picked, in their final order."""


class PickingReducer:
    """What is picked of a block's configurations."""

    def __init__(self, keep: Keep, plan: Plan, picker: Picker) -> None:
        self._keep, self._plan, self._picker = keep, plan, picker
        self._condition, self._groups = Condition(keep, plan), Groups(keep, plan)
        self._results, self._compared = results_of(keep, plan), picker.compares(keep)
        self._schema = picked_schema(plan, self._results)
        self._types = {axis.name: self._schema.field(axis.name).type for axis in plan.axes}
        self._pieces: list[Any] = []
        self._loose, self._held = 0, 0

    def add(self, batch: Batch) -> None:
        """Pick from one batch."""
        rows = self._condition.rows(batch)
        values = [values_of(batch, of, rows) for of in self._compared]
        known = np.ones(rows.size, dtype=bool)
        for column in values:
            known &= np.isfinite(column)
        if not known.all():
            rows, values = rows[known], [column[known] for column in values]
        if not rows.size:
            return
        members = self._groups.of(batch, rows)
        config = batch.config if rows.size == len(batch) else batch.config[rows]
        few = self._picker.few(members, [self._signed(column) for column in values], config)
        few = np.sort(few)
        if few.size:
            group = members.ids if members.code is None else members.ids[members.code[few]]
            self._hold(batch, rows[few], group)

    def _signed(self, column: Floats) -> Floats:
        return -column if self._keep.largest else column

    def _hold(self, batch: Batch, rows: Rows, group: Whole) -> None:
        pa = arrow()
        columns = {
            GROUP: np.broadcast_to(group, rows.shape),
            CASE: np.broadcast_to(np.int64(batch.case_number), rows.shape),
            CONFIG: batch.config[rows],
            **axis_columns_of(batch, rows, self._types),
            **{RESULT_MARK + of: v for of, v in columns_of(batch, self._results, rows).items()},
        }
        arrays = [pa.array(columns[name], from_pandas=True) for name in self._schema.names]
        self._pieces.append(pa.Table.from_arrays(arrays, schema=self._schema))
        self._loose += rows.size
        if self._compared and self._loose > max(LOOSE, self._held):
            self._held, self._loose = self.table().num_rows, 0

    def table(self) -> Any:  # noqa: ANN401
        """Return what is picked, as an Arrow table in canonical order; hold only that."""
        whole = arrow().concat_tables([self._schema.empty_table(), *self._pieces])
        self._pieces = [_chosen(whole, self._picker, self._keep)]
        return self._pieces[0]


def keys_of(columns: Mapping[str, Any], keep: Keep) -> tuple[Whole, list[Floats], Whole, Whole]:
    """Return what a picker compares: groups, objectives (smaller is better) and both tie-breaks."""
    values = [columns[RESULT_MARK + of] for of in keep.of]
    signed = [-column for column in values] if keep.largest else values
    return columns[GROUP], signed, columns[CASE], columns[CONFIG]


def results_of(keep: Keep, plan: Plan) -> tuple[str, ...]:
    """Return the results that a keep writes beside the axes, objectives first.

    With draws, objectives have their low, median and high; results that are axes are not repeated.
    """
    axes = {axis.name for axis in plan.axes}
    spread = [f"{of}.{name}" for of in keep.of if "." not in of for name in SPREAD]
    beside = keep.results or (() if keep.kind == "rows" else DEFAULT_RESULTS)
    named = [*keep.of, *(spread if plan.draws else ()), *(of for of in beside if of not in axes)]
    return tuple(dict.fromkeys(named))


def picked(picker: Picker, keep: Keep, plan: Plan, partials: Iterable[Any]) -> Any:  # noqa: ANN401
    """Return what is picked of partial tables, holding little more than that at any time."""
    pa = arrow()
    held = picked_schema(plan, results_of(keep, plan)).empty_table()
    waiting: list[Any] = []
    loose = 0
    for partial in partials:
        waiting.append(partial.select(held.column_names).cast(held.schema))
        loose += partial.num_rows
        if loose > max(LOOSE, held.num_rows):
            held, waiting, loose = _chosen(pa.concat_tables([held, *waiting]), picker, keep), [], 0
    return _chosen(pa.concat_tables([held, *waiting]), picker, keep)


def _chosen(table: Any, picker: Picker, keep: Keep) -> Any:  # noqa: ANN401
    names = [*HIDDEN, *(RESULT_MARK + of for of in keep.of)]
    columns = {name: table.column(name).to_numpy() for name in names}
    order = picker.choose(*keys_of(columns, keep))
    if order.size == table.num_rows and (order == np.arange(order.size)).all():
        return _plain(table)
    return _plain(table.take(order))


def _plain(table: Any) -> Any:  # noqa: ANN401
    """Return a table in one piece, with the same under a null whatever the table came from."""
    pa = arrow()
    whole = table.combine_chunks()
    columns = [
        pa.array(column.to_numpy(), from_pandas=True)
        if pa.types.is_floating(column.type) and column.null_count
        else column
        for column in whole.columns
    ]
    return pa.Table.from_arrays(columns, schema=table.schema)


def final_rows(keep: Keep, plan: Plan, partial: Any) -> Any:  # noqa: ANN401
    """Return picked rows as users get them: headers with units, no hidden columns."""
    units = axis_units(plan)
    columns = [(header(name, unit), unit, partial.column(name)) for name, unit in units.items()]
    for of in results_of(keep, plan):
        mark = partial.column(RESULT_MARK + of)
        columns.append((result_header(of, plan), result_unit(of), mark))
    if keep.kind == "best" and keep.top > 1:
        columns.insert(0, ("rank", "", _ranks(partial.column(GROUP).to_numpy())))
    return described(columns, keep, plan)


def ranks(group: Whole) -> Whole:
    """Return the place of each row inside its group, from 0 on; rows of a group lie together."""
    starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
    lengths = np.diff(np.concatenate([starts, [group.size]]))
    return np.arange(group.size) - np.repeat(starts, lengths)


def _ranks(group: Whole) -> Any:  # noqa: ANN401
    return arrow().chunked_array([arrow().array(ranks(group) + 1 if group.size else group)])
