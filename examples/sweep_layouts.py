"""Which cluster trains a 70B model at the least cost? Every layout of a grid, from Python."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from llmcost import plan_from, run_sweep

PLAN = {
    "grid": {
        "gpu": ["h100-sxm", "b200-sxm"],
        "gpus": "logspace 256..2048 by 4",
        "layout": "all legal",
    },
    "fixed": {"model": "llama-3.1-70b", "tokens": "15T"},
    "keep": [
        {"best": "cost", "per": ["gpu", "gpus"]},
        {"pareto": ["cost", "wall-clock"]},
    ],
}


def main() -> None:
    """Run the grid, and read what was kept of it."""
    with TemporaryDirectory() as folder:
        report = run_sweep(plan_from(PLAN), Path(folder) / "layouts")
        print(f"{report.evaluations:,} evaluations: {report.outcome}")
        best = pd.read_parquet(report.results["best-cost"])
        front = pd.read_parquet(report.results["pareto-cost-wall-clock"])
    shown = ["gpu", "num_gpus [GPU]", "layout", "cost [USD]", "wall_clock [day]"]
    print(best[shown].to_string(index=False))
    print(f"{len(front)} of them are on the front of cost against wall clock")


if __name__ == "__main__":
    main()
