"""Blocks made of arithmetic, quick and with faults on order: what sweeps are run on in tests.

The plan's `fixed` says what happens: `blocks`, `sleep` [s] a block, `marks` (a file that gets the
number of every block that is computed), `die` (blocks that kill their process; with `once` a
prefix of files, only the first time), `fail` and `memory` (blocks that raise), `interrupt` (blocks
that interrupt their process so many times), `held` (blocks from that number on wait until the file
`gate` is there; those from `again` on for the file `second`). Run as a program it is a driver:
`python -m tests.sweep_blocks FOLDER ARGUMENTS PLAN`, both as JSON.
"""

import json
import os
import signal
import sys
import time
from dataclasses import asdict, dataclass

import numpy as np

from llmcost.errors import LlmcostError
from llmcost.studies.sweeping.axes import Axis
from llmcost.studies.sweeping.batch import Batch
from llmcost.studies.sweeping.driver import run_sweep
from llmcost.studies.sweeping.keeps import Keep
from llmcost.studies.sweeping.plan import Plan
from llmcost.studies.sweeping.reducers import reducer_of

RUNNER = "tests.sweep_blocks"
ROWS = 50


@dataclass(frozen=True)
class Blocking:
    """As many blocks as the plan says."""

    blocks: int
    evaluations: int

    def to_dict(self):
        return asdict(self)

    @classmethod
    def from_dict(cls, values):
        return cls(**values)


@dataclass(frozen=True)
class Result:
    """What a block hands back."""

    tables: dict
    evaluations: int
    configurations: int
    skipped: list
    seconds: float


def plan_of(blocks=8, sleep=0.0, **orders):
    """Return a plan of so many blocks that keeps the best, the front and all rows."""
    keeps = (
        Keep(kind="best", name="best-cost", of=("cost",), per=("num_gpus",)),
        Keep(kind="pareto", name="front", of=("cost", "wall_clock")),
        Keep(kind="rows", name="rows", of=("cost",)),
    )
    axes = (Axis("gpu", ("h100-sxm",)), Axis("num_gpus", (8, 16)))
    return Plan(axes=axes, fixed={"blocks": blocks, "sleep": sleep, **orders}, keeps=keeps)


def blocking_of(plan):
    """Return the blocks of a plan."""
    return Blocking(plan.fixed["blocks"], plan.fixed["blocks"] * ROWS)


def costs_of(number):
    """Return the costs in a block: scattered, and without two alike in a thousand."""
    return ((np.arange(ROWS) * 7919 + number * 104729) % 1009 + 1.0) * 1e3


def run_block(plan, blocking, number, kernel):
    """Return what a block holds, after what was ordered has happened."""
    orders = plan.fixed
    time.sleep(orders["sleep"])
    for first, gate in (("held", "gate"), ("again", "second")):
        while number >= orders.get(first, np.inf) and not os.path.exists(orders[gate]):
            time.sleep(0.01)
    if "marks" in orders:
        with open(orders["marks"], "a", encoding="utf-8") as marks:
            marks.write(f"{number}\n")
    _misbehave(orders, number)
    cost = costs_of(number)
    middle = {"cost": cost, "wall_clock": 1e6 / cost, "gpu_hours": cost, "step_time": cost}
    batch = Batch(
        axes=("gpu", "num_gpus"),
        case={"gpu": "h100-sxm"},
        inner={"num_gpus": np.arange(ROWS) % 2 * 8.0 + 8},
        layouts=None,
        middle={**middle, "mfu": cost * 0 + 0.4},
        draws={},
        config=np.arange(ROWS),
        case_number=number,
    )
    reducers = {keep.name: reducer_of(keep, plan) for keep in plan.keeps}
    for reducer in reducers.values():
        reducer.add(batch)
    tables = {name: reducer.table() for name, reducer in reducers.items()}
    skipped = [{"gpu": "a100-sxm-80gb", "reason": "no fp8"}] if number % 4 == 0 else []
    return Result(tables, ROWS, ROWS, skipped, 0.0)


def _misbehave(orders, number):
    if number in orders.get("die", ()):
        once = orders.get("once")
        if once is None or not os.path.exists(f"{once}-{number}"):
            if once is not None:
                open(f"{once}-{number}", "w").close()
            os.kill(os.getpid(), signal.SIGKILL)
    for _ in range(dict(orders.get("interrupt", ())).get(number, 0)):
        signal.raise_signal(signal.SIGINT)
    if number in orders.get("fail", ()):
        raise ZeroDivisionError("on purpose")
    if number in orders.get("memory", ()):
        raise MemoryError


def main(folder, arguments, orders):
    """Run a sweep as a command would, with its exit codes."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        report = run_sweep(
            plan_of(**json.loads(orders)), folder, runner=RUNNER, **json.loads(arguments)
        )
    except LlmcostError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 2
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        return 130
    sys.stderr.write(f"{report.outcome}\n{' | '.join(report.lost)}\n")
    return 130 if report.interrupted else 0


if __name__ == "__main__":
    # The module by its name, as workers know it.
    from tests.sweep_blocks import main as start

    sys.exit(start(*sys.argv[1:]))
