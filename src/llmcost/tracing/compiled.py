"""Kernels compiled from a trace: arrays of rows in, arrays of results out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ctypes import addressof, c_char
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from llmcost.errors import InputError
from llmcost.tracing.kept import function_of
from llmcost.tracing.source import WIDTH, Program
from llmcost.tracing.tracer import Trace, Uniform

Floats = NDArray[np.float64]


class Kernel:
    """A compiled kernel: `inputs` are the names of the rows that it reads."""

    def __init__(
        self,
        trace: Trace,
        outputs: Sequence[str],
        program: Program,
        function: Any,  # noqa: ANN401
    ) -> None:
        self.outputs, self.program = tuple(outputs), program
        self.inputs = tuple(dict.fromkeys(name for name, _ in program.inputs))
        self._trace, self._function = trace, function
        self._own = trace.uniform(program.slots, self.outputs)

    def bind(self, columns: Mapping[str, Any]) -> Uniform | None:
        """Return what other uniform columns make for this kernel.

        None where they need a kernel of their own: a branch is taken otherwise, or a column has
        another shape.
        """
        return self._trace.bound(self.program.slots, self.outputs, columns)

    def __call__(
        self, rows: Mapping[str, Any], uniform: Uniform | None = None
    ) -> dict[str, NDArray[Any]]:
        """Return the outputs of every row; rows are the last axis, and outputs only to read.

        `uniform` stands for the uniform columns, without it those of the trace. Raises InputError
        where a column of rows is missing or is not of one length with the others.
        """
        held = self._own if uniform is None else uniform
        given, count = self._given(rows)
        made = np.empty((len(self.program.outputs), -(-count // WIDTH) * WIDTH))
        if made.size:
            self._run_all(held, given, made, count)
        return self._results(held, made[:, :count], count)

    def _given(self, rows: Mapping[str, Any]) -> tuple[list[Floats], int]:
        missing = [name for name in self.inputs if name not in rows]
        if missing:
            raise InputError(f"The kernel got no rows of {missing[0]!r}; needs {self.inputs}.")
        counts = {rows[name].shape[-1] for name in self.inputs or rows}
        if len(counts) != 1:
            raise InputError(f"The kernel got columns of {counts} rows; needs one length.")
        count = counts.pop()
        return [_row(rows[name], at, count) for name, at in self.program.inputs], count

    def _run_all(self, held: Uniform, given: list[Floats], made: Floats, count: int) -> None:
        whole = count - count % WIDTH
        if whole:
            self._run(held, given, made, whole)
        if count % WIDTH:
            self._run_last(held, given, made, count)

    def _run(self, held: Uniform, given: list[Floats], made: Floats, count: int) -> None:
        inputs = np.array([_address(each) for each in given], dtype=np.int64)
        outputs = _address(made) + np.arange(len(made)) * made.strides[0]
        self._function(held.slots, inputs, outputs, count)

    def _run_last(self, held: Uniform, given: list[Floats], made: Floats, count: int) -> None:
        """Do the rows that fill no vector, with the last of them repeated."""
        first = count - count % WIDTH
        rows = np.minimum(np.arange(first, first + WIDTH), count - 1)
        self._run(held, [each[rows] for each in given], made[:, first:], WIDTH)

    def _results(self, held: Uniform, made: Floats, count: int) -> dict[str, NDArray[Any]]:
        results: dict[str, NDArray[Any]] = {}
        at = 0
        for name, shape in self.program.shapes.items():
            size = prod(shape)
            values = made[at : at + size].reshape(*shape, count)
            results[name] = values != 0.0 if name in self.program.truths else values
            at += size
        for name, value in held.results.items():
            results[name] = np.broadcast_to(value, (*np.shape(value)[:-1], count))
        return {name: results[name] for name in self.outputs}


def _row(column: NDArray[Any], at: int, count: int) -> Floats:
    """Return one entry of the leading axes as doubles that lie one after the other."""
    if column.ndim > 1:
        column = column.reshape(-1, count)[at]
    if column.dtype == np.float64 and column.flags.c_contiguous:
        return column
    return np.ascontiguousarray(column, dtype=np.float64)


def _address(array: Floats) -> int:
    """Return where an array lies; of one that may be written to, in a quarter of the time."""
    if array.flags.writeable and array.flags.c_contiguous:
        return addressof(c_char.from_buffer(cast("Any", array)))
    return int(array.__array_interface__["data"][0])


def compile_kernel(trace: Trace, outputs: Sequence[str]) -> Kernel:
    """Return a compiled kernel for some results of a trace.

    Machine code is kept by its source, in memory and in the user's cache. Raises InputError for a
    result that was not traced, MissingExtraError without numba.
    """
    program = trace.program(outputs)
    return Kernel(trace, outputs, program, function_of(program.source))
