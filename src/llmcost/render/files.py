"""An answer into a file: the whole text or nothing, under the name asked for."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

from llmcost.errors import InputError, shown

STREAMS = frozenset({"/dev", "/dev/fd", "/proc/self/fd"})
LONGEST = 120
OPTION = "--output"
REMEDY = "Choose another path with {}, or leave it out."


def write_output(text: str, path: str | os.PathLike[str]) -> None:
    """Write `text` (UTF-8) to `path`; raises as `write_bytes` does."""
    write_bytes(as_bytes(text), path)


def as_bytes(text: str) -> bytes:
    """Return text as files hold it: UTF-8, with what that cannot say spelled out."""
    return text.encode("utf-8", "backslashreplace")


def write_bytes(data: bytes, path: str | os.PathLike[str], option: str = OPTION) -> None:
    """Write `data` to `path`, as `option` asked, replacing an old file in one step or not at all.

    A symbolic link is followed, the mode of an existing file kept; pipes and devices are written
    directly. Raises InputError when the file cannot be written, with the old file as it was; a
    reader that closes a pipe early raises BrokenPipeError.
    """
    name = os.fspath(path)
    if not name or "\0" in name:
        raise InputError(
            f"Got {shown(name)} as the output file; needs a file name. {REMEDY.format(option)}"
        )
    try:
        mode = _mode(name)
        if _is_stream(name, mode):
            _write_stream(name, data)
        else:
            _replace(name, mode, data)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise InputError(_message(name, error, option)) from error


def check_output(path: str | os.PathLike[str], option: str = OPTION) -> None:
    """Raise InputError where `write_output` will not be able to write, before work is done for it.

    What only a write shows, such as a full disk, is not found.
    """
    name = os.fspath(path)
    target = os.path.realpath(name)
    error: OSError | None = None
    if name.endswith(os.sep) or os.path.isdir(target):
        error = IsADirectoryError()
    elif not os.path.isdir(os.path.dirname(target)):
        error = FileNotFoundError()
    elif not os.access(target if os.path.exists(target) else os.path.dirname(target), os.W_OK):
        error = PermissionError()
    if error is not None:
        raise InputError(_message(name, error, option))


def _mode(name: str) -> int | None:
    """Return the mode of what lies at a path, links followed, or `None` where nothing does."""
    try:
        return os.stat(name).st_mode
    except FileNotFoundError:
        return None


def _is_stream(name: str, mode: int | None) -> bool:
    if mode is None or stat.S_ISDIR(mode):
        return False
    return not stat.S_ISREG(mode) or os.path.dirname(os.path.abspath(name)) in STREAMS


def _write_stream(name: str, data: bytes) -> None:
    with open(name, "ab", buffering=0) as stream:
        while data:
            data = data[stream.write(data) :]


def _replace(name: str, mode: int | None, data: bytes) -> None:
    target = os.path.realpath(name)
    if (mode is not None and stat.S_ISDIR(mode)) or name.endswith(os.sep):
        raise IsADirectoryError
    effective = os.access in os.supports_effective_ids
    if mode is not None and not os.access(target, os.W_OK, effective_ids=effective):
        raise PermissionError("the file is read-only")
    temporary = os.path.join(os.path.dirname(target), f".llmcost-{os.urandom(8).hex()}.tmp")
    try:
        _write_new(temporary, data)
        if mode is not None:
            os.chmod(temporary, stat.S_IMODE(mode))
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise


def _write_new(name: str, data: bytes) -> None:
    """Write a file that must not exist yet, its mode from the umask, and wait for the disk."""
    with open(name, "xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _message(name: str, error: OSError, option: str) -> str:
    """Return what is wrong, what was got, what is needed and what to do next."""
    parent = Path(name).parent
    if isinstance(error, IsADirectoryError):
        reason = "it is a folder; needs the name of a file"
    elif not parent.exists():
        reason = f"the folder {_quoted(str(parent))} does not exist; make it first"
    elif not parent.is_dir():
        reason = f"{_quoted(str(parent))} is not a folder; needs a file name inside a folder"
    elif isinstance(error, PermissionError):
        reason = "the file or its folder is read-only; needs leave to write there"
    else:
        reason = f"{error.strerror or error}; needs a place that can be written"
    return f"Cannot write {_quoted(name)}: {reason}. {REMEDY.format(option)}"


def _quoted(path: str) -> str:
    """Return a path for a message; of a very long one the end, which tells files apart."""
    return repr(path if len(path) <= LONGEST else f"...{path[-LONGEST:]}")
