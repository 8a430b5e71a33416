"""Sweeps in several processes: workers and drivers that are killed, and what they leave behind."""

import os
import signal

import pytest

from llmcost.errors import InputError
from llmcost.studies.sweeping.driver import run_sweep
from tests.sweep_blocks import RUNNER, plan_of
from tests.sweep_runs import (
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
TWO = {"engine": "processes", "workers": 2}
MANY = {"blocks": 30, "sleep": 0.05}


def run(folder, plan, **arguments):
    """Run a sweep of arithmetic in two processes."""
    return run_sweep(plan, folder, runner=RUNNER, **TWO, **arguments)


def test_a_killed_worker_takes_nothing_along_but_its_block(tmp_path):
    marks = tmp_path / "marks"
    with started(tmp_path / "out", TWO, **MANY, marks=str(marks)) as driver:
        wait_for_blocks(tmp_path / "out", 2)
        os.kill(workers_of(driver.pid)[0], signal.SIGKILL)
        code, text = said(driver)

    assert code == 0
    assert "30 of 30 blocks done" in text
    assert "ended (signal 9) in block" in text
    numbers = [int(word) for word in marks.read_text().split()]
    assert set(numbers) == set(range(30))
    assert len(numbers) <= 31
    assert leftovers(tmp_path / "out") == []


def test_nothing_runs_on_after_the_driver_is_killed_and_the_next_one_goes_on(tmp_path):
    marks = tmp_path / "marks"
    with started(tmp_path / "out", TWO, **MANY, marks=str(marks)) as driver:
        wait_for_blocks(tmp_path / "out", 5)
        below = children(driver.pid)
        driver.kill()
        assert_gone(below)
    assert len(below) == 2
    done = set(receipts(tmp_path / "out"))
    marks.unlink()

    with started(tmp_path / "out", TWO, **MANY, marks=str(marks)) as driver:
        assert said(driver)[0] == 0

    assert set(map(int, marks.read_text().split())) == set(range(30)) - done
    assert leftovers(tmp_path / "out") == []


def test_workers_that_just_start_end_with_the_driver(tmp_path):
    with started(tmp_path, TWO, **MANY) as driver:
        wait_for(lambda: children(driver.pid), "a worker")
        below = children(driver.pid)
        driver.kill()
        assert_gone(below)


def test_one_interrupt_of_the_terminal_lets_blocks_finish(tmp_path):
    with started(tmp_path, TWO, blocks=500, sleep=0.05) as driver:
        wait_for_blocks(tmp_path, 3)
        below = children(driver.pid)
        os.killpg(driver.pid, signal.SIGINT)
        code, text = said(driver)

    assert code == 130
    assert f"{len(receipts(tmp_path))} of 500 blocks done; run the same command again" in text
    assert "Traceback" not in text
    assert_gone(below)


def test_two_interrupts_end_at_once(tmp_path):
    with started(tmp_path, TWO, blocks=500, sleep=30) as driver:
        wait_for(lambda: len(workers_of(driver.pid)) == 2, "two workers")
        below = children(driver.pid)
        os.killpg(driver.pid, signal.SIGINT)
        wait_for(lambda: _sees_interrupts(driver.pid), "the first interrupt")
        driver.send_signal(signal.SIGTERM)
        code, text = said(driver)

    assert code == 130
    assert text == "Interrupted.\n"
    assert_gone(below)
    assert leftovers(tmp_path) == []


def _sees_interrupts(pid):
    """Return whether no interrupt waits to be seen by a process."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as status:
        pending = [line.split()[1] for line in status if line.startswith(("SigPnd", "ShdPnd"))]
    return not any(int(one, 16) & (1 << (signal.SIGINT - 1)) for one in pending)


def test_a_block_that_kills_three_workers_is_given_up_and_the_others_are_done(tmp_path):
    with pytest.raises(InputError, match=r"Block 2 ended its worker 3 times \(signal 9\)"):
        run(tmp_path, plan_of(blocks=12, sleep=0.01, die=[2]))

    assert receipts(tmp_path) == [n for n in range(12) if n != 2]


def test_a_block_that_kills_its_worker_once_is_done(tmp_path):
    plan = plan_of(blocks=12, die=[2, 7], once=str(tmp_path / "died"))
    report = run(tmp_path / "out", plan)

    assert report.complete
    assert len(report.lost) == 2


def test_processes_write_what_one_process_writes(tmp_path):
    plan = plan_of(blocks=9)
    run_sweep(plan, tmp_path / "one", engine="serial", runner=RUNNER)
    report = run(tmp_path / "two", plan)

    assert (report.engine, report.workers, report.computed) == ("processes", 2, 9)
    assert tables(tmp_path / "one") == tables(tmp_path / "two")


def test_an_error_in_a_worker_is_of_its_kind_here(tmp_path):
    with pytest.raises(InputError, match="Block 1 needs more memory"):
        run(tmp_path, plan_of(memory=[1]))
    with pytest.raises(RuntimeError, match="ZeroDivisionError: on purpose"):
        run(tmp_path / "out", plan_of(fail=[1]))


def test_workers_that_cannot_start_are_one_message(tmp_path, monkeypatch):
    monkeypatch.setattr("llmcost.studies.sweeping.engines.processes.WORKER", "no_such_module")

    with pytest.raises(InputError, match=r"Worker processes cannot start \(exit code 1\)"):
        run(tmp_path, plan_of())
