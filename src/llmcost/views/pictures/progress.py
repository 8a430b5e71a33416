"""The picture of a tracked run: the time of its steps over its steps, launch by launch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmcost.figures import quantity_text
from llmcost.picture import NEUTRAL, Axis, Line, Mark, Panel, Picture, Points, Rule
from llmcost.table import Field
from llmcost.views.pictures.marks import COLOURS, WIDE, Cells, numbers_table, thinned
from llmcost.views.pictures.spans import scale_of
from llmcost.views.pictures.words import interval_words, number, result, source_line

TIME = "median_step_time"
MOST_POINTS = 2000
ROOM = 1.1
# So many launches have a line of the legend each; more share one.
MOST_NAMED = len(COLOURS) - 1
STALLED = COLOURS[1]
FIELDS = (
    Field("launch", "Launch", align="right"),
    Field("step", "Step", align="right"),
    Field("steps", "Steps", align="right"),
    Field("step_time", "Step time", "s", "right"),
    Field("stalls", "Stalls", align="right"),
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Steps in a row of one launch: how many up to `step`, their mean `time` [s], the stalls."""

    launch: int
    step: float
    steps: float
    time: float
    stalls: float


def refusal(data: Mapping[str, Any]) -> str:
    """Return why a track cannot be drawn, empty where it can."""
    if len(_stretches(data)) > 1:
        return ""
    return "the log tells the time of fewer than two records"


def progress(data: Mapping[str, Any]) -> Picture:
    """Return the time of steps [s] over the steps of a tracked run."""
    stretches = _stretches(data)
    drawn = list(thinned(stretches, MOST_POINTS))
    return Picture(
        "progress",
        _title(data, stretches),
        " ".join(_told(data, stretches, len(drawn))),
        source_line(data),
        (Panel(Axis("Step"), _times(drawn), tuple(_marks(data, drawn))),),
        numbers_table("progress", "Step time over the run", FIELDS, list(map(_cells, drawn))),
    )


def _times(drawn: Sequence[Stretch]) -> Axis:
    """Return the axis of step times: from nought, so that noise looks as small as it is."""
    times = [each.time for each in drawn]
    if scale_of(times, WIDE) == "log":
        return Axis("Step time", "s", "log")
    return Axis("Step time", "s", limits=(0.0, ROOM * max(times)))


def _stretches(data: Mapping[str, Any]) -> list[Stretch]:
    """Return the stretches of a track that have a time, in the order of the log."""
    series = (data.get("reports") or {}).get("series") or {}
    names = ("segment", "step", "steps", "step_time", "stalls")
    if not all(isinstance(series.get(name), list) for name in names):
        return []
    rows = zip(*(series[name] for name in names), strict=False)
    told = [tuple(number(cell) for cell in row) for row in rows]
    return [
        Stretch(int(launch), step, steps, time, stalls or 0.0)
        for launch, step, steps, time, stalls in told
        if launch is not None and step is not None and steps and time and steps > 0 and time > 0
    ]


def _marks(data: Mapping[str, Any], drawn: Sequence[Stretch]) -> Iterator[Mark]:
    launches = list(dict.fromkeys(each.launch for each in drawn))
    named = 1 < len(launches) <= MOST_NAMED
    colours = [colour for colour in COLOURS if colour != STALLED]
    for place, launch in enumerate(launches):
        own = [each for each in drawn if each.launch == launch]
        label = f"Launch {launch}" if named else "Step time"
        colour = colours[place % len(colours)]
        steps, times = tuple(each.step for each in own), tuple(each.time for each in own)
        texts = tuple(map(_text, own))
        if len(own) > 1:
            yield Line(label, colour, steps, times, texts=texts)
        else:
            yield Points(label, colour, steps, times, texts)
    stalled = [each for each in drawn if each.stalls]
    if stalled:
        yield Points(
            "With an evaluation or a checkpoint",
            STALLED,
            tuple(each.step for each in stalled),
            tuple(each.time for each in stalled),
            tuple(map(_text, stalled)),
            symbol="diamond",
        )
    median = result(data, TIME)
    if median is not None:
        yield Rule(f"Median {median.text}", median.value, "y", NEUTRAL)


def _text(one: Stretch) -> str:
    return f"Launch {one.launch}, step {one.step:,.0f}: {quantity_text(one.time, 's')}"


def _title(data: Mapping[str, Any], stretches: Sequence[Stretch]) -> str:
    """Return the finding: how long a step takes, and how much longer the slowest took."""
    median = result(data, TIME)
    slowest = max(each.time for each in stretches)
    if median is None:
        return f"The slowest of the run's steps took {quantity_text(slowest, 's')}"
    more = f"; the slowest took {slowest / median.value:.1f} times as long"
    return f"A step takes {median.full}{more if slowest > 1.05 * median.value else ''}"


def _told(data: Mapping[str, Any], stretches: Sequence[Stretch], drawn: int) -> Iterator[str]:
    """Yield the sentences of the description."""
    yield "The time of a step over the number of the step, in the order of the log."
    launches = len({each.launch for each in stretches})
    if launches > 1:
        yield f"There are {launches:,} launches; steps that were done again are drawn again."
    several = max(each.steps for each in stretches)
    if several > 1:
        yield f"Each point is the mean of up to {several:,.0f} steps."
    if stalled := sum(1 for each in stretches if each.stalls):
        yield f"{stalled:,} of them hold an evaluation or a checkpoint."
    if len(stretches) > drawn:
        yield f"Of {len(stretches):,} points {drawn:,} are drawn."
    if result(data, TIME) is not None:
        yield f"The range of the median is the {interval_words(data)}."


def _cells(one: Stretch) -> Cells:
    return (one.launch, one.step, one.steps, one.time, one.stalls)
