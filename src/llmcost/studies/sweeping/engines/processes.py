"""Blocks in processes of this machine.

Each worker is a plain child process with a pipe in and a pipe out, so that a worker that dies takes
nothing along but its own block, which is known by name; there is no server process in between
that could be left behind.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import IO, Any

from llmcost.errors import InputError
from llmcost.studies.sweeping.engines import MOST_DEATHS, Events, Options, gave_up, usable_cpus
from llmcost.studies.sweeping.jobs import Done, Failure, Job
from llmcost.studies.sweeping.worker import receive, send

TICK = 0.5
PATIENCE = 5.0
WORKER = "llmcost.studies.sweeping.worker"
ONE_THREAD = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


class Processes:
    """As many processes as CPUs, one block each at a time."""

    def __init__(self, options: Options) -> None:
        self.workers = options.workers or usable_cpus()

    def run(self, job: Job, numbers: Iterator[int], events: Events) -> None:
        """Compute blocks until none is left or the driver stops; every worker ends with it."""
        crew = Crew(job, numbers, events, self.workers)
        try:
            crew.work()
        except BaseException:
            crew.kill()
            raise
        crew.close()


class Worker:
    """A child process and the thread that talks with it: one number out, one outcome in."""

    def __init__(self, job: Job, inbox: SimpleQueue[tuple[Worker, Any]]) -> None:
        self.block: int | None = None
        self.ready = False
        self._numbers: SimpleQueue[int | None] = SimpleQueue()
        self._inbox = inbox
        self.process = _started()
        self._thread = threading.Thread(target=self._talk, args=(job,), daemon=True)
        self._thread.start()

    def give(self, number: int) -> None:
        """Give the worker a block."""
        self.block = number
        self._numbers.put(number)

    def close(self) -> None:
        """Let the worker end; what it does now is not waited for."""
        self._numbers.put(None)

    def kill(self) -> None:
        """End the worker at once."""
        with suppress(OSError):
            self.process.kill()

    def wait(self, patience: float) -> None:
        """Wait until the process is gone, and end it when that takes too long."""
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.kill()
            self.process.wait()
        self._numbers.put(None)
        self._thread.join(PATIENCE)
        with suppress(OSError):
            _pipe(self.process.stdin).close()
        _pipe(self.process.stdout).close()

    def how_it_ended(self) -> str:
        """Return how the process ended, in words."""
        try:
            code = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self.process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    def _talk(self, job: Job) -> None:
        """Pass blocks on until told to end; say `None` when the process is gone."""
        orders, outcomes = _pipe(self.process.stdin), _pipe(self.process.stdout)
        try:
            send(orders, job)
            receive(outcomes)
            self.ready = True
            while (number := self._numbers.get()) is not None:
                send(orders, number)
                self._inbox.put((self, receive(outcomes)))
            orders.close()
        except (OSError, EOFError, ValueError):
            self._inbox.put((self, None))


class Crew:
    """The workers of a run: who does what, what is still to do, and what to do about deaths."""

    def __init__(self, job: Job, numbers: Iterator[int], events: Events, size: int) -> None:
        self._job, self._numbers, self._events, self._size = job, numbers, events, size
        self._inbox: SimpleQueue[tuple[Worker, Any]] = SimpleQueue()
        self._workers: list[Worker] = []
        self._again: deque[int] = deque()
        # Blocks whose worker died twice: tried last, alone, with all the memory for themselves.
        self._alone: deque[int] = deque()
        self._deaths: Counter[int] = Counter()
        self._stillborn = 0

    def work(self) -> None:
        """Give blocks to workers until none is left, or the driver stops."""
        while True:
            self._give_out()
            if not self._busy():
                return
            try:
                worker, outcome = self._inbox.get(timeout=TICK)
            except Empty:
                self._events.tick()
                continue
            self._take(worker, outcome)

    def close(self) -> None:
        """End the workers, none of which does anything now."""
        for worker in self._workers:
            worker.close()
        self._wait(PATIENCE)

    def kill(self) -> None:
        """End the workers whatever they do."""
        for worker in self._workers:
            worker.kill()
        self._wait(PATIENCE)

    def _wait(self, patience: float) -> None:
        for worker in self._workers:
            worker.wait(patience)
        self._workers.clear()

    def _busy(self) -> list[Worker]:
        return [worker for worker in self._workers if worker.block is not None]

    def _give_out(self) -> None:
        while len(self._busy()) < self._size and not self._events.stopping():
            number = self._next()
            if number is None:
                return
            self._free_worker().give(number)

    def _next(self) -> int | None:
        if self._again:
            return self._again.popleft()
        number = next(self._numbers, None)
        if number is None and self._alone and not self._busy():
            return self._alone.popleft()
        return number

    def _free_worker(self) -> Worker:
        for worker in self._workers:
            if worker.block is None:
                return worker
        worker = Worker(self._job, self._inbox)
        self._workers.append(worker)
        return worker

    def _take(self, worker: Worker, outcome: Done | Failure | None) -> None:
        if outcome is None:
            self._bury(worker)
            return
        worker.block = None
        self._stillborn = 0
        if isinstance(outcome, Done):
            self._events.done(outcome)
        else:
            self._events.failed(outcome)

    def _bury(self, worker: Worker) -> None:
        """Take a dead worker out and its block back."""
        how = worker.how_it_ended()
        self._workers.remove(worker)
        worker.wait(PATIENCE)
        block, worker.block = worker.block, None
        if not worker.ready:
            self._stillborn += 1
            if self._stillborn >= MOST_DEATHS:
                raise InputError(
                    f"Worker processes cannot start ({how}); what they said stands above. Needs "
                    "an installation and memory that let them: try the engine serial"
                )
            if block is not None:
                self._again.append(block)
            return
        where = "idle" if block is None else f"in block {block}"
        self._events.lost(f"worker {worker.process.pid} ended ({how}) {where}")
        if block is not None:
            self._put_back(block, how)

    def _put_back(self, block: int, how: str) -> None:
        self._deaths[block] += 1
        if self._deaths[block] >= MOST_DEATHS:
            self._events.failed(gave_up(block, how))
        elif self._deaths[block] == MOST_DEATHS - 1:
            self._alone.append(block)
        else:
            self._again.append(block)


def _started() -> subprocess.Popen[bytes]:
    """Start a worker with this program's paths, one thread, and no part in its interrupts."""
    paths = [path or os.getcwd() for path in sys.path]
    environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "1")}
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    own_group: dict[str, Any] = (
        {"process_group": 0}
        if os.name == "posix"
        else {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    )
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", "-m", WORKER, str(os.getpid())],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
        **own_group,
    )


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ValueError("a worker without pipes")
    return stream
