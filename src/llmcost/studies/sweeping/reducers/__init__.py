"""Reducers: what a block keeps of its configurations, how partials merge, what users get.

A partial of a block, merged with those of others in any order and grouping, gives the same table
as one pass over everything.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, Protocol

from llmcost.errors import InputError
from llmcost.studies.answers import RESULT_UNITS
from llmcost.studies.sweeping.reducers.best import BestPicker
from llmcost.studies.sweeping.reducers.histogram import final_histogram
from llmcost.studies.sweeping.reducers.pareto import ParetoPicker
from llmcost.studies.sweeping.reducers.picking import (
    DEFAULT_RESULTS,
    Picker,
    PickingReducer,
    final_rows,
    picked,
)
from llmcost.studies.sweeping.reducers.quantiles import SketchReducer, final_quantiles, summed
from llmcost.studies.sweeping.reducers.rows import RowsPicker
from llmcost.studies.sweeping.reducers.values import group_axes

if TYPE_CHECKING:
    from llmcost.studies.sweeping.batch import Batch
    from llmcost.studies.sweeping.keeps import Keep
    from llmcost.studies.sweeping.plan import Plan

__all__ = [
    "Reducer",
    "final",
    "finals",
    "merged",
    "needed_results",
    "output_rows",
    "reducer_of",
]

SKETCHED = ("quantiles", "histogram")
# Beside its bins a histogram may have one each for zero, both infinities and what is not known.
EXTRA_BINS = 4


class Reducer(Protocol):
    """What a block keeps of the batches it evaluates."""

    def add(self, batch: Batch) -> None:
        """Take in one batch."""

    def table(self) -> Any:  # noqa: ANN401
        """Return what is kept so far as an Arrow table; equal content is equal bytes."""


def reducer_of(keep: Keep, plan: Plan) -> Reducer:
    """Return an empty reducer for what a plan keeps.

    Raises InputError for a keep with too many groups, or a group a layout of all legal ones.
    """
    if keep.kind in SKETCHED:
        _check_of(keep)
        return SketchReducer(keep, plan)
    return PickingReducer(keep, plan, _picker(keep))


def merged(keep: Keep, plan: Plan, partials: Iterable[Any]) -> Any:  # noqa: ANN401
    """Return one partial for several, in any order; holds little more than the result.

    Rows have no smaller result: `finals` writes them piece by piece.
    """
    if keep.kind in SKETCHED:
        return summed(keep, partials)
    return picked(_picker(keep), keep, plan, partials)


def final(keep: Keep, plan: Plan, partial: Any) -> Any:  # noqa: ANN401
    """Return a merged partial as users get it: headers with units, and what it says of itself."""
    finish = {"quantiles": final_quantiles, "histogram": final_histogram}
    table: Any = finish.get(keep.kind, final_rows)(keep, plan, partial)
    return table


def finals(keep: Keep, plan: Plan, partials: Iterable[Any]) -> Iterator[Any]:
    """Yield the final table in pieces that fit in memory: rows a partial, else all in one.

    Partials of rows come in the order of their blocks. At least one table is yielded.
    """
    if keep.kind != "rows":
        yield final(keep, plan, merged(keep, plan, partials))
        return
    yield final(keep, plan, merged(keep, plan, ()))
    for partial in partials:
        yield final(keep, plan, partial)


def needed_results(keeps: Sequence[Keep]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the results that are needed at middle values, and those whose draws are."""
    middle: list[str] = []
    drawn: list[str] = []
    for keep in keeps:
        beside = keep.results or (DEFAULT_RESULTS if keep.kind in ("best", "pareto") else ())
        middle += [_base(of) for of in (*keep.of, *beside)]
        middle += _names_in(keep.where or "")
        drawn += [_base(of) for of in (*keep.of, *(of for of in beside if "." in of))]
    return tuple(dict.fromkeys(middle)), tuple(dict.fromkeys(drawn))


def output_rows(keep: Keep, plan: Plan, configurations: int) -> int:
    """Return how many rows the final table of a keep has at most.

    Raises InputError for a keep with too many groups, as `reducer_of` does.
    """
    groups = prod(len(axis.values) for axis in group_axes(keep, plan))
    if keep.kind == "quantiles":
        return min(groups, configurations)
    if keep.kind == "histogram":
        return min(groups, configurations) * (keep.bins + EXTRA_BINS)
    return min(groups * keep.top, configurations) if keep.kind == "best" else configurations


def _picker(keep: Keep) -> Picker:
    if keep.kind == "best":
        return BestPicker(keep.top)
    return ParetoPicker() if keep.kind == "pareto" else RowsPicker()


def _check_of(keep: Keep) -> None:
    if keep.kind == "histogram" and len(keep.of) != 1:
        raise InputError(
            f"keep {keep.name!r}: got a histogram of {len(keep.of)} results; needs one. Write a "
            "[[keep]] for each."
        )


def _base(of: str) -> str:
    return of.partition(".")[0]


def _names_in(where: str) -> list[str]:
    """Return every result whose name stands in a condition, as a name or as anything else."""
    found: list[str] = []
    for word in re.findall(r"\w+(?:-\w+)*", where):
        whole = word.replace("-", "_")
        found += [whole] if whole in RESULT_UNITS else word.split("-")
    return [name for name in found if name in RESULT_UNITS]
