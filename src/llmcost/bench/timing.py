"""How a thing is timed: warm-up by time, clocks of the device, a budget, and who else was there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic, perf_counter_ns
from typing import Any, Protocol

from llmcost.bench.contention import disturbance, read_clocks
from llmcost.bench.samples import Timing

Call = Callable[[], object]
NANOSECONDS, MILLISECONDS = 1e9, 1e3
LEAST_WARM_UPS, MOST_WARM_UPS = 3, 10_000
# A call this many times longer than the warm-up is warm after one.
LONG_CALL = 5


class OutOfTimeError(Exception):
    """The budget does not hold another measurement."""


class Clock(Protocol):
    """Times passes of one or more calls, part by part."""

    def passes(self, calls: Sequence[Call], count: int, before: Call | None) -> list[list[float]]:
        """Return the times of each call [s], `count` of each."""


class HostClock:
    """The clock of the host, for calls that are over when they return."""

    def passes(self, calls: Sequence[Call], count: int, before: Call | None) -> list[list[float]]:
        """Return the times of each call [s], `count` of each."""
        parts: list[list[float]] = [[] for _ in calls]
        for _ in range(count):
            if before is not None:
                before()
            start = perf_counter_ns()
            for part, call in zip(parts, calls, strict=True):
                call()
                now = perf_counter_ns()
                part.append((now - start) / NANOSECONDS)
                start = now
        return parts


class EventClock:
    """Events on a device's own queue, read after one wait at the end.

    `device` is `torch.cuda`, which serves AMD's accelerators too.
    """

    def __init__(self, device: Any) -> None:  # noqa: ANN401
        self._device = device

    def passes(self, calls: Sequence[Call], count: int, before: Call | None) -> list[list[float]]:
        """Return the times of each call [s], `count` of each."""
        marks = [self._pass(calls, before) for _ in range(count)]
        self._device.synchronize()
        return [
            [one[i].elapsed_time(one[i + 1]) / MILLISECONDS for one in marks]
            for i in range(len(calls))
        ]

    def _pass(self, calls: Sequence[Call], before: Call | None) -> list[Any]:
        if before is not None:
            before()
        marks = [self._mark()]
        for call in calls:
            call()
            marks.append(self._mark())
        return marks

    def _mark(self) -> Any:  # noqa: ANN401
        event = self._device.Event(enable_timing=True)
        event.record()
        return event


@dataclass(frozen=True, slots=True)
class Timer:
    """Times calls: how long to warm up and to measure [s], and until when there is time."""

    clock: Clock
    warm_up: float
    budget: float
    deadline: float
    busy_threads: int
    least: int = 5
    most: int = 200

    @property
    def left(self) -> float:
        """The time that is left [s]."""
        return self.deadline - monotonic()

    def measure(self, *calls: Call, before: Call | None = None) -> Timing:
        """Return the times of the calls, made in turn; raises OutOfTimeError."""
        one = self._warm(calls, before)
        count = self._count(one)
        start = read_clocks()
        parts = self.clock.passes(calls, count, before)
        found = disturbance(start, read_clocks(), self.busy_threads)
        return Timing(tuple(map(tuple, parts)), found)

    def _warm(self, calls: Sequence[Call], before: Call | None) -> float:
        """Run until warm; return the shortest time of a pass on the host's clock [s]."""
        start, shortest = monotonic(), float("inf")
        for done in range(1, MOST_WARM_UPS):
            if self.left <= 0:
                raise OutOfTimeError
            begun = monotonic()
            self.clock.passes(calls, 1, before)
            shortest = min(shortest, monotonic() - begun)
            spent = monotonic() - start
            if spent >= self.warm_up and (
                done >= LEAST_WARM_UPS or spent > LONG_CALL * self.warm_up
            ):
                break
        return max(shortest, 1e-9)

    def _count(self, one: float) -> int:
        wanted = min(self.most, max(self.least, int(self.budget / one)))
        possible = int(self.left / one)
        if possible < 1:
            raise OutOfTimeError
        return min(wanted, possible)
