"""Running a sweep in this process: folders, resuming, refusing, results."""

import csv
import json
import signal
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from llmcost.errors import DataError, InputError, UnknownNameError
from llmcost.studies.sweeping import folder as folders
from llmcost.studies.sweeping.driver import run_sweep, shard_of
from llmcost.studies.sweeping.engines import Options, engine_named, usable_cpus
from llmcost.studies.sweeping.merging import merge
from llmcost.studies.sweeping.statuses import status
from tests.sweep_blocks import ROWS, RUNNER, costs_of, plan_of
from tests.sweep_runs import (
    has_proc,
    interrupt,
    leftovers,
    receipts,
    said,
    started,
    tables,
    wait_for_blocks,
)


def run(folder, plan=None, **arguments):
    """Run a sweep of arithmetic in this process."""
    return run_sweep(plan or plan_of(), folder, runner=RUNNER, **arguments)


def test_the_results_are_those_of_all_blocks(tmp_path):
    report = run(tmp_path)

    costs = {gpus: min(min(costs_of(n)[i::2]) for n in range(8)) for i, gpus in enumerate((8, 16))}
    best = pq.read_table(tmp_path / "best-cost.parquet").to_pydict()
    assert dict(zip(best["num_gpus [GPU]"], best["cost [USD]"], strict=True)) == costs
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == 8 * ROWS
    assert (report.done, report.computed, report.evaluations) == (8, 8, 8 * ROWS)
    assert report.complete
    assert 0 <= report.working_overhead <= report.overhead < 1
    assert report.block_seconds <= report.working_seconds <= report.seconds
    assert leftovers(tmp_path) == []


def test_a_second_run_computes_nothing(tmp_path):
    marks = tmp_path / "marks"
    plan = plan_of(marks=str(marks))
    run(tmp_path / "out", plan)
    before = tables(tmp_path / "out")

    again = run(tmp_path / "out", plan)

    assert (again.computed, again.done) == (0, 8)
    assert len(marks.read_text().split()) == 8
    assert tables(tmp_path / "out") == before


def test_only_missing_and_damaged_blocks_are_computed_again(tmp_path):
    marks = tmp_path / "marks"
    plan = plan_of(marks=str(marks))
    run(tmp_path / "out", plan)
    before = tables(tmp_path / "out")
    blocks = tmp_path / "out" / "blocks"
    (blocks / "000003.json").unlink()
    (blocks / "000005.json").write_text("{")
    (blocks / "rows" / "000006.parquet").write_bytes(b"half")
    marks.unlink()

    assert status(tmp_path / "out").damaged == (5, 6)
    assert status(tmp_path / "out").missing == (3, 5, 6)
    run(tmp_path / "out", plan)

    assert sorted(marks.read_text().split()) == ["3", "5", "6"]
    assert tables(tmp_path / "out") == before


