"""Many setups: a row each, in tables narrow enough for any screen; of very many the ranking."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from llmcost.table import Cell, Field, Table
from llmcost.views.comparison_cells import (
    BASES,
    ENERGY,
    MORE,
    RANGE,
    TITLES,
    any_known,
    filled,
    gigabytes,
    marked,
    one_sign,
    whole,
    why_unpriced,
)
from llmcost.views.comparison_tables import layout_table, limit_table
from llmcost.views.comparison_words import change_text, ends_text, share_text

if TYPE_CHECKING:
    from llmcost.studies.comparison.answer import Comparison
    from llmcost.studies.comparison.parts import SetupResult

# Of more setups than these people are not told every basis of cost; files have everything.
SOME = 12
HEADINGS = {"cheapest": "Wins", "fastest": "Wins", "front": "Front", "deadline": "In time"}


def in_rows(found: Comparison, setups: Sequence[SetupResult]) -> Iterator[Table]:
    """Yield the tables of many setups, best first: one row a setup in each."""
    yield _one_result(found, "cost", "cheapest", setups)
    in_time = found.asked.get("deadline") is not None
    yield _one_result(found, "wall_clock", "deadline" if in_time else "fastest", setups)
    yield _one_result(found, "gpu_hours", "front", setups)
    yield _speed_table(found, setups)
    if (layouts := layout_table(setups)) is not None:
        yield layouts
    more = [name for name in (*BASES, *ENERGY) if any_known(name, setups)]
    if more and len(setups) <= SOME:
        yield _long(found, more, setups)
    if (limits := limit_table(setups)) is not None:
        yield limits


def in_short(found: Comparison, setups: Sequence[SetupResult]) -> Iterator[Table]:
    """Yield the ranking alone: one row a setup, those without a price in a table of their own."""
    priced = [setup for setup in setups if setup.value("cost") is not None]
    rest = [setup for setup in setups if setup.value("cost") is None]
    timed = found.asked.get("deadline") is not None
    if priced:
        yield _ranking(found, priced, ("cost", "num_gpus" if timed else "wall_clock"), "cheapest")
    if rest:
        share = "deadline" if timed else "fastest"
        table = _ranking(found, rest, ("wall_clock", "num_gpus" if timed else "mfu"), share)
        yield replace(table, name="unpriced", title="Without a price", notes=_reasons(rest))


def _ranking(
    found: Comparison, setups: Sequence[SetupResult], names: tuple[str, str], share: str
) -> Table:
    """Return one result with its interval, another (or how many GPUs), and the share of wins."""
    one, other = names
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for setup in setups:
        result, won = setup.results.get(one), getattr(setup.shares, share)
        low = result.low if result else None
        rows.append((setup.name, setup.value(one), low, _other(setup, other), won))
        ends = one_sign(ends_text(one, result))
        values = (marked(found, one, setup), ends, _other_text(found, other, setup))
        texts.append((setup.name, *values, share_text(won)))
    fields = (
        Field("setup", "Setup"),
        Field(one, TITLES[one], align="right"),
        Field("low", RANGE, align="right"),
        Field(other, TITLES[other], align="right"),
        Field("share", HEADINGS[share], align="right"),
    )
    return Table("ranking", fields, tuple(rows), texts=tuple(texts))


def _other(setup: SetupResult, name: str) -> float | None:
    return _number(setup.input(name)) if name == "num_gpus" else setup.value(name)


def _other_text(found: Comparison, name: str, setup: SetupResult) -> str:
    return whole(setup.input(name)) if name == "num_gpus" else marked(found, name, setup)


def _reasons(setups: Sequence[SetupResult]) -> tuple[str, ...]:
    """Return why setups have no price, those together that have none for the same reason."""
    alike: dict[str, list[str]] = {}
    for setup in setups:
        own = f" for {setup.input('gpu')}"
        reason = why_unpriced(setup.no_price).replace(own, "").partition(";")[0]
        alike.setdefault(reason, []).append(setup.name)
    return tuple(f"{', '.join(names)}: {reason}." for reason, names in alike.items() if reason)


def _one_result(found: Comparison, name: str, share: str, setups: Sequence[SetupResult]) -> Table:
    """Return one result of every setup: value, interval, change to the first, share of wins."""
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for setup in setups:
        result, delta = setup.results.get(name), setup.deltas.get(name)
        ratio, won = (delta.ratio if delta else None), getattr(setup.shares, share)
        low, high = (result.low, result.high) if result else (None, None)
        change = ratio.value if ratio else None
        rows.append((setup.name, setup.value(name), low, high, change, won))
        ends = one_sign(ends_text(name, result))
        changed = "first" if setup.name == found.first else change_text(change)
        text = marked(found, name, setup)
        texts.append((setup.name, text, ends, "", changed, share_text(won)))
    fields = (
        Field("setup", "Setup"),
        Field("value", TITLES[name], align="right"),
        Field("low", RANGE, align="right"),
        Field("high"),
        Field("change", "Change", align="right"),
        Field("share", HEADINGS[share], align="right"),
    )
    shown = ("setup", "value", "low", "change", "share")
    return Table(name, fields, tuple(rows), texts=tuple(texts), people_fields=shown)


def _speed_table(found: Comparison, setups: Sequence[SetupResult]) -> Table:
    """Return how many accelerators each setup has, how well they work and what memory is left."""
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for setup in setups:
        mfu, number = setup.results.get("mfu"), setup.input("num_gpus")
        rows.append(
            (setup.name, _number(number), setup.value("mfu"), None, setup.value("headroom"))
        )
        speed = (marked(found, "mfu", setup), ends_text("mfu", mfu))
        texts.append((setup.name, whole(number), *speed, gigabytes(setup.value("headroom"))))
    fields = (
        Field("setup", "Setup"),
        Field("num_gpus", "GPUs", align="right"),
        Field("mfu", "MFU", align="right"),
        Field("mfu_low", RANGE, align="right"),
        Field("headroom", "GB left", align="right"),
    )
    shown = filled(fields, texts)
    return Table("speeds", fields, tuple(rows), texts=tuple(texts), people_fields=shown)


def _long(found: Comparison, names: Sequence[str], setups: Sequence[SetupResult]) -> Table:
    """Return further results, each over the setups that it is known of, least first."""
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for name in names:
        known = [setup for setup in setups if setup.value(name) is not None]
        rows.append((name, None, None, None))
        texts.append((TITLES[name], "", "", ""))
        for setup in sorted(known, key=lambda one: one.value(name) or 0.0):
            result = setup.results[name]
            rows.append((name, setup.name, result.value, result.low))
            told = (marked(found, name, setup), one_sign(ends_text(name, result)))
            texts.append((f"  {setup.name}", "", *told))
    fields = (
        Field("result", MORE),
        Field("setup", "Setup"),
        Field("value", "Estimate", align="right"),
        Field("low", RANGE, align="right"),
    )
    shown = ("result", "value", "low")
    return Table("bases", fields, tuple(rows), texts=tuple(texts), people_fields=shown)


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) else None
