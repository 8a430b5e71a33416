"""The picture of a comparison: what each setup costs against how long it takes, and the front."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmcost.figures import quantity_text
from llmcost.picture import NEUTRAL, PALETTE, Axis, Line, Mark, Panel, Picture, Points, Rule
from llmcost.studies.comparison.parts import RUNS, TOO_SLOW
from llmcost.table import Field
from llmcost.views.pictures.marks import COLOURS, WIDE, Cells, groups_of, numbers_table, thinned
from llmcost.views.pictures.spans import scale_of
from llmcost.views.pictures.words import (
    Amount,
    accelerators,
    given,
    interval_words,
    listed,
    number,
    result,
    source_line,
)

# Of more setups than these some are drawn, only those of the front named, or with intervals.
MOST_POINTS = 500
MOST_NAMES = 12
MOST_INTERVALS = 40
# Label, colour and symbol.
Look = tuple[str, str, str]
LATE: Look = ("Slower than asked for", PALETTE[1], "cross")
BEATEN: Look = ("Beaten in cost and time", NEUTRAL, "square")
ON_FRONT: Look = ("On the front", PALETTE[0], "circle")
FIELDS = (
    Field("name", "Setup"),
    Field("status", "Status"),
    Field("wall_clock", "Wall clock", "day", "right"),
    Field("wall_clock_low", "Wall clock, low", "day", "right"),
    Field("wall_clock_high", "Wall clock, high", "day", "right"),
    Field("cost", "Cost", "USD", "right"),
    Field("cost_low", "Cost, low", "USD", "right"),
    Field("cost_high", "Cost, high", "USD", "right"),
    Field("front", "On the front"),
)


@dataclass(frozen=True, slots=True)
class Spot:
    """One setup with a wall clock [day] and a cost [USD]; `wins` tells of its draws."""

    name: str
    gpu: str
    hardware: str
    status: str
    days: Amount
    cost: Amount
    front: bool
    wins: str

    @property
    def text(self) -> str:
        """Everything about it, for who points at it."""
        return f"{self.name}: {self.hardware}, {self.days.full}, {self.cost.full}{self.wins}"

    @property
    def short(self) -> str:
        """Its name, cost and time."""
        return f"{self.name} ({self.cost.text}, {self.days.text})"


def refusal(data: Mapping[str, Any]) -> str:
    """Return why a comparison cannot be drawn so, empty where it can."""
    found = any(_spot(setup, ()) for setup in data["setups"])
    return "" if found else "no setup that can run has both a cost and a wall clock"


def cost_and_time(data: Mapping[str, Any]) -> Picture:
    """Return the cost [USD] of each setup against its wall clock [day], with the Pareto front."""
    spots = [spot for setup in data["setups"] if (spot := _spot(setup, data.get("front") or ()))]
    drawn = _drawn(spots)
    panel = Panel(
        Axis("Wall clock", "day", scale_of(_ends(drawn, "days"), WIDE)),
        Axis(cost_title(data), "USD", scale_of(_ends(drawn, "cost"), WIDE)),
        tuple(_marks(drawn, data)),
    )
    return Picture(
        "cost-and-time",
        _title(spots, data) + _thin(drawn, spots),
        " ".join(_told(spots, drawn, data)),
        source_line(data),
        (panel,),
        numbers_table("cost-and-time", "Cost against wall clock", FIELDS, list(map(_row, drawn))),
    )


def _spot(setup: Mapping[str, Any], front: Sequence[str]) -> Spot | None:
    """Return the place of a setup, `None` for one that cannot run or has no cost."""
    estimate = setup.get("estimate")
    if not estimate or setup.get("status") not in (RUNS, TOO_SLOW):
        return None
    days, cost = result(estimate, "wall_clock"), result(estimate, "cost")
    if days is None or cost is None:
        return None
    name = str(setup["name"])
    return Spot(
        name=name,
        gpu=str(given(estimate, "gpu") or name),
        hardware=accelerators(estimate),
        status=setup["status"],
        days=days,
        cost=cost,
        front=name in front,
        wins=_wins(setup.get("shares") or {}),
    )


def _wins(shares: Mapping[str, Any]) -> str:
    told = {"cheapest": "cheapest", "fastest": "fastest", "front": "on the front"}
    known = [(words, number(shares.get(name))) for name, words in told.items()]
    texts = [f"{words} in {share:.0%}" for words, share in known if share is not None]
    return f"; {', '.join(texts)} of draws" if texts else ""


def _drawn(spots: Sequence[Spot]) -> list[Spot]:
    """Return the setups that are drawn: all, or the front and some of the others, by cost."""
    front = [spot for spot in spots if spot.front]
    others = sorted((spot for spot in spots if not spot.front), key=lambda spot: spot.cost.value)
    room = max(2, MOST_POINTS - len(front))
    return list(spots) if len(spots) <= MOST_POINTS else [*front, *thinned(others, room)]


def _ends(spots: Sequence[Spot], name: str) -> list[float]:
    return [end for spot in spots for end in (getattr(spot, name).low, getattr(spot, name).high)]


def cost_title(data: Mapping[str, Any]) -> str:
    """Return what the cost is of, where that is the same for every setup."""
    terms = {setup.get("terms") for setup in data["setups"] if setup.get("estimate")}
    only = terms.pop() if len(terms) == 1 else None
    return f"Cost, rented {only.replace('on-demand', 'on demand')}" if only else "Cost"


def _marks(spots: Sequence[Spot], data: Mapping[str, Any]) -> Iterator[Mark]:
    deadline = number((data.get("asked") or {}).get("deadline"))
    if deadline:
        yield Rule(f"Asked for: {quantity_text(deadline, 'day')}", deadline)
    front = _front(spots)
    if len(front) > 1:
        days, costs = ([getattr(s, name).value for s in front] for name in ("days", "cost"))
        yield Line("Pareto front", NEUTRAL, tuple(days), tuple(costs), steps=True)
    named = _named(spots)
    for look, members in _series(spots):
        if len(spots) <= MOST_INTERVALS:
            yield _points(look, members, named, spread=True)
            continue
        for group in ([s for s in members if not s.front], _front(members)):
            if group:
                yield _points(look, group, named, spread=group[0].front)


def _front(spots: Sequence[Spot]) -> list[Spot]:
    return sorted((spot for spot in spots if spot.front), key=lambda spot: spot.days.value)


def _named(spots: Sequence[Spot]) -> set[str]:
    """Return which setups have their name beside them."""
    chosen = spots if len(spots) <= MOST_NAMES else thinned(_front(spots), MOST_NAMES)
    return {spot.name for spot in chosen}


def _series(spots: Sequence[Spot]) -> Iterator[tuple[Look, list[Spot]]]:
    """Yield the look and the setups of each group, those beaten first."""
    late = [spot for spot in spots if spot.status == TOO_SLOW]
    on_time = [spot for spot in spots if spot.status != TOO_SLOW]
    kinds = {spot.gpu for spot in on_time}
    if len(kinds) < len(on_time) and 1 < len(kinds) <= len(COLOURS):
        looks = groups_of(spot.gpu for spot in on_time)
        groups = [(looks[kind], [s for s in on_time if s.gpu == kind]) for kind in looks]
    else:
        groups = [(BEATEN, [spot for spot in on_time if not spot.front])]
        groups.append((ON_FRONT, _front(on_time)))
    yield from ((look, members) for look, members in [(LATE, late), *groups] if members)


def _points(look: Look, spots: Sequence[Spot], named: set[str], *, spread: bool) -> Points:
    """Return the points of a group, with their intervals where there is room to `spread` them."""
    label, colour, symbol = look
    names = tuple(spot.name if spot.name in named else "" for spot in spots)
    days, costs = [spot.days for spot in spots], [spot.cost for spot in spots]
    ends = days if spread else [], costs if spread else []
    return Points(
        label,
        colour,
        x=tuple(day.value for day in days),
        y=tuple(cost.value for cost in costs),
        texts=tuple(spot.text for spot in spots),
        names=names if any(names) else (),
        x_low=tuple(day.low for day in ends[0]),
        x_high=tuple(day.high for day in ends[0]),
        y_low=tuple(cost.low for cost in ends[1]),
        y_high=tuple(cost.high for cost in ends[1]),
        symbol=symbol,
    )


def _title(spots: Sequence[Spot], data: Mapping[str, Any]) -> str:
    """Return the finding: which setup is the cheapest, which the fastest."""
    able = sum(setup.get("status") in (RUNS, TOO_SLOW) for setup in data["setups"])
    priced = " with a price" if len(spots) < able else ""
    running = [spot for spot in spots if spot.status == RUNS] or list(spots)
    cheap = min(running, key=lambda spot: spot.cost.value)
    fast = min(running, key=lambda spot: (spot.days.value, spot.cost.value))
    if len(spots) == 1:
        return f"{cheap.name} costs {cheap.cost.full} and takes {cheap.days.full}"
    if cheap is fast:
        return (
            f"{cheap.name} is the cheapest and the fastest of {len(running):,} setups{priced}: "
            f"{cheap.cost.full} and {cheap.days.full}"
        )
    return (
        f"{cheap.name} is the cheapest at {cheap.cost.full}, in {cheap.days.text}; {fast.name} "
        f"the fastest{priced and f' of those{priced}'} at {fast.days.full}, for {fast.cost.text}"
    )


def _thin(drawn: Sequence[Spot], spots: Sequence[Spot]) -> str:
    return f" ({len(drawn):,} of {len(spots):,} setups drawn)" if len(drawn) < len(spots) else ""


def _told(spots: Sequence[Spot], drawn: Sequence[Spot], data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the sentences of the description."""
    bars = "each" if len(drawn) <= MOST_INTERVALS else "those on the front"
    yield (
        "Each point is a setup at its wall clock and its cost at middle values; the bars of "
        f"{bars} are the {interval_words(data)}."
    )
    if front := _front(spots):
        names = listed([spot.short for spot in front], MOST_NAMES)
        yield f"No other setup is both cheaper and faster than these, the front: {names}."
    if beaten := [spot for spot in spots if not spot.front]:
        first = [spot.short for spot in beaten[:MOST_NAMES]]
        every = [*first, *(spot.name for spot in beaten[MOST_NAMES:])]
        yield f"Not on the front: {listed(every)}."
    if late := [spot.name for spot in spots if spot.status == TOO_SLOW]:
        yield f"Slower than asked for: {listed(late)}."
    if missing := list(_left_out(spots, data)):
        yield f"Left out: {'; '.join(missing)}."
    if len(drawn) < len(spots):
        yield f"Of {len(spots):,} setups {len(drawn):,} are drawn: the front, the others by cost."


def _left_out(spots: Sequence[Spot], data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the setups that have no place, by the reason."""
    placed, reasons = {spot.name for spot in spots}, dict[str, list[str]]()
    for setup in data["setups"]:
        if setup["name"] not in placed:
            runs = setup.get("status") in (RUNS, TOO_SLOW)
            reasons.setdefault("no price" if runs else str(setup.get("status")), []).append(
                str(setup["name"])
            )
    for reason, names in reasons.items():
        yield f"{listed(names)} ({reason})"


def _row(spot: Spot) -> Cells:
    days, cost = spot.days, spot.cost
    ends = days.value, days.low, days.high, cost.value, cost.low, cost.high
    return spot.name, spot.status, *ends, spot.front
