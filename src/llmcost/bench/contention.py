"""Was the measured process alone? Numbers of a busy machine look like those of a slow one.

Three witnesses, as the system has them: how long threads that could run waited for a processor,
how much the hypervisor took away, and how much of the processors that it asked for the process
got.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, process_time

from llmcost.bench.host import processors

WAITING, STOLEN, LEAST_SHARE = 0.10, 0.05, 0.90
TASKS = Path("/proc/self/task")
STATISTICS = Path("/proc/stat")
STEAL = 7
NANOSECOND = 1e-9


@dataclass(frozen=True, slots=True)
class Reading:
    """Clocks of the process and of the machine at one moment [s]."""

    wall: float
    own: float
    waited: float | None
    stolen: float | None
    all_time: float | None


def read_clocks() -> Reading:
    """Return the clocks now."""
    stolen, every = _machine_times()
    return Reading(perf_counter(), process_time(), _waited(), stolen, every)


def disturbance(
    before: Reading, after: Reading, busy_threads: int, *, alone: bool = True
) -> str | None:
    """Return what took processors from a measurement between two readings, or nothing.

    `busy_threads` is how many threads computed all the time; 0 where the host only waits for a
    device. What is not `alone` by its nature, as processes that exchange are, waits of itself:
    there only what the hypervisor takes is told.
    """
    wall = after.wall - before.wall
    threads = min(busy_threads, processors())
    if wall <= 0 or not threads:
        return None
    waited = _between(before.waited, after.waited)
    if alone and waited is not None and waited / (wall * threads) > WAITING:
        return f"threads waited {waited / (wall * threads):.0%} of the time for a processor"
    stolen, every = _between(before.stolen, after.stolen), _between(before.all_time, after.all_time)
    if stolen is not None and every and stolen / every > STOLEN:
        return f"the hypervisor took {stolen / every:.0%} of the processors"
    share = (after.own - before.own) / (wall * threads)
    if alone and waited is None and share < LEAST_SHARE:
        return f"the process got {share:.0%} of the {threads} processors it computes on"
    return None


def _between(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _waited() -> float | None:
    """Return how long all threads together were ready and did not run [s]."""
    try:
        texts = [(task / "schedstat").read_text() for task in TASKS.iterdir()]
    except OSError:
        return None
    return _sum_waited(texts)


def _sum_waited(texts: Iterable[str]) -> float | None:
    """Return the sum of the second figure of the kernel's scheduling statistics [s]."""
    figures = [text.split() for text in texts]
    if not figures or any(len(one) < 2 for one in figures):
        return None
    return sum(int(one[1]) for one in figures) * NANOSECOND


def _machine_times() -> tuple[float | None, float | None]:
    """Return the time that was stolen and all time, in the kernel's ticks, over all processors."""
    try:
        words = STATISTICS.read_text().split("\n", 1)[0].split()[1:]
    except OSError:
        return None, None
    ticks = [float(word) for word in words[: STEAL + 1]]
    return (ticks[STEAL], sum(ticks)) if len(ticks) > STEAL else (None, None)
