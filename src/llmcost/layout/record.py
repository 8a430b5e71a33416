"""The record of a parallel layout, whole or partly given, and its columns for the engine."""

from __future__ import annotations

from dataclasses import dataclass, fields
from types import MappingProxyType

from llmcost.errors import LayoutError, nearest, one_of, shown

SCHEDULES = ("1f1b", "interleaved", "zero-bubble", "zero-bubble-v", "dualpipe")
SCHEDULE_CODES = MappingProxyType(
    {"1f1b": 0, "interleaved": 0, "zero-bubble": 1, "zero-bubble-v": 2, "dualpipe": 3}
)
RECOMPUTE = ("none", "selective", "full")
MAX_DEGREE = 10**9
DEGREES = (
    "tensor_parallel",
    "pipeline_parallel",
    "virtual_stages",
    "data_parallel",
    "context_parallel",
    "expert_parallel",
    "expert_tensor_parallel",
    "micro_batch_size",
    "global_batch_size",
    "shard_group",
)
COLUMNS = (
    *DEGREES,
    "seq_length",
    "zero_stage",
    "sequence_parallel",
    "recompute_selective",
    "recompute_full",
    "schedule",
)


@dataclass(frozen=True, slots=True)
class PartialLayout:
    """A layout of which some parts are given; what is None is free, to be searched.

    The fields are those of `Layout`. Raises LayoutError for a value that no layout can have.
    """

    tensor_parallel: int | None = None
    pipeline_parallel: int | None = None
    virtual_stages: int | None = None
    data_parallel: int | None = None
    context_parallel: int | None = None
    expert_parallel: int | None = None
    expert_tensor_parallel: int | None = None
    micro_batch_size: int | None = None
    global_batch_size: int | None = None
    zero_stage: int | None = None
    shard_group: int | None = None
    sequence_parallel: bool | None = None
    recompute: str | float | None = None
    schedule: str | None = None

    def __post_init__(self) -> None:
        _check_values(self)

    def given(self) -> dict[str, int | bool | str | float]:
        """Return the parts that are given, by name."""
        values = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in values if value is not None}


@dataclass(frozen=True, slots=True)
class Layout:
    """How one training step is split: degrees, batch, sharding, recomputation and schedule.

    `micro_batch_size` is in sequences a replica and pass, `global_batch_size` in sequences a step.
    `expert_parallel` lies inside data, context and tensor parallel. `shard_group` is the devices
    that ZeRO shards over: all of data x context parallel unless a smaller group is given.
    `recompute` is none, selective, full, or the share of layers that are recomputed in full.
    `schedule` follows from `virtual_stages` unless it is given. Raises LayoutError for a value
    that no layout can have; `llmcost.layout.check` holds the whole against a model and a cluster.
    """

    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    virtual_stages: int = 1
    data_parallel: int = 1
    context_parallel: int = 1
    expert_parallel: int = 1
    expert_tensor_parallel: int = 1
    micro_batch_size: int = 1
    global_batch_size: int = 1
    zero_stage: int = 0
    shard_group: int | None = None
    sequence_parallel: bool = False
    recompute: str | float = "none"
    schedule: str | None = None

    def __post_init__(self) -> None:
        _check_values(self)
        if self.shard_group is None:
            object.__setattr__(self, "shard_group", self.data_parallel * self.context_parallel)
        if self.schedule is None:
            object.__setattr__(self, "schedule", _plain_schedule(self.virtual_stages))
        _check_schedule(self)

    @property
    def devices(self) -> int:
        """The product of the degrees [GPU]."""
        degrees = self.tensor_parallel * self.pipeline_parallel * self.context_parallel
        return degrees * self.data_parallel

    @property
    def micro_batches(self) -> float:
        """Micro-batches a replica runs in a step; whole in a legal layout."""
        return self.global_batch_size / (self.data_parallel * self.micro_batch_size)


def as_columns(layout: Layout, seq_length: int) -> dict[str, float]:
    """Return the columns (see COLUMNS) of one layout at a sequence length [token]."""
    selective, full = recompute_shares(layout.recompute)
    values = {name: float(getattr(layout, name)) for name in DEGREES}
    return values | {
        "seq_length": float(seq_length),
        "zero_stage": float(layout.zero_stage),
        "sequence_parallel": float(layout.sequence_parallel),
        "recompute_selective": selective,
        "recompute_full": full,
        "schedule": float(SCHEDULE_CODES[str(layout.schedule)]),
    }


def recompute_shares(recompute: str | float) -> tuple[float, float]:
    """Return the shares of layers that are recomputed selectively and in full.

    >>> recompute_shares("selective"), recompute_shares(0.25)
    ((1.0, 0.0), (0.0, 0.25))
    """
    if isinstance(recompute, str):
        return float(recompute == "selective"), float(recompute == "full")
    return 0.0, float(recompute)


def _plain_schedule(virtual_stages: int) -> str:
    return "interleaved" if virtual_stages > 1 else "1f1b"


def _check_schedule(layout: Layout) -> None:
    plain = _plain_schedule(layout.virtual_stages)
    if layout.schedule in ("1f1b", "interleaved") and layout.schedule != plain:
        needs = "vp=1" if layout.schedule == "1f1b" else "vp of 2 or more"
        raise LayoutError(
            f"schedule={layout.schedule} with vp={layout.virtual_stages}: needs {needs}. Leave "
            f"the schedule out, or write schedule={plain}."
        )


def _check_values(record: Layout | PartialLayout) -> None:
    for name in DEGREES:
        _check_whole(name, getattr(record, name), 1, MAX_DEGREE)
    _check_whole("zero_stage", record.zero_stage, 0, 3)
    if record.sequence_parallel not in (True, False, None):
        raise LayoutError(
            f"sequence_parallel: got {shown(record.sequence_parallel)}; needs on or off."
        )
    if record.schedule is not None and record.schedule not in SCHEDULES:
        _refuse_name("schedule", record.schedule, SCHEDULES)
    _check_recompute(record.recompute)


def _check_whole(name: str, value: object, low: int, high: int) -> None:
    if value is None:
        return
    whole = isinstance(value, int) and not isinstance(value, bool)
    if not whole or not low <= value <= high:  # type: ignore[operator]
        span = f"from {low} to {high}" if high < MAX_DEGREE else f"of {low} or more, at most 1e9"
        raise LayoutError(f"{name}: got {shown(value)}; needs a whole number {span}.")


def _check_recompute(value: object) -> None:
    if value is None or value in RECOMPUTE:
        return
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse_name("recompute", value, RECOMPUTE, ", or the share of layers from 0 to 1")
    elif not 0 <= value <= 1:
        raise LayoutError(
            f"recompute: got {shown(value)}; needs a share of layers from 0 to 1, or "
            f"{one_of(RECOMPUTE)}."
        )


def _refuse_name(name: str, value: object, known: tuple[str, ...], other: str = "") -> None:
    close = nearest(str(value), known)
    hint = f" Did you mean {one_of(close)}?" if close else ""
    raise LayoutError(f"{name}: got {shown(value)}; needs {one_of(known)}{other}.{hint}")
