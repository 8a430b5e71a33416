"""Every legal layout as columns: candidates from divisors, crossed as arrays, kept by rules.

What is left out beside illegal layouts is said by the fields of `Limits`, and three choices lose
nothing: sequence parallelism is on wherever it is legal, ZeRO is off where there is one copy, and
a smaller shard group is tried only where ZeRO shards weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llmcost.errors import LayoutError
from llmcost.layout.nearby import divisors
from llmcost.layout.record import (
    COLUMNS,
    RECOMPUTE,
    SCHEDULE_CODES,
    PartialLayout,
    recompute_shares,
)
from llmcost.layout.rules import OUTER_PLACES, kept
from llmcost.layout.situation import Situation

Array = NDArray[np.float64]
Columns = dict[str, Array]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a search leaves out though it is legal; a part that the user gave is never left out.

    `max_tensor_parallel` is the scale-up domain [GPU] unless tensor parallelism may cross it.
    `min_context_tokens` [token] is the least of a sequence that a device holds under context
    parallelism, whose degrees are powers of two unless `context_powers_of_two` is off.
    `expert_tensor_parallel` are the degrees tried, `folded_experts` lets experts spread over
    tensor-parallel groups too. `whole_rounds` asks interleaved pipelines for micro-batches in
    multiples of the stages, as Megatron-LM does. `distinct_depths` keeps of all interleaving
    depths with the same most layers a chunk only the least. `shard_groups` [GPU] are sizes of
    hybrid sharding tried with ZeRO stage 3 beside the whole group. `max_pipeline_parallel` and
    `max_micro_batch_size` [sequence] cap their degrees.
    """

    max_tensor_parallel: int = 8
    max_pipeline_parallel: int | None = None
    max_micro_batch_size: int = 128
    min_context_tokens: int = 1024
    context_powers_of_two: bool = True
    folded_experts: bool = True
    expert_tensor_parallel: tuple[int, ...] = (1,)
    whole_rounds: bool = True
    distinct_depths: bool = True
    schedules: tuple[str, ...] = ("1f1b", "interleaved")
    zero_stages: tuple[int, ...] = (0, 1, 2, 3)
    shard_groups: tuple[int, ...] = ()
    recompute: tuple[str | float, ...] = RECOMPUTE

    def __post_init__(self) -> None:
        for name in ("expert_tensor_parallel", "schedules", "zero_stages", "recompute"):
            if not getattr(self, name):
                raise LayoutError(f"{name} of a search: got none; needs at least one to try.")
        for name in self.schedules:
            PartialLayout(schedule=name)
        for zero in self.zero_stages:
            PartialLayout(zero_stage=zero)
        for kind in self.recompute:
            PartialLayout(recompute=kind)


def search(where: Situation, fixed: PartialLayout, limits: Limits) -> Columns:
    """Return every layout that keeps the rules and the limits."""
    columns = _degrees(where, fixed, limits)
    columns = _with_depths(columns, where, fixed, limits)
    columns = _with_experts(columns, where, fixed, limits)
    columns = _with_micro_batches(columns, where, fixed, limits)
    columns = _with_sequence_parallel(columns, where, fixed)
    plain = {"zero_stage": 0.0, "shard_group": _copies(columns)}
    columns = _rows(columns, np.asarray(kept({**columns, **plain}, where)))
    columns = _with_sharding(columns, fixed, limits)
    return _with_recompute(columns, fixed, limits)


def _degrees(where: Situation, fixed: PartialLayout, limits: Limits) -> Columns:
    """Return tensor, context, pipeline and data parallel degrees that fill the cluster."""
    room = divisors(where.num_gpus)
    columns = _cross({}, "tensor_parallel", _given(fixed.tensor_parallel, _tensor(where, limits)))
    contexts = [cp for cp in room if _is_context(cp, where, limits)]
    columns = _cross(columns, "context_parallel", _given(fixed.context_parallel, contexts))
    most = min(where.layers, limits.max_pipeline_parallel or where.layers)
    stages = [pp for pp in room if pp <= most]
    columns = _cross(columns, "pipeline_parallel", _given(fixed.pipeline_parallel, stages))
    replica = (
        columns["tensor_parallel"] * columns["context_parallel"] * columns["pipeline_parallel"]
    )
    replicas = where.num_gpus / replica
    wanted = replicas if fixed.data_parallel is None else float(fixed.data_parallel)
    fills = (replicas == np.floor(replicas)) & (replicas == wanted)
    fills &= where.global_batch_size % np.where(fills, replicas, 1.0) == 0
    return _rows({**columns, "data_parallel": replicas}, fills)


def _tensor(where: Situation, limits: Limits) -> list[int]:
    return [tp for tp in divisors(where.common_heads) if tp <= limits.max_tensor_parallel]


def _is_context(degree: int, where: Situation, limits: Limits) -> bool:
    if degree == 1:
        return True
    power = degree & (degree - 1) == 0
    return (power or not limits.context_powers_of_two) and (
        where.seq_length >= degree * limits.min_context_tokens
    )


