"""Tracks to documents: what a log says of its run, what it leaves open, and where time went."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from llmcost.figures import EM_DASH, EN_DASH, quantity_text, range_text
from llmcost.inputs import InputValue
from llmcost.table import Cell, Document, Field, Table
from llmcost.views.estimates import input_text, origin_text
from llmcost.views.input_titles import input_title
from llmcost.views.track_parts import difference_table, segment_table, wall_clock_table

if TYPE_CHECKING:
    from llmcost.studies.tracking.answer import Reading, Track

TITLES = {
    "steps": "Steps",
    "planned_steps": "Planned steps",
    "first_step": "First step logged",
    "last_step": "Last step logged",
    "steps_executed": "Steps executed",
    "lost_steps": "  of them lost",
    "skipped_steps": "  without an update",
    "launches": "Launches",
    "median_step_time": "Median step time",
    "tokens_per_step": "Tokens per step",
    "tokens_done": "Tokens so far",
    "tokens_planned": "Planned tokens",
    "tokens_per_second": "Tokens/s",
    "tokens_per_gpu_second": "Tokens/s per GPU",
    "num_gpus": "GPUs",
    "model_flop_per_token": "Model FLOP per token",
    "model_flop_rate": "Model FLOP/s per GPU",
    "mfu": "MFU",
    "stated_flop_rate": "FLOP/s per GPU, by the log",
    "stated_mfu": "MFU, by the log",
    "goodput": "Goodput",
    "wall_clock": "Wall clock so far",
    "gpu_hours": "GPU-hours so far",
    "cost": "Cost so far",
    "cost_per_million_tokens": "Cost per 1M tokens",
    "lost_work_cost": "Cost of lost work",
    "time_to_finish": "Time to finish",
    "gpu_hours_to_finish": "GPU-hours to finish",
    "cost_to_finish": "Cost to finish",
    "total_cost": "Cost of the whole run",
    "finish_date": "Finish date",
}
# Told only where there is something to tell, or left to the files.
QUIET = ("skipped_steps", "lost_steps", "lost_work_cost", "stated_flop_rate", "stated_mfu")
BY_LOG = ("stated_flop_rate", "stated_mfu")
IN_FILES = ("model_flop_per_token",)
SHARES = ("mfu", "stated_mfu", "goodput")
TITLE_SAYS = {
    "gpu_hours": (" GPU-hours",),
    "gpu_hours_to_finish": (" GPU-hours",),
    "tokens_per_second": (" tokens/s",),
    "tokens_per_gpu_second": (" tokens/s/GPU",),
    "tokens_per_step": (" tokens",),
    "tokens_done": (" tokens",),
    "tokens_planned": (" tokens",),
    "model_flop_rate": ("/GPU",),
    "stated_flop_rate": ("/GPU",),
    "num_gpus": (" GPUs", " GPU"),
    "cost_per_million_tokens": (" per million tokens",),
}
# What the live line tells, most wanted first: a narrow terminal shows the beginning.
LIVE = {
    "median_step_time": "{} a step",
    "tokens_per_second": "{}",
    "mfu": "MFU {}",
    "cost": "{} so far",
    "finish_date": "ends {}",
}
FLAT = (
    *(Field("name", "Result"), Field("value", "Value", align="right"), Field("unit", "Unit")),
    *(Field("low", "Low", align="right"), Field("high", "High", align="right")),
    *(Field("kind", "Kind"), Field("source", "Source"), Field("as_of", "As of")),
    Field("reason", "Why not known"),
)

# Step times [s] that are told to three digits, for two hide a slowdown by a percent.
LEAST_EXACT, MOST_EXACT = 1e-3, 100.0


def track_document(track: Track) -> Document:
    """Return the document of a track: what is known, what is not, and where the time went."""
    tables = (
        _result_table(track),
        _unknown_table(track),
        wall_clock_table(track.reports.get("wall_clock")),
        difference_table(track.reports.get("difference")),
        segment_table(track.segments),
        _input_table(track),
    )
    return Document(
        title=track_title(track),
        tables=tuple(table for table in tables if table is not None),
        flat=_flat(track),
        data=track.to_dict(),
        messages=tuple(warning.message for warning in track.warnings),
        footer=_footer(track.meta),
    )


def track_title(track: Track) -> str:
    """Return what was tracked, in a line: the model, the steps, the accelerators."""
    model, gpu = track.inputs.get("model"), track.inputs.get("gpu")
    number, steps = track.results["num_gpus"].value, track.results["steps"].value
    parts = [str(model.value) if model and model.value else "A training run"]
    if steps is not None:
        parts.append(f"{steps:,.0f} steps")
    if number is not None:
        what = f"x {gpu.value}" if gpu and gpu.value else "GPUs"
        parts.append(f"{number:,.0f} {what}")
    return " · ".join(parts)


def live_parts(track: Track) -> Iterator[str]:
    """Yield how a run is, in a few words each: step, speed, cost so far, end."""
    results = track.results
    step, planned = results["last_step"].value, results["planned_steps"].value
    if isinstance(step, int | float):
        of = f" of {planned:,.0f}" if isinstance(planned, int | float) else ""
        yield f"step {step:,.0f}{of}"
    for name, words in LIVE.items():
        if results[name].value is not None:
            yield words.format(reading_text(name, results[name]))


def _result_table(track: Track) -> Table:
    shown = [
        (name, one)
        for name, one in track.results.items()
        if name not in IN_FILES and one.value is not None and (one.value or name not in QUIET)
    ]
    fields = (
        Field("name", "Result"),
        Field("value", "Value", align="right"),
        Field("low", "Low – high", align="right"),
        Field("how", "From"),
    )
    return Table(
        "results",
        fields,
        tuple((name, one.value, one.low, one.how) for name, one in shown),
        texts=tuple(
            (TITLES.get(name, name), *reading_texts(name, one), one.how) for name, one in shown
        ),
        notes=_notes(track),
        people_fields=tuple(
            field.name for field in fields if field.name != "how" or any(o.how for _, o in shown)
        ),
    )


def reading_texts(name: str, one: Reading) -> tuple[str, str]:
    """Return the value of a result and its range, as people read them."""
    value, ends = reading_text(name, one), _range(name, one)
    for words in TITLE_SAYS.get(name, ()):
        value, ends = value.removesuffix(words), ends.removesuffix(words)
    return value, ends


def reading_text(name: str, one: Reading) -> str:
    """Return the value of a result with its unit; a dash where it is not known."""
    if one.value is None:
        return EM_DASH
    if isinstance(one.value, str):
        return one.value
    if one.unit == "" and name not in SHARES:
        return f"{one.value:,.0f}"
    if one.unit in ("s", "day") and one.value == 0:
        return "none"
    if name == "median_step_time" and LEAST_EXACT <= one.value < MOST_EXACT:
        scale, unit = (1, "s") if one.value >= 1 else (1e3, "ms")
        return f"{scale * one.value:#.3g}".rstrip(".") + f" {unit}"
    return quantity_text(one.value, "share" if name in SHARES else one.unit)


def _range(name: str, one: Reading) -> str:
    if one.low is None or one.high is None:
        return ""
    if isinstance(one.low, str) or isinstance(one.high, str):
        return f"{one.low} {EN_DASH} {one.high}" if one.low != one.high else ""
    unit = "share" if name in SHARES else one.unit
    like = one.value if isinstance(one.value, int | float) else None
    return range_text(one.low, one.high, unit, like=like)


def _notes(track: Track) -> tuple[str, ...]:
    notes = []
    attention = track.inputs.get("attention_flop")
    if track.results["mfu"].value is not None:
        how = "in full" if attention and attention.value == "full" else "causal-halved"
        notes.append(f"MFU: of the model's own FLOP, which count attention {how}.")
    own = [name for name in BY_LOG if track.results[name].value is not None]
    stated = (track.reports.get("stated") or {}).get("conventions", {})
    for framework, convention in stated.items() if own else ():
        told = (convention or "the convention is not known").rstrip(".")
        several = f"{framework}: " if len(stated) > 1 else ""
        notes.append(f"{TITLES[own[0]]}: {several}{told}.")
    later = (track.reports.get("last_day") or {}).get("time_to_finish")
    if later and later["value"] is not None:
        text = quantity_text(later["value"], later["unit"])
        notes.append(f"{TITLES['time_to_finish']}: {text} at the pace of the last day.")
    return tuple(notes)


def _unknown_table(track: Track) -> Table | None:
    """Return what is not known, those with the same reason together."""
    rows: dict[str, list[str]] = {}
    for name, one in track.results.items():
        if one.value is None and name not in (*IN_FILES, *QUIET):
            rows.setdefault(one.reason, []).append(name)
    if not rows:
        return None
    return Table(
        "unknown",
        (Field("names", "Not known"), Field("reason", "Why")),
        tuple((", ".join(names), reason) for reason, names in rows.items()),
        texts=tuple((", ".join(_words(names)), reason) for reason, names in rows.items()),
    )


def _words(names: Sequence[str]) -> Iterator[str]:
    """Yield titles as they stand within a sentence."""
    for at, name in enumerate(names):
        title = TITLES.get(name, name).strip()
        keeps = at == 0 or title[1:2].isupper()
        yield title if keeps else title[0].lower() + title[1:]


def _input_table(track: Track) -> Table | None:
    if not track.inputs:
        return None
    fields = (Field("name", "Assumption"), Field("value", "Value"), Field("source", "From"))
    rows = tuple(
        (name, _cell(value.value), value.origin.source) for name, value in track.inputs.items()
    )
    texts = tuple(
        (track_input_title(name), track_input_text(name, value), origin_text(name, value))
        for name, value in track.inputs.items()
    )
    return Table("assumptions", fields, rows, texts=texts, notes=_price_notes(track))


OWN_TITLES = {
    "tokens_per_step": "Tokens per step",
    "planned_steps": "Planned steps",
    "steps": "Planned steps",
    "tokens": "Planned tokens",
}


def track_input_title(name: str) -> str:
    """Return what an input of a track is called."""
    return OWN_TITLES.get(name) or input_title(name)


def track_input_text(name: str, value: InputValue) -> str:
    """Return the value of an input of a track as people read it."""
    number = isinstance(value.value, int | float) and not isinstance(value.value, bool)
    if number and value.unit == "" and name in (*OWN_TITLES, "global_batch_size"):
        return f"{value.value:,.0f}"
    return input_text(name, value)


def _price_notes(track: Track) -> tuple[str, ...]:
    price = track.inputs.get("price")
    if price is None or not price.detail:
        return ()
    return (f"Price: {price.origin.source.removeprefix('gpu_prices.csv: ')}.",)


def _cell(value: Any) -> Cell:  # noqa: ANN401
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _flat(track: Track) -> Table:
    return Table("track", FLAT, tuple(_flat_rows(track)))


def _flat_rows(track: Track) -> Iterator[tuple[Cell, ...]]:
    for name, one in track.results.items():
        numbers = (one.value, one.unit, one.low, one.high)
        yield (name, *numbers, "result", one.how or None, None, one.reason or None)
    for name, value in track.inputs.items():
        origin, numbers = value.origin, (_cell(value.value), value.unit, value.low, value.high)
        yield (f"input.{name}", *numbers, origin.kind, origin.source, origin.as_of, None)
    for name, fact in track.meta.items():
        yield (f"meta.{name}", _cell(fact), "", None, None, "meta", None, None, None)
    for warned in track.warnings:
        row = (f"warning.{warned.code}", warned.message, "", None, None)
        yield (*row, "warning", None, None, None)


def _footer(meta: Mapping[str, Any]) -> str:
    if "llmcost_version" not in meta:
        return ""
    return f"llmcost {meta['llmcost_version']}, data {meta.get('data_version')}"
