"""Claims in a report: what was said, what an estimate of the same scope says, and the verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmcost.figures import EM_DASH, quantity_text, range_text, significant
from llmcost.report import SOURCES, Section
from llmcost.studies.reconciliation.bounds import NOT_COMPARABLE
from llmcost.studies.saved import Saved
from llmcost.table import Field, Table
from llmcost.views.claim_words import written_unit
from llmcost.views.reconciliations import HOW
from llmcost.views.reports.drawn import pictures
from llmcost.views.reports.parts import Part

CLAIMS = (
    Field("name", "Claim"),
    Field("subject", "Of"),
    Field("said", "Said on"),
    Field("claim", "Says"),
    Field("estimate", "Estimate", align="right"),
    Field("interval", "Low – high", align="right"),
    Field("ratio", "Ratio", align="right"),
    Field("verdict", "Verdict"),
    *(Field(name, align="right") for name in ("low", "high", "estimate_low", "estimate_high")),
    Field("unit", "Unit"),
    Field(SOURCES, "Sources"),
)
CLAIMS_SHOWN = (*(field.name for field in CLAIMS[:8]), SOURCES)
BASES = (
    Field("basis", "Counted as"),
    Field("value", "Estimate", align="right"),
    Field("low", "Low – high", align="right"),
    Field("high", "High", align="right"),
    Field("at_published_hours", "At their hours", align="right"),
    Field("share_inside", "Draws inside", align="right"),
    Field("verdict", "Verdict"),
    Field("unit", "Unit"),
)
BASES_SHOWN = ("basis", "value", "low", "at_published_hours", "share_inside", "verdict")
IMPLIED = (
    Field("end", "At", align="right"),
    Field("name", "Needs"),
    Field("value", "Of", align="right"),
    Field("unit", "Unit"),
    Field("words", "Which is"),
)
LISTINGS = (
    Field("provider", "Provider"),
    Field("terms", "Terms"),
    Field("as_of", "Listed"),
    Field("price", "Price", "USD/GPU/hour", "right"),
    Field("cost", "Cost", "USD", "right"),
    Field("place", "Claim"),
    Field("price_id", "Row"),
)
REASONS = (Field("name", "Claim"), Field("claim", "Says"), Field("reason", "Not compared because"))
# Claims of so few are shown with all that each would need.
FEW = 3


def claim_part(saved: Saved) -> Part:
    """Return what a report says of claims beside estimates."""
    rows: Sequence[Mapping[str, Any]] = saved.data["rows"]
    title = _title(saved.data)
    finding, support = _finding(saved.data), _support(saved.data)
    section = Section(
        saved.kind, title, (finding, support, HOW), pictures(saved), tuple(_tables(rows))
    )
    return Part(title, finding, support, section, warnings=tuple(_warnings(saved.data)))


def _title(data: Mapping[str, Any]) -> str:
    rows = data["rows"]
    if len(rows) == 1:
        return f"{rows[0]['label']}: does the claim hold?"
    return f"{len(rows):,} claims beside estimates of the same scope"


def _finding(data: Mapping[str, Any]) -> str:
    rows = data["rows"]
    if len(rows) > 1:
        counts = Counter(_verdicts(rows)).most_common()
        told = [f"{count} {'is' if count == 1 else 'are'} {verdict}" for verdict, count in counts]
        return f"Of {len(rows)} claims beside estimates of the same scope, {', '.join(told)}."
    row = rows[0]
    if row["estimate"] is None:
        return (
            f"The claim about {row['subject']}, {row['says']}, cannot be compared: {row['reason']}."
        )
    return (
        f"The claim about {row['subject']}, {row['says']}, is {row['verdict']}: our estimate is "
        f"{_amount(row, row['estimate'])} ({_ends(row)}){_basis(row)}."
    )


def _verdicts(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    words = {"low": "too low", "high": "too high"}
    return [words.get(row["verdict"], row["verdict"]) for row in rows]


def _support(data: Mapping[str, Any]) -> str:
    rows = data["rows"]
    held = f"{data['interval']:.0%} of {data['draws']:,} draws lie in each range"
    inside = rows[0]["share_inside"] if len(rows) == 1 else None
    if inside is not None:
        return f"{inside:.0%} of the draws lie inside the claim; {held}."
    return f"{held}."


def _basis(row: Mapping[str, Any]) -> str:
    if row["unit"] != "USD" or not row["basis"]:
        return ""
    when = f", prices up to {row['as_of']}" if row["as_of"] else ""
    return f" ({str(row['basis']).replace('-', ' ')}{when})"


def _tables(rows: Sequence[Mapping[str, Any]]) -> Iterator[Table]:
    compared = [row for row in rows if row["verdict"] != NOT_COMPARABLE]
    missing = [row for row in rows if row["verdict"] == NOT_COMPARABLE]
    if compared:
        yield _claims(compared)
    for row in compared if len(compared) <= FEW else ():
        yield from _details(row)
    if missing:
        yield Table(
            "not_compared",
            REASONS,
            tuple((row["name"], row["says"], row["reason"]) for row in missing),
            "Not compared",
            tuple((row["label"], row["says"], row["reason"] or EM_DASH) for row in missing),
        )


def _claims(rows: Sequence[Mapping[str, Any]]) -> Table:
    ends = ("low", "high", "estimate_low", "estimate_high")
    return Table(
        "claims",
        CLAIMS,
        tuple(
            (
                *(row[key] for key in ("name", "subject", "said")),
                *(row["says"], row["estimate"], _ends(row), _ratio(row), row["verdict"]),
                *(row[end] for end in ends),
                *(row["unit"], "; ".join(row["sources"])),
            )
            for row in rows
        ),
        texts=tuple(
            (
                *(row[key] for key in ("label", "subject", "said")),
                *(row["says"], _amount(row, row["estimate"]), _ends(row), _ratio(row)),
                row["verdict"],
                *(_amount(row, row[end]) for end in ends),
                *(row["unit"], "; ".join(row["sources"])),
            )
            for row in rows
        ),
        people_fields=CLAIMS_SHOWN,
    )


def _details(row: Mapping[str, Any]) -> Iterator[Table]:
    if len(row["bases"]) > 1:
        yield _bases(row)
    if row["implied"]:
        yield _implied(row)
    if row["listings"]:
        yield _listings(row)


def _bases(row: Mapping[str, Any]) -> Table:
    rows, texts = [], []
    for one in row["bases"]:
        name = str(one["title"] or one["basis"] or row["quantity"].replace("_", " "))
        numbers = tuple(one[key] for key in ("value", "low", "high", "at_published_hours"))
        rows.append((name, *numbers, one["share_inside"], one["verdict"], row["unit"]))
        span = range_text(one["low"], one["high"], _unit(row), like=one["value"])
        inside = EM_DASH if one["share_inside"] is None else f"{one['share_inside']:.0%}"
        texts.append(
            (
                name if one["can_be_meant"] else f"({name})",
                *(_amount(row, one["value"]), span, _amount(row, one["high"])),
                *(_amount(row, one["at_published_hours"]), inside, one["verdict"], row["unit"]),
            )
        )
    note = "In brackets: what the claim cannot mean."
    notes = () if all(one["can_be_meant"] for one in row["bases"]) else (note,)
    title = f"{row['label']}: on each basis"
    return Table("bases", BASES, tuple(rows), title, tuple(texts), notes, BASES_SHOWN)


def _implied(row: Mapping[str, Any]) -> Table:
    keys = ("end", "name", "value", "unit", "words")
    return Table(
        "implied",
        IMPLIED,
        tuple(tuple(one[key] for key in keys) for one in row["implied"]),
        f"{row['label']}: what would have to be true",
        tuple(
            (
                _amount(row, one["end"]),
                str(one["name"]).removeprefix("implied_").replace("_", " "),
                quantity_text(one["value"], one["unit"]),
                one["unit"],
                one["words"],
            )
            for one in row["implied"]
        ),
        people_fields=("end", "name", "value", "words"),
    )


def _listings(row: Mapping[str, Any]) -> Table:
    names = [field.name for field in LISTINGS]
    return Table(
        "listings",
        LISTINGS,
        tuple(tuple(one[name] for name in names) for one in row["listings"]),
        f"{row['label']}: rentals listed by then",
        tuple(
            (
                *(one["provider"], one["terms"], one["as_of"]),
                *(quantity_text(one["price"], "USD"), quantity_text(one["cost"], "USD")),
                *(one["place"], one["price_id"]),
            )
            for one in row["listings"]
        ),
        people_fields=tuple(names[:-1]),
    )


def _unit(row: Mapping[str, Any]) -> str:
    return written_unit(row["quantity"], row["unit"])


def _amount(row: Mapping[str, Any], value: float | None) -> str:
    return quantity_text(value, _unit(row))


def _ends(row: Mapping[str, Any]) -> str:
    low, high = row["estimate_low"], row["estimate_high"]
    if low is None or high is None:
        return EM_DASH
    return range_text(low, high, _unit(row), like=row["estimate"])


def _ratio(row: Mapping[str, Any]) -> str:
    ends = [end for end in (row["ratio_low"], row["ratio_high"]) if end is not None]
    told = [significant(end, 2) for end in ends]
    return " – ".join(dict.fromkeys(told)) or EM_DASH


def _warnings(data: Mapping[str, Any]) -> Iterator[str]:
    for one in data["conflicts"]:
        hours = " and ".join(quantity_text(each, "GPU*hour") for each in one["gpu_hours"])
        yield f"{one['model']}: {' and '.join(one['claims'])} contradict each other ({hours})."
    told: dict[str, list[str]] = {}
    for row in data["rows"]:
        for note in row["notes"]:
            told.setdefault(note, []).append(row["label"])
    for note, names in told.items():
        yield f"{', '.join(names)}: {note}."
