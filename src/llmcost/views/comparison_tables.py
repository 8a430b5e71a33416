"""Tables of a comparison that are alike for few setups and many: a row a setup."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from llmcost.figures import EM_DASH, quantity_text, range_text
from llmcost.studies.comparison.columns import names_and_units
from llmcost.studies.wording import short_layout
from llmcost.table import Cell, Field, Table
from llmcost.views.comparison_cells import MARK, RANGE, TITLES, filled, why_unpriced
from llmcost.views.comparison_words import bare, to_win, unit_of
from llmcost.views.costs import NOT_KNOWN
from llmcost.views.estimates import origin_text

if TYPE_CHECKING:
    from llmcost.inputs import InputValue
    from llmcost.studies.comparison.answer import Comparison
    from llmcost.studies.comparison.parts import SetupResult

# A kind of limit below this share in every step is left out.
LEAST = 5e-3
LIMIT_TITLES = {
    "compute": "Compute",
    "memory_capacity": "Recomp.",
    "memory_bandwidth": "Memory",
    "network": "Network",
    "waiting": "Waiting",
}


def layout_table(setups: Sequence[SetupResult]) -> Table | None:
    """Return the layout of each setup, `None` where the speed is given and needs none."""
    layouts = [setup.input("layout") for setup in setups]
    if not any(layouts):
        return None
    names = [setup.name for setup in setups]
    rows = tuple(
        (name, str(each) if each else None) for name, each in zip(names, layouts, strict=True)
    )
    told = (short_layout(str(each)).replace(",", "") if each else EM_DASH for each in layouts)
    fields = (Field("setup", "Setup"), Field("layout", "Layout"))
    return Table("layouts", fields, rows, texts=tuple(zip(names, told, strict=True)))


def limit_table(setups: Sequence[SetupResult]) -> Table | None:
    """Return what the step of each setup goes to, `None` where no step is modelled.

    What takes most of it after computing is marked.
    """
    if not any(setup.limits for setup in setups):
        return None
    shares = [{limit.name: limit.share for limit in setup.limits} for setup in setups]
    kinds = [kind for kind in LIMIT_TITLES if any(each.get(kind, 0) >= LEAST for each in shares)]
    rows = tuple(
        (setup.name, *(each.get(kind) for kind in kinds))
        for setup, each in zip(setups, shares, strict=True)
    )
    texts = tuple(
        (setup.name, *(_limit(setup, kind, each.get(kind)) for kind in kinds))
        for setup, each in zip(setups, shares, strict=True)
    )
    fields = (
        Field("setup", "A step goes to"),
        *(Field(kind, LIMIT_TITLES[kind], align="right") for kind in kinds),
    )
    note = f"{MARK}: what takes most of a step beside computing."
    return Table("limits", fields, rows, texts=texts, notes=(note,))


def _limit(setup: SetupResult, kind: str, share: float | None) -> str:
    if share is None:
        return EM_DASH
    mark = f"{MARK} " if kind == setup.next_limit and share else ""
    return f"{mark}{share:.0%}"


def price_table(found: Comparison) -> Table | None:
    """Return the price behind each cost and where it is from, or why there is none."""
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for setup in found.ranked:
        price = setup.estimate.inputs.get("price") if setup.estimate else None
        if price is None:
            continue
        known = isinstance(price.value, int | float)
        told = _offered(price) if known else why_unpriced(setup.no_price)
        win = to_win(found, setup.name)
        below = win.price.value if win else None
        value = price.value if isinstance(price.value, int | float) else None
        rows.append((setup.name, value, price.low, below, told))
        texts.append((setup.name, bare(value), _price_ends(price), bare(below), told))
    fields = (
        Field("setup", "Setup"),
        Field("price", "Price", "USD/GPU/hour", "right"),
        Field("low", RANGE, align="right"),
        Field("wins_below", "Wins below", "USD/GPU/hour", "right"),
        Field("source", "From"),
    )
    title = "Prices in USD/GPU/hour"
    if not rows:
        return None
    shown = filled(fields, texts)
    return Table("prices", fields, tuple(rows), title, tuple(texts), people_fields=shown)


def _price_ends(price: InputValue) -> str:
    if price.low is None or price.high is None or price.low == price.high:
        return ""
    like = price.value if isinstance(price.value, int | float) else None
    return range_text(price.low, price.high, "USD", like=like).replace("$", "")


def _offered(price: InputValue) -> str:
    """Return where a price is from, in a few words."""
    detail = price.detail
    if price.origin.kind != "catalogue" or not detail:
        return origin_text("price", price)
    who = detail.get("provider") or f"median of {detail.get('providers')} providers"
    return f"{detail.get('terms')}, {who} ({price.origin.as_of})"


def group_table(found: Comparison) -> Table | None:
    """Return the setups of each group, best first, `None` where nothing was grouped by."""
    if not found.groups:
        return None
    rows = tuple(
        (
            ", ".join(_alike(name, value) for name, value in group.by.items()),
            ", ".join(group.order),
        )
        for group in found.groups
    )
    titles = (TITLES.get(name, name.replace("_", " ")) for name in found.groups[0].by)
    by = ", ".join(title.strip() for title in titles)
    fields = (Field("group", by[0].upper() + by[1:]), Field("order", "Setups, best first"))
    return Table("groups", fields, rows)


def _alike(name: str, value: object) -> str:
    """Return what the setups of a group have in common, a number with its unit."""
    if value is None:
        return NOT_KNOWN
    unit = names_and_units().get(name)
    if unit is None or not isinstance(value, int | float):
        return str(value).replace("_", " ")
    return quantity_text(value, unit_of(name, unit))


def absent_table(found: Comparison) -> Table | None:
    """Return the setups that cannot do what was asked, and why, `None` where all can."""
    absent = [setup for setup in found.ranked if not setup.runs]
    if not absent:
        return None
    rows = tuple((setup.name, setup.status, setup.reason) for setup in absent)
    fields = (Field("name", "Setup"), Field("status", "What"), Field("reason", "Why"))
    return Table("absent", fields, rows, title="Not in the running")
