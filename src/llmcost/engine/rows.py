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
    return {name: np.broadcast_to(as_floats(value), rows) for name, value in results.items()}


def as_floats(value: Any) -> Any:  # noqa: ANN401
    """Return a value as an array of floats; a symbol that stands for one knows how itself."""
    return value.as_floats() if hasattr(value, "as_floats") else np.asarray(value, np.float64)
