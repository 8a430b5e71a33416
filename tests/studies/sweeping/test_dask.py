"""Sweeps on Dask: real clusters with two workers, and what happens when parts of them die."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest
from distributed import Client

from llmcost.errors import InputError
from llmcost.studies.sweeping.driver import run_sweep
from tests.sweep_blocks import RUNNER, plan_of
from tests.sweep_runs import (
    PATIENCE,
    ROOT,
    assert_gone,
    children,
    has_proc,
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


def test_a_killed_worker_costs_no_block_and_changes_none(tmp_path):
    run_sweep(plan_of(blocks=30, sleep=0.1), tmp_path / "one", engine="serial", runner=RUNNER)
    out = tmp_path / "two"

    with started(out, TWO, blocks=30, sleep=0.1) as driver:
        wait_for_blocks(out, 3)
        below = children(driver.pid)
        os.kill(workers_of(driver.pid)[-1], signal.SIGKILL)
        code, text = said(driver)

    assert code == 0
    assert "30 of 30 blocks done" in text
    assert tables(tmp_path / "one") == tables(out)
    assert leftovers(out) == []
    assert_gone(below)


def test_nothing_runs_on_after_the_driver_is_killed_and_the_next_one_goes_on(tmp_path):
    orders = {"blocks": 30, "sleep": 0.1, "marks": str(tmp_path / "marks")}
    out = tmp_path / "out"
    with started(out, TWO, **orders) as driver:
        wait_for_blocks(out, 3)
        below = children(driver.pid)
        driver.kill()
        assert_gone(below)
    done = set(receipts(out))
    (tmp_path / "marks").unlink()

    report = run_sweep(plan_of(**orders), out, engine="serial", runner=RUNNER)

    assert report.complete
    assert set(map(int, (tmp_path / "marks").read_text().split())) == set(range(30)) - done


def test_one_interrupt_lets_blocks_finish_and_two_end_at_once(tmp_path):
    with started(tmp_path, TWO, blocks=300, sleep=0.2) as driver:
        wait_for_blocks(tmp_path, 2)
        below = children(driver.pid)
        os.killpg(driver.pid, signal.SIGINT)
        code, text = said(driver)
    assert (code, "Traceback" in text) == (130, False)
    assert f"{len(receipts(tmp_path))} of 300 blocks done; run the same command again" in text
    assert_gone(below)

    with started(tmp_path, TWO, blocks=300, sleep=0.2) as driver:
        wait_for_blocks(tmp_path, len(receipts(tmp_path)) + 1)
        below = children(driver.pid)
        driver.send_signal(signal.SIGTERM)
        driver.send_signal(signal.SIGINT)
        code, text = said(driver)
    assert (code, text) == (130, "Interrupted.\n")
    assert_gone(below)
    assert leftovers(tmp_path) == []


def test_a_block_that_kills_workers_is_given_up(tmp_path):
    with started(tmp_path, TWO, blocks=4, sleep=0.01, die=[2]) as driver:
        code, text = said(driver)

    assert code == 2
    assert "Block 2 ended its worker 3 times" in text
    assert set(receipts(tmp_path)) <= {0, 1, 3}


def test_a_cluster_that_runs_writes_or_sends_the_same_until_its_scheduler_dies(tmp_path):
    plan = plan_of(blocks=30, sleep=0.05)
    run_sweep(plan, tmp_path / "one", engine="serial", runner=RUNNER)
    out = tmp_path / "four"

    with cluster() as (address, processes):
        written = run(tmp_path / "two", plan, scheduler=address)
        sent = run(tmp_path / "three", plan, scheduler=address, collect=True)
        arguments = {"engine": "dask", "scheduler": address}
        with started(out, arguments, blocks=30, sleep=0.05) as driver:
            wait_for_blocks(out, 3)
            processes[0].kill()
            code, text = said(driver)

    assert (written.computed, sent.computed) == (30, 30)
    assert tables(tmp_path / "one") == tables(tmp_path / "two") == tables(tmp_path / "three")
    assert code == 2
    assert f"Lost the Dask scheduler {address}" in text
    assert "the same command goes on" in text
    assert "Traceback" not in text
    done = len(receipts(out))
    assert run_sweep(plan, out, engine="serial", runner=RUNNER).computed == 30 - done
    assert tables(tmp_path / "one") == tables(out)


def test_a_scheduler_that_does_not_answer_is_one_message(tmp_path, monkeypatch):
    monkeypatch.setattr("llmcost.studies.sweeping.engines.dask.CONNECT", 1)

    with pytest.raises(InputError, match=r"'tcp://127\.0\.0\.1:9' does not answer"):
        run(tmp_path, plan_of(), scheduler="tcp://127.0.0.1:9")
    with pytest.raises(InputError, match="does not answer"):
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
    with Client(address, set_as_default=False) as client:
        return bool(client.nthreads())
