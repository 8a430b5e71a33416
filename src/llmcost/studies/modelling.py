"""What MFU should a run reach? The layout of each phase, its step, and how sure that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from llmcost.catalog.architecture import Architecture
from llmcost.engine.memory import USABLE_SHARE
from llmcost.errors import LayoutError
from llmcost.inputs import Phase
from llmcost.layout import PartialLayout, layout_text
from llmcost.machine import Machine
from llmcost.studies.intervals import ANCHORED, interval_of, situation_of
from llmcost.studies.searching import Candidate, Search, search_layouts
from llmcost.studies.wording import short_layout

if TYPE_CHECKING:
    from llmcost.studies.choices.layout import Split

GIGA = 1e9
# What a layout gives up, in turn, until it fits: first what costs least to change.
GIVEN_UP = (
    ("recompute",),
    ("recompute", "zero_stage", "shard_group"),
    ("recompute", "micro_batch_size", "virtual_stages", "schedule"),
    ("recompute", "context_parallel", "data_parallel"),
    ("recompute", "pipeline_parallel", "data_parallel", "virtual_stages", "schedule"),
    ("recompute", "tensor_parallel", "data_parallel"),
)
# What a phase at another sequence length keeps of the layout of the run.
KEPT = ("tensor_parallel", "pipeline_parallel", "expert_parallel", "expert_tensor_parallel")
MOST_DOUBLINGS = 12


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for all phases: the model, the machine and the devices [GPU]."""

    architecture: Architecture
    machine: Machine
    num_gpus: int


@dataclass(frozen=True, slots=True)
class Anchor:
    """What a measured step took over its prediction, and the words for it.

    `interval` is the 80% interval of what is scaled, as factors, where the measurement gives one;
    `rates` are rate columns that were measured on the device, `notes` what a reader should know.
    `scaled` is false where rates were measured and no step.
    """

    factor: float
    text: str
    interval: tuple[float, float] | None = None
    rates: tuple[tuple[str, float], ...] = ()
    notes: tuple[tuple[str, str], ...] = ()
    scaled: bool = True


@dataclass(frozen=True, slots=True)
class Stretch:
    """One phase with its layout: how many legal layouts were searched, and how many of them fit.

    `changed` says that the phase could not run in the layout of the run.
    """

    phase: Phase
    candidate: Candidate
    space: int
    fitting: int
    changed: bool = False

    @property
    def batch(self) -> int:
        """Sequences of a step."""
        return self.candidate.layout.global_batch_size

    def seconds(self, factor: float = 1.0) -> float:
        """Return the time of all steps of the phase [s], of steps that take `factor` as long."""
        tokens = self.batch * self.phase.seq_length
        return self.phase.tokens / tokens * self.candidate.step_time * factor


@dataclass(frozen=True, slots=True)
class Prediction:
    """A step for each phase, the situation it is predicted in, and a measured run to scale to."""

    setting: Setting
    stretches: tuple[Stretch, ...]
    situation: str
    anchor: Anchor | None = None

    @property
    def main(self) -> Stretch:
        """The phase with the most tokens."""
        return max(self.stretches, key=lambda each: each.phase.tokens)

    @property
    def factor(self) -> float:
        """What a like run took over its prediction; 1 without one."""
        return 1.0 if self.anchor is None else self.anchor.factor

    @property
    def step_time(self) -> float:
        """The time of a step of the main phase [s]."""
        return self.main.candidate.step_time * self.factor

    def factors(self) -> tuple[float, float]:
        """Return the 80% interval of a step time as factors on it."""
        own = self.anchor.interval if self.anchor else None
        return own or interval_of(self.situation)

    def mfu(self, model_flop: Sequence[float]) -> tuple[tuple[float, ...], float]:
        """Return the MFU of each phase, and of all, from the model FLOP of each phase [FLOP]."""
        rate = self.setting.num_gpus * self.setting.machine.peak
        seconds = [each.seconds(self.factor) for each in self.stretches]
        of_phases = [flop / time / rate for flop, time in zip(model_flop, seconds, strict=True)]
        return tuple(of_phases), sum(model_flop) / sum(seconds) / rate


def predict(setting: Setting, splits: Sequence[Split], anchor: Anchor | None = None) -> Prediction:
    """Return the step of each phase, in its given layout or the fastest that fits.

    Each distinct sequence length, batch and layout is searched once. Raises LayoutError for a
    given layout that is not legal, or where none is; InputError for a figure that is not known.
    """
    main = max(splits, key=lambda each: each.phase.tokens)
    if anchor is not None and anchor.rates:
        setting = replace(setting, machine=replace(setting.machine, measured=anchor.rates))
    known: dict[Any, tuple[Search, bool]] = {}
    stretches = []
    for split in splits:
        key = (split.phase.seq_length, split.batch.sequences, split.partial, split.own)
        if key not in known:
            known[key] = _search(setting, split, strict=split.own or split is main)
        found, changed = known[key]
        stretches.append(_stretch(split.phase, found, changed))
    mixture = any(group.mlp.experts for group in setting.architecture.groups)
    usual = situation_of(setting.machine, mixture=mixture)
    situation = ANCHORED if anchor and anchor.scaled else usual
    return Prediction(setting, tuple(stretches), situation, anchor)


