"""A device through PyTorch: what it is, its clock, its precisions, and who else computes on it.

NVIDIA's and AMD's accelerators are both `cuda` to PyTorch. Its types are not known here, for it is
an optional part: what comes from it is `Any`.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from typing import Any

from llmcost.bench.host import memory_bytes, processor_name
from llmcost.bench.probing import MOST_ARRAY, Emit, Probe, ProbeError, Task
from llmcost.bench.timing import Clock, EventClock
from llmcost.catalog.gpus import accelerator_names
from llmcost.errors import LlmcostError

DTYPES = {
    "fp64": "float64",
    "fp32": "float32",
    "tf32": "float32",
    "bf16": "bfloat16",
    "fp16": "float16",
    "fp8": "float8_e4m3fn",
}
SEED = 20261122
# A precision slower than this share of single precision is imitated, not computed in.
EMULATED, PROBE_SIDE, PROBE_CALLS = 0.25, 256, 3
LEAST_FLUSH = 256 << 20
QUERY = (
    "driver_version",
    "clocks.sm",
    "clocks.max.sm",
    "clocks.mem",
    "power.draw",
    "power.limit",
    "temperature.gpu",
    "utilization.gpu",
    "ecc.mode.current",
    "mig.mode.current",
    "clocks_event_reasons.active",
)
# What the last was called before drivers of 2023; a tool refuses a question that it does not know.
OLD_REASONS = "clocks_throttle_reasons.active"
BUSY, SECONDS = 10.0, 10.0
# Bits of NVML that tell of slowing for heat or for power outside the normal power limit.
SLOWED = {0x8: "the hardware slows it", 0x20: "heat", 0x40: "heat", 0x80: "a power brake"}


class TorchProbe(Probe):
    """A task at work on the host's processors through PyTorch."""

    def __init__(self, task: Task, emit: Emit, torch: Any) -> None:  # noqa: ANN401
        super().__init__(task, emit)
        self.torch = torch
        self.device = torch.device("cpu")
        self.random = torch.Generator(device=self.device).manual_seed(SEED)

    @property
    def by(self) -> str:
        """The library that computes."""
        return "torch"

    def facts(self) -> dict[str, Any]:
        """Return what a file says of the device."""
        return {
            "kind": "cpu",
            "name": processor_name(),
            "count": 1,
            "catalogue": None,
            "memory_bytes": memory_bytes(),
            "torch": self.torch.__version__,
        }

    def changes(self) -> str | None:
        """Return what slowed the device meanwhile, or nothing."""
        return None

    def flush(self) -> None:
        """Empty the caches of the device, where that must be: products on a host need it not."""

    def dtype(self, precision: str) -> Any:  # noqa: ANN401
        """Return PyTorch's type for a precision; raises ProbeError where it has none."""
        found = getattr(self.torch, DTYPES.get(precision, ""), None)
        if found is None:
            raise ProbeError(f"PyTorch computes in no {precision}")
        return found

    def normal(self, *sides: int, dtype: Any) -> Any:  # noqa: ANN401
        """Return normal deviates on the device, rounded to a type."""
        made = self.torch.randn(*sides, device=self.device, generator=self.random)
        return made.to(dtype)

    def native(self, precision: str) -> bool:
        """Return whether the device computes in a precision, and does not only imitate it.

        A small product is timed beside one in single precision; an emulated type is many times
        slower, and says nothing of training.
        """
        if precision in ("fp32", "tf32", "fp64"):
            return True
        usual, asked = (self._short_product(self.dtype(one)) for one in ("fp32", precision))
        return bool(usual > EMULATED * asked)

    def _short_product(self, dtype: Any) -> float:  # noqa: ANN401
        a = self.normal(PROBE_SIDE, PROBE_SIDE, dtype=dtype)
        self.clock.passes([lambda: a @ a], 1, None)
        return min(self.clock.passes([lambda: a @ a], PROBE_CALLS, None)[0])

    def native_precisions(self, kind: str) -> tuple[str, ...]:
        """Return the precisions to measure in; say of others why not."""
        return tuple(one for one in self.precisions if self._can(kind, one))

    def _can(self, kind: str, precision: str) -> bool:
        if precision == "fp8":
            return self.fp8(kind)
        if precision == "tf32" and self.kind == "cpu":
            self.skip(kind, "processors have no tf32", dtype=precision)
            return False
        try:
            native = self.native(precision)
        except (ProbeError, RuntimeError) as error:
            self.skip(kind, str(error).split("\n", 1)[0], dtype=precision)
            return False
        if not native:
            self.skip(kind, f"{precision} is emulated on this device", dtype=precision)
        return native

    def fp8(self, kind: str) -> bool:
        """Return whether FP8 can be measured: products only, on devices that have it."""
        self.skip(kind, "processors have no fp8", dtype="fp8")
        return False


