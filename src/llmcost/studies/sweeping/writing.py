"""Files of a sweep: whole under their own name, or not there at all.

A file is written under a temporary name beside its place, brought to the disk and renamed. What a
killed process leaves behind is a temporary file whose name says which process wrote it.
"""

from __future__ import annotations

import errno
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO

from llmcost.errors import InputError

SUFFIX = ".tmp"
STALE = 86_400.0
# What `_temporary` names; a file of anybody else is none of this module.
TEMPORARY = re.compile(r"\..+\.[A-Za-z0-9-]+\.\d+\.[0-9a-f]+\.tmp")
FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC), errno.EFBIG}
REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
RESUME = "Blocks that are done stay; the same command goes on with the others."


@cache
def host() -> str:
    """Return the name of this machine, in letters that a file name may hold."""
    return re.sub(r"[^A-Za-z0-9-]+", "-", socket.gethostname()) or "host"


def write_whole(path: Path, data: bytes, *, name_too: bool = True) -> None:
    """Write a file in one step or not at all; raises InputError where it cannot be written.

    Without `name_too` the content is brought to the disk and its name follows with the next file.
    """
    with whole_file(path, name_too=name_too) as stream:
        stream.write(data)


@contextmanager
def whole_file(path: Path, *, name_too: bool = True) -> Iterator[IO[bytes]]:
    """Give a stream whose content appears under `path` at the end, and only if nothing went wrong.

    Raises InputError, with nothing left behind, where the folder or the disk refuses.
    """
    temporary = _temporary(path)
    try:
        with open(temporary, "xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, path)
        if name_too:
            _sync_folder(path.parent)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(temporary)
        if isinstance(error, OSError):
            raise cannot_write(path, error) from error
        raise


def create_whole(path: Path, data: bytes) -> bool:
    """Write a file only where none is; return whether this call made it.

    Of several processes that try at once, one makes it. Raises InputError where it cannot be
    written.
    """
    if path.exists():
        return False
    temporary = _temporary(path)
    write_whole(temporary, data)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError:  # A file system without links: the last one wins, all write the same.
        os.replace(temporary, path)
        return True
    finally:
        with suppress(OSError):
            os.unlink(temporary)
    _sync_folder(path.parent)
    return True


def make_folder(path: Path) -> None:
    """Make a folder and those above it; raises InputError where it cannot be made."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> InputError:
    """Return the message for a file that the system refused, and what to do about it."""
    reason = error.strerror or str(error)
    if error.errno in FULL:
        needed = "Needs room on that disk: make some, or give another folder"
    elif error.errno in REFUSED:
        needed = "Needs leave to write there: change the folder's mode, or give another one"
    elif isinstance(error, FileExistsError | NotADirectoryError):
        needed = "Needs a folder, and a file stands in its place: give another name"
    elif error.errno == errno.ENOENT:
        needed = (
            f"Needs that folder on {host()} too: share it under one name, or let results come to "
            "the machine of the command (--collect)"
        )
    else:
        needed = "Needs a folder that can be written: check it, or give another one"
    return InputError(f"Cannot write {str(path)!r}: {reason}. {needed}. {RESUME}")


def clear_leftovers(folder: Path) -> int:
    """Remove the temporary files that dead processes left in a folder; return how many.

    Files of a living process of this machine, or of another machine, are left alone for a day.
    """
    removed = 0
    for entry in _temporaries(folder):
        if _is_dead(entry):
            with suppress(OSError):
                os.unlink(entry.path)
                removed += 1
    return removed


def _temporary(path: Path) -> Path:
    name = f".{path.name}.{host()}.{os.getpid()}.{os.urandom(6).hex()}{SUFFIX}"
    return path.with_name(name)


def _temporaries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if TEMPORARY.fullmatch(entry.name)]
    except OSError:
        return []


def _is_dead(entry: os.DirEntry[str]) -> bool:
    where, pid = entry.name.split(".")[-4:-2]
    if where == host() and os.name == "posix" and pid.isdigit():
        return not _runs(int(pid))
    with suppress(OSError):
        return time.time() - entry.stat().st_mtime > STALE
    return False


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
