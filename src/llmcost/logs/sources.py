"""Where logs come from: files, standard input, packed files; always as bytes of UTF-8."""

from __future__ import annotations

import codecs
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from llmcost.errors import InputError, LogFormatError, shown

Log = str | os.PathLike[str] | IO[bytes]
STDIN = "-"
HEAD = 65_536
_PACKED = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\x00": "lzma"}
_WIDE = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


def name_of(log: Log) -> str:
    """Return what messages call a log: its path, or standard input."""
    if isinstance(log, (str, os.PathLike)):
        return "standard input" if log == STDIN else str(log)
    return str(getattr(log, "name", "a stream"))


@contextmanager
def opened(log: Log) -> Iterator[IO[bytes]]:
    """Open a log for reading, unpacked (gzip, bz2, xz) and in UTF-8, whatever its name.

    Raises InputError for a path that cannot be opened, LogFormatError for a packed file that is
    damaged from its start.
    """
    if not isinstance(log, (str, os.PathLike)):
        yield plain(log, name_of(log))
        return
    if log == STDIN:
        yield plain(standard_input(), name_of(log))
        return
    with _file(Path(log)) as stream:
        yield plain(stream, str(log))


def standard_input() -> IO[bytes]:
    """Return standard input; raises InputError where whoever started us closed it."""
    if sys.stdin is None:
        raise InputError(
            "log: standard input is closed; needs a log on it. Give one: llmcost track - < FILE."
        )
    return sys.stdin.buffer


def _file(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except IsADirectoryError:
        raise InputError(
            f"log: {shown(str(path))} is a folder; needs a file. Give its files: {path / '*'}."
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"log: {shown(str(path))} cannot be read: {reason}.") from None


def plain(stream: IO[bytes], name: str) -> IO[bytes]:
    """Return a stream unpacked and in UTF-8; its first bytes decide."""
    head = stream.read(len(max(_PACKED, key=len)))
    rest = again(head, stream)
    packed = next((kind for magic, kind in _PACKED.items() if head.startswith(magic)), None)
    if packed is not None:
        return plain(io.BufferedReader(_Unpacked(packed, rest, name), HEAD), name)
    wide = next((code for bom, code in _WIDE.items() if head.startswith(bom)), None)
    return rest if wide is None else io.BufferedReader(_Narrowed(rest, wide), HEAD)


def is_wrapped(head: bytes) -> bool:
    """Return whether a file that begins with these bytes is packed, or in UTF-16."""
    return head.startswith((*_PACKED, *_WIDE))


def again(head: bytes, stream: IO[bytes]) -> IO[bytes]:
    """Return a stream that gives `head`, which was read first, again, then the rest of `stream`."""
    if stream.seekable():
        stream.seek(-len(head), io.SEEK_CUR)
        return stream
    return io.BufferedReader(_Replayed(head, stream), HEAD)


class _Readable(io.RawIOBase):
    """A raw stream that is filled from pieces."""

    def __init__(self) -> None:
        super().__init__()
        self._left = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if not self._left:
            self._left = self._more(len(buffer))
        piece, self._left = self._left[: len(buffer)], self._left[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)

    def _more(self, size: int) -> bytes:
        raise NotImplementedError


class _Replayed(_Readable):
    def __init__(self, head: bytes, stream: IO[bytes]) -> None:
        super().__init__()
        self._left, self._stream = head, stream

    def _more(self, size: int) -> bytes:
        read = getattr(self._stream, "read1", self._stream.read)
        return bytes(read(size) or b"")


class _Narrowed(_Readable):
    """UTF-16 to UTF-8, as Windows shells write logs."""

    def __init__(self, stream: IO[bytes], encoding: str) -> None:
        super().__init__()
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)(errors="replace")

    def _more(self, size: int) -> bytes:
        del size
        while True:
            read = self._stream.read(HEAD)
            text = self._decoder.decode(read, final=not read).lstrip("\ufeff")
            if text or not read:
                return text.encode("utf-8", "replace")


class _Unpacked(_Readable):
    """A packed stream; what is cut off or damaged ends it with an error that names the file."""

    def __init__(self, kind: str, stream: IO[bytes], name: str) -> None:
        super().__init__()
        from importlib import import_module

        self._name, self._kind = name, kind
        self._stream: IO[bytes] = import_module(kind).open(stream, "rb")

    def _more(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except _damages(self._kind) as error:
            raise LogFormatError(
                f"is packed ({self._kind}) and damaged or cut off: {error}. Unpack what is left "
                "of it, and give that.",
                file=self._name,
            ) from None


def _damages(kind: str) -> tuple[type[Exception], ...]:
    import zlib

    usual = (OSError, EOFError, ValueError)
    if kind == "lzma":
        import lzma

        return (*usual, lzma.LZMAError)
    return (*usual, zlib.error)
