"""The fastest layouts of a model on a cluster that fit: all legal ones, by memory, then by time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost import engine
from llmcost.catalog.architecture import Architecture
from llmcost.catalog.calibration import calibration
from llmcost.engine.memory import USABLE_SHARE
from llmcost.enumeration import Columns, Limits, enumerate_layouts, to_layout
from llmcost.errors import InputError, one_of
from llmcost.layout import Layout, PartialLayout, check
from llmcost.layout.record import as_columns
from llmcost.machine import FAMILIES, Machine, rates
from llmcost.shapes import model_flop_per_token
from llmcost.studies.stepping import evaluate, rows_of, step_inputs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# Rows of which the arrays of one engine call stay in a cache of 1 to 2 MB.
CHUNK = 8192
# Below this many rows a second thread costs more than it saves.
THREADED = 4 * CHUNK
THREADS = 2
# The block that is freed once so that the C library keeps what is freed later [byte].
LARGEST_FREED = 31 * 2**20
# Above every step that fits: a layout that does not fit takes for ever.
LONGEST = 1e300
# Layouts of the same degrees that differ by less than this share of a step count as equally fast.
TIE = 0.005
# What tells two layouts of a list apart, beside the tokens of a micro-batch on a device.
DEGREES = (
    *("tensor_parallel", "pipeline_parallel", "virtual_stages"),
    *("expert_parallel", "expert_tensor_parallel", "schedule"),
)
# What makes a layout plain: less of each, the first first.
PLAIN = ("recompute_full", "recompute_selective", "context_parallel", "zero_stage", "shard_group")
# Published runs at 8K tokens split a sequence in two at most (NVIDIA's recipes for Llama 3.1).
MIN_CONTEXT_TOKENS = 4096
RECOMPUTATION = ("recompute_selective", "recompute_full")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A layout with its step: time and its parts [s], memory of the fullest device by part [byte].

    `mfu` counts attention causal-halved, over the peak at the run's precision;
    `tokens_per_second` is of all devices.
    """

    layout: Layout
    step_time: float
    parts: Mapping[str, float]
    memory: Mapping[str, float]
    total_memory: float
    device_memory: float
    fits: bool
    mfu: float
    tokens_per_second: float

    @property
    def headroom(self) -> float:
        """What the step leaves free of the memory that programs can use [byte], below 0: lacks."""
        return self.device_memory * USABLE_SHARE - self.total_memory


@dataclass(frozen=True, slots=True)
class Search:
    """The best layouts, fastest first; how many were looked at, and how many of those fit.

    Of layouts that differ only in sharding, recomputation, or in how sequences and their parts make
    up the same micro-batch, the plainest of the fastest stands for all.
    `tightest` is the layout that takes least memory, where none fits.
    """

    best: tuple[Candidate, ...]
    space: int
    fitting: int
    tightest: Candidate | None = None


def search_layouts(
    architecture: Architecture,
    machine: Machine,
    num_gpus: int,
    seq_length: int,
    global_batch_size: int | None,
    partial: PartialLayout | None = None,
    limits: Limits | None = None,
    best: int = 10,
) -> Search:
    """Return the fastest layouts with the given parts that fit, of all that are legal.

    `num_gpus` [GPU], `seq_length` [token], `global_batch_size` [sequences]; without `limits`, those
    of the machine's framework. Raises LayoutError where no layout is legal, InputError for a
    precision that the accelerator lacks or a figure that is not known.
    """
    wanted = limits or usual_limits(machine, num_gpus)
    found = enumerate_layouts(
        architecture, num_gpus, seq_length, global_batch_size, partial, wanted
    )
    free = partial is None or partial.recompute is None
    rows = folded(found, len(wanted.recompute) if free else 1)
    columns = step_inputs(architecture, machine, rows, num_gpus)
    make = _Maker(architecture, machine, columns, found)
    total = _over_rows(lambda part: engine.memory(part)["total"], columns)
    fitting = engine.fits(total, columns["device_memory"])
    if not fitting.any():
        return Search((), total.size, 0, make.candidate(int(np.argmin(total.T))))
    times = np.where(fitting, _times(columns, fitting), np.inf).T.ravel()
    chosen = _best_rows(found, times, best)
    return Search(make.candidates(chosen), total.size, int(fitting.sum()))


