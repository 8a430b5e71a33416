"""Work that makes very many objects, without looking for unreachable ones on the way."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection() -> Iterator[None]:
    """Hold off the search for unreachable objects while very many that stay are made.

    It would look at all of them again and again: half of the time that a large file takes.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
