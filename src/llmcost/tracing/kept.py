"""Compiled kernels on disk: one file of source a kernel in the user's cache, its code beside it.

The name of a file is a digest of all that its code is made from, so that no file is ever changed.
A folder that cannot be written to, or a file that cannot be read, is no error: the kernel is
compiled for this process alone, and the file is written anew by the next.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

from llmcost.errors import MissingExtraError

# Modules that a kernel is written by: another version of them makes another kernel.
WRITERS = ("lowering.py", "vectors.py")
DIGITS = 24


@cache
def function_of(source: str) -> Any:  # noqa: ANN401
    """Return the compiled function of a source, from disk where it is there.

    Raises MissingExtraError where numba is not installed.
    """
    try:
        import numba  # noqa: F401
    except ImportError:
        raise MissingExtraError("A compiled kernel", "fast") from None
    try:
        return _from_file(_written(source))
    except Exception:  # Whatever a broken cache raises; what is wrong elsewhere is raised again.
        _forget(source)
        return _in_memory(source)


def folder() -> Path:
    """Return the folder of kernels, in the place for caches of the user."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "~/AppData/Local")
    elif sys.platform == "darwin":
        base = "~/Library/Caches"
    else:
        given = Path(os.environ.get("XDG_CACHE_HOME", ""))
        base = str(given) if given.is_absolute() else "~/.cache"
    return Path(base).expanduser() / "llmcost" / "kernels"


def _path(source: str) -> Path:
    return folder() / f"kernel_{_digest(source)}.py"


def _written(source: str) -> Path:
    path = _path(source)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _write(path, source)
    elif path.read_text(encoding="utf-8") != source:
        raise ValueError(f"{path} holds another source")
    return path


def _write(path: Path, source: str) -> None:
    """Write a file whole or not at all."""
    file = tempfile.NamedTemporaryFile(  # noqa: SIM115
        "w", encoding="utf-8", dir=path.parent, suffix=".new", delete=False
    )
    try:
        with file:
            file.write(source)
        Path(file.name).replace(path)
    except OSError:
        Path(file.name).unlink(missing_ok=True)
        raise


def _forget(source: str) -> None:
    """Take away the file of a source, so that the next process writes it and its code anew."""
    with suppress(OSError, RuntimeError):
        _path(source).unlink()


def _digest(source: str) -> str:
    digest = hashlib.sha256(source.encode())
    for name in WRITERS:
        digest.update(Path(__file__).with_name(name).read_bytes())
    return digest.hexdigest()[:DIGITS]


def _from_file(path: Path) -> Any:  # noqa: ANN401
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise ImportError(path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.kernel


def _in_memory(source: str) -> Any:  # noqa: ANN401
    names: dict[str, Any] = {"__name__": "kernel"}
    exec(compile(source, "<kernel>", "exec"), names)  # noqa: S102
    return names["kernel"]
