"""The engine in NumPy and compiled, side by side, and how near each is to what the machine allows.

In one run, on one core and on two: the bandwidth of a triad and the FLOP/s of a matmul; then
evaluations a second of (a) layouts as a sweep goes through them (a step and its memory; those that
differ in recomputation alone share the rest), (a1) layouts each by itself, (b) costs of drawn
inputs, and (a + b) both together. FLOP and bytes of an evaluation are counted in the trace; the
bound is the slower of bytes at the bandwidth of the triad and FLOP at the rate of the matmul, whose
every operation is a fused product and sum. Rounds of all go in turn, and the best of each counts.

Times are those of the processor that each thread had, so that other programs on the machine take
nothing away but cache and clock; with "wall" as the last word they are those of the clock.

Run: python benchmarks/compiled.py [MODEL] [ROUNDS] [wall]
"""
# ruff: noqa: E402 - threads of linear algebra are set before NumPy is there

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np

from llmcost import architecture_from_config, engine
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.models import model
from llmcost.enumeration import Limits, enumerate_layouts
from llmcost.inputs import as_columns
from llmcost.machine import Machine
from llmcost.studies.estimation import prepare
from llmcost.studies.searching import CHUNK, folded, keep_memory, narrowed
from llmcost.studies.stepping import rows_of, step_inputs
from llmcost.studies.sweeping.compiled import CompiledKernel
from llmcost.studies.sweeping.kernels import NumpyKernel
from llmcost.tracing import compile_kernel, trace

GPUS, SEQ_LENGTH, BATCH = 16_384, 8192, 2048
STEP = ("step_time", "total_memory", "fits")
COST = ("cost", "wall_clock", "gpu_hours", "mfu", "owned_cost", "energy", "carbon")
CHUNKS, CORES = 6, (1, 2)
TRIAD, SQUARE = 4_000_000, 768


def layouts_and_time(columns):
    """Return what a sweep asks of a layout."""
    held = engine.memory(columns)["total"]
    return {
        "step_time": engine.step(columns)["step_time"],
        "total_memory": held,
        "fits": engine.fits(held, columns["device_memory"]),
    }


