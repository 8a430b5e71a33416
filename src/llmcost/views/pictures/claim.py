"""The picture of a claim: our estimate under each cost basis, against the range that is claimed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from math import log
from typing import Any

from llmcost.figures import quantity_text
from llmcost.picture import (
    CLAIM,
    INK,
    NEUTRAL,
    PALETTE,
    Axis,
    Band,
    Mark,
    Panel,
    Picture,
    Points,
    Region,
)
from llmcost.table import Cell, Field, Table
from llmcost.views.claim_words import SHARES
from llmcost.views.pictures.claims import claims, comparable, said
from llmcost.views.pictures.spans import limits_of, scale_of
from llmcost.views.pictures.words import (
    Amount,
    interval_words,
    number,
    source_line,
    whiskers_at,
)
from llmcost.views.sensitivities import result_title

OURS, METHOD, PUBLISHED = PALETTE[0], PALETTE[2], PALETTE[1]
RENTED = ("on-demand", "spot", "marketplace", "capacity-block", "reserved-1y", "reserved-3y")
BASES = {
    **{terms: f"rented, {terms.replace('-', ' ')}" for terms in (*RENTED, "contract-1y")},
    "owner": "owned, amortised",
    "purchase": "buying the cluster",
}
METHODS = ("epoch-2024-",)
WORDS = {"consistent": "agrees with", "low": "is below", "high": "is above"}
# The share of draws on either side that a band leaves out, for a few reach very far.
TAIL = 0.005
# A band lies above the line of its row, the interval below it (rows count downwards).
BASE, TOP, BELOW = 0.08, -0.42, 0.24
MOST_PUBLISHED = 8
NOT_MEANT = "not what is claimed"


def refusal(data: Mapping[str, Any]) -> str:
    """Return why no claim can be drawn, empty where one can."""
    return "" if comparable(data) else "none of its claims can be compared with an estimate"


def claim(data: Mapping[str, Any]) -> Picture:
    """Return our draws under each basis against the range claimed; of many claims, a row each."""
    rows = comparable(data)
    if len(rows) > 1:
        return claims(data)
    row = rows[0]
    others = _published(row)
    axis = _axis(row, others)
    return Picture(
        "claim",
        _title(row),
        " ".join(_told(data, row, others)),
        source_line(data),
        tuple(_panels(data, row, others, axis)),
        _table(row, others),
    )


def _panels(
    data: Mapping[str, Any],
    row: Mapping[str, Any],
    others: Sequence[Mapping[str, Any]],
    axis: Axis,
) -> Iterator[Panel]:
    """Yield our estimates, and below them those of others on the same axis."""
    own = [one for one in row["bases"] if not _is_method(one)]
    methods = [one for one in row["bases"] if _is_method(one)]
    claimed = _claimed(row, axis)
    if own:
        names = [_basis_label(row, one) for one in own]
        marks = _ours(row, own, f"{interval_words(data)} of ours", axis)
        yield Panel(axis, _rows(names), (*claimed, *marks), "Our estimate on each basis")
    if methods or others:
        names = [*(_basis_label(row, one) for one in methods), *map(_other_label, others)]
        theirs = (*_method(row, methods), *_theirs(others, len(methods)))
        yield Panel(axis, _rows(names), (*claimed, *theirs), "What others estimate")


def _rows(names: Sequence[str]) -> Axis:
    return Axis(ticks=tuple((float(at), name) for at, name in enumerate(names)), reverse=True)


def _unit(row: Mapping[str, Any]) -> str:
    return "share" if row["quantity"] in SHARES else str(row["unit"])


def _text(row: Mapping[str, Any], value: float) -> str:
    unit = "parameter" if row["quantity"] == "parameters" else _unit(row)
    return quantity_text(value, unit)


def _amount(row: Mapping[str, Any], basis: Mapping[str, Any]) -> Amount:
    value = float(basis["value"])
    ends = [number(basis[name]) for name in ("low", "high")]
    low, high = (value if end is None else end for end in ends)
    return Amount(value, low, high, _unit(row))


def _basis_label(row: Mapping[str, Any], basis: Mapping[str, Any]) -> str:
    return f"{_basis_name(basis)}: {_text(row, basis['value'])}"


def _basis_name(basis: Mapping[str, Any]) -> str:
    """Return a basis as people know it; of a quantity without one, how it was counted."""
    name = str(basis.get("basis") or "")
    for method in METHODS:
        if name.startswith(method):
            known = BASES.get(name.removeprefix(method), name.removeprefix(method))
            return f"{method.rstrip('-')}, {known}"
    title = str(basis.get("title") or "our estimate")
    return BASES.get(name) or (f"fleet of {title}" if title[0].isdigit() else title)


def _other_label(other: Mapping[str, Any]) -> str:
    basis = str(other.get("price_basis") or "").replace("-", " ")
    told = "" if basis in ("", "none", "not stated") else f" ({basis})"
    return f"{other.get('by') or other['name']}{told}: {said(other)}"


def _published(row: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return what others say of the same, the latest of very many."""
    known = [one for one in row.get("published") or () if _ends(one)]
    return known[-MOST_PUBLISHED:]


