"""What a track tells beside its results: launches, parts of the clock, the series, warnings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any

import numpy as np

from llmcost.logs.deriving import HOWS
from llmcost.logs.launches import Segment
from llmcost.studies.answers import Warned
from llmcost.studies.tracking.clocks import LAUNCH_CLOCK, PARTS, STAMPS, WallClock
from llmcost.studies.tracking.merging import Merged
from llmcost.studies.tracking.results import DAY, Results
from llmcost.studies.tracking.strands import Strand

HIGH_MFU = 0.75
RATES_AGREE = 0.05
SHARES = (0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
FEW_STEPS = 10


def segment_rows(run: Merged, names: Sequence[str]) -> tuple[Mapping[str, Any], ...]:
    """Return one row a launch, in the order of time, with the steps that were done before."""
    rows, reached = [], float("-inf")
    for number, one in enumerate(run.segments, 1):
        again = max(0.0, min(reached, one.last_step) - one.start)
        reached = max(reached, one.last_step)
        rows.append(_segment_row(number, one, again, names))
    return tuple(rows)


def _segment_row(
    number: int, one: Segment, again: float, names: Sequence[str]
) -> Mapping[str, Any]:
    return {
        "segment": number,
        "log": names[one.source] if one.source < len(names) else None,
        "format": one.format,
        "first_line": one.first_line,
        "last_line": one.last_line,
        "first_step": one.first_step,
        "last_step": one.last_step,
        "steps": one.steps,
        "records": one.records,
        "repeated_steps": again,
        "start": moment_text(one.started),
        "end": moment_text(one.ended),
        "ending": one.ending or None,
    }


def moment_text(moment: float | None) -> str | None:
    """Return a moment as ISO text without a zone, for logs seldom name theirs."""
    if moment is None or not isfinite(moment) or abs(moment) > 2e11:
        return None
    found = datetime.fromtimestamp(0, UTC) + timedelta(seconds=moment)
    return found.replace(tzinfo=None).isoformat(timespec="seconds")


def finite(value: Any) -> Any:  # noqa: ANN401
    """Return a report with `None` for each number in it that is not finite."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(each) for key, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list) else value


def clock_report(clock: WallClock) -> dict[str, Any]:
    """Return the parts of the wall clock [s], which add up to their total."""
    return {
        "parts": {name: {"value": clock.parts[name], "unit": "s"} for name in PARTS},
        "total": {"value": clock.total, "unit": "s"},
        "clock": clock.kind,
    }


def series_report(run: Merged) -> dict[str, Any]:
    """Return the step times in order, each entry the mean of its records."""
    order = {segment.number: place for place, segment in enumerate(run.segments, 1)}
    series = run.series
    rows = range(len(series["step"]))
    return {
        "step": series["step"].tolist(),
        "step_time": [_mean(series["time"][at], series["steps"][at]) for at in rows],
        "steps": series["steps"].tolist(),
        "steady": [bool(series["steady_steps"][at] > 0) for at in rows],
        "stalls": series["stalls"].tolist(),
        "segment": [order.get(int(number), 0) for number in series["segment"]],
        "stamp": [moment_text(float(stamp)) for stamp in series["stamp"]],
        "units": {"step_time": "s"},
    }


def _mean(total: float, steps: float) -> float | None:
    return float(total / steps) if steps else None


def times_report(run: Merged) -> dict[str, Any]:
    """Return the percentiles of the times of steady steps [s], and how they were got."""
    values = zip(SHARES, run.times.quantiles(SHARES), strict=True)
    return {
        "how": None if run.how is None else HOWS[run.how],
        "records": run.times.count,
        "mean": run.times.mean,
        "percentiles": {f"p{round(100 * share)}": value for share, value in values},
        "unit": "s",
    }


