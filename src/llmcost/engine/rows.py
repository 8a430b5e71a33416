"""The shape that results leave the engine in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def as_rows(results: Mapping[str, Any]) -> dict[str, Floats]:
    """Return results as floats of one shape, one row each; they may share memory: only to read."""
    rows = np.broadcast_shapes(*(np.shape(value) for value in results.values()))
    return {
        name: np.broadcast_to(np.asarray(value, dtype=np.float64), rows)
        for name, value in results.items()
    }
