"""A long log in several processes: each reads spans of the file, the answers come in order.

A span is a stretch of bytes; its lines are those that start in it. What a span says depends on
nothing before it, so that where it is read changes nothing.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from llmcost.logs.blocks import MAX_LINE, Block, Kind, moments_in, read_block
from llmcost.logs.line_formats import line_formats
from llmcost.logs.line_reader import Read
from llmcost.logs.needles import Needles
from llmcost.logs.stencils import StencilBook

# A file is shared out from this size [byte]; spans and what is read at a time are so long [byte].
LONG, SPAN, BLOCK = 1 << 26, 1 << 23, 1 << 20
AHEAD, MOST_WORKERS = 2, 8
WORKER = "llmcost.logs.span_worker"


@dataclass(frozen=True, slots=True)
class Span:
    """Where a span starts and ends in its file [byte]."""

    start: int
    end: int


class SpanReader:
    """Reads spans of one file, by the lines of some formats."""

    def __init__(self, stream: IO[bytes], format_name: str | None) -> None:
        self._stream = stream
        self._needles = Needles(line_formats(format_name))
        self._book: StencilBook[Kind] = StencilBook()

    def read(self, span: Span) -> tuple[list[Read], int]:
        """Return what the lines that start in a span say, and where the last of them ends."""
        stream, found = self._stream, []
        at = self._first_line(span)
        while at < span.end:
            data = stream.read(min(BLOCK, span.end - at))
            data += stream.readline(MAX_LINE + 1)
            at += len(data)
            if not data:
                break
            too_long = not data.endswith(b"\n")
            if too_long:
                data = data[: data.rfind(b"\n") + 1]
                at += self._passed_over()
            found.append(self._block(data, int(too_long)))
        return found, at

    def _first_line(self, span: Span) -> int:
        """Go to the first line that starts in a span, or behind its end; return where that is."""
        at = max(0, span.start - 1)
        self._stream.seek(at)
        while span.start and at < span.end:
            piece = self._stream.readline(MAX_LINE)
            at += len(piece)
            if piece.endswith(b"\n") or not piece:
                break
        return at

    def _passed_over(self) -> int:
        """Go behind the line end that comes next; return how many bytes that is."""
        passed = 0
        while piece := self._stream.readline(MAX_LINE):
            passed += len(piece)
            if piece.endswith(b"\n"):
                break
        return passed

    def _block(self, data: bytes, too_long: int) -> Read:
        block = Block(data, 1)
        found = read_block(block, self._needles, self._book)
        found.too_long += too_long
        return Read(found, moments_in(block), block.feeds + too_long, len(data))


def shared_out(
    path: str, format_name: str | None, workers: int
) -> Iterator[tuple[list[Read], int]]:
    """Yield what each span of a long file says, in order, and where its last line ends.

    Leaves the end of the file, a span or two, to whoever knows what to do with an unfinished line.
    """
    spans = _spans(Path(path).stat().st_size)
    with suppress(OSError), Path(path).open("rb") as stream:
        here = SpanReader(stream, format_name)
        crew = [_Worker(path, format_name) for _ in range(workers)]
        try:
            yield from _in_order(spans, crew, here)
        finally:
            for worker in crew:
                worker.close()


def workers_for(path: object) -> int:
    """Return how many processes should read a log: 0 where one alone is as well."""
    if not isinstance(path, (str, os.PathLike)) or path == "-":
        return 0
    with suppress(OSError):
        usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
        if Path(path).is_file() and Path(path).stat().st_size >= LONG and usable > 1:
            return min(usable, MOST_WORKERS)
    return 0


def _spans(size: int) -> list[Span]:
    return [Span(start, start + SPAN) for start in range(0, size - SPAN, SPAN)]


def _in_order(
    spans: list[Span], crew: list[_Worker], here: SpanReader
) -> Iterator[tuple[list[Read], int]]:
    waiting: deque[tuple[_Worker, Span]] = deque()
    todo = iter(enumerate(spans))
    for number, span in todo:
        _ask(crew[number % len(crew)], span, waiting)
        if len(waiting) >= AHEAD * len(crew):
            break
    while waiting:
        worker, span = waiting.popleft()
        found = worker.answer() or here.read(span)
        for number, later in todo:
            _ask(crew[number % len(crew)], later, waiting)
            break
        yield found


def _ask(worker: _Worker, span: Span, waiting: deque[tuple[_Worker, Span]]) -> None:
    worker.ask(span)
    waiting.append((worker, span))


class _Worker:
    """A child process that reads spans; one that dies leaves its spans to us."""

    def __init__(self, path: str, format_name: str | None) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        command = [sys.executable, "-m", WORKER]
        with suppress(OSError):
            self._child = subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        self.ask((os.path.abspath(path), format_name))

    def ask(self, question: object) -> None:
        """Send a question."""
        if self._child is None or self._child.stdin is None:
            return
        with suppress(OSError):
            pickle.dump(question, self._child.stdin)
            self._child.stdin.flush()

    def answer(self) -> tuple[list[Read], int] | None:
        """Return the answer to the oldest question, `None` from a child that is gone."""
        if self._child is None or self._child.stdout is None:
            return None
        try:
            found: tuple[list[Read], int] = pickle.load(self._child.stdout)  # noqa: S301
        except (EOFError, pickle.UnpicklingError, OSError):
            self.close()
            return None
        return found

    def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()
        child.wait()


def serve(questions: IO[bytes], answers: IO[bytes]) -> None:
    """Read the spans that are asked for until nobody asks any more."""
    path, format_name = pickle.load(questions)  # noqa: S301
    with Path(path).open("rb") as stream:
        reader = SpanReader(stream, format_name)
        while True:
            try:
                span = pickle.load(questions)  # noqa: S301
            except EOFError:
                return
            pickle.dump(reader.read(span), answers, protocol=5)
            answers.flush()
