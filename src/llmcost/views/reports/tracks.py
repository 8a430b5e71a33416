"""A tracked run in a report: what its log says, where the time went, what is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmcost.inputs import InputValue
from llmcost.report import Section
from llmcost.studies.answers import Warned
from llmcost.studies.rereading import input_of
from llmcost.studies.saved import Saved
from llmcost.studies.tracking.answer import Reading, Track
from llmcost.views.reports.assumptions import assumption_table
from llmcost.views.reports.drawn import pictures
from llmcost.views.reports.parts import Part
from llmcost.views.tracks import reading_text, reading_texts, track_document, track_title

OWN = ("schema", "results", "inputs", "segments", "warnings", "reports")
SUPPORT = "It is read from the run's own log; ranges are those of what the log shows."


def track_part(saved: Saved) -> Part:
    """Return what a report says of a tracked run."""
    track = track_of(saved.data)
    title = track_title(track)
    finding = " ".join(_finding(track.results)) or "Its log says no step."
    tables = tuple(table for table in track_document(track).tables if table.name != "assumptions")
    section = Section(saved.kind, title, (finding, SUPPORT), pictures(saved), tables)
    assumptions = (assumption_table("assumptions", title, track.inputs),) if track.inputs else ()
    return Part(
        title,
        finding,
        SUPPORT,
        section,
        assumptions=assumptions,
        warnings=tuple(warned.message for warned in track.warnings),
    )


def track_of(data: Mapping[str, Any]) -> Track:
    """Return the track that a checked document holds."""
    inputs: dict[str, InputValue] = {
        name: input_of(name, part) for name, part in data["inputs"].items()
    }
    return Track(
        results={name: _reading(part) for name, part in data["results"].items()},
        inputs=inputs,
        segments=tuple(data["segments"]),
        warnings=tuple(Warned(each["code"], each["message"]) for each in data["warnings"]),
        meta={key: value for key, value in data.items() if key not in OWN},
        reports=data.get("reports", {}),
    )


def _reading(part: Mapping[str, Any]) -> Reading:
    names = ("value", "unit", "low", "high")
    texts = {name: str(part.get(name) or "") for name in ("reason", "how")}
    return Reading(*(part.get(name) for name in names), **texts)  # type: ignore[arg-type]


def _finding(results: Mapping[str, Reading]) -> Iterator[str]:
    """Yield what was found: steps and their time, speed, cost."""
    steps, time = results["steps"], results["median_step_time"]
    if steps.value is None:
        return
    told = f"{reading_text('steps', steps)} steps"
    told += f", {_with_range('median_step_time', time)} each" if time.value is not None else ""
    for name, words in (("mfu", "MFU"), ("goodput", "goodput")):
        if results[name].value is not None:
            told += f", {words} {reading_text(name, results[name])}"
    yield f"The run has done {told}."
    if results["cost"].value is not None:
        yield f"It has cost {_with_range('cost', results['cost'])}."


def _with_range(name: str, one: Reading) -> str:
    value, ends = reading_texts(name, one)
    return f"{value} ({ends})" if ends and one.low != one.high else value


def track_sentences(data: Mapping[str, Any]) -> Iterator[str]:
    """Yield the sentences of the methods paragraph on a tracked run."""
    results, nothing = data.get("results", {}), {"value": None}
    names = ("median_step_time", "goodput", "mfu")
    time, goodput, share = (results.get(name, nothing) for name in names)
    if time["value"] is not None:
        how = f", {time['how']}" if time.get("how") else ""
        yield (
            f"Step times are those of the run's own log{how}; their median leaves out the first "
            "record of each launch and those that hold an evaluation or a checkpoint, and its "
            "range is that of a block bootstrap over the run."
        )
    if share["value"] is not None:
        attention = data.get("inputs", {}).get("attention_flop", {}).get("value")
        how = "in full" if attention == "full" else "halved by causality"
        yield (
            "MFU is the model FLOP of the tokens trained on in a second, with attention counted "
            f"{how}, over the dense peak; what the framework states was not used."
        )
    if goodput["value"] is not None:
        yield (
            "Goodput is the time that the run's distinct steps take at the median over the time "
            "from its first step to its last stamp, work done again and pauses included."
        )
