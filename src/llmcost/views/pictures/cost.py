"""The picture of a cost: what it is made of on every basis, or in every setup."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmcost.figures import quantity_text, significant
from llmcost.picture import PALETTE, Axis, Panel, Picture
from llmcost.studies.comparison.parts import RUNS, TOO_SLOW
from llmcost.table import Cell, Field, Table
from llmcost.views.costs import RENTAL_TITLES
from llmcost.views.pictures.stacks import bars, laid
from llmcost.views.pictures.words import (
    Amount,
    accelerators,
    given,
    interval_words,
    listed,
    number,
    result,
    run_name,
    source_line,
    whiskers,
)

DOLLARS = Axis("Cost", "USD")
RENTAL = "Rental"
OWNED_PARTS = {
    "owned_servers_cost": "Servers",
    "owned_network_cost": "Network",
    "owned_capital_cost": "Cost of capital",
    "energy_cost": "Energy",
}
RUN = "Final run"
# Lines of a development, and the results that they sum: rented, then owned.
LINES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    RUN: (("cost",), ("owned_cost",)),
    "Experiments, failed runs": (("experiments_cost",), ("owned_experiments_cost",)),
    "Post-training": (("post_training_cost",), ("owned_post_training_cost",)),
    "Staff": (("staff_cost",), ("staff_cost",)),
    "Storage, traffic, upkeep": (
        ("rental_add_ons_cost", "storage_cost", "network_cost"),
        ("storage_cost", "network_cost"),
    ),
    "Data": (("data_cost",), ("data_cost",)),
}
COLOURS = {
    **dict(zip((RENTAL, *OWNED_PARTS.values()), PALETTE, strict=False)),
    **dict(zip(LINES, PALETTE, strict=False)),
}
RENTING = {
    "on-demand": "on demand",
    "spot": "at spot prices",
    "marketplace": "on a marketplace",
    "capacity-block": "in capacity blocks",
    "reserved-1y": "for a year",
    "reserved-3y": "for three years",
    "contract-1y": "by a one-year contract",
}
DEVELOPMENT = ("development_cost", "owned_development_cost")
# Setups of a comparison that one picture has room for.
MOST_SETUPS = 24
MOST_TOLD = 12
ABOUT_ALIKE = 1.05
NOT_THE_RUN = "Buying the whole cluster outlasts the run and is not its cost"


@dataclass(frozen=True, slots=True)
class Stack:
    """One bar: its title, its total, and the parts [USD] that it is made of."""

    title: str
    total: Amount
    parts: tuple[tuple[str, float], ...]


def refusal(data: Mapping[str, Any]) -> str:
    """Return why no cost of a result can be drawn, empty where one can."""
    if "setups" in data:
        return "" if _priced(data) else "no setup of the comparison has a cost"
    names = ("cost", "owned_cost", *RENTAL_TITLES)
    return "" if any(result(data, name) for name in names) else "the estimate has no cost"


def cost(data: Mapping[str, Any]) -> Picture:
    """Return stacked bars of cost [USD] by component, with the interval of each total."""
    if "setups" in data:
        return _of_setups(data)
    runs, panels = tuple(_bases(data)), []
    whole = tuple(_development(data))
    if whole:
        panels.append(_panel(whole, data, f"Development of {run_name(data)}"))
        runs = tuple(Stack(one.title, one.total, ((RUN, one.total.value),)) for one in runs)
    panels.append(_panel(runs, data, f"{RUN}: {run_name(data)}"))
    bought = tuple(_bought(data))
    if bought:
        panels.append(_panel(bought, data, f"{NOT_THE_RUN}"))
    return Picture(
        "cost",
        _title(data),
        " ".join(_told(data, whole, runs, bought)),
        source_line(data),
        tuple(panels),
        _table("basis", "Basis", (*whole, *runs, *bought)),
    )


def _bases(data: Mapping[str, Any]) -> Iterator[Stack]:
    """Yield each basis on which the cost of the run is known; the chosen one first."""
    rented = {name: total for name in RENTAL_TITLES if (total := result(data, name))}
    chosen = result(data, "cost")
    if chosen and chosen.value not in [total.value for total in rented.values()]:
        provider = _detail(data).get("provider")
        title = f"Rented, {provider or 'price given'}"
        yield Stack(title, chosen, ((RENTAL, chosen.value),))
    for name, total in rented.items():
        yield Stack(RENTAL_TITLES[name], total, ((RENTAL, total.value),))
    if total := result(data, "owned_cost"):
        yield Stack("Owned: run's share", total, tuple(_owned_parts(data)))


def _owned_parts(data: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, title in OWNED_PARTS.items():
        part = result(data, name)
        if part and part.value > 0:
            yield title, part.value


def _development(data: Mapping[str, Any]) -> Iterator[Stack]:
    for name, title, side in zip(DEVELOPMENT, ("Rented", "Owned"), (0, 1), strict=True):
        if total := result(data, name):
            yield Stack(title, total, tuple(_lines(data, side)))


def _lines(data: Mapping[str, Any], side: int) -> Iterator[tuple[str, float]]:
    """Yield the lines of a development that cost something; sums of those that share a title."""
    for title, names in LINES.items():
        known = [found.value for name in names[side] if (found := result(data, name))]
        if sum(known) > 0:
            yield title, sum(known)


def _bought(data: Mapping[str, Any]) -> Iterator[Stack]:
    if total := result(data, "acquisition_cost"):
        yield Stack("Buying the cluster", total, (("", total.value),))


def _panel(stacks: Sequence[Stack], data: Mapping[str, Any], title: str = "") -> Panel:
    """Return the bars of some costs below each other, with whiskers for the totals."""
    ticks = tuple((float(at), f"{one.title}, {one.total.text}") for at, one in enumerate(stacks))
    label = f"{interval_words(data)} of the total"
    rows = [laid([(part, part, value) for part, value in stack.parts]) for stack in stacks]
    marks = (*bars(rows, COLOURS, _dollars), *whiskers(label, [stack.total for stack in stacks]))
    return Panel(DOLLARS, Axis(ticks=ticks, reverse=True), marks, title)


def _dollars(value: float) -> str:
    return quantity_text(value, "USD")


def _title(data: Mapping[str, Any]) -> str:
    chosen, owned = result(data, "cost"), result(data, "owned_cost")
    rented, bought = (result(data, name) for name in DEVELOPMENT)
    if rented or bought:
        told = [("rented", rented), ("owned", bought)]
        costs = ", ".join(f"{one.full} {words}" for words, one in told if one)
        return f"Developing {given(data, 'model') or 'the model'} costs {costs}"
    if chosen is None:
        return _without_rent(data)
    words = f"Renting {accelerators(data)} {_renting(data)} costs {chosen.full}"
    return words + (f"; owning the same hours {owned.text}" if owned else "")


def _without_rent(data: Mapping[str, Any]) -> str:
    """Return the finding on an estimate for which the rent that was asked for has no price."""
    first = next(_bases(data))
    return f"{first.title} for {accelerators(data)}: {first.total.full}; no price as asked for"


def _renting(data: Mapping[str, Any]) -> str:
    detail, price = _detail(data), number(given(data, "price"))
    terms = RENTING.get(str(detail.get("terms")), str(detail.get("terms") or ""))
    if provider := detail.get("provider"):
        return f"{terms} from {provider}".strip()
    return terms or (f"at {quantity_text(price, 'USD/GPU/hour')}" if price else "as given")


def _detail(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what is known of the price that counts; nothing where the user gave it."""
    told = (data["inputs"].get("price") or {}).get("detail")
    return told if isinstance(told, Mapping) else {}


