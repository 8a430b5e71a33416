"""A measured run of the same model that a prediction is scaled to."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar

from llmcost.amounts import count_from, spread_from, whole
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.measured import throughput_rows
from llmcost.errors import InputError, UnknownNameError, shown
from llmcost.inputs import Phase
from llmcost.layout import PartialLayout, layout_text, read_layout
from llmcost.reading import read_quantity
from llmcost.studies.choices.layout import shareable
from llmcost.studies.modelling import Anchor, Setting, search
from llmcost.studies.wording import short_layout
from llmcost.units import dimension_gap

if TYPE_CHECKING:
    from llmcost.studies.saved import Saved
    from llmcost.studies.searching import Candidate

Made = TypeVar("Made")
MAX_TEXT = 300
MAX_PATH = 4_000
MAX_GPUS = 1e8
EXAMPLE = (
    "a run such as '12.3 s/step on 512 h100-sxm, tp=4,pp=8,gbs=512', the id of a row of "
    "throughput.csv (llmcost validate prints them), or FILE.json of llmcost track or bench"
)
SUFFIX, BENCH = ".json", "bench"
RATES = ("token/s/GPU", "FLOP/s/GPU")
_RUN = re.compile(
    r"\s*(?P<rate>.+?)\s+on\s+(?P<count>[\d.,_]+ ?[kKM]?)\s*x?\s+(?P<rest>\S.*)", re.S
)
_STEP = re.compile(r"\s*(?:/|\bper\b|\ba\b)\s*step\s*$", re.I)
_LAYOUT = re.compile(r"[,;]|\b[a-z][a-z_-]*\s*[=:]", re.I)
_LENGTH = re.compile(r"\bseq(?:[-_]length)?\s*[=:]\s*([\w.]+)", re.I)


def anchor_of(
    value: object, setting: Setting, model: str | None, phase: Phase, batch: int
) -> Anchor:
    """Return the anchor that a text states, a row of throughput.csv by its id, or a saved result.

    `setting` is that of the run to be predicted, `model` its catalogue name, `phase` its main
    phase and `batch` that phase's [sequence]. A text that states no sequence length or batch means
    the same length, and the same batch for each accelerator. Raises InputError for a text that
    cannot be read and for a run of another model, accelerator or precision.
    """
    saved = saved_anchor(value)
    if saved is not None and saved.kind == BENCH:
        from llmcost.studies.benching.anchoring import bench_anchor

        return _told(lambda: bench_anchor(saved.data, saved.name, setting))
    if saved is not None:
        return _told(lambda: _from_track(saved, setting, model, phase, batch))
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > MAX_TEXT:
        raise InputError(f"anchor: got {shown(value)}; needs {EXAMPLE}.")
    run = _RUN.fullmatch(text)
    if run is None and len(text.split()) > 1:
        raise InputError(f"anchor: got {shown(value)}; needs {EXAMPLE}.")
    if run is None:
        return _told(lambda: _from_row(text, setting, model))
    return _told(lambda: _from_text(run, text, setting, phase, batch))


def saved_anchor(value: object) -> Saved | None:
    """Return the saved result that an anchor names by the path of its file, `None` for other text.

    Raises InputError where the file cannot be read, or holds no result.
    """
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str) or not text.strip().casefold().endswith(SUFFIX):
        return None
    if len(text) > MAX_PATH:
        raise InputError(f"anchor: got {shown(text)}; needs {EXAMPLE}.")
    from llmcost.studies.saved import read_saved

    return _told(lambda: read_saved(text.strip()))


def _told(made: Callable[[], Made]) -> Made:
    """Return what is made; an InputError on the way is told as one of the anchor."""
    try:
        return made()
    except InputError as error:
        if str(error).startswith("anchor: "):
            raise
        raise InputError(f"anchor: {error}") from None


def _from_track(
    saved: Saved, setting: Setting, model: str | None, phase: Phase, batch: int
) -> Anchor:
    from llmcost.studies.tracked_runs import architecture_of, tracked_run

    run = tracked_run(saved)
    if run.model != model and architecture_of(run) != setting.architecture:
        raise InputError(f"anchor: {run.name} is a run of {run.model}; needs one of this model.")
    part = accelerator(run.gpu).name
    _same(setting.machine.accelerator.name, part, "accelerator")
    _same(setting.machine.precision, run.precision or "bf16", "precision")
    phase = replace(phase, seq_length=run.seq_length or phase.seq_length)
    if run.tokens_per_step is not None:
        batch = max(1, round(run.tokens_per_step / phase.seq_length))
    else:
        batch = _batch(run.layout, batch * run.num_gpus / setting.num_gpus)
    measured = run.seconds(batch * phase.seq_length)
    told = f"{run.name} ({run.num_gpus:,} {part}, {batch:,} sequences a step)"
    candidate, _ = _ran(setting, run.num_gpus, phase, batch, run.layout, run.name)
    _check_mfu(candidate.mfu * candidate.step_time / measured, run.name)
    return _anchor(measured, candidate.step_time, told)


def _ran(
    setting: Setting,
    num_gpus: int,
    phase: Phase,
    batch: int,
    partial: PartialLayout | None,
    text: str,
) -> tuple[Candidate, Setting]:
    """Return the step that a measured run is predicted to take, and the setting it ran in."""
    measured_on = replace(setting, num_gpus=num_gpus)
    found = search(measured_on, phase, batch, partial)
    candidate = found.best[0] if found.best else found.tightest
    if candidate is None:
        raise InputError(f"anchor: got {shown(text)}; no layout of that run is legal.")
    return candidate, measured_on


def _from_text(run: re.Match[str], text: str, setting: Setting, phase: Phase, batch: int) -> Anchor:
    name, rest = _parted(run["rest"])
    _same(setting.machine.accelerator.name, accelerator(name).name, "accelerator")
    number = whole(count_from(run["count"], "anchor", maximum=MAX_GPUS, nouns=()), "anchor")
    length = _LENGTH.search(rest)
    if length:
        rest = rest[: length.start()] + rest[length.end() :]
        size = whole(count_from(length[1], "anchor", ()), "anchor")
        phase = replace(phase, seq_length=size)
    partial = read_layout(rest) if rest.strip(" ,;") else None
    batch = _batch(partial, batch * number / setting.num_gpus)
    candidate, measured_on = _ran(setting, number, phase, batch, partial, text)
    told = f"{short_layout(layout_text(candidate.layout))}, {batch:,} sequences a step"
    measured = _step_time(run["rate"], candidate, measured_on, batch * phase.seq_length)
    _check_mfu(candidate.mfu * candidate.step_time / measured, text)
    return _anchor(measured, candidate.step_time, f"{text} ({told})")


def _parted(text: str) -> tuple[str, str]:
    """Return the accelerator and the layout of a run, with a comma between them or a space."""
    start = _LAYOUT.search(text)
    at = start.start() if start else len(text)
    return text[:at].strip(" ,;"), text[at:]


def _batch(partial: PartialLayout | None, wanted: float) -> int:
    """Return the sequences of a measured step: stated, or near what is wanted and shareable."""
    if partial is None:
        return shareable(wanted, 1)
    if partial.global_batch_size is not None:
        return partial.global_batch_size
    replicas = (partial.data_parallel or 1) * (partial.micro_batch_size or 1)
    return shareable(wanted, replicas, most=inf)


def _step_time(rate: str, candidate: Any, setting: Setting, tokens: int) -> float:  # noqa: ANN401
    """Return the measured time of a step [s] from a time, a token rate or a FLOP rate."""
    if ".." in rate:
        raise InputError(f"anchor: got {shown(rate)}; needs one value, not a range.")
    if _STEP.search(rate):
        return spread_from(_STEP.sub("", rate), "s", "anchor").value
    unit = read_quantity(rate)[1]
    kind = next((known for known in RATES if unit and not dimension_gap(unit, known)), None)
    if kind is None:
        raise InputError(
            f"anchor: got {shown(rate)}; needs a time as in '12.3 s/step', or the rate of one "
            "device as in '430 TFLOP/s/GPU' or '9,500 token/s/GPU'."
        )
    value = spread_from(rate, kind, "anchor", maximum=1e18).value
    if kind == RATES[0]:
        return tokens / (value * setting.num_gpus)
    return float(candidate.step_time * candidate.mfu * setting.machine.peak / value)


def _check_mfu(mfu: float, text: str) -> None:
    """Raise InputError for a measured step that is faster than the peak."""
    if mfu > 1:
        raise InputError(
            f"anchor: got {shown(text)}, an MFU of {mfu:.0%} of the peak; needs a step that takes "
            "longer. Is the batch that of this step, and the number that of all its accelerators?"
        )


def _from_row(key: str, setting: Setting, model: str | None) -> Anchor:
    from llmcost.studies.validation.points import point_of
    from llmcost.studies.validation.predicting import choose, measured_time

    row = next((row for row in throughput_rows() if row["id"] == key), None)
    if row is None:
        known = [row["id"] for row in throughput_rows()]
        raise UnknownNameError("row of throughput.csv", key, known, f"Needs {EXAMPLE}.")
    point = point_of(row)
    if not point.scored:
        raise InputError(f"anchor: {key} cannot be judged: {point.reason}.")
    if point.catalogue_model != model and point.architecture != setting.architecture:
        raise InputError(f"anchor: {key} is a run of {point.model}; needs one of this model.")
    _same(setting.machine.accelerator.name, str(point.accelerator), "accelerator")
    _same(setting.machine.precision, str(point.precision), "precision")
    chosen = choose(point)
    measured = measured_time(point, chosen.layout)
    if measured is None:
        raise InputError(f"anchor: {key} states no time of a step.")
    told = f"throughput.csv {key} ({point.source}, {point.num_gpus:,} {point.accelerator})"
    return _anchor(measured, chosen.step_time, told)


def _same(wanted: str, got: str, what: str) -> None:
    if wanted != got:
        raise InputError(
            f"anchor: got a run on {got}; needs the {what} of this estimate, {wanted}, for "
            "another one errs in its own way."
        )


def _anchor(measured: float, predicted: float, told: str) -> Anchor:
    factor = measured / predicted
    text = f"{told}: {measured:.4g} s measured, {predicted:.4g} s predicted"
    if not 0.1 <= factor <= 10:
        raise InputError(
            f"anchor: {text}, {factor:.3g} times; needs a run within ten times its prediction. "
            "Is it the time of one step, of the same model, on that many accelerators?"
        )
    return Anchor(factor, text)
