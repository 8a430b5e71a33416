"""A few setups side by side: a column each, the interval of a result under its value."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from llmcost.table import Cell, Field, Table
from llmcost.views.comparison_cells import (
    BASES,
    ENDS,
    ENERGY,
    MORE,
    TITLES,
    any_known,
    marked,
    one_sign,
    whole,
)
from llmcost.views.comparison_tables import layout_table, limit_table
from llmcost.views.comparison_words import change_ends, change_text, ends_text, share_text

if TYPE_CHECKING:
    from llmcost.studies.comparison.answer import Comparison
    from llmcost.studies.comparison.parts import SetupResult

MAIN = ("cost", "wall_clock", "gpu_hours", "mfu", "headroom")
WON = {
    "cheapest": "Cheapest in",
    "fastest": "Fastest in",
    "front": "On the front in",
    "deadline": "In time in",
}
DELTAS = ("cost", "wall_clock", "gpu_hours", "energy", "carbon")


def in_columns(found: Comparison, setups: Sequence[SetupResult]) -> Iterator[Table]:
    """Yield the tables of a few setups, best first."""
    yield _columns(found, "setups", MAIN, setups, lead=_lead(setups), last=_won(setups))
    if (layouts := layout_table(setups)) is not None:
        yield layouts
    more = [name for name in (*BASES, *ENERGY) if any_known(name, setups)]
    if more:
        yield _columns(found, "bases", more, setups, heading=MORE)
    if len(setups) > 1:
        yield from _delta_columns(found, setups)
    if (limits := limit_table(setups)) is not None:
        yield limits


def _columns(
    found: Comparison,
    table: str,
    names: Sequence[str],
    setups: Sequence[SetupResult],
    *,
    heading: str = "",
    lead: Sequence[tuple[str, ...]] = (),
    last: Sequence[tuple[str, ...]] = (),
) -> Table:
    """Return results as rows and setups as columns, the interval of each under its value."""
    rows: list[tuple[Cell, ...]] = [(row[0], *(None for _ in setups)) for row in lead]
    texts: list[tuple[str, ...]] = list(lead)
    for name in names:
        if not any_known(name, setups) and name not in MAIN[:2]:
            continue
        rows.append((name, *(setup.value(name) for setup in setups)))
        texts.append((TITLES[name], *(marked(found, name, setup) for setup in setups)))
        ends = tuple(ends_text(name, setup.results.get(name)) for setup in setups)
        if any(end not in ("", "exact") for end in ends):
            rows.append((f"{name}.interval", *(None for _ in setups)))
            texts.append((f"  {ENDS}", *map(one_sign, ends)))
    rows += [(row[0], *(None for _ in setups)) for row in last]
    texts += last
    fields = (
        Field("name", heading or "Result"),
        *(Field(setup.name, _heading(setup.name), align="right") for setup in setups),
    )
    return Table(table, fields, tuple(rows), texts=tuple(texts))


def _heading(name: str) -> str:
    """Return the name of a setup with places to break it at, so that its column stays narrow.

    >>> _heading("mi300x:12,000@2.10 USD/GPU/hour,precision=fp8")
    'mi300x:12,000 @2.10 USD/GPU/hour, precision=fp8'
    """
    return re.sub(r",(?=[a-z])", ", ", name.replace("@", " @"))


def _lead(setups: Sequence[SetupResult]) -> list[tuple[str, ...]]:
    """Return how many accelerators each setup has, and what keeps one from the running."""
    rows = [("GPUs", *(whole(setup.input("num_gpus")) for setup in setups))]
    if any(not setup.runs for setup in setups):
        rows.append(("Status", *(setup.status for setup in setups)))
    return rows


def _won(setups: Sequence[SetupResult]) -> list[tuple[str, ...]]:
    """Return the shares of the draws that each setup wins, where more than one takes part."""
    rows = []
    for name, title in WON.items():
        shares = [getattr(setup.shares, name) for setup in setups]
        if len(shares) - shares.count(None) >= (1 if name == "deadline" else 2):
            rows.append((title, *map(share_text, shares)))
    return rows


def _delta_columns(found: Comparison, setups: Sequence[SetupResult]) -> Iterator[Table]:
    """Yield the changes from the first setup to each of the others, over paired draws."""
    others = [setup for setup in setups if setup.deltas and setup.name != found.first]
    if not others:
        return
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for name in DELTAS:
        ratios = [one.deltas[name].ratio if name in one.deltas else None for one in others]
        if not any(ratio and ratio.value is not None for ratio in ratios):
            continue
        rows.append((name, *(ratio.value if ratio else None for ratio in ratios)))
        values = (change_text(ratio.value if ratio else None) for ratio in ratios)
        texts.append((TITLES[name], *values))
        ends = [change_ends(ratio) if ratio else "" for ratio in ratios]
        if any(" to " in end for end in ends):
            rows.append((f"{name}.interval", *(None for _ in others)))
            texts.append((f"  {ENDS}", *ends))
    fields = (
        Field("name", f"Against {found.first}"),
        *(Field(setup.name, _heading(setup.name), align="right") for setup in others),
    )
    yield Table("deltas", fields, tuple(rows), texts=tuple(texts))
