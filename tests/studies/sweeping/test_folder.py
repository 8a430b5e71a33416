"""Files of a sweep: whole or not there, on disks and folders that refuse."""

import errno
import os
import resource
import subprocess
import sys
import time

import pytest

from llmcost.errors import InputError
from llmcost.studies.sweeping import writing
from llmcost.studies.sweeping.driver import run_sweep
from llmcost.studies.sweeping.progress import Pace
from tests.sweep_blocks import RUNNER, plan_of
from tests.sweep_runs import leftovers, receipts, said, started, wait_for_blocks


def refuse(monkeypatch, code, after=0):
    """Let the system refuse to bring files to the disk after the first few."""
    calls, sync = [], os.fsync

    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) > after:
            raise OSError(code, os.strerror(code))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)


def _write_half(path):
    """Be interrupted in the middle of a file."""
    with writing.whole_file(path) as stream:
        stream.write(b"half")
        raise KeyboardInterrupt


def test_a_file_is_there_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file"
    writing.write_whole(path, b"old")

    with pytest.raises(KeyboardInterrupt):
        _write_half(path)

    assert path.read_bytes() == b"old"
    assert leftovers(tmp_path) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "No space left on device. Needs room on that disk"),
        (errno.EROFS, "Read-only file system. Needs leave to write there"),
        (errno.ENOENT, "No such file or directory. Needs that folder on .* too: share it"),
        (errno.EIO, "Input/output error. Needs a folder that can be written"),
    ],
)
def test_a_disk_that_refuses_is_one_message_and_leaves_nothing(tmp_path, monkeypatch, code, words):
    refuse(monkeypatch, code)

    with pytest.raises(InputError, match=words):
        writing.write_whole(tmp_path / "file", b"data")

    assert os.listdir(tmp_path) == []


def test_a_disk_that_fills_up_leaves_the_blocks_before_and_the_next_run_goes_on(tmp_path):
    plan = plan_of(marks=str(tmp_path / "marks"))
    out = tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:
        refuse(patch, errno.ENOSPC, after=24)
        with pytest.raises(
            InputError, match=r"Blocks that are done stay; the same command goes on"
        ):
            run_sweep(plan, out, runner=RUNNER)
    done = receipts(out)
    assert 0 < len(done) < 8
    assert leftovers(out) == []
    (tmp_path / "marks").unlink()

    assert run_sweep(plan, out, runner=RUNNER).complete
    again = sorted(map(int, (tmp_path / "marks").read_text().split()))
    assert again == [number for number in range(8) if number not in done]


def test_workers_that_may_write_no_more_end_the_run_with_one_message(tmp_path):
    """The limit on the size of a file stands for a disk that is full: the system refuses."""
    size = run_sweep(plan_of(blocks=1), tmp_path / "size", runner=RUNNER)
    table = size.folder / "blocks" / "rows" / "000000.parquet"
    arguments = {"engine": "processes", "workers": 2}
    gate = tmp_path / "gate"
    with started(tmp_path / "out", arguments, blocks=20, held=2, gate=str(gate)) as driver:
        wait_for_blocks(tmp_path / "out", 2)
        for pid in _with_children(driver.pid):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (table.stat().st_size - 1,) * 2)
        gate.touch()
        code, text = said(driver)

    assert code == 2
    assert "File too large. Needs room on that disk" in text
    assert "Traceback" not in text
    assert leftovers(tmp_path / "out") == []


def _with_children(pid):
    from tests.sweep_runs import children

    return [pid, *children(pid)]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_one_message(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(InputError, match=r"Permission denied\. Needs leave to write there"):
            run_sweep(plan_of(), tmp_path / "out", runner=RUNNER)
    finally:
        tmp_path.chmod(0o700)


def test_a_folder_that_becomes_read_only_is_one_message(tmp_path, monkeypatch):
    run_sweep(plan_of(), tmp_path, shard="1/2", runner=RUNNER)
    refuse(monkeypatch, errno.EROFS)

    with pytest.raises(InputError, match="Needs leave to write there"):
        run_sweep(plan_of(), tmp_path, runner=RUNNER)

    assert receipts(tmp_path) == [0, 2, 4, 6]


def test_only_one_of_many_makes_a_file(tmp_path):
    assert writing.create_whole(tmp_path / "file", b"first")
    assert not writing.create_whole(tmp_path / "file", b"second")

    assert (tmp_path / "file").read_bytes() == b"first"
    assert leftovers(tmp_path) == []


def test_what_dead_processes_left_is_removed_and_nothing_else(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    host = writing.host()
    names = {
        f".a.parquet.{host}.{dead.pid}.00.tmp": True,
        f".a.parquet.{host}.{os.getpid()}.00.tmp": False,
        ".a.parquet.elsewhere.1.00.tmp": False,
        ".a.parquet.elsewhere.2.00.tmp": True,
        "a.parquet": False,
        ".mine.tmp": False,
        f".mine.{host}.tmp": False,
    }
    for name in names:
        (tmp_path / name).write_text("")
    long_ago = time.time() - 2 * writing.STALE
    os.utime(tmp_path / ".a.parquet.elsewhere.2.00.tmp", (long_ago, long_ago))

    assert writing.clear_leftovers(tmp_path) == 2
    assert set(os.listdir(tmp_path)) == {name for name, goes in names.items() if not goes}


def test_the_rate_is_that_of_the_last_half_minute():
    """100 blocks of 10 in 100 s, then 40 in 20 s: two blocks a second, 20 evaluations."""
    pace = Pace()
    for second in range(101):
        pace.add(float(second), second, 10 * second)
    for half in range(1, 61):
        pace.add(100 + half / 2, 100 + half, 1000 + 10 * half)

    assert pace.rate() == pytest.approx(20)
    assert pace.left(8) == pytest.approx(4)


def test_nothing_is_known_before_the_first_block():
    pace = Pace()
    pace.add(0.0, 0, 0)

    assert pace.rate() != pace.rate()
    assert pace.left(3) != pace.left(3)
