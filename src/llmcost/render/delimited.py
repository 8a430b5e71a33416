"""``csv`` and ``tsv``: the flat table in full precision, under ``name [unit]`` headers."""

from __future__ import annotations

import csv
import io
import re

from llmcost.render.cells import full_text, spelled_out
from llmcost.table import Cell, Document, Table

FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")


def csv_text(document: Document) -> str:
    """Return the flat table as comma-separated values (RFC 4180, but with bare newlines)."""
    return _delimited(document.flat, ",")


def tsv_text(document: Document) -> str:
    """Return the flat table as tab-separated values, quoted as CSV is."""
    return _delimited(document.flat, "\t")


def _delimited(table: Table, delimiter: str) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator="\n")
    writer.writerow([_written(field.header) for field in table.fields])
    writer.writerows([[_written(cell) for cell in row] for row in table.rows])
    return stream.getvalue()


def _written(cell: Cell) -> str:
    """Return a cell as it stands in the file; text that a spreadsheet would run is made inert."""
    text = full_text(cell)
    if not isinstance(cell, str):
        return text
    inert = f"'{text}" if FORMULA.match(text) else text
    return spelled_out(inert.replace("\r\n", "\n").replace("\r", "\n"))
