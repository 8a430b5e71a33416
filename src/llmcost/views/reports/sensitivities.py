"""A sensitivity in a report: which input moves the result most, and the ranges behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmcost.figures import quantity_text
from llmcost.inputs import KINDS, InputValue, Origin
from llmcost.report import Section
from llmcost.studies.saved import Saved
from llmcost.studies.sensitivity import Influence, Sensitivity
from llmcost.views.input_titles import INPUT_TITLES
from llmcost.views.reports.cells import amount_text, shown_unit, with_sources
from llmcost.views.reports.citations import keys_in
from llmcost.views.reports.drawn import pictures
from llmcost.views.reports.parts import Part
from llmcost.views.sensitivities import sensitivity_document


def sensitivity_part(saved: Saved) -> Part:
    """Return what a report says of a sensitivity."""
    data = saved.data
    document = sensitivity_document(sensitivity_of(data), top=max(1, len(data["rows"])))
    tornado, ranges = document.tables
    keys = [keys_in(row["source"]) for row in data["rows"]]
    finding, driver = _finding(data), _driver(data)
    section = Section(
        saved.kind,
        document.title,
        (finding, driver) if driver else (finding,),
        pictures(saved),
        (tornado, with_sources(ranges, keys)),
    )
    return Part(
        document.title, finding, driver or _held(data), section, driver, (), document.messages
    )


def sensitivity_of(data: Mapping[str, Any]) -> Sensitivity:
    """Return the sensitivity that a checked document holds."""
    result = data["result"]
    return Sensitivity(
        result["name"],
        result["unit"],
        result["value"],
        result["low"],
        result["high"],
        tuple(_influence(row) for row in data["rows"]),
        tuple(data["without_effect"]),
        {row["input"]: _input(row) for row in data["rows"]},
        tuple((each["code"], each["message"]) for each in data["warnings"]),
        {key: data[key] for key in ("llmcost_version", "data_version", "draws", "seed")},
    )


def _influence(row: Mapping[str, Any]) -> Influence:
    names = ("input", "unit", "low", "value", "high", "at_low", "at_high", "effect")
    return Influence(
        **{name: row[name] for name in names},
        rank_correlation=row["rank_correlation"],
        origin=_origin(row),
    )


def _input(row: Mapping[str, Any]) -> InputValue:
    return InputValue(row["value"], row["unit"], _origin(row) or Origin("default"))


def _origin(row: Mapping[str, Any]) -> Origin | None:
    return Origin(row["origin"], row["source"] or "") if row["origin"] in KINDS else None


def _finding(data: Mapping[str, Any]) -> str:
    result = data["result"]
    name = str(result["name"]).replace("_", " ")
    count = len(data["rows"])
    return (
        f"The {name} is {amount_text(result['name'], result)}, and {count} "
        f"uncertain input{'s' if count != 1 else ''} move{'' if count != 1 else 's'} it."
    )


def _driver(data: Mapping[str, Any]) -> str:
    if not data["rows"]:
        return ""
    row, result = data["rows"][0], data["result"]
    unit = shown_unit(result["name"], result["unit"])
    title = INPUT_TITLES.get(row["input"], str(row["input"]).replace("_", " "))
    ends = " to ".join(quantity_text(row[end], unit) for end in ("at_low", "at_high"))
    return (
        f"{title} moves the {str(result['name']).replace('_', ' ')} most: from {ends} between its "
        "5th and 95th percentile, all else at its middle."
    )


def _held(data: Mapping[str, Any]) -> str:
    return f"{data['interval']:.0%} of {data['draws']:,} draws lie in the range."
