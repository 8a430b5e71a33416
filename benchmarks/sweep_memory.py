"""Memory of a sweep's workers, what a second worker is worth, and what Dask costs.

Every figure is read from the report of `llmcost sweep` and the receipts of its blocks:

- memory: the most that a worker held, for some evaluations and for many more of the same shape
  (another number of values on its axes, nothing else), at the default block size;
- workers: the same plan with one process and with two, in turns, median of the pairs' ratios;
- dask: 1 - seconds in blocks / (workers x wall clock) of the whole run, its start and its merge
  included, on a cluster of two workers of this machine, and the same with processes.

Run: python benchmarks/sweep_memory.py [memory] [workers] [dask] [--few 1e6] [--many 1e9]
     [--kernel compiled] [--evaluations 2e8] [--rounds 3]
"""

import argparse
import os
import platform
import statistics
import tempfile

from sweep import DRAWS, grid_of, sweep, told

# Fewest and most seconds that a run may take without being worth a word.
SHORT = 60
PRICES = 16
MB = 1e6


def plan_of(evaluations, kind):
    """Return a plan of about so many evaluations: layouts at prices and tokens, or with draws.

    A case has 2,650 layouts that fit; the inner axes make 400 configurations of each.
    """
    layouts = 2_650
    if kind == "draws":
        cases = max(round(evaluations / (layouts * DRAWS)), 1)
        shape = {"draws": {"count": DRAWS}, "keep": [{"quantiles": "cost"}]}
        if evaluations < layouts * DRAWS:
            shape["draws"] = {"count": max(round(evaluations / layouts), 100)}
        return {"grid": grid_of(cases), **shape}
    tokens = 25
    cases = max(round(evaluations / (layouts * PRICES * tokens)), 1)
    inner = {
        "price": [f"{1 + at / 8} USD/GPU/hour" for at in range(PRICES)],
        "tokens": [f"{at + 1}T" for at in range(tokens)],
    }
    keep = [{"best": "cost"}, {"pareto": ["cost", "wall_clock"]}]
    return {"grid": grid_of(cases, **inner), "keep": keep}


def run(plan, folder, options, engine, workers):
    """Run a plan; return its report and receipts, having said how long it took."""
    report, receipts = sweep(plan, folder, engine=engine, workers=workers, kernel=options.kernel)
    told(f"{engine}, {workers}: {report['evaluations']:,} in {report['seconds']:.1f} s")
    return report, receipts


def overhead(report):
    """Return the share of the workers' time that was not spent in blocks."""
    return 1 - report["block_seconds"] / (report["workers"] * report["seconds"])


def while_working(report):
    """Return the same while blocks ran, in words; nothing where the report does not tell."""
    if not report.get("working_seconds"):
        return ""
    share = 1 - report["block_seconds"] / (report["workers"] * report["working_seconds"])
    return f"; {share:.1%} from the start of the first block to the end of the last"


def by_worker(receipts):
    """Return the most memory that each process held [byte]."""
    most = {}
    for receipt in receipts:
        most[receipt["pid"]] = max(most.get(receipt["pid"], 0), receipt["peak_memory"])
    return most


def memory(options, folder):
    """Print the peak memory of workers for few and for many evaluations."""
    for kind in options.kinds:
        peaks = []
        for evaluations in (options.few, options.many[kind]):
            report, receipts = run(plan_of(evaluations, kind), folder, options, "processes", 2)
            peak = max(by_worker(receipts).values())
            peaks.append(peak)
            print(
                f"memory, {kind}, {options.kernel}: {report['evaluations']:>13,} evaluations in "
                f"{report['blocks']:,} blocks: peak of a worker {peak / MB:,.0f} MB "
                f"({report['seconds']:.1f} s, "
                f"{report['evaluations'] / report['seconds']:,.0f} evaluations/s)"
            )
        print(f"memory, {kind}: {peaks[1] / peaks[0] - 1:+.1%} from the few to the many")


def workers(options, folder):
    """Print how many times as fast two processes are as one."""
    for kind in options.kinds:
        plan, ratios, shares = plan_of(options.evaluations, kind), [], []
        for _ in range(options.rounds):
            one, two = (run(plan, folder, options, "processes", count)[0] for count in (1, 2))
            ratios.append(one["seconds"] / two["seconds"])
            shares.append(two["block_seconds"] / one["block_seconds"])
            short = "" if two["seconds"] > SHORT else f" (under {SHORT} s: starting weighs more)"
        print(
            f"workers, {kind}, {options.kernel}: {one['evaluations']:,} evaluations in "
            f"{one['blocks']} blocks, {one['seconds']:.1f} s with one and {two['seconds']:.1f} s "
            f"with two{short}: {statistics.median(ratios):.2f} times as fast (median of "
            f"{options.rounds}; {', '.join(f'{each:.2f}' for each in ratios)}); seconds in blocks "
            f"{statistics.median(shares):.2f} times those of one"
        )


def dask(options, folder):
    """Print the overhead of a cluster of two workers on this machine, beside processes."""
    for kind in options.kinds:
        plan = plan_of(options.evaluations, kind)
        for _ in range(options.rounds):
            for engine in ("dask", "processes"):
                report, _ = run(plan, folder, options, engine, 2)
                print(
                    f"{engine}, {kind}, {options.kernel}: {report['evaluations']:,} evaluations in "
                    f"{report['blocks']} blocks, {report['seconds']:.1f} s with "
                    f"{report['workers']} workers, {report['block_seconds']:.1f} s in blocks: "
                    f"overhead {overhead(report):.1%}{while_working(report)}"
                )


PARTS = {"memory": memory, "workers": workers, "dask": dask}


def asked():
    """Return the options of the command."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="what to measure: all")
    parser.add_argument("--few", type=float, default=1e6, help="evaluations of the small sweep")
    parser.add_argument("--many", type=float, default=1e9, help="evaluations of the large sweep")
    parser.add_argument("--many-draws", type=float, help="the same for draws  [as --many]")
    parser.add_argument("--evaluations", type=float, default=2e8, help="of workers and dask")
    parser.add_argument("--kinds", nargs="+", choices=["inner", "draws"], default=["inner"])
    parser.add_argument("--kernel", choices=["numpy", "compiled"], default="compiled")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    options.many = {"inner": options.many, "draws": options.many_draws or options.many}
    return options


def main(options):
    """Measure and print what was asked for."""
    print(
        f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; Python {platform.python_version()}"
    )
    with tempfile.TemporaryDirectory() as folder:
        # Compiles the kernel and keeps it on disk, so that no worker holds the compiler.
        for kind in options.kinds:
            run(plan_of(options.few, kind), folder, options, "processes", 1)
        for part in options.parts or PARTS:
            PARTS[part](options, folder)


if __name__ == "__main__":
    main(asked())
