"""Measure this machine: each family of probes in a fresh process, within a budget of time.

A process that hangs, runs out of memory or crashes costs its own family and nothing else; what it
had sent before is kept. Nothing of the device is ever changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from time import monotonic
from typing import Any

from llmcost.bench.host import cores, host_facts
from llmcost.bench.probing import NO_TIME, Task
from llmcost.bench.shapes import Shape
from llmcost.bench.together import gather_all
from llmcost.bench.workers import Gathered, Worker, run_workers, stop_all
from llmcost.catalog.gpus import PRECISIONS as CATALOGUED
from llmcost.errors import InputError, MissingExtraError, UnknownNameError, one_of, shown

FAMILIES = ("matmul", "memory", "attention", "step", "optimizer", "collective")
EFFORTS = {"quick": 30.0, "normal": 120.0, "full": 600.0}
# An accelerator's libraries start slowly, once a family: where no budget is given it gets more.
SLOW_START = 2.0
# No measurement takes longer [s]: what asks for more is a slip of a unit.
MOST_SECONDS = 86_400.0
# How the budget is shared out; what a family leaves goes to those after it.
WEIGHTS = {
    "matmul": 3.0,
    "memory": 1.5,
    "attention": 1.5,
    "step": 3.0,
    "optimizer": 1.5,
    "collective": 2.0,
}
# Of its share of the budget, a family has so much for sure, however slowly libraries are loaded.
SURE = 0.5
KINDS = {"matmul": "gemm"}
NUMPY_FAMILIES = ("matmul", "memory")
# What may be asked for; a device says itself which of them it computes in.
PRECISIONS = ("fp64", *CATALOGUED)
COMPLETE, INTERRUPTED, OVER_BUDGET = "complete", "interrupted", "over budget"
# Raised when the way of measuring changes, so that results of two ways are not compared.
METHOD = 1

OnSample = Callable[[Mapping[str, Any]], None]
OnStart = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What to measure: families, device, precisions, the model's shape, effort and budget [s].

    `device` is auto, cpu, cuda:0 or all; `by` auto, torch or numpy. Without a `shape` a usual one
    of the device is taken; `seq_length` and `micro_batch_size` count over those of the shape.
    """

    what: tuple[str, ...] = FAMILIES
    device: str = "auto"
    precisions: tuple[str, ...] = ()
    shape: Shape | None = None
    seq_length: int | None = None
    micro_batch_size: int | None = None
    effort: str = "normal"
    budget: float | None = None
    by: str = "auto"
    ranks: int = 2

    def as_dict(self) -> dict[str, Any]:
        """Return the request as a file says it."""
        return {
            "what": list(self.what),
            "device": self.device,
            "precisions": list(self.precisions),
            "model": self.shape.name if self.shape else None,
            "seq_length": self.seq_length,
            "micro_batch_size": self.micro_batch_size,
            "effort": self.effort,
            "budget_s": self.seconds,
        }

    @property
    def seconds(self) -> float:
        """The budget [s], or the usual one of the effort."""
        return EFFORTS[self.effort] if self.budget is None else self.budget


@dataclass(frozen=True, slots=True)
class Measured:
    """Samples, what could not be measured and why, and on what."""

    samples: tuple[dict[str, Any], ...]
    not_measured: tuple[dict[str, Any], ...]
    host: Mapping[str, Any]
    device: Mapping[str, Any]
    status: str
    warnings: tuple[dict[str, str], ...]
    request: Mapping[str, Any]
    measured_at: str
    method: int = field(default=METHOD)


