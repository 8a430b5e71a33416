"""Sweeps on Dask: real clusters with two workers, and what happens when parts of them die."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace
from typing import ClassVar

import distributed
import pytest

from llmcost.errors import InputError
from llmcost.studies.sweeping.driver import run_sweep
from llmcost.studies.sweeping.engines.dask import Flow, end_cluster
from llmcost.studies.sweeping.folder import Folder
from llmcost.studies.sweeping.jobs import Job
from tests.sweep_blocks import RUNNER, blocking_of, plan_of
from tests.sweep_runs import (
    PATIENCE,
    ROOT,
    assert_gone,
    children,
    has_proc,
    interrupt,
    leftovers,
    receipts,
    said,
    started,
    tables,
    wait_for,
    wait_for_blocks,
    workers_of,
)

pytestmark = pytest.mark.skipif(not has_proc(), reason="processes are watched through /proc")
TWO = {"engine": "dask", "workers": 2}


@contextmanager
def cluster(workers=2):
    """Give the address of a scheduler with workers, and the list of their processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    processes = [_dask("scheduler", "--host", address)]
    processes += [a_worker(address) for _ in range(workers)]
    try:
        wait_for(lambda: _listens(port), "a scheduler")
        yield address, processes
    finally:
        for process in reversed(processes):
            process.kill()
            process.wait(PATIENCE)


def a_worker(address, paths=(str(ROOT),)):
    """Start a worker of a scheduler, with some paths before all others."""
    return _dask("worker", address, "--nthreads", "1", "--no-nanny", paths=paths)


def _listens(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


def _dask(part, *words, paths=()):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, *sys.path])}
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{part}", *words, "--no-dashboard"],
        env=environment,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )


def run(folder, plan, **arguments):
    """Run a sweep of arithmetic on a cluster that runs already."""
    return run_sweep(plan, folder, engine="dask", runner=RUNNER, **arguments)


def test_a_killed_worker_changes_nothing_and_nothing_outlives_a_killed_driver(tmp_path):
    marks, first, second = (tmp_path / name for name in ("marks", "first", "second"))
    orders = {"blocks": 30, "marks": str(marks), "held": 3, "gate": str(first)}
    out = tmp_path / "out"
    with started(out, TWO, **orders, again=20, second=str(second)) as driver:
        wait_for_blocks(out, 3)
        os.kill(workers_of(driver.pid)[-1], signal.SIGKILL)
        first.touch()
        wait_for_blocks(out, 20)
        below = children(driver.pid)
        driver.kill()
        assert_gone(below)
    assert len(below) >= 2
    assert receipts(out) == list(range(20))
    marks.unlink()
    second.touch()
    plan = plan_of(**orders, again=20, second=str(second))

    assert run_sweep(plan, out, engine="serial", runner=RUNNER).complete

    assert sorted(map(int, marks.read_text().split())) == list(range(20, 30))
    run_sweep(plan, tmp_path / "one", engine="serial", runner=RUNNER)
    assert tables(tmp_path / "one") == tables(out)
    assert leftovers(out) == []


def test_one_interrupt_lets_blocks_finish_and_two_end_at_once(tmp_path):
    gates = {"gate": str(tmp_path / "gate"), "second": str(tmp_path / "second")}
    out = tmp_path / "out"
    with started(out, TWO, blocks=300, held=2, again=3, **gates) as driver:
        wait_for_blocks(out, 2)
        below = children(driver.pid)
        interrupt(driver.pid)
        (tmp_path / "gate").touch()
        wait_for_blocks(out, 3)
        driver.send_signal(signal.SIGTERM)
        code, text = said(driver)

    assert (code, text) == (130, "Interrupted.\n")
    assert receipts(out) == [0, 1, 2]
    assert_gone(below)
    assert leftovers(out) == []


def test_a_block_that_kills_workers_is_given_up(tmp_path):
    with pytest.raises(InputError, match="Block 2 ended its worker 3 times"):
        run(tmp_path, plan_of(blocks=4, die=[2]), workers=1)

    assert set(receipts(tmp_path)) <= {0, 1, 3}


class Future:
    """What a cluster returns for a block: its outcome, or that it was lost."""

    def __init__(self, status, outcome):
        self.status, self._outcome = status, outcome

    def add_done_callback(self, call):
        call(self)

    def result(self, timeout):
        if self.status == "broken":
            raise TimeoutError
        return self._outcome


class Client:
    """A cluster of one worker that loses the first results."""

    def __init__(self, lost=(), status="running"):
        self.lost, self.status, self.scheduler, self.asked = list(lost), status, self, []
        self.address, self.ncores = "tcp://scheduler:1", None

    def sync(self, function, workers):
        return {"tcp://worker:1": 1}

    def get_versions(self):
        return {"client": {"host": {"python": "3.11.7"}}, "workers": {}}

    def run(self, look, on_error):
        return {}

    def cancel(self, futures, force):
        """Forget what is in flight."""

    def submit(self, function, job, number, key, pure):
        self.asked.append(key)
        status = self.lost.pop(0) if self.lost else "finished"
        return Future(status, None if status != "finished" else function(job, number))


