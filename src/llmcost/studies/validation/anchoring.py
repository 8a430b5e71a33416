"""Which other measurement a prediction may be anchored on, to see how well anchoring works."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Any

NO_ANCHOR = "no other measured run of the same model, accelerator and precision to anchor on"


def like_runs(points: Sequence[Any]) -> dict[str, Any]:
    """Return, by the id of each point that has one, the measured point to anchor it on.

    That is a point of the same model, accelerator, precision and task but another configuration:
    the one nearest in accelerators, then in sequence length, then the first in the file. Points
    that drop tokens or are flagged suspicious anchor nothing.
    """
    pools: dict[tuple[object, ...], list[Any]] = {}
    for point in points:
        if _may_anchor(point):
            pools.setdefault(_kind(point), []).append(point)
    found = {point.id: _nearest(point, pools.get(_kind(point), [])) for point in points}
    return {key: anchor for key, anchor in found.items() if anchor is not None}


def _may_anchor(point: Any) -> bool:  # noqa: ANN401
    suspicious = any("suspicious" in flag for flag in point.flags)
    return bool(point.scored and point.num_gpus) and not point.token_drop and not suspicious


def _kind(point: Any) -> tuple[object, ...]:  # noqa: ANN401
    return point.model, point.accelerator, point.precision, point.task


def _nearest(point: Any, pool: Sequence[Any]) -> Any:  # noqa: ANN401
    others = [
        each for each in pool if each.id != point.id and each.configuration != point.configuration
    ]
    if not point.num_gpus or not others:
        return None
    return min(others, key=lambda each: _distance(point, each))


def _distance(point: Any, other: Any) -> tuple[float, float]:  # noqa: ANN401
    lengths = (point.seq_length, other.seq_length)
    apart = abs(log(lengths[0] / lengths[1])) if all(lengths) else 0.0
    return abs(log(point.num_gpus / other.num_gpus)), apart
