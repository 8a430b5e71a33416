"""One rank of an exchange: sizes from 1 KiB up, timed by the slowest rank.

busbw is algbw times a factor that makes it comparable with the link: what a rank sends, as a share
of the whole buffer (nccl-tests, doc/PERFORMANCE.md).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from statistics import median
from time import monotonic
from typing import Any

from llmcost.bench.contention import disturbance, read_clocks
from llmcost.bench.probing import NO_TIME
from llmcost.bench.samples import Setting, sample
from llmcost.bench.timing import Clock, EventClock, HostClock
from llmcost.formulas.communication import all_reduce_traffic, gather_traffic

KIB, MIB = 1 << 10, 1 << 20
LARGEST = {"cpu": 64 * MIB, "cuda": 1024 * MIB}
LARGEST_QUICK = {"cpu": 64 * MIB, "cuda": 256 * MIB}
WARM_UPS, FEW, MANY, LARGE = 5, 6, 20, 4 * MIB
TIMEOUT = 60.0
TRAFFIC = {
    "all_reduce": all_reduce_traffic,
    "all_gather": gather_traffic,
    "reduce_scatter": gather_traffic,
}
GLOO, NCCL = "gloo", "nccl"

Emit = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rank is among its peers, how they meet, and how long they have [s]."""

    rank: int
    ranks: int
    local_rank: int
    meeting: str
    backend: str
    effort: str = "normal"
    seconds: float = 60.0
    threads: int = 1


class Rank:
    """One process of an exchange, met with the others."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.torch: Any = import_module("torch")
        self.dist: Any = import_module("torch.distributed")
        self.kind = "cuda" if place.backend == NCCL else "cpu"
        self.until = monotonic() + place.seconds
        if self.kind == "cuda":
            self.torch.cuda.set_device(place.local_rank)
        self.torch.set_num_threads(place.threads)
        self.dist.init_process_group(
            place.backend,
            init_method=place.meeting,
            rank=place.rank,
            world_size=place.ranks,
            timeout=timedelta(seconds=TIMEOUT),
        )

    @property
    def clock(self) -> Clock:
        """What exchanges are timed by."""
        return EventClock(self.torch.cuda) if self.kind == "cuda" else HostClock()

    @property
    def dtype(self) -> tuple[str, Any]:
        """The precision of what is exchanged, and PyTorch's type for it."""
        return (
            ("bf16", self.torch.bfloat16) if self.kind == "cuda" else ("fp32", self.torch.float32)
        )

    def ones(self, elements: int) -> Any:  # noqa: ANN401
        """Return ones on the device."""
        return self.torch.ones(elements, dtype=self.dtype[1], device=self.kind)

    def agreed(self, value: object) -> list[Any]:
        """Return the value of every rank, to every rank."""
        found: list[Any] = [None] * self.place.ranks
        self.dist.all_gather_object(found, value)
        return found


def measure(place: Place, emit: Emit) -> None:
    """Take part in every exchange; rank 0 sends the samples."""
    rank = Rank(place)
    try:
        for op in operations(rank.kind, place.effort):
            if not _measure_sizes(rank, op, emit):
                break
    finally:
        rank.dist.destroy_process_group()


def operations(kind: str, effort: str) -> tuple[str, ...]:
    """Return the exchanges to measure: through a host's loopback, only the one they all have."""
    return ("all_reduce",) if kind == "cpu" or effort == "quick" else tuple(TRAFFIC)


def sizes(kind: str, effort: str) -> tuple[int, ...]:
    """Return sizes of buffers [byte]: powers of four from 1 KiB."""
    most = (LARGEST_QUICK if effort == "quick" else LARGEST)[kind]
    found = [KIB]
    while found[-1] * 4 <= most:
        found.append(found[-1] * 4)
    return tuple(found)


def bus_factor(op: str, ranks: int) -> float:
    """Return the factor from algbw to busbw.

    Source: nccl-tests, doc/PERFORMANCE.md.

    >>> bus_factor("all_reduce", 8), bus_factor("all_gather", 8)
    (1.75, 0.875)
    """
    return float(TRAFFIC[op].kernel(ranks=float(ranks)))


