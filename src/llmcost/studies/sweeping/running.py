"""One run of a sweep as it goes on: what is done, how fast, what went wrong, when to stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from llmcost.errors import InputError
from llmcost.studies.sweeping.jobs import Done, Failure, Job, first_best, write_done
from llmcost.studies.sweeping.merging import Merged
from llmcost.studies.sweeping.progress import Pace, Progress, Report
from llmcost.studies.sweeping.receipts import Receipt
from llmcost.studies.sweeping.signals import Stop
from llmcost.studies.sweeping.writing import clear_leftovers

if TYPE_CHECKING:
    from llmcost.studies.sweeping.plan import Plan

# The only shard of a run that is not one of several.
ALL = (1, 1)
# How long a file that another machine wrote may take to be seen here [s].
VISIBLE, LOOK_AGAIN = 10.0, 0.2


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a run did.

    `done` blocks of `blocks` are there now, `computed` of them by this run, which took `seconds`
    [s] with `block_seconds` [s] inside blocks; `evaluations` are those of this run. `results` has
    a file a keep where all blocks are there; `lost` says which workers died. Of a `shard` (which,
    of how many), `shard_left` blocks are still to be done. From the start of its first block to the
    end of its last one the run took `working_seconds` [s]: what lies before is starting workers.
    """

    folder: Path
    identity: str
    engine: str
    kernel: str
    workers: int
    blocks: int
    done: int
    computed: int
    evaluations: int
    configurations: int
    seconds: float
    block_seconds: float
    peak_memory: int | None
    interrupted: bool
    lost: tuple[str, ...]
    merged: Merged | None
    shard: tuple[int, int] = ALL
    shard_left: int = 0
    working_seconds: float = 0.0
    results: dict[str, Path] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every block is there."""
        return self.done == self.blocks

    @property
    def overhead(self) -> float:
        """The share of the workers' time that was not spent in blocks."""
        spent = self.workers * self.seconds
        return 1 - self.block_seconds / spent if spent else 0.0

    @property
    def working_overhead(self) -> float:
        """The share of the workers' time not spent in blocks, from the first one to the last."""
        spent = self.workers * self.working_seconds
        return 1 - self.block_seconds / spent if spent else 0.0

    @property
    def outcome(self) -> str:
        """One sentence on how far the sweep is and what to do next."""
        text = f"{self.done:,} of {self.blocks:,} blocks done"
        if self.complete:
            return text
        if self.shard_left:
            return f"{text}; run the same command again to go on"
        return f"{text}, all of shard {self.shard[0]}/{self.shard[1]}; run the other shards"


