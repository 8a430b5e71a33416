"""How far predictions lie from measurements: medians, shares, bias, and what intervals cover.

The error of a row is predicted over measured less one, of step time (or of device time). Repeats
of one configuration count once: the median of what was measured against the median of what was
predicted. Quantiles are interpolated linearly between rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from llmcost.studies.validation.rows import Row, relative_error

NEAR, NOT_FAR = 0.1, 0.2
# The least error of rounding that a share of "within 10%" must forgive.
SLACK = 1e-12


@dataclass(frozen=True, slots=True)
class Rival:
    """A baseline on the rows where it says anything: its errors, and ours on the same rows."""

    configurations: int
    median: float
    p90: float
    ours: float


@dataclass(frozen=True, slots=True)
class Score:
    """Errors over the distinct configurations of some rows.

    `median`, `mean` and `p90` are of the absolute error, `bias` and `mean_bias` of the signed one;
    `within_10` and `within_20` are shares. Over the configurations that have an interval,
    `coverage` is the share whose measurement lies inside; `width` is the median of (high - low) /
    predicted and `spread` that of high / low. `None` where there is none.
    """

    configurations: int
    rows: int
    median: float
    mean: float
    p90: float
    bias: float
    mean_bias: float
    within_10: float
    within_20: float
    coverage: float | None
    width: float | None
    spread: float | None
    baselines: Mapping[str, Rival]


def distinct(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return one row for each configuration, with the medians of its repeats.

    Only scored rows are taken; a row without a configuration stands for itself.
    """
    found: dict[object, list[Row]] = {}
    for row in rows:
        if row.scored:
            found.setdefault(row.configuration or ("row", row.id), []).append(row)
    return tuple(_merged(repeats) for repeats in found.values())


def score(rows: Iterable[Row]) -> Score | None:
    """Return the errors over the distinct configurations of the scored rows; `None` for none."""
    rows = [row for row in rows if row.scored]
    points = distinct(rows)
    if not points:
        return None
    signed = np.array([row.error for row in points], dtype=float)
    absolute = np.abs(signed)
    intervals = [interval for row in points if (interval := _interval(row)) is not None]
    return Score(
        configurations=len(points),
        rows=len(rows),
        median=float(np.median(absolute)),
        mean=float(absolute.mean()),
        p90=float(np.quantile(absolute, 0.9)),
        bias=float(np.median(signed)),
        mean_bias=float(signed.mean()),
        within_10=float((absolute <= NEAR + SLACK).mean()),
        within_20=float((absolute <= NOT_FAR + SLACK).mean()),
        coverage=_mean([low <= one <= high for low, high, one, _ in intervals]),
        width=_median([(high - low) / mid for low, high, _, mid in intervals if mid > 0]),
        spread=_median([high / low for low, high, _, _ in intervals if low > 0]),
        baselines=_rivals(points),
    )


def _merged(repeats: Sequence[Row]) -> Row:
    first = repeats[0]
    if len(repeats) == 1:
        return first
    return replace(
        first,
        measured=_middle(row.measured for row in repeats),
        predicted=_middle(row.predicted for row in repeats),
        low=_middle(row.low for row in repeats),
        high=_middle(row.high for row in repeats),
        ideal=_middle(row.ideal for row in repeats),
        baselines={
            name: _middle(row.baselines.get(name) for row in repeats) for name in first.baselines
        },
    )


def _interval(row: Row) -> tuple[float, float, float, float] | None:
    """Return low, high, measured and predicted; `None` where one is missing."""
    if row.low is None or row.high is None or row.measured is None or row.predicted is None:
        return None
    return row.low, row.high, row.measured, row.predicted


def _middle(values: Iterable[float | None]) -> float | None:
    return _median([value for value in values if value is not None])


def _median(values: Sequence[float]) -> float | None:
    return float(median(values)) if values else None


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _rivals(points: Sequence[Row]) -> dict[str, Rival]:
    names = dict.fromkeys(name for row in points for name in row.baselines)
    found = {name: _rival(points, name) for name in names}
    return {name: rival for name, rival in found.items() if rival is not None}


def _rival(points: Sequence[Row], name: str) -> Rival | None:
    pairs = [
        (abs(theirs), abs(ours))
        for row in points
        if (theirs := relative_error(row.baselines.get(name), row.measured)) is not None
        and (ours := row.error) is not None
    ]
    if not pairs:
        return None
    theirs, ours = np.array(pairs).T
    return Rival(
        configurations=len(pairs),
        median=float(np.median(theirs)),
        p90=float(np.quantile(theirs, 0.9)),
        ours=float(np.median(ours)),
    )