def stated_report(results: Results) -> dict[str, Any] | None:
    """Return what the frameworks state of FLOP/s and MFU, by which convention, beside ours."""
    strands = [one for one in results.run.strands if one.stated]
    named = ("stated_flop_rate", "stated_mfu")
    if not any(name in strand.stated for strand in strands for name in named):
        return None
    return {
        "conventions": {one.title: one.convention or None for one in strands},
        "flop_rate": results.value("stated_flop_rate"),
        "mfu": results.value("stated_mfu"),
        "peak_flop_rate": results.run.fact("peak_flop_rate"),
        "our_flop_rate": results.value("model_flop_rate"),
        "our_mfu": results.value("mfu"),
    }


def last_day_report(results: Results) -> dict[str, Any] | None:
    """Return how long the rest takes if it goes on as in the last day, of a run longer than that.

    The pace is of steps beyond those reached before that day, pauses and lost work included.
    """
    days, series = results.value("time_to_finish"), results.run.series
    stamps = series["stamp"]
    known = np.isfinite(stamps)
    stamps, steps = stamps[known], series["step"][known]
    if days is None or results.clock is None or not len(stamps):
        return None
    start = int(np.searchsorted(stamps, stamps[-1] - DAY)) - 1
    if start < 0 or results.clock.kind != STAMPS:
        return None
    gained = float(steps.max() - steps[: start + 1].max())
    each = float(stamps[-1] - stamps[start]) / gained if gained > 0 else None
    usual = results.clock.total / results.run.kept
    later = None if each is None else days * each / usual
    return {
        "time": {"value": float(stamps[-1] - stamps[start]), "unit": "s"},
        "steps": gained,
        "time_to_finish": {"value": later, "unit": "day"},
    }


def power_report(results: Results) -> dict[str, Any] | None:
    """Return the power of an accelerator and the energy of a step, where the log tells them."""
    found: dict[str, Any] = {}
    for name, unit in (("power", "W/GPU"), ("energy_per_step", "J/GPU")):
        stated = results.run.stated(name)
        if stated.count:
            found[name] = {"value": stated.median(), "unit": unit}
    return found or None


def logs_report(
    strands: Sequence[Strand], names: Sequence[str], used: Sequence[Strand]
) -> list[dict[str, Any]]:
    """Return what was read: one row a log and format."""
    return [
        {
            "log": names[source] if source < len(names) else None,
            "format": one.format,
            "title": one.title,
            "used": one in used,
            "records": one.counts.records,
            "launches": len(one.segments),
            "copies": len(one.deriver.segmenter.segments) - len(one.segments),
            "processes": max(1, len(one.deriver.segmenter.ranks)),
            "other_processes": one.deriver.segmenter.dropped.other_ranks,
            "repeated": one.deriver.segmenter.dropped.repeated,
            "torn": one.deriver.segmenter.dropped.torn,
            "without_step": one.deriver.segmenter.dropped.without_step,
            "first": one.counts.first,
            "stalled": one.counts.stalled,
            "impossible": one.counts.impossible,
            "untimed": one.counts.untimed,
        }
        for one in strands
        for source in (one.deriver.segmenter.source,)
    ]


def warnings_of(
    results: Results, messages: Sequence[str], segments: Sequence[Segment]
) -> list[Warned]:
    """Return what a reader of the results should know; `segments` are of every log."""
    found = [Warned("log", message) for message in messages]
    found += [Warned(code, text) for code, text in results.known.notes]
    found += _of_records(results)
    found += _of_rates(results)
    planned, done = results.value("planned_steps"), results.run.done
    if planned is not None and planned < done:
        text = (
            f"The plan of {planned:,.0f} steps is less than the {done:,.0f} that are done: check "
            "--steps and --tokens."
        )
        found.append(Warned("plan-behind", text))
    copies = sum(one.copy_of is not None for one in segments)
    if copies:
        text = f"{copies:,} launches are told by more than one log, and were counted once."
        found.append(Warned("copies", text))
    return found + _of_clock(results)


