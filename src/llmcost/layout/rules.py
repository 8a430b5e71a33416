"""The rules of legality, each written once, for numbers and for arrays alike.

A rule holds on columns (see `llmcost.layout.record.COLUMNS`), be they the whole numbers of one
layout or arrays of many: it uses only operators that mean the same on both. What a layout must
keep beside these, such as degrees of 1 or more, the record itself refuses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import gcd
from typing import Any, NamedTuple

import llmcost.layout.messages as say
from llmcost.catalog.architecture import Architecture
from llmcost.errors import LayoutError
from llmcost.layout.record import DEGREES, Layout, as_columns
from llmcost.layout.situation import Situation, situation

Columns = Mapping[str, Any]
# The embedding and the output layer may each take the place of a layer in a chunk: Llama 3.1 405B
# (126 layers) is run by NVIDIA's recipes as 16 stages of 8 chunks, which is 128.
OUTER_PLACES = 2


class Rule(NamedTuple):
    """A rule: its name, whether columns keep it, and the message when a layout breaks it."""

    name: str
    holds: Callable[[Columns, Situation], Any]
    message: Callable[[Layout, Situation], str]


def check(
    layout: Layout,
    architecture: Architecture,
    num_gpus: int,
    seq_length: int,
    global_batch_size: int | None = None,
) -> None:
    """Raise LayoutError when a layout breaks a rule on a model, a cluster [GPU] and a batch.

    `seq_length` is in tokens, `global_batch_size` in sequences (the layout's own when left out).
    """
    batch = layout.global_batch_size if global_batch_size is None else global_batch_size
    where = situation(architecture, num_gpus, seq_length, batch)
    broken = first_broken(layout, where)
    if broken is not None:
        raise LayoutError(broken.message(layout, where))


def first_broken(layout: Layout, where: Situation) -> Rule | None:
    """Return the first rule that a layout breaks, None when it keeps all."""
    columns = {name: int(value) for name, value in as_columns(layout, where.seq_length).items()}
    return next((rule for rule in RULES if not rule.holds(columns, where)), None)


def legal(
    columns: Columns,
    architecture: Architecture,
    num_gpus: int,
    seq_length: int,
    global_batch_size: int,
) -> Any:  # noqa: ANN401
    """Return for each row of columns whether `check` would let it pass.

    `columns` are those of `llmcost.layout.record.COLUMNS`, numbers or arrays that broadcast.
    """
    return kept(columns, situation(architecture, num_gpus, seq_length, global_batch_size))


def kept(columns: Columns, where: Situation) -> Any:  # noqa: ANN401
    """Return for each row of columns whether it keeps every rule."""
    import numpy as np

    safe = {name: np.asarray(columns[name], dtype=float) for name in columns}
    keeps: Any = (safe["zero_stage"] >= 0) & (safe["zero_stage"] <= 3)
    for name in DEGREES:
        possible = (safe[name] >= 1) & (safe[name] == np.floor(safe[name]))
        safe[name] = np.where(possible, safe[name], 1.0)
        keeps = keeps & possible
    for rule in RULES:
        keeps = keeps & rule.holds(safe, where)
    return keeps


def _fills_the_cluster(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    return _replica(c) * c["data_parallel"] == s.num_gpus


def _replica(c: Columns) -> Any:  # noqa: ANN401
    return c["tensor_parallel"] * c["pipeline_parallel"] * c["context_parallel"]


def _splits_heads(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    return s.common_heads % c["tensor_parallel"] == 0


def _splits_kv_heads(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    tp, keeps = c["tensor_parallel"], True
    for kv in s.kv_heads:
        keeps = keeps & ((kv % tp == 0) | (tp % kv == 0))
    return keeps


def _splits_widths(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    return s.common_width % c["tensor_parallel"] == 0


def _fills_stages(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    return c["pipeline_parallel"] <= s.layers


def _interleaves_a_pipeline(c: Columns, _: Situation) -> Any:  # noqa: ANN401
    return (c["virtual_stages"] == 1) | (c["pipeline_parallel"] > 1)


def _fills_chunks(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    chunks = c["pipeline_parallel"] * c["virtual_stages"]
    return (c["virtual_stages"] == 1) | (chunks <= s.layers + OUTER_PLACES)


def _schedules_a_pipeline(c: Columns, _: Situation) -> Any:  # noqa: ANN401
    return (c["schedule"] == 0) | (c["pipeline_parallel"] > 1)


def _schedules_own_chunks(c: Columns, _: Situation) -> Any:  # noqa: ANN401
    return (c["schedule"] == 0) | (c["virtual_stages"] == 1)


def _fills_a_v(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    return (c["schedule"] != 2) | (2 * c["pipeline_parallel"] <= s.layers + OUTER_PLACES)


def _has_the_batch(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    return c["global_batch_size"] == s.global_batch_size


def _divides_the_batch(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    return s.global_batch_size % (c["data_parallel"] * c["micro_batch_size"]) == 0


def _pairs_both_ends(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    per_replica = c["data_parallel"] * c["micro_batch_size"]
    even = (c["pipeline_parallel"] % 2 == 0) & (s.global_batch_size % (2 * per_replica) == 0)
    return (c["schedule"] != 3) | even


def _has_experts(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    return bool(s.experts) | ((c["expert_parallel"] == 1) & (c["expert_tensor_parallel"] == 1))


def _splits_experts(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    return (c["expert_parallel"] == 1) | (s.common_experts % c["expert_parallel"] == 0)


def _splits_expert_widths(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    return gcd(*s.expert_widths) % c["expert_tensor_parallel"] == 0


def _places_experts(c: Columns, _: Situation) -> Any:  # noqa: ANN401
    stage = c["tensor_parallel"] * c["context_parallel"] * c["data_parallel"]
    return stage % (c["expert_parallel"] * c["expert_tensor_parallel"]) == 0


def _splits_the_sequence(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    return (c["context_parallel"] == 1) | (s.seq_length % (2 * c["context_parallel"]) == 0)


def _sequence_parallel_has_a_group(c: Columns, _: Situation) -> Any:  # noqa: ANN401
    return (c["sequence_parallel"] == 0) | (c["tensor_parallel"] > 1)


def _sequence_parallel_splits(c: Columns, s: Situation) -> Any:  # noqa: ANN401
    group = c["context_parallel"] * c["tensor_parallel"]
    return (c["sequence_parallel"] == 0) | (s.seq_length % group == 0)


def _divides_into_shards(c: Columns, _: Situation) -> Any:  # noqa: ANN401
    return (c["data_parallel"] * c["context_parallel"]) % c["shard_group"] == 0


def _shards_something(c: Columns, _: Situation) -> Any:  # noqa: ANN401
    whole = c["shard_group"] == c["data_parallel"] * c["context_parallel"]
    return (c["zero_stage"] > 0) | whole


RULES = (
    Rule("cluster", _fills_the_cluster, say.cluster),
    Rule("heads", _splits_heads, say.heads),
    Rule("kv heads", _splits_kv_heads, say.kv_heads),
    Rule("widths", _splits_widths, say.widths),
    Rule("stages", _fills_stages, say.stages),
    Rule("interleaving", _interleaves_a_pipeline, say.interleaving),
    Rule("chunks", _fills_chunks, say.chunks),
    Rule("schedule of one stage", _schedules_a_pipeline, say.schedule_of_one_stage),
    Rule("schedule and chunks", _schedules_own_chunks, say.schedule_and_chunks),
    Rule("chunks of a V", _fills_a_v, say.chunks_of_a_v),
    Rule("batch", _has_the_batch, say.batch),
    Rule("batch and replicas", _divides_the_batch, say.batch_and_replicas),
    Rule("DualPipe", _pairs_both_ends, say.dualpipe),
    Rule("dense model", _has_experts, say.dense_model),
    Rule("experts", _splits_experts, say.experts),
    Rule("expert widths", _splits_expert_widths, say.expert_widths),
    Rule("expert groups", _places_experts, say.expert_groups),
    Rule("sequence", _splits_the_sequence, say.sequence),
    Rule("sequence parallel", _sequence_parallel_has_a_group, say.sequence_parallel),
    Rule("sequence shares", _sequence_parallel_splits, say.sequence_shares),
    Rule("shards", _divides_into_shards, say.shards),
    Rule("shards of nothing", _shards_something, say.shards_of_nothing),
)
