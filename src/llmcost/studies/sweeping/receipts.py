"""The receipt of a block: what it holds, who made it, and the digests of its files."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from llmcost.errors import DataError


@dataclass(frozen=True, slots=True)
class Stored:
    """One Parquet file: its rows, its size [B] and its digest."""

    rows: int
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a finished block is: written last, so that a block is done if and only if it is there.

    `seconds` [s] is the time of evaluation and writing, `peak_memory` [B] the most that the
    process held so far, `best` the best value of the first objective of which the best is kept.
    """

    block: int
    identity: str
    files: Mapping[str, Stored]
    evaluations: int
    configurations: int
    skipped: Sequence[Mapping[str, Any]]
    seconds: float
    host: str
    pid: int
    llmcost_version: str
    finished: str
    peak_memory: int | None = None
    best: tuple[str, float] | None = None

    def to_json(self) -> bytes:
        """Return the receipt as the text of its file."""
        text = json.dumps(asdict(self), indent=1, allow_nan=False, default=str)
        return text.encode() + b"\n"


def _is_sound(receipt: Receipt) -> bool:
    """Return whether every part that is read again is of its kind."""
    counts = (receipt.block, receipt.evaluations, receipt.configurations)
    texts = (receipt.identity, receipt.host, receipt.finished)
    return (
        all(type(count) is int for count in counts)
        and all(isinstance(text, str) for text in texts)
        and isinstance(receipt.seconds, int | float)
        and isinstance(receipt.skipped, list)
        and all(isinstance(row, dict) for row in receipt.skipped)
    )


def read_receipt(text: bytes, file: str) -> Receipt:
    """Return the receipt in a file; raises DataError where it is not one."""
    try:
        found = json.loads(text)
        known = {field.name for field in fields(Receipt)}
        found = {name: value for name, value in found.items() if name in known}
        found["files"] = {name: Stored(**one) for name, one in found["files"].items()}
        if found.get("best") is not None:
            found["best"] = tuple(found["best"])
        receipt = Receipt(**found)
        if not _is_sound(receipt):
            raise TypeError(file)
        return receipt
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            "this is not the receipt of a block. Remove it and run the sweep again: only its "
            "block is computed anew",
            file=file,
        ) from error
