"""Which parallel layout is fastest and fits?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from llmcost import engine
from llmcost._version import __version__
from llmcost.amounts import count_from, whole
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.runs import phases as published_phases
from llmcost.catalog.version import data_version
from llmcost.errors import InputError, LayoutError, shown
from llmcost.inputs import InputValue, Origin, Phase, Workload
from llmcost.layout import Layout, layout_text, notes
from llmcost.machine import Machine, Software
from llmcost.studies.batches import settled
from llmcost.studies.choices.cluster import GPU_NOUNS, MAX_GPUS, choose_precision
from llmcost.studies.choices.given import Given
from llmcost.studies.choices.layout import Split, choose_framework, choose_splits
from llmcost.studies.choices.models import ChosenModel, choose_model
from llmcost.studies.choices.workload import MAX_SEQ_LENGTH, TOKEN_NOUNS
from llmcost.studies.intervals import interval_of, situation_of
from llmcost.studies.modelling import Setting, search
from llmcost.studies.notebooks import ShownInNotebooks
from llmcost.studies.rivals import Fewest, Question, Rival, fewest, relaxed, rivals, words
from llmcost.studies.searching import Candidate, Search, usual_limits

SCHEMA = "llmcost.layouts/1"
MOST_SHOWN = 1000
COMMUNICATION = (
    *("tensor_parallel_time", "context_parallel_time", "expert_parallel_time"),
    *("pipeline_parallel_time", "data_parallel_time"),
)
UNITS = {
    "step_time": "s",
    "low": "s",
    "high": "s",
    "tokens_per_second": "token/s",
    "tokens_per_gpu_second": "token/s/GPU",
    "memory": "byte",
    "headroom": "byte",
    **dict.fromkeys(engine.STEP_PARTS, "s"),
    **{f"{name}_memory": "byte" for name in engine.MEMORY_PARTS},
}


@dataclass(frozen=True, slots=True)
class Layouts(ShownInNotebooks):
    """The answer: the best layouts, what the search looked at, and what stands beside them.

    `best` is empty where nothing fits: then `tightest` takes least memory, and `relaxed` holds what
    fits when one given part of the layout is left free. `fewest` is the fewest accelerators on
    which the model fits, `rivals` the obvious layouts that lose. `interval` are the ends of the 80%
    interval of a step time, as factors on it.
    """

    inputs: Mapping[str, InputValue]
    best: tuple[Candidate, ...]
    space: int
    fitting: int
    num_gpus: int
    interval: tuple[float, float]
    situation: str
    tightest: Candidate | None = None
    fewest: Fewest | None = None
    rivals: tuple[Rival, ...] = ()
    relaxed: tuple[tuple[str, Candidate], ...] = ()
    warnings: tuple[tuple[str, str], ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether anything fits."""
        return bool(self.best)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of this answer; numbers are in the units of `units`."""
        return {
            "schema": SCHEMA,
            **self.meta,
            "inputs": {name: value.to_dict() for name, value in self.inputs.items()},
            "units": UNITS,
            "interval": {"level": 0.8, "situation": self.situation},
            "space": self.space,
            "fitting": self.fitting,
            "results": [self.record(one) for one in self.best],
            "tightest": self.record(self.tightest) if self.tightest else None,
            "fewest_gpus": self._fewest(),
            "rivals": [self._rival(one) for one in self.rivals],
            "relaxed": [{"freed": name, **self.record(one)} for name, one in self.relaxed],
            "warnings": [{"code": code, "message": text} for code, text in self.warnings],
        }

    def record(self, one: Candidate, num_gpus: int | None = None) -> dict[str, Any]:
        """Return a candidate as plain numbers by glossary name, in the units of UNITS."""
        low, high = self.interval
        return {
            "layout": layout_text(one.layout),
            **{each.name: getattr(one.layout, each.name) for each in fields(Layout)},
            "step_time": one.step_time,
            "low": one.step_time * low,
            "high": one.step_time * high,
            "tokens_per_second": one.tokens_per_second,
            "tokens_per_gpu_second": one.tokens_per_second / (num_gpus or self.num_gpus),
            "mfu": one.mfu,
            "memory": one.total_memory,
            "headroom": one.headroom,
            "fits": one.fits,
            "bubble_fraction": one.parts["bubble_time"] / one.step_time,
            "communication_share": communication_share(one),
            **one.parts,
            **{f"{name}_memory": value for name, value in one.memory.items()},
        }

    def _fewest(self) -> dict[str, Any] | None:
        few = self.fewest
        return (
            None
            if few is None
            else {
                "num_gpus": few.num_gpus,
                **self.record(few.candidate, few.num_gpus),
            }
        )

    def _rival(self, one: Rival) -> dict[str, Any]:
        told = {"name": one.name, "parts": layout_text(one.parts), "verdict": one.verdict}
        return told | (self.record(one.candidate) if one.candidate else {"layout": None})


def communication_share(one: Candidate) -> float:
    """Return the share of a step in which devices wait for exchanges."""
    return sum(one.parts[name] for name in COMMUNICATION) / one.step_time


def find_layouts(
    model: str,
    *,
    gpu: str,
    num_gpus: object,
    global_batch_size: object = None,
    seq_length: object = None,
    precision: str | None = None,
    framework: str | None = None,
    layout: object = None,
    best: int = 10,
    origins: Mapping[str, str] | None = None,
) -> Layouts:
    """Return the fastest layouts of a model on a cluster that fit, with their trade-offs.

    `model` is a catalogue name or the path of a config.json; `global_batch_size` sequences, or
    tokens as text ("16M tokens"); `layout` what is given of the layout ("tp=8,pp=16");
    `framework` the family of software: megatron, fsdp, xla or other. Raises LayoutError where no
    layout is legal, InputError and UnknownNameError for what cannot be used.
    """
    names = ("model", "gpu", "num_gpus", "global_batch_size", "seq_length", "precision")
    asked = dict(locals())
    given = Given(
        {name: asked[name] for name in (*names, "framework", "layout")}, dict(origins or {})
    )
    _check_most(best)
    chosen = choose_model(given)
    if chosen.architecture is None:
        raise InputError("model: nothing given; needs a catalogue name or a config.json's path.")
    machine, inputs = _machine(given)
    number = whole(count_from(num_gpus, "num_gpus", GPU_NOUNS, MAX_GPUS), "num_gpus")
    phase, length = _phase(given, chosen)
    split = choose_splits(given, chosen, _workload(chosen, phase), number)[0]
    setting = Setting(chosen.architecture, machine, number)
    split, found = _searched(setting, split, best)
    inputs = (
        dict(chosen.inputs)
        | inputs
        | {
            "num_gpus": InputValue(float(number), "GPU", given.origin("num_gpus")),
            "seq_length": length,
            "global_batch_size": InputValue(float(split.batch.sequences), "", split.batch.origin),
        }
    )
    if split.partial is not None:
        inputs["layout"] = InputValue(layout_text(split.partial), "", given.origin("layout"))
    question = Question(
        chosen.architecture, machine, number, phase.seq_length, split.batch.sequences
    )
    return _answer(question, found, split.partial, inputs, chosen.warnings)


def _searched(setting: Setting, split: Split, best: int) -> tuple[Split, Search]:
    """Return the search, and the split with the batch that was searched."""
    try:
        return split, search(setting, split.phase, split.batch.sequences, split.partial, best)
    except LayoutError as trouble:
        [split] = settled(setting, [split], trouble)
        return split, search(setting, split.phase, split.batch.sequences, split.partial, best)


def _answer(
    question: Question,
    found: Search,
    partial: Any,  # noqa: ANN401
    inputs: Mapping[str, InputValue],
    warnings: tuple[tuple[str, str], ...],
) -> Layouts:
    mixture = any(group.mlp.experts for group in question.architecture.groups)
    situation = situation_of(question.machine, mixture=mixture)
    first = found.best[0] if found.best else None
    return Layouts(
        inputs=inputs,
        best=found.best,
        space=found.space,
        fitting=found.fitting,
        num_gpus=question.num_gpus,
        interval=interval_of(situation),
        situation=situation,
        tightest=found.tightest,
        fewest=fewest(question, partial),
        rivals=rivals(question, first) if first else (),
        relaxed=relaxed(question, partial) if partial and not first else (),
        warnings=(*warnings, *_layout_notes(question, first)),
        meta={"llmcost_version": __version__, "data_version": data_version()},
    )


def _layout_notes(question: Question, best: Candidate | None) -> list[tuple[str, str]]:
    if best is None:
        return []
    domain = usual_limits(question.machine, question.num_gpus).max_tensor_parallel
    told = notes(best.layout, question.architecture, question.num_gpus, question.seq_length, domain)
    return [("layout", f"{words(best.layout)}: {text}.") for text in told]


def _check_most(best: object) -> None:
    whole_number = isinstance(best, int) and not isinstance(best, bool)
    if not whole_number or not 1 <= best <= MOST_SHOWN:  # type: ignore[operator]
        raise InputError(f"best: got {shown(best)}; needs a whole number from 1 to {MOST_SHOWN}.")


def _machine(given: Given) -> tuple[Machine, dict[str, InputValue]]:
    name = given["gpu"]
    if not isinstance(name, str):
        raise InputError(f"gpu: got {shown(name)}; needs a name from: llmcost show gpus.")
    part = accelerator(name)
    family = choose_framework(given, part.vendor)
    precision = choose_precision(given, part)
    word = str(precision.value)
    machine = Machine(part, word, Software(family=str(family.value)))
    source = Origin("catalogue", f"gpu_specs.csv: {', '.join(part.sources)}", part.launched)
    return machine, {
        "gpu": InputValue(part.name, "", given.origin("gpu")),
        "precision": precision,
        "peak_flop_rate": InputValue(machine.peak, "FLOP/s/GPU", source),
        "framework": family,
    }


def _phase(given: Given, model: ChosenModel) -> tuple[Phase, InputValue]:
    """Return the stretch of training that is meant: as given, as published, or as is usual."""
    if given.has("seq_length"):
        number = count_from(given["seq_length"], "seq_length", TOKEN_NOUNS, MAX_SEQ_LENGTH)
        length, origin = whole(number, "seq_length"), given.origin("seq_length")
        return Phase(1.0, length), InputValue(float(length), "", origin)
    rows = published_phases(model.entry.name) if model.entry else ()
    if rows:
        row = max(rows, key=lambda each: each.tokens)
        origin = Origin("published", f"training_phases.csv: {', '.join(row.sources)}")
        length = int(row.seq_length)
        phase = Phase(row.tokens, length, row.phase, row.global_batch_tokens)
        return phase, InputValue(float(length), "", origin)
    if model.seq_length is None or model.seq_length_origin is None:
        raise InputError(
            "seq_length: nothing given, and none is published for this model; needs tokens per "
            "sequence, such as 4096 or 8192."
        )
    usual = InputValue(float(model.seq_length), "", model.seq_length_origin)
    return Phase(1.0, model.seq_length), usual


def _workload(model: ChosenModel, phase: Phase) -> Workload:
    return Workload((phase,), model.parameters, model.active_parameters, model.matmul_parameters)
