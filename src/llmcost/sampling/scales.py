"""The scales that draws are made on: logarithms of numbers, logits of shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]

EDGE = 1e-6


def logit(share: Floats) -> Floats:
    """Return log(share / (1 - share)); 0 and 1 are taken as a millionth away from them."""
    inside = np.clip(share, EDGE, 1 - EDGE)
    return np.asarray(np.log(inside / (1 - inside)), dtype=np.float64)


def expit(x: Floats) -> Floats:
    """Return the share whose logit is `x`, without overflow on either side."""
    small = np.exp(-np.abs(x))
    return np.asarray(np.where(x < 0, small, 1.0) / (1 + small), dtype=np.float64)
