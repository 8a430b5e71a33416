"""What a measured row does not say: every legal way to fill it in, and the software it ran on.

A knob that is not stated is searched over, never read as a default. The answer keeps the fastest
ways that fit, for published runs are tuned; recomputation is the least that fits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from llmcost.catalog.architecture import Architecture
from llmcost.catalog.gpus import accelerator, usual_precision
from llmcost.catalog.models import model
from llmcost.enumeration import Limits, enumerate_layouts
from llmcost.errors import InputError, LayoutError
from llmcost.layout.nearby import divisors
from llmcost.layout.record import COLUMNS, PartialLayout
from llmcost.machine import FUSED_SINCE, Machine, Software
from llmcost.studies.validation.point import Point

GRAPHS = {"none": "none", "full_iteration": "iteration", "full": "iteration"}
SHARDING = {"megatron": (1,), "fsdp": (3,), "xla": (3,), "other": (1, 3)}
RECOMPUTE_FREE = "recompute: the least that fits"
SEARCHED, DEPTHS = "layout searched", "interleaving searched"
USUAL_LENGTH = 4096
# Sequences from which on tensor parallelism may leave the scale-up domain.
LONG = 131_072
TOKENS_A_STEP = 4_194_304
WIDE_EXPERT = 2000
# Sequences of the largest pass tried where remarks tell the passes of a step.
MOST_MICRO = 128
RECOMPUTE = {"none": (0.0, 0.0), "selective": (1.0, 0.0), "full": (0.0, 1.0)}


@dataclass(frozen=True, slots=True)
class Ways:
    """Every way to run a point: layout columns, one row each, and what was assumed in words."""

    machine: Machine
    architecture: Architecture
    num_gpus: int
    layouts: dict[str, Any]
    assumed: tuple[str, ...]


def ways_of(point: Point) -> Ways:
    """Return every way to run a point that its row allows.

    Raises InputError, with the reason, for a row that says too little or what cannot be.
    """
    if point.architecture is None or point.accelerator is None or point.num_gpus is None:
        raise InputError(point.reason or "the model, the accelerator or their number is not known")
    assumed: list[str] = []
    machine = machine_of(point, assumed)
    length = _length(point, assumed)
    layouts = _layouts(point, machine, length, assumed)
    return Ways(machine, point.architecture, point.num_gpus, layouts, tuple(assumed))


def without_layout(point: Point) -> Point:
    """Return a point whose row says nothing of the layout but the batch."""
    return replace(
        point,
        tensor_parallel=None,
        pipeline_parallel=None,
        virtual_stages=None,
        data_parallel=None,
        context_parallel=None,
        expert_parallel=None if point.mixture else 1,
        expert_tensor_parallel=None,
        zero_stage=None,
        hybrid_sharding=False,
        shard_group=None,
        shard_group_range=None,
        sequence_parallel=None,
        micro_batch_size=None,
        recompute=None,
        recompute_share=None,
    )


def software_of(point: Point) -> Software:
    """Return what is known of the software of a point."""
    hints = point.hints
    graphs = hints.cuda_graph
    return Software(
        family=_family(point),
        named=point.family != "other",
        year=None if point.source_date is None else round(4 * point.source_date) / 4,
        overlap_tensor=hints.overlap_tensor,
        overlap_data=hints.overlap_data,
        overlap_pipeline=hints.overlap_pipeline,
        overlap_expert=hints.overlap_expert,
        graphs=None if graphs is None else GRAPHS.get(graphs, "layer"),
        plain_dispatch=None if hints.dispatcher is None else hints.dispatcher == "alltoall",
        pure_bf16=hints.pure_bf16,
        context_exchange=hints.context_exchange,
    )


def _family(point: Point) -> str:
    """Return the family of frameworks; Megatron-like for an unknown one that splits work.

    Tensor and pipeline parallelism as Megatron-LM has them is what such a framework runs.
    """
    split = (point.tensor_parallel or 1) > 1 or (point.pipeline_parallel or 1) > 1
    tpu = (point.accelerator or "").startswith("tpu")
    return "megatron" if point.family == "other" and split and not tpu else point.family


def machine_of(point: Point, assumed: list[str]) -> Machine:
    """Return the accelerator, precision and software of a point; 16 bit where none is stated."""
    gpu = accelerator(str(point.accelerator))
    precision = point.precision
    if precision is None:
        precision = usual_precision(gpu)
        assumed.append(f"precision {precision}")
    return Machine(
        gpu,
        precision,
        software_of(point),
        gpus_per_node=point.gpus_per_node if (gpu.scale_up_domain or 0) <= 16 else None,
        node_bandwidth=point.hints.node_bandwidth,
    )


def _length(point: Point, assumed: list[str]) -> int:
    if point.seq_length is not None:
        return point.seq_length
    known = model(point.catalogue_model).seq_length if point.catalogue_model else None
    length = int(known or USUAL_LENGTH)
    assumed.append(f"sequence length {length:,}")
    return length


def _layouts(point: Point, machine: Machine, length: int, assumed: list[str]) -> dict[str, Any]:
    zero = (point.zero_stage,) if point.zero_stage is not None else SHARDING[point.family]
    if point.zero_stage is None:
        assumed.append("sharding usual for the framework")
    if _degrees_known(point):
        rows = _fill(point, length, zero, assumed)
    else:
        assumed.append(SEARCHED)
        rows = _search(point, machine, length, zero, assumed)
    return rows


def _degrees_known(point: Point) -> bool:
    degrees = (
        point.tensor_parallel,
        point.pipeline_parallel,
        point.data_parallel,
        point.context_parallel,
        point.expert_parallel if point.mixture else 1,
    )
    return None not in degrees


def _fill(point: Point, length: int, zero: tuple[int, ...], assumed: list[str]) -> dict[str, Any]:
    """Return the stated degrees with every value of the knobs that are not stated."""
    depths = _depths(point, assumed)
    replicas = int(point.data_parallel or 1)
    sizes = _micro_batches(point, length, replicas, assumed)
    kinds = _recompute(point, assumed)
    table = np.array(
        [
            (depth, micro, batch, stage, *RECOMPUTE[kind])
            for depth, (micro, batch), stage, kind in product(depths, sizes, zero, kinds)
        ],
        dtype=float,
    ).T
    columns = dict(
        zip(
            (
                "virtual_stages",
                "micro_batch_size",
                "global_batch_size",
                "zero_stage",
                "recompute_selective",
                "recompute_full",
            ),
            table,
            strict=True,
        )
    )
    if point.recompute_share is not None:
        columns["recompute_full"] = np.full_like(columns["zero_stage"], point.recompute_share)
    stated = {
        "tensor_parallel": point.tensor_parallel,
        "pipeline_parallel": point.pipeline_parallel,
        "data_parallel": point.data_parallel,
        "context_parallel": point.context_parallel,
        "expert_parallel": point.expert_parallel or 1,
        "expert_tensor_parallel": _expert_tensor(point, int(point.tensor_parallel or 1)),
        "seq_length": length,
        "schedule": point.schedule,
        "sequence_parallel": _sequence_parallel(point),
        "shard_group": _shard_group(point),
    }
    size = columns["zero_stage"].size
    filled = {name: np.full(size, float(value or 0)) for name, value in stated.items()}
    return {name: {**columns, **filled}[name] for name in COLUMNS}


def _depths(point: Point, assumed: list[str]) -> tuple[int, ...]:
    stages = int(point.pipeline_parallel or 1)
    if point.virtual_stages is not None:
        return (point.virtual_stages,)
    if stages == 1 or point.schedule or point.architecture is None:
        return (1,)
    assumed.append(DEPTHS)
    layers = -(-point.architecture.num_layers // stages)
    return tuple(depth for depth in divisors(layers) if depth <= 20)


def _micro_batches(
    point: Point, length: int, replicas: int, assumed: list[str]
) -> list[tuple[float, float]]:
    batch = point.global_batch_size
    if batch is None:
        unit = replicas * (point.micro_batch_size or 1)
        batch = unit * max(1, round(TOKENS_A_STEP / length / unit))
        assumed.append(f"global batch {batch:,}")
    if point.micro_batch_size is not None:
        return [(float(point.micro_batch_size), float(batch))]
    share = batch / replicas
    each = share / (point.hints.micro_batches or share + 1)
    if each >= 1 and each.is_integer():
        return [(each, float(batch))]
    assumed.append("micro-batch searched")
    if share < 1:
        return [(1.0, float(replicas))]
    whole = int(share) if float(share).is_integer() else 1
    return [(float(size), float(batch)) for size in divisors(whole) if size <= 64]


def _recompute(point: Point, assumed: list[str]) -> tuple[str, ...]:
    if point.recompute is not None:
        return (point.recompute,)
    if point.recompute_share is not None:
        return ("none",)
    assumed.append(RECOMPUTE_FREE)
    return ("none", "selective", "full")


def _expert_tensor(point: Point, tensor: int) -> int:
    """Return the split of single experts: as stated, else that of the rest for wide experts."""
    if point.expert_tensor_parallel is not None:
        return point.expert_tensor_parallel
    if point.architecture is None or not point.mixture:
        return 1
    width = max(group.mlp.width for group in point.architecture.groups if group.mlp.experts)
    return tensor if width / tensor > WIDE_EXPERT else 1


def _sequence_parallel(point: Point) -> bool:
    return int(point.tensor_parallel or 1) > 1 and _splits_sequence(point)


def _splits_sequence(point: Point) -> bool:
    """Return whether tensor parallelism, where there is any, splits the sequence as well."""
    if point.sequence_parallel is not None:
        return point.sequence_parallel
    return point.source_date is None or point.source_date >= FUSED_SINCE


def _shard_group(point: Point) -> int:
    replicas = int(point.data_parallel or 1) * int(point.context_parallel or 1)
    if point.shard_group:
        return point.shard_group
    if point.shard_group_range:
        return min(replicas, point.shard_group_range[1])
    return replicas


def _search(
    point: Point, machine: Machine, length: int, zero: tuple[int, ...], assumed: list[str]
) -> dict[str, Any]:
    """Return every legal layout with what is stated."""
    if point.architecture is None or point.num_gpus is None:
        raise InputError(point.reason)
    batch = _batch_for_search(point, length)
    limits = _limits(point, machine, length, zero)
    partial = PartialLayout(
        tensor_parallel=point.tensor_parallel,
        pipeline_parallel=point.pipeline_parallel,
        virtual_stages=point.virtual_stages,
        data_parallel=point.data_parallel,
        context_parallel=point.context_parallel,
        expert_parallel=point.expert_parallel,
        micro_batch_size=point.micro_batch_size,
    )
    fewer = replace(partial, virtual_stages=None, micro_batch_size=None)
    even = point.num_gpus * max(1, round(batch / point.num_gpus))
    trouble = LayoutError("no legal layout")
    for wanted, shared in ((partial, batch), (fewer, batch), (partial, even), (fewer, even)):
        try:
            found = enumerate_layouts(
                point.architecture, point.num_gpus, length, shared, wanted, limits
            )
        except LayoutError as error:
            trouble = error if shared == batch else trouble
            continue
        assumed.extend(_left_out(partial, wanted))
        found["global_batch_size"] = np.full(found["zero_stage"].size, float(batch))
        return _as_stated(point, found)
    raise InputError(f"no legal layout: {trouble}")


def _limits(point: Point, machine: Machine, length: int, zero: tuple[int, ...]) -> Limits:
    """Return what a search for the layout of a row tries."""
    domain = machine.accelerator.scale_up_domain or machine.gpus_per_node or 8
    sharded = zero == (3,)
    stated = point.recompute if point.recompute_share is None else point.recompute_share
    return Limits(
        max_tensor_parallel=64 if length >= LONG else min(max(domain, 8), 16),
        max_pipeline_parallel=1 if sharded and point.pipeline_parallel is None else None,
        max_micro_batch_size=16 if point.hints.micro_batches is None else MOST_MICRO,
        zero_stages=zero,
        recompute=("none", "selective", "full") if stated is None else (stated,),
    )


def _left_out(partial: PartialLayout, wanted: PartialLayout) -> list[str]:
    """Return in words what of a row no legal layout can have."""
    if partial == wanted:
        return []
    stated = (("depth", partial.virtual_stages), ("micro-batch", partial.micro_batch_size))
    return [f"without {name} {value}: not legal" for name, value in stated if value is not None]


def _as_stated(point: Point, found: dict[str, Any]) -> dict[str, Any]:
    """Return the layouts with what a row states beside its degrees."""
    layouts = dict(found)
    sequence = 1.0 if _splits_sequence(point) else 0.0
    layouts["sequence_parallel"] = np.where(layouts["tensor_parallel"] > 1, sequence, 0.0)
    if point.shard_group:
        layouts["shard_group"] = np.minimum(layouts["shard_group"], float(point.shard_group))
    rounds = layouts["global_batch_size"] / (layouts["micro_batch_size"] * layouts["data_parallel"])
    keep = rounds == (point.hints.micro_batches or 0)
    if point.micro_batch_size is not None or not keep.any():
        return layouts
    return {name: values[keep] for name, values in layouts.items()}


def _batch_for_search(point: Point, length: int) -> int:
    if point.global_batch_size is not None:
        return point.global_batch_size
    sequences = max(1, round(TOKENS_A_STEP / length))
    gpus = int(point.num_gpus or 1)
    return max(gpus, gpus * round(sequences / gpus))
