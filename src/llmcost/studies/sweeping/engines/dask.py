"""Blocks on a Dask cluster: one that runs already, or workers started on this machine.

Only the plan as text goes to the workers and only receipts come back; each worker writes its blocks
itself, unless the driver is to collect them. Not more than a few blocks a worker are in flight.
"""

from __future__ import annotations

import logging
import os
import re
import signal
import time
import warnings
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import Any

from llmcost.errors import InputError, MissingExtraError, shown
from llmcost.studies.sweeping.engines import MOST_DEATHS, Events, Options, gave_up, usable_cpus
from llmcost.studies.sweeping.folder import made_by
from llmcost.studies.sweeping.jobs import Done, Failure, Job, do_block
from llmcost.studies.sweeping.writing import RESUME

TICK = 0.5
IN_FLIGHT = 3
CONNECT = 10
# How long a cluster may be without any worker before the run gives up [s].
WITHOUT_WORKERS = 60.0
GATHER = 30
ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")
COMPARED = ("llmcost", "numpy", "pyarrow")
LOCAL = {
    # Without the default trim threshold, by which every large array is a page fault.
    "distributed.nanny.pre-spawn-environ": dict.fromkeys(ONE_THREAD, "1"),
    "distributed.scheduler.allowed-failures": MOST_DEATHS - 1,
    # A worker holds the block it does and no other, which would be blamed for its death too.
    "distributed.scheduler.worker-saturation": 1.0,
}
TALKERS = ("distributed", "tornado", "asyncio")
SILENT = logging.CRITICAL + 1


class Dask:
    """A cluster of Dask workers."""

    def __init__(self, options: Options) -> None:
        _check_installed()
        self._options = options
        self.workers = options.workers or usable_cpus()

    def run(self, job: Job, numbers: Iterator[int], events: Events) -> None:
        """Compute blocks until none is left or the driver stops; ends what it started."""
        with _quiet(), _cluster(self._options, self.workers) as client:
            flow = Flow(client, job, numbers, events)
            try:
                flow.work()
            finally:
                self.workers = flow.most_workers or self.workers


