"""The folder of a sweep: the plan, a receipt and tables for each block, and the results.

::

    plan.json               the plan, its identity, and what made it
    blocks/000123.json      the receipt of a block, written last: the block is done
    blocks/<keep>/000123.parquet
    results.json            the receipt of the results, written last
    <keep>.parquet          the results; skipped.csv where something was skipped
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmcost._version import __version__
from llmcost.catalog.version import data_version
from llmcost.errors import DataError, InputError, LlmcostError, shown
from llmcost.studies.sweeping.receipts import Receipt, read_receipt
from llmcost.studies.sweeping.writing import clear_leftovers, create_whole, make_folder

SCHEMA = "llmcost.sweep/1"
PLAN_FILE, RESULTS_FILE, SKIPPED_FILE, BLOCKS = "plan.json", "results.json", "skipped.csv", "blocks"
DIGITS = 6
MOST_NAMED = 5
DAMAGED = (
    "this is not the plan of a sweep. Needs the file as `llmcost sweep` wrote it: bring it back, "
    "or remove the folder and run the sweep again"
)
OTHER_FOLDER = "Give another folder, or remove this one to start anew"


@dataclass(frozen=True, slots=True)
class Folder:
    """The places of a sweep's files; nothing is read or made before it is asked for."""

    path: Path

    @property
    def plan(self) -> Path:
        """The file of the plan."""
        return self.path / PLAN_FILE

    @property
    def results(self) -> Path:
        """The receipt of the results."""
        return self.path / RESULTS_FILE

    @property
    def blocks(self) -> Path:
        """The folder of the receipts, and of a folder of tables for each keep."""
        return self.path / BLOCKS

    def receipt(self, number: int) -> Path:
        """Return the place of the receipt of a block."""
        return self.blocks / f"{number:0{DIGITS}}.json"

    def table(self, keep: str, number: int) -> Path:
        """Return the place of the table of a block for one keep."""
        return self.blocks / keep / f"{number:0{DIGITS}}.parquet"

    def result(self, keep: str) -> Path:
        """Return the place of the result of one keep."""
        return self.path / f"{keep}.parquet"

    def numbers(self) -> set[int]:
        """Return the numbers of the blocks that have a receipt."""
        try:
            names = [entry.name for entry in self.blocks.iterdir()]
        except FileNotFoundError:
            return set()
        stems = {name.removesuffix(".json") for name in names if name.endswith(".json")}
        numbers = {int(stem) for stem in stems if stem.isascii() and stem.isdigit()}
        return {number for number in numbers if self.receipt(number).stem in stems}

    def read_receipt(self, number: int) -> Receipt:
        """Return the receipt of a block; raises DataError for one that cannot be right."""
        path = self.receipt(number)
        receipt = read_receipt(path.read_bytes(), str(path))
        if receipt.block != number:
            raise DataError(f"this is the receipt of block {receipt.block}", file=str(path))
        return receipt

    def receipts(self, numbers: set[int], identity: str) -> Iterator[Receipt]:
        """Yield the receipts of blocks, in order; raises InputError for one of another sweep."""
        for number in sorted(numbers):
            receipt = self.read_receipt(number)
            if receipt.identity != identity:
                raise InputError(
                    f"{str(self.receipt(number))!r} is of the sweep {receipt.identity}, its folder "
                    f"of {identity}. Needs blocks of one sweep: remove what was copied there"
                )
            yield receipt

    def whole(self, number: int, identity: str) -> Receipt | None:
        """Return the receipt of a block that is done; `None` where it or a table is damaged.

        Raises InputError for a receipt of another sweep.
        """
        try:
            receipt = next(self.receipts({number}, identity))
        except (DataError, FileNotFoundError):
            return None
        return receipt if self._has_tables(receipt) else None

    def _has_tables(self, receipt: Receipt) -> bool:
        """Return whether every table of a receipt is there with its size."""
        for keep, stored in receipt.files.items():
            try:
                if self.table(keep, receipt.block).stat().st_size != stored.bytes:
                    return False
            except OSError:
                return False
        return True

    def prepare(self, keeps: tuple[str, ...]) -> None:
        """Make the folders and remove what killed processes left; raises InputError."""
        for place in (self.path, self.blocks, *(self.blocks / keep for keep in keeps)):
            make_folder(place)
            clear_leftovers(place)


