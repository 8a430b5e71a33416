"""How far is the model from published measurements, row by row and group by group?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from llmcost.catalog.measured import throughput_rows
from llmcost.catalog.runs import RUNS
from llmcost.errors import DataError
from llmcost.studies.intervals import interval_of
from llmcost.studies.validation.anchoring import NO_ANCHOR, like_runs
from llmcost.studies.validation.baselines import Baseline, with_baselines
from llmcost.studies.validation.groups import GROUPS, grouped
from llmcost.studies.validation.points import Point, read_points
from llmcost.studies.validation.predicting import Prediction, predict_points
from llmcost.studies.validation.predicting_runs import predict_runs
from llmcost.studies.validation.rows import GPU_HOURS, STEP_TIME, Row, run_row, step_row
from llmcost.studies.validation.run_points import read_runs
from llmcost.studies.validation.scoring import Score, score
from llmcost.studies.validation.tracked import tracked_points

if TYPE_CHECKING:
    from llmcost.studies.calibration import Refit

SHIPPED = {STEP_TIME: "throughput.csv", GPU_HOURS: RUNS.name}
# The groups that whole runs can be told apart by.
OF_RUNS = ("source", "source-family", "accelerator", "generation", "density", "size", "situation")
ENOUGH = 10
NO_PART = "takes no part in a fit: token-dropping, doubtful, or not pre-training"
MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one table, predicted and judged.

    `overall` is over the rows of the headline, `apart` over those kept out of it, by the reason;
    `groups` maps a way of grouping to the score of each of its groups. `reasons` counts the rows
    that could not be scored; `lost` says in words where a baseline does no worse, among the
    `compared` groups (all rows, too) of ten configurations or more. `added` are the ids of the
    rows that are tracks of one's own.
    """

    kind: str
    file: str
    shipped: bool
    rows: tuple[Row, ...]
    overall: Score | None
    apart: Mapping[str, Score]
    groups: Mapping[str, Mapping[str, Score]]
    baselines: tuple[Baseline, ...]
    reasons: Mapping[str, int]
    lost: tuple[str, ...]
    compared: int
    known_rows: int = 0
    left_out: bool = False
    added: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Validation:
    """Predictions against measurements, of steps and of whole runs."""

    parts: tuple[Part, ...]
    anchored: bool


def validate(
    data: str | None = None,
    runs: str | None = None,
    *,
    anchored: bool = False,
    baselines: str = "mfu",
    added: Sequence[str] = (),
) -> Validation:
    """Predict every row of measured tables and return how far off the predictions are.

    `data` and `runs` name files of steps and of whole runs; with neither, both shipped tables are
    taken. With `anchored`, each step is predicted from one measurement of a like run. `added` are
    files of tracks, each one row more among the steps. Raises DataError for a file that cannot be
    read or of which no row can be scored, InputError for an added file that is no track or says too
    little, MissingExtraError for a baseline that is not installed.
    """
    parts = []
    if data is not None or runs is None or added:
        alone = data is None and runs is not None
        points = () if alone else read_points(data)
        own = tracked_points(added, [point.id for point in points])
        made = _steps((*points, *own), anchored=anchored)
        part = _part(STEP_TIME, data, made, baselines)
        parts.append(replace(part, added=tuple(point.id for point in own)))
    if runs is not None or (data is None and not anchored):
        parts.append(_part(GPU_HOURS, runs, _runs(runs), baselines))
    if not any(row.scored for part in parts for row in part.rows):
        raise _nothing_scored(parts)
    return Validation(tuple(parts), anchored)


def validate_left_out(refit: Refit, data: str | None = None) -> Validation:
    """Return how far off each measured step is by constants that its source took no part in.

    The intervals are those of the refit. Rows that take no part in a fit (token-dropping, doubtful
    or not pre-training) are not scored, with the reason.
    """
    points = read_points(data)
    pairs = zip(points, predict_points(points), strict=True)
    made = [step_row(point, _left_out(refit, point.id, known)) for point, known in pairs]
    part = _part(STEP_TIME, data, made, "mfu")
    return Validation((replace(part, left_out=True),), anchored=False)


