"""Processes that measure, and what they send: read as it comes, ended when their time is over."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import IO, Any

from llmcost.bench.host import thread_variables
from llmcost.bench.messages import read
from llmcost.bench.probing import NO_TIME, Task

MODULE = "llmcost.bench.worker"
ROOT = Path(__file__).parent.parent.parent
# A call that has begun cannot be broken off from within; after this long [s] its process is.
GRACE = 20.0
END = "end"
MOST_WORDS = 200


@dataclass(slots=True)
class Gathered:
    """What processes sent, in order; each sample is passed on as it comes."""

    on_sample: Callable[[Mapping[str, Any]], None] | None = None
    samples: list[dict[str, Any]] = field(default_factory=list)
    not_measured: list[dict[str, Any]] = field(default_factory=list)
    warnings: list[dict[str, str]] = field(default_factory=list)
    device: dict[str, Any] = field(default_factory=dict)
    no_device: str = ""

    def take(self, message: Mapping[str, Any], keys: Mapping[str, Any]) -> None:
        """Keep one message; `keys` are added to samples."""
        for kind, body in message.items():
            if kind == "sample":
                self.samples.append({**body, **keys})
                if self.on_sample is not None:
                    self.on_sample(self.samples[-1])
            elif kind == "not_measured":
                self.not_measured.append({**body, **keys})
            elif kind == "warning" and body not in self.warnings:
                self.warnings.append(body)
            elif kind == "no_device":
                self.no_device = body["reason"]
            elif kind == "device" and not self.device:
                self.device.update(body)

    def skip(self, kind: str, reason: str, **keys: Any) -> None:  # noqa: ANN401
        """Keep that something was not measured, and why."""
        self.not_measured.append({"kind": kind, "reason": reason, **keys})


class Worker:
    """One process at its task; its messages come through a queue shared by several."""

    def __init__(self, task: Task, messages: queue.Queue[tuple[Worker, str]]) -> None:
        self.task, self._messages = task, messages
        self.until = monotonic() + max(task.seconds, task.least) + GRACE
        self.done = self.ended = self._silent = False
        self._errors: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-P", "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            env=_environment(task),
            start_new_session=True,
        )
        threading.Thread(target=self._read, daemon=True).start()
        self._tell(task)

    @property
    def alive(self) -> bool:
        """Whether the process can take another task."""
        return self.done and self._process.poll() is None

    def take(self, task: Task, messages: queue.Queue[tuple[Worker, str]]) -> None:
        """Do another task in the same process, whose libraries are loaded."""
        self.task, self._messages = task, messages
        self.until = monotonic() + max(task.seconds, task.least) + GRACE
        self.done = self.ended = False
        self._tell(task)
        if self._silent:
            messages.put((self, END))

    def stop(self) -> None:
        """End the process, whatever it does, and free what it held here."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                _close(stream)

    def fault(self) -> str:
        """Return why a process that ended did not finish, in its last words."""
        code = self._process.wait()
        self._errors.seek(0)
        lines = [line.strip() for line in self._errors if line.strip()]
        said = f": {lines[-1][:MOST_WORDS]}" if lines else ""
        if code < 0:
            return f"its process was ended by signal {-code}, as for want of memory{said}"
        return f"its process failed (exit code {code}){said}"

    def _tell(self, task: Task) -> None:
        body = {key: value for key, value in asdict(task).items() if key != "begun"}
        pipe = self._process.stdin
        if pipe is None:
            return
        try:
            pipe.write(json.dumps(body) + "\n")
            pipe.flush()
        except BrokenPipeError:  # It is gone already; its end says why.
            return

    def _read(self) -> None:
        pipe = self._process.stdout
        try:
            for line in pipe or ():
                self._messages.put((self, line))
        except ValueError:  # Closed while it was read, by `stop`.
            pass
        self._silent = True
        self._messages.put((self, END))


def run_workers(
    tasks: Sequence[Task],
    gathered: Gathered,
    kind: str,
    keys: Sequence[Mapping[str, Any]] | None = None,
    spare: Worker | None = None,
) -> list[Worker]:
    """Run tasks side by side until all are done or their time is over; `keys` go to their samples.

    Return the processes, which are still there where nothing befell them: a `spare` one does the
    first task. Whoever called ends them, by `stop`.
    """
    messages: queue.Queue[tuple[Worker, str]] = queue.Queue()
    workers: list[Worker] = []
    try:
        if spare is not None:
            workers.append(spare)
            if spare.alive:
                spare.take(tasks[0], messages)
            else:
                workers.pop().stop()
        workers += [Worker(task, messages) for task in tasks[len(workers) :]]
        added = dict(zip(map(id, workers), keys or [{} for _ in workers], strict=True))
        while not all(worker.ended for worker in workers):
            _next(messages, workers, gathered, kind, added)
    except BaseException:
        stop_all(workers)
        raise
    return workers


def stop_all(workers: Sequence[Worker]) -> None:
    """End processes, whatever they do."""
    for worker in workers:
        worker.stop()


def _next(
    messages: queue.Queue[tuple[Worker, str]],
    workers: Sequence[Worker],
    gathered: Gathered,
    kind: str,
    added: Mapping[int, Mapping[str, Any]],
) -> None:
    """Take one message, or end what has run too long."""
    running = [worker for worker in workers if not worker.ended]
    patience = min(worker.until for worker in running) - monotonic()
    try:
        worker, line = messages.get(timeout=max(0.0, patience))
    except queue.Empty:
        for late in (one for one in running if one.until <= monotonic()):
            late.ended = True
            gathered.skip(kind, NO_TIME, **added[id(late)])
            gathered.warnings.append(_hung(late.task))
        return
    if line is END:
        if not worker.ended and not worker.done:
            gathered.skip(kind, worker.fault(), **added[id(worker)])
        worker.ended = True
        return
    message = read(line)
    gathered.take(message, added[id(worker)])
    if "done" in message:
        worker.done = worker.ended = True


def _hung(task: Task) -> dict[str, str]:
    return {
        "code": "process-ended",
        "message": f"The process that measured {task.family} did not end in {task.seconds:.0f} s "
        f"and {GRACE:.0f} s more; it was ended.",
    }


def _environment(task: Task) -> dict[str, str]:
    found = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, **thread_variables(task.threads), "PYTHONPATH": os.pathsep.join(found)}


def _close(stream: IO[Any]) -> None:
    try:
        stream.close()
    except (BrokenPipeError, ValueError):
        return
