"""One row of the columns as a layout."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from llmcost.errors import LayoutError
from llmcost.layout.record import RECOMPUTE, SCHEDULE_CODES, SCHEDULES, Layout, recompute_shares


def to_layout(columns: Mapping[str, Any], row: int) -> Layout:
    """Return one row of the columns as a layout.

    A layout's `recompute` holds one share: raises LayoutError for a row with shares of both kinds.
    """
    values: dict[str, Any] = {
        field.name: int(columns[field.name][row])
        for field in fields(Layout)
        if field.name not in ("recompute", "schedule", "sequence_parallel")
    }
    return Layout(
        **values,
        sequence_parallel=bool(columns["sequence_parallel"][row]),
        recompute=_recompute(columns, row),
        schedule=_schedule(int(columns["schedule"][row]), values["virtual_stages"]),
    )


def _schedule(code: int, virtual_stages: int) -> str:
    if not code:
        return "interleaved" if virtual_stages > 1 else "1f1b"
    return next(name for name in SCHEDULES if SCHEDULE_CODES[name] == code)


def _recompute(columns: Mapping[str, Any], row: int) -> str | float:
    shares = columns["recompute_selective"][row], columns["recompute_full"][row]
    named = {recompute_shares(name): name for name in RECOMPUTE}
    if shares[0] and shares not in named:
        raise LayoutError(
            f"recompute: got {shares[0]:g} of the layers selective and {shares[1]:g} full; needs "
            "selective on all layers alone, or a share in full alone."
        )
    return named.get(shares, float(shares[1]))
