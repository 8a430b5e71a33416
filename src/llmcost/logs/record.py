"""What a training log says, in one vocabulary: the records that every format is read into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

# What a record of a step may say: name -> (unit, meaning). A "step" is one optimizer step.
FIELDS: dict[str, tuple[str, str]] = {
    "step": ("", "optimizer steps done, or the number that the framework gives this one"),
    "planned_steps": ("", "optimizer steps that the run will have"),
    "step_time": ("s", "mean time of one step since the last record"),
    "step_time_average": ("s", "mean time of one step since the launch"),
    "micro_step_time": ("s", "time of one micro-step, of which `accumulation` make a step"),
    "last_micro_step_time": ("s", "time of the micro-step that ends a step, its update included"),
    "micro_steps_total": ("", "micro-steps done"),
    "time_stamp": ("s", "when the record was written, since 1970-01-01 UTC"),
    "run_clock": ("s", "time since the launch, everything included"),
    "train_clock": ("s", "time since the launch, without evaluation"),
    "loss": ("", "the training loss, which tells ranks from steps"),
    "global_batch_size": ("", "sequences of a step"),
    "tokens_per_step": ("token", "tokens of a step, of all devices"),
    "tokens_total": ("token", "tokens trained on since the start of training"),
    "tokens_per_gpu_total": ("token", "the same, of one device"),
    "samples_total": ("", "sequences trained on since the start of training"),
    "tokens_per_second": ("token/s", "of all devices"),
    "tokens_per_gpu_second": ("token/s/GPU", "of one device"),
    "samples_per_second": ("1/s", "sequences, of all devices"),
    "samples_per_gpu_second": ("1/s/GPU", "sequences, of one device"),
    "steps_per_second": ("1/s", "optimizer steps"),
    "stated_flop_rate": ("FLOP/s/GPU", "as the framework states it, by its own convention"),
    "stated_mfu": ("", "as the framework states it, a share"),
    "skipped_steps": ("", "steps without an update since the last record"),
    "skipped_total": ("", "steps without an update since the launch"),
    "energy_per_step": ("J/GPU", "energy of one step"),
    "power": ("W/GPU", "mean power"),
    "seq_length": ("token", "tokens of a sequence"),
    "rank": ("", "the process that wrote the line"),
    "evaluation_time": ("s", "evaluation since the last record"),
}
# What a header or a configuration may say besides, once for a launch.
FACTS: dict[str, tuple[str, str]] = {
    "num_gpus": ("GPU", "accelerators of the run"),
    "micro_batch_size": ("", "sequences per replica per pass"),
    "accumulation": ("", "micro-steps of a step"),
    "log_interval": ("", "steps between two records"),
    "parameters": ("", "parameters of the model"),
    "peak_flop_rate": ("FLOP/s/GPU", "the peak that the framework's MFU divides by"),
    "tensor_parallel": ("", ""),
    "pipeline_parallel": ("", ""),
    "context_parallel": ("", ""),
    "expert_parallel": ("", ""),
    "data_parallel": ("", ""),
    "data_parallel_shards": ("", "data_parallel is this number times the next"),
    "data_parallel_replicas": ("", ""),
    "warm_up_time": ("s", "time from the launch to the first step"),
    **{
        name: FIELDS[name]
        for name in (
            *("planned_steps", "global_batch_size", "tokens_per_step", "seq_length"),
            *("evaluation_time", "run_clock"),
        )
    },
}
TEXT_FACTS = ("accelerator", "precision", "framework", "framework_version", "model")
LAUNCH, FACT, EVALUATION, CHECKPOINT, END, STOPPED = (
    *("launch", "fact", "evaluation", "checkpoint"),
    *("end", "stopped"),
)
EVENTS = (LAUNCH, FACT, EVALUATION, CHECKPOINT, END, STOPPED)


@dataclass(frozen=True, slots=True)
class Number:
    """A number in a line: which field, its first byte and the byte after its last, and its scale.

    The bytes are digits with at most one sign, point, exponent and commas between thousands; the
    value of the field is that number times `scale`.
    """

    field: str
    start: int
    end: int
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one line says.

    Without an `event` it is a record of a step, or with `opens` false adds to the record that the
    last line with `opens` began. With an `event` (one of EVENTS) it stands for itself; its numbers
    are FACTS. `texts` are TEXT_FACTS, of events alone. Numbers of one field in a line add up, such
    as the hours, minutes and seconds of a clock; a later line adds only what was not said yet.
    """

    numbers: tuple[Number, ...] = ()
    opens: bool = True
    event: str = ""
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that is no step: its line, its kind, its moment [s], what it says."""

    line: int
    kind: str
    time_stamp: float | None = None
    values: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Chunk:
    """A stretch of one log: the records of its steps by field, and its events, by line.

    `columns` has one array a field that any record here gives, all of one length, NaN where a
    record does not say, and always ``line`` (from 1; for files without lines the number of the
    record). `format` is the name in FORMATS. `stamps` are the first and the last moment [s] that
    any line of the stretch names, `None` without. `messages` are for the user.
    """

    format: str
    columns: Mapping[str, Floats]
    events: tuple[Event, ...] = ()
    stamps: tuple[float, float] | None = None
    messages: tuple[str, ...] = ()
    lines: int = 0
    bytes: int = 0

    def __len__(self) -> int:
        return len(self.columns["line"])
