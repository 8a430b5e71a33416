"""What a worker does: one block, evaluated, written, and its receipt.

A job is everything that a block needs beside its number, as text, so that it goes to any process
on any machine. `do_block` never raises: it returns a receipt or what went wrong.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmcost._version import __version__
from llmcost.errors import InputError, LlmcostError
from llmcost.studies.sweeping.folder import Folder, made_by
from llmcost.studies.sweeping.receipts import Receipt, Stored
from llmcost.studies.sweeping.reducers.schema import RESULT_MARK
from llmcost.studies.sweeping.writing import RESUME, host, write_whole

if TYPE_CHECKING:
    from llmcost.studies.sweeping.keeps import Keep
    from llmcost.studies.sweeping.plan import Plan

RUNNER = "llmcost.studies.sweeping.blocks"
COMPRESSION = "zstd"


@dataclass(frozen=True, slots=True)
class Job:
    """What every block of a sweep needs: the plan and its blocks as JSON, and where to write.

    `runner` is the dotted name of the module that has `run_block` and `Blocking`; `versions` is
    what a worker must have. With `collect` a worker sends its tables back instead of writing.
    """

    identity: str
    plan: str
    blocking: str
    out: str
    kernel: str
    versions: Mapping[str, str]
    runner: str = RUNNER
    collect: bool = False

    @property
    def folder(self) -> Folder:
        """The folder of the sweep."""
        return Folder(Path(self.out))


@dataclass(frozen=True, slots=True)
class Failure:
    """What went wrong with a block: an error of llmcost in parts, or the text of any other."""

    block: int
    text: str
    kind: type[LlmcostError] | None = None
    arguments: tuple[object, ...] = ()
    details: Mapping[str, object] = field(default_factory=dict)

    def error(self) -> Exception:
        """Return the error to raise, of the kind that it had in the worker."""
        if self.kind is None:
            return RuntimeError(f"Block {self.block} failed:\n{self.text}")
        error = self.kind.__new__(self.kind, *self.arguments)
        vars(error).update(self.details)
        return error


@dataclass(frozen=True, slots=True)
class Done:
    """A finished block, and its tables as bytes where they are to be written by the driver."""

    receipt: Receipt
    tables: Mapping[str, bytes] = field(default_factory=dict)


Outcome = Done | Failure


def do_block(job: Job, number: int) -> Outcome:
    """Evaluate and write one block; a block that is there already is not computed again."""
    try:
        check_versions(job)
        there = None if job.collect else job.folder.whole(number, job.identity)
        return Done(there) if there else _computed(job, number)
    except LlmcostError as error:
        return Failure(number, str(error), type(error), error.args, vars(error))
    except MemoryError:
        message = (
            f"Block {number} needs more memory than this machine gives. Needs smaller blocks "
            f"([block] size of a new plan) or fewer workers. {RESUME}"
        )
        return Failure(number, message, InputError, (message,))
    except Exception:  # A defect: its traceback goes to the driver.
        return Failure(number, traceback.format_exc())


def write_done(folder: Folder, done: Done) -> None:
    """Write the tables of a block, then its receipt; raises InputError where it cannot."""
    for keep, data in done.tables.items():
        write_whole(folder.table(keep, done.receipt.block), data, name_too=False)
    write_whole(folder.receipt(done.receipt.block), done.receipt.to_json())


def check_versions(job: Job) -> None:
    """Raise InputError where this process has another llmcost or other data than the driver."""
    here = made_by()
    wrong = [
        f"{name.removesuffix('_version')} {here.get(name)} (the driver has {wanted})"
        for name, wanted in job.versions.items()
        if here.get(name) != wanted
    ]
    if wrong:
        raise InputError(
            f"The worker on {host()} has {', '.join(wrong)}. Needs the same on all machines: "
            f"install llmcost {job.versions['llmcost_version']} there"
        )


def part_of(job: Job, name: str) -> Any:  # noqa: ANN401
    """Return something of the job's runner: `run_block`, `blocking_of` or `Blocking`."""
    return getattr(import_module(job.runner), name)


def parquet_of(table: Any) -> bytes:  # noqa: ANN401
    """Return a table as the bytes of a Parquet file; equal tables give equal bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression=COMPRESSION)
    return bytes(sink.getvalue())


def peak_memory() -> int | None:
    """Return the most memory this process held [B], or `None` where the system does not say."""
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:
        return None
    most = getrusage(RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def first_best(plan: Plan) -> Keep | None:
    """Return the first keep of a plan that keeps the best of something, or `None`."""
    return next((keep for keep in plan.keeps if keep.kind == "best"), None)


@lru_cache(maxsize=2)
def opened(plan: str, blocking: str, runner: str) -> tuple[Any, Any]:
    """Return the plan and the blocking of a job, read once by each process."""
    kind = import_module(runner).Blocking
    from llmcost.studies.sweeping.plan import Plan

    return Plan.from_dict(json.loads(plan)), kind.from_dict(json.loads(blocking))


def _computed(job: Job, number: int) -> Done:
    start = time.perf_counter()
    plan, blocking = opened(job.plan, job.blocking, job.runner)
    result = part_of(job, "run_block")(plan, blocking, number, job.kernel)
    tables = {keep: parquet_of(table) for keep, table in result.tables.items()}
    rows = {keep: table.num_rows for keep, table in result.tables.items()}
    if not job.collect:
        for keep, data in tables.items():
            write_whole(job.folder.table(keep, number), data, name_too=False)
    receipt = Receipt(
        block=number,
        identity=job.identity,
        files={k: Stored(rows[k], len(d), sha256(d).hexdigest()) for k, d in tables.items()},
        evaluations=int(result.evaluations),
        configurations=int(result.configurations),
        skipped=list(result.skipped),
        seconds=time.perf_counter() - start,
        host=host(),
        pid=os.getpid(),
        llmcost_version=__version__,
        finished=datetime.now(UTC).isoformat(timespec="seconds"),
        peak_memory=peak_memory(),
        best=_best(plan, result.tables),
    )
    if not job.collect:
        write_whole(job.folder.receipt(number), receipt.to_json())
    return Done(receipt, tables if job.collect else {})


def _best(plan: Plan, tables: Mapping[str, Any]) -> tuple[str, float] | None:
    """Return the best value in a block of the first objective of which the best is kept."""
    import pyarrow.compute as pc

    keep = first_best(plan)
    if keep is None or RESULT_MARK + keep.of[0] not in tables[keep.name].column_names:
        return None
    column = tables[keep.name].column(RESULT_MARK + keep.of[0])
    value = (pc.max(column) if keep.largest else pc.min(column)).as_py()
    return (keep.of[0], float(value)) if value is not None else None
