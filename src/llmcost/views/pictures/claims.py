"""The picture of many claims: our estimate of each over what it claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmcost.figures import EN_DASH, quantity_text, significant
from llmcost.picture import CLAIM, PALETTE, Axis, Bars, Mark, Panel, Picture, Points, Rule
from llmcost.table import Cell, Field, Table
from llmcost.views.pictures.spans import limits_of
from llmcost.views.pictures.words import (
    Amount,
    interval_words,
    listed,
    number,
    source_line,
    whiskers,
)

# Claims that one picture has room for.
MOST_CLAIMS = 30
VERDICTS = {
    "consistent": ("consistent", PALETTE[0], "circle"),
    "low": ("claim is below ours", PALETTE[3], "triangle"),
    "high": ("claim is above ours", PALETTE[1], "square"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A claim: its name, our estimate over it, and what it allows over its middle, open or not."""

    name: str
    ratio: Amount
    allowed: tuple[float | None, float | None]
    verdict: str


def comparable(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the claims that have an estimate beside them and say a number."""
    return [
        row
        for row in data["rows"]
        if number(row.get("estimate")) is not None and row.get("allowed") and row.get("bases")
    ]


def claims(data: Mapping[str, Any]) -> Picture:
    """Return a row a claim: the interval of our estimate as a multiple of what is claimed."""
    known = comparable(data)
    rows = [row for row in (_row(one, data) for one in known) if row]
    shown = _shown(rows)
    values = [end for row in shown for end in _ends(row) if end > 0]
    axis = Axis("Our estimate over the claim", scale="log", limits=limits_of(values, "log"))
    ticks = tuple((float(at), row.name) for at, row in enumerate(shown))
    return Picture(
        "claim",
        _title(known),
        " ".join(_told(data, known, rows, shown)),
        source_line(data),
        (Panel(axis, Axis(ticks=ticks, reverse=True), tuple(_marks(data, shown, axis))),),
        _table(shown),
    )


def _row(one: Mapping[str, Any], data: Mapping[str, Any]) -> Row | None:
    """Return a claim with all numbers over its middle; `None` where that is not above zero."""
    middle = _middle(one)
    values = [number(one.get(name)) for name in ("estimate", "estimate_low", "estimate_high")]
    if not middle or not values[0] or values[0] <= 0:
        return None
    value, low, high = ((values[0] if end is None else end) / middle for end in values)
    ends = [number(end) for end in one["allowed"]]
    allowed = [None if end is None else end / middle for end in ends]
    ratio = Amount(value, low, high)
    return Row(_name(one, data), ratio, (allowed[0], allowed[1]), str(one["verdict"]))


def _middle(one: Mapping[str, Any]) -> float | None:
    """Return the figure claimed; the geometric middle of a range."""
    ends = [end for name in ("low", "high") if (end := number(one.get(name))) is not None]
    if not ends or min(ends) <= 0:
        return None
    return float((min(ends) * max(ends)) ** 0.5)


def _name(one: Mapping[str, Any], data: Mapping[str, Any]) -> str:
    """Return what a claim is called; a published one by its model and who says so."""
    label = one.get("label") or one["name"]
    if data.get("claims") == "published" and one.get("by"):
        label = f"{one['title']}, {one['by']}"
    return f"{label}: {said(one)}"


def said(one: Mapping[str, Any]) -> str:
    """Return what is claimed in words; of a result saved before it had them, both of its ends."""
    if words := one.get("says"):
        return str(words)
    ends = [end for name in ("low", "high") if (end := number(one.get(name))) is not None]
    return f" {EN_DASH} ".join(dict.fromkeys(quantity_text(end, one["unit"]) for end in ends))


def _ends(row: Row) -> tuple[float, ...]:
    ends = (row.ratio.value, row.ratio.low, row.ratio.high, *row.allowed)
    return tuple(end for end in ends if end is not None)


def _shown(rows: Sequence[Row]) -> list[Row]:
    """Return the claims to draw, by our estimate over them; of too many, all that do not hold."""
    order = sorted(rows, key=lambda row: row.verdict == "consistent")
    return sorted(order[:MOST_CLAIMS], key=lambda row: -row.ratio.value)


def _marks(data: Mapping[str, Any], shown: Sequence[Row], axis: Axis) -> Iterator[Mark]:
    least, most = axis.limits or (0.1, 10.0)
    places = tuple(map(float, range(len(shown))))
    yield Bars(
        "what the claim allows",
        CLAIM,
        places,
        tuple(max(row.allowed[0] or least, least) for row in shown),
        tuple(min(row.allowed[1] or most, most) for row in shown),
        tuple(f"{row.name} is claimed" for row in shown),
        size=0.5,
    )
    yield Rule("as claimed", 1.0)
    yield from whiskers(f"{interval_words(data)} of ours", [row.ratio for row in shown])
    for verdict, (label, colour, symbol) in VERDICTS.items():
        drawn = [(at, row) for at, row in zip(places, shown, strict=True) if row.verdict == verdict]
        if drawn:
            yield Points(
                label,
                colour,
                tuple(row.ratio.value for _, row in drawn),
                tuple(at for at, _ in drawn),
                tuple(f"{row.name}: ours is {_times(row)}" for _, row in drawn),
                symbol=symbol,
            )


def _times(row: Row) -> str:
    return f"{significant(row.ratio.value, 2)} times it"


def _title(known: Sequence[Mapping[str, Any]]) -> str:
    counts = Counter(str(row["verdict"]) for row in known)
    rest = [
        f"{counts[verdict]} {'is' if counts[verdict] == 1 else 'are'} {words} them"
        for verdict, words in (("low", "below"), ("high", "above"))
        if counts[verdict]
    ]
    told = f"{counts['consistent']} of {len(known)} claims agree with our estimates"
    return "; ".join([told, *rest])


def _told(
    data: Mapping[str, Any],
    known: Sequence[Mapping[str, Any]],
    rows: Sequence[Row],
    shown: Sequence[Row],
) -> Iterator[str]:
    yield (
        f"Each row is one claim; the point is our estimate over it, the line its "
        f"{interval_words(data)}, the shaded bar what the claim allows."
    )
    wrong = [f"{row.name} (ours is {_times(row)})" for row in shown if row.verdict != "consistent"]
    yield f"Not consistent: {listed(wrong, 8)}." if wrong else "All are consistent."
    if left := len(rows) - len(shown):
        yield f"{left} more that are consistent are not drawn."
    if lost := len(data["rows"]) - len(known):
        yield f"{lost} that cannot be compared are left out."


def _table(shown: Sequence[Row]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for row in shown:
        ratio = (row.ratio.value, row.ratio.low, row.ratio.high)
        rows.append((row.name, *ratio, *row.allowed, row.verdict))
        told = (significant(end) for end in (*ratio, *row.allowed))
        texts.append((row.name, *told, row.verdict))
    fields = (
        Field("name", "Claim"),
        Field("ratio", "Estimate over claim", align="right"),
        Field("ratio_low", "Low", align="right"),
        Field("ratio_high", "High", align="right"),
        Field("allowed_low", "Allowed from", align="right"),
        Field("allowed_high", "Allowed to", align="right"),
        Field("verdict", "Verdict"),
    )
    return Table("claim", fields, tuple(rows), texts=tuple(texts))
