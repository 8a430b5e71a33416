"""Raw rows: every configuration with what was asked of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.studies.sweeping.keeps import Keep
    from llmcost.studies.sweeping.reducers.values import Members

    Floats = NDArray[np.float64]
    Whole = NDArray[np.int64]
    Rows = NDArray[np.intp]


class RowsPicker:
    """All rows in the order of the grid, those with results that are not known too."""

    def compares(self, keep: Keep) -> tuple[str, ...]:  # noqa: ARG002
        """Return nothing: rows are kept whatever they hold."""
        return ()

    def few(
        self,
        members: Members,  # noqa: ARG002
        values: Sequence[Floats],  # noqa: ARG002
        config: Whole,
    ) -> Rows:
        """Return all rows."""
        return np.arange(config.size)

    def choose(
        self,
        group: Whole,  # noqa: ARG002
        values: Sequence[Floats],  # noqa: ARG002
        case: Whole,
        config: Whole,
    ) -> Rows:
        """Return all rows, by case and configuration."""
        rising = (case[1:] > case[:-1]) | ((case[1:] == case[:-1]) & (config[1:] > config[:-1]))
        return np.arange(case.size) if rising.all() else np.lexsort((config, case))
