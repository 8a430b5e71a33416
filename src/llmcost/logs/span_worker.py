"""A process that reads spans of a log: questions on its input, answers on its output."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from llmcost.logs.spans import serve


def main() -> None:
    """Answer until the input closes; what a library prints must not come between answers."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with suppress(BrokenPipeError, KeyboardInterrupt):
        serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
