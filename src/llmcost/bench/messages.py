"""How a process that measures speaks with the one that started it: a line of JSON a message."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import IO, Any

EXIT_ORPHAN = 3


def taken_output() -> IO[str]:
    """Return what was standard output; whatever libraries print goes to standard error."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(kept, "w", encoding="utf-8")


def send(out: IO[str], message: dict[str, Any]) -> None:
    """Write one message, at once."""
    out.write(json.dumps(message) + "\n")
    out.flush()


def read(line: str) -> dict[str, Any]:
    """Return what a line says; a line that was cut off by a crash says nothing."""
    try:
        found = json.loads(line)
    except json.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def end_with_parent() -> None:
    """End this process when its standard input is closed, which is when its parent goes."""
    threading.Thread(target=_wait_and_end, daemon=True).start()


def _wait_and_end() -> None:
    while os.read(0, 1 << 16):
        pass
    os._exit(EXIT_ORPHAN)


def lines_of_parent() -> Iterator[str]:
    """Yield the lines of standard input; the process ends when that closes, as its parent goes."""
    lines: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(lines,), daemon=True).start()
    while True:
        yield lines.get()


def _listen(lines: SimpleQueue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(EXIT_ORPHAN)