class Flow:
    """Blocks in flight on a cluster."""

    def __init__(self, client: Any, job: Job, numbers: Iterator[int], events: Events) -> None:  # noqa: ANN401
        self._client, self._job, self._numbers, self._events = client, job, numbers, events
        self._inbox: SimpleQueue[int] = SimpleQueue()
        self._futures: dict[int, Any] = {}
        self._again: deque[int] = deque()
        self._tries: Counter[int] = Counter()
        self._key = f"llmcost-{job.identity}-{os.urandom(4).hex()}"
        self._alive: set[str] = set()
        self._alone_since = time.monotonic()
        self.most_workers = 0

    def work(self) -> None:
        """Keep a few blocks a worker in flight until none is left, or the driver stops."""
        try:
            self._look()
            check_workers(self._client)
            looked = time.monotonic()
            while True:
                self._submit()
                if not self._futures:
                    return
                self._take_next()
                if time.monotonic() - looked > TICK:
                    looked = time.monotonic()
                    self._look()
        except BaseException:
            self._cancel()
            raise

    def _look(self) -> None:
        """Count the workers; raises InputError where the scheduler is gone or has had none."""
        if self._client.status != "running":
            raise self._lost()
        try:
            threads = self._client.sync(self._client.scheduler.ncores, workers=None)
        except (OSError, ValueError) as error:
            raise self._lost() from error
        for worker in self._alive - set(threads):
            if not self._events.stopping():
                self._events.lost(f"worker {worker} is gone")
        self._alive = set(threads)
        self._most(sum(threads.values()))
        self._events.tick()

    def _most(self, threads: int) -> None:
        self.most_workers = max(self.most_workers, threads)
        self._slots = IN_FLIGHT * max(threads, 1)
        if threads:
            self._alone_since = time.monotonic()
        elif time.monotonic() - self._alone_since > WITHOUT_WORKERS:
            raise InputError(
                f"The Dask scheduler {_address(self._client)} has had no worker for "
                f"{WITHOUT_WORKERS:.0f} s. Start workers for it. {RESUME}"
            )

    def _submit(self) -> None:
        while len(self._futures) < self._slots and not self._events.stopping():
            number = self._again.popleft() if self._again else next(self._numbers, None)
            if number is None:
                return
            self._tries[number] += 1
            key = f"{self._key}-{number}-{self._tries[number]}"
            future = self._client.submit(do_block, self._job, number, key=key, pure=False)
            self._futures[number] = future
            future.add_done_callback(lambda _, number=number: self._inbox.put(number))

    def _take_next(self) -> None:
        try:
            number = self._inbox.get(timeout=TICK)
        except Empty:
            return
        future = self._futures.pop(number)
        outcome = self._outcome(future, number)
        if outcome is None and self._tries[number] >= MOST_DEATHS:
            outcome = gave_up(number, "what it returned was lost each time")
        if outcome is None:
            self._again.append(number)
        elif isinstance(outcome, Done):
            self._events.done(outcome)
        else:
            self._events.failed(outcome)

    def _outcome(self, future: Any, number: int) -> Done | Failure | None:  # noqa: ANN401
        """Return what came of a block; `None` where it was lost with the worker that held it.

        A block that was written is asked for again, not computed again.
        """
        from distributed import KilledWorker

        if future.status in ("cancelled", "lost"):
            self._check_scheduler()
            return None
        try:
            outcome: Done | Failure = future.result(timeout=GATHER)
            return outcome
        except KilledWorker as error:
            last = f"the last one was {error.last_worker.address}"
            return gave_up(number, last, error.allowed_failures + 1)
        except OSError:  # A time-out, or the connection to a worker broke.
            self._check_scheduler()
            return None
        except Exception as error:
            if future.status in ("cancelled", "lost"):
                self._check_scheduler()
                return None
            return Failure(number, f"{type(error).__name__}: {error}")

    def _check_scheduler(self) -> None:
        """Raise InputError where the scheduler is gone, and not just a worker."""
        if self._client.status != "running":
            raise self._lost()

    def _lost(self) -> InputError:
        return InputError(
            f"Lost the Dask scheduler {_address(self._client)}. {RESUME} "
            "Start the scheduler and its workers again, or use another engine."
        )

    def _cancel(self) -> None:
        """Let the cluster forget what is in flight, where it still listens."""
        futures = list(self._futures.values())
        self._futures.clear()
        if futures and self._client.status == "running":
            self._client.cancel(futures, force=True)


def check_workers(client: Any) -> None:  # noqa: ANN401
    """Raise InputError where a worker has another llmcost, numpy, Python or data than the driver.

    Workers that join later are checked by their first block.
    """
    python = _python(client.get_versions()["client"])
    for address, worker in client.get_versions()["workers"].items():
        if (there := _python(worker)) != python:
            raise _other_worker(address, [f"Python {there} (here {python})"])
    looks: tuple[Callable[[], Mapping[str, str | None]], ...] = (_reader_of(COMPARED), made_by)
    for look in looks:
        here = look()
        for address, found in client.run(look, on_error="return").items():
            if found != here:
                raise _other_worker(address, _differences(found, here))


def _python(found: Mapping[str, Any]) -> str:
    """Return the version of Python as far as code depends on it."""
    return ".".join(str(found["host"]["python"]).split(".")[:2])


def _reader_of(names: tuple[str, ...]) -> Callable[[], dict[str, str | None]]:
    """Return a function that tells versions of packages, and that goes whole to any worker."""

    def read() -> dict[str, str | None]:
        from importlib import import_module

        found: dict[str, str | None] = {}
        for name in names:
            try:
                found[name] = str(import_module(name).__version__)
            except ImportError:
                found[name] = None
        return found

    return read


def _differences(there: object, here: Mapping[str, str | None]) -> list[str]:
    if not isinstance(there, Mapping):
        return [f"an installation that fails with {there!r}"]
    return [
        f"{name.removesuffix('_version')} {there.get(name) or 'missing'} (here {wanted})"
        for name, wanted in here.items()
        if there.get(name) != wanted
    ]


