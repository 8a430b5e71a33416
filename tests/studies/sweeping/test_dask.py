"""Sweeps on Dask: real clusters with two workers, and what happens when parts of them die."""

import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager

import pytest

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
def cluster(paths=(str(ROOT),), workers=2):
    """Give the address of a scheduler with workers, and all their processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    flags = ["--no-dashboard"]
    started = [_dask("scheduler", "--host", address, *flags)]
    for _ in range(workers):
        words = [address, *flags, "--nthreads", "1", "--no-nanny"]
        started.append(_dask("worker", *words, paths=paths))
    try:
        yield address, started
    finally:
        for process in reversed(started):
            process.kill()
            process.wait(PATIENCE)


def _dask(part, *words, paths=()):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*paths, *sys.path])}
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.dask_{part}", *words],
        env=environment,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )


def run(folder, plan, **arguments):
    """Run a sweep of arithmetic on a cluster that runs already."""
    return run_sweep(plan, folder, engine="dask", runner=RUNNER, **arguments)


def test_two_workers_write_what_one_process_writes(tmp_path):
    plan = plan_of(blocks=9)
    run_sweep(plan, tmp_path / "one", engine="serial", runner=RUNNER)

    with started(tmp_path / "two", TWO, blocks=9) as driver:
        wait_for(lambda: workers_of(driver.pid), "workers")
        below = children(driver.pid)
        assert said(driver) == (0, "9 of 9 blocks done\n\n")

    assert tables(tmp_path / "one") == tables(tmp_path / "two")
    assert_gone(below)


def test_a_killed_worker_costs_no_block(tmp_path):
    orders = {"blocks": 40, "sleep": 0.1, "marks": str(tmp_path / "marks")}
    out = tmp_path / "out"
    with started(out, TWO, **orders) as driver:
        wait_for_blocks(out, 3)
        os.kill(workers_of(driver.pid)[-1], signal.SIGKILL)
        code, text = said(driver)

    assert code == 0
    assert "40 of 40 blocks done" in text
    numbers = (tmp_path / "marks").read_text().split()
    assert set(map(int, numbers)) == set(range(40))
    assert len(numbers) <= 41
    assert leftovers(out) == []


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


def test_a_cluster_that_runs_writes_or_sends_the_same(tmp_path):
    plan = plan_of(blocks=6)
    run_sweep(plan, tmp_path / "one", engine="serial", runner=RUNNER)

    with cluster() as (address, _):
        written = run(tmp_path / "two", plan, scheduler=address)
        sent = run(tmp_path / "three", plan, scheduler=address, collect=True)

    assert (written.computed, sent.computed) == (6, 6)
    assert tables(tmp_path / "one") == tables(tmp_path / "two") == tables(tmp_path / "three")


def test_a_block_that_kills_workers_is_given_up(tmp_path):
    with started(tmp_path, TWO, blocks=6, sleep=0.01, die=[2]) as driver:
        code, text = said(driver)

    assert code == 2
    assert "Block 2 ended its worker" in text
    assert 2 not in receipts(tmp_path)


def test_a_scheduler_that_dies_is_one_message_and_the_run_can_go_on(tmp_path):
    with cluster() as (address, processes):
        arguments = {"engine": "dask", "scheduler": address}
        with started(tmp_path, arguments, blocks=30, sleep=0.1) as driver:
            wait_for_blocks(tmp_path, 3)
            processes[0].kill()
            code, text = said(driver)

    assert code == 2
    assert f"Lost the Dask scheduler {address}" in text
    assert "the same command goes on" in text
    assert "Traceback" not in text
    assert len(receipts(tmp_path)) < 30
    assert run_sweep(plan_of(blocks=30, sleep=0.1), tmp_path, runner=RUNNER).complete


def test_a_scheduler_that_does_not_answer_is_one_message(tmp_path, monkeypatch):
    monkeypatch.setattr("llmcost.studies.sweeping.engines.dask.CONNECT", 1)

    with pytest.raises(InputError, match=r"'tcp://127\.0\.0\.1:9' does not answer"):
        run(tmp_path, plan_of(), scheduler="tcp://127.0.0.1:9")
    with pytest.raises(InputError, match="does not answer"):
        run(tmp_path, plan_of(), scheduler="nonsense://")


def test_workers_with_another_llmcost_are_refused_with_both_versions(tmp_path):
    other = tmp_path / "other" / "llmcost"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text('__version__ = "0.0.1"\n')

    with (
        cluster(paths=(str(other.parent),), workers=1) as (address, _),
        pytest.raises(InputError, match=r"has llmcost 0\.0\.1 \(here \d+\.\d+"),
    ):
        run(tmp_path / "out", plan_of(), scheduler=address)

    assert receipts(tmp_path / "out") == []


def test_a_scheduler_without_workers_is_one_message(tmp_path, monkeypatch):
    monkeypatch.setattr("llmcost.studies.sweeping.engines.dask.WITHOUT_WORKERS", 1)

    with (
        cluster(workers=0) as (address, _),
        pytest.raises(InputError, match="has had no worker for"),
    ):
        run(tmp_path, plan_of(), scheduler=address)
