"""The picture of a modelled step: where its time goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmcost.figures import quantity_text, range_text, significant
from llmcost.picture import PALETTE, Axis, Panel, Picture
from llmcost.studies.comparison.parts import DOES_NOT_FIT
from llmcost.table import Cell, Field, Table
from llmcost.views.pictures.stacks import Part, bars, grouped, laid, scaled, waterfall
from llmcost.views.pictures.words import (
    NOT_MODELLED,
    Amount,
    accelerators,
    given,
    interval_words,
    listed,
    number,
    of_drawn,
    phase_words,
    result,
    run_name,
    source_line,
    whiskers,
)
from llmcost.views.steps import PART_TITLES

MATRICES, ATTENTION, REST = "Matrix products", "Attention", "Memory, launches, optimizer"
LAYERS, REPLICAS = "Transfers within layers", "Transfers between layers and replicas"
WAITING, RECOMPUTE = "Waiting", "Recompute"
GROUPS = {
    **dict.fromkeys(("matmul", "head"), MATRICES),
    "attention": ATTENTION,
    **dict.fromkeys(("memory_bound", "launch", "optimizer"), REST),
    **dict.fromkeys(("tensor_parallel", "context_parallel", "expert_parallel"), LAYERS),
    **dict.fromkeys(("pipeline_parallel", "data_parallel"), REPLICAS),
    **dict.fromkeys(("bubble", "imbalance", "straggler"), WAITING),
    "recompute": RECOMPUTE,
}
ORDER = (MATRICES, ATTENTION, REST, RECOMPUTE, LAYERS, REPLICAS, WAITING)
COLOURS = dict(zip(ORDER, PALETTE, strict=True))
USEFUL = ("matmul", "head", "attention")
# Below this share of a step a part is too thin to be seen.
LEAST_SEEN = 0.005
SMALL = "Smaller parts"
MOST_SETUPS = 24
MILLION = 1e6
# Name and estimate of a setup, and what its times are multiplied by.
Each = Sequence[tuple[str, Mapping[str, Any], float]]


def refusal(data: Mapping[str, Any]) -> str:
    """Return why no step of a result can be drawn, empty where one can."""
    if "setups" in data:
        return "" if _modelled(data) else "no setup has a modelled step"
    return "" if _takes_time(data) else NOT_MODELLED


def _takes_time(estimate: Mapping[str, Any]) -> bool:
    told = estimate.get("step") or {"parts": {}}
    return any(_time(part) > 0 for part in told["parts"].values())


def step(data: Mapping[str, Any]) -> Picture:
    """Return the time [s] of a step by its parts; of a comparison, a bar a setup."""
    if "setups" in data:
        return _of_setups(data)
    whole = _whole(data)
    rows = waterfall(whole)
    time = result(data, "step_time")
    titles = ("One step", *(_label(part, whole) for part in whole))
    marks = (
        *bars(rows, COLOURS, _seconds),
        *whiskers(f"{interval_words(data)} of the step", [time] if time else []),
    )
    ticks = tuple((float(at), title) for at, title in enumerate(titles[: len(rows)]))
    return Picture(
        "step",
        _title(data, whole),
        _told(data, whole, time),
        source_line(data),
        (Panel(Axis("Time in a step", "s"), Axis(ticks=ticks, reverse=True), marks, _run(data)),),
        _table([("One step", data, 1.0)]),
    )


def _run(data: Mapping[str, Any]) -> str:
    return f"{run_name(data)}, {accelerators(data)}{phase_words(data)}"


def _whole(data: Mapping[str, Any], least: float = LEAST_SEEN) -> tuple[Part, ...]:
    """Return the parts of a step, group by group; those below a share are one part, the last."""
    parts = data["step"]["parts"]
    seen = [name for name in PART_TITLES if name in parts and _share(parts[name]) >= least]
    seen.sort(key=lambda name: ORDER.index(GROUPS.get(name, WAITING)))
    drawn = [(PART_TITLES[n], GROUPS.get(n, WAITING), _time(parts[n])) for n in seen]
    small = sum(_time(part) for name, part in parts.items() if name not in seen)
    return laid([*drawn, (SMALL, SMALL, small)])


def _share(part: Mapping[str, Any]) -> float:
    return number(part.get("share")) or 0.0


def _time(part: Mapping[str, Any]) -> float:
    return number(part.get("value")) or 0.0


def _label(part: Part, whole: Sequence[Part]) -> str:
    """Return a part with its time and share: ``Attention, 239 ms (3.9%)``."""
    return f"{part.title}, {_seconds(part.size)} ({_percent(part.size, whole)})"


def _percent(size: float, whole: Sequence[Part]) -> str:
    return _share_text(size / whole[-1].end)


def _seconds(time: float) -> str:
    return f"{significant(time)} s" if time >= 1 else quantity_text(time, "s")


def _title(data: Mapping[str, Any], whole: Sequence[Part]) -> str:
    parts = data["step"]["parts"]
    useful = sum(_share(parts[name]) for name in USEFUL if name in parts)
    takes = f"A step{phase_words(data)} takes {_seconds(whole[-1].end)}"
    told = f"{takes}: {useful:.0%} is matrix products and attention"
    rest = [part for part in whole if part.group not in (MATRICES, ATTENTION)]
    if not rest:
        return told
    lost = max(rest, key=_size)
    return f"{told}, {_percent(lost.size, whole)} {lost.title.lower()}, the largest of the rest"


def _size(part: Part) -> float:
    return part.size


def _told(data: Mapping[str, Any], whole: Sequence[Part], time: Amount | None) -> str:
    parts = sorted(whole, key=_size, reverse=True)
    told = ", ".join(f"{part.title.lower()} {_percent(part.size, whole)}" for part in parts)
    ends = range_text(time.low, time.high, "s", like=time.value) if time else ""
    span = f" ({interval_words(data)}: {ends})" if ends else ""
    layout = data["step"].get("layout")
    return f"One step of {_run(data)} takes {_seconds(whole[-1].end)}{span}. Its parts: {told}." + (
        f" Layout: {layout}." if layout else ""
    )


def _modelled(data: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return name and estimate of each setup that has room for the step that was modelled.

    They are in the order of ranks.
    """
    fitting = [setup for setup in data["setups"] if setup.get("status") != DOES_NOT_FIT]
    known = {setup["name"]: setup.get("estimate") for setup in fitting}
    names = [name for name in data.get("order") or known if name in known]
    return [(name, told) for name in names if (told := known[name]) and _takes_time(told)]


