"""The picture of trust: what was predicted against what was measured, one point a published run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmcost.figures import quantity_text, range_text
from llmcost.picture import NEUTRAL, Axis, Band, Line, Mark, Panel, Picture, Points, Region, Rule
from llmcost.table import Field
from llmcost.views.pictures.marks import Cells, groups_of, numbers_table, thinned
from llmcost.views.pictures.words import listed, number, source_line
from llmcost.views.validations import IN_SAMPLE, LEFT_OUT

# Points of one panel; of more, some are drawn.
MOST_POINTS = 2000
ROOM = 1.3
# Shares off, and the colour of each band, the wider first.
BANDS = ((0.20, "#BDBDBD"), (0.10, "#5F5F5F"))
EVEN = "Predicted as measured"
APART: tuple[str, str, str] = ("Kept out of the shares", NEUTRAL, "cross")
Look = tuple[str, str, str]
Looks = Mapping[str, Look]
Height = Callable[[float, float], float]
FIELDS = (
    Field("id", "Row"),
    Field("model", "Model"),
    Field("accelerator", "Accelerator"),
    Field("num_gpus", "GPUs", "GPU", "right"),
    Field("measured_step_time", "Measured step time", "s", "right"),
    Field("predicted_step_time", "Predicted step time", "s", "right"),
    Field("measured_gpu_hours", "Measured GPU-hours", "GPU*hour", "right"),
    Field("predicted_gpu_hours", "Predicted GPU-hours", "GPU*hour", "right"),
    Field("error", "Error", "share", "right"),
    Field("apart", "Kept apart"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of measurement: its part of the result, its field and unit, and its words."""

    part: str
    field: str
    unit: str
    title: str
    words: str
    plural: str

    def ends(self, row: Mapping[str, Any]) -> tuple[float, float]:
        """Return what was measured and what was predicted, 0 where that is not told."""
        told = (number(row.get(f"{which}_{self.field}")) for which in ("measured", "predicted"))
        measured, predicted = (value or 0.0 for value in told)
        return measured, predicted


STEPS = Kind("throughput", "step_time", "s", "Step time", "step time", "published configurations")
RUNS = Kind(
    "runs", "gpu_hours", "GPU-hours", "GPU-hours of whole runs", "device time", "whole runs"
)
KINDS = (STEPS, RUNS)


Part = tuple[Kind, Sequence[Mapping[str, Any]]]


def refusal(data: Mapping[str, Any]) -> str:
    """Return why a validation cannot be drawn, empty where it can."""
    found = any(_scored(data, kind) for kind in KINDS)
    return "" if found else "no row of the validation was scored"


def accuracy(data: Mapping[str, Any]) -> Picture:
    """Return predicted against measured step times [s] and GPU-hours [GPU*hour]."""
    parts = [(kind, rows) for kind in KINDS if (rows := _scored(data, kind))]
    drawn = [(kind, thinned(rows, MOST_POINTS)) for kind, rows in parts]
    looks = groups_of(str(row.get("accelerator")) for _, rows in drawn for row in rows)
    return Picture(
        "accuracy",
        _title(data, parts),
        " ".join(_told(data, parts)),
        source_line(data),
        tuple(panel for kind, rows in drawn for panel in _panels(data, kind, rows, looks)),
        numbers_table(
            "accuracy",
            "Predicted against measured",
            FIELDS,
            [_cells(row) for _, rows in drawn for row in rows],
        ),
    )


def _scored(data: Mapping[str, Any], kind: Kind) -> list[Mapping[str, Any]]:
    """Return the rows of a kind that were scored."""
    rows = data.get("rows") or ()
    return [row for row in rows if row.get("scored") and min(kind.ends(row)) > 0]


def _panels(
    data: Mapping[str, Any], kind: Kind, rows: Sequence[Mapping[str, Any]], looks: Looks
) -> Iterator[Panel]:
    """Yield what was predicted against what was measured; for steps their ratio too."""
    every = [end for row in rows for end in kind.ends(row)]
    limits = min(every) / ROOM, max(every) * ROOM
    near, far = _share(data, kind, "within_10"), _share(data, kind, "within_20")
    told = f": {near} within 10%, {far} within 20%" if near and far else ""
    measured = Axis(f"Measured {kind.words}", kind.unit, "log", limits=limits)
    yield Panel(
        measured,
        Axis(f"Predicted {kind.words}", kind.unit, "log", limits=limits),
        (*_bands(limits), *_marks(kind, rows, looks, _predicted)),
        f"{kind.title}{told}",
    )
    if kind is STEPS:
        ratios = Axis("Predicted over measured", scale="log")
        marks = (*_stretches(), *_marks(kind, rows, looks, _ratio))
        yield Panel(measured, ratios, marks, "The same, as a ratio")


