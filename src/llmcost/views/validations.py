"""Validations to documents: errors by group, the worst rows, and what could not be scored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from llmcost._version import __version__
from llmcost.catalog.version import data_version
from llmcost.figures import EM_DASH, quantity_text, range_text
from llmcost.studies.validation.groups import GROUPS
from llmcost.table import Cell, Document, Field, Table

if TYPE_CHECKING:
    from llmcost.studies.validation.baselines import Baseline
    from llmcost.studies.validation.report import Part, Validation
    from llmcost.studies.validation.rows import Row
    from llmcost.studies.validation.scoring import Score

SCHEMA = "llmcost.validation/1"
STEP_TIME = "step_time"
UNITS = {STEP_TIME: "s", "gpu_hours": "GPU*hour"}
NAMES = {STEP_TIME: "throughput", "gpu_hours": "runs"}
WORDS = {STEP_TIME: "step time", "gpu_hours": "GPU-hours of whole runs"}
WORST = 10
# The groups that people see unless they ask for others. Nearly every whole run has its own source.
USUAL = {
    STEP_TIME: ("source", "framework", "generation", "precision", "density", "size", "layout"),
    "gpu_hours": ("generation", "density", "size"),
}
ERRORS = (
    Field("group", "Group"),
    Field("configurations", "n", align="right"),
    Field("median", "median", align="right"),
    Field("mean", "mean", align="right"),
    Field("p90", "P90", align="right"),
    Field("bias", "bias", align="right"),
    Field("within_10", "≤10%", align="right"),
    Field("within_20", "≤20%", align="right"),
    Field("coverage", "cover", align="right"),
    Field("width", "width", align="right"),
)
ROW_KEYS = (
    *("id", "table", "source", "model", "accelerator", "num_gpus", "precision"),
    *("measured_step_time", "predicted_step_time", "measured_gpu_hours", "predicted_gpu_hours"),
    *("low", "high", "unit", "error", "scored", "reason", "apart", "situation", "layout"),
)
OWN_UNITS = {
    **dict.fromkeys(("measured_step_time", "predicted_step_time"), "s"),
    **dict.fromkeys(("measured_gpu_hours", "predicted_gpu_hours"), "GPU*hour"),
}
HOW = (
    "Error is predicted over measured less one; n counts configurations, repeats taken at their "
    "median. cover: share of measurements inside the 80% interval; width: its median width over "
    "the prediction."
)
LEFT_OUT = (
    "Each row is predicted by constants fitted without any row of its source family; so are the "
    "intervals, by situation."
)
OWN = "Your own: step time"
OWN_APART = "The constants were fitted without the tracks of your own."
IN_SAMPLE = (
    "The shipped constants were fitted on these very rows, so this is how well they fit. How well "
    "they foresee: llmcost calibrate --cross-validate source."
)


def validation_document(
    found: Validation,
    *,
    by: Sequence[str] = (),
    worst: int = WORST,
    every_row: bool = False,
) -> Document:
    """Return the document of a validation.

    `by` names the groups to show (the usual ones where it is empty), `worst` how many of the worst
    rows; `every_row` shows all of them.
    """
    tables = [
        table
        for part in found.parts
        for table in _part_tables(part, by or USUAL[part.kind], worst, every_row=every_row)
    ]
    return Document(
        title=_title(found),
        tables=tuple(tables),
        flat=_flat(found.parts),
        data={
            "schema": SCHEMA,
            "llmcost_version": __version__,
            "data_version": data_version(),
            "summary": _summary(found),
            "rows": _records(found.parts),
        },
        messages=tuple(_messages(found)),
        footer=HOW,
    )


def _title(found: Validation) -> str:
    what = " and ".join(map(_rows_words, found.parts))
    anchored = ", each anchored on one measurement of a like run" if found.anchored else ""
    return f"Predicted against measured: {what}{anchored}"


def _rows_words(part: Part) -> str:
    own = len(part.added)
    told = [f"{len(part.rows) - own:,} rows of {part.file}"] if len(part.rows) > own else []
    told += [f"{own:,} {'track' if own == 1 else 'tracks'} of your own"] if own else []
    return " and ".join(told)


def _messages(found: Validation) -> Iterator[str]:
    for part in found.parts:
        if part.kind != STEP_TIME:
            continue
        if part.left_out:
            yield LEFT_OUT
        elif part.shipped and len(part.rows) > len(part.added):
            yield IN_SAMPLE
        elif part.known_rows and not part.shipped:
            yield (
                f"{part.known_rows:,} of {len(part.rows):,} rows have the id of a shipped row, and "
                "the shipped constants were fitted on those."
            )

        if part.added:
            yield OWN_APART


def _part_tables(part: Part, by: Sequence[str], worst: int, *, every_row: bool) -> Iterator[Table]:
    if own := [row for row in part.rows if row.id in part.added]:
        yield replace(_row_table(part, own, OWN), name="added")
    lines = list(_lines(part, by))
    title = f"Error of {WORDS[part.kind]}"
    if lines:
        yield _error_table(lines, title)
        if part.baselines:
            yield _rival_table(part, lines)
    if every_row:
        yield _row_table(part, part.rows, f"Every row: {WORDS[part.kind]}")
    elif worst and (rows := _worst(part.rows, worst)):
        yield _row_table(part, rows, f"The worst {len(rows)}: {WORDS[part.kind]}")
    if part.reasons:
        yield _reasons(part)


def _lines(part: Part, by: Sequence[str]) -> Iterator[tuple[str, Score | None]]:
    """Yield the lines of the tables of groups: a name and its score, or a heading alone."""
    if part.overall:
        yield "All", part.overall
    for name in by:
        if groups := part.groups.get(name):
            yield GROUPS[name][0], None
            yield from ((f"  {group}", one) for group, one in groups.items())
    if part.apart:
        yield "Kept apart", None
        yield from ((f"  {group}", one) for group, one in part.apart.items())


def _error_table(lines: Sequence[tuple[str, Score | None]], title: str) -> Table:
    names = [field.name for field in ERRORS[1:]]
    rows = [(group.strip(), *(getattr(one, name, None) for name in names)) for group, one in lines]
    texts = [
        (group, *(_score_text(name, getattr(one, name)) if one else "" for name in names))
        for group, one in lines
    ]
    return Table("errors", ERRORS, tuple(rows), title=title, texts=tuple(texts))


def _score_text(name: str, value: float | None) -> str:
    if value is None:
        return EM_DASH
    if name == "configurations":
        return f"{value:,}"
    if name == "bias":
        return _percent(value, sign="+")
    return f"{value:.0%}" if name in ("within_10", "within_20", "coverage") else _percent(value)


def _percent(value: float, sign: str = "") -> str:
    """Return a share as percent: a decimal below a hundred, none above.

    >>> _percent(0.0712), _percent(-0.05, "+"), _percent(12.5)
    ('7.1%', '-5.0%', '1,250%')
    """
    return f"{value:{sign},.{0 if abs(value) >= 0.9995 else 1}%}"


def _rival_table(part: Part, lines: Sequence[tuple[str, Score | None]]) -> Table:
    fields = (
        Field("group", "Group"),
        Field("median", "model", align="right"),
        *(Field(each.name, each.title, align="right") for each in part.baselines),
    )
    figures = [_figures(part.baselines, one) for _, one in lines]
    return Table(
        "baselines",
        fields,
        tuple((group.strip(), *found) for (group, _), found in zip(lines, figures, strict=True)),
        title="Median error beside simpler methods, on the same rows",
        texts=tuple(
            (group, *(_share(value) if one else "" for value in found))
            for (group, one), found in zip(lines, figures, strict=True)
        ),
        notes=(*map(_about, part.baselines), *_losses(part)),
    )


def _share(value: float | None) -> str:
    return EM_DASH if value is None else _percent(value)


def _figures(baselines: Iterable[Baseline], one: Score | None) -> list[float | None]:
    """Return the median error of the model, then that of each baseline."""
    known = one.baselines if one else {}
    theirs = [known[each.name].median if each.name in known else None for each in baselines]
    return [one.median if one else None, *theirs]


def _about(baseline: Baseline) -> str:
    text = f"{baseline.title}: {baseline.summary}"
    text += f" ({baseline.mfu:.1%})" if baseline.mfu and "%" not in baseline.summary else ""
    if baseline.pooled:
        text += f"; of wider classes for {baseline.pooled:,} rows that have no like elsewhere"
    if baseline.silent:
        text += f"; nothing for {baseline.silent:,} rows"
    return f"{text}."


def _losses(part: Part) -> Iterator[str]:
    if part.lost:
        yield f"Not better than a simpler method in: {'; '.join(part.lost)}."
    elif part.compared:
        yield "Better than each of them in every group of ten configurations or more."
    else:
        yield "No group here has ten configurations: too few to call either better."


def _worst(rows: Iterable[Row], worst: int) -> list[Row]:
    """Return the scored rows of the headline that are furthest off."""
    judged = [row for row in rows if row.scored and not row.apart]
    return sorted(judged, key=lambda row: -abs(row.error or 0))[:worst]


def _row_table(part: Part, rows: Sequence[Row], title: str) -> Table:
    unit = UNITS[part.kind]
    fields = (
        Field("id", "Row"),
        Field("model", "Model"),
        Field("accelerator", "Accelerators"),
        Field("measured", "Measured", unit, align="right"),
        Field("predicted", "Predicted", unit, align="right"),
        Field("interval", "Low – high"),
        Field("error", "Error", align="right"),
        Field("remark", "Remark"),
    )
    remarked = any(_remark(row) for row in rows)
    return Table(
        "rows",
        fields,
        tuple(_row_cells(row, unit) for row in rows),
        title=title,
        texts=tuple(_row_texts(row, unit) for row in rows),
        people_fields=tuple(field.name for field in fields if remarked or field.name != "remark"),
    )


def _row_cells(row: Row, unit: str) -> tuple[Cell, ...]:
    return (
        *(row.id, row.model, _cluster(row), row.measured, row.predicted),
        *(_interval(row, unit), row.error, _remark(row)),
    )


def _row_texts(row: Row, unit: str) -> tuple[str, ...]:
    error = EM_DASH if row.error is None else _percent(row.error, sign="+")
    return (
        *(row.id, row.model, _cluster(row)),
        *(quantity_text(row.measured, unit), quantity_text(row.predicted, unit)),
        *(_interval(row, unit), error, _remark(row)),
    )


def _interval(row: Row, unit: str) -> str:
    return range_text(row.low, row.high, unit, like=row.predicted)


def _cluster(row: Row) -> str:
    number = f"{row.num_gpus:,} x " if row.num_gpus else ""
    return f"{number}{row.accelerator or EM_DASH}"


def _remark(row: Row) -> str:
    return row.apart if row.scored else row.reason


def _reasons(part: Part) -> Table:
    fields = (Field("rows", "Rows", align="right"), Field("reason", "Why they are not scored"))
    ordered = sorted(part.reasons.items(), key=lambda item: (-item[1], item[0]))
    rows = tuple((count, reason) for reason, count in ordered)
    texts = tuple((f"{count:,}", reason) for count, reason in rows)
    return Table("not_scored", fields, rows, title=f"Not scored: {WORDS[part.kind]}", texts=texts)


def _flat(parts: Iterable[Part]) -> Table:
    fields = tuple(Field(name, unit=OWN_UNITS.get(name, "")) for name in ROW_KEYS)
    rows = tuple(
        tuple(record.get(name) for name in ROW_KEYS)
        for part in parts
        for record in _part_records(part)
    )
    return Table("validation", fields, rows)


def _records(parts: Iterable[Part]) -> list[dict[str, Cell]]:
    """Return the rows for programs, each with the keys of its own kind."""
    return [record for part in parts for record in _part_records(part)]


def _part_records(part: Part) -> Iterator[dict[str, Cell]]:
    for row in part.rows:
        known: dict[str, Cell] = {
            "table": NAMES[part.kind],
            f"measured_{part.kind}": row.measured,
            f"predicted_{part.kind}": row.predicted,
            "unit": UNITS[part.kind],
        }
        other = "gpu_hours" if part.kind == STEP_TIME else STEP_TIME
        names = [name for name in ROW_KEYS if not name.endswith(f"_{other}")]
        yield {name: known[name] if name in known else getattr(row, name) for name in names}


def _summary(found: Validation) -> dict[str, Any]:
    return {
        "anchored": found.anchored,
        **{NAMES[part.kind]: _part_summary(part) for part in found.parts},
        "notes": list(_messages(found)),
    }


def _part_summary(part: Part) -> dict[str, Any]:
    return {
        "file": part.file,
        "unit": UNITS[part.kind],
        "error": "predicted / measured - 1",
        "rows": len(part.rows),
        "scored": sum(row.scored for row in part.rows),
        "overall": _score_data(part.overall),
        "groups": {by: _scores_data(groups) for by, groups in part.groups.items()},
        "apart": _scores_data(part.apart),
        "baselines": {each.name: asdict(each) for each in part.baselines},
        "baselines_better": list(part.lost),
        "not_scored": dict(part.reasons),
    } | ({"added": list(part.added)} if part.added else {})


def _scores_data(scores: Mapping[str, Score]) -> dict[str, Any]:
    return {name: _score_data(one) for name, one in scores.items()}


def _score_data(one: Score | None) -> dict[str, Any] | None:
    return None if one is None else asdict(one)
