"""Kernels compiled by numba from the source of a trace, kept in memory and on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmcost.errors import InputError, MissingExtraError
from llmcost.tracing.source import Program
from llmcost.tracing.tracer import Trace, Uniform

Floats = NDArray[np.float64]
WIDTH = 8

_FUNCTIONS: dict[str, Any] = {}


class Kernel:
    """A compiled kernel: rows in, results out."""

    def __init__(self, trace: Trace, outputs: Sequence[str], program: Program, function: Any) -> None:
        self.trace, self.outputs, self.program = trace, tuple(outputs), program
        self.inputs = tuple(dict.fromkeys(name for name, _ in program.inputs))
        self._function = function
        self._own = self.bind()

    def bind(self, columns: Mapping[str, Any] | None = None) -> Uniform | None:
        """Return what other uniform columns make for this kernel; None where it needs another."""
        return self.trace.uniform(self.program.slots, self.outputs, columns)

    def __call__(
        self, rows: Mapping[str, Any], uniform: Uniform | None = None
    ) -> dict[str, NDArray[Any]]:
        """Return the outputs of every row; `uniform` stands for the uniform columns of the trace."""
        held = self._own if uniform is None else uniform
        count = next(iter(rows.values())).shape[-1]
        whole = max(WIDTH, -(-count // WIDTH) * WIDTH)
        made = np.empty((len(self.program.outputs), whole))
        given = self._given(rows, count)
        if count >= WIDTH:
            self._run(held, given, made, count - count % WIDTH)
        if count % WIDTH:
            self._run_last(held, given, made, count)
        return self._results(held, made[:, :count], count)

    def _run(self, held: Uniform, given: list[Floats], made: Floats, count: int) -> None:
        inputs = np.array([each.ctypes.data for each in given], dtype=np.int64)
        outputs = np.array([each.ctypes.data for each in made], dtype=np.int64)
        self._function(held.slots, inputs, outputs, count)

    def _run_last(self, held: Uniform, given: list[Floats], made: Floats, count: int) -> None:
        """Do the rows that fill no vector, with the last of them repeated."""
        first = count - count % WIDTH
        rows = np.minimum(np.arange(first, first + WIDTH), count - 1)
        last = np.empty((len(made), WIDTH))
        self._run(held, [each[rows] for each in given], last, WIDTH)
        made[:, first:] = last

    def _given(self, rows: Mapping[str, Any], count: int) -> list[Floats]:
        return [
            np.ascontiguousarray(np.reshape(rows[name], (-1, count))[at], dtype=np.float64)
            for name, at in self.program.inputs
        ]

    def _results(self, held: Uniform, made: Floats, count: int) -> dict[str, NDArray[Any]]:
        results: dict[str, NDArray[Any]] = {}
        at = 0
        for name, shape in self.program.shapes.items():
            size = int(np.prod(shape))
            values = made[at : at + size].reshape(*shape, count)
            results[name] = values != 0.0 if name in self.program.truths else values
            at += size
        for name, value in held.results.items():
            lead = np.shape(value)[:-1]
            results[name] = np.broadcast_to(value, (*lead, count))
        return {name: results[name] for name in self.outputs}


def compile_kernel(trace: Trace, outputs: Sequence[str]) -> Kernel:
    """Return a compiled kernel for some results of a trace."""
    program = trace.program(outputs)
    function = _FUNCTIONS.get(program.source)
    if function is None:
        function = _FUNCTIONS[program.source] = _compiled(program.source)
    return Kernel(trace, outputs, program, function)


def _compiled(source: str) -> Any:  # noqa: ANN401
    try:
        import numba  # noqa: F401
    except ImportError:
        raise MissingExtraError("A compiled kernel", "fast") from None
    names: dict[str, Any] = {"__name__": "kernel"}
    exec(compile(source, "<kernel>", "exec"), names)  # noqa: S102
    return names["kernel"]