def _told(
    data: Mapping[str, Any],
    whole: Sequence[Stack],
    runs: Sequence[Stack],
    bought: Sequence[Stack],
) -> Iterator[str]:
    """Yield the text alternative, in sentences."""
    ends = interval_words(data)
    if whole:
        yield f"Cost of development ({ends}): {_costs(whole)}; its parts are {_shares(whole)}."
    yield f"Cost of the final run on each basis ({ends}): {_costs(runs)}."
    owned = [one for one in runs if len(one.parts) > 1]
    if owned:
        yield f"An owner's cost is {_shares(owned[-1:])}."
    if bought:
        yield f"{NOT_THE_RUN}: {bought[0].total.full}."


def _costs(stacks: Iterable[Stack]) -> str:
    return "; ".join(f"{one.title[0].lower()}{one.title[1:]} {one.total.full}" for one in stacks)


def _shares(stacks: Sequence[Stack]) -> str:
    """Return the parts of bars in words, each bar by its title where there are several."""
    told = []
    for one in stacks:
        parts = (f"{name.lower()} {quantity_text(value, 'USD')}" for name, value in one.parts)
        lead = f"{one.title.lower()}: " if len(stacks) > 1 else ""
        told.append(f"{lead}{', '.join(parts)}")
    return "; ".join(told)