def search(
    setting: Setting, phase: Phase, batch: int, partial: PartialLayout | None, best: int = 1
) -> Search:
    """Return the layouts of one phase with the given parts; raises as `search_layouts` does."""
    fixed = None if partial is None else replace(partial, global_batch_size=None)
    where = (setting.architecture, setting.machine, setting.num_gpus)
    return search_layouts(*where, phase.seq_length, batch, fixed, best=best)


def _search(setting: Setting, split: Split, *, strict: bool) -> tuple[Search, bool]:
    """Return the search of a phase, and whether it had to leave the layout of the run."""
    batch, trouble = split.batch.sequences, None
    for number, partial in enumerate(_options(split.partial, strict=strict)):
        try:
            found = search(setting, split.phase, batch, partial)
        except LayoutError as error:
            trouble = trouble or error
            continue
        if found.best or strict or partial is None:
            return found, number > 0
    if trouble is not None:
        raise trouble
    return search(setting, split.phase, batch, None), split.partial is not None


def _options(partial: PartialLayout | None, *, strict: bool) -> list[PartialLayout | None]:
    if partial is None or strict:
        return [partial]
    parts = partial.given()
    kept = {name: parts[name] for name in (*KEPT, "recompute") if name in parts}
    recompute = {"recompute": parts["recompute"]} if "recompute" in parts else {}
    fewer = [PartialLayout(**some) for some in (kept, recompute)]  # type: ignore[arg-type]
    return [partial, *fewer]


def _stretch(phase: Phase, found: Search, changed: bool) -> Stretch:
    candidate = found.best[0] if found.best else found.tightest
    if candidate is None:
        raise LayoutError("No layout was found.")
    return Stretch(phase, candidate, found.space, found.fitting, changed)


def nearest_fit(prediction: Prediction, partial: PartialLayout | None) -> str:
    """Return in words what would fit: the nearest layout, or else the number of devices."""
    setting, main = prediction.setting, prediction.main
    for fewer in _nearby(partial):
        found = _tried(setting, main, fewer)
        if found is not None and found.best:
            return f"the nearest that fits is {_short(found.best[0])}"
    for doubling in range(1, MOST_DOUBLINGS + 1):
        larger = replace(setting, num_gpus=setting.num_gpus << doubling)
        found = _tried(larger, main, None)
        if found is not None and found.best:
            part = setting.machine.accelerator.name
            return f"{larger.num_gpus:,} {part} hold it, as in {_short(found.best[0])}"
    return f"up to {setting.num_gpus << MOST_DOUBLINGS:,} of these accelerators do not hold it"


def _short(candidate: Candidate) -> str:
    return short_layout(layout_text(candidate.layout))


def _nearby(partial: PartialLayout | None) -> Iterable[PartialLayout | None]:
    parts = {} if partial is None else partial.given()
    parts.pop("global_batch_size", None)
    for names in GIVEN_UP:
        if any(name in parts for name in names):
            kept = {name: value for name, value in parts.items() if name not in names}
            yield PartialLayout(**kept)  # type: ignore[arg-type]
    if parts:
        yield None


def _tried(setting: Setting, main: Stretch, partial: PartialLayout | None) -> Search | None:
    try:
        return search(setting, main.phase, main.batch, partial)
    except LayoutError:
        return None


def step_report(prediction: Prediction) -> dict[str, Any]:
    """Return the step of the main phase for programs: its layout, its parts [s], all phases."""
    main, factor = prediction.main, prediction.factor
    parts = {
        name.removesuffix("_time"): {
            "value": seconds * factor,
            "unit": "s",
            "share": seconds / main.candidate.step_time,
        }
        for name, seconds in main.candidate.parts.items()
    }
    return {
        "layout": layout_text(main.candidate.layout),
        "parts": parts,
        "layouts_searched": main.space,
        "layouts_that_fit": main.fitting,
        "situation": prediction.situation,
        "phases": [_phase_report(each, factor) for each in prediction.stretches],
    }


def _phase_report(stretch: Stretch, factor: float) -> dict[str, Any]:
    return {
        "name": stretch.phase.name,
        "tokens": stretch.phase.tokens,
        "seq_length": stretch.phase.seq_length,
        "global_batch_size": stretch.batch,
        "layout": layout_text(stretch.candidate.layout),
        "step_time": {"value": stretch.candidate.step_time * factor, "unit": "s"},
        "fits": stretch.candidate.fits,
    }


def memory_report(prediction: Prediction) -> dict[str, Any]:
    """Return the memory of the fullest device in the main phase for programs [GB]."""
    one = prediction.main.candidate
    return {
        "parts": {name: _gigabytes(held) for name, held in one.memory.items()},
        "total": _gigabytes(one.total_memory),
        "capacity": _gigabytes(one.device_memory),
        "usable": _gigabytes(one.device_memory * USABLE_SHARE),
        "headroom": _gigabytes(one.headroom),
        "fits": one.fits,
    }


def _gigabytes(number: float) -> dict[str, Any]:
    return {"value": number / GIGA, "unit": "GB"}
