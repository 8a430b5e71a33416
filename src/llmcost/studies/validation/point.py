"""One row of a measured throughput table as a point: what was run, on what, and how long it took.

A knob that a row does not state is `None`, never a usual value.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from llmcost.catalog.architecture import Architecture
from llmcost.studies.validation.hints import Hints
from llmcost.studies.validation.measured_step import Measurement


@dataclass(frozen=True, slots=True)
class Point:
    """One measured row: knobs as stated or as they follow, `None` where not known.

    Units: global_batch_size [sequences], micro_batch_size [sequences] for each replica and pass,
    seq_length [token], shard_group [GPU], measured_* [s]. `recompute_share` is the share of layers
    recomputed in full, where a part is stated. `shard_group` is set only where groups shard and
    replicate (`hybrid_sharding`), `shard_group_range` where only bounds are told. `hints` holds
    what remarks tell. `measured_step_time` is `None` where a rate is measured and the batch or
    the sequence length is not known: `measurement` then turns those into times.
    """

    id: str
    source: str
    source_date: float | None
    framework: str
    family: str
    model: str
    architecture: Architecture | None
    architecture_basis: str
    catalogue_model: str | None
    architecture_inferred: bool
    accelerator: str | None
    accelerator_alternatives: tuple[str, ...]
    num_gpus: int | None
    gpus_per_node: int | None
    precision: str | None
    fp8_scaling: str | None
    tensor_parallel: int | None
    pipeline_parallel: int | None
    virtual_stages: int | None
    data_parallel: int | None
    context_parallel: int | None
    expert_parallel: int | None
    expert_tensor_parallel: int | None
    zero_stage: int | None
    hybrid_sharding: bool
    shard_group: int | None
    shard_group_range: tuple[int, int] | None
    sequence_parallel: bool | None
    micro_batch_size: int | None
    global_batch_size: int | None
    seq_length: int | None
    recompute: str | None
    recompute_share: float | None
    hints: Hints
    token_drop: bool
    task: str
    flags: tuple[str, ...]
    layout_missing: bool
    measurement: Measurement
    measured_step_time: float | None
    measured_low: float | None
    measured_high: float | None
    measured_basis: str
    scored: bool
    reason: str

    @property
    def schedule(self) -> int:
        """The pipeline's schedule: 0 for 1F1B, 1 and 2 zero bubble, 3 DualPipe."""
        return self.hints.schedule

    @property
    def mixture(self) -> bool | None:
        """Whether the model is a mixture of experts."""
        if self.architecture is None:
            return None
        return any(group.mlp.experts for group in self.architecture.groups)

    @property
    def configuration(self) -> tuple[Any, ...]:
        """All knobs and nothing of who measured what and when: equal for repeats of one run."""
        return tuple(getattr(self, name) for name in CONFIGURATION)


_NOT_KNOBS = frozenset(
    (
        *("id", "source", "source_date", "framework", "architecture_basis", "flags", "hints"),
        *("measurement", "measured_step_time", "measured_low", "measured_high", "measured_basis"),
        *("scored", "reason", "accelerator_alternatives", "layout_missing", "catalogue_model"),
        *("model", "architecture_inferred"),
    )
)
CONFIGURATION = tuple(f.name for f in fields(Point) if f.name not in _NOT_KNOBS)
