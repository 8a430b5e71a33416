"""Tables whose columns a user names: CSV files, JSON lines, TensorBoard's tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import IO

from llmcost.logs.formats import DocumentFormat, csv_tables, json_lines, tensorboard
from llmcost.logs.formats.rows import BOM
from llmcost.logs.record import Chunk
from llmcost.logs.sources import HEAD, again


def with_columns(mapping: Mapping[str, str]) -> DocumentFormat:
    """Return the format of tables whose columns the user names: field to column, with its unit.

    It reads CSV, JSON lines and TensorBoard event files, by their first bytes; its `read` raises
    InputError for a field or a column there is not, UnitError for a unit that does not fit.
    """

    def read(stream: IO[bytes], name: str) -> Iterator[Chunk]:
        head = stream.read(HEAD)
        whole = again(head, stream)
        if tensorboard.claims(head):
            return tensorboard.read(whole, name, mapping)
        if head.removeprefix(BOM).lstrip().startswith(b"{"):
            return json_lines.read(whole, name, mapping)
        return csv_tables.read(whole, name, mapping)

    return DocumentFormat(
        name="columns", title="tables by --columns", claims=lambda _: True, read=read
    )