def test_what_was_skipped_stands_once_with_its_reason(tmp_path):
    run(tmp_path)

    with (tmp_path / "skipped.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == [{"gpu": "a100-sxm-80gb", "reason": "no fp8"}]


def test_another_plan_is_refused_and_told_what_differs(tmp_path):
    run(tmp_path)

    with pytest.raises(InputError, match=r"another sweep: the plan differs in seed. Give another"):
        run(tmp_path, replace(plan_of(), seed=8))


@pytest.mark.parametrize(
    ("name", "words"),
    [("llmcost_version", "made with llmcost 0.0.1, here"), ("data_version", "from data 0.0.1")],
)
def test_a_folder_of_another_version_is_refused(tmp_path, name, words):
    run(tmp_path)
    path = tmp_path / "plan.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: "0.0.1"}))

    with pytest.raises(InputError, match=words):
        run(tmp_path)
    with pytest.raises(InputError, match=words):
        merge(tmp_path, RUNNER)
    assert words in status(tmp_path).why_not_here


def test_merging_names_the_blocks_that_are_missing(tmp_path):
    run(tmp_path)
    (tmp_path / "blocks" / "000002.json").unlink()

    with pytest.raises(InputError, match=r"lacks 1 of 8 blocks \(2\)"):
        merge(tmp_path, RUNNER)


def test_merging_refuses_blocks_that_are_none_of_the_plan(tmp_path):
    run(tmp_path)
    one = json.loads((tmp_path / "blocks" / "000002.json").read_text())
    (tmp_path / "blocks" / "000008.json").write_text(json.dumps({**one, "block": 8}))

    with pytest.raises(InputError, match=r"none of this plan's 8 \(8\)"):
        merge(tmp_path, RUNNER)


def test_a_copy_of_a_receipt_under_a_name_like_its_own_is_no_block(tmp_path):
    run(tmp_path)
    blocks = tmp_path / "blocks"
    for name in ("2.json", "000002 (copy).json", "\N{SUPERSCRIPT TWO}.json"):
        (blocks / name).write_bytes((blocks / "000002.json").read_bytes())
    merge(tmp_path, RUNNER)
    (blocks / "000002.json").unlink()

    assert status(tmp_path).missing == (2,)
    with pytest.raises(InputError, match=r"lacks 1 of 8 blocks \(2\)"):
        merge(tmp_path, RUNNER)


def test_merging_refuses_a_block_that_is_there_twice(tmp_path):
    run(tmp_path)
    blocks = tmp_path / "blocks"
    (blocks / "000003.json").write_bytes((blocks / "000002.json").read_bytes())

    with pytest.raises(DataError, match="this is the receipt of block 2"):
        merge(tmp_path, RUNNER)


def test_merging_refuses_a_block_of_another_sweep(tmp_path):
    run(tmp_path / "one")
    run(tmp_path / "two", plan_of(sleep=0.001))
    name = "blocks/000002.json"
    (tmp_path / "one" / name).write_bytes((tmp_path / "two" / name).read_bytes())

    with pytest.raises(InputError, match="is of the sweep"):
        merge(tmp_path / "one", RUNNER)


@pytest.mark.parametrize(
    ("name", "value"),
    [("evaluations", "many"), ("seconds", None), ("host", 3), ("skipped", {}), ("files", [])],
)
def test_a_receipt_with_values_of_other_kinds_is_damaged(tmp_path, name, value):
    run(tmp_path)
    path = tmp_path / "blocks" / "000002.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))

    assert status(tmp_path).damaged == (2,)
    with pytest.raises(DataError, match="this is not the receipt of a block"):
        merge(tmp_path, RUNNER)
    assert run(tmp_path).computed == 1


def test_merging_finds_a_table_that_changed(tmp_path):
    run(tmp_path)
    path = tmp_path / "blocks" / "rows" / "000004.parquet"
    data = bytearray(path.read_bytes())
    data[20] ^= 1
    path.write_bytes(data)

    with pytest.raises(Exception, match=r"000004.parquet: is missing or not what 000004.json"):
        merge(tmp_path, RUNNER)


def test_merging_again_gives_the_same_files(tmp_path):
    run(tmp_path)
    before = tables(tmp_path)

    merge(tmp_path, RUNNER)

    assert tables(tmp_path) == before


def test_a_failing_block_leaves_the_others_done(tmp_path):
    with pytest.raises(RuntimeError, match=r"Block 3 failed:(?s:.*)on purpose"):
        run(tmp_path, plan_of(fail=[3]))

    assert receipts(tmp_path) == [0, 1, 2]


def test_too_little_memory_is_one_message(tmp_path):
    with pytest.raises(InputError, match="Block 1 needs more memory"):
        run(tmp_path, plan_of(memory=[1]))


def test_a_file_in_the_place_of_the_folder_is_one_message(tmp_path):
    (tmp_path / "out").write_text("")

    with pytest.raises(InputError, match="a file stands in its place"):
        run(tmp_path / "out")


def test_a_folder_of_something_else_is_no_sweep(tmp_path):
    with pytest.raises(InputError, match="is not the folder of a sweep"):
        status(tmp_path)


def test_status_says_how_far(tmp_path):
    run(tmp_path, shard="1/2", command="llmcost sweep plan.toml --shard 1/2")

    found = status(tmp_path)

    assert (found.done, found.blocks, found.missing) == (4, 8, (1, 3, 5, 7))
    assert (found.evaluations, found.expected) == (4 * ROWS, 8 * ROWS)
    assert found.merged is None
    assert found.why_not_here is None
    assert sum(found.hosts.values()) == 4
    assert found.command == "llmcost sweep plan.toml --shard 1/2"


def test_progress_counts_up_to_all_blocks_and_knows_the_best(tmp_path):
    seen = []
    run(tmp_path, progress=seen.append)

    assert [one.done for one in seen] == list(range(1, 9))
    assert seen[-1].evaluations == 8 * ROWS
    assert seen[-1].left == 0
    assert seen[-1].share == 1
    assert seen[-1].best == ("cost", min(min(costs_of(number)) for number in range(8)))


@pytest.mark.parametrize("text", ["0/2", "3/2", "1", "a/b", "1/0", "-1/2"])
def test_a_shard_that_is_none(text):
    with pytest.raises(InputError, match="needs i/n with i from 1 to n"):
        shard_of(text)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"workers": 0}, "workers: got 0"),
        ({"engine": "serial", "workers": 2}, "which is one process"),
        ({"engine": "processes", "scheduler": "tcp://localhost:1"}, "needs the engine dask"),
        ({"scheduler": "tcp://localhost:1", "workers": 2}, "has its own workers"),
        ({"engine": "dask", "shard": "1/2"}, "shares the blocks out itself"),
        ({"collect": True}, "needs the engine dask"),
        ({"kernel": "fortran"}, "kernel: got 'fortran'"),
    ],
)
def test_options_that_fight(tmp_path, arguments, words):
    with pytest.raises(InputError, match=words):
        run(tmp_path / "out", **arguments)

    assert not (tmp_path / "out").exists()


