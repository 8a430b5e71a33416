"""The picture of memory: what one accelerator holds, against what it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmcost.picture import INK, PALETTE, Axis, Mark, Panel, Picture, Points, Rule
from llmcost.table import Cell, Field, Table
from llmcost.views.pictures.stacks import Part, bars, laid, waterfall
from llmcost.views.pictures.words import (
    NOT_MODELLED,
    accelerators,
    given,
    listed,
    number,
    of_drawn,
    phase_words,
    run_name,
    source_line,
)
from llmcost.views.steps import MEMORY_TITLES

COLOURS = dict(zip(MEMORY_TITLES.values(), PALETTE, strict=False))
HELD = Axis("Memory of the fullest accelerator", "GB")
MOST_SETUPS = 24
MOST_TOLD = 12
Each = Sequence[tuple[str, Mapping[str, Any]]]


def refusal(data: Mapping[str, Any]) -> str:
    """Return why no memory of a result can be drawn, empty where it can."""
    if "setups" in data:
        return "" if _modelled(data) else "no setup has a modelled memory"
    return "" if data.get("memory") else NOT_MODELLED


def memory(data: Mapping[str, Any]) -> Picture:
    """Return the memory [GB] that each part takes, against what programs can use."""
    if "setups" in data:
        return _of_setups(data)
    told = data["memory"]
    whole = _whole(told)
    rows = waterfall(whole)
    titles = ("Together", *(f"{part.title}, {_gigabytes(part.size)}" for part in whole))
    ticks = tuple((float(at), title) for at, title in enumerate(titles[: len(rows)]))
    marks: tuple[Mark, ...] = (*bars(rows, COLOURS, _gigabytes), *_limits(told))
    return Picture(
        "memory",
        f"{_of_all(told)} on each {given(data, 'gpu') or 'accelerator'}{phase_words(data)}",
        _told(data, whole),
        source_line(data),
        (Panel(HELD, Axis(ticks=ticks, reverse=True), marks, _run(data)),),
        _table([("", data)]),
    )


def _run(data: Mapping[str, Any]) -> str:
    return f"{run_name(data)}, {accelerators(data)}{phase_words(data)}"


def _whole(told: Mapping[str, Any]) -> tuple[Part, ...]:
    parts = told["parts"]
    titles = {name: MEMORY_TITLES.get(name, name) for name in parts}
    return laid([(title, title, _value(parts[name])) for name, title in titles.items()])


def _value(told: Mapping[str, Any]) -> float:
    return number(told.get("value")) or 0.0


def _gigabytes(size: float) -> str:
    return f"{size:.1f} GB" if size >= 1 else f"{size:.2f} GB"


def _limits(told: Mapping[str, Any]) -> Iterator[Rule]:
    """Yield what programs can use; and the capacity where it is more, so that they lose some."""
    usable, capacity = _value(told["usable"]), _value(told["capacity"])
    sold = "" if capacity > usable else f", sold as {capacity:.0f} GB"
    yield Rule(f"usable: {_gigabytes(usable)}{sold}", usable, colour=INK)
    if capacity > usable:
        yield Rule(f"capacity: {_gigabytes(capacity)}", capacity)


def _of_all(told: Mapping[str, Any]) -> str:
    """Return how much is held of what there is, and what is left or lacking."""
    total, usable, left = (_value(told[name]) for name in ("total", "usable", "headroom"))
    rest = f"{_gigabytes(left)} left" if left >= 0 else f"{_gigabytes(-left)} too much"
    return f"{_gigabytes(total)} of {_gigabytes(usable)} usable memory, {rest},"


def _told(data: Mapping[str, Any], whole: Sequence[Part]) -> str:
    told = data["memory"]
    parts = ", ".join(f"{part.title.lower()} {_gigabytes(part.size)}" for part in whole)
    capacity = _value(told["capacity"])
    return (
        f"The fullest accelerator of {_run(data)} holds {_of_all(told).rstrip(',')}: {parts}. "
        f"Memory sold as {capacity:.0f} GB leaves programs {_gigabytes(_value(told['usable']))} "
        f"of 10^9 bytes; the run {'fits' if told['fits'] else 'does not fit'}."
    )


def _modelled(data: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return name and estimate of each setup with a modelled memory, in the order of ranks."""
    known = {setup["name"]: setup.get("estimate") for setup in data["setups"]}
    names = [name for name in data.get("order") or known if name in known]
    return [(name, told) for name in names if (told := known[name]) and told.get("memory")]


def _of_setups(data: Mapping[str, Any]) -> Picture:
    modelled = _modelled(data)
    shown = modelled[:MOST_SETUPS]
    rows = [_whole(told["memory"]) for _, told in shown]
    ticks = tuple((float(at), name) for at, (name, _) in enumerate(shown))
    marks: tuple[Mark, ...] = (*bars(rows, COLOURS, _gigabytes), _usable(shown))
    return Picture(
        "memory",
        _best(shown) + of_drawn(len(shown), len(modelled)),
        " ".join(_told_of(data, shown, len(modelled))),
        source_line(data),
        (Panel(HELD, Axis(ticks=ticks, reverse=True), marks),),
        _table(shown),
    )


def _usable(shown: Each) -> Points:
    """Return a point at the memory that programs can use on the accelerator of each setup."""
    ends = tuple(_value(told["memory"]["usable"]) for _, told in shown)
    return Points(
        "usable memory",
        INK,
        ends,
        tuple(map(float, range(len(shown)))),
        tuple(
            f"{name}: {_gigabytes(end)} usable" for (name, _), end in zip(shown, ends, strict=True)
        ),
        symbol="diamond",
    )


def _best(shown: Each) -> str:
    """Return which setup is the fullest, and which has the most left."""
    shares = [
        (_value(told["memory"]["total"]) / max(_value(told["memory"]["usable"]), 1e-9), name)
        for name, told in shown
    ]
    (least, roomy), (most, full) = min(shares), max(shares)
    words = f"{full} fills {most:.0%} of its usable memory"
    return words if len(shares) == 1 else f"{words}, the most; {roomy} {least:.0%}"


def _told_of(data: Mapping[str, Any], shown: Each, count: int) -> Iterator[str]:
    told = (f"{name} {_of_all(one['memory']).rstrip(',')}" for name, one in shown[:MOST_TOLD])
    yield f"Memory of the fullest accelerator by setup: {'; '.join(told)}."
    if rest := count - len(shown):
        yield f"Only the {len(shown)} best ranked are drawn; {rest:,} more setups are left out."
    drawn = {name for name, _ in _modelled(data)}
    if absent := [one["name"] for one in data["setups"] if one["name"] not in drawn]:
        yield f"Without a modelled memory: {listed(absent)}."


def _table(each: Each) -> Table:
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for setup, data in each:
        told = data["memory"]
        sums = {name: told[name] for name in ("total", "usable", "capacity", "headroom")}
        for name, part in (*told["parts"].items(), *sums.items()):
            rows.append((setup, name, _value(part)))
            title = MEMORY_TITLES.get(name, name.capitalize())
            texts.append((setup, title, f"{_value(part):.2f}"))
    fields = (
        Field("setup", "Setup"),
        Field("part", "Part"),
        Field("value", "Memory", "GB", "right"),
    )
    people = () if len(each) > 1 else ("part", "value")
    return Table("memory", fields, tuple(rows), texts=tuple(texts), people_fields=people)
