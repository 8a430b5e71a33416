"""What every probe measures with: the task, its clocks and guards, and where samples go."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from time import monotonic
from typing import Any

from llmcost.bench.host import available_bytes, cache_bytes
from llmcost.bench.shapes import Gemm, Shape, grid, model_gemms, shape_from
from llmcost.bench.timing import Clock, HostClock, OutOfTimeError, Timer

Emit = Callable[[str, dict[str, Any]], None]
# No probe takes more than this share of the memory that is free when it starts.
MEMORY_SHARE = 0.5
CACHES, LEAST_ARRAY, MOST_ARRAY = 4, 64 << 20, 4 << 30
# How long a device warms up before its first measurement, then before each of the others [s].
WARM_UP, WARM_AGAIN = {"cpu": 0.2, "cuda": 1.0}, 0.2
BUDGETS = {"quick": 0.25, "normal": 0.5, "full": 1.0}
MOST_WORDS = 200
NO_TIME = "its share of the time (--budget) was spent"


class ProbeError(Exception):
    """Something cannot be measured; the message says why."""


class ShortOfMemoryError(ProbeError):
    """More memory is needed than may be taken."""


@dataclass(frozen=True)
class Task:
    """What one process is asked to measure; all plain values, for they pass as JSON.

    It has `seconds` from its start, and at least `least` from when its libraries are loaded.
    """

    family: str
    device: str = "auto"
    by: str = "torch"
    precisions: tuple[str, ...] = ()
    shape: dict[str, Any] | None = None
    seq_length: int | None = None
    micro_batch_size: int | None = None
    effort: str = "normal"
    seconds: float = 60.0
    least: float = 0.0
    threads: int = 1
    ranks: int = 2
    begun: float = field(default_factory=monotonic)


class Probe:
    """A task at work on a device."""

    kind = "cpu"
    usual_precisions: tuple[str, ...] = ("fp32",)

    def __init__(self, task: Task, emit: Emit) -> None:
        self.task, self.emit = task, emit
        self.deadline = max(task.begun + task.seconds, monotonic() + task.least)
        self.threads = task.threads
        self._warm = False

    @property
    def clock(self) -> Clock:
        """What calls are timed by."""
        return HostClock()

    @property
    def precisions(self) -> tuple[str, ...]:
        """Precisions that are asked for, or those that the device is usually used in."""
        return self.task.precisions or self.usual_precisions

    @cached_property
    def shape(self) -> Shape:
        """The model that is asked for, or a usual one of the device."""
        from llmcost.bench.shapes import usual_shape

        given = self.task.shape
        shape = usual_shape(self.kind) if given is None else shape_from(given)
        return replace(
            shape,
            seq_length=self.task.seq_length or shape.seq_length,
            micro_batch_size=self.task.micro_batch_size or shape.micro_batch_size,
        )

    @property
    def timer(self) -> Timer:
        """A timer of calls that keep all threads of the host busy, or a device."""
        busy = self.threads if self.kind == "cpu" else 0
        warm_up = WARM_AGAIN if self._warm else WARM_UP[self.kind]
        return Timer(self.clock, warm_up, BUDGETS[self.task.effort], self.deadline, busy)

    @property
    def single_thread_timer(self) -> Timer:
        """A timer of calls that keep one thread of the host busy."""
        return replace(self.timer, busy_threads=1)

    def gemms(self) -> tuple[Gemm, ...]:
        """Return the products to measure: those of the model, then a grid."""
        return (*model_gemms(self.shape), *grid(self.kind, self.task.effort))

    @property
    def least_array(self) -> int:
        """The size of an array that no cache holds [byte]."""
        return CACHES * cache_bytes()

    def free_bytes(self) -> int | None:
        """Return the memory that is free [byte], where that is known."""
        return available_bytes()

    def check_memory(self, needed: float) -> None:
        """Raise ShortOfMemoryError for more memory [byte] than half of what is free."""
        free = self.free_bytes()
        if free is not None and needed > MEMORY_SHARE * free:
            raise ShortOfMemoryError(
                f"needs {needed / 1e9:.1f} GB of memory; only half of the {free / 1e9:.1f} GB that "
                "are free may be taken"
            )

    def array_bytes(self, arrays: int) -> int:
        """Return a size of arrays [byte] that no cache holds and the memory does, whole pages."""
        wanted = min(MOST_ARRAY, max(LEAST_ARRAY, self.least_array))
        free = self.free_bytes()
        most = wanted if free is None else int(MEMORY_SHARE * free / arrays)
        return min(wanted, most) // 4096 * 4096

    def skip(self, kind: str, reason: str, **keys: Any) -> None:  # noqa: ANN401
        """Say that something was not measured, and why."""
        self.emit("not_measured", {"kind": kind, "reason": reason, **keys})

    def warn(self, code: str, message: str) -> None:
        """Say what a reader of the samples should know."""
        self.emit("warning", {"code": code, "message": message})

    def attempt(
        self,
        kind: str,
        take: Callable[[], dict[str, Any] | list[dict[str, Any]]],
        **keys: Any,  # noqa: ANN401
    ) -> bool:
        """Send the samples that `take` returns, or say why there are none; tell which."""
        try:
            found = take()
        except OutOfTimeError:
            self.skip(kind, NO_TIME, **keys)
            return False
        except ProbeError as error:
            self.skip(kind, str(error), **keys)
            return False
        except Exception as error:
            reason = _reason(error)
            if reason is None:
                raise
            self.skip(kind, reason, **keys)
            return False
        self._warm = True
        for one in found if isinstance(found, list) else [found]:
            self.emit("sample", one)
        return True


def _reason(error: Exception) -> str | None:
    """Return why a library could not do what it was asked, or nothing for a defect."""
    if is_out_of_memory(error):
        return "the memory of the device does not hold it"
    words = str(error).split("\n", 1)[0]
    lacks = isinstance(error, NotImplementedError) or "not supported" in words.lower()
    return f"the library cannot do it: {words[:MOST_WORDS]}" if lacks else None


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error says that memory is exhausted, of the host or of a device."""
    words = str(error).lower()
    return isinstance(error, MemoryError | ShortOfMemoryError) or any(
        part in words for part in ("out of memory", "can't allocate memory", "not enough memory")
    )
