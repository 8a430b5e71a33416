"""A global batch that a legal layout can share, where no layout can share the one wanted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING

from llmcost.enumeration.search import search
from llmcost.errors import LayoutError
from llmcost.layout import PartialLayout, layout_text
from llmcost.layout.nearby import divisors
from llmcost.layout.situation import situation
from llmcost.studies.choices.layout import MOST_ROUNDED, Batch
from llmcost.studies.searching import usual_limits

if TYPE_CHECKING:
    from llmcost.studies.choices.layout import Split
    from llmcost.studies.modelling import Setting

# How many batches near the wanted one are tried.
TRIES = 24


def settled(setting: Setting, splits: Sequence[Split], trouble: LayoutError) -> tuple[Split, ...]:
    """Return splits with batches that legal layouts can share, after no layout was legal.

    A batch that nobody gave as sequences moves by a tenth at most. Raises LayoutError that names
    the nearest batch where that is not enough, and `trouble` where no batch helps.
    """
    moved = tuple(_moved(setting, split) for split in splits)
    if moved == tuple(splits):
        raise trouble
    return moved


def _moved(setting: Setting, split: Split) -> Split:
    wanted, length = split.batch.sequences, split.phase.seq_length
    if _legal(setting, length, wanted, split.partial):
        return split
    near = nearest_batch(setting, length, wanted, split.partial)
    if near is None:
        return split
    if split.batch.exact or abs(near / wanted - 1) > MOST_ROUNDED:
        fixed = split.partial and replace(split.partial, global_batch_size=None)
        beside = f" with {layout_text(fixed)}" if fixed and fixed.given() else ""
        raise LayoutError(
            f"global_batch_size: got {wanted:,} sequences, which no legal layout{beside} on "
            f"{setting.num_gpus:,} GPUs can share; the nearest that one can is {near:,}."
        )
    told = f"{split.batch.origin.source}; taken as {near:,} sequences, which the GPUs can share"
    return replace(split, batch=Batch(near, replace(split.batch.origin, source=told)))


def nearest_batch(
    setting: Setting, seq_length: int, wanted: int, partial: PartialLayout | None
) -> int | None:
    """Return the batch near the wanted one [sequence] that most legal layouts can share.

    Of batches within a tenth the one with most layouts, else the nearest that has any; `None`
    where none was found.
    """
    near = list(_near(setting.num_gpus, wanted, partial))[:TRIES]
    counts = {batch: _legal(setting, seq_length, batch, partial) for batch in near}
    close = [batch for batch in near if abs(batch / wanted - 1) <= MOST_ROUNDED]
    best = max(close, key=lambda batch: counts[batch], default=None)
    if best is not None and counts[best]:
        return best
    return next((batch for batch in near if counts[batch]), None)


def _near(num_gpus: int, wanted: int, partial: PartialLayout | None) -> Iterator[int]:
    """Yield batches that replicas could share, the nearest first."""
    fixed = partial or PartialLayout()
    degrees = (fixed.tensor_parallel, fixed.pipeline_parallel, fixed.context_parallel)
    copies, left = divmod(num_gpus, prod(degree or 1 for degree in degrees))
    if left or not copies:
        return
    replicas = (fixed.data_parallel,) if fixed.data_parallel else divisors(copies)
    multiples = [each * (fixed.micro_batch_size or 1) for each in replicas]
    found = {max(1, round(wanted / each)) * each for each in multiples} - {wanted}
    yield from sorted(found, key=lambda batch: (abs(batch - wanted), batch))


def _legal(setting: Setting, seq_length: int, batch: int, partial: PartialLayout | None) -> int:
    """Return how many legal layouts of those searched can share a batch."""
    fixed = replace(partial or PartialLayout(), global_batch_size=None)
    where = situation(setting.architecture, setting.num_gpus, seq_length, batch)
    limits = usual_limits(setting.machine, setting.num_gpus)
    return int(search(where, fixed, limits)["data_parallel"].size)
