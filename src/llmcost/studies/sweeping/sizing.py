"""How large a sweep is before it runs: evaluations, seconds and bytes."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict, dataclass
from time import process_time
from typing import TYPE_CHECKING, Any

from llmcost.errors import InputError
from llmcost.studies.sweeping.blocks import Blocking
from llmcost.studies.sweeping.cases import Case, first_case, prepare_case, scattered
from llmcost.studies.sweeping.engines import Options, engine_named, usable_cpus
from llmcost.studies.sweeping.evaluating import Needed, batches
from llmcost.studies.sweeping.kernels import kernel_of
from llmcost.studies.sweeping.limits import BYTES
from llmcost.studies.sweeping.reducers import needed_results, output_rows, reducer_of

if TYPE_CHECKING:
    from llmcost.studies.sweeping.kernels import Kernel
    from llmcost.studies.sweeping.plan import Plan

# What is timed: first so many configurations, then four times as many, until it takes a while [s].
# Time of the processor: it does not count what else a machine does meanwhile.
TIMED, LONG_ENOUGH = 64, 0.2
# Cases that are prepared to know how long that takes.
PREPARED = 4
# What a Parquet file takes beside its rows: its schema twice, units, statistics [byte].
FILE = 16_384
# Times below this are not told apart [s].
LEAST = 1e-4


@dataclass(frozen=True, slots=True)
class Size:
    """What a plan will take: time on one worker, measured on a small part [s], and rows by keep.

    `rows` are upper bounds; `bytes` what they take uncompressed.
    """

    blocking: Blocking
    seconds: float
    rate: float
    rows: dict[str, int]
    bytes: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this record."""
        return asdict(self)


def size_of(plan: Plan, blocking: Blocking, kernel: str) -> Size:
    """Return what a plan will take, from the time of a few of its cases and of a part of one."""
    case = first_case(plan)
    preparing = _preparing(plan, blocking.cases)
    rate = _rate(case, plan, kernel)
    rows = {keep.name: output_rows(keep, plan, blocking.configurations) for keep in plan.keeps}
    return Size(
        blocking,
        blocking.cases * preparing + blocking.evaluations / rate,
        rate,
        rows,
        {keep.name: FILE + rows[keep.name] * _columns(plan, keep) * BYTES for keep in plan.keeps},
    )


def _preparing(plan: Plan, cases: int) -> float:
    """Return the mean time to prepare a case, or to find that it cannot run [s]."""
    tried = scattered(cases, PREPARED)
    started = process_time()
    for number in tried:
        with suppress(InputError):
            prepare_case(plan, number)
    return (process_time() - started) / len(tried)


def _rate(case: Case, plan: Plan, kernel: str) -> float:
    """Return how many evaluations one worker does in a second, of a case, as soon as it is warm.

    The faster of two times counts: what is done once (a library that is loaded, a kernel that is
    compiled) may come at any number of configurations.
    """
    needed = Needed(*(tuple(names) for names in needed_results(plan.keeps)))
    using, count = kernel_of(kernel), case.layout_count * case.inner_count
    last = min(TIMED, count)
    while True:
        taken = min(_reduce(case, plan, last, needed, using) for _ in range(2))
        if taken > LONG_ENOUGH or last == count:
            return last * max(1, plan.draws) / max(taken, LEAST)
        last = min(4 * last, count)


def _reduce(case: Case, plan: Plan, many: int, needed: Needed, kernel: Kernel) -> float:
    """Evaluate and reduce so many configurations from the middle of a case; return the time [s].

    The first and the last layouts of a case are no picture of it: most of them do not fit.
    """
    first = (case.layout_count * case.inner_count - many) // 2
    reducers = [reducer_of(keep, plan) for keep in plan.keeps]
    started = process_time()
    for batch in batches(case, plan, first, first + many, needed, kernel):
        for reducer in reducers:
            reducer.add(batch)
    return process_time() - started


def workers_for(engine: str, workers: int | None, scheduler: str | None, evaluations: int) -> int:
    """Return how many workers a run will have here: one where a cluster has its own."""
    name, _ = engine_named(engine, Options(workers, scheduler), evaluations)
    if name == "serial" or scheduler is not None:
        return 1
    return workers or usable_cpus()


def _columns(plan: Plan, keep: Any) -> int:  # noqa: ANN401
    statistics = 4 if plan.draws and keep.kind == "rows" else 1
    return len(plan.axes) + len(keep.results or keep.of) * statistics