def claim(folder: Folder, document: Mapping[str, Any]) -> dict[str, Any]:
    """Write plan.json where none is, and return the one that is there.

    Raises InputError where the folder is of another sweep, and says what differs.
    """
    text = json.dumps(document, indent=1, allow_nan=False).encode() + b"\n"
    create_whole(folder.plan, text)
    found = read_document(folder)
    if found["identity"] != document["identity"] or why_not_here(found) is not None:
        raise InputError(
            f"{str(folder.path)!r} holds another sweep: {_difference(found, document)}. "
            f"{OTHER_FOLDER}."
        )
    return found


def read_document(folder: Folder) -> dict[str, Any]:
    """Return what plan.json says; raises InputError where it is missing or not of a sweep."""
    try:
        found = json.loads(folder.plan.read_bytes())
        if found["schema"] != SCHEMA:
            raise InputError(
                f"{str(folder.plan)!r} has the schema {shown(found['schema'])}; needs {SCHEMA!r}: "
                "use the llmcost that wrote it"
            )
        missing = {"identity", "plan", "blocking", "kernel", "llmcost_version"} - set(found)
        whole = missing or _holds(found)
    except FileNotFoundError as error:
        raise InputError(
            f"{str(folder.path)!r} is not the folder of a sweep: it has no {PLAN_FILE}. "
            "Give the folder that `llmcost sweep` wrote"
        ) from error
    except (KeyError, TypeError, json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(DAMAGED, file=str(folder.plan)) from error
    if missing:
        raise DataError(f"has no {', '.join(sorted(missing))}", file=str(folder.plan))
    if not whole:
        raise DataError(DAMAGED, file=str(folder.plan))
    return dict(found)


def _holds(document: Mapping[str, Any]) -> bool:
    """Return whether the parts of a plan.json are what they should be."""
    blocking = document["blocking"]
    return (
        isinstance(document["identity"], str)
        and isinstance(document["plan"], dict)
        and isinstance(blocking, dict)
        and all(isinstance(blocking.get(name), int) for name in ("blocks", "evaluations"))
    )


def blocks_there(folder: Folder, identity: str) -> int:
    """Return how many blocks of a sweep have a receipt in a folder; 0 in any other folder."""
    try:
        own = read_document(folder)["identity"] == identity
    except LlmcostError:
        return 0
    return len(folder.numbers()) if own else 0


def made_by() -> dict[str, str]:
    """Return what the numbers of a sweep depend on beside its plan."""
    return {"llmcost_version": __version__, "data_version": data_version()}


def why_not_here(document: Mapping[str, Any]) -> str | None:
    """Return why this installation cannot go on with a folder, or `None` where it can."""
    now = made_by()
    parts = [
        f"{words} {document.get(name)}, here {now[name]}"
        for name, words in (("llmcost_version", "made with llmcost"), ("data_version", "from data"))
        if document.get(name) != now[name]
    ]
    return "; ".join(parts) or None


def _difference(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    """Return what makes two sweeps different, in words."""
    parts = [part] if (part := why_not_here(found)) else []
    changed = list(_changed(found.get("plan"), wanted["plan"], ""))
    if changed:
        more = f" and {len(changed) - MOST_NAMED} more" if len(changed) > MOST_NAMED else ""
        parts.append(f"the plan differs in {', '.join(changed[:MOST_NAMED])}{more}")
    return "; ".join(parts) or f"its identity is {found['identity']}, here {wanted['identity']}"


def _changed(one: Any, other: Any, place: str) -> Iterator[str]:  # noqa: ANN401
    """Yield the places at which two JSON values differ, named as a reader would.

    >>> list(_changed({"seed": 1, "axes": [{"name": "gpu"}]}, {"seed": 2, "axes": []}, ""))
    ['axes', 'seed']
    """
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in sorted({*one, *other}):
            inner = f"{place}.{name}" if place else str(name)
            yield from _changed(one.get(name), other.get(name), inner)
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from _changed(left, right, f"{place}[{_name_of(left, number)}]")
    elif one != other:
        yield place


def _name_of(entry: Any, number: int) -> str:  # noqa: ANN401
    return str(entry["name"]) if isinstance(entry, Mapping) and "name" in entry else str(number)