def _other_worker(address: str, wrong: list[str]) -> InputError:
    return InputError(
        f"The Dask worker {address} has {', '.join(wrong)}. Needs the same on all workers, or "
        "blocks would differ: install what is here on them and start them again."
    )


# Of an address, a port at least: Dask leaves half a client behind where it lacks.
ADDRESS = re.compile(r"(?:[a-z0-9+]+://)?\[?[^\s/]+\]?:\d{1,5}(?:/\S*)?", re.I)


@contextmanager
def _cluster(options: Options, workers: int) -> Iterator[Any]:
    with ExitStack() as stack:
        if options.scheduler:
            client = _connected(options.scheduler)
        else:
            from dask import config
            from distributed import Client

            stack.enter_context(config.set(LOCAL))
            cluster = _started(workers)
            stack.callback(end_cluster, cluster)
            client = Client(cluster, set_as_default=False)  # type: ignore[no-untyped-call]
        stack.callback(_leave, client)
        yield client


def _started(workers: int) -> Any:  # noqa: ANN401
    """Return a cluster on this machine; raises InputError where it does not start."""
    from distributed import LocalCluster

    try:
        with _without_interrupts():
            return LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=workers,
                threads_per_worker=1,
                dashboard_address=None,
                host="127.0.0.1",
                silence_logs=logging.CRITICAL,
            )
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"A Dask cluster did not start on this machine ({_first_line(error)}). Needs fewer "
            "workers, or the engine processes, which needs no network"
        ) from error


def _leave(client: Any) -> None:  # noqa: ANN401
    """Close a client; that a scheduler no longer answers is known by then."""
    with suppress(Exception):
        client.close()


def end_cluster(cluster: Any) -> None:  # noqa: ANN401
    """End a cluster of this machine; workers that do not end in time are killed.

    How it ended never hides how the run did.
    """
    try:
        cluster.close(timeout=CONNECT)
    except Exception:
        for worker in cluster.workers.values():
            if worker.pid:
                with suppress(OSError):
                    os.kill(worker.pid, getattr(signal, "SIGKILL", signal.SIGTERM))


def _connected(scheduler: str) -> Any:  # noqa: ANN401
    """Return a client of a scheduler; raises InputError where it does not answer."""
    from distributed import Client

    by_file = scheduler.endswith(".json")
    where = {"scheduler_file": scheduler} if by_file else {"address": scheduler}
    if by_file and not os.path.exists(scheduler):
        raise InputError(f"scheduler: {scheduler!r} is not there; needs the file it writes")
    if not by_file and not ADDRESS.fullmatch(scheduler.strip()):
        raise InputError(
            f"scheduler: got {shown(scheduler)}; needs the address of a Dask scheduler with its "
            "port, such as tcp://host:8786, or the file it wrote, scheduler.json"
        )
    try:
        return Client(  # type: ignore[no-untyped-call]
            **where, timeout=CONNECT, set_as_default=False
        )
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(
            f"scheduler: {scheduler!r} does not answer ({_first_line(error)}). Needs the address "
            "of a Dask scheduler that runs, such as tcp://host:8786: check it and the network"
        ) from error


def _address(client: Any) -> str:  # noqa: ANN401
    scheduler = getattr(client, "scheduler", None)
    return str(getattr(scheduler, "address", None) or "of this run")


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0][:200] or type(error).__name__


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Let what is started here never see the interrupts of a terminal: the driver acts on them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker

    # It would let interrupts in again for the first process that is started.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what Dask says about itself off the terminal; what matters is said by this module."""
    names = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in TALKERS]
    levels = {logger: logger.level for logger in map(logging.getLogger, names)}
    for logger in levels:
        logger.setLevel(SILENT)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


def _check_installed() -> None:
    """Raise MissingExtraError where Dask is not installed, before a folder is made."""
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("The engine dask", "dask") from error
