"""Any training log, by its content: documents whole, all others line by line."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import IO

from llmcost.errors import LogFormatError, UnknownNameError
from llmcost.logs.formats import (
    DOCUMENT_FORMATS,
    LINE_FORMATS,
    DocumentFormat,
    Format,
    format_of,
)
from llmcost.logs.line_formats import line_formats
from llmcost.logs.line_reader import LineReader
from llmcost.logs.record import Chunk
from llmcost.logs.sources import HEAD, Log, again, name_of, opened
from llmcost.logs.spans import BLOCK, shared_out, workers_for

# The first bytes of a file, for a launcher may write much before a document's first line.
LONG_HEAD = 1 << 20
# What every file that llmcost saves begins with.
SAVED = re.compile(rb'\s*\{\s*"schema": "(llmcost\.[a-z_]+/\d+)"')


def read_chunks(
    logs: Sequence[Log],
    *,
    columns: Mapping[str, str] | None = None,
    format_name: str | None = None,
) -> Iterator[tuple[int, Chunk]]:
    """Yield what logs say, chunk by chunk, each with the number of its log, in constant memory.

    A log is a path, ``-`` for standard input, or a binary stream. `columns` says which columns of
    a table or keys of JSON lines are which field; `format_name` which format alone to look for.
    Raises LogFormatError for a log that says nothing of a training step, InputError for a path
    that cannot be opened, UnknownNameError for a format that is not known.
    """
    wanted = _wanted(format_name)
    for number, log in enumerate(logs):
        with opened(log) as stream:
            name, path = name_of(log), _shared(log, stream)
            for chunk in read_stream(stream, name, columns=columns, wanted=wanted, path=path):
                yield number, chunk


def _wanted(name: str | None) -> Format | None:
    if name is None:
        return None
    known = [*LINE_FORMATS, *DOCUMENT_FORMATS]
    if name not in known:
        raise UnknownNameError("log format", name, known, "See: llmcost track --formats.")
    return format_of(name)


def read_stream(
    stream: IO[bytes],
    name: str,
    *,
    columns: Mapping[str, str] | None = None,
    wanted: Format | None = None,
    path: str | None = None,
) -> Iterator[Chunk]:
    """Yield what one log says; `stream` is unpacked. Raises as `read_chunks` does.

    With a `path` its lines are shared out among processes, which read the file themselves.
    """
    head = stream.read(LONG_HEAD if stream.seekable() else HEAD)
    whole = again(head, stream)
    document = _document(head, columns, wanted)
    chunks = _lines(whole, wanted, path) if document is None else document.read(whole, name)
    records, lines = 0, 0
    for chunk in chunks:
        records, lines = records + len(chunk), lines + chunk.lines
        yield chunk
    if not records:
        raise LogFormatError(_nothing_found(lines, head, wanted), file=name)


def _document(
    head: bytes, columns: Mapping[str, str] | None, wanted: Format | None
) -> DocumentFormat | None:
    if columns:
        from llmcost.logs.formats.tables import with_columns

        return with_columns(columns)
    if wanted is not None:
        return wanted if isinstance(wanted, DocumentFormat) else None
    known = (format_of(name) for name in DOCUMENT_FORMATS)
    documents = (each for each in known if isinstance(each, DocumentFormat))
    return next((each for each in documents if each.claims(head)), None)


def _shared(log: Log, stream: IO[bytes]) -> str | None:
    """Return the path of a log that several processes should read: long, and as it is on disk."""
    if isinstance(stream, io.BufferedReader) and isinstance(stream.raw, io.FileIO):
        return str(log) if workers_for(log) else None
    return None


def _lines(stream: IO[bytes], wanted: Format | None, path: str | None) -> Iterator[Chunk]:
    reader = LineReader(None if wanted is None else line_formats(wanted.name))
    if path is not None:
        name, end = None if wanted is None else wanted.name, 0
        for reads, after in shared_out(path, name, workers_for(path)):
            end = after
            yield from reader.take(reads)
        stream.seek(end)
    while data := stream.read(BLOCK):
        yield from reader.feed(data + stream.readline(BLOCK))
    yield from reader.close()


def _nothing_found(lines: int, head: bytes, wanted: Format | None) -> str:
    if not head.strip():
        return "is empty: needs a training log"
    if b"\0" in head[:1024]:
        return "is binary and no TensorBoard event file: needs a training log"
    saved = SAVED.match(head)
    if saved is not None:
        return f"is a saved result ({saved[1].decode()}): needs the log that a run wrote"
    if wanted is not None:
        return f"has no step of {wanted.title} in its {lines:,} lines. Leave out --log-format"
    return (
        f"has no training step in its {lines:,} lines that llmcost can read. What can be read: "
        "llmcost track --formats. Of a table or JSON lines say which column is what: --columns "
        "'step=iter,step_time=dt [ms]'"
    )
