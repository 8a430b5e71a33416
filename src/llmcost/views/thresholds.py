"""Thresholds of laws beside a run, for people; programs get the rows of the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmcost.figures import EM_DASH, quantity_text, significant
from llmcost.table import Field, Table

FIELDS = (
    Field("law", "Law"),
    Field("status", "Status"),
    Field("threshold", "Threshold", align="right"),
    Field("value", "This run", align="right"),
    Field("ratio", "Ratio", align="right"),
    Field("share_above", "Above", align="right"),
)
TITLE = "Thresholds of laws (facts of a day: re-check the law)"
MEASURE_WORDS = {
    "model_flop": "compute is the model FLOP of this run alone",
    "rental_on_demand_cost": "cost is that of renting on demand at the median price of the day",
    "cost": "cost is that on the terms chosen",
}


def threshold_table(rows: Sequence[Mapping[str, Any]]) -> Table:
    """Return the table of a report on thresholds: law, threshold, our value, and the distance."""
    return Table(
        "thresholds",
        FIELDS,
        tuple(tuple(row[field.name] for field in FIELDS) for row in rows),
        title=TITLE,
        texts=tuple(_texts(row, several=_has_kinds(row, rows)) for row in rows),
        notes=tuple(_notes(rows)),
    )


def _texts(row: Mapping[str, Any], *, several: bool) -> tuple[str, ...]:
    kind = f": {row['applies_to']}" if several else ""
    memory = " *" if row["evidence"] != "stored" else ""
    ratio, share = row["ratio"], row["share_above"]
    return (
        f"{row['law']}, {row['jurisdiction']}{kind}{memory}",
        row["status"],
        _amount(row["threshold"], row["unit"]),
        _amount(row["value"], row["unit"]),
        EM_DASH if ratio is None else f"{significant(ratio)}x",
        EM_DASH if share is None else _percent(share),
    )


def _has_kinds(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a law has thresholds for several kinds of models."""
    return len({each["applies_to"] for each in rows if each["law"] == row["law"]}) > 1


def _amount(value: float | None, unit: str) -> str:
    """Return an amount; a law's operations are read as FLOP."""
    return quantity_text(value, "USD" if unit == "USD" else "FLOP").removesuffix(" FLOP")


def _percent(share: float) -> str:
    """Return a share of draws in whole percent, never rounded to all or to nothing.

    >>> _percent(0.4), _percent(0.9999), _percent(0.0001), _percent(1.0)
    ('40%', '>99%', '<1%', '100%')
    """
    if 0 < share < 0.01:
        return "<1%"
    return ">99%" if 0.99 < share < 1 else f"{share:.0%}"


def _notes(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    measures = dict.fromkeys(row["result"] for row in rows if row["result"])
    told = "; ".join(MEASURE_WORDS[name] for name in measures)
    here = f" Here {told}." if told else ""
    yield (
        f"Above: share of the draws above the threshold.{here} FLOP and operations are one here. "
        "What a law counts beside (synthetic data, later training, revenues) is not in it."
    )
    if any(row["evidence"] != "stored" for row in rows):
        yield "* from memory, not from a text that was read."
    for law, share in _together(rows).items():
        yield f"{law}: {_percent(share)} of the draws are above its compute and its cost together."


def _together(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the share of draws above all that a law names together, by law and kind of model."""
    return {
        f"{row['law']}, {row['applies_to']}": row["share_above_all"]
        for row in rows
        if row["share_above_all"] is not None
    }