def _of_records(results: Results) -> list[Warned]:
    run, found = results.run, []
    for code, text, number in (
        (
            "impossible-records",
            "have an impossible time (nothing, or far less than others), and were left out",
            sum(one.counts.impossible for one in run.strands),
        ),
        (
            "above-peak",
            "have a time for which the peak is not enough, and were left out",
            results.too_fast,
        ),
        (
            "torn-records",
            "have a step that is cut off, and were left out",
            sum(one.deriver.segmenter.dropped.torn for one in run.strands),
        ),
        (
            "without-step",
            "name no step, and were left out",
            sum(one.deriver.segmenter.dropped.without_step for one in run.strands),
        ),
        (
            "clock-backwards",
            "were written before the one that they follow: the clock was set back",
            sum(one.deriver.backwards for one in run.strands),
        ),
    ):
        if number:
            found.append(Warned(code, f"{number:,} records {text}."))
    if any(one.deriver.segmenter.numbered for one in run.strands):
        text = (
            "The log does not number its steps: each record is taken as one step. If it logs "
            "every so many, steps, tokens and what follows from them are too low by as much."
        )
        found.append(Warned("steps-counted", text))
    if run.few and run.times.count:
        text = (
            "Only first steps, or such with an evaluation or checkpoint in them, have a time: the "
            "steady state is likely faster."
        )
        found.append(Warned("no-steady-step", text))
    elif run.how is not None and run.times.weight < FEW_STEPS:
        text = f"The median is of {run.times.weight:,.0f} steps alone; needs some tens to settle."
        found.append(Warned("few-steps", text))
    return found


def _of_rates(results: Results) -> list[Warned]:
    run, found = results.run, []
    if run.how is not None and HOWS[run.how].startswith("from micro-steps"):
        text = (
            "Step times are those of one micro-step times their number: that one also holds the "
            "optimizer step, so the true time is likely less."
        )
        found.append(Warned("micro-steps", text))
    if run.tokens_per_step[1]:
        text = (
            "The totals of tokens printed do not agree with batch x sequence length (sequences of "
            "other lengths, or tokens left out); the totals are used."
        )
        found.append(Warned("tokens-corrected", text))
    share = results.value("mfu")
    if share is not None and share > HIGH_MFU:
        text = (
            f"An MFU of {share:.0%} is more than runs reach: is it another precision (--precision "
            "fp8), accelerator, or number of them (--gpus), or are tokens sequences?"
        )
        found.append(Warned("mfu-high", text))
    return found + _of_printed(results)


def _of_printed(results: Results) -> list[Warned]:
    """Warn where a printed rate is not what tokens and times make."""
    for name in ("tokens_per_second", "tokens_per_gpu_second"):
        printed, ours = results.run.rate(name), results.value(name)
        if not printed.count or ours is None or results.run.times.weight < FEW_STEPS:
            continue
        ratio = printed.median() / ours
        if abs(ratio - 1) > RATES_AGREE:
            text = (
                f"The log prints {printed.median():,.4g} {results.readings[name].unit}, "
                f"{ratio:.3g} times the {ours:,.4g} that its step times and tokens make: check "
                "--gpus, --seq-length and --global-batch-size."
            )
            return [Warned("rates-disagree", text)]
    return []


def _of_clock(results: Results) -> list[Warned]:
    found, clock = [], results.clock
    if results.short:
        text = (
            f"{results.short[0].upper()}{results.short[1:]}. Goodput and dates are not known, and "
            "GPU-hours and cost are by the times of steps alone."
        )
        found.append(Warned("clock-too-short", text))
    elif clock is None and results.value("gpu_hours") is not None:
        text = (
            "No line says when it was written: GPU-hours and cost are those of the steps alone, "
            "less than what was reserved and paid."
        )
        found.append(Warned("no-wall-clock", text))
    elif clock is not None and clock.kind == LAUNCH_CLOCK:
        text = (
            "The log tells the time since each launch alone: pauses between launches are left out."
        )
        found.append(Warned("no-pauses", text))
    if results.overlaps:
        text = "Launches overlap in time: are these logs of one run, and in one time zone?"
        found.append(Warned("launches-overlap", text))
    return found
