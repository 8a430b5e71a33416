"""Layouts a second: the complete search for Llama 3.1 405B, and the engine on mixed rows.

Prints the size of the space, the time of a search and of one layout, layouts a second on one and
two threads at full fidelity (every part of the step and of the memory), and the share of the
machine's memory bandwidth that their columns take, held against a plain copy (what lies between
stays in the cache). "As searched" means that layouts which differ in recomputation alone share what
it changes nothing of. Two threads are worth what the machine has idle: see its load first.

Run: python benchmarks/layouts.py [ROWS]
"""

import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from llmcost import architecture_from_config, engine
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.models import model
from llmcost.enumeration import Limits, enumerate_layouts
from llmcost.machine import Machine
from llmcost.studies.searching import (
    CHUNK,
    THREADS,
    folded,
    keep_memory,
    narrowed,
    search_layouts,
    usual_limits,
)
from llmcost.studies.stepping import rows_of, step_inputs

GPUS, SEQ_LENGTH, BATCH = 16_384, 8192, 2048
COPIED = 2**27  # bytes


def median_time(function, times=7):
    """Return the median and the least time of a function [s], and what it returned last."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        out = function()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken), min(taken), out


def copy_bandwidth():
    """Return the bytes a second that two threads copy, read and written both counted."""
    halves = [(np.ones(COPIED // 16), np.empty(COPIED // 16)) for _ in range(THREADS)]

    def copy():
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(lambda pair: np.copyto(pair[1], pair[0]), halves))

    copy()
    return 2 * THREADS * (COPIED // 2) / median_time(copy)[1]


def whole_engine(parts, threads):
    """Evaluate step and memory of every part, and return the bytes of the answers."""

    def one(part):
        columns = narrowed(part)
        outputs = [*engine.step(columns).values(), *engine.memory(columns).values()]
        return sum(np.asarray(each).nbytes for each in outputs)

    if threads == 1:
        return sum(map(one, parts))
    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(one, parts))


def mixed_rows(found, rows):
    """Return columns with rows drawn at random from those found, all their recomputation each."""
    kinds = len(Limits().recompute)
    groups = found["data_parallel"].size // kinds
    drawn = np.random.default_rng(20240723).integers(0, groups, rows // kinds)
    every = (drawn[:, None] * kinds + np.arange(kinds)).ravel()
    return {name: column[every] for name, column in found.items()}


def print_rates(name, columns, rows, bandwidth):
    """Print how fast the engine goes through columns on one and on two threads."""
    held = columns["data_parallel"].size
    parts = [rows_of(columns, slice(at, at + CHUNK)) for at in range(0, held, CHUNK)]
    read = sum(np.asarray(c).nbytes for c in columns.values() if np.size(c) == held)
    for threads in (1, THREADS):
        middle, least, written = median_time(partial(whole_engine, parts, threads))
        moved = (read + written) / middle
        print(
            f"{rows:,} mixed rows, {name}, {threads} thread{'s' * (threads > 1)}: "
            f"{rows / middle:,.0f} layouts/s, {middle / rows * 1e9:.0f} ns each (median of 7; "
            f"least {least / rows * 1e9:.0f}); columns in and out {moved / 1e9:.2f} GB/s, "
            f"{moved / bandwidth:.1%} of a copy's {bandwidth / 1e9:.1f} GB/s"
        )


def main(rows):
    """Print every figure."""
    keep_memory()
    architecture = architecture_from_config(model("llama-3.1-405b").config)[0]
    machine = Machine(accelerator("h100-sxm"), "bf16")
    where = (architecture, machine, GPUS, SEQ_LENGTH, BATCH)
    for name, limits in (("usual", usual_limits(machine, GPUS)), ("widest", Limits())):
        middle, least, found = median_time(lambda each=limits: search_layouts(*where, limits=each))
        best = found.best[0]
        print(
            f"complete search, {name} limits: {found.space:,} legal layouts, {found.fitting:,} "
            f"fit; {middle * 1e3:.1f} ms (median of 7; least {least * 1e3:.1f}); "
            f"best {best.step_time:.2f} s a step, MFU {best.mfu:.1%}"
        )
    space = enumerate_layouts(architecture, GPUS, SEQ_LENGTH, BATCH, limits=Limits())
    flat = mixed_rows(space, rows)
    rows = flat["data_parallel"].size
    kinds, bandwidth = len(Limits().recompute), copy_bandwidth()
    for name, layouts in (("each by itself", flat), ("as searched", folded(flat, kinds))):
        columns = step_inputs(architecture, machine, layouts, GPUS)
        print_rates(name, columns, rows, bandwidth)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