def _left_out(refit: Refit, row: str, known: Prediction) -> Prediction:
    if row not in refit.left_out or known.step_time is None:
        return replace(known, step_time=None, reason=known.reason or NO_PART)
    time, situation = refit.left_out[row]
    low, high = interval_of(situation, refit.calibration)
    return replace(known, step_time=time, low=time * low, high=time * high, situation=situation)


def _steps(points: Sequence[Point], *, anchored: bool) -> list[Row]:
    anchors = like_runs(points) if anchored else None
    predictions = predict_points(points, anchors=anchors)
    made = [step_row(*pair) for pair in zip(points, predictions, strict=True)]
    if anchors is None:
        return made
    return [row if row.id in anchors else _unanchored(row) for row in made]


def _unanchored(row: Row) -> Row:
    return replace(row, scored=False, reason=NO_ANCHOR) if row.scored else row


def _runs(path: str | None) -> list[Row]:
    points = read_runs(path)
    predictions = predict_runs(points)
    return [run_row(*pair) for pair in zip(points, predictions, strict=True)]


def _part(kind: str, path: str | None, made: Sequence[Row], wanted: str) -> Part:
    rows, baselines = with_baselines(made, wanted)
    headline = [row for row in rows if row.scored and not row.apart]
    groups = {
        by: _scores(grouped(headline, by)) for by in (OF_RUNS if kind == GPU_HOURS else GROUPS)
    }
    overall = score(headline)
    compared = tuple(_large_groups(overall, groups))
    return Part(
        kind=kind,
        file=path or SHIPPED[kind],
        shipped=path is None,
        rows=rows,
        overall=overall,
        apart=_scores(_by_reason(rows)),
        groups=groups,
        baselines=baselines,
        reasons=Counter(row.reason for row in rows if not row.scored),
        lost=tuple(_lost(compared, baselines)),
        compared=len(compared),
        known_rows=_known_rows(path, rows) if kind == STEP_TIME else 0,
    )


def _scores(groups: Mapping[str, Iterable[Row]]) -> dict[str, Score]:
    found = {name: score(rows) for name, rows in groups.items()}
    return {name: one for name, one in found.items() if one is not None}


def _by_reason(rows: Iterable[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row.apart:
            found.setdefault(row.apart, []).append(row)
    return found


def _large_groups(
    overall: Score | None, groups: Mapping[str, Mapping[str, Score]]
) -> Iterator[tuple[str, Score]]:
    """Yield all rows, and each group of ten configurations or more, by name."""
    if overall and overall.configurations >= ENOUGH:
        yield "all rows", overall
    for by, found in groups.items():
        for name, one in found.items():
            if one.configurations >= ENOUGH:
                yield f"{GROUPS[by][0].lower()} {name}", one


def _lost(compared: Iterable[tuple[str, Score]], baselines: Iterable[Baseline]) -> Iterator[str]:
    """Yield the best baseline of each group where its median error is no higher than ours."""
    titles = {baseline.name: baseline.title for baseline in baselines}
    for where, one in compared:
        better = [
            (rival.median, name, rival)
            for name, rival in one.baselines.items()
            if rival.configurations >= ENOUGH and rival.median <= rival.ours
        ]
        if better:
            _, name, rival = min(better, key=lambda found: found[0])
            yield (
                f"{where} (n {rival.configurations}): {titles[name]} {rival.median:.1%} "
                f"against {rival.ours:.1%}"
            )


def _known_rows(path: str | None, rows: Sequence[Row]) -> int:
    """Return how many rows carry an id of the shipped table, which the constants were fitted on."""
    if path is None:
        return len(rows)
    shipped = {row["id"] for row in throughput_rows()}
    return sum(row.id in shipped for row in rows)


def _nothing_scored(parts: Sequence[Part]) -> DataError:
    reasons = sum((Counter(part.reasons) for part in parts), Counter[str]())
    told = [f"{count} x {reason}" for reason, count in reasons.most_common(MOST_REASONS)]
    more = len(reasons) - len(told)
    rest = f"; and {more} more reasons" if more > 0 else ""
    why = f"no row can be scored: {'; '.join(told)}{rest}" if told else "holds no rows"
    return DataError(
        f"{why}. Needs a measured and a predictable row: see the columns of {SHIPPED[STEP_TIME]}",
        file=", ".join(part.file for part in parts),
    )
