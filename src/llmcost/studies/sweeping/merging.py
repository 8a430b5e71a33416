"""From the tables of all blocks to the results: one Parquet file a keep.

Nothing is merged before the set of blocks is complete, and every table is what its receipt says.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llmcost.errors import DataError, InputError
from llmcost.studies.sweeping.folder import (
    DAMAGED,
    SKIPPED_FILE,
    Folder,
    read_document,
    why_not_here,
)
from llmcost.studies.sweeping.jobs import COMPRESSION, RUNNER, opened
from llmcost.studies.sweeping.receipts import Receipt, Stored
from llmcost.studies.sweeping.reducers.schema import arrow
from llmcost.studies.sweeping.writing import clear_leftovers, whole_file, write_whole

if TYPE_CHECKING:
    from llmcost.studies.sweeping.keeps import Keep
    from llmcost.studies.sweeping.plan import Plan

MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Merged:
    """The results of a sweep: each file with its rows, and how many cases were skipped."""

    identity: str
    files: Mapping[str, Stored]
    evaluations: int
    configurations: int
    skipped: int


def merge(out: Path, runner: str = RUNNER) -> Merged:
    """Write the results of a sweep whose blocks are all there, and return what was written.

    Raises InputError where blocks are missing or of another sweep, DataError where a file is not
    what its receipt says.
    """
    arrow()
    folder = Folder(Path(out))
    document = read_document(folder)
    if (why := why_not_here(document)) is not None:
        raise InputError(
            f"{str(folder.path)!r} cannot be merged here: {why}. Needs what made it: "
            f"install llmcost {document['llmcost_version']} with its data"
        )
    plan, blocking = _opened(folder, document, runner)
    receipts = _complete(folder, document["identity"], blocking.blocks)
    clear_leftovers(folder.path)
    files = {keep.name: _merge_keep(folder, keep, plan, receipts) for keep in plan.keeps}
    skipped = _write_skipped(folder, receipts)
    found = Merged(
        document["identity"],
        files,
        sum(receipt.evaluations for receipt in receipts),
        sum(receipt.configurations for receipt in receipts),
        skipped,
    )
    write_whole(folder.results, json.dumps(asdict(found), indent=1).encode() + b"\n")
    return found


def _opened(folder: Folder, document: Mapping[str, Any], runner: str) -> tuple[Plan, Any]:
    """Return the plan of a folder and its blocks; raises DataError where they cannot be right."""
    try:
        return opened(json.dumps(document["plan"]), json.dumps(document["blocking"]), runner)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(DAMAGED, file=str(folder.plan)) from error


def read_merged(folder: Folder, identity: str) -> Merged | None:
    """Return what a folder's results are, or `None` where they are not there as written."""
    try:
        found = json.loads(folder.results.read_bytes())
        files = {name: Stored(**stored) for name, stored in found.pop("files").items()}
        merged = Merged(files=files, **found)
        sizes = {name: folder.result(name).stat().st_size for name in files}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
    whole = all(sizes[name] == stored.bytes for name, stored in files.items())
    return merged if whole and merged.identity == identity else None


def _complete(folder: Folder, identity: str, blocks: int) -> list[Receipt]:
    """Return the receipts of all blocks; raises InputError unless each is there exactly once."""
    found = folder.numbers()
    missing = [number for number in range(blocks) if number not in found]
    if missing:
        raise InputError(
            f"{str(folder.path)!r} lacks {len(missing):,} of {blocks:,} blocks "
            f"({_listed(missing)}). Needs all of them: run the sweep, or the shards that are "
            "missing, with the same plan and folder"
        )
    beyond = sorted(found - set(range(blocks)))
    if beyond:
        raise InputError(
            f"{str(folder.blocks)!r} holds blocks that are none of this plan's {blocks:,} "
            f"({_listed(beyond)}). Remove what was copied there"
        )
    return list(folder.receipts(found, identity))


def _listed(numbers: list[int]) -> str:
    names = ", ".join(str(number) for number in numbers[:MOST_NAMED])
    return names + (", ..." if len(numbers) > MOST_NAMED else "")


def _merge_keep(folder: Folder, keep: Keep, plan: Plan, receipts: list[Receipt]) -> Stored:
    """Write the result of a keep, piece by piece, never holding more than one of them."""
    import pyarrow.parquet as pq

    from llmcost.studies.sweeping.reducers import finals

    path, rows = folder.result(keep.name), 0
    with whole_file(path) as stream, ExitStack() as stack:
        writer: Any = None
        for table in finals(keep, plan, _tables(folder, keep.name, receipts)):
            if writer is None:
                made = pq.ParquetWriter(stream, table.schema, compression=COMPRESSION)
                writer = stack.enter_context(made)
            writer.write_table(table)
            rows += table.num_rows
    return Stored(rows, path.stat().st_size, _digest(path))


def _digest(path: Path) -> str:
    from hashlib import file_digest

    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _tables(folder: Folder, keep: str, receipts: list[Receipt]) -> Iterator[Any]:
    """Yield the table of each block, in order; raises DataError for one that changed."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for receipt in receipts:
        path, stored = folder.table(keep, receipt.block), receipt.files.get(keep)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b""
        if stored is None or sha256(data).hexdigest() != stored.sha256:
            raise DataError(
                f"is missing or not what {folder.receipt(receipt.block).name} says. Remove that "
                "receipt and run the sweep again: only this block is computed anew",
                file=str(path),
            )
        yield pq.read_table(pa.BufferReader(data))


def _write_skipped(folder: Folder, receipts: list[Receipt]) -> int:
    """Write the cases that were skipped, each once, with their reasons; return how many."""
    rows: dict[str, Mapping[str, Any]] = {}
    for receipt in receipts:
        for row in receipt.skipped:
            rows.setdefault(json.dumps(row, sort_keys=True), row)
    path = folder.path / SKIPPED_FILE
    if not rows:
        path.unlink(missing_ok=True)
        return 0
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows.values())
    write_whole(path, text.getvalue().encode())
    return len(rows)
