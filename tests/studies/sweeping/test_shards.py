"""Sweeps in shards: job arrays that share a folder and know nothing of each other."""

import signal

import pytest

from llmcost.errors import InputError
from llmcost.studies.sweeping.driver import run_sweep
from llmcost.studies.sweeping.merging import merge
from tests.sweep_blocks import RUNNER, plan_of
from tests.sweep_runs import leftovers, receipts, said, started, tables, wait_for_blocks


def run(folder, plan, **arguments):
    """Run a sweep of arithmetic."""
    return run_sweep(plan, folder, runner=RUNNER, **arguments)


def test_two_shards_write_what_one_run_writes(tmp_path):
    plan = plan_of(blocks=7)
    run(tmp_path / "one", plan)

    first = run(tmp_path / "two", plan, shard="1/2")
    assert receipts(tmp_path / "two") == [0, 2, 4, 6]
    assert (first.complete, first.merged, first.interrupted) == (False, None, False)
    assert first.outcome == "4 of 7 blocks done, all of shard 1/2; run the other shards"
    with pytest.raises(InputError, match=r"lacks 3 of 7 blocks \(1, 3, 5\)"):
        merge(tmp_path / "two", RUNNER)

    last = run(tmp_path / "two", plan, shard="2/2")
    assert last.merged is not None
    assert tables(tmp_path / "one") == tables(tmp_path / "two")


def test_shards_at_the_same_time_share_a_folder(tmp_path):
    orders = {"blocks": 6, "held": 2, "gate": str(tmp_path / "gate")}
    out = tmp_path / "two"
    with (
        started(out, {"shard": "1/2"}, **orders) as a,
        started(out, {"shard": "2/2"}, **orders) as b,
    ):
        wait_for_blocks(out, 2)
        (tmp_path / "gate").touch()
        assert (said(a)[0], said(b)[0]) == (0, 0)
    merge(out, RUNNER)
    run(tmp_path / "one", plan_of(**orders))

    assert tables(tmp_path / "one") == tables(out)
    assert leftovers(out) == []


def test_a_killed_shard_goes_on_where_it_was(tmp_path):
    gate, marks = tmp_path / "gate", tmp_path / "marks"
    orders = {"blocks": 12, "held": 6, "gate": str(gate), "marks": str(marks)}
    out = tmp_path / "out"
    with started(out, {"shard": "2/2"}, **orders) as shard:
        wait_for_blocks(out, 3)
        shard.send_signal(signal.SIGKILL)
        said(shard)
    assert receipts(out) == [1, 3, 5]
    marks.unlink()
    gate.touch()

    run(out, plan_of(**orders), shard="2/2")

    assert marks.read_text().split() == ["7", "9", "11"]
    assert leftovers(out) == []


def test_a_shard_reports_its_own_progress(tmp_path):
    seen = []
    run(tmp_path, plan_of(blocks=7), shard="2/2", progress=seen.append)

    assert [(one.done, one.of) for one in seen] == [(1, 3), (2, 3), (3, 3)]
    assert seen[-1].left == 0


def test_the_shard_that_ends_last_writes_the_results(tmp_path):
    """The other one ends while this one runs: what is there is looked at again at the end."""
    plan = plan_of(blocks=4)

    def other(progress):
        if progress.done == 1:
            run(tmp_path, plan, shard="2/2")

    assert run(tmp_path, plan, shard="1/2", progress=other).merged is not None


def test_more_shards_than_blocks_leave_some_with_nothing(tmp_path):
    report = run(tmp_path, plan_of(blocks=2), shard="5/9")

    assert (report.computed, report.done) == (0, 0)
