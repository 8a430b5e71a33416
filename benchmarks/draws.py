"""Time of many draws of the complete cost model: all inputs drawn, every cost of a development.

Run: python benchmarks/draws.py [DRAWS] [RUNS]

"Draws" is what a question costs again and again: drawing every uncertain input and evaluating the
whole model on them, failures, ownership, energy and development included. "Answer" adds what is
done once: choosing the inputs, the layout search behind the MFU, and the summary of each result.
"""

import os
import platform
import statistics
import sys
import time

import numpy as np

from llmcost.studies.estimation import prepare, simulate

RUN = {
    "model": "llama-3.1-405b",
    "tokens": "15T",
    "gpu": "h100-sxm",
    "num_gpus": "16000",
    "scope": "development",
    "as_of": "2026-09-06",
    "today": "2026-10-01",
}
SEED = 20240723


def processor():
    """Return the name of the processor, where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            named = [line.partition(":")[2] for line in file if line.startswith("model name")]
    except OSError:
        named = []
    return named[0].strip() if named else platform.processor() or platform.machine()


def timed(runs, work):
    """Return the seconds that each of so many runs of `work` took, after one that is not timed."""
    work()
    taken = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return taken


def told(name, taken):
    """Print the median and the best of the times."""
    print(
        f"{name:<28} median {statistics.median(taken) * 1000:7.0f} ms   "
        f"best {min(taken) * 1000:7.0f} ms"
    )


if __name__ == "__main__":
    draws = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    model = prepare(**RUN).model
    drawn = model.draws(draws, SEED)
    results = model.evaluate(drawn)
    uncertain = sum(not one.exact for one in model.spreads.values())
    finite = sum(bool(np.isfinite(values).all()) for values in results.values())
    assert np.isfinite(results["development_cost"]).all()
    print(
        f"{processor()}, {os.cpu_count()} CPUs; Python {platform.python_version()}, "
        f"NumPy {np.__version__}"
    )
    print(
        f"{draws:,} draws of {uncertain} uncertain inputs; {len(results)} results, "
        f"{finite} of them known; {runs} runs"
    )
    told("drawing the inputs", timed(runs, lambda: model.draws(draws, SEED)))
    told("evaluating the model", timed(runs, lambda: model.evaluate(drawn)))
    told("draws (both)", timed(runs, lambda: model.evaluate(model.draws(draws, SEED))))
    told("answer (all of simulate)", timed(runs, lambda: simulate(**RUN, draws=draws, seed=SEED)))
