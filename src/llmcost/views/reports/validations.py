"""A validation in a report: how far predictions are from measurements, by group and row by row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmcost.figures import EM_DASH, quantity_text, range_text
from llmcost.report import SOURCES, Section
from llmcost.studies.saved import Saved
from llmcost.studies.validation.groups import GROUPS
from llmcost.table import Field, Table
from llmcost.views.reports.citations import keys_in
from llmcost.views.reports.drawn import pictures
from llmcost.views.reports.parts import Part
from llmcost.views.validations import ERRORS, HOW

PARTS = {"throughput": "step time", "runs": "GPU-hours of whole runs"}
MEASURED = {
    "throughput": ("measured_step_time", "predicted_step_time"),
    "runs": ("measured_gpu_hours", "predicted_gpu_hours"),
}
PERCENTS = ("median", "mean", "p90", "bias", "width")
ROWS = (
    Field("id", "Row"),
    Field("model", "Model"),
    Field("accelerator", "Accelerator"),
    Field("num_gpus", "GPUs", "GPU", "right"),
    Field("measured", "Measured", align="right"),
    Field("predicted", "Predicted", align="right"),
    Field("low", "Low – high", align="right"),
    Field("high", "High", align="right"),
    Field("error", "Error", align="right"),
    Field("situation", "Situation"),
    Field("layout", "Layout"),
    Field(SOURCES, "Sources"),
)
ROWS_SHOWN = (*(field.name for field in ROWS[:7]), "error")


def validation_part(saved: Saved) -> Part:
    """Return what a report says of predictions beside measurements."""
    data = saved.data
    summary = data["summary"]
    held = {name: summary[name] for name in PARTS if name in summary}
    title = "Predicted against measured"
    finding = " ".join(_finding(name, part) for name, part in list(held.items())[:1])
    finding = finding or "No row could be scored."
    tables = [table for name, part in held.items() for table in _tables(name, part, data["rows"])]
    section = Section(saved.kind, title, (finding, HOW), pictures(saved), tuple(tables))
    return Part(title, finding, HOW.partition(". cover")[0] + ".", section, "", (), _notes(data))


def _notes(data: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(data["summary"]["notes"])


def _finding(name: str, part: Mapping[str, Any]) -> str:
    overall = part["overall"]
    if overall is None:
        return f"None of {part['rows']:,} rows of {part['file']} could be scored."
    near, not_far = (f"{overall[key]:.0%}" for key in ("within_10", "within_20"))
    return (
        f"The {PARTS[name]} of {overall['configurations']:,} published configurations is predicted "
        f"with a median error of {overall['median']:.1%}, {near} of them within 10% and {not_far} "
        "within 20%."
    )


def _tables(
    name: str, part: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> Iterator[Table]:
    yield _errors(name, part)
    if scored := [row for row in rows if row["table"] == name and row["scored"]]:
        yield _rows(name, part["unit"], scored)
    if part["not_scored"]:
        yield _not_scored(name, part["not_scored"])


def _errors(name: str, part: Mapping[str, Any]) -> Table:
    """Return the errors over all rows and by group, one row a group."""
    lines = list(_lines(part))
    names = [field.name for field in ERRORS[1:]]
    fields = (Field("by", "By"), *ERRORS)
    return Table(
        f"{name}_errors",
        fields,
        tuple((by, group, *(score[key] for key in names)) for by, group, score in lines),
        f"Error of {PARTS[name]}",
        tuple(
            (by, group, *(_score_text(key, score[key]) for key in names))
            for by, group, score in lines
        ),
    )


def _lines(part: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    if part["overall"]:
        yield "", "All", part["overall"]
    for by, groups in part["groups"].items():
        title = GROUPS[by][0] if by in GROUPS else by.replace("-", " ")
        for group, score in groups.items():
            yield title, group, score
    for group, score in part["apart"].items():
        yield "Kept apart", group, score


def _score_text(name: str, value: float | None) -> str:
    if value is None:
        return EM_DASH
    if name == "configurations":
        return f"{value:,}"
    return (
        f"{value:+.1%}"
        if name == "bias"
        else f"{value:.1%}"
        if name in PERCENTS
        else f"{value:.0%}"
    )


def _rows(name: str, unit: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    measured, predicted = MEASURED[name]
    cells, texts = [], []
    for row in sorted(rows, key=lambda one: -abs(one["error"] or 0.0)):
        numbers = (row.get(measured), row.get(predicted))
        keys = "; ".join(keys_in(row["source"]))
        about = (row["id"], row["model"], row["accelerator"], row["num_gpus"])
        rest = (row["low"], row["high"], row["error"], row["situation"], row["layout"])
        cells.append((*about, *numbers, *rest, keys or None))
        texts.append(_row_texts(row, unit, numbers, keys))
    fields = tuple(
        Field(field.name, field.title, unit, field.align)
        if field.name in ("measured", "predicted", "low", "high")
        else field
        for field in ROWS
    )
    title = f"Every scored row, the worst first: {PARTS[name]}"
    return Table(f"{name}_rows", fields, tuple(cells), title, tuple(texts), (), ROWS_SHOWN)


def _row_texts(
    row: Mapping[str, Any], unit: str, numbers: tuple[Any, Any], keys: str
) -> tuple[str, ...]:
    error = EM_DASH if row["error"] is None else f"{row['error']:+.1%}"
    number = EM_DASH if row["num_gpus"] is None else f"{row['num_gpus']:,}"
    return (
        *(row["id"], row["model"] or EM_DASH, row["accelerator"] or EM_DASH, number),
        *(quantity_text(each, unit) for each in numbers),
        range_text(row["low"], row["high"], unit, like=numbers[1]),
        quantity_text(row["high"], unit),
        *(error, row["situation"] or "", row["layout"] or "", keys),
    )


def _not_scored(name: str, reasons: Mapping[str, int]) -> Table:
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return Table(
        f"{name}_not_scored",
        (Field("rows", "Rows", align="right"), Field("reason", "Why they are not scored")),
        tuple((count, reason) for reason, count in ordered),
        f"Not scored: {PARTS[name]}",
        tuple((f"{count:,}", reason) for reason, count in ordered),
    )
