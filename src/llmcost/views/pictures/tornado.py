"""The picture of a sensitivity: how far each input alone moves a result."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmcost.figures import EN_DASH, quantity_text, range_text, significant
from llmcost.picture import INK, PALETTE, Axis, Bars, Mark, Panel, Picture, Rule
from llmcost.table import Cell, Field, Table
from llmcost.views.input_titles import SHARES, input_title
from llmcost.views.pictures.words import interval_words, number, source_line
from llmcost.views.sensitivities import result_title

# Inputs that one picture has room for, the strongest first.
MOST_INPUTS = 15
SIDES = (("at_low", "5th", PALETTE[4]), ("at_high", "95th", PALETTE[0]))
# From this ratio of the largest to the smallest end on, the axis is logarithmic.
LOG_FROM = 30.0


def refusal(data: Mapping[str, Any]) -> str:
    """Return why a sensitivity cannot be drawn, empty where it can."""
    return "" if data["rows"] else "no input of it is uncertain"


def tornado(data: Mapping[str, Any]) -> Picture:
    """Return a bar an input, from the result at its 5th to that at its 95th percentile."""
    rows = sorted(data["rows"], key=lambda row: -(number(row.get("effect")) or 0.0))
    shown, unit = rows[:MOST_INPUTS], _unit(data)
    name = result_title(data["result"]["name"])
    return Picture(
        "tornado",
        _title(data, shown[0]),
        " ".join(_told(data, rows)),
        source_line(data),
        (_panel(data, shown, Axis(name, unit, _scale(data, shown))),),
        _table(shown, unit, name),
    )


def _panel(data: Mapping[str, Any], shown: Sequence[Mapping[str, Any]], axis: Axis) -> Panel:
    ticks = tuple((float(at), _label(row)) for at, row in enumerate(shown))
    return Panel(axis, Axis(ticks=ticks, reverse=True), tuple(_marks(data, shown, axis.unit)))


def _marks(
    data: Mapping[str, Any], shown: Sequence[Mapping[str, Any]], unit: str
) -> Iterator[Mark]:
    middle = data["result"]["value"]
    for key, percentile, colour in SIDES:
        ends = tuple(float(row[key]) for row in shown)
        yield Bars(
            f"at its {percentile} percentile",
            colour,
            tuple(map(float, range(len(shown)))),
            (float(middle),) * len(shown),
            ends,
            tuple(_point(row, key, unit) for row in shown),
        )
    yield Rule(f"estimate {quantity_text(middle, unit)}", float(middle), colour=INK)


def _point(row: Mapping[str, Any], key: str, unit: str) -> str:
    end = _value(row, row[key.removeprefix("at_")])
    return f"{input_title(row['input'])} at {end}: {quantity_text(row[key], unit)}"


def _label(row: Mapping[str, Any]) -> str:
    """Return an input with its two ends: ``PUE, 1.05 → 1.63``."""
    return f"{input_title(row['input'])}, {_value(row, row['low'])} → {_value(row, row['high'])}"


def _value(row: Mapping[str, Any], value: object) -> str:
    """Return one value of an input; a price per GPU-hour says so in its title."""
    if (known := number(value)) is None:
        return str(value)
    text = quantity_text(known, "share" if row["input"] in SHARES else row["unit"])
    return text.replace("/GPU-hour", "") if row["input"].startswith("price") else text


def _unit(data: Mapping[str, Any]) -> str:
    name = data["result"]["name"]
    return "share" if name in SHARES or name.endswith("_loss") else data["result"]["unit"]


def _scale(data: Mapping[str, Any], shown: Sequence[Mapping[str, Any]]) -> str:
    """Return the scale of the axis: the ends of one input may be hundreds of times apart."""
    ends = [row[key] for row in shown for key, _, _ in SIDES] + [data["result"]["value"]]
    return "log" if min(ends) > 0 and max(ends) >= LOG_FROM * min(ends) else "linear"


def _title(data: Mapping[str, Any], first: Mapping[str, Any]) -> str:
    told, unit = data["result"], _unit(data)
    name = result_title(told["name"])
    ends = " to ".join(quantity_text(first[key], unit) for key, _, _ in SIDES)
    return (
        f"{input_title(first['input'])} moves it most: {name[:1].lower()}{name[1:]} of "
        f"{quantity_text(told['value'], unit)} goes from {ends}"
    )


def _told(data: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    told, unit = data["result"], _unit(data)
    interval = range_text(told["low"], told["high"], unit, like=told["value"])
    yield (
        f"{result_title(told['name'])} is {quantity_text(told['value'], unit)} "
        f"({interval_words(data)}: {interval}); each bar takes one input from its 5th to its 95th "
        "percentile, all others at their median."
    )
    ends = (
        f"{_label(row)}: {' → '.join(quantity_text(row[key], unit) for key, _, _ in SIDES)}"
        for row in rows[:3]
    )
    yield f"The strongest: {'; '.join(ends)}."
    if left := len(rows[MOST_INPUTS:]):
        least = rows[MOST_INPUTS]["effect"]
        yield f"{left} more inputs move it by {quantity_text(least, unit)} or less."
    if silent := [name for name in data["without_effect"] if not name.startswith("price_")]:
        yield f"Uncertain, and without effect: {', '.join(map(input_title, silent))}."


def _table(shown: Sequence[Mapping[str, Any]], unit: str, name: str) -> Table:
    rows: list[tuple[Cell, ...]] = []
    texts: list[tuple[str, ...]] = []
    for row in shown:
        ends = (row["at_low"], row["at_high"])
        correlation = number(row.get("rank_correlation"))
        rows.append((row["input"], row["low"], row["high"], row["unit"], *ends, correlation))
        span = f"{_value(row, row['low'])} {EN_DASH} {_value(row, row['high'])}"
        values = (quantity_text(end, unit) for end in ends)
        texts.append(
            (input_title(row["input"]), span, "", "", *values, significant(correlation, 2))
        )
    shown_unit = "" if unit == "share" else unit
    fields = (
        Field("input", "Input"),
        Field("low", f"5th {EN_DASH} 95th percentile"),
        Field("high"),
        Field("unit"),
        Field("at_low", f"{name} at its 5th", shown_unit, "right"),
        Field("at_high", f"{name} at its 95th", shown_unit, "right"),
        Field("rank_correlation", "Rank correlation", align="right"),
    )
    people = ("input", "low", "at_low", "at_high", "rank_correlation")
    return Table("tornado", fields, tuple(rows), texts=tuple(texts), people_fields=people)
