"""Output files: the whole text or nothing, and one message for everything that can go wrong."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from llmcost.errors import InputError
from llmcost.render import files
from llmcost.render.files import write_output

posix = pytest.mark.skipif(os.name != "posix", reason="modes and links of POSIX")
not_root = pytest.mark.skipif(
    os.name == "posix" and os.geteuid() == 0, reason="root may write anywhere"
)
TEXT = "Größe,1\n2,é\n"


@pytest.fixture
def folder(tmp_path):
    """A folder that must hold no stray temporary file when the test is over."""
    yield tmp_path
    assert not list(tmp_path.rglob(".llmcost-*"))


def mode_of(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_holds_the_text_as_it_is(folder):
    """UTF-8, and line ends as they came."""
    write_output(TEXT, folder / "cost.csv")

    assert (folder / "cost.csv").read_bytes() == TEXT.encode()


def test_an_old_file_is_replaced_whole(folder):
    path = folder / "cost.csv"
    path.write_text("x" * 10_000)

    write_output(TEXT, str(path))

    assert path.read_bytes() == TEXT.encode()


@posix
@pytest.mark.parametrize(("umask", "expected"), [(0o022, 0o644), (0o077, 0o600)])
def test_a_new_file_follows_the_umask(folder, umask, expected):
    old = os.umask(umask)
    try:
        write_output(TEXT, folder / "cost.csv")
    finally:
        os.umask(old)

    assert mode_of(folder / "cost.csv") == expected


@posix
def test_an_old_file_keeps_its_mode(folder):
    path = folder / "cost.csv"
    path.touch()
    path.chmod(0o640)

    write_output(TEXT, path)

    assert mode_of(path) == 0o640


@posix
def test_a_link_is_kept_and_its_target_replaced(folder):
    """Also a link to a file that is not there yet, in another folder."""
    (folder / "real").mkdir()
    (folder / "cost.csv").symlink_to("real/cost.csv")
    for text in ("first", TEXT):
        write_output(text, folder / "cost.csv")

        assert (folder / "cost.csv").is_symlink()
        assert (folder / "real" / "cost.csv").read_text(encoding="utf-8") == text


@posix
def test_pipes_and_devices_are_written_directly(folder):
    write_output(TEXT, "/dev/null")
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_bytes()))
    reader.start()
    write_output(TEXT, pipe)
    reader.join(timeout=10)

    assert got == [TEXT.encode()]
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@posix
def test_standard_output_by_name_keeps_what_was_printed_before(folder):
    """In a pipe, and in a file that the shell is appending to."""
    code = (
        "from llmcost.render.files import write_output\n"
        "print('before', flush=True)\n"
        "write_output('after\\n', '/dev/stdout')"
    )
    command = [sys.executable, "-c", code]
    piped = subprocess.run(command, capture_output=True, text=True, check=True)
    with (folder / "log").open("a") as log:
        log.write("older\n")
        log.flush()
        subprocess.run(command, stdout=log, check=True)

    assert piped.stdout == "before\nafter\n"
    assert (folder / "log").read_text() == "older\nbefore\nafter\n"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "needs a file name"),
        ("a\0b", "needs a file name"),
        ("folder", "it is a folder; needs the name of a file"),
        ("new/", "it is a folder; needs the name of a file"),
        ("missing/cost.csv", "missing' does not exist; make it first"),
        ("file/cost.csv", "file' is not a folder"),
        ("x" * 300, "name too long"),
    ],
)
def test_what_cannot_be_written_is_one_error(folder, name, reason):
    """What, got, needed, do next; nothing is left behind."""
    (folder / "folder").mkdir()
    (folder / "file").write_text("old")
    path = f"{folder}/{name}" if name and "\0" not in name else name
    with pytest.raises(InputError) as caught:
        write_output(TEXT, path)

    message = str(caught.value)
    assert reason.lower() in message.lower()
    assert "--output" in message
    assert "\n" not in message
    assert sorted(p.name for p in folder.iterdir()) == ["file", "folder"]
    assert (folder / "file").read_text() == "old"


@posix
def test_a_link_to_itself_is_an_error(folder):
    (folder / "loop").symlink_to("loop")
    with pytest.raises(InputError, match="Cannot write"):
        write_output(TEXT, folder / "loop")

    assert (folder / "loop").is_symlink()


@posix
@not_root
def test_a_read_only_file_or_folder_is_an_error(folder):
    """A rename would replace a read-only file; being asked not to write to it counts."""
    path = folder / "cost.csv"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(InputError, match="read-only"):
        write_output(TEXT, path)
    closed = folder / "closed"
    closed.mkdir(mode=0o555)
    with pytest.raises(InputError, match="read-only"):
        write_output(TEXT, closed / "cost.csv")

    assert path.read_text() == "old"
    assert not list(closed.iterdir())


def test_a_file_without_leave_to_write_is_an_error(folder, monkeypatch):
    """The same as above, where the test runs as root: the system is made to say no."""
    path = folder / "cost.csv"
    path.write_text("old")
    monkeypatch.setattr(files.os, "access", lambda *_, **__: False)
    with pytest.raises(InputError, match="read-only"):
        write_output(TEXT, path)

    assert path.read_text() == "old"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_failure_on_the_way_leaves_the_old_file(folder, monkeypatch, error, step):
    """A full disk or a user who interrupts finds the old file whole and no other."""

    def fail(*_):
        raise error

    path = folder / "cost.csv"
    path.write_text("old")
    monkeypatch.setattr(files.os, step, fail)
    expected = InputError if isinstance(error, OSError) else KeyboardInterrupt
    with pytest.raises(expected):
        write_output(TEXT, path)

    assert path.read_text() == "old"
    assert list(folder.iterdir()) == [Path(path)]