def measure(
    request: Request, on_sample: OnSample | None = None, on_start: OnStart | None = None
) -> Measured:
    """Return what this machine reaches; `on_sample` gets every sample as it is taken.

    An interrupt (Ctrl-C) ends the measuring, not the answer: its status says so. Raises InputError
    for a request that cannot be, MissingExtraError where all of it needs PyTorch and there is none.
    """
    check(request)
    by, threads = library(request), cores()
    host, gathered = host_facts(threads), Gathered(on_sample)
    status = COMPLETE
    try:
        _run_families(request, by, threads, gathered, on_start)
    except KeyboardInterrupt:
        status = INTERRUPTED
    if status == COMPLETE and any(one["reason"] == NO_TIME for one in gathered.not_measured):
        status = OVER_BUDGET
    return Measured(
        samples=tuple(gathered.samples),
        not_measured=tuple(gathered.not_measured),
        host=host,
        device=gathered.device,
        status=status,
        warnings=tuple(gathered.warnings),
        request=request.as_dict() | {"by": by},
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def check(request: Request) -> None:
    """Raise InputError for families, a device, precisions, an effort or a budget that cannot be."""
    wrong = [one for one in request.what if one not in FAMILIES]
    if wrong or not request.what:
        got = shown(wrong[0]) if wrong else "nothing"
        raise InputError(f"what: got {got}; needs some of {', '.join(FAMILIES)}.")
    if request.effort not in EFFORTS:
        raise InputError(f"effort: got {shown(request.effort)}; needs {one_of(EFFORTS)}.")
    name, _, number = request.device.partition(":")
    if not (
        request.device in ("auto", "cpu", "cuda", "all")
        or (name == "cuda" and number.isascii() and number.isdigit())
    ):
        raise InputError(
            f"device: got {shown(request.device)}; needs auto, cpu, cuda:0 (any number; AMD's "
            "accelerators too) or all."
        )
    if request.by not in ("auto", "torch", "numpy"):
        raise InputError(f"by: got {shown(request.by)}; needs auto, torch or numpy.")
    for name in request.precisions:
        if name not in PRECISIONS:
            raise UnknownNameError("precision", name, PRECISIONS, f"Needs {one_of(PRECISIONS)}.")
    for key in ("seq_length", "micro_batch_size", "budget"):
        value = getattr(request, key)
        if value is not None and not value > 0:
            raise InputError(f"{key}: got {shown(value)}; needs more than 0.")
    if request.seconds > MOST_SECONDS:
        raise InputError(f"budget: got {request.seconds:.4g} s; needs at most a day, 86,400 s.")


def library(request: Request) -> str:
    """Return by what a request is measured: torch, or numpy where that is not installed.

    Raises MissingExtraError where NumPy can do none of it.
    """
    if request.by == "numpy":
        return "numpy"
    if find_spec("torch") is not None:
        return "torch"
    if request.by == "torch":
        raise MissingExtraError("Measuring with PyTorch", extra="bench")
    if request.device not in ("auto", "cpu"):
        raise MissingExtraError(f"Measuring the device {request.device}", extra="bench")
    if not set(request.what) & set(NUMPY_FAMILIES):
        raise MissingExtraError(f"Measuring {', '.join(request.what)}", extra="bench")
    return "numpy"


def _run_families(
    request: Request, by: str, threads: int, gathered: Gathered, on_start: OnStart | None
) -> None:
    deadline = monotonic() + request.seconds
    asked = [one for one in FAMILIES if one in request.what]
    families = [one for one in asked if by == "torch" or one in NUMPY_FAMILIES]
    for family in asked:
        if family not in families:
            gathered.skip(KINDS.get(family, family), _needs_torch(request.by))
    spare: list[Worker] = []
    try:
        for i, family in enumerate(families):
            if on_start is not None:
                on_start(family)
            task = _task(request, family, by, threads, families[i:], deadline - monotonic())
            kind = KINDS.get(family, family)
            spare = run_workers([task], gathered, kind, spare=spare[0] if spare else None)
            if gathered.no_device:
                raise InputError(gathered.no_device)
            on_processors = gathered.device.get("kind", "cpu") == "cpu"
            if i == 0 and request.budget is None and not on_processors:
                deadline += (SLOW_START - 1) * request.seconds
            if not (by == "torch" and on_processors and request.effort == "quick"):
                stop_all(spare)
                spare = []
            if family == "matmul" and request.device == "all":
                gather_all(task, gathered)
    finally:
        stop_all(spare)


def _task(
    request: Request, family: str, by: str, threads: int, to_come: list[str], left: float
) -> Task:
    """Return the task of a family, with its share of the time that is left [s]."""
    share = WEIGHTS[family] / sum(WEIGHTS[one] for one in to_come)
    sure = SURE * request.seconds * WEIGHTS[family] / sum(WEIGHTS[one] for one in request.what)
    return Task(
        family=family,
        device="auto" if request.device == "all" else request.device,
        by=by,
        precisions=request.precisions,
        shape=request.shape.as_dict() if request.shape else None,
        seq_length=request.seq_length,
        micro_batch_size=request.micro_batch_size,
        effort=request.effort,
        seconds=max(0.0, share * left),
        least=sure,
        threads=threads,
        ranks=request.ranks,
    )


def _needs_torch(by: str) -> str:
    if by == "numpy":
        return "NumPy trains no model; measure with PyTorch"
    return "needs PyTorch: pip install 'llmcost[bench]'"
