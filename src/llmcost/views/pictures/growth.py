"""The picture of a run that grows: cost, wall clock, MFU and goodput by number of accelerators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmcost.picture import Axis, Band, Line, Mark, Panel, Picture, Points
from llmcost.studies.comparison.parts import RUNS, TOO_SLOW
from llmcost.table import Field
from llmcost.views.pictures.cost_and_time import cost_title
from llmcost.views.pictures.marks import COLOURS, SYMBOLS, WIDE, Cells, numbers_table
from llmcost.views.pictures.spans import scale_of
from llmcost.views.pictures.words import (
    Amount,
    given,
    interval_words,
    listed,
    number,
    result,
    source_line,
)

COST, TIME, MFU, GOODPUT = "cost", "wall_clock", "mfu", "goodput"
# The panels: what they show, their unit, their title and the heading of their axis, which for cost
# depends on the terms.
PANELS = (
    ((COST,), "USD", "", ""),
    ((TIME,), "day", "", "Wall clock"),
    ((MFU, GOODPUT), "share", "MFU (solid) and goodput (dashed)", "MFU, goodput"),
)
WORDS = {COST: "costs", TIME: "takes", MFU: "MFU", GOODPUT: "goodput"}
# Numbers of accelerators that each have a tick of their own.
MOST_TICKS = 8
FEWEST = 2
FIELDS = (
    Field("series", "Setup"),
    Field("num_gpus", "GPUs", "GPU", "right"),
    *(
        Field(name, title, unit, "right")
        for result_name, words, unit in (
            (COST, "Cost", "USD"),
            (TIME, "Wall clock", "day"),
            (MFU, "MFU", "share"),
            (GOODPUT, "Goodput", "share"),
        )
        for name, title in (
            (result_name, words),
            (f"{result_name}_low", f"{words}, low"),
            (f"{result_name}_high", f"{words}, high"),
        )
    ),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A setup of a series: its number of accelerators [GPU], and the results that are drawn."""

    count: float
    results: Mapping[str, Amount]


@dataclass(frozen=True, slots=True)
class Series:
    """Setups that differ in their number of accelerators alone, the fewest first."""

    name: str
    gpu: str
    stages: tuple[Stage, ...]
    setups: frozenset[str]
    colour: str = ""
    symbol: str = ""

    def having(self, name: str) -> list[tuple[float, Amount]]:
        """Return the counts at which a result is known, and its amounts."""
        return [(each.count, each.results[name]) for each in self.stages if name in each.results]


Setups = dict[float, Mapping[str, Any]]
Known = tuple[Series, str, list[tuple[float, Amount]]]


def refusal(data: Mapping[str, Any]) -> str:
    """Return why a comparison does not tell of growth, empty where it does."""
    if any(len(setups) >= FEWEST for _, setups in _alike(data).values()):
        return ""
    return (
        "no accelerator is there with two numbers of GPUs that can run, all else alike; "
        "compare with several, as by --gpu h100-sxm --gpus 1024,4096"
    )


def growth(data: Mapping[str, Any]) -> Picture:
    """Return cost [USD], wall clock [day], MFU and goodput by number of accelerators [GPU]."""
    growing = [(name, *one) for name, one in _alike(data).items() if len(one[1]) >= FEWEST]
    drawn = [
        Series(name, gpu, _stages(setups), _names(setups), colour, symbol)
        for (name, gpu, setups), colour, symbol in zip(growing, COLOURS, SYMBOLS, strict=False)
    ]
    return Picture(
        "growth",
        _title(drawn[0]),
        " ".join(_told(drawn, len(growing), data)),
        source_line(data),
        tuple(_panels(drawn, data)),
        numbers_table("growth", "By number of accelerators", FIELDS, list(_rows(drawn))),
    )


def _alike(data: Mapping[str, Any]) -> dict[str, tuple[str, Setups]]:
    """Return the setups that can run by their counts, in series alike but for the count.

    Each series has its name and its accelerator.
    """
    setups = [(count, setup) for setup in data["setups"] if (count := _count(setup))]
    differing = _differing([setup.get("arguments") or {} for _, setup in setups])
    found: dict[str, tuple[str, Setups]] = {}
    for count, setup in setups:
        gpu = str(given(setup["estimate"], "gpu") or setup["name"])
        own = setup.get("arguments") or {}
        rest = [f"{key}={own[key]}" for key in differing if own.get(key) is not None]
        found.setdefault(", ".join([gpu, *rest]), (gpu, {}))[1].setdefault(count, setup)
    return found


def _stages(setups: Setups) -> tuple[Stage, ...]:
    """Return the results of the setups of one series, the fewest accelerators first."""
    return tuple(Stage(count, _results(setups[count])) for count in sorted(setups))


def _names(setups: Setups) -> frozenset[str]:
    return frozenset(str(setup["name"]) for setup in setups.values())