def _of_setups(data: Mapping[str, Any]) -> Picture:
    modelled = _modelled(data)
    shown = modelled[:MOST_SETUPS]
    each = [(name, told, _times(told, shown)) for name, told in shown]
    rows = [scaled(grouped(_whole(told, 0.0)), times) for _, told, times in each]
    axis = Axis("Time in a step" if _alike(shown) else "Time of a million tokens", "s")
    return Picture(
        "step",
        _best(each, rows, axis) + of_drawn(len(shown), len(modelled)),
        " ".join(_told_of(data, each, rows, axis)),
        source_line(data),
        tuple(_panels_of(each, rows, axis)),
        _table(each),
    )


def _panels_of(each: Each, rows: Sequence[Sequence[Part]], axis: Axis) -> Iterator[Panel]:
    """Yield the times of all setups, and of several also their shares: times may be far apart."""
    ticks = tuple((float(at), name) for at, (name, _, _) in enumerate(each))
    yield Panel(axis, Axis(ticks=ticks, reverse=True), tuple(bars(rows, COLOURS, _seconds)))
    if len(rows) > 1:
        shares = [scaled(row, 1 / row[-1].end) for row in rows]
        marks = tuple(bars(shares, COLOURS, _share_text))
        yield Panel(Axis("Share of the step", "share"), Axis(ticks=ticks, reverse=True), marks)


def _share_text(share: float) -> str:
    return quantity_text(float(f"{share:.2g}"), "share")


def _tokens(estimate: Mapping[str, Any]) -> float:
    """Return how many tokens a step of an estimate trains on."""
    batch, length = (number(given(estimate, n)) for n in ("global_batch_size", "seq_length"))
    return (batch or 0.0) * (length or 0.0)


def _alike(shown: Sequence[tuple[str, Mapping[str, Any]]]) -> bool:
    """Return whether all steps train on as many tokens, or it is not known of one how many."""
    counts = {_tokens(told) for _, told in shown}
    return len(counts) == 1 or 0.0 in counts


def _times(told: Mapping[str, Any], shown: Sequence[tuple[str, Mapping[str, Any]]]) -> float:
    """Return by what to multiply times: steps of unlike batches are compared by the token."""
    return 1.0 if _alike(shown) else MILLION / _tokens(told)


def _best(each: Each, rows: Sequence[Sequence[Part]], axis: Axis) -> str:
    ends = [(row[-1].end, name) for row, (name, _, _) in zip(rows, each, strict=True)]
    (least, first), (most, last) = min(ends), max(ends)
    what = "A step takes" if "step" in axis.title else "A million tokens take"
    if len(ends) == 1:
        return f"{what} {_seconds(least)} on {first}"
    return f"{what} {_seconds(least)} on {first}, the fastest, and {_seconds(most)} on {last}"


def _told_of(
    data: Mapping[str, Any], each: Each, rows: Sequence[Sequence[Part]], axis: Axis
) -> Iterator[str]:
    told = []
    for (name, _, _), row in list(zip(each, rows, strict=True))[: MOST_SETUPS // 2]:
        largest = sorted(row, key=_size, reverse=True)[:3]
        parts = ", ".join(f"{part.title.lower()} {_percent(part.size, row)}" for part in largest)
        told.append(f"{name} {_seconds(row[-1].end)} ({parts})")
    yield f"{axis.title} by setup, with its three largest parts: {'; '.join(told)}."
    if rest := len(_modelled(data)) - len(each):
        yield f"Only the {len(each)} best ranked are drawn; {rest:,} more setups are left out."
    drawn = {name for name, _ in _modelled(data)}
    missing = [one for one in data["setups"] if one["name"] not in drawn]
    full = [one["name"] for one in missing if one.get("status") == DOES_NOT_FIT]
    if absent := [one["name"] for one in missing if one["name"] not in full]:
        yield f"Without a modelled step: {listed(absent)}."
    if full:
        yield f"Left out, for they do not fit the memory: {listed(full)}."


def _table(each: Each) -> Table:
    """Return every part of every step drawn, small ones too."""
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for setup, told, _ in each:
        for name, part in told["step"]["parts"].items():
            time, share = _time(part), _share(part)
            title = PART_TITLES.get(name, name)
            rows.append((setup, name, time, share))
            texts.append((setup, title, _seconds(time), f"{share:.1%}"))
    fields = (
        Field("setup", "Setup"),
        Field("part", "Part"),
        Field("value", "Time", "s", "right"),
        Field("share", "Share", align="right"),
    )
    people = () if len(each) > 1 else ("part", "value", "share")
    return Table("step", fields, tuple(rows), texts=tuple(texts), people_fields=people)
