"""From failures, restarts, checkpoints and maintenance to the goodput of a cluster.

A column is a float or an array; columns broadcast. Nothing here checks anything, and NaN stays NaN,
but for `checkpoint_interval`, where it asks for the best one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.engine.rows import as_rows
from llmcost.formulas import reliability as formulas

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

INPUTS = {
    "failure_rate": "1/GPU/hour",
    "num_gpus": "GPU",
    "restart_time": "s",
    "checkpoint_time": "s",
    "checkpoint_interval": "s",
    "maintenance_share": "",
}
LOSSES = ("checkpoint_loss", "rework_loss", "restart_loss", "maintenance_loss")
OUTPUTS = {
    "mtbf": "hour",
    "checkpoint_interval": "s",
    "goodput": "",
    **dict.fromkeys(LOSSES, ""),
}


def goodput(columns: Mapping[str, Any]) -> dict[str, Floats]:
    """Return the OUTPUTS of every row, from the INPUTS in the units those tables state.

    Goodput and the LOSSES are shares of wall clock and sum to 1. A `checkpoint_interval` of NaN is
    replaced by the best one for the row.
    """
    c = columns
    mtbf = formulas.mtbf.kernel(num_gpus=c["num_gpus"], failure_rate=c["failure_rate"])
    times = {
        "mtbf": mtbf,
        "checkpoint_time": c["checkpoint_time"],
        "checkpoint_interval": _interval(c, mtbf),
    }
    outputs = {
        "mtbf": mtbf,
        "checkpoint_interval": times["checkpoint_interval"],
        "goodput": formulas.goodput.kernel(
            restart_time=c["restart_time"], maintenance_share=c["maintenance_share"], **times
        ),
        **_losses(c, times),
    }
    return as_rows(outputs)


def _interval(c: Mapping[str, Any], mtbf: Any) -> Any:  # noqa: ANN401
    """Return the work between two checkpoints [s]: the one given, else the best."""
    best = formulas.daly_interval.kernel(checkpoint_time=c["checkpoint_time"], mtbf=mtbf)
    return np.where(np.isnan(c["checkpoint_interval"]), best, c["checkpoint_interval"])


def _losses(c: Mapping[str, Any], times: Mapping[str, Any]) -> dict[str, Any]:
    """Return the LOSSES, each a share of wall clock."""
    maintenance = {"maintenance_share": c["maintenance_share"]}
    running = {
        "share_not_restarting": formulas.share_not_restarting.kernel(
            restart_time=c["restart_time"], mtbf=times["mtbf"]
        )
    }
    kept = {"share_kept": formulas.share_kept.kernel(**times)}
    saving = formulas.checkpoint_share.kernel(
        checkpoint_interval=times["checkpoint_interval"], checkpoint_time=times["checkpoint_time"]
    )
    return {
        "checkpoint_loss": formulas.checkpoint_loss.kernel(
            **running, **kept, checkpoint_share=saving, **maintenance
        ),
        "rework_loss": formulas.rework_loss.kernel(**running, **kept, **maintenance),
        "restart_loss": formulas.restart_loss.kernel(**running, **maintenance),
        "maintenance_loss": c["maintenance_share"],
    }