def _ends(told: Mapping[str, Any]) -> list[float]:
    return [end for name in ("low", "high") if (end := number(told.get(name))) is not None]


def _axis(row: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> Axis:
    """Return the axis of values: all that is drawn lies on it, and open ends of the claim too."""
    values = [*_ends({"low": row["allowed"][0], "high": row["allowed"][1]})]
    values += [end for other in others for end in _ends(other)]
    for basis in row["bases"]:
        told = _amount(row, basis)
        values += [told.value, told.low, told.high]
        values += [edge for edge, _ in _bins(basis)]
    scale = scale_of(values)
    return Axis(result_title(row["quantity"]), _unit(row), scale, limits=limits_of(values, scale))


def _claimed(row: Mapping[str, Any], axis: Axis) -> tuple[Mark, ...]:
    """Return the shaded range of the claim; an open end reaches the end of the axis."""
    ends = axis.limits or (0.0, 1.0)
    low, high = (
        end if (told := number(allowed)) is None else told
        for allowed, end in zip(row["allowed"], ends, strict=True)
    )
    return (Region(f"claimed: {said(row)}", CLAIM, max(low, ends[0]), min(high, ends[1])),)


def _is_method(basis: Mapping[str, Any]) -> bool:
    return str(basis.get("basis") or "").startswith(METHODS)


def _ours(
    row: Mapping[str, Any], bases: Sequence[Mapping[str, Any]], ends: str, axis: Axis
) -> Iterator[Mark]:
    """Yield the draws of each basis as a band, and below it their interval and the estimate."""
    for at, basis in enumerate(bases):
        if bins := _bins(basis):
            meant = basis.get("can_be_meant", True)
            label, colour = ("our draws", OURS) if meant else (f"draws, {NOT_MEANT}", NEUTRAL)
            yield _band(label, colour, at, bins, axis)
    places = tuple(at + BELOW * bool(_bins(basis)) for at, basis in enumerate(bases))
    yield from _estimates(row, bases, places, ends, ("our estimate", INK, "circle"))


def _method(row: Mapping[str, Any], bases: Sequence[Mapping[str, Any]]) -> Iterator[Mark]:
    places = tuple(map(float, range(len(bases))))
    looks = ("a published method and its 90% interval", METHOD, "square")
    yield from _estimates(row, bases, places, "", looks)


def _estimates(
    row: Mapping[str, Any],
    bases: Sequence[Mapping[str, Any]],
    places: tuple[float, ...],
    ends: str,
    looks: tuple[str, str, str],
) -> Iterator[Mark]:
    """Yield the intervals and the points of some figures, with label, colour and symbol."""
    if not bases:
        return
    label, colour, symbol = looks
    amounts = [_amount(row, basis) for basis in bases]
    yield from whiskers_at(ends, places, amounts, colour)
    texts = tuple(
        f"{_basis_name(basis)}: {one.full}" for basis, one in zip(bases, amounts, strict=True)
    )
    values = tuple(one.value for one in amounts)
    yield Points(label, colour, values, places, texts, symbol=symbol)


def _bins(basis: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Return the lower edge and the draws of each bin but the far ones; the last edge with 0."""
    told = basis.get("histogram")
    if not told or len(told["counts"]) < 2:
        return []
    edges, counts = told["edges"], told["counts"]
    least, below, first, last = TAIL * sum(counts), 0.0, 0, len(counts)
    while first < last - 1 and below + counts[first] <= least:
        below, first = below + counts[first], first + 1
    above = 0.0
    while last > first + 1 and above + counts[last - 1] <= least:
        above, last = above + counts[last - 1], last - 1
    drawn = zip(edges[first:last], counts[first:last], strict=True)
    return [*((float(edge), float(count)) for edge, count in drawn), (float(edges[last]), 0.0)]


def _band(
    label: str, colour: str, at: int, bins: Sequence[tuple[float, float]], axis: Axis
) -> Band:
    """Return half a violin: the density of draws along the axis, as high as its row at its peak."""
    along = log if axis.scale == "log" else float
    spans = [(a, b, count) for (a, count), (b, _) in pairwise(bins)]
    thick = [count / max(along(b) - along(a), 1e-300) for a, b, count in spans]
    middles = [(a * b) ** 0.5 if axis.scale == "log" else (a + b) / 2 for a, b, _ in spans]
    x = (bins[0][0], *middles, bins[-1][0])
    height = [0.0, *(one / max(thick) for one in thick), 0.0]
    tops = tuple(at + BASE + (TOP - BASE) * one for one in height)
    return Band(label, colour, x, tops, (at + BASE,) * len(x))


def _theirs(others: Sequence[Mapping[str, Any]], first: int) -> Iterator[Mark]:
    """Yield a dot for each published figure, and a line for each published range."""
    if not others:
        return
    amounts = [_stated(other) for other in others]
    places = tuple(float(first + at) for at in range(len(others)))
    yield from whiskers_at("", places, amounts, PUBLISHED)
    texts = tuple(f"{_other_label(one)}, {one['said']}" for one in others)
    values = tuple(one.value for one in amounts)
    yield Points("published estimate or range", PUBLISHED, values, places, texts, symbol="diamond")


def _stated(other: Mapping[str, Any]) -> Amount:
    """Return what others state; a range by its middle, an open one by the end it has."""
    ends = _ends(other)
    return Amount(sum(ends) / len(ends), min(ends), max(ends), str(other.get("unit") or ""))


def _title(row: Mapping[str, Any]) -> str:
    main = _main(row)
    inside = number(row.get("share_inside"))
    share = "" if inside is None else f"; {inside:.0%} of our draws lie inside"
    words = WORDS.get(str(row["verdict"]), "stands beside")
    whose = "a published" if _is_method(main) else "our"
    return (
        f"The claim of {said(row)} for {row['subject']} {words} {whose} estimate "
        f"({_basis_name(main)}) of {_amount(row, main).full}{share}"
    )


def _main(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the figure that stands for ours."""
    same = [one for one in row["bases"] if one["value"] == row["estimate"]]
    named = [one for one in same if one.get("basis") == row.get("basis")]
    return next(iter([*named, *same, *row["bases"]]))


def _told(
    data: Mapping[str, Any], row: Mapping[str, Any], others: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    yield f"Claimed of {row['subject']}: {said(row)} ({row['title']}, {row['said']})."
    own = [one for one in row["bases"] if not _is_method(one)]
    methods = [one for one in row["bases"] if _is_method(one)]
    if own:
        told = "; ".join(_basis_told(row, one) for one in own)
        tails = " At most half a percent of draws on either side are not drawn."
        drawn = any(_bins(basis) for basis in own)
        yield f"Our estimates ({interval_words(data)}): {told}.{tails if drawn else ''}"
    if methods:
        told = "; ".join(_basis_told(row, one) for one in methods)
        yield f"A published method (90% interval): {told}."
    if others:
        left = len(row["published"]) - len(others)
        more = f" {left} earlier ones are left out." if left else ""
        yield f"Published: {'; '.join(map(_other_label, others))}.{more}"


def _basis_told(row: Mapping[str, Any], basis: Mapping[str, Any]) -> str:
    """Return a figure in words, with the share of draws inside and whether it can be meant."""
    inside = number(basis.get("share_inside"))
    share = "" if inside is None else f", {inside:.0%} of draws inside"
    meant = "" if basis.get("can_be_meant", True) else f", {NOT_MEANT}"
    return f"{_basis_name(basis)} {_amount(row, basis).full}{share}{meant}"


def _table(row: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> Table:
    rows: list[tuple[Cell, ...]] = [
        ("claim", row.get("label") or row["name"], None, *row["allowed"], None, row["verdict"])
    ]
    texts: list[tuple[str, ...]] = [
        ("Claim", row.get("label") or row["name"], said(row), "", "", "", "")
    ]
    for basis in row["bases"]:
        one, inside = _amount(row, basis), number(basis.get("share_inside"))
        rows.append(("ours", _basis_name(basis), *_numbers(one), inside, basis["verdict"]))
        share = "" if inside is None else f"{inside:.0%}"
        told = [_text(row, end) for end in _numbers(one)]
        texts.append(("Estimate", _basis_name(basis), *told, share, basis["verdict"]))
    for other in others:
        value = number(other.get("value"))
        rows.append(("published", other.get("by"), value, other["low"], other["high"], None, None))
        texts.append(("Published", _other_label(other), said(other), "", "", "", ""))
    unit = "" if _unit(row) == "share" else _unit(row)
    fields = (
        Field("kind", "Kind"),
        Field("basis", "Basis or author"),
        Field("value", "Value", unit, "right"),
        Field("low", "Low", unit, "right"),
        Field("high", "High", unit, "right"),
        Field("share_inside", "Draws inside", align="right"),
        Field("verdict", "Verdict"),
    )
    return Table("claim", fields, tuple(rows), texts=tuple(texts))


def _numbers(one: Amount) -> tuple[float, float, float]:
    return one.value, one.low, one.high
