"""Small stand-ins for measured points and predictions, to test errors by hand."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FakePoint:
    id: str
    measured_step_time: float | None = 10.0
    source: str = "acme-2026"
    model: str = "tiny"
    family: str = "megatron"
    accelerator: str = "h100-sxm"
    num_gpus: int = 8
    precision: str = "bf16"
    seq_length: int = 4096
    mixture: bool = False
    task: str = "pretrain"
    flags: tuple[str, ...] = ()
    token_drop: bool = False
    layout_missing: tuple[str, ...] = ()
    configuration: str | None = None
    measured_low: float | None = None
    measured_high: float | None = None
    measured_basis: str = "step time"
    scored: bool = True
    reason: str = ""
    measurement: object = None


@dataclass(frozen=True)
class FakeRun:
    id: str
    gpu_hours: float | None = 1000.0
    source: str = "acme-card"
    model: str = "tiny"
    accelerator: str = "h100-sxm"
    num_gpus: int | None = 64
    precision: str = "bf16"
    mixture: bool = False
    task: str = "pretrain"
    flags: tuple[str, ...] = ()
    measured_basis: str = "printed"
    scored: bool = True
    reason: str = ""


@dataclass(frozen=True)
class FakePrediction:
    """At 8 devices of 1e15 FLOP/s, 3.2e16 FLOP take 4 s at the peak."""

    step_time: float | None = None
    gpu_hours: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    situation: str = "known"
    model_flop: float | None = 3.2e16
    peak_flop_rate: float | None = 1e15
    layout: str = "tp=1"
    global_batch_size: int | None = 16
    seq_length: int | None = 4096


# A row of a measured table that states all but what was measured.
FULL_ROW = {
    "id": "a",
    "source_date": "2025-06",
    "framework": "Megatron-LM",
    "model_name": "Llama 3.1 70B",
    "gpu": "H100-SXM5-80GB",
    "n_gpus": "64",
    "dtype": "bf16",
    "tp": "4",
    "pp": "4",
    "vpp": "5",
    "cp": "1",
    "dp": "4",
    "ep": "1",
    "fsdp_or_zero_stage": "zero1",
    "sequence_parallel": "yes",
    "micro_batch": "1",
    "global_batch_seqs": "128",
    "seq_len": "8192",
    "recompute": "none",
}
