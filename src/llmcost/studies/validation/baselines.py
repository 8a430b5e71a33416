"""What simpler methods say of the same measurements: an assumed MFU, a usual one, a regression.

Each says an MFU; the step time is then model FLOP / (MFU x peak x accelerators), and device time
likewise. What a method learns from other rows it learns without the row's own family of sources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from math import exp, log
from statistics import median
from typing import Any

from llmcost.errors import MissingExtraError
from llmcost.studies.validation.rows import Row
from llmcost.studies.validation.scoring import distinct

# The share of the peak that back-of-the-envelope estimates take.
ASSUMED_MFU = 0.4
FEWEST_TO_FIT = 20
MEDIAN = "median MFU of the accelerator and precision, in other families of sources"
EXTRA = "calibrate"
CHOICES = ("none", "mfu", "boosting")

Key = Callable[[Row], tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Baseline:
    """A simpler method: its name, what it does in words, and how often it had to do with less.

    `mfu` is its one constant where it has one; `pooled` counts the rows for which no other family
    of sources measured the like (a wider class, at last all rows, then stands in), `silent` those
    of which it says nothing.
    """

    name: str
    title: str
    summary: str
    mfu: float | None = None
    pooled: int = 0
    silent: int = 0


@dataclass(frozen=True, slots=True)
class _Said:
    """What a method says of each row: an MFU or nothing, and whether it pooled."""

    mfus: Sequence[float | None]
    pooled: int = 0


def with_baselines(
    rows: Sequence[Row], wanted: str = "mfu"
) -> tuple[tuple[Row, ...], tuple[Baseline, ...]]:
    """Return the rows with what each baseline says of them, and the baselines.

    `wanted` is one of none, mfu (constant and median MFU) and boosting (those, and gradient
    boosting). Raises MissingExtraError where boosting is wanted without scikit-learn.
    """
    known = teachers(rows)
    if wanted == "none" or not known:
        return tuple(rows), ()
    made = [(b, said) for b, said in _methods(rows, known, boosting=wanted == "boosting")]
    told = tuple(
        replace(row, baselines={b.name: _time(row, said.mfus[at]) for b, said in made})
        for at, row in enumerate(rows)
    )
    return told, tuple(_counted(b, said, rows) for b, said in made)


def teachers(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return the rows that an MFU is learned from: distinct, scored, and part of the headline.

    A configuration that several families of sources measured is kept once for each.
    """
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.scored and not row.apart and row.mfu is not None:
            found.setdefault(row.source_family, []).append(row)
    return tuple(row for family in found.values() for row in distinct(family))


def best_constant_mfu(mfus: Iterable[float]) -> float:
    """Return the one MFU with the least (upper) median of absolute errors of step time.

    An MFU c is wrong by abs(m / c - 1) for a row of MFU m; the best c lies in the middle of the
    window of more than half of the rows that is narrowest for its height.

    >>> best_constant_mfu([0.1, 0.38, 0.42])
    0.4
    """
    ordered = sorted(mfus)
    half = len(ordered) // 2
    windows = zip(ordered, ordered[half:], strict=False)
    low, high = min(windows, key=lambda window: (window[1] - window[0]) / (window[1] + window[0]))
    return (low + high) / 2


def _methods(
    rows: Sequence[Row], known: Sequence[Row], *, boosting: bool
) -> Iterable[tuple[Baseline, _Said]]:
    best = best_constant_mfu([row.mfu for row in known if row.mfu is not None])
    yield from (
        (
            Baseline("mfu_40", "MFU 40%", "an assumed MFU of 40%", ASSUMED_MFU),
            _Said([ASSUMED_MFU] * len(rows)),
        ),
        (
            Baseline(
                "constant_mfu",
                "best constant MFU",
                "the one MFU that fits these very rows best",
                best,
            ),
            _Said([best] * len(rows)),
        ),
        (
            Baseline("median_mfu", "median MFU", MEDIAN),
            _medians(rows, known, _device),
        ),
        (
            Baseline(
                "median_mfu_density", "median MFU by MoE", "the same, dense and MoE told apart"
            ),
            _medians(rows, known, lambda row: (*_device(row), row.mixture), _device),
        ),
    )
    if boosting:
        title = "gradient boosting of the MFU over sizes and knobs, in other families of sources"
        yield Baseline("boosting", "boosting", title), _boosted(rows, known)


def _device(row: Row) -> tuple[object, ...]:
    return row.accelerator, row.precision


def _any(row: Row) -> tuple[object, ...]:
    del row
    return ()


def _time(row: Row, mfu: float | None) -> float | None:
    return row.ideal / mfu if row.ideal and mfu else None


def _counted(baseline: Baseline, said: _Said, rows: Sequence[Row]) -> Baseline:
    pairs = zip(rows, said.mfus, strict=True)
    silent = sum(row.scored and _time(row, mfu) is None for row, mfu in pairs)
    return replace(baseline, pooled=said.pooled, silent=silent)


def _medians(rows: Sequence[Row], known: Sequence[Row], *keys: Key) -> _Said:
    """Return the median MFU of the like of each row, its own family of sources left out.

    The like are told by the first key under which another family measured any, and all rows where
    there is none.
    """

    @cache
    def usual(family: str, key: Key, like: tuple[object, ...]) -> float | None:
        others = (row for row in known if row.source_family != family)
        mfus = [row.mfu for row in others if row.mfu and key(row) == like]
        return median(mfus) if mfus else None

    found = [[usual(row.source_family, key, key(row)) for key in (*keys, _any)] for row in rows]
    fell_back = sum(
        row.scored and each[0] is None and each[-1] is not None
        for row, each in zip(rows, found, strict=True)
    )
    return _Said([next(filter(None, each), None) for each in found], fell_back)


def _boosted(rows: Sequence[Row], known: Sequence[Row]) -> _Said:
    """Return the MFU that gradient boosting says, fitted without each row's family of sources."""
    columns = sorted({name for row in known for name in row.features})
    said: dict[str, float] = {}
    for family in dict.fromkeys(row.source_family for row in rows):
        fit_on = [row for row in known if row.source_family != family]
        if len(fit_on) < FEWEST_TO_FIT:
            continue
        asked = [row for row in rows if row.source_family == family]
        model = _regressor().fit(_table(fit_on, columns), [log(row.mfu or 1) for row in fit_on])
        found = model.predict(_table(asked, columns))
        said |= {row.id: exp(value) for row, value in zip(asked, found, strict=True)}
    return _Said([said.get(row.id) for row in rows])


def _table(rows: Sequence[Row], columns: Sequence[str]) -> list[list[float]]:
    return [[_feature(row.features, name) for name in columns] for row in rows]


def _feature(features: Mapping[str, float], name: str) -> float:
    return features.get(name, float("nan"))


def _regressor() -> Any:  # noqa: ANN401
    try:
        ensemble = import_module("sklearn.ensemble")
    except ImportError:
        raise MissingExtraError("The gradient-boosting baseline", EXTRA) from None
    return ensemble.HistGradientBoostingRegressor(random_state=0, min_samples_leaf=5)
