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
TWO = {"engine": "processes", "workers": 2}


def run(folder, plan, **arguments):
    """Run a sweep of arithmetic in two processes."""
    return run_sweep(plan, folder, runner=RUNNER, **TWO, **arguments)


def held(tmp_path, blocks, after):
    """Return orders for blocks of which those after some wait for a gate, and the gate."""
    gate, marks = tmp_path / "gate", tmp_path / "marks"
    return {"blocks": blocks, "held": after, "gate": str(gate), "marks": str(marks)}, gate


def marked(tmp_path):
    """Return the numbers of the blocks that were computed."""
    return sorted(map(int, (tmp_path / "marks").read_text().split()))


def test_a_killed_worker_takes_nothing_along_but_its_block(tmp_path):
    orders, gate = held(tmp_path, 8, after=3)
    with started(tmp_path / "out", TWO, **orders) as driver:
        wait_for_blocks(tmp_path / "out", 3)
        wait_for(lambda: len(workers_of(driver.pid)) == 2, "two workers")
        os.kill(workers_of(driver.pid)[0], signal.SIGKILL)
        gate.touch()
        code, text = said(driver)

    assert code == 0
    assert "8 of 8 blocks done" in text
    assert "ended (signal 9)" in text
    assert set(marked(tmp_path)) == set(range(8))
    assert len(marked(tmp_path)) <= 9
    assert leftovers(tmp_path / "out") == []


def test_nothing_runs_on_after_the_driver_is_killed_and_the_next_one_goes_on(tmp_path):
    orders, gate = held(tmp_path, 9, after=5)
    with started(tmp_path / "out", TWO, **orders) as driver:
        wait_for_blocks(tmp_path / "out", 5)
        below = children(driver.pid)
        driver.kill()
        assert_gone(below)
    assert len(below) == 2
    assert receipts(tmp_path / "out") == [0, 1, 2, 3, 4]
    gate.touch()

    report = run_sweep(plan_of(**orders), tmp_path / "out", engine="serial", runner=RUNNER)

    assert (report.complete, report.computed) == (True, 4)
    assert marked(tmp_path) == list(range(9))
    assert leftovers(tmp_path / "out") == []


def test_workers_that_just_start_end_with_the_driver(tmp_path):
    with started(tmp_path, TWO, blocks=30, sleep=1) as driver:
        wait_for(lambda: children(driver.pid), "a worker")
        below = children(driver.pid)
        driver.kill()
        assert_gone(below)


def test_one_interrupt_of_the_terminal_lets_blocks_finish(tmp_path):
    orders, gate = held(tmp_path, 500, after=3)
    out = tmp_path / "out"
    with started(out, TWO, **orders) as driver:
        wait_for_blocks(out, 3)
        below = children(driver.pid)
        interrupt(driver.pid)
        gate.touch()
        code, text = said(driver)

    assert code == 130
    assert set(receipts(out)) <= {0, 1, 2, 3, 4}
    assert f"{len(receipts(out))} of 500 blocks done; run the same command again" in text
    assert "Traceback" not in text
    assert_gone(below)


def test_two_interrupts_end_at_once(tmp_path):
    orders, _ = held(tmp_path, 500, after=0)
    with started(tmp_path / "out", TWO, **orders) as driver:
        wait_for(lambda: len(workers_of(driver.pid)) == 2, "two workers")
        below = children(driver.pid)
        interrupt(driver.pid)
        driver.send_signal(signal.SIGTERM)
        code, text = said(driver)

    assert code == 130
    assert text == "Interrupted.\n"
    assert_gone(below)
    assert leftovers(tmp_path / "out") == []


def test_a_block_that_kills_three_workers_is_given_up_and_the_others_are_done(tmp_path):
    with pytest.raises(InputError, match=r"Block 2 ended its worker 3 times \(signal 9\)"):
        run(tmp_path, plan_of(blocks=8, die=[2]))

    assert receipts(tmp_path) == [n for n in range(8) if n != 2]


def test_processes_write_what_one_process_writes_and_a_block_may_kill_its_worker_once(tmp_path):
    orders = {"blocks": 9, "die": [2], "once": str(tmp_path / "died")}
    report = run(tmp_path / "two", plan_of(**orders))
    run_sweep(plan_of(**orders), tmp_path / "one", engine="serial", runner=RUNNER)

    assert (report.engine, report.workers, report.computed) == ("processes", 2, 9)
    assert [line.partition(" (")[2] for line in report.lost] == ["signal 9) in block 2"]
    assert tables(tmp_path / "one") == tables(tmp_path / "two")


def test_an_error_in_a_worker_is_of_its_kind_here(tmp_path):
    with pytest.raises(InputError, match="Block 1 needs more memory"):
        run(tmp_path, plan_of(memory=[1]))


def test_workers_that_cannot_start_are_one_message(tmp_path, monkeypatch):
    monkeypatch.setattr("llmcost.studies.sweeping.engines.processes.WORKER", "no_such_module")

    with pytest.raises(InputError, match=r"Worker processes cannot start \(exit code 1\)"):
        run(tmp_path, plan_of())
