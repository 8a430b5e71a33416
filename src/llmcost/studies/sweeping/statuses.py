"""How far the sweep in a folder is, read from its receipts; nothing is changed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmcost.errors import InputError
from llmcost.studies.sweeping.folder import Folder, read_document, why_not_here
from llmcost.studies.sweeping.merging import Merged, read_merged
from llmcost.studies.sweeping.receipts import Receipt


@dataclass(frozen=True, slots=True)
class Status:
    """How far a sweep is.

    `missing` are the numbers of the first blocks that lack, `damaged` of those with a receipt that
    does not hold; both are done again by the next run. `evaluations` and `seconds` [s] are those
    of the blocks that are done, `expected` those of all; `hosts` has the blocks by machine,
    `latest` when the last one was finished. `merged` are the results, `why_not_here` says why
    this installation cannot go on.
    """

    folder: Path
    identity: str
    kernel: str
    llmcost_version: str
    created: str
    command: str
    blocks: int
    done: int
    missing: tuple[int, ...]
    damaged: tuple[int, ...]
    evaluations: int
    expected: int
    seconds: float
    hosts: Mapping[str, int]
    latest: str | None
    merged: Merged | None
    why_not_here: str | None

    @property
    def complete(self) -> bool:
        """Whether every block is there."""
        return self.done == self.blocks


MOST_MISSING = 20


def status(out: Path | str) -> Status:
    """Return how far the sweep in a folder is; raises InputError for a folder of no sweep."""
    folder = Folder(Path(out).absolute())
    document = read_document(folder)
    blocks = int(document["blocking"]["blocks"])
    good: dict[int, Receipt] = {}
    damaged: list[int] = []
    for number, receipt in _receipts(folder, document["identity"], blocks):
        if receipt is None:
            damaged.append(number)
        else:
            good[number] = receipt
    lacking = (number for number in range(blocks) if number not in good)
    return Status(
        folder=folder.path,
        identity=document["identity"],
        kernel=document["kernel"],
        llmcost_version=document["llmcost_version"],
        created=_text(document, "created"),
        command=_text(document, "command"),
        blocks=blocks,
        done=len(good),
        missing=tuple(number for number, _ in zip(lacking, range(MOST_MISSING), strict=False)),
        damaged=tuple(damaged),
        evaluations=sum(receipt.evaluations for receipt in good.values()),
        expected=int(document["blocking"]["evaluations"]),
        seconds=sum(receipt.seconds for receipt in good.values()),
        hosts=dict(Counter(receipt.host for receipt in good.values())),
        latest=max((receipt.finished for receipt in good.values()), default=None),
        merged=read_merged(folder, document["identity"]),
        why_not_here=why_not_here(document),
    )


def _receipts(folder: Folder, identity: str, blocks: int) -> Iterator[tuple[int, Receipt | None]]:
    """Yield each block that has a receipt, with it, or with `None` where it does not hold."""
    for number in sorted(folder.numbers()):
        try:
            receipt = folder.whole(number, identity)
        except InputError:
            receipt = None
        yield number, receipt if number < blocks else None


def _text(document: Mapping[str, Any], name: str) -> str:
    return str(document.get(name) or "")
