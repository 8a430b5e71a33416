"""Engines: who computes the blocks of a sweep. Each is one class behind one small interface."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from llmcost.errors import InputError, UnknownNameError
from llmcost.studies.sweeping.jobs import Done, Failure, Job

ENGINES = {
    "serial": "llmcost.studies.sweeping.engines.serial:Serial",
    "processes": "llmcost.studies.sweeping.engines.processes:Processes",
    "dask": "llmcost.studies.sweeping.engines.dask:Dask",
}
AUTO = "auto"
# Evaluations below which starting processes takes longer than they save.
WORTH_PROCESSES = 5_000_000
# Where a container of Linux has its share of the processors.
CGROUP = Path("/sys/fs/cgroup/cpu.max")
# A block that ends its worker so many times is given up.
MOST_DEATHS = 3


@dataclass(frozen=True, slots=True)
class Options:
    """How many workers and where: `None` for as many as there are CPUs, and for this machine."""

    workers: int | None = None
    scheduler: str | None = None


class Events(Protocol):
    """What an engine tells the driver, and asks of it."""

    def done(self, done: Done) -> None:
        """Take a finished block."""

    def failed(self, failure: Failure) -> None:
        """Take a block that cannot be done; the run then stops as after an interrupt."""

    def lost(self, text: str) -> None:
        """Take a sentence about a worker that died."""

    def tick(self) -> None:
        """Take note that time goes by."""

    def stopping(self) -> bool:
        """Return whether no further block is to be started."""


class Engine(Protocol):
    """Computes blocks; `workers` is how many at a time, known once it runs."""

    workers: int

    def __init__(self, options: Options) -> None: ...

    def run(self, job: Job, numbers: Iterator[int], events: Events) -> None:
        """Compute blocks until none is left or the driver stops; end every process it started."""


def engine_named(name: str, options: Options, evaluations: int) -> tuple[str, Engine]:
    """Return the engine of a name with the name; `auto` chooses by the size of the sweep.

    Raises InputError for options that fight, UnknownNameError for an engine that is none.
    """
    chosen = _chosen(name, options, evaluations)
    if chosen not in ENGINES:
        raise UnknownNameError(
            "engine", name, [AUTO, *ENGINES], f"Known: auto, {', '.join(ENGINES)}."
        )
    _check(chosen, options)
    module, _, kind = ENGINES[chosen].partition(":")
    engine: Engine = getattr(import_module(module), kind)(options)
    return chosen, engine


def usable_cpus(limit: Path = CGROUP) -> int:
    """Return how many CPUs this process may use: those it may run on, at most its container's."""
    return max(1, min(_cpus(), _share_of_container(limit)))


def _share_of_container(limit: Path) -> int:
    """Return the CPUs that a container has for its time (`200000 100000` is two), rounded up."""
    try:
        given, period = limit.read_text(encoding="ascii").split()
        return -(-int(given) // int(period))
    except (OSError, ValueError, ZeroDivisionError):  # No container, or "max": no limit.
        return _cpus()


def _cpus() -> int:
    count = getattr(os, "process_cpu_count", None)
    if count is not None:
        return count() or 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1


def gave_up(block: int, how: str, times: int = MOST_DEATHS) -> Failure:
    """Return the failure of a block that ended its worker too often."""
    message = (
        f"Block {block} ended its worker {times} times ({how}); most often it needs more "
        "memory than there is. Needs fewer workers, or a new plan with a smaller [block] size. "
        "Blocks that are done stay; the same command tries the others."
    )
    return Failure(block, message, InputError, (message,))


def _chosen(name: str, options: Options, evaluations: int) -> str:
    if name != AUTO:
        return name
    if options.scheduler:
        return "dask"
    if options.workers is not None:
        return "processes" if options.workers > 1 else "serial"
    return "processes" if evaluations >= WORTH_PROCESSES and usable_cpus() > 1 else "serial"


def _check(name: str, options: Options) -> None:
    if options.workers is not None and options.workers < 1:
        raise InputError(f"workers: got {options.workers}; needs 1 or more")
    if options.scheduler and name != "dask":
        raise InputError(
            f"scheduler: got {options.scheduler!r} with the engine {name}; needs the engine dask, "
            "or no scheduler"
        )
    if options.scheduler and options.workers is not None:
        raise InputError(
            f"workers: got {options.workers} with a scheduler, which has its own workers; "
            "leave one of the two out"
        )
    if name == "serial" and (options.workers or 1) > 1:
        raise InputError(
            f"workers: got {options.workers} with the engine serial, which is one process; needs "
            "the engine processes"
        )
