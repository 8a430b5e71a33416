"""The blocks of a sweep: which configurations each holds, and what it makes of them.

A block is a pure function of the plan and its number: whole cases, or a part of one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from llmcost.errors import InputError
from llmcost.studies.sweeping.cases import (
    Case,
    case_count,
    case_labels,
    first_case,
    inner_axes,
    prepare_case,
    scattered,
    wants_all_layouts,
)
from llmcost.studies.sweeping.evaluating import Needed, batches
from llmcost.studies.sweeping.kernels import NUMPY, kernel_of
from llmcost.studies.sweeping.limits import check_rows
from llmcost.studies.sweeping.reducers import needed_results, reducer_of

if TYPE_CHECKING:
    import pyarrow as pa

    from llmcost.studies.sweeping.plan import Plan

# Cases whose layouts are counted before a run, to know how large it is.
SAMPLED = 12
# A grid has so many blocks, to be shared out, before they are as large as the plan allows; with
# fewer evaluations than the least size starting a block would weigh more.
ENOUGH_BLOCKS, LEAST_SIZE = 32, 1_000_000
# Preparing a case takes some 20 ms: a block has so few that it takes a second or two.
MOST_CASES = 64


@dataclass(frozen=True, slots=True)
class Blocking:
    """How a plan is cut: `parts` blocks a case, or `cases_per_block` cases a block.

    `evaluations` and `configurations` are exact unless there are more cases with layouts to count
    than were counted (`exact`).
    """

    blocks: int
    cases: int
    cases_per_block: int
    parts: int
    configurations: int
    evaluations: int
    exact: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this record."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Blocking:
        """Return the record that `to_dict` wrote."""
        return cls(**values)


class BlockResult(NamedTuple):
    """What a block made: a partial table a keep, what it evaluated, and what it had to skip."""

    tables: dict[str, pa.Table]
    evaluations: int
    configurations: int
    skipped: list[dict[str, Any]]
    seconds: float


_BLOCKINGS: dict[str, Blocking] = {}


def blocking_of(plan: Plan) -> Blocking:
    """Return how a plan is cut into blocks; a pure function of the plan, worked out once.

    Raises InputError for a plan in which no case that is tried can run, with a reason.
    """
    known = _BLOCKINGS.get(plan.identity)
    if known is None:
        known = _BLOCKINGS[plan.identity] = _blocking(plan)
    return known


def _blocking(plan: Plan) -> Blocking:
    cases, inner = case_count(plan), 1
    for axis in inner_axes(plan):
        inner *= len(axis.values)
    layouts, most, exact = _layouts(plan, cases)
    draws = max(1, plan.draws)
    configurations = max(1, round(cases * layouts * inner))
    told = f"{cases:,} cases x {layouts:,.0f} layouts x {inner:,} others"
    check_rows(plan.keeps, told, configurations, len(plan.axes))
    evaluations = configurations * draws
    of_case = most * inner * draws
    size = _size(plan, evaluations)
    parts = min(most * inner, -(-of_case // size))
    together = 1 if parts > 1 else max(1, min(MOST_CASES, size // of_case))
    blocks = cases * parts if parts > 1 else -(-cases // together)
    return Blocking(blocks, cases, together, parts, configurations, evaluations, exact)


def _size(plan: Plan, evaluations: int) -> int:
    """Return the evaluations that a block aims at: fewer where a grid would have few blocks."""
    return min(plan.block_size, max(evaluations // ENOUGH_BLOCKS, LEAST_SIZE))


def run_block(plan: Plan, blocking: Blocking, number: int, kernel: str = NUMPY) -> BlockResult:
    """Return what a block makes of its configurations; the same wherever and whenever it runs."""
    started = perf_counter()
    plan.check_files()
    reducers = {keep.name: reducer_of(keep, plan) for keep in plan.keeps}
    needed = Needed(*(tuple(names) for names in needed_results(plan.keeps)))
    using = kernel_of(kernel)
    evaluated, skipped = 0, []
    for case, reason in _cases(plan, blocking, number):
        if not isinstance(case, Case):
            skipped.append({**case_labels(plan, case), "reason": reason})
            continue
        first, last = _range(case, blocking, number)
        for batch in batches(case, plan, first, last, needed, using):
            for reducer in reducers.values():
                reducer.add(batch)
            evaluated += len(batch)
    return BlockResult(
        {name: reducer.table() for name, reducer in reducers.items()},
        evaluated * max(1, plan.draws),
        evaluated,
        skipped,
        perf_counter() - started,
    )


def _cases(plan: Plan, blocking: Blocking, number: int) -> Iterator[tuple[Case | int, str]]:
    """Yield the cases of a block; of one that cannot run, its number and the reason."""
    first = number // blocking.parts * blocking.cases_per_block
    for at in range(first, min(first + blocking.cases_per_block, blocking.cases)):
        try:
            yield prepare_case(plan, at), ""
        except InputError as error:
            yield at, str(error)


def _range(case: Case, blocking: Blocking, number: int) -> tuple[int, int]:
    """Return the configurations of a case that a block has: from the first to before the last."""
    count, part = case.layout_count * case.inner_count, number % blocking.parts
    return part * count // blocking.parts, (part + 1) * count // blocking.parts


def _layouts(plan: Plan, cases: int) -> tuple[float, int, bool]:
    """Return the mean and the most layouts of a case, and whether all cases were counted.

    Raises InputError where no case can run.
    """
    if not wants_all_layouts(plan):
        first_case(plan)
        return 1.0, 1, True
    chosen = scattered(cases, SAMPLED)
    counts = []
    for number in chosen:
        try:
            counts.append(prepare_case(plan, number).layout_count)
        except InputError:
            continue
    if not counts:
        counts = [first_case(plan).layout_count]
    return sum(counts) / len(chosen), max(counts), len(chosen) == cases