def folded(columns: Columns, kinds: int) -> Columns:
    """Return columns with one row for all that differ in recomputation alone.

    Kinds of recomputation are innermost in an enumeration: they become an axis in front, of shape
    (kinds, 1), and what they change nothing of is computed once.
    """
    return {
        name: column[:kinds, None] if name in RECOMPUTATION else column[::kinds].copy()
        for name, column in columns.items()
    }


def _times(columns: Columns, fitting: NDArray[np.bool_]) -> Floats:
    """Return step times [s] of shape (kinds, rows), of the rows where anything fits; inf else."""
    some = fitting.any(axis=0)
    times = np.full(fitting.shape, np.inf)
    times[:, some] = _over_rows(lambda part: engine.step(part)["step_time"], rows_of(columns, some))
    return times


def one_layout(
    architecture: Architecture,
    machine: Machine,
    num_gpus: int,
    seq_length: int,
    layout: Layout,
) -> Candidate:
    """Return one layout with its step, whether it fits or not.

    `num_gpus` [GPU], `seq_length` [token]. Raises LayoutError for a layout that breaks a rule,
    InputError for a precision that the accelerator lacks or a figure that is not known.
    """
    check(layout, architecture, num_gpus, seq_length)
    row = {name: np.array([value]) for name, value in as_columns(layout, seq_length).items()}
    columns = step_inputs(architecture, machine, row, num_gpus)
    return replace(_Maker(architecture, machine, columns, row).candidate(0), layout=layout)


def usual_limits(machine: Machine, num_gpus: int) -> Limits:
    """Return what is searched on a machine: the layouts that its framework family runs.

    Megatron-like code pipelines, and shards at most gradients. FSDP-like and XLA-like code shards
    weights and does not pipeline; FSDP may shard inside groups of whole domains. Other software may
    do all. Tensor parallelism stays inside a domain of fast links.

    Source: Shoeybi et al. 2019 and the Megatron-LM guide, which do not combine pipelines with
    sharded weights; Zhao et al. 2023 (PyTorch FSDP, arXiv 2304.11277), section 3.2.2, for groups.
    """
    family = machine.software.family
    domain = int(rates(machine, calibration().values)["scale_up_domain"])
    if family not in FAMILIES:
        raise InputError(f"framework: got {family}; needs {one_of(FAMILIES)}.")
    usual = Limits(max_tensor_parallel=max(1, domain), min_context_tokens=MIN_CONTEXT_TOKENS)
    if family == "other":
        return usual
    if family == "megatron":
        return replace(usual, zero_stages=(0, 1, 2))
    groups = tuple(_doublings(domain, num_gpus)) if family == "fsdp" else ()
    return replace(usual, max_pipeline_parallel=1, zero_stages=(3,), shard_groups=groups)


def _doublings(start: int, end: int) -> list[int]:
    return [start << i for i in range(32) if start > 1 and start << i < end]


def _over_rows(function: Callable[[Columns], Any], columns: Columns) -> Floats:
    """Return an engine's answer for every row, from calls that fit a cache, on two threads.

    Columns are folded, and the answer has the shape (kinds of recomputation, rows).
    """
    keep_memory()
    kinds, rows = columns[RECOMPUTATION[0]].size, columns["data_parallel"].size
    parts = [slice(at, at + CHUNK) for at in range(0, rows, CHUNK)]

    def answer(part: slice) -> Floats:
        some = rows_of(columns, part)
        shape = (kinds, some["data_parallel"].size)
        return np.broadcast_to(function(narrowed(some)), shape)

    if rows < THREADED:
        return np.concatenate([answer(part) for part in parts], axis=1)
    with ThreadPoolExecutor(THREADS) as pool:
        return np.concatenate(list(pool.map(answer, parts)), axis=1)