def _differing(arguments: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the arguments beside accelerator and count in which setups differ."""
    names = dict.fromkeys(name for each in arguments for name in each)
    told = [name for name in names if name not in ("gpu", "num_gpus", "name")]
    return [name for name in told if len({repr(each.get(name)) for each in arguments}) > 1]


def _count(setup: Mapping[str, Any]) -> float | None:
    """Return the number of accelerators of a setup, `None` if it cannot run."""
    estimate = setup.get("estimate")
    if not estimate or setup.get("status") not in (RUNS, TOO_SLOW):
        return None
    return number(given(estimate, "num_gpus")) if result(estimate, TIME) else None


def _results(setup: Mapping[str, Any]) -> dict[str, Amount]:
    found = {name: result(setup["estimate"], name) for name in (COST, TIME, MFU, GOODPUT)}
    return {name: amount for name, amount in found.items() if amount is not None}


def _panels(drawn: Sequence[Series], data: Mapping[str, Any]) -> Iterator[Panel]:
    shown = [panel for panel in PANELS if any(s.having(name) for s in drawn for name in panel[0])]
    for place, (names, unit, title, heading) in enumerate(shown, 1):
        amounts = [amount for s in drawn for name in names for _, amount in s.having(name)]
        scale = scale_of([end for one in amounts for end in (one.low, one.high)], WIDE)
        yield Panel(
            _counts_axis(drawn, titled=place == len(shown)),
            Axis(heading or cost_title(data), unit, "linear" if unit == "share" else scale),
            tuple(_bands(drawn, names)) + tuple(_lines(drawn, names)),
            title,
        )


def _counts_axis(drawn: Sequence[Series], *, titled: bool) -> Axis:
    """Return the axis of counts, with a tick at each where they are few; the lowest is titled."""
    counts = sorted({stage.count for series in drawn for stage in series.stages})
    few = len(counts) <= MOST_TICKS
    ticks = tuple((count, f"{count:,.0f}") for count in counts) if few else ()
    title = "Number of accelerators" if titled else ""
    return Axis(title, "GPU" if titled else "", "log", ticks)


def _known(drawn: Sequence[Series], names: Sequence[str]) -> Iterator[Known]:
    """Yield each series with each result that is known of it, at which counts."""
    for series in drawn:
        for name in names:
            if known := series.having(name):
                yield series, name, known


def _bands(drawn: Sequence[Series], names: Sequence[str]) -> Iterator[Mark]:
    for series, _, known in _known(drawn, names):
        if any(amount.low < amount.high for _, amount in known):
            lows, highs = (tuple(getattr(a, end) for _, a in known) for end in ("low", "high"))
            yield Band(series.name, series.colour, tuple(c for c, _ in known), lows, highs)


def _lines(drawn: Sequence[Series], names: Sequence[str]) -> Iterator[Mark]:
    for series, name, known in _known(drawn, names):
        counts = tuple(count for count, _ in known)
        values = tuple(amount.value for _, amount in known)
        texts = tuple(
            f"{series.name}, {count:,.0f} GPUs: {WORDS[name]} {amount.full}"
            for count, amount in known
        )
        yield Line(series.name, series.colour, counts, values, dashed=name == GOODPUT)
        yield Points(series.name, series.colour, counts, values, texts, symbol=series.symbol)


def _title(series: Series) -> str:
    """Return the finding: what the most accelerators change against the fewest."""
    first, last = series.stages[0], series.stages[-1]
    told = f"takes {_change(first, last, TIME)}"
    if COST in first.results and COST in last.results:
        told += f" and costs {_change(first, last, COST)}"
    if MFU in first.results and MFU in last.results:
        told += f"; MFU {_change(first, last, MFU)}"
    return f"On {last.count:,.0f} instead of {first.count:,.0f} {series.gpu} the run {told}"


def _change(first: Stage, last: Stage, name: str) -> str:
    texts = [stage.results[name].text for stage in (last, first)]
    return " instead of ".join(texts) if texts[0] != texts[1] else f"{texts[0]} either way"


def _told(drawn: Sequence[Series], growing: int, data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the sentences of the description."""
    yield (
        "Cost, wall clock, MFU and goodput against the number of accelerators; bands are the "
        f"{interval_words(data)}."
    )
    for series in drawn:
        ends = [_stage_text(stage) for stage in (series.stages[0], series.stages[-1])]
        yield f"{series.name}: from {ends[0]} to {ends[1]}."
    if growing > len(drawn):
        yield f"Of {growing:,} setups that grow the first {len(drawn):,} are drawn."
    shown = {name for series in drawn for name in series.setups}
    gone = [name for s in data["setups"] if (name := str(s["name"])) not in shown]
    if gone:
        yield f"Not drawn, for they cannot run or are there with one number alone: {listed(gone)}."


def _stage_text(stage: Stage) -> str:
    told = [f"{WORDS[name]} {amount.full}" for name, amount in stage.results.items()]
    return f"{stage.count:,.0f} GPUs ({', '.join(told)})"


def _rows(drawn: Sequence[Series]) -> Iterator[Cells]:
    for series in drawn:
        for stage in series.stages:
            cells: list[float | None] = []
            for name in (COST, TIME, MFU, GOODPUT):
                one = stage.results.get(name)
                cells += [one.value, one.low, one.high] if one else [None] * 3
            yield series.name, stage.count, *cells
