"""Quantiles and histograms of each group, from counts that add up exactly over blocks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from llmcost.studies.sweeping.reducers import sketch
from llmcost.studies.sweeping.reducers.schema import (
    GROUP,
    arrow,
    axis_type,
    axis_units,
    described,
    header,
    result_header,
    result_unit,
)
from llmcost.studies.sweeping.reducers.sketch import Content, Sketch
from llmcost.studies.sweeping.reducers.values import Condition, Groups, values_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from llmcost.studies.sweeping.batch import Batch
    from llmcost.studies.sweeping.keeps import Keep
    from llmcost.studies.sweeping.plan import Plan

    Whole = NDArray[np.int64]

OF = "_of"


class SketchReducer:
    """Counts of a block's values: draws of configurations, or middle values without draws."""

    def __init__(self, keep: Keep, plan: Plan) -> None:
        self._keep, self._plan, self._sketch = keep, plan, Sketch()
        self._condition, self._groups = Condition(keep, plan), Groups(keep, plan)

    def add(self, batch: Batch) -> None:
        """Count the values of one batch."""
        rows = self._condition.rows(batch)
        if not rows.size:
            return
        members = self._groups.of(batch, rows)
        kinds = len(self._keep.of)
        for at, of in enumerate(self._keep.of):
            values = self._values(batch, of, rows)
            self._sketch.add(members.ids * kinds + at, members.code, values)

    def _values(self, batch: Batch, of: str, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        if "." in of or not self._plan.draws:
            return values_of(batch, of, rows)
        draws = batch.draws[of]
        return draws if rows.size == len(batch) else draws[rows]

    def table(self) -> Any:  # noqa: ANN401
        """Return the counts as an Arrow table in canonical order."""
        return _table(self._sketch.content(), self._keep)


def _table(content: Content, keep: Keep) -> Any:  # noqa: ANN401
    pa = arrow()
    kinds = len(keep.of)
    return pa.table(
        {
            GROUP: pa.array(content.group // kinds),
            OF: pa.array((content.group % kinds).astype(np.int32)),
            "key": pa.array(content.key.astype(np.int32)),
            "count": pa.array(content.counts),
            "least": pa.array(content.least, from_pandas=True),
            "most": pa.array(content.most, from_pandas=True),
        }
    )


def content_of(table: Any, keep: Keep) -> Content:  # noqa: ANN401
    """Return the counts that a partial table holds."""
    numbers = {name: table.column(name).to_numpy() for name in table.column_names}
    return Content(
        numbers[GROUP] * len(keep.of) + numbers[OF],
        numbers["key"].astype(np.int64),
        numbers["count"],
        numbers["least"].astype(np.float64),
        numbers["most"].astype(np.float64),
    )


def summed(keep: Keep, partials: Iterable[Any]) -> Any:  # noqa: ANN401
    """Return the counts of partial tables together."""
    whole = Sketch()
    for partial in partials:
        if partial.num_rows:
            whole.add_content(content_of(partial, keep))
    return _table(whole.content(), keep)


def final_quantiles(keep: Keep, plan: Plan, partial: Any) -> Any:  # noqa: ANN401
    """Return a row a group: how many values, how many not known, the ends and the quantiles."""
    pa, kinds = arrow(), len(keep.of)
    content = content_of(partial, keep)
    columns: list[tuple[str, str | None, Any]] = []
    for at, of in enumerate(keep.of):
        own = sketch.part(content, content.group % kinds == at)
        group, found = sketch.quantiles(own, keep.at)
        columns = columns or axis_columns(keep, plan, group // kinds)
        name = header_name(of, plan)
        columns += [(f"{name}_{what}", "", pa.array(found[what])) for what in ("count", "missing")]
        for key, suffix in _suffixes(keep.at).items():
            values = pa.array(found[key], from_pandas=True)
            columns.append((result_header(of, plan, suffix), result_unit(of), values))
    return described(columns, keep, plan)


def _suffixes(at: tuple[float, ...]) -> dict[str, str]:
    """Return the ends and the quantiles by what their headers end in: `p2.5` for 0.025."""
    shares = {repr(share): f"p{share * 100:.10g}" for share in at}
    return {"min": "min", **shares, "max": "max"}


def header_name(of: str, plan: Plan) -> str:
    """Return the name of a result as headers have it, without its unit."""
    return result_header(of, plan).partition(" [")[0]


def axis_columns(keep: Keep, plan: Plan, group: Whole) -> list[tuple[str, str | None, Any]]:
    """Return the axes of groups as (header, unit, array)."""
    units = axis_units(plan)
    labels = Groups(keep, plan).labels(group)
    return [
        (header(name, units[name]), units[name], _labels(found, axis_type(plan, name)))
        for name, found in labels.items()
    ]


def _labels(labels: list[Any], kind: Any) -> Any:  # noqa: ANN401
    pa = arrow()
    return pa.array([int(x) for x in labels] if pa.types.is_integer(kind) else labels, type=kind)