def _measure_sizes(rank: Rank, op: str, emit: Emit) -> bool:
    """Measure an exchange at all sizes; tell whether there was time for them."""
    for size in sizes(rank.kind, rank.place.effort):
        if min(rank.agreed(rank.until - monotonic())) <= 0:
            _skip(rank, emit, NO_TIME, op=op, bytes=size)
            return False
        call, right = _exchange(rank, op, size)
        call()
        if not all(rank.agreed(right())):
            _skip(rank, emit, "the result of the exchange is wrong", op=op, bytes=size)
            continue
        _send(rank, op, size, call, emit)
    return True


def _send(rank: Rank, op: str, size: int, call: Callable[[], object], emit: Emit) -> None:
    times, disturbed = _times(rank, call, size)
    slowest = max(rank.agreed(times), key=median)
    disturbances = [one for one in rank.agreed(disturbed) if one]
    if rank.place.rank:
        return
    factor = bus_factor(op, rank.place.ranks)
    setting = Setting(rank.dtype[0], "torch", rank.place.threads)
    one = sample(
        "collective",
        slowest,
        setting,
        work=("bytes", size),
        disturbance=disturbances[0] if disturbances else None,
        verified=True,
        op=op,
        ranks=rank.place.ranks,
        backend=rank.place.backend,
        factor=factor,
    )
    rates = {name: one[name] * factor for name in ("value", "best_value")}
    emit("sample", one | rates)


def _times(
    rank: Rank, call: Callable[[], object], size: int
) -> tuple[tuple[float, ...], str | None]:
    clock = rank.clock
    clock.passes([call], WARM_UPS, None)
    rank.dist.barrier()
    before = read_clocks()
    times = clock.passes([call], FEW if size >= LARGE else MANY, None)[0]
    busy = 1 if rank.kind == "cpu" else 0
    return tuple(times), disturbance(before, read_clocks(), busy, alone=False)


def _exchange(rank: Rank, op: str, size: int) -> tuple[Callable[[], object], Callable[[], bool]]:
    """Return an exchange of a buffer, and whether its result, made of ones, is right."""
    ranks, dist = rank.place.ranks, rank.dist
    itemsize = rank.ones(1).element_size()
    share = max(1, size // itemsize // ranks)
    if op == "all_reduce":
        return _all_reduce(rank, size // itemsize)
    part, whole = rank.ones(share), rank.ones(share * ranks)
    if op == "all_gather":
        whole.zero_()
        return (
            lambda: dist.all_gather_into_tensor(whole, part),
            lambda: bool((whole == 1).all().item()),
        )
    return (
        lambda: dist.reduce_scatter_tensor(part, whole),
        lambda: bool((part == ranks).all().item()),
    )


def _all_reduce(rank: Rank, elements: int) -> tuple[Callable[[], object], Callable[[], bool]]:
    """An all-reduce writes over its buffer: the first time of ones, then of what it left."""
    buffer, ranks = rank.ones(elements), rank.place.ranks

    def right() -> bool:
        found = bool((buffer == ranks).all().item())
        buffer.zero_()  # Sums of sums would grow beyond all numbers.
        return found

    return lambda: rank.dist.all_reduce(buffer), right


def _skip(rank: Rank, emit: Emit, reason: str, **keys: Any) -> None:  # noqa: ANN401
    if not rank.place.rank:
        emit("not_measured", {"kind": "collective", "reason": reason, **keys})


def main() -> int:
    """Take the place that standard input names among ranks of one machine; return the exit code."""
    from llmcost.bench.messages import end_with_parent, send, taken_output

    place = Place(**json.loads(sys.stdin.readline()))
    with taken_output() as out:
        end_with_parent()
        measure(place, lambda kind, body: send(out, {kind: body}))
        send(out, {"done": "collective"})
    return 0


if __name__ == "__main__":
    sys.exit(main())
