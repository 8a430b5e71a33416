"""``llmcost track --follow``: a log that is read as it grows, and a line that tells how it is."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO, TYPE_CHECKING, Any, Protocol

import click

from llmcost.errors import InputError, LogFormatError, shown

if TYPE_CHECKING:
    from llmcost.logs.line_reader import LineReader
    from llmcost.logs.record import Chunk
    from llmcost.studies.tracking.answer import Track

STDIN = "-"
BLOCK = 1 << 21
HEAD = 65_536
# Seconds between two looks at a log, two drawings on a terminal, and two plain lines elsewhere.
POLL, REDRAWN, PLAIN = 1.0, 0.5, 15.0
# Answers, and reading a log again from its start, may take at most this share of the time each.
BUSY = 0.1


class Follows(Protocol):
    """What collects chunks and answers at any time."""

    def add(self, source: int, chunk: Chunk) -> None:
        """Take what a log, by its number, says next."""

    def answer(self) -> Track:
        """Return what the logs say so far."""


@dataclass(slots=True)
class Followed:
    """What following came to: the tracker, and whether a person ended it."""

    tracker: Follows
    interrupted: bool


def follow(
    logs: Sequence[str],
    make: Callable[[], Follows],
    *,
    columns: Any = None,  # noqa: ANN401
    log_format: str | None = None,
    show: Callable[[Follows], None] = lambda _: None,
    wait: Callable[[float], None] = time.sleep,
) -> Followed:
    """Read logs, the last of them as it grows, until its run ends or a person interrupts.

    `make` makes what collects, `show` is called whenever there is something new, `wait` is how
    time passes between two looks. Raises InputError for a log that cannot be opened,
    KeyboardInterrupt where a person interrupts before there is any step.
    """
    last = Growing(logs[-1])
    following = _Following(logs, make, columns, log_format)
    try:
        following.begin()
        while not following.look(last):
            if following.steps and following.fresh:
                show(following.tracker)
                following.fresh = False
            if not last.waiting:
                wait(POLL)
    except KeyboardInterrupt:
        if not following.steps:
            raise
        following.finish(last)
        return Followed(following.tracker, interrupted=True)
    finally:
        last.close()
    following.finish(last)
    return Followed(following.tracker, interrupted=False)


class _Following:
    """How far the logs are read: those before the last once, the last one as it grows."""

    def __init__(
        self,
        logs: Sequence[str],
        make: Callable[[], Follows],
        columns: Any,  # noqa: ANN401
        log_format: str | None,
    ) -> None:
        self._logs, self._make = logs, make
        self._columns, self._format = columns, log_format
        self._reader: LineReader | None = None
        self._head = self._unread = b""
        self._size: int | None = -1
        self._next = 0.0
        self.tracker = make()
        self.steps = 0
        self.fresh = False
        self._own = 0
        self._over = False

    def begin(self) -> None:
        """Read the logs before the last."""
        for number, chunk in self._chunks(self._logs[:-1]):
            self._add(number, chunk)

    def look(self, last: Growing) -> bool:
        """Read what the last log has got since; return whether its run has ended."""
        data = last.more()
        self._head += data[: HEAD - len(self._head)]
        self._unread += data
        if self._is_whole(self._head):
            self._read_whole(last)
            self._unread = self._unread if len(self._unread) < HEAD else b""
        elif self._unread:
            data, self._unread = self._unread, b""
            self._read_lines(data)
        return (self._over and not data) or last.ended

    def finish(self, last: Growing) -> None:
        """Read what waits for its line to end, or for its turn."""
        if self._reader is not None:
            self._take(self._reader.close())
        elif last.path != STDIN:
            self._next = 0.0
            self._read_whole(last)

    def _is_whole(self, head: bytes) -> bool:
        """Return whether the last log can only be read from its start each time."""
        from llmcost.logs.formats import DOCUMENT_FORMATS, DocumentFormat, format_of
        from llmcost.logs.sources import is_wrapped

        if self._columns or is_wrapped(head):
            return True
        if self._format is not None:
            return self._format in DOCUMENT_FORMATS
        if self._own:
            return self._reader is None
        formats = (format_of(name) for name in DOCUMENT_FORMATS)
        return any(isinstance(each, DocumentFormat) and each.claims(head) for each in formats)

    def _read_lines(self, data: bytes) -> None:
        if self._reader is None:
            from llmcost.logs.line_formats import line_formats
            from llmcost.logs.line_reader import LineReader

            self._reader = LineReader(line_formats(self._format))
        self._take(self._reader.feed(data))

    def _take(self, chunks: Iterable[Chunk]) -> None:
        for chunk in chunks:
            self._add(len(self._logs) - 1, chunk)
            self._own += len(chunk)
            self._over = _is_over(chunk, over=self._over)

    def _read_whole(self, last: Growing) -> None:
        """Read every log again where the last has changed; one that is half written waits."""
        if last.path == STDIN:
            raise InputError(
                "follow: standard input is no log of lines here, and cannot be read again as it "
                "grows; leave out --follow, or give the file."
            )
        started = monotonic()
        size = last.size
        if size in (None, self._size) or started < self._next:
            return
        self._size, self._reader = size, None
        before = self.tracker, self.steps
        self.tracker, self.steps = self._make(), 0
        try:
            for number, chunk in self._chunks(self._logs):
                self._add(number, chunk)
                if number == len(self._logs) - 1:
                    self._own += len(chunk)
        except LogFormatError:
            self.tracker, self.steps = before
        ended = monotonic()
        self._next = ended + (ended - started) / BUSY

    def _chunks(self, logs: Sequence[str]) -> Iterable[tuple[int, Chunk]]:
        if not logs:
            return ()
        from llmcost.logs.reading import read_chunks

        return read_chunks(logs, columns=self._columns, format_name=self._format)

    def _add(self, number: int, chunk: Chunk) -> None:
        self.tracker.add(number, chunk)
        self.steps += len(chunk)
        self.fresh = True


def _is_over(chunk: Chunk, *, over: bool) -> bool:
    """Return whether the run has ended in an orderly way after what a chunk says."""
    from llmcost.logs.record import END, LAUNCH

    told = [event for event in chunk.events if event.kind in (END, LAUNCH)]
    records = float(chunk.columns["line"][-1]) if len(chunk) else 0.0
    if told and told[-1].line >= records:
        return told[-1].kind == END
    return over and not len(chunk)


class Growing:
    """A file that is appended to, or standard input: the bytes that it has got since.

    Where the file is replaced or cut, it is read from its start again. `waiting` says that there
    is more to read at once, `ended` that there will be no more.
    """

    def __init__(self, path: str) -> None:
        self.path, self.waiting, self.ended = path, False, False
        self._stream = _standard_input() if path == STDIN else _opened(path)

    @property
    def size(self) -> int | None:
        """Bytes that the file has now, in which a change shows; `None` where it is gone."""
        try:
            return os.stat(self.path).st_size
        except OSError:
            return None

    def more(self) -> bytes:
        """Return what was appended, at most 2 MiB of it; nothing where nothing was."""
        data: bytes = getattr(self._stream, "read1", self._stream.read)(BLOCK) or b""
        self.waiting = bool(data)
        if self.path == STDIN:
            self.ended = not data
        elif not data and self._was_replaced():
            self._stream.close()
            self._stream = _opened(self.path)
            click.echo(f"Note: {self.path} began anew; it is read from its start.", err=True)
            self.waiting = True
            return b"\n"
        return data

    def close(self) -> None:
        """Close the file."""
        if self.path != STDIN:
            self._stream.close()

    def _was_replaced(self) -> bool:
        try:
            there = os.stat(self.path)
        except OSError:
            return False
        here = os.fstat(self._stream.fileno())
        return there.st_ino != here.st_ino or there.st_size < self._stream.tell()


def _standard_input() -> IO[bytes]:
    from llmcost.logs.sources import standard_input

    return standard_input()


def _opened(path: str) -> IO[bytes]:
    try:
        return Path(path).open("rb")
    except IsADirectoryError:
        raise InputError(f"follow: {shown(path)} is a folder; needs the file of a log.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"follow: {shown(path)} cannot be read: {reason}.") from None


class LiveLine:
    """Draws how a run is: on a terminal one line over itself, elsewhere a plain line at times."""

    def __init__(self) -> None:
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._next = 0.0
        self._text = ""
        self._drawn = False

    def __call__(self, tracker: Follows) -> None:
        """Draw, unless it was drawn a moment ago, or nothing has changed."""
        started = monotonic()
        if started < self._next:
            return
        try:
            text = live_text(tracker.answer())
        except InputError:  # Lines of a run without a step that counts yet.
            text = self._text
        ended = monotonic()
        pause = REDRAWN if self._terminal else PLAIN
        self._next = ended + max(pause, (ended - started) / BUSY)
        if text != self._text:
            self._text = text
            self._draw(text)

    def close(self) -> None:
        """End the line that is drawn."""
        if self._drawn:
            click.echo("", err=True)
            self._drawn = False

    def _draw(self, text: str) -> None:
        if not self._terminal:
            click.echo(text, err=True)
            return
        width = max(20, shutil.get_terminal_size((80, 24)).columns - 1)
        click.echo("\r" + text[:width].ljust(width), err=True, nl=False)
        self._drawn = True


def live_text(track: Track) -> str:
    """Return how a run is in one line: its step, its speed, its cost, its end."""
    from llmcost.views.tracks import live_parts

    return ", ".join(live_parts(track))