def _with_depths(
    columns: Columns, where: Situation, fixed: PartialLayout, limits: Limits
) -> Columns:
    """Return the columns with every schedule and, where it interleaves, every depth."""
    names = limits.schedules if fixed.schedule is None else (fixed.schedule,)
    depths = _given(fixed.virtual_stages, range(1, where.layers + OUTER_PLACES + 1))
    codes = sorted({SCHEDULE_CODES[name] for name in names})
    columns = _cross(_cross(columns, "schedule", codes), "virtual_stages", depths)
    pp, depth, plain = (
        columns["pipeline_parallel"],
        columns["virtual_stages"],
        (columns["schedule"] == 0),
    )
    keep = np.where(plain & (depth == 1), "1f1b" in names, True)
    keep &= np.where(plain & (depth > 1), "interleaved" in names, True)
    keep &= (depth == 1) | ((pp > 1) & (pp * depth <= where.layers + OUTER_PLACES))
    if fixed.virtual_stages is None and limits.distinct_depths:
        chunk, shallower = (
            np.ceil(where.layers / (pp * d)) for d in (depth, depth - 1 + (depth == 1))
        )
        keep &= (depth == 1) | (chunk < shallower)
    return _rows(columns, keep)


def _with_experts(
    columns: Columns, where: Situation, fixed: PartialLayout, limits: Limits
) -> Columns:
    """Return the columns with every spread of experts."""
    spreads = [ep for ep in divisors(where.common_experts) if ep <= where.num_gpus]
    splits = limits.expert_tensor_parallel if where.experts else (1,)
    columns = _cross(columns, "expert_parallel", _given(fixed.expert_parallel, spreads))
    columns = _cross(
        columns, "expert_tensor_parallel", _given(fixed.expert_tensor_parallel, splits)
    )
    if limits.folded_experts or fixed.expert_parallel is not None:
        return columns
    return _rows(columns, _copies(columns) % columns["expert_parallel"] == 0)


def _with_micro_batches(
    columns: Columns, where: Situation, fixed: PartialLayout, limits: Limits
) -> Columns:
    """Return the columns with every micro-batch that divides what a replica takes."""
    batch = where.global_batch_size
    sizes = [size for size in divisors(batch) if size <= limits.max_micro_batch_size]
    columns = _cross(columns, "micro_batch_size", _given(fixed.micro_batch_size, sizes))
    columns["global_batch_size"] = np.full_like(columns["micro_batch_size"], batch)
    columns["seq_length"] = np.full_like(columns["micro_batch_size"], where.seq_length)
    micro_batches = batch / (columns["data_parallel"] * columns["micro_batch_size"])
    keep = micro_batches == np.floor(micro_batches)
    if limits.whole_rounds and fixed.virtual_stages is None:
        whole = micro_batches % columns["pipeline_parallel"] == 0
        keep &= (columns["virtual_stages"] == 1) | whole
    return _rows(columns, keep)


def _with_sequence_parallel(columns: Columns, where: Situation, fixed: PartialLayout) -> Columns:
    """Return the columns with sequence parallelism as given, or on wherever it is legal."""
    tp, given = columns["tensor_parallel"], fixed.sequence_parallel
    possible = (tp > 1) & (where.seq_length % (tp * columns["context_parallel"]) == 0)
    chosen = possible if given is None else np.full(tp.shape, given)
    return {**columns, "sequence_parallel": chosen.astype(float)}


def _with_sharding(columns: Columns, fixed: PartialLayout, limits: Limits) -> Columns:
    """Return the columns with every ZeRO stage and shard group."""
    stages = _given(fixed.zero_stage, limits.zero_stages)
    groups = _given(fixed.shard_group, (0, *limits.shard_groups))
    columns = _cross(_cross(columns, "zero_stage", stages), "shard_group", groups)
    copies, zero = _copies(columns), columns["zero_stage"]
    once = np.ones(zero.shape, dtype=bool)
    if fixed.zero_stage is None:
        once = (copies > 1) | (zero == stages[0])
        zero = np.where(copies > 1, zero, 0.0)
    group = np.where(columns["shard_group"] == 0, copies, columns["shard_group"])
    keep = copies % group == 0
    if fixed.shard_group is None:
        keep &= (columns["shard_group"] == 0) | ((zero == 3) & (group < copies))
    keep &= (zero > 0) | (group == copies)
    return _rows({**columns, "zero_stage": zero, "shard_group": group}, keep & once)


def _with_recompute(columns: Columns, fixed: PartialLayout, limits: Limits) -> Columns:
    """Return the columns with every kind of recomputation, in the order of COLUMNS."""
    kinds = limits.recompute if fixed.recompute is None else (fixed.recompute,)
    shares = [recompute_shares(kind) for kind in kinds]
    columns = _cross(columns, "recompute_selective", range(len(shares)))
    kind = columns["recompute_selective"].astype(int)
    table = np.array(shares, dtype=float)
    columns |= {"recompute_selective": table[kind, 0], "recompute_full": table[kind, 1]}
    return {name: columns[name] for name in COLUMNS}


def _copies(columns: Columns) -> Array:
    return columns["data_parallel"] * columns["context_parallel"]


def _given(value: float | None, otherwise: Any) -> Any:  # noqa: ANN401
    return otherwise if value is None else (value,)


def _cross(columns: Columns, name: str, values: Any) -> Columns:  # noqa: ANN401
    """Return every row of the columns with every value of a new column."""
    wanted = np.asarray(list(values), dtype=float)
    rows = next(iter(columns.values())).size if columns else 1
    crossed = {key: np.repeat(array, wanted.size) for key, array in columns.items()}
    return {**crossed, name: np.tile(wanted, rows)}


def _rows(columns: Columns, keep: NDArray[np.bool_]) -> Columns:
    return {name: array[keep] for name, array in columns.items()}