class CudaProbe(TorchProbe):
    """A task at work on an accelerator of NVIDIA or AMD."""

    usual_precisions = ("bf16",)

    def __init__(self, task: Task, emit: Emit, torch: Any, index: int) -> None:  # noqa: ANN401
        super().__init__(task, emit, torch)
        torch.cuda.set_device(index)
        self.index, self.device = index, torch.device("cuda", index)
        self.random = torch.Generator(device=self.device).manual_seed(SEED)
        self._before = nvidia_facts(self._smi_name)
        self._warn_of_others()

    @property
    def kind(self) -> str:  # type: ignore[override]
        """The kind of device, as clocks and shapes know it."""
        return "cuda"

    @property
    def clock(self) -> Clock:
        """Events on the device."""
        return EventClock(self.torch.cuda)

    @cached_property
    def properties(self) -> Any:  # noqa: ANN401
        """What PyTorch says of the device."""
        return self.torch.cuda.get_device_properties(self.index)

    @property
    def _smi_name(self) -> str:
        """The name that the maker's tool has for the device: numbers may be given out anew."""
        uuid = str(getattr(self.properties, "uuid", ""))
        return f"GPU-{uuid}" if uuid and not uuid.startswith("GPU-") else uuid or str(self.index)

    def facts(self) -> dict[str, Any]:
        """Return what a file says of the device."""
        amd = getattr(self.torch.version, "hip", None)
        return {
            "kind": "rocm" if amd else "cuda",
            "name": self.properties.name,
            "count": self.torch.cuda.device_count(),
            "index": self.index,
            "catalogue": catalogue_name(self.properties.name, self.properties.total_memory),
            "memory_bytes": self.properties.total_memory,
            "multiprocessors": self.properties.multi_processor_count,
            "capability": None if amd else ".".join(map(str, self._capability())),
            "torch": self.torch.__version__,
            "runtime": amd or self.torch.version.cuda,
            "collectives": self._collectives(),
            "state": self._before,
        }

    def _capability(self) -> tuple[int, ...]:
        return tuple(self.torch.cuda.get_device_capability(self.index))

    def _collectives(self) -> str | None:
        try:
            return ".".join(map(str, self.torch.cuda.nccl.version()))
        except (AttributeError, RuntimeError, TypeError):
            return None

    def _warn_of_others(self) -> None:
        busy = _number(self._before.get("utilization.gpu"))
        if busy is not None and busy > BUSY:
            self.warn("device-busy", f"The device was {busy:.0f}% busy before it was measured.")
        if self._before.get("mig.mode.current") == "Enabled":
            self.warn("mig", "The device is divided (MIG): its peak is that of a slice.")

    def changes(self) -> str | None:
        """Return what slowed the device meanwhile, or nothing."""
        after = nvidia_facts(self._smi_name)
        text = after.get("clocks_event_reasons.active", "")
        bits = int(text, 16) if text.startswith("0x") else 0
        reasons = sorted({reason for bit, reason in SLOWED.items() if bits & bit})
        if not reasons:
            return None
        return f"The device was slowed: {', '.join(reasons)} ({after.get('clocks.sm')} MHz)."

    def free_bytes(self) -> int | None:
        """Return the memory of the device that is free [byte]."""
        self.torch.cuda.empty_cache()
        return int(self.torch.cuda.mem_get_info(self.index)[0])

    @property
    def least_array(self) -> int:
        """The size of an array that no cache holds [byte]: so large that starting is nothing."""
        return MOST_ARRAY

    def flush(self) -> None:
        """Write more than the caches hold."""
        self._wide.zero_()

    @cached_property
    def _wide(self) -> Any:  # noqa: ANN401
        cache = int(getattr(self.properties, "L2_cache_size", 0))
        size = max(LEAST_FLUSH, 2 * cache) // 4
        return self.torch.empty(size, dtype=self.torch.int32, device=self.device)

    def fp8(self, kind: str) -> bool:
        """Return whether FP8 can be measured: products only, on devices that have it."""
        if kind != "gemm":
            self.skip(kind, "only products are measured in fp8", dtype="fp8")
            return False
        if getattr(self.torch.version, "hip", None) or self._capability() >= (8, 9):
            return True
        self.skip(kind, "the device has no fp8", dtype="fp8")
        return False