class Run:
    """One run of a sweep as it goes on: what is done, how fast, and whether to stop."""

    def __init__(
        self,
        job: Job,
        plan: Plan,
        blocks: int,
        shard: tuple[int, int],
        stop: Stop,
        report: Report | None,
    ) -> None:
        self._job, self._blocks, self._stop, self._report = job, blocks, stop, report
        self._shard, self._mine = shard, range(shard[0] - 1, blocks, shard[1])
        self._left = len(self._mine)
        self._folder = job.folder
        keep = first_best(plan)
        self._prefer: Callable[..., tuple[str, float]] = max if keep and keep.largest else min
        self._there: set[int] = set()
        self._failure: Failure | None = None
        self._lost: list[str] = []
        self._best: tuple[str, float] | None = None
        self._computed = self._evaluations = self._configurations = 0
        self._block_seconds, self._memory = 0.0, 0
        self._first, self._last = inf, 0.0
        self._start = time.perf_counter()
        self._pace = Pace()
        self._pace.add(0.0, 0, 0)

    def resume(self) -> None:
        """Take in the blocks that are there; one whose files are not as written is done again."""
        for number in sorted(self._folder.numbers() - self._there):
            if number < self._blocks:
                self._is_there(number)

    def missing(self) -> int:
        """Return how many blocks of the shard are to be done."""
        return self._left

    def numbers(self) -> Iterator[int]:
        """Yield the blocks of the shard that are missing; one that has come meanwhile is not."""
        for number in self._mine:
            if number not in self._there and not self._is_there(number):
                yield number

    def done(self, done: Done) -> None:
        """Take a finished block; raises InputError where its files cannot be written or seen."""
        receipt = done.receipt
        if done.tables:
            write_done(self._folder, done)
        elif not self._seen(receipt):
            raise InputError(
                f"Block {receipt.block} is done on {receipt.host}, but "
                f"{str(self._folder.path)!r} does not show it here. Needs a folder that all "
                "machines share under one name; or let results come to this machine (--collect)"
            )
        self._add(receipt)
        now = self._elapsed()
        self._first = min(self._first, now - receipt.seconds)
        self._last = now
        self._computed += 1
        self._evaluations += receipt.evaluations
        self._configurations += receipt.configurations
        self._block_seconds += receipt.seconds
        self._memory = max(self._memory, receipt.peak_memory or 0)
        self._pace.add(now, self._computed, self._evaluations)
        self.tick()

    def failed(self, failure: Failure) -> None:
        """Take a block that cannot be done: no other is started, those that run go on."""
        self._failure = self._failure or failure

    def lost(self, text: str) -> None:
        """Take a sentence about a worker that died."""
        self._lost.append(text)

    def tick(self) -> None:
        """Report how far the run is."""
        if self._report is None:
            return
        left = self.missing()
        self._report(
            Progress(
                done=len(self._mine) - left,
                of=len(self._mine),
                computed=self._computed,
                evaluations=self._evaluations,
                seconds=self._elapsed(),
                rate=self._pace.rate(),
                left=self._pace.left(left),
                best=self._best,
                stopping=self._stop.asked,
            )
        )

    def stopping(self) -> bool:
        """Return whether no further block is to be started."""
        return self._stop.asked or self._failure is not None

    def check(self) -> None:
        """Raise the error of a block that could not be done."""
        if self._failure is not None:
            raise self._failure.error()

    def clear(self) -> None:
        """Remove what workers that were killed left half-written."""
        for place in (self._folder.path, self._folder.blocks):
            clear_leftovers(place)
        for entry in self._folder.blocks.glob("*/"):
            clear_leftovers(entry)

    @property
    def is_complete(self) -> bool:
        """Whether every block is there."""
        return len(self._there) == self._blocks

    def report(self, engine: str, workers: int, merged: Merged | None) -> SweepReport:
        """Return what the run did."""
        files = merged.files if merged else {}
        return SweepReport(
            folder=self._folder.path,
            identity=self._job.identity,
            engine=engine,
            kernel=self._job.kernel,
            workers=workers,
            blocks=self._blocks,
            done=len(self._there),
            computed=self._computed,
            evaluations=self._evaluations,
            configurations=self._configurations,
            seconds=self._elapsed(),
            block_seconds=self._block_seconds,
            peak_memory=self._memory or None,
            interrupted=self._stop.asked and not self.is_complete,
            lost=tuple(self._lost),
            merged=merged,
            shard=self._shard,
            shard_left=self.missing(),
            working_seconds=max(0.0, self._last - self._first),
            results={keep: self._folder.result(keep) for keep in files},
        )

    def _elapsed(self) -> float:
        return time.perf_counter() - self._start

    def _better(self, receipt: Receipt) -> None:
        found = [best for best in (self._best, receipt.best) if best is not None]
        if found:
            self._best = self._prefer(found, key=lambda best: best[1])

    def _is_there(self, number: int) -> bool:
        """Return whether a block is done, and take it in."""
        receipt = self._folder.whole(number, self._job.identity)
        if receipt is not None:
            self._add(receipt)
        return receipt is not None

    def _add(self, receipt: Receipt) -> None:
        """Take a block as done."""
        if receipt.block not in self._there and receipt.block in self._mine:
            self._left -= 1
        self._there.add(receipt.block)
        self._better(receipt)

    def _seen(self, receipt: Receipt) -> bool:
        """Return whether a receipt is here; a shared folder may show it a little later."""
        until = time.monotonic() + VISIBLE
        while not self._folder.receipt(receipt.block).exists():
            if time.monotonic() > until:
                return False
            self._folder.numbers()
            time.sleep(LOOK_AGAIN)
        return True