class Noted:
    """What a run is told."""

    def __init__(self):
        self.blocks, self.failures = [], []

    def done(self, done):
        self.blocks.append(done.receipt.block)

    def failed(self, failure):
        self.failures.append(failure.text)

    def tick(self):
        """Time goes by."""

    def stopping(self):
        return bool(self.failures)


def flow(folder, client, blocks=2):
    """Let blocks flow through a cluster and return what was told."""
    plan, noted = plan_of(blocks=blocks), Noted()
    prepared = Folder(folder)
    prepared.prepare(tuple(keep.name for keep in plan.keeps))
    blocking = json.dumps(blocking_of(plan).to_dict())
    job = Job(plan.identity, json.dumps(plan.to_dict()), blocking, str(folder), "numpy", {}, RUNNER)
    Flow(client, job, iter(range(blocks)), noted).work()
    return noted


@pytest.mark.parametrize("how", ["lost", "cancelled", "broken"])
def test_a_result_that_was_lost_with_its_worker_is_asked_for_again(tmp_path, how):
    client = Client(lost=[how])

    assert sorted(flow(tmp_path, client).blocks) == [0, 1]
    assert len(set(client.asked)) == 3


def test_a_block_whose_result_is_always_lost_is_given_up(tmp_path):
    noted = flow(tmp_path, Client(lost=["lost"] * 9), blocks=1)

    assert noted.blocks == []
    assert (
        "Block 0 ended its worker 3 times (what it returned was lost each time)"
        in (noted.failures[0])
    )


def test_workers_that_do_not_end_in_time_are_killed(monkeypatch):
    """A slow end of the cluster hides nothing of how the run ended."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])

    class Slow:
        workers: ClassVar = {0: SimpleNamespace(pid=child.pid), 1: SimpleNamespace(pid=None)}

        def close(self, timeout):
            raise TimeoutError

    end_cluster(Slow())

    assert child.wait(PATIENCE) == -signal.SIGKILL


def test_a_cluster_that_runs_writes_or_sends_the_same_until_its_scheduler_dies(tmp_path):
    plan = plan_of(blocks=30, sleep=0.02)
    run_sweep(plan, tmp_path / "one", engine="serial", runner=RUNNER)

    with cluster() as (address, processes):
        written = run(tmp_path / "two", plan, scheduler=address)
        sent = run(tmp_path / "three", plan, scheduler=address, collect=True)
        stopped = run(tmp_path / "four", plan, scheduler=address, progress=interrupt_at(3))
        with pytest.raises(InputError, match=f"Lost the Dask scheduler {address}") as told:
            run(tmp_path / "five", plan, scheduler=address, progress=at(3, processes[0].kill))

    assert (written.computed, sent.computed) == (30, 30)
    assert stopped.interrupted
    assert (
        stopped.outcome == f"{stopped.done} of 30 blocks done; run the same command again to go on"
    )
    assert "the same command goes on" in str(told.value)
    for name, done in (("four", stopped.done), ("five", len(receipts(tmp_path / "five")))):
        assert 3 <= done < 30
        again = run_sweep(plan, tmp_path / name, engine="serial", runner=RUNNER)
        assert again.computed == 30 - done
    for name in ("two", "three", "four", "five"):
        assert tables(tmp_path / "one") == tables(tmp_path / name)
        assert leftovers(tmp_path / name) == []


def at(count, act):
    """Return what does something as soon as so many blocks are done."""
    waits = [act]

    def look(progress):
        if progress.done >= count and waits:
            waits.pop()()

    return look


def interrupt_at(count):
    """Return what interrupts this process once, as soon as so many blocks are done."""
    return at(count, lambda: signal.raise_signal(signal.SIGINT))


def test_a_scheduler_that_does_not_answer_is_one_message(tmp_path, monkeypatch):
    monkeypatch.setattr("llmcost.studies.sweeping.engines.dask.CONNECT", 1)

    with pytest.raises(InputError, match=r"'tcp://127\.0\.0\.1:9' does not answer"):
        run(tmp_path, plan_of(), scheduler="tcp://127.0.0.1:9")
    with pytest.raises(InputError, match="needs the address of a Dask scheduler with its port"):
        run(tmp_path, plan_of(), scheduler="nonsense://")
    with pytest.raises(InputError, match="needs the file it writes"):
        run(tmp_path, plan_of(), scheduler=str(tmp_path / "scheduler.json"))


def test_no_workers_and_workers_with_another_llmcost_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("llmcost.studies.sweeping.engines.dask.WITHOUT_WORKERS", 1)
    other = tmp_path / "other" / "llmcost"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text('__version__ = "0.0.1"\n')

    with cluster(workers=0) as (address, processes):
        with pytest.raises(InputError, match="has had no worker for"):
            run(tmp_path / "out", plan_of(), scheduler=address)
        processes.append(a_worker(address, paths=(str(other.parent),)))
        wait_for(lambda: _has_a_worker(address), "a worker")
        with pytest.raises(InputError, match=r"has llmcost 0\.0\.1 \(here \d+\.\d+"):
            run(tmp_path / "out", plan_of(), scheduler=address)

    assert receipts(tmp_path / "out") == []


def _has_a_worker(address):
    with distributed.Client(address, set_as_default=False) as client:
        return bool(client.nthreads())