def _bands(limits: tuple[float, float]) -> Iterator[Mark]:
    for share, colour in BANDS:
        low, high = (tuple(end * (1 + sign * share) for end in limits) for sign in (-1, 1))
        yield Band(f"Within {share:.0%}", colour, limits, low, high)
    yield Line(EVEN, NEUTRAL, limits, limits, dashed=True)


def _stretches() -> Iterator[Mark]:
    for share, colour in BANDS:
        yield Region(f"Within {share:.0%}", colour, 1 - share, 1 + share, "y")
    yield Rule("", 1.0, "y")


def _predicted(measured: float, predicted: float) -> float:
    del measured
    return predicted


def _ratio(measured: float, predicted: float) -> float:
    return predicted / measured


def _marks(
    kind: Kind, rows: Sequence[Mapping[str, Any]], looks: Looks, height: Height
) -> Iterator[Mark]:
    """Yield the points of each accelerator; first those that the shares leave out."""
    grouped: dict[Look, list[Mapping[str, Any]]] = {APART: []}
    grouped |= {look: [] for look in looks.values()}
    for row in rows:
        grouped[APART if row.get("apart") else looks[str(row.get("accelerator"))]].append(row)
    for (label, colour, symbol), members in grouped.items():
        ends = [kind.ends(row) for row in members]
        if members:
            yield Points(
                label,
                colour,
                tuple(measured for measured, _ in ends),
                tuple(height(*each) for each in ends),
                tuple(_text(kind, row) for row in members),
                symbol=symbol,
            )


def _text(kind: Kind, row: Mapping[str, Any]) -> str:
    """Return everything about a run, for who points at it."""
    measured, predicted = kind.ends(row)
    low, high, error = (number(row.get(name)) for name in ("low", "high", "error"))
    spread = ""
    if low is not None and high is not None and low <= high:
        spread = f" ({range_text(low, high, kind.unit, like=predicted)})"
    off = f", {error:+.1%}" if error is not None else ""
    count = number(row.get("num_gpus"))
    cluster = f"{count:,.0f} x {row.get('accelerator')}" if count else row.get("accelerator")
    return (
        f"{row.get('id')}: {row.get('model')} on {cluster}, measured "
        f"{quantity_text(measured, kind.unit)}, predicted {quantity_text(predicted, kind.unit)}"
        f"{spread}{off}"
    )


def _overall(data: Mapping[str, Any], kind: Kind) -> Mapping[str, Any]:
    part = (data.get("summary") or {}).get(kind.part) or {}
    return part.get("overall") or {}


def _share(data: Mapping[str, Any], kind: Kind, name: str) -> str:
    value = number(_overall(data, kind).get(name))
    return "" if value is None else f"{value:.1%}" if value < 0.1 else f"{value:.0%}"


def _title(data: Mapping[str, Any], parts: Sequence[Part]) -> str:
    """Return the finding: how near half of what was measured is predicted."""
    for kind, _ in parts:
        half, far = _share(data, kind, "median"), _share(data, kind, "within_20")
        if half and far:
            count = number(_overall(data, kind).get("configurations")) or 0
            return (
                f"Half of {count:,.0f} {kind.plural} are predicted within {half} and {far} "
                f"within 20%{_how(data)}"
            )
    count = sum(len(rows) for _, rows in parts)
    return f"{count:,} measurements beside their predictions, all kept out of the shares"


def _how(data: Mapping[str, Any]) -> str:
    """Return what the constants behind the predictions were fitted on."""
    notes = (data.get("summary") or {}).get("notes") or ()
    if IN_SAMPLE in notes:
        return ", by constants fitted on them"
    return ", by constants fitted without their source" if LEFT_OUT in notes else ""


def _told(data: Mapping[str, Any], parts: Sequence[Part]) -> Iterator[str]:
    """Yield the sentences of the description."""
    yield "Each point is a run: measured along x, predicted along y, both logarithmic."
    for kind, rows in parts:
        one = _overall(data, kind)
        near, far = _share(data, kind, "within_10"), _share(data, kind, "within_20")
        thin = f", {MOST_POINTS:,} of them drawn" if len(rows) > MOST_POINTS else ""
        told = f"; {near} of configurations are within 10%, {far} within 20%" if near else ""
        covered = _share(data, kind, "coverage")
        told += f", and {covered} within their 80% interval" if covered and near else ""
        worst = number(one.get("p90"))
        told += f"; nine in ten are within {worst:.0%}" if worst is not None else ""
        yield f"{kind.title}: {len(rows):,} rows{thin}{told}."
    apart = [str(row["apart"]) for _, rows in parts for row in rows if row.get("apart")]
    if apart:
        kinds = listed(sorted(set(apart)))
        yield f"Grey crosses, of which there are {len(apart):,}, are left out of them: {kinds}."
    yield from (str(note) for note in (data.get("summary") or {}).get("notes") or ())


def _cells(row: Mapping[str, Any]) -> Cells:
    return tuple(row.get(field.name) for field in FIELDS)