def test_an_unknown_engine_gets_the_nearest_name(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean processes"):
        run(tmp_path, engine="process")


def test_auto_is_serial_for_small_sweeps_only(monkeypatch):
    monkeypatch.setattr("llmcost.studies.sweeping.engines.usable_cpus", lambda: 4)

    names = [engine_named("auto", Options(), n)[0] for n in (4_999_999, 5_000_000)]
    assert names == ["serial", "processes"]
    assert engine_named("auto", Options(workers=1), 10**9)[0] == "serial"


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("150000 100000", 2), ("50000 100000", 1), ("max 100000", 4), ("9900000 100000", 4), ("", 4)],
)
def test_a_container_has_as_many_workers_as_it_was_given_processors(
    tmp_path, monkeypatch, text, cpus
):
    monkeypatch.setattr("llmcost.studies.sweeping.engines._cpus", lambda: 4)
    (tmp_path / "cpu.max").write_text(text)

    assert usable_cpus(tmp_path / "cpu.max") == cpus
    assert usable_cpus(tmp_path / "none") == 4


def test_one_kernel_for_one_folder(tmp_path):
    run(tmp_path, kernel="numpy")

    with pytest.raises(InputError, match="was begun with numpy"):
        run(tmp_path, kernel="compiled")


def test_a_folder_that_two_begin_at_once_is_of_one_plan(tmp_path, monkeypatch):
    run(tmp_path)
    document = json.loads((tmp_path / "plan.json").read_text())

    found = folders.claim(folders.Folder(tmp_path), {**document, "created": "later"})

    assert found["created"] == document["created"]


def test_one_interrupt_ends_after_the_block_and_two_at_once(tmp_path):
    plan = plan_of(interrupt=[[2, 1], [5, 2]])

    first = run(tmp_path, plan)
    assert first.interrupted
    assert first.outcome == "3 of 8 blocks done; run the same command again to go on"
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, plan)

    assert receipts(tmp_path) == [0, 1, 2, 3, 4]
    assert leftovers(tmp_path) == []
    assert status(tmp_path).damaged == ()


@pytest.mark.skipif(not has_proc(), reason="processes are watched through /proc")
def test_a_request_to_end_is_an_interrupt(tmp_path):
    orders = {"blocks": 500, "held": 2, "gate": str(tmp_path / "gate")}
    with started(tmp_path / "out", {"engine": "serial"}, **orders) as driver:
        wait_for_blocks(tmp_path / "out", 2)
        driver.send_signal(signal.SIGTERM)
        interrupt(driver.pid)
        code, text = said(driver)

    assert (code, text) == (130, "Interrupted.\n")
    assert leftovers(tmp_path / "out") == []
