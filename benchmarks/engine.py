"""Rows a second of the engine, for one model and many draws.

Run: python benchmarks/engine.py [ROWS]
"""

import statistics
import sys
import time

import numpy as np

from llmcost import architecture_from_config, count, engine
from llmcost.inputs import Assumptions, Cluster, Phase, Workload, as_columns
from llmcost.sampling import Spread, draw


def columns(rows):
    """Return the columns of a 405B run with drawn MFU, goodput and price."""
    from llmcost.catalog.models import model

    counts = count(architecture_from_config(model("llama-3.1-405b").config)[0])
    workload = Workload(
        (Phase(15e12, 8192),),
        counts.parameters,
        counts.active_parameters,
        counts.matmul_parameters,
        counts.attention,
    )
    cluster = Cluster(989.4e12, 16_000, Spread(2, 3, 4))
    assumptions = Assumptions(Spread(0.3, 0.4, 0.5), Spread(0.6, 0.85, 0.95))
    return as_columns(workload, cluster, assumptions, draw(assumptions.spreads(cluster), rows))


if __name__ == "__main__":
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    given = columns(number)
    taken = []
    for _ in range(7):
        start = time.perf_counter()
        out = engine.run(given)
        taken.append(time.perf_counter() - start)
    assert np.isfinite(out["cost"]).all()
    middle = statistics.median(taken)
    print(f"{number:,} rows in {middle * 1000:.0f} ms (median of 7): {number / middle:,.0f} rows/s")
