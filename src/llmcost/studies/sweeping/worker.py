"""A worker process: blocks by number on its input, outcomes on its output.

The process ends with the driver whatever ends the driver: its input closes then, and on Linux the
kernel ends it too. This is arranged before anything large is imported.
"""

from __future__ import annotations

import os
import pickle
import struct
import sys
import threading
from contextlib import suppress
from queue import SimpleQueue
from typing import IO, Any

READY = "ready"
LENGTH = struct.Struct("<Q")
POLL = 1.0
SIGKILL, PR_SET_PDEATHSIG = 9, 1


def send(stream: IO[bytes], message: object) -> None:
    """Write one message with its length in front."""
    data = pickle.dumps(message)
    stream.write(LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: IO[bytes]) -> Any:  # noqa: ANN401
    """Return the next message; raises EOFError where the other side is gone."""
    (length,) = LENGTH.unpack(_exactly(stream, LENGTH.size))
    return pickle.loads(_exactly(stream, length))  # noqa: S301


def _exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def main() -> None:
    """Do blocks until the driver closes the input or dies."""
    end_with(int(sys.argv[1]))
    # What a library prints must not come between messages.
    outcomes = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    inbox: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_listen, args=(inbox,), daemon=True).start()
    job = inbox.get()
    from llmcost.studies.sweeping.jobs import do_block

    with suppress(BrokenPipeError):
        send(outcomes, READY)
        while True:
            send(outcomes, do_block(job, inbox.get()))


def end_with(parent: int) -> None:
    """End this process as soon as its parent is gone."""
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            import ctypes

            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)
    if os.name == "posix":
        if os.getppid() != parent:
            os._exit(0)
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()


def _watch(parent: int) -> None:
    gone = threading.Event()
    while os.getppid() == parent:
        gone.wait(POLL)
    os._exit(0)


def _listen(inbox: SimpleQueue[Any]) -> None:
    """Hand on what the driver writes; end the process when the driver closes or dies."""
    try:
        while True:
            inbox.put(receive(sys.stdin.buffer))
    except EOFError:
        os._exit(0)


if __name__ == "__main__":
    main()
