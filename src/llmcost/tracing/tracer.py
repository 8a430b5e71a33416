"""Run a formula of NumPy on symbols, to learn what it does to one row."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmcost.errors import InputError
from llmcost.tracing.graph import flop_by_kind
from llmcost.tracing.recorder import Recorder
from llmcost.tracing.source import Program, Slot, program_of
from llmcost.tracing.symbols import Known, Row

BYTES = 8


@dataclass(frozen=True)
class Uniform:
    """What holds for all rows: the values a kernel reads, and results that no row changes."""

    slots: NDArray[np.float64]
    results: Mapping[str, Any]


class Trace:
    """What a function makes of columns, as a graph of operations on one row.

    `outputs` are the names of all results. Results that no row changes have no part in the graph.
    """

    def __init__(self, recorder: Recorder, rows: Sequence[str], results: Mapping[str, Any]) -> None:
        self.recorder, self.rows, self.results = recorder, tuple(rows), dict(results)
        self.outputs = tuple(results)

    def roots(self, outputs: Sequence[str]) -> dict[str, NDArray[np.int64]]:
        """Return the nodes of those outputs that differ by row, one an entry of leading axes."""
        unknown = [name for name in outputs if name not in self.results]
        if unknown:
            raise InputError(f"No result {unknown[0]!r} was traced; there are {self.outputs}.")
        values = {name: self.results[name] for name in outputs}
        return {name: one.nodes for name, one in values.items() if isinstance(one, Row)}

    def program(self, outputs: Sequence[str]) -> Program:
        """Return the source of a kernel for some outputs, and what it reads and writes."""
        return program_of(self.recorder.graph, self.roots(outputs), self.rows)

    def flop_of(self, outputs: Sequence[str]) -> dict[str, int]:
        """Return the arithmetic operations of a row, by kind."""
        return flop_by_kind(self.recorder.graph, self.program(outputs).used)

    def bytes_of(self, outputs: Sequence[str]) -> int:
        """Return the bytes that a row reads and writes."""
        program = self.program(outputs)
        return BYTES * (len(program.inputs) + len(program.outputs))

    def uniform(self, slots: Sequence[Slot], outputs: Sequence[str]) -> Uniform:
        """Return what holds for all rows, from the columns that were traced."""
        return self._uniform(self.recorder.values, slots, outputs)

    def bound(
        self,
        slots: Sequence[Slot],
        outputs: Sequence[str],
        columns: Mapping[str, Any],
    ) -> Uniform | None:
        """Return what holds for all rows, from other uniform columns.

        None where those decide otherwise, or are not the same columns: they need a trace of their
        own. Columns that differ by row are left aside.
        """
        uniform = {name: column for name, column in columns.items() if name not in self.rows}
        values = self.recorder.again(uniform)
        return None if values is None else self._uniform(values, slots, outputs)

    def _uniform(self, values: list[Any], slots: Sequence[Slot], outputs: Sequence[str]) -> Uniform:
        read = [np.ravel(values[number])[at] for number, at, *_ in slots]
        same = {name: one for name in outputs if not isinstance(one := self.results[name], Row)}
        results = {
            name: values[one.ref.number] if isinstance(one, Known) else one
            for name, one in same.items()
        }
        held = np.array(read, dtype=np.float64)
        inverse = np.array([len(slot) > 2 for slot in slots], dtype=bool)
        with np.errstate(all="ignore"):
            np.divide(1.0, held, out=held, where=inverse)
        return Uniform(held, results)


def trace(
    function: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    columns: Mapping[str, Any],
    rows: Collection[str],
) -> Trace:
    """Return what a function does to columns of which `rows` differ by row.

    A column of `rows` has its rows on the last axis; every other column holds for all rows: a
    number, or an array whose last axis is 1. The function may decide by those, and by no row.
    Raises InputError for an operation that cannot be traced.
    """
    recorder = Recorder(Known)
    symbols: dict[str, Any] = {}
    for name, value in columns.items():
        if name not in rows:
            symbols[name] = recorder.input(name, value)
    for name in rows:
        lead = np.shape(columns[name])[:-1]
        leaves = [recorder.graph.leaf("in", name, at) for at in range(int(np.prod(lead)))]
        symbols[name] = Row(recorder, np.array(leaves, dtype=np.int64).reshape(lead))
    with np.errstate(all="ignore"):
        results = dict(function(symbols))
    return Trace(recorder, [name for name in columns if name in rows], results)
