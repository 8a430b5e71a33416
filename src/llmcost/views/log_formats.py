"""The formats of logs that are read, as a document."""

from __future__ import annotations

from collections.abc import Iterator

from llmcost.logs.formats import DOCUMENT_FORMATS, LINE_FORMATS, LineFormat, format_of
from llmcost.table import Document, Field, Table

SCHEMA = "llmcost.log_formats/1"
FIELDS = (
    Field("name", "Format"),
    Field("title", "Is"),
    Field("read", "Read"),
    Field("stated", "What its own FLOP/s and MFU are"),
)


def formats_document() -> Document:
    """Return the formats of logs that are read, in the order in which they are asked."""
    rows = tuple(_rows())
    names = [field.name for field in FIELDS]
    table = Table("log_formats", FIELDS, rows, people_fields=tuple(names[:3]))
    return Document(
        title="Logs that llmcost track reads, by content",
        tables=(table,),
        flat=table,
        data={"schema": SCHEMA, "results": [dict(zip(names, row, strict=True)) for row in rows]},
    )


def _rows() -> Iterator[tuple[str, str, str, str | None]]:
    for name in (*LINE_FORMATS, *DOCUMENT_FORMATS):
        found = format_of(name)
        how = "line by line" if isinstance(found, LineFormat) else "as a whole"
        yield name, found.title, how, found.stated or None
