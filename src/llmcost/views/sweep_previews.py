"""The first rows of a sweep's results, as a table."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from llmcost.figures import EM_DASH, quantity_text
from llmcost.studies.sweeping.keeps import STATISTICS
from llmcost.studies.wording import short_layout
from llmcost.table import Field, Table

if TYPE_CHECKING:
    from llmcost.studies.sweeping.previews import Preview

# What people see of an axis or a result: a short heading, and numbers without the unit in it.
HEADINGS = {
    "num_gpus": "GPUs",
    "tokens": "Tokens",
    "price": "$/GPU-h",
    "cost": "Cost",
    "wall_clock": "Wall clock",
    "gpu_hours": "GPU-hours",
    "mfu": "MFU",
    "step_time": "Step",
    "seq_length": "Length",
    "global_batch_size": "Batch",
}
BARE = ("num_gpus", "tokens", "price", "gpu_hours", "seq_length", "global_batch_size")
# Whole numbers that people gave: a batch of 1,024 is not about 1,020.
COUNTED = ("num_gpus", "seq_length", "global_batch_size")
MILLION = 1_000_000


def preview_table(one: Preview) -> Table:
    """Return the first rows of a result: axes that differ, and objectives."""
    fields = tuple(_field(header, one) for header in one.headers)
    texts = tuple(
        tuple(_cell_text(value, field) for value, field in zip(row, fields, strict=True))
        for row in one.rows
    )
    more = one.total - len(one.rows)
    notes = (f"and {more:,} rows more in the file",) if more else ()
    alike = {
        field.name: texts[0][at]
        for at, field in enumerate(fields)
        if field.name in one.axes and len(texts) > 1 and len({row[at] for row in texts}) == 1
    }
    people = tuple(f.name for f in fields if f.name in one.shown and f.name not in alike)
    if alike:
        told = ", ".join(f"{_heading(name)} {text}" for name, text in alike.items())
        notes = (f"all of these: {told}", *notes)
    return Table(
        one.keep, fields, one.rows, title=one.keep, texts=texts, notes=notes, people_fields=people
    )


def _field(header: str, one: Preview) -> Field:
    name, _, unit = header.partition(" [")
    column = [row[one.headers.index(header)] for row in one.rows]
    number = all(isinstance(value, int | float) for value in column if value is not None)
    return Field(name, _heading(name), unit.rstrip("]"), align="right" if number else "left")


def _heading(name: str) -> str:
    """Return the heading of a column; of a statistic of draws, that of its result and its name."""
    result, _, statistic = name.rpartition("_")
    if name not in HEADINGS and result in HEADINGS and statistic in STATISTICS:
        return f"{HEADINGS[result]}, {statistic}"
    return HEADINGS.get(name, name)


def _cell_text(value: Any, field: Field) -> str:  # noqa: ANN401
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return EM_DASH
    if field.name == "layout":
        return short_layout(str(value))
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number_text(float(value), field)
    return str(value)


def _number_text(value: float, field: Field) -> str:
    if field.name == "price":
        return f"{value:,.2f}"
    if field.name in COUNTED and value < MILLION:
        return f"{value:,.0f}"
    return quantity_text(value, "" if field.name in BARE else field.unit)