class Work:
    """A function of the engine on chunks of rows, in NumPy and compiled."""

    def __init__(self, name, function, columns, rows, outputs, sizes, each=1):
        """Take columns with `sizes`: rows of a compiled call, and of one of NumPy."""
        self.name, self.each = name, each
        count = columns[rows[0]].shape[-1]
        parts = chunks_of(columns, rows, 0, count, sizes[0])
        self.smaller = [
            chunks_of(columns, rows, at, min(at + sizes[0], count), sizes[1])
            for at in range(0, count, sizes[0])
        ]
        self.function = function
        start = time.perf_counter()
        traced = trace(function, parts[0], rows)
        middle = time.perf_counter()
        self.kernel = compile_kernel(traced, outputs)
        self.times = middle - start, time.perf_counter() - middle
        self.flop = sum(traced.flop_of(outputs).values()) / each
        self.kinds = traced.flop_of(outputs)
        self.bytes = traced.bytes_of(outputs) / each
        self.evaluations = sum(part[rows[0]].shape[-1] for part in parts) * each
        self.given = [{name: part[name] for name in rows} for part in parts]

    def in_numpy(self, at):
        """Evaluate one chunk in NumPy, by pieces that suit a cache."""
        with np.errstate(all="ignore"):
            return [self.function(narrowed(piece)) for piece in self.smaller[at]]

    def compiled(self, at):
        """Evaluate one chunk by the compiled kernel."""
        return self.kernel(self.given[at])

    def error(self):
        """Return the largest relative difference of the two."""
        worst = 0.0
        for at in range(2):
            wanted, found = self.in_numpy(at), self.compiled(at)
            for name, values in found.items():
                shape = (*values.shape[:-1], values.shape[-1] // len(wanted))
                exact = [np.broadcast_to(piece[name], shape) for piece in wanted]
                exact = np.concatenate(exact, axis=-1).astype(float)
                with np.errstate(all="ignore"):
                    off = np.abs(values - exact) / np.abs(exact)
                worst = max(worst, float(np.max(np.where(values == exact, 0.0, off))))
        return worst


def chunks_of(columns, rows, first, last, size):
    """Return columns with some of their rows, so many in each."""
    return [
        {**columns, **rows_of({name: columns[name] for name in rows}, slice(at, at + size))}
        for at in range(first, last, size)
    ]


def layout_work(name, fold):
    """Return layouts of a model drawn at random, of all kinds."""
    architecture = architecture_from_config(model(name).config)[0]
    machine = Machine(accelerator("h100-sxm"), "bf16")
    space = enumerate_layouts(architecture, GPUS, SEQ_LENGTH, BATCH, limits=Limits())
    kinds = len(Limits().recompute)
    found = folded(space, kinds) if fold else space
    picked = np.random.default_rng(20261122).integers(
        0, found["data_parallel"].size, CHUNK * CHUNKS
    )
    own = ("recompute_selective", "recompute_full") if fold else ()
    layouts = {key: one if key in own else one[picked] for key, one in found.items()}
    columns = {**step_inputs(architecture, machine, layouts, GPUS), "seq_length": SEQ_LENGTH * 1.0}
    rows = [key for key in layouts if key not in (*own, "seq_length")]
    title = "a: layouts, as searched" if fold else "a1: layouts, each by itself"
    return Work(title, layouts_and_time, columns, rows, STEP, (CHUNK, CHUNK), kinds if fold else 1)


def cost_work(name):
    """Return drawn inputs of a run."""
    run = prepare(model=name, tokens=15e12, gpu="h100-sxm", num_gpus=GPUS).model
    count = CompiledKernel.rows * CHUNKS
    given = {**run.middle, **run.fixed, **run.draws(count, 1)}
    columns = as_columns(run.workload, run.cluster, run.assumptions, given)
    rows = [key for key, column in columns.items() if np.shape(column)[-1:] == (count,)]
    sizes = CompiledKernel.rows, NumpyKernel.rows
    return Work("b: costs of draws", engine.complete, columns, rows, COST, sizes)


def rate_of(function, calls, amount, cores, clock):
    """Return the work a second of calls of a function with their number, `amount` each."""

    def several(first):
        start = clock()
        for at in range(first, calls, cores):
            function(at)
        return amount * len(range(first, calls, cores)) / (clock() - start)

    if cores == 1:
        return several(0)
    with ThreadPoolExecutor(cores) as pool:
        return sum(pool.map(several, range(cores)))


def machine_work():
    """Return what the machine does: name, unit, work of a call, the call, calls."""
    triads = [[np.ones(TRIAD) for _ in range(3)] for _ in range(2)]
    squares = [[np.ones((SQUARE, SQUARE)) for _ in range(3)] for _ in range(2)]

    def triad(at):
        a, b, c = triads[at % 2]
        np.multiply(c, 3.0, out=a)
        np.add(a, b, out=a)

    def matmul(at):
        a, b, c = squares[at % 2]
        np.matmul(a, b, out=c)

    # NumPy has no triad of its own: two passes over two and three arrays, 40 bytes an element.
    return (
        ("triad", "byte", 40 * TRIAD, triad, 4),
        ("matmul", "FLOP", 2 * SQUARE**3, matmul, 8),
    )


def measured(machine, works, rounds, clock):
    """Return the best rate of everything [1/s], by name and cores, from rounds that go in turn."""
    best = {}
    for _ in range(rounds):
        for cores in CORES:
            for name, _, amount, call, calls in machine:
                rate = rate_of(call, calls, amount, cores, clock)
                best[name, cores] = max(rate, best.get((name, cores), 0.0))
            for work in works:
                for way in (work.in_numpy, work.compiled):
                    key = work.name, way.__name__, cores
                    rate = rate_of(way, CHUNKS, work.evaluations / CHUNKS, cores, clock)
                    best[key] = max(rate, best.get(key, 0.0))
    return best


def print_works(works, best):
    """Print evaluations a second of everything, and their share of the bound."""
    for work in works:
        print(
            f"\n{work.name}: {work.flop:,.0f} FLOP and {work.bytes:,.0f} bytes an evaluation; "
            f"traced in {work.times[0]:.2f} s, compiled or loaded in {work.times[1]:.2f} s; "
            f"largest difference {work.error():.1e}"
        )
        print(f"  FLOP by kind: {', '.join(f'{k} {n}' for k, n in work.kinds.items())}")
        for cores in CORES:
            rate = {way: best[work.name, way, cores] for way in ("in_numpy", "compiled")}
            bound = min(best["triad", cores] / work.bytes, best["matmul", cores] / work.flop)
            print(
                f"  {cores} core{'s' * (cores > 1)}: NumPy {rate['in_numpy'] / 1e6:.2f}M/s "
                f"({rate['in_numpy'] / bound:.1%} of the bound), compiled "
                f"{rate['compiled'] / 1e6:.2f}M/s ({rate['compiled'] / bound:.1%}), "
                f"{rate['compiled'] / rate['in_numpy']:.1f} times; bound {bound / 1e6:.0f}M/s"
            )


def print_both(first, second, best):
    """Print evaluations of a layout and its cost together, one after the other."""
    print("\na + b: a layout, its memory and step, and the cost of a draw, one each")
    for cores in CORES:
        rate = {}
        for way in ("in_numpy", "compiled"):
            rate[way] = 1.0 / sum(1.0 / best[work.name, way, cores] for work in (first, second))
        print(
            f"  {cores} core{'s' * (cores > 1)}: NumPy {rate['in_numpy'] / 1e6:.2f}M/s, compiled "
            f"{rate['compiled'] / 1e6:.2f}M/s, {rate['compiled'] / rate['in_numpy']:.1f} times"
        )


def main(name, rounds, clock):
    """Print every figure."""
    print(f"{name}; load when it began {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    keep_memory()
    works = [layout_work(name, True), layout_work(name, False), cost_work(name)]
    machine = machine_work()
    best = measured(machine, works, rounds, clock)
    for kind, unit, *_ in machine:
        told = (f"{best[kind, cores] / 1e9:.1f} G{unit}/s on {cores}" for cores in CORES)
        print(f"{kind}: {', '.join(told)}")
    print_works(works, best)
    print_both(works[0], works[2], best)
    print(f"\nload when it ended {os.getloadavg()[0]:.1f}; best of {rounds} rounds")


if __name__ == "__main__":
    given = [word for word in sys.argv[1:] if word != "wall"]
    main(
        given[0] if given else "llama-3.1-405b",
        int(given[1]) if len(given) > 1 else 15,
        time.perf_counter if "wall" in sys.argv else time.thread_time,
    )
