"""Running a sweep: its folder, the blocks that are missing, an engine, and the results."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmcost.errors import InputError, MissingExtraError, one_of, shown
from llmcost.studies.sweeping.engines import AUTO, WORTH_PROCESSES, Options, engine_named
from llmcost.studies.sweeping.folder import SCHEMA, Folder, claim, made_by
from llmcost.studies.sweeping.jobs import RUNNER, Job
from llmcost.studies.sweeping.kernels import COMPILED, KERNELS, NUMPY, can_compile
from llmcost.studies.sweeping.merging import Merged, merge, read_merged
from llmcost.studies.sweeping.progress import Report
from llmcost.studies.sweeping.reducers.schema import arrow
from llmcost.studies.sweeping.running import Run, SweepReport
from llmcost.studies.sweeping.signals import interruptible
from llmcost.studies.sweeping.writing import make_folder

if TYPE_CHECKING:
    from llmcost.studies.sweeping.plan import Plan


def run_sweep(
    plan: Plan,
    out: Path | str,
    engine: str = AUTO,
    workers: int | None = None,
    scheduler: str | None = None,
    shard: str | None = None,
    kernel: str = AUTO,
    progress: Report | None = None,
    collect: bool = False,
    command: str = "",
    runner: str = RUNNER,
) -> SweepReport:
    """Compute the blocks of a plan that a folder lacks, and its results once all are there.

    A shard `i/n` computes every n-th block. The first interrupt lets the blocks that run finish,
    the second raises KeyboardInterrupt. Raises InputError (what is done stays) where the folder
    is of another sweep or cannot be written, a block cannot be done, or a cluster is lost.
    """
    arrow()
    mine = shard_of(shard)
    blocking = import_module(runner).blocking_of(plan)
    name, crew = engine_named(engine, Options(workers, scheduler), blocking.evaluations)
    _check_together(name, shard, collect)
    folder = Folder(Path(out).absolute())
    document = _claimed(folder, plan, blocking, kernel, command)
    folder.prepare(tuple(keep.name for keep in plan.keeps))
    job = _job(folder, document, collect, runner)
    with interruptible() as stop:
        run = Run(job, plan, blocking.blocks, mine, stop, progress)
        run.resume()
        try:
            if run.missing():
                crew.run(job, run.numbers(), run)
        finally:
            run.clear()
        run.check()
        merged = _results(folder, job, run, runner)
    return run.report(name, crew.workers, merged)


def shard_of(text: str | None) -> tuple[int, int]:
    """Return the part of a shard and of how many; raises InputError for one that is none.

    >>> shard_of("2/8"), shard_of(None)
    ((2, 8), (1, 1))
    """
    if text is None:
        return 1, 1
    match = re.fullmatch(r"\s*(\d{1,9})\s*/\s*(\d{1,9})\s*", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise InputError(f"shard: got {shown(text)}; needs i/n with i from 1 to n, such as 3/64")
    return int(match[1]), int(match[2])


def _check_together(engine: str, shard: str | None, collect: bool) -> None:
    if shard is not None and engine == "dask":
        raise InputError(
            f"shard: got {shard} with Dask, which shares the blocks out itself; needs the engine "
            "serial or processes, or no shard"
        )
    if collect and engine != "dask":
        raise InputError(f"collect: got it with the engine {engine}; needs the engine dask")


def _claimed(
    folder: Folder,
    plan: Plan,
    blocking: Any,  # noqa: ANN401
    kernel: str,
    command: str,
) -> dict[str, Any]:
    """Return the document of the folder, made here if it is the first; raises InputError."""
    if kernel not in (AUTO, *KERNELS):
        raise InputError(f"kernel: got {shown(kernel)}; needs {one_of((AUTO, *KERNELS))}")
    make_folder(folder.path)
    document = claim(
        folder,
        {
            "schema": SCHEMA,
            "identity": plan.identity,
            "plan": plan.to_dict(),
            "blocking": blocking.to_dict(),
            "kernel": kernel_for(kernel, blocking.evaluations),
            **made_by(),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": command,
        },
    )
    _check_kernel(folder, kernel, document["kernel"])
    return document


def kernel_for(kernel: str, evaluations: int) -> str:
    """Return the kernel for a new folder: compiled where it is installed and worth its start."""
    if kernel != AUTO:
        return kernel
    return COMPILED if evaluations >= WORTH_PROCESSES and can_compile() else NUMPY


def _check_kernel(folder: Folder, asked: str, chosen: str) -> None:
    if asked not in (AUTO, chosen):
        raise InputError(
            f"kernel: got {asked}, and {str(folder.path)!r} was begun with {chosen}; blocks of one "
            f"sweep need one kernel. Leave it out, or give another folder"
        )
    if chosen == COMPILED and not can_compile():
        raise MissingExtraError(f"The compiled kernel, which {folder.path} uses,", "fast")


def _job(folder: Folder, document: dict[str, Any], collect: bool, runner: str) -> Job:
    return Job(
        identity=document["identity"],
        plan=json.dumps(document["plan"], sort_keys=True),
        blocking=json.dumps(document["blocking"], sort_keys=True),
        out=str(folder.path),
        kernel=document["kernel"],
        versions=made_by(),
        runner=runner,
        collect=collect,
    )


def _results(folder: Folder, job: Job, run: Run, runner: str) -> Merged | None:
    """Return the results, merged now unless they are there; `None` while blocks are missing."""
    run.resume()
    if not run.is_complete:
        return None
    return read_merged(folder, job.identity) or merge(folder.path, runner)
