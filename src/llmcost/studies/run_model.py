"""One run as a model to evaluate: its inputs at their middle values, or drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost import engine, sampling
from llmcost.inputs import Assumptions, Cluster, Workload, as_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.sampling import Spread

    Floats = NDArray[np.float64]

MARKET = "rental market"
SCALES = (1024, 16384, 102400)


@dataclass(frozen=True, slots=True)
class RunModel:
    """A run with every uncertain input as a spread, by the engine's column names.

    `fixed` holds columns without a spread; `step_time` [s] is that of the modelled MFU.
    """

    workload: Workload
    cluster: Cluster
    assumptions: Assumptions
    factors: Mapping[str, Spread] = field(default_factory=dict)
    fixed: Mapping[str, float] = field(default_factory=dict)
    step_time: float | None = None

    @property
    def spreads(self) -> dict[str, Spread]:
        """Every input of the model that may be drawn, by column name."""
        return {**self.assumptions.spreads(self.cluster), **self.factors}

    @property
    def middle(self) -> dict[str, float]:
        """Every factor at its middle value."""
        return {name: spread.value for name, spread in self.factors.items()}

    def draws(self, count: int, seed: int) -> dict[str, Floats]:
        """Return `count` draws of every input; prices on all terms share their percentiles."""
        spreads = self.spreads
        streams = {name: MARKET for name in spreads if name.split("_")[0] == "price"}
        drawn = dict(sampling.draw(spreads, count, seed, streams))
        if self.assumptions.phase_recompute:
            return drawn
        uniform = sampling.uniform("recompute", count, seed)
        selective, full = self.assumptions.recompute_column(uniform)
        return drawn | {"recompute_selective": selective, "recompute_full": full}

    def goodput_by_scale(self) -> list[dict[str, float]]:
        """Return the goodput of this run on clusters of other sizes, at the middle values.

        Each with the hours between failures and the seconds between checkpoints.
        """
        sizes = {"parameters": self.workload.parameters, "num_gpus": np.array(SCALES)}
        columns = {**self.middle, **sizes}
        found = engine.failures(columns)
        return [
            {
                "num_gpus": number,
                "goodput": float(found["goodput"][row]),
                "mtbf": float(found["mtbf"][row]),
                "checkpoint_interval": float(found["checkpoint_interval"][row]),
            }
            for row, number in enumerate(SCALES)
        ]

    def evaluate(self, drawn: Mapping[str, Any] | None = None) -> dict[str, Floats]:
        """Return every result by name, one row a draw; without draws, one row of middle values.

        What `drawn` leaves out is at its middle value.
        """
        given = {**self.middle, **self.fixed, **(drawn or {})}
        columns = as_columns(self.workload, self.cluster, self.assumptions, given)
        results = engine.complete(columns)
        middle_mfu = self.assumptions.mfu
        if self.step_time is not None and middle_mfu is not None:
            slower = middle_mfu.value / np.asarray(given.get("mfu", middle_mfu.value))
            results["step_time"] = np.broadcast_to(self.step_time * slower, results["mfu"].shape)
        return results
