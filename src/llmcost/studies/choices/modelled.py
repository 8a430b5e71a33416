"""The MFU that the model of a training step predicts, where it can, as assumptions of a run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from llmcost.errors import InputError, LayoutError
from llmcost.inputs import Cluster, InputValue, Origin, Workload, model_flop
from llmcost.sampling import Spread
from llmcost.studies.choices.given import Given, Note
from llmcost.studies.choices.layout import (
    MODEL_ONLY,
    Split,
    choose_framework,
    choose_splits,
    main_phase,
)
from llmcost.studies.choices.models import ChosenModel
from llmcost.studies.choices.parts import chosen_part
from llmcost.studies.wording import short_layout

if TYPE_CHECKING:
    from llmcost.studies.modelling import Prediction, Setting, Stretch

MAX_MFU = 0.99
DOES_NOT_FIT = "does-not-fit"


@dataclass(frozen=True, slots=True)
class Modelled:
    """A predicted MFU: its spread, one factor a phase, recomputation, inputs and notes."""

    prediction: Prediction
    mfu: Spread
    mfu_scale: tuple[float, ...]
    phase_recompute: tuple[tuple[float, float], ...]
    inputs: dict[str, InputValue]
    notes: list[Note]


def refuse_beside(given: Given, name: str) -> None:
    """Raise InputError for what only a prediction uses, beside what leaves nothing to predict."""
    for own in MODEL_ONLY:
        if given.has(own):
            raise InputError(f"{own}: got it beside {name}, which leaves nothing to predict.")


def why_not(given: Given, model: ChosenModel, cluster: Cluster) -> str:
    """Return what a prediction lacks, empty where it has all.

    Raises InputError where the user asked for a prediction.
    """
    lacks = ""
    if model.architecture is None:
        lacks = "an architecture: a catalogue name or a config.json"
    elif cluster.peak_flop_rate is None:
        lacks = "an accelerator: --gpu"
    elif cluster.num_gpus is None:
        lacks = "a number of accelerators: --gpus"
    asked = next((name for name in MODEL_ONLY if given.has(name)), None)
    if lacks and asked:
        raise InputError(f"{asked}: got it without {lacks}; a prediction needs it.")
    return lacks


def choose_modelled(
    given: Given, model: ChosenModel, workload: Workload, cluster: Cluster, part: tuple[str, str]
) -> Modelled:
    """Return the predicted MFU of a run on a part, an accelerator at a precision.

    Raises LayoutError where no layout is legal, InputError for what cannot be modelled.
    """
    from llmcost.machine import Machine, Software
    from llmcost.studies.batches import settled
    from llmcost.studies.modelling import Setting, predict

    gpu = chosen_part(given, part[0])
    framework = choose_framework(given, gpu.vendor)
    machine = Machine(gpu, part[1], Software(str(framework.value)))
    if model.architecture is None or cluster.num_gpus is None:
        raise InputError("mfu: a prediction needs an architecture and the accelerators' number.")
    setting = Setting(model.architecture, machine, cluster.num_gpus)
    splits = choose_splits(given, model, workload, cluster.num_gpus)
    anchor = _anchor(given, model, workload, setting, splits)
    try:
        prediction = predict(setting, splits, anchor)
    except LayoutError as trouble:
        splits = settled(setting, splits, trouble)
        prediction = predict(setting, splits, anchor)
    return _modelled(given, workload, prediction, splits, framework)


def _anchor(
    given: Given,
    model: ChosenModel,
    workload: Workload,
    setting: Setting,
    splits: tuple[Split, ...],
) -> Any:  # noqa: ANN401
    if not given.has("anchor"):
        return None
    from llmcost.studies.anchoring import anchor_of

    main = splits[workload.phases.index(main_phase(workload.phases))]
    name = model.entry.name if model.entry else None
    return anchor_of(given["anchor"], setting, name, main.phase, main.batch.sequences)


def _modelled(
    given: Given,
    workload: Workload,
    prediction: Prediction,
    splits: tuple[Split, ...],
    framework: InputValue,
) -> Modelled:
    from llmcost.layout.record import recompute_shares

    _, mean = prediction.mfu(_flop_of_phases(replace(workload, causal=True)))
    own, own_mean = prediction.mfu(_flop_of_phases(workload))
    low, high = prediction.factors()
    spread = _spread(mean, low, high)
    inputs = {
        "framework": framework,
        **_split_inputs(given, prediction, splits),
        "mfu": InputValue.of(spread, "", _mfu_origin(prediction)).times(own_mean / mean),
        "recompute": _recompute_input(given, prediction),
    }
    if prediction.anchor is not None:
        inputs["anchor"] = InputValue(str(given["anchor"]), "", given.origin("anchor"))
    return Modelled(
        prediction,
        spread,
        tuple(each / spread.value for each in own),
        tuple(recompute_shares(s.candidate.layout.recompute) for s in prediction.stretches),
        inputs,
        _notes(prediction, splits),
    )


def _spread(mean: float, low: float, high: float) -> Spread:
    """Return the MFU with its ends, from factors on the time of a step; a share of the peak."""
    value = min(mean, MAX_MFU)
    ends = (min(value / high, value), value, min(max(value / low, value), MAX_MFU))
    return Spread(*ends, share=True)


def _flop_of_phases(workload: Workload) -> list[float]:
    return [model_flop(replace(workload, phases=(phase,))) for phase in workload.phases]


def _split_inputs(
    given: Given, prediction: Prediction, splits: tuple[Split, ...]
) -> dict[str, InputValue]:
    from llmcost.layout import layout_text

    main = prediction.main
    split = splits[prediction.stretches.index(main)]
    text = layout_text(main.candidate.layout)
    return {
        "layout": InputValue(text, "", _layout_origin(given, prediction, split)),
        "global_batch_size": InputValue(float(main.batch), "", split.batch.origin),
    }


def _layout_origin(given: Given, prediction: Prediction, split: Split) -> Origin:
    main, asked = prediction.main, split.partial
    if main.fitting:
        told = f"fastest of {main.fitting:,} that fit, of {main.space:,} legal"
    else:
        told = f"the one of least memory; none of {main.space:,} legal ones fits"
    if asked is None or not asked.given():
        return Origin("modelled", told)
    where = given.origin(
        "phases" if split.own else "layout" if given.has("layout") else "recompute"
    )
    return Origin("user", f"{where.source}; {told}" if main.space > 1 else where.source)


def _mfu_origin(prediction: Prediction) -> Origin:
    from llmcost.catalog.calibration import calibration

    meta, main = calibration().meta, prediction.main
    rows = f" ({meta['rows']} measured rows, {meta.get('date')})" if "rows" in meta else ""
    constants = f"calibration.toml{rows}; 80% interval: {prediction.situation}"
    anchor = prediction.anchor
    if anchor is not None:
        scaled = f"scaled by {prediction.factor:.3g} to " if anchor.scaled else ""
        return Origin("measured", f"{scaled}{anchor.text}; {constants}")
    text = f"a step of {prediction.step_time:.3g} s in {_short(main)}; constants: {constants}"
    return Origin("modelled", text)


def _short(stretch: Stretch) -> str:
    from llmcost.layout import layout_text

    return short_layout(layout_text(stretch.candidate.layout))


def _recompute_input(given: Given, prediction: Prediction) -> InputValue:
    kind = prediction.main.candidate.layout.recompute
    text = kind if isinstance(kind, str) else f"full on {kind:.0%} of layers"
    origin = given.origin("recompute") if given.has("recompute") else None
    return InputValue(text, "", origin or Origin("modelled", "follows from the layout"))


def _notes(prediction: Prediction, splits: tuple[Split, ...]) -> list[Note]:
    measured = prediction.anchor.notes if prediction.anchor else ()
    return [*measured, *_fit_notes(prediction, splits), *_phase_notes(prediction)]


def _fit_notes(prediction: Prediction, splits: tuple[Split, ...]) -> list[Note]:
    from llmcost.studies.modelling import GIGA, nearest_fit

    main = prediction.main
    if main.candidate.fits:
        return []
    one, split = main.candidate, splits[prediction.stretches.index(main)]
    what = "This layout" if split.partial is not None else "The layout of least memory"
    text = (
        f"{what} does not fit: {_short(main)} takes {one.total_memory / GIGA:.1f} GB, "
        f"{-one.headroom / GIGA:.1f} GB more than programs can use of "
        f"{one.device_memory / GIGA:.0f} GB; {nearest_fit(prediction, split.partial)}."
    )
    return [(DOES_NOT_FIT, text)]


def _phase_notes(prediction: Prediction) -> list[Note]:
    notes: list[Note] = []
    for stretch in prediction.stretches:
        where = f"Phase {stretch.phase.name or stretch.phase.seq_length}"
        text = _short(stretch)
        if stretch is not prediction.main and not stretch.candidate.fits:
            notes.append((DOES_NOT_FIT, f"{where} does not fit in any layout; taken as {text}."))
        elif stretch.changed:
            told = f"{where} ({stretch.phase.seq_length:,} tokens) cannot run in the layout given"
            notes.append(("phase-layout", f"{told}; it is taken as {text}."))
    return notes