def _table(name: str, heading: str, stacks: Sequence[Stack]) -> Table:
    """Return the numbers drawn: each total with its interval, and each part of several."""
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for one in stacks:
        total = one.total
        rows.append((one.title, "total", total.value, total.low, total.high))
        ends = tuple(quantity_text(end, "USD") for end in (total.low, total.high))
        texts.append((one.title, "total", total.text, *ends))
        for part, value in one.parts if len(one.parts) > 1 else ():
            rows.append((one.title, part, value, None, None))
            texts.append((one.title, part, quantity_text(value, "USD"), "", ""))
    fields = (
        Field(name, heading),
        Field("part", "Part"),
        Field("value", "Cost", "USD", "right"),
        Field("low", "Low", "USD", "right"),
        Field("high", "High", "USD", "right"),
    )
    return Table("cost", fields, tuple(rows), texts=tuple(texts))


def _priced(data: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return name and estimate of each setup that can run and has a cost, the cheapest first."""
    able = [setup for setup in data["setups"] if setup.get("status") in (RUNS, TOO_SLOW)]
    known = [(setup["name"], setup.get("estimate")) for setup in able]
    priced = [(name, told) for name, told in known if told and result(told, "cost")]
    return sorted(priced, key=lambda one: _whole(one[1]).value)


def _whole(estimate: Mapping[str, Any]) -> Amount:
    """Return the cost that a setup is told by: of its development where that is known."""
    found = result(estimate, DEVELOPMENT[0]) or result(estimate, "cost")
    return found or Amount(0.0, 0.0, 0.0, "USD")


def _of_setups(data: Mapping[str, Any]) -> Picture:
    priced = _priced(data)
    terms = {_terms(told) for _, told in priced[:MOST_SETUPS]}
    shown = tuple(_stack(name, told, len(terms) > 1) for name, told in priced[:MOST_SETUPS])
    if len(priced) > MOST_SETUPS:
        title = f"The {MOST_SETUPS} cheapest of {len(priced):,} setups"
        words = f" The other {len(priced) - MOST_SETUPS:,} priced setups are left out here."
    else:
        title, words = "Cost of each setup", ""
    title += f", rented {next(iter(terms))}" if len(terms) == 1 and terms != {""} else ""
    missing = "".join(_not_drawn(data, {name for name, _ in priced}))
    return Picture(
        "cost",
        _best(shown, len(priced)),
        f"{title} ({interval_words(data)}): {_first_costs(shown)}.{words}{missing}",
        source_line(data),
        (_panel(shown, data, title),),
        _table("setup", "Setup", shown),
    )


def _not_drawn(data: Mapping[str, Any], priced: Collection[str]) -> Iterator[str]:
    """Yield which setups have no bar: those without a price, and those that cannot run."""
    missing = [setup for setup in data["setups"] if setup["name"] not in priced]
    unable = [one["name"] for one in missing if one.get("status") not in (RUNS, TOO_SLOW)]
    unpriced = [one["name"] for one in missing if one["name"] not in unable]
    if unpriced:
        yield f" Without a cost, and not drawn: {listed(unpriced)}."
    if unable:
        yield f" Cannot run, and not drawn: {listed(unable)}."


def _first_costs(shown: Sequence[Stack]) -> str:
    more = len(shown) - MOST_TOLD
    told = "; ".join(f"{one.title} {one.total.full}" for one in shown[:MOST_TOLD])
    return told + (f"; and {more} more up to {shown[-1].total.text}" if more > 0 else "")


def _stack(name: str, estimate: Mapping[str, Any], with_terms: bool) -> Stack:
    title = f"{name}, {_terms(estimate)}" if with_terms and _terms(estimate) else name
    if whole := result(estimate, DEVELOPMENT[0]):
        return Stack(title, whole, tuple(_lines(estimate, 0)))
    total = _whole(estimate)
    return Stack(title, total, ((RENTAL, total.value),))


def _terms(estimate: Mapping[str, Any]) -> str:
    terms = _detail(estimate).get("terms")
    return RENTING.get(str(terms), str(terms)) if terms else ""


def _best(shown: Sequence[Stack], count: int) -> str:
    first, last = shown[0], shown[-1]
    if count == 1:
        return f"{first.title} costs {first.total.full}"
    words = f"{first.title} is the cheapest of {count:,} setups at {first.total.full}"
    if not first.total.value:
        return words
    ratio = last.total.value / first.total.value
    if ratio < ABOUT_ALIKE:
        return f"{words}; {last.title} costs about as much"
    return f"{words}; {last.title} costs {significant(ratio, 2)} times as much"