def keep_memory() -> None:
    """Have the C library keep freed arrays for the next ones, which halves the time of a search.

    glibc gives freed memory back to the system from a size on that is the largest block freed so
    far, up to 32 MB; elsewhere this does nothing.

    Source: glibc, mallopt(3), M_MMAP_THRESHOLD: the dynamic threshold.
    """
    np.empty(LARGEST_FREED, dtype=np.uint8)


def narrowed(columns: Columns) -> Columns:
    """Return columns with one number in place of those that hold the same in every row.

    The engine answers the same, and is spared the work that a number tells it not to do.
    """
    return {
        name: column[0]
        if np.ndim(column) == 1 and column.size > 1 and (column == column[0]).all()
        else column
        for name, column in columns.items()
    }


def _best_rows(columns: Columns, times: Floats, most: int) -> NDArray[np.intp]:
    """Return the rows of the fastest layouts, one for all that are alike, the fastest first."""
    tokens = columns["micro_batch_size"] / columns["context_parallel"]
    groups: dict[tuple[float, ...], list[int]] = {}
    for row in np.argsort(times, kind="stable").tolist():
        if times[row] > _last_of_interest(groups, times, most):
            break
        key = (tokens[row], *(columns[name][row] for name in DEGREES))
        if key in groups:
            groups[key].append(row)
        elif len(groups) < most:
            groups[key] = [row]
    plainest = [_plainest(columns, times, rows) for rows in groups.values()]
    return np.array(sorted(plainest, key=lambda row: float(times[row])), dtype=np.intp)


def _last_of_interest(groups: Mapping[Any, list[int]], times: Floats, most: int) -> float:
    """Return the time above which no layout can be among the best, or stand for one [s]."""
    if len(groups) < most:
        return LONGEST
    last = list(groups.values())[-1]
    return float(times[last[0]]) * (1.0 + TIE)


def _plainest(columns: Columns, times: Floats, rows: list[int]) -> int:
    """Return of rows, fastest first, the plainest one that is as fast as the first."""
    equal = [row for row in rows if times[row] <= times[rows[0]] * (1.0 + TIE)]
    return min(equal, key=lambda row: tuple(columns[name][row] for name in PLAIN))


class _Maker:
    """Makes candidates of rows of layouts: what does not differ between them is kept here."""

    def __init__(
        self, architecture: Architecture, machine: Machine, columns: Columns, found: Columns
    ) -> None:
        self._columns, self._found = columns, found
        self._flop = model_flop_per_token(architecture, float(found["seq_length"][0]))
        self._peak = machine.peak * float(columns["num_gpus"])

    def candidate(self, row: int) -> Candidate:
        return self.candidates(np.array([row]))[0]

    def candidates(self, rows: NDArray[np.intp]) -> tuple[Candidate, ...]:
        layouts = {name: column[rows] for name, column in self._found.items()}
        columns = self._columns | layouts
        results = evaluate(columns)
        return tuple(self._made(columns, results, i) for i in range(rows.size))

    def _made(self, columns: Columns, results: Mapping[str, Any], row: int) -> Candidate:
        def value(name: str) -> float:
            return float(np.broadcast_to(results[name], columns["data_parallel"].shape)[row])

        layout, time = to_layout(columns, row), value("step_time")
        rate = layout.global_batch_size * float(columns["seq_length"][row]) / time
        return Candidate(
            layout=layout,
            step_time=time,
            parts={name: value(name) for name in engine.STEP_PARTS},
            memory={name: value(f"{name}_memory") for name in engine.MEMORY_PARTS},
            total_memory=value("total_memory"),
            device_memory=float(columns["device_memory"]),
            fits=bool(value("fits")),
            mfu=rate * self._flop / self._peak,
            tokens_per_second=rate,
        )
