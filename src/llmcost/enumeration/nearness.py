"""The legal layout nearest to one that is not, and why that one is not."""

from __future__ import annotations

from dataclasses import fields, replace
from math import gcd, prod
from typing import Any

import numpy as np

from llmcost.enumeration.rows import to_layout
from llmcost.enumeration.search import Array, Columns, Limits, search
from llmcost.errors import LayoutError
from llmcost.layout.messages import unfilled
from llmcost.layout.nearby import divisors, nearest_divisors
from llmcost.layout.record import SCHEDULE_CODES, Layout, PartialLayout
from llmcost.layout.rules import first_broken
from llmcost.layout.situation import Situation
from llmcost.layout.text import layout_text

SEARCHED = (
    "tensor_parallel",
    "pipeline_parallel",
    "context_parallel",
    "data_parallel",
    "virtual_stages",
    "expert_parallel",
    "expert_tensor_parallel",
    "micro_batch_size",
)
ALWAYS_SHOWN = SEARCHED[:4]
# What a free part becomes; the degrees that fill the cluster stay free.
PLAIN: dict[str, Any] = {
    "virtual_stages": 1,
    "expert_parallel": 1,
    "expert_tensor_parallel": 1,
    "micro_batch_size": 1,
    "zero_stage": 0,
    "recompute": "none",
}
# Among layouts that are equally near, context parallelism is the last resort.
FREE_WEIGHT = {"data_parallel": 0.0, "context_parallel": 2e-3}


def nearest(where: Situation, fixed: PartialLayout) -> Layout | None:
    """Return the legal layout closest to the given parts, None where no layout is legal.

    Closest is fewest parts changed, then least changed by ratio; what is free is taken plain.
    """
    given = fixed.given()
    found = search(where, _freed(given), _wide(where, fixed))
    if not found["data_parallel"].size:
        return None
    return _with_shards(to_layout(found, int(np.argmin(_distance(found, given)))), fixed)


def why_none(where: Situation, fixed: PartialLayout) -> str:
    """Return why no layout with the given parts is found, and the nearest that is legal."""
    close = nearest(where, fixed)
    try:
        asked = _as_asked(where, fixed, close)
    except LayoutError as error:
        return f"{error}{_told(close, fixed)}"
    if _cannot_fill(where, fixed):
        return f"{unfilled(fixed, where, _replicas(close, fixed))}{_told(close, fixed)}"
    broken = first_broken(asked, where)
    if broken is None:
        parts = layout_text(fixed) or "any parts"
        return f"No layout with {parts} lies within the limits of this search; widen them."
    return f"{broken.message(asked, where)}{_told(close, fixed)}"


def _cannot_fill(where: Situation, fixed: PartialLayout) -> bool:
    """Return whether the given degrees do not fill the cluster, whatever the free ones are."""
    if fixed.data_parallel is None:
        return False
    degrees: list[int | None] = [getattr(fixed, name) for name in ALWAYS_SHOWN]
    filled = prod(degree or 1 for degree in degrees)
    return where.num_gpus % filled != 0 if None in degrees else where.num_gpus != filled


def _replicas(close: Layout | None, fixed: PartialLayout) -> int | None:
    """Return the data parallelism to take instead, None where another part must change too."""
    kept = {name: value for name, value in fixed.given().items() if name in ALWAYS_SHOWN[:3]}
    if close is None or any(getattr(close, name) != value for name, value in kept.items()):
        return None
    return None if close.data_parallel == fixed.data_parallel else close.data_parallel


def _freed(given: dict[str, Any]) -> PartialLayout:
    """Return the parts to keep while the rest is searched."""
    parts = {name: value for name, value in PLAIN.items() if name not in given}
    parts |= {name: given[name] for name in ("zero_stage", "recompute") if name in given}
    if "shard_group" in given and "zero_stage" not in given:
        parts["zero_stage"] = 3
    return PartialLayout(**parts)


def _wide(where: Situation, fixed: PartialLayout) -> Limits:
    """Return limits that leave out nothing near the given parts."""
    names = dict.fromkeys(("1f1b", "interleaved", *([fixed.schedule] if fixed.schedule else [])))
    return Limits(
        max_tensor_parallel=where.common_heads,
        max_micro_batch_size=where.global_batch_size,
        min_context_tokens=1,
        context_powers_of_two=False,
        expert_tensor_parallel=divisors(gcd(*where.expert_widths) or 1),
        whole_rounds=False,
        distinct_depths=False,
        schedules=tuple(names),
    )


def _as_asked(where: Situation, fixed: PartialLayout, close: Layout | None) -> Layout:
    """Return the nearest legal layout with the given parts put back, so that a rule breaks."""
    given: dict[str, Any] = fixed.given() | {"global_batch_size": where.global_batch_size}
    base = Layout() if close is None or _fills(where, given) else close
    parts = {name: getattr(base, name) for name in (*SEARCHED, "zero_stage")} | given
    if fixed.data_parallel is None:
        replica = parts["tensor_parallel"] * parts["pipeline_parallel"] * parts["context_parallel"]
        parts["data_parallel"] = max(1, where.num_gpus // replica)
    if fixed.virtual_stages is None and fixed.schedule is not None:
        parts["virtual_stages"] = 2 if fixed.schedule == "interleaved" else 1
    return Layout(**parts)


def _fills(where: Situation, given: dict[str, Any]) -> bool:
    """Return whether the given degrees alone, data parallel among them, fill the cluster."""
    stated = "data_parallel" in given
    return stated and prod(given.get(name, 1) for name in SEARCHED[:4]) == where.num_gpus


def _told(close: Layout | None, fixed: PartialLayout) -> str:
    if close is None:
        return " No layout at all is legal here."
    plain, given = Layout(virtual_stages=close.virtual_stages), fixed.given()

    usual = {field.name: getattr(plain, field.name) for field in fields(Layout)}
    usual |= {"virtual_stages": 1, "shard_group": close.data_parallel * close.context_parallel}
    usual |= {"global_batch_size": close.global_batch_size}
    values = {name: getattr(close, name) for name in usual}
    shown = {
        name: value
        for name, value in values.items()
        if name in ALWAYS_SHOWN or name in given or value != usual[name]
    }
    return f" Nearest that keeps every rule: {layout_text(PartialLayout(**shown))}."


def _with_shards(layout: Layout, fixed: PartialLayout) -> Layout:
    """Return the layout with the given shard group, or the next smaller that divides."""
    if fixed.shard_group is None or not layout.zero_stage:
        return layout
    copies = layout.data_parallel * layout.context_parallel
    return replace(layout, shard_group=nearest_divisors(copies, fixed.shard_group)[0])


def _distance(columns: Columns, given: dict[str, Any]) -> Array:
    """Return how far each row is from the given parts: parts changed, and by what ratio."""
    far = np.zeros_like(columns["data_parallel"])
    for name in SEARCHED:
        ratio = np.abs(np.log2(columns[name] / given.get(name, 1)))
        stated = 0.9 if name == "data_parallel" else 1.0
        weight = stated if name in given else FREE_WEIGHT.get(name, 1e-3)
        far += weight * ((ratio > 0) + ratio)
    if "sequence_parallel" in given:
        far += columns["sequence_parallel"] != given["sequence_parallel"]
    if "schedule" in given:
        far += columns["schedule"] != SCHEDULE_CODES[given["schedule"]]
    return far
