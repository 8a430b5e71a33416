"""How fast reducers take in configurations: batches of 100,000, and of 262 with 1,000 draws each.

Run `python benchmarks/reducers.py`. Times are processor times, the fastest of several passes; a new
reducer takes in its first batch ("first") and then more of the same kind ("next").
"""

from time import process_time

import numpy as np

from llmcost.studies.sweeping.axes import Axis
from llmcost.studies.sweeping.batch import Batch
from llmcost.studies.sweeping.keeps import Keep
from llmcost.studies.sweeping.plan import Plan
from llmcost.studies.sweeping.reducers import final, merged, reducer_of
from llmcost.studies.sweeping.reducers.sketch import Sketch

ROWS, DRAWS, FEW, PASSES = 100_000, 1000, 262, 5
PRICES = tuple(f"{1 + at / 16} USD/GPU/hour" for at in range(50))
KEEPS = (
    Keep("best", "best", ("cost",)),
    Keep("best", "best of 10", ("cost",), top=10),
    Keep("best", "best per price", ("cost",), per=("price",)),
    Keep("best", "best of 10 per price", ("cost",), per=("price",), top=10),
    Keep("pareto", "front of 2", ("cost", "wall_clock")),
    Keep("pareto", "front of 2 per price", ("cost", "wall_clock"), per=("price",)),
    Keep("pareto", "front of 3", ("cost", "wall_clock", "energy")),
    Keep("quantiles", "quantiles", ("cost",)),
    Keep("quantiles", "quantiles per price", ("cost",), per=("price",)),
    Keep("histogram", "histogram", ("cost",)),
    Keep("rows", "rows", ("cost", "wall_clock")),
)
DRAWN = (
    Keep("best", "best by cost.high", ("cost.high",)),
    Keep("quantiles", "quantiles", ("cost",), per=("model",)),
    Keep("quantiles", "quantiles per price", ("cost",), per=("price",)),
    Keep("rows", "rows", ("cost",)),
)
RESULTS = ("cost", "wall_clock", "gpu_hours", "mfu", "step_time", "energy")


def plan_of(draws):
    """Return a plan with what reducers read of it."""
    return Plan((Axis("model", ("a", "b", "c")), Axis("price", PRICES)), {}, (), draws)


def batch_of(number, rows, draws):
    """Return a batch of costs and times that pull in opposite directions, with noise."""
    generator = np.random.default_rng(number)
    time = generator.lognormal(3, 0.5, rows)
    noise = {name: generator.lognormal(5, 1, rows) for name in RESULTS}
    middle = {**noise, "wall_clock": time, "cost": noise["cost"] / np.sqrt(time)}
    config = np.arange(rows)
    return Batch(
        axes=("model", "price"),
        case={"model": "abc"[number % 3]},
        inner={"price": (1 + np.arange(50) / 16)[config % 50]},
        layouts=None,
        middle=middle,
        draws={"cost": generator.lognormal(12, 1, (rows, draws))} if draws else {},
        config=config,
        case_number=number,
    )


def fastest(work, passes=PASSES):
    """Return the fewest seconds that `work` took."""
    took = []
    for _ in range(passes):
        start = process_time()
        work()
        took.append(process_time() - start)
    return min(took)


def one(keep, plan, batches):
    """Return seconds of the first batch, of a later one, of the table, and the rows it has."""
    first, later = [], []
    for _ in range(PASSES):
        reducer = reducer_of(keep, plan)
        for at, batch in enumerate(batches):
            start = process_time()
            reducer.add(batch)
            (later if at else first).append(process_time() - start)
    return min(first), min(later), fastest(reducer.table, 1), reducer.table()


def report(keeps, rows, draws):
    """Print one line a keep."""
    plan = plan_of(draws)
    batches = [batch_of(number, rows, draws) for number in range(3)]
    values = rows * max(draws, 1)
    print(f"{rows:,} configurations x {max(draws, 1):,} a batch")
    for keep in keeps:
        first, later, table, partial = one(keep, plan, batches)
        parts = [partial] * 64 if keep.kind != "rows" else [partial]
        merging = fastest(lambda: final(keep, plan, merged(keep, plan, parts)), 1)  # noqa: B023
        print(
            f"  {keep.name:22} first {first * 1e3:8.2f} ms, next {later * 1e3:8.2f} ms"
            f" ({values / later / 1e6:6.0f} M values/s), table {table * 1e3:6.1f} ms,"
            f" {partial.num_rows:6} rows, {len(parts)} merged in {merging * 1e3:6.1f} ms"
        )


def main():
    """Print every line."""
    report(KEEPS, ROWS, 0)
    report(DRAWN, FEW, DRAWS)
    values = np.random.default_rng(0).lognormal(12, 1, FEW * DRAWS)
    counts = Sketch()
    took = fastest(lambda: counts.add(np.array([0]), None, values), 20)
    print(f"buckets alone: {values.size / took / 1e6:.0f} M values/s")


if __name__ == "__main__":
    main()
