"""Starting, killing and watching sweeps in tests."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
PATIENCE = 300
TABLES = "**/*.parquet"


@contextmanager
def started(folder, arguments=None, **orders):
    """Give a driver that runs in a process group of its own; it is ended with all its children."""
    words = [str(folder), json.dumps(arguments or {}), json.dumps(orders)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.sweep_blocks", *words],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=PATIENCE)


def said(process):
    """Return the exit code of a driver, and what it said."""
    _, text = process.communicate(timeout=PATIENCE)
    return process.returncode, text


def wait_for(condition, what):
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, f"waited in vain for {what}"
        time.sleep(0.02)


def wait_for_blocks(folder, count):
    """Wait until so many blocks are done."""
    wait_for(lambda: len(receipts(folder)) >= count, f"{count} blocks")


def interrupt(pid, whole_group=True):
    """Interrupt a process, or all of a terminal's, and wait until it has taken note."""
    (os.killpg if whole_group else os.kill)(pid, signal.SIGINT)
    wait_for(lambda: not _interrupt_waits(pid), "an interrupt that is seen")


def _interrupt_waits(pid):
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    waiting = [line.split()[1] for line in lines if line.startswith(("SigPnd", "ShdPnd"))]
    return any(int(one, 16) & (1 << (signal.SIGINT - 1)) for one in waiting)


def receipts(folder):
    """Return the numbers of the blocks that are done."""
    return sorted(int(path.stem) for path in Path(folder).glob("blocks/*.json"))


def leftovers(folder):
    """Return the temporary files in a folder."""
    return [path.name for path in Path(folder).rglob(".*.tmp")]


def tables(folder):
    """Return every Parquet file of a sweep by name, as bytes."""
    folder = Path(folder)
    found = sorted(folder.glob(TABLES))
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def children(pid):
    """Return the processes below a process: their ids, by what /proc says."""
    below, seen = [pid], set()
    while below:
        parent = below.pop()
        for task in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found = [int(word) for word in task.read_text().split()]
            except OSError:
                continue
            below += [child for child in found if child not in seen]
            seen |= set(found)
    return seen


def runs(pid):
    """Return whether a process runs: it is there and no zombie."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return text.rpartition(")")[2].split()[0] not in "ZX"


def commands_of(pid):
    """Return the command line of a process, or nothing."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def workers_of(pid):
    """Return the ids of the processes below a driver that do blocks."""
    words = ("sweeping.worker", "multiprocessing.spawn", "multiprocessing-fork")
    return [p for p in sorted(children(pid)) if any(word in commands_of(p) for word in words)]


def assert_gone(pids, seconds=60):
    """Check that processes end by themselves."""
    until = time.monotonic() + seconds
    while (left := [pid for pid in pids if runs(pid)]) and time.monotonic() < until:
        time.sleep(0.05)
    assert [(pid, commands_of(pid)) for pid in left] == []


def has_proc():
    """Return whether this system has /proc, by which processes are watched."""
    return os.path.isdir("/proc/self/task")
