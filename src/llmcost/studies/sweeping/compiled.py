"""The compiled kernel of a sweep: the engine traced once, compiled, and bound to each case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost import engine
from llmcost.tracing import Kernel, Uniform, compile_kernel, trace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

STEPS = ("step_time", "total_memory")


class CompiledKernel:
    """The engine compiled: it answers as the NumPy one does, to 1e-12.

    Shares of time that is lost are what is left of 1: they agree to 1e-12 of all time.
    """

    rows = 32768

    def __init__(self) -> None:
        self._steps = _Traced(_step_and_memory)
        self._costs = _Traced(engine.complete)

    def steps(self, columns: Mapping[str, Any], shape: tuple[int, int]) -> Floats:
        """Return step times [s], NaN where a layout does not fit."""
        found = self._steps(columns, STEPS, shape[-1])
        fits = engine.fits(found["total_memory"], columns["device_memory"])
        return np.broadcast_to(np.where(fits, found["step_time"], np.nan), shape)

    def costs(self, columns: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Floats]:
        """Return the named results of the complete cost model, as many of them as there are."""
        count = max(np.shape(column)[-1] if np.ndim(column) else 1 for column in columns.values())
        return self._costs(columns, tuple(names), count)


class _Traced:
    """A function of columns, compiled for each set of columns that are rows."""

    def __init__(self, function: Callable[[Mapping[str, Any]], dict[str, Any]]) -> None:
        self._function = function
        self._kernels: dict[Any, list[Kernel]] = {}
        self._bound: dict[Any, tuple[dict[str, Any], Kernel, Uniform]] = {}

    def __call__(
        self, columns: Mapping[str, Any], names: tuple[str, ...], count: int
    ) -> dict[str, Any]:
        rows = {name: column for name, column in columns.items() if _is_row(column, count)}
        if not rows:
            with np.errstate(all="ignore"):
                return self._function(columns)
        uniform = {name: column for name, column in columns.items() if name not in rows}
        kernel, held = self._kernel(rows, uniform, names)
        return kernel(rows, held)

    def _kernel(
        self, rows: Mapping[str, Any], uniform: dict[str, Any], names: tuple[str, ...]
    ) -> tuple[Kernel, Uniform]:
        """Return the kernel for such rows, and what these uniform columns make for it."""
        key = (tuple((name, np.shape(rows[name])[:-1]) for name in sorted(rows)), names)
        if key in self._bound:
            last, kernel, held = self._bound[key]
            if len(last) == len(uniform) and all(last.get(n) is c for n, c in uniform.items()):
                return kernel, held
        for kernel in self._kernels.get(key, ()):
            found = kernel.bind(uniform)
            if found is not None:
                self._bound[key] = (uniform, kernel, found)
                return kernel, found
        with np.errstate(all="ignore"):
            traced = trace(self._function, {**uniform, **rows}, rows)
        kernel = compile_kernel(traced, [name for name in names if name in traced.outputs])
        own = kernel.bind(uniform)
        if own is None:
            raise RuntimeError("a kernel does not take the columns that it was traced on")
        self._kernels.setdefault(key, []).append(kernel)
        self._bound[key] = (uniform, kernel, own)
        return kernel, own


def _is_row(column: Any, count: int) -> bool:  # noqa: ANN401
    return bool(np.ndim(column)) and count > 1 and np.shape(column)[-1] == count


def _step_and_memory(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "step_time": engine.step(columns)["step_time"],
        "total_memory": engine.memory(columns)["total"],
    }
