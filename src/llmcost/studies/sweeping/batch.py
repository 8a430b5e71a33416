"""Configurations of one case with their results: what evaluation hands to the reducers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.studies.sweeping.parameters import LAYOUT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.studies.sweeping.labels import Label

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RowsOf(Mapping[str, Any]):
    """Some rows of columns, each taken when it is asked for: few of them ever are."""

    columns: Mapping[str, Floats]
    rows: NDArray[np.int64]

    def __getitem__(self, name: str) -> Floats:
        return self.columns[name][self.rows]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)


@dataclass(frozen=True, slots=True)
class Batch:
    """Some configurations of a case, n of them, each with d draws or none.

    `case` holds the labels (`labels.axis_labels`: numbers in the unit of the axis, else text) of
    the axes that are the same for all of them, `inner` arrays (n) of the labels of those that are
    not, `layouts` columns (n) of their layouts where that axis is all legal ones. `middle` are
    results (n) with every input at its middle, `draws` results (n, d); both in the units of
    `RESULT_UNITS`. `config` is the number of each configuration inside its case: with
    `case_number` it says which of two equal ones comes first. `axes` are the names of all axes in
    the order of the plan.
    """

    axes: tuple[str, ...]
    case: Mapping[str, Label]
    inner: Mapping[str, NDArray[Any]]
    layouts: Mapping[str, Floats] | None
    middle: Mapping[str, Floats]
    draws: Mapping[str, Floats]
    config: NDArray[np.int64]
    case_number: int

    def __len__(self) -> int:
        return int(self.config.size)

    def describe(self, rows: NDArray[np.intp] | Sequence[int]) -> dict[str, list[Label]]:
        """Return the label of every axis for some rows, in the order of the plan."""
        wanted = np.asarray(rows, dtype=np.intp)
        return {name: self._labels(name, wanted) for name in self.axes}

    def _labels(self, name: str, rows: NDArray[np.intp]) -> list[Label]:
        if name in self.inner:
            found: list[Label] = self.inner[name][rows].tolist()
            return found
        if name == LAYOUT and self.layouts is not None:
            return [self._layout_text(row) for row in rows.tolist()]
        return [self.case[name]] * rows.size

    def layouts_of(self, rows: NDArray[np.intp]) -> Mapping[str, Floats]:
        """Return the columns of the layouts of some rows."""
        if isinstance(self.layouts, RowsOf):
            return RowsOf(self.layouts.columns, self.layouts.rows[rows])
        return {name: column[rows] for name, column in (self.layouts or {}).items()}

    def _layout_text(self, row: int) -> str:
        from llmcost.enumeration import to_layout
        from llmcost.layout import layout_text

        return layout_text(to_layout(self.layouts_of(np.array([row])), 0))

    def columns(self, names: Iterable[str]) -> dict[str, Any]:
        """Return axes and results at middle values by name, for an expression."""
        return {name: self._column(name) for name in names}

    def _column(self, name: str) -> Any:  # noqa: ANN401
        for columns in (self.inner, self.case, self.middle):
            if name in columns:
                return columns[name]
        if name == LAYOUT:
            return np.array(self._labels(name, np.arange(len(self))), dtype=object)
        raise KeyError(name)
