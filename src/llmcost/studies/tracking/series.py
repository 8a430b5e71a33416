"""The times of steps in their order, in as few numbers as a picture and a bootstrap need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST = 2048
# What adds up where two neighbours become one, and of what the later or the earlier stays.
SUMS = ("steps", "time", "steady_steps", "steady_time", "stalls")
LATER = ("step", "stamp")
EARLIER = ("segment",)
NAMES = (*SUMS, *LATER, *EARLIER)


@dataclass(slots=True)
class Series:
    """Records of a run in order, neighbours added up two by two whenever there are too many.

    `steps` and `time` [s] are of all records, `steady_steps` and `steady_time` of those that show
    the steady state; `step` and `stamp` are those of the last.
    """

    most: int = MOST
    each: int = 1
    _buckets: dict[str, Floats] = field(
        default_factory=lambda: {name: np.empty(0) for name in NAMES}
    )
    _rest: dict[str, Floats] = field(default_factory=lambda: {name: np.empty(0) for name in NAMES})

    def add(self, columns: Mapping[str, Floats]) -> None:
        """Take in records in the order of time."""
        rest = {name: np.concatenate([self._rest[name], columns[name]]) for name in NAMES}
        whole = len(rest["steps"]) // self.each * self.each
        grouped = _grouped({name: values[:whole] for name, values in rest.items()}, self.each)
        self._rest = {name: values[whole:] for name, values in rest.items()}
        self._buckets = {
            name: np.concatenate([values, grouped[name]]) for name, values in self._buckets.items()
        }
        while len(self._buckets["steps"]) > self.most:
            self._halve()

    def _halve(self) -> None:
        """Add up neighbours; the last one of an odd number waits among the rest."""
        even = len(self._buckets["steps"]) // 2 * 2
        odd = {name: values[even:] for name, values in self._buckets.items()}
        if len(odd["steps"]):
            self._rest = {name: np.concatenate([odd[name], self._rest[name]]) for name in NAMES}
        self._buckets = _grouped({name: values[:even] for name, values in self._buckets.items()}, 2)
        self.each *= 2

    @property
    def columns(self) -> dict[str, Floats]:
        """The series so far, by the names of NAMES; the last entry may be of fewer records."""
        rest = self._rest
        if not len(rest["steps"]):
            return dict(self._buckets)
        last = _grouped(rest, len(rest["steps"]))
        return {name: np.concatenate([self._buckets[name], last[name]]) for name in NAMES}


def _grouped(columns: Mapping[str, Floats], size: int) -> dict[str, Floats]:
    """Return columns with as many neighbours made one as `size` says; whole groups alone."""
    found = {}
    for name in NAMES:
        rows = columns[name].reshape(-1, size)
        if name in SUMS:
            found[name] = rows.sum(axis=1)
        else:
            found[name] = rows[:, -1 if name in LATER else 0]
    return found