def torch_probe(task: Task, emit: Emit) -> TorchProbe:
    """Return the probe of the device that a task names; raises ProbeError where it is not there."""
    torch: Any = import_module("torch")
    torch.set_num_threads(task.threads)
    there = torch.cuda.is_available()
    if task.device == "cpu" or (task.device == "auto" and not there):
        return TorchProbe(task, emit, torch)
    index = int(task.device.partition(":")[2] or 0)
    if not there or index >= torch.cuda.device_count():
        found = torch.cuda.device_count() if there else 0
        raise ProbeError(
            f"device: got {task.device}; PyTorch {torch.__version__} finds {found} accelerators. "
            "Give --device cpu, or install the PyTorch of the accelerator."
        )
    return CudaProbe(task, emit, torch, index)


def catalogue_name(name: str, memory: int) -> str | None:
    """Return the catalogue's name of an accelerator, where its own name tells which it is.

    >>> catalogue_name("NVIDIA H100 80GB HBM3", 85_000_000_000)
    'h100-sxm'
    """
    rounded = f"{name} {round(memory / 1e9)} GB"
    for spelling in (name, SPELLINGS.get(name, name), rounded):
        try:
            names = accelerator_names(spelling)
        except LlmcostError:
            continue
        if len(names) == 1:
            return names[0]
    return None


# As drivers spell them (nvidia-smi -L), where the catalogue's names do not lead to them.
SPELLINGS = {
    "NVIDIA H100 80GB HBM3": "h100-sxm",
    "NVIDIA H100 PCIe": "h100-pcie",
    "NVIDIA H100 NVL": "h100-nvl",
    "NVIDIA H200": "h200-sxm",
    "NVIDIA H200 NVL": "h200-nvl",
    "NVIDIA A100-SXM4-40GB": "a100-sxm-40gb",
    "NVIDIA A100-SXM4-80GB": "a100-sxm-80gb",
    "NVIDIA A100-PCIE-40GB": "a100-pcie-40gb",
    "NVIDIA A100 80GB PCIe": "a100-pcie-80gb",
    "NVIDIA B200": "b200",
    "NVIDIA B300": "b300",
    "NVIDIA L4": "l4",
    "NVIDIA L40": "l40",
    "NVIDIA L40S": "l40s",
    "NVIDIA H20": "h20",
    "Tesla T4": "t4",
    "AMD Instinct MI300X": "mi300x",
    "AMD Instinct MI325X": "mi325x",
    "AMD Instinct MI355X": "mi355x",
}


def nvidia_facts(name: str) -> dict[str, str]:
    """Return clocks, power, heat and use of a device now, from its maker's tool if there is one."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return {}
    for questions in (QUERY, (*QUERY[:-1], OLD_REASONS)):
        cells = _asked(tool, questions, name)
        if len(cells) == len(QUERY):
            return dict(zip(QUERY, cells, strict=True))
    return {}


def _asked(tool: str, questions: Sequence[str], name: str) -> list[str]:
    """Return a tool's answers on a device, or none where it fails."""
    wanted = f"--query-gpu={','.join(questions)}"
    command = [tool, wanted, "--format=csv,noheader,nounits", "-i", name]
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return []
    return [cell.strip() for cell in done.stdout.split("\n", 1)[0].split(",")]


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None
