"""Refit the constants of the model of a step, and say how far off it is on what it did not see.

Every constant is fitted anew from its prior. Source families are then left out in turn: each is
predicted by constants fitted on the rest, and the residuals, by situation, make the intervals. So
are generations of accelerators, for accelerators that no row has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from llmcost._version import __version__
from llmcost.catalog.calibration import Calibration, calibration
from llmcost.errors import DataError, InputError
from llmcost.studies.fitting import Batch, Sample, fit
from llmcost.studies.intervals import (
    ANCHORED,
    EARLY_SOFTWARE,
    KNOWN,
    LAYOUT_MISSING,
    MIXTURE,
    NEW_ACCELERATOR,
    NEW_FRAMEWORK,
    WHOLE_RUN,
    situation_of,
)
from llmcost.studies.validation.anchoring import like_runs
from llmcost.studies.validation.families import source_family
from llmcost.studies.validation.knobs import SEARCHED, without_layout
from llmcost.studies.validation.point import Point
from llmcost.studies.validation.points import read_points
from llmcost.studies.validation.predicting import choose, measured_time
from llmcost.studies.validation.predicting_runs import predict_runs
from llmcost.studies.validation.run_points import read_runs

FEWEST = 12
# Rows from which on a framework or an accelerator counts as known.
ENOUGH = 6
SEARCHED_LAYOUT, WHOLE_RUN_LENGTH = "searched_layout", "whole_run_length"
LEAST_SHARE = 0.03
TAIL = 0.1
ROUNDS = 2
Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Row:
    """A point with the sample it became: knobs chosen, time measured [s]."""

    point: Point
    sample: Sample
    searched: bool


@dataclass(frozen=True, slots=True)
class Refit:
    """Constants with errors and intervals, and for each row the time predicted without its source.

    `left_out` maps the id of a row to the time [s] predicted by constants that its source family
    took no part in, with the situation of that prediction.
    """

    calibration: Calibration
    rows: int
    left_out: Mapping[str, tuple[float, str]]


def calibrate(
    data: str | Path | None = None,
    *,
    command: str = "llmcost calibrate",
    day: str = "",
    report: Report = lambda _: None,
) -> Refit:
    """Refit every constant from measured rows; `None` for the shipped table.

    Raises DataError for a file that cannot be read or has too few rows that can be used.
    """
    points = read_points(data)
    start = _at_priors(calibration())
    found = start
    for round_number in range(ROUNDS):
        rows = _rows(points, found)
        if len(rows) < FEWEST:
            raise DataError(
                f"{len(rows)} rows can be used; needs {FEWEST} or more with a layout and a time",
                file=str(data or "throughput.csv"),
            )
        report(f"fit {round_number + 1} of {ROUNDS}: {len(rows)} rows")
        found = fit([row.sample for row in rows], start)
    rows = _rows(points, found)
    left_out = _left_out(rows, start, report)
    unseen = _without_generation(rows, start, report)
    report("layouts hidden")
    hidden = _hidden(points, found)
    found = _with_median(found, SEARCHED_LAYOUT, hidden, report)
    report("whole runs")
    runs = _whole_runs(found)
    found = _with_median(found, WHOLE_RUN_LENGTH, runs, report)
    ratios = _ratios_by_situation(rows, left_out, unseen, found)
    ratios[LAYOUT_MISSING] = _over(hidden, found.values[SEARCHED_LAYOUT])
    ratios[WHOLE_RUN] = _over(runs, found.values[WHOLE_RUN_LENGTH])
    intervals = _intervals(ratios, start, report)
    meta = {
        "command": command,
        "date": day,
        "llmcost_version": __version__,
        "rows": len(rows),
        "configurations": len({(r.sample.source, r.sample.configuration) for r in rows}),
        "sources": sorted({row.sample.source for row in rows}),
    }
    return Refit(Calibration(found.constants, intervals, meta), len(rows), left_out)


def _at_priors(known: Calibration) -> Calibration:
    constants = {
        name: replace(one, value=one.prior) if one.prior is not None else one
        for name, one in known.constants.items()
    }
    return replace(known, constants=constants)


def _rows(points: Iterable[Point], constants: Calibration) -> list[Row]:
    """Return the points that constants may be fitted on, with every knob chosen."""
    rows = []
    for point in points:
        if not _usable(point):
            continue
        try:
            chosen = choose(point, constants.values)
        except InputError:
            continue
        measured = measured_time(point, chosen.layout)
        if measured is None:
            continue
        sample = Sample(
            architecture=chosen.ways.architecture,
            machine=chosen.ways.machine,
            layout=chosen.layout,
            num_gpus=chosen.ways.num_gpus,
            measured=measured,
            source=source_family(point.source),
            configuration=point.configuration,
            mixture=bool(point.mixture),
        )
        rows.append(Row(point, sample, SEARCHED in chosen.ways.assumed))
    return rows


def _usable(point: Point) -> bool:
    doubtful = any("suspicious" in flag for flag in point.flags)
    return point.scored and point.task == "pretrain" and not point.token_drop and not doubtful


def _left_out(
    rows: Sequence[Row], start: Calibration, report: Report
) -> dict[str, tuple[float, str]]:
    """Return the time of each row by constants fitted without its source family [s]."""
    found: dict[str, tuple[float, str]] = {}
    for source in sorted({row.sample.source for row in rows}):
        held = [row for row in rows if row.sample.source == source]
        rest = [row for row in rows if row.sample.source != source]
        report(f"without {source}: {len(held)} rows")
        found |= _predicted(held, rest, start)
    return found


def _without_generation(
    rows: Sequence[Row], start: Calibration, report: Report
) -> dict[str, tuple[float, str]]:
    """Return the time of each dense row by constants fitted without its accelerators' maker [s].

    A generation that is left out is predicted from its specification and measured kernels alone.
    """
    found: dict[str, tuple[float, str]] = {}
    for generation in sorted({row.sample.machine.accelerator.generation for row in rows}):
        held = [
            row
            for row in rows
            if row.sample.machine.accelerator.generation == generation and not row.sample.mixture
        ]
        kept = [r for r in rows if r.sample.machine.accelerator.generation != generation]
        if held and kept:
            report(f"without {generation}: {len(held)} rows")
            found |= _predicted(held, kept, start)
    return found


def _predicted(
    held: Sequence[Row], rest: Sequence[Row], start: Calibration
) -> dict[str, tuple[float, str]]:
    if not rest:
        return {}
    fitted = fit([row.sample for row in rest], start)
    times = Batch([row.sample for row in held]).predict(fitted.values)
    seen = _often(f"matmul.{row.sample.machine.fitted_as}" for row in rest)
    seen |= _often(f"elementwise.{row.sample.machine.vintage}" for row in rest)
    return {
        row.point.id: (float(time), _situation(row, seen))
        for row, time in zip(held, times, strict=True)
    }


def _often(names: Iterable[str]) -> set[str]:
    return {name for name, rows in Counter(names).items() if rows >= ENOUGH}


def _situation(row: Row, seen: set[str]) -> str:
    return situation_of(
        row.sample.machine,
        mixture=row.sample.mixture,
        layout_known=not row.searched,
        constants=seen,
    )


def _intervals(
    ratios: Mapping[str, Sequence[float]], start: Calibration, report: Report
) -> dict[str, Mapping[str, float]]:
    """Return the 80% interval of each situation, as factors on a predicted time.

    A situation with too few residuals keeps the interval it had, and that is reported.
    """
    found: dict[str, Mapping[str, float]] = {}
    for name, each in ratios.items():
        if len(each) < FEWEST:
            report(f"{name}: {len(each)} residuals, needs {FEWEST}; its interval stays")
        ends = _even_ends if name in (NEW_FRAMEWORK, NEW_ACCELERATOR) else _ends
        found[name] = ends(each) if len(each) >= FEWEST else start.intervals[name]
    return found


def _ratios_by_situation(
    rows: Sequence[Row],
    left_out: Mapping[str, tuple[float, str]],
    unseen: Mapping[str, tuple[float, str]],
    found: Calibration,
) -> dict[str, list[float]]:
    """Return measured over predicted of what was left out, by situation."""
    parts = (KNOWN, NEW_FRAMEWORK, EARLY_SOFTWARE, MIXTURE)
    return {
        **{part: _ratios(rows, left_out, part) for part in parts},
        NEW_ACCELERATOR: _ratios(rows, unseen, NEW_ACCELERATOR),
        ANCHORED: _anchored(rows, found),
    }


def _ratios(
    rows: Sequence[Row],
    predicted: Mapping[str, tuple[float, str]],
    part: str,
) -> list[float]:
    """Return measured over predicted, the median of each configuration."""
    by_configuration: dict[Any, list[float]] = {}
    for row in rows:
        if row.point.id not in predicted:
            continue
        time, situation = predicted[row.point.id]
        if part in situation.split(", "):
            key = (row.sample.source, row.sample.configuration)
            by_configuration.setdefault(key, []).append(row.sample.measured / time)
    return [float(np.median(each)) for each in by_configuration.values()]


def _anchored(rows: Sequence[Row], found: Calibration) -> list[float]:
    """Return measured over predicted where one like run scales the prediction."""
    anchors = like_runs([row.point for row in rows])
    times = Batch([row.sample for row in rows]).predict(found.values)
    ratio = {
        row.point.id: row.sample.measured / float(time)
        for row, time in zip(rows, times, strict=True)
    }
    return [ratio[id_] / ratio[other.id] for id_, other in anchors.items() if other.id in ratio]


def _hidden(points: Iterable[Point], found: Calibration) -> list[float]:
    """Return measured over predicted where the layout of a known row is hidden and searched for."""
    ratios, seen = [], set()
    for point in points:
        if point.layout_missing or not _usable(point) or point.configuration in seen:
            continue
        seen.add(point.configuration)
        try:
            chosen = choose(without_layout(point), found.values)
        except InputError:
            continue
        measured = measured_time(point, chosen.layout)
        if measured is not None:
            ratios.append(measured * found.values[SEARCHED_LAYOUT] / chosen.step_time)
    return ratios


def _whole_runs(found: Calibration) -> list[float]:
    """Return published over predicted device time of whole runs, before it is made longer."""
    points = read_runs(None)
    longer = found.values[WHOLE_RUN_LENGTH]
    made = zip(points, predict_runs(points, found.values), strict=True)
    return [
        point.gpu_hours * longer / one.gpu_hours
        for point, one in made
        if one.gpu_hours and point.gpu_hours
    ]


def _with_median(
    found: Calibration, name: str, ratios: Sequence[float], report: Report
) -> Calibration:
    """Return the constants with one that is the median of ratios, if there are enough of them.

    Its standard error is that of a median of a normal sample, 1.25 spreads over the root of n.
    """
    if len(ratios) < FEWEST:
        report(f"{name}: {len(ratios)} ratios, needs {FEWEST}; its value stays")
        return found
    logs = np.log(ratios)
    spread = 1.4826 * np.median(np.abs(logs - np.median(logs)))
    one = replace(
        found.constants[name],
        value=float(np.exp(np.median(logs))),
        standard_error=float(1.2533 * spread / np.sqrt(logs.size)),
    )
    return replace(found, constants={**found.constants, name: one})


def _over(ratios: Sequence[float], middle: float) -> list[float]:
    return [ratio / middle for ratio in ratios]


def _ends(ratios: Sequence[float]) -> dict[str, float]:
    """Return the 10th and 90th percentile of measured over predicted, with 1 well inside.

    The percentiles are those of split conformal prediction: the interval holds a new row of the
    same kind with 80% probability (Lei et al. 2018, doi 10.1080/01621459.2017.1307116).
    """
    ordered = np.sort(np.asarray(ratios, dtype=float))
    count = ordered.size
    place = max(int(np.floor(TAIL * (count + 1))) - 1, 0)
    low, high = ordered[place], ordered[count - 1 - place]
    return {
        "low": float(min(low, 1 - LEAST_SHARE)),
        "high": float(max(high, 1 + LEAST_SHARE)),
        "residuals": float(count),
    }


def _even_ends(ratios: Sequence[float]) -> dict[str, float]:
    """Return an interval as wide to both sides, from the size of residuals alone.

    Few frameworks and generations stand behind many residuals: on which side the next one falls,
    the last ones do not tell.
    """
    sizes = np.exp(np.abs(np.log(ratios)))
    ends = _ends([*sizes, *(1.0 / sizes)])
    return {**ends, "residuals": float(len(ratios))}


def toml_text(found: Calibration) -> str:
    """Return the text of a calibration file."""
    lines = ["# The constants of the model of a training step. Written by: llmcost calibrate", ""]
    lines += ["[meta]", *(f"{key} = {_toml(value)}" for key, value in found.meta.items())]
    for name, ends in found.intervals.items():
        lines += ["", f'[intervals."{name}"]']
        lines += [f"{key} = {_toml(_rounded(value))}" for key, value in ends.items()]
    for name, one in found.constants.items():
        lines += ["", f'[constants."{name}"]', f'kind = "{one.kind}"']
        lines += [f"value = {_toml(_rounded(one.value))}"]
        for field in ("standard_error", "prior", "prior_width"):
            value = getattr(one, field)
            if value is not None:
                lines.append(f"{field} = {_toml(_rounded(value))}")
        lines.append(f"meaning = {_toml(one.meaning)}")
    return "\n".join(lines) + "\n"


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _toml(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, str):
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return repr(value)
