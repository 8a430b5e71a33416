"""What evaluates rows: the engine in NumPy, or the same engine compiled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from llmcost import engine
from llmcost.errors import InputError, one_of
from llmcost.studies.searching import narrowed
from llmcost.studies.stepping import rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

NUMPY, COMPILED = "numpy", "compiled"
KERNELS = (NUMPY, COMPILED)


class Kernel(Protocol):
    """Evaluates rows of layouts and rows of costs, best about `rows` of costs at once."""

    @property
    def rows(self) -> int:
        """How many rows of costs a call is best at."""
        ...

    def steps(self, columns: Mapping[str, Any], shape: tuple[int, int]) -> Floats:
        """Return step times [s] of a shape (kinds of recomputation, rows), NaN where none fits."""
        ...

    def costs(self, columns: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Floats]:
        """Return the named results of the complete cost model, as many of them as there are."""
        ...


class NumpyKernel:
    """The engine as it is written; with so many rows calls cost little beside their work."""

    rows = 32768

    def steps(self, columns: Mapping[str, Any], shape: tuple[int, int]) -> Floats:
        """Return step times [s], NaN where a layout does not fit."""
        columns = narrowed(dict(columns))
        total = engine.memory(columns)["total"]
        fits = np.broadcast_to(engine.fits(total, columns["device_memory"]), shape)
        some = fits.any(axis=0)
        times = np.full(shape, np.nan)
        if some.any():
            found = engine.step(rows_of(columns, some))["step_time"]
            times[:, some] = np.where(fits[:, some], found, np.nan)
        return times

    def costs(self, columns: Mapping[str, Any], names: Sequence[str]) -> Mapping[str, Floats]:
        """Return every result of the complete cost model."""
        del names
        with np.errstate(all="ignore"):
            return engine.complete(columns)


def can_compile() -> bool:
    """Return whether the extra for compiling works here: it may be older than NumPy allows."""
    try:
        import numba  # noqa: F401
    except ImportError:
        return False
    return True


@cache
def kernel_of(name: str) -> Kernel:
    """Return the kernel of this process by its name; raises InputError for an unknown one.

    The compiled one keeps what it traced for the next block; asked for anything, it raises
    MissingExtraError where its extra is not installed.
    """
    if name == NUMPY:
        return NumpyKernel()
    if name == COMPILED:
        from llmcost.studies.sweeping.compiled import CompiledKernel

        return CompiledKernel()
    raise InputError(f"kernel: got {name}; needs {one_of(KERNELS)}.")
