"""The model, accelerator and price of a tracked run: from the user, its log, an estimate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from llmcost.catalog.gpus import Accelerator, accelerator, usual_precision
from llmcost.errors import InputError, LlmcostError, UnknownNameError, shown
from llmcost.formulas.flops import flop_per_token
from llmcost.inputs import InputValue, Origin
from llmcost.sampling import Spread
from llmcost.studies.choices.cluster import choose_cluster
from llmcost.studies.choices.given import Given, Note
from llmcost.studies.choices.models import MAX_PARAMETERS, ChosenModel, choose_model
from llmcost.studies.tracking.options import Options

THE_LOG = Origin("measured", "the log")
PRICED = ("price", "price_per_node_hour", "provider", "terms", "as_of")
# What frameworks write for a precision -> our name of it.
WRITTEN = {
    **dict.fromkeys(("bf16", "bfloat16", "torch.bfloat16", "bf16-mixed", "bf16-true"), "bf16"),
    **dict.fromkeys(("fp16", "float16", "torch.float16", "half", "16-mixed", "fp16-true"), "fp16"),
    **dict.fromkeys(("fp32", "float32", "torch.float32", "32-true"), "fp32"),
}
# Degrees that a log may tell, by their short names in a layout.
SPLIT = {
    "tensor_parallel": "tp",
    "pipeline_parallel": "pp",
    "context_parallel": "cp",
    "expert_parallel": "ep",
    "micro_batch_size": "mbs",
}
ALL_COUNTED = (
    "The parameters are all that the log tells of: for a mixture of experts, of which a token uses "
    "some, FLOP and MFU are too high; give --model, or --parameters and --active-parameters."
)
NO_MODEL = "the log does not say the model: give --model, or --parameters"
NO_GPU = "the log does not say which accelerator: give --gpu"
NO_PRICE = "no accelerator and no price: give --gpu, or --price"
NO_LENGTH = (
    "attention depends on the sequence length, which the log does not say: give --seq-length"
)
# Figures of a log that an option overrules, and the option.
GIVEN_OVER_LOG = {
    "num_gpus": "gpus",
    "seq_length": "seq-length",
    "global_batch_size": "global-batch-size",
}
NOBODY = ChosenModel(0.0, 0.0, 0.0, (), {})


@dataclass(slots=True)
class Known:
    """What is known beside the measured times, and why the rest is not.

    `flop_per_token` is model FLOP [FLOP/token], `peak` [FLOP/s/GPU], `price` [USD/GPU/hour].
    """

    inputs: dict[str, InputValue] = field(default_factory=dict)
    flop_per_token: float | None = None
    no_flop: str = NO_MODEL
    peak: float | None = None
    no_peak: str = NO_GPU
    price: Spread | None = None
    no_price: str = NO_PRICE
    notes: list[Note] = field(default_factory=list)


def known_of(
    options: Options,
    facts: Mapping[str, float],
    texts: Mapping[str, str],
    seq_length: float | None,
) -> Known:
    """Return what is known of a run; raises InputError for options that cannot be used."""
    known = Known()
    known.notes += _differing(options, facts)
    _model(known, options, facts, seq_length)
    _cluster(known, options, texts)
    for name, text in options.texts.items():
        known.inputs[name] = InputValue(text, "", options.origin(name))
    if "framework" not in known.inputs and "framework" in texts:
        known.inputs["framework"] = InputValue(texts["framework"], "", THE_LOG)
    told = _layout_of(facts)
    if "layout" not in known.inputs and told:
        known.inputs["layout"] = InputValue(told, "", THE_LOG)
    layout = options.predicted.text("layout") if options.predicted else None
    if "layout" not in known.inputs and layout is not None and options.predicted is not None:
        known.inputs["layout"] = InputValue(layout, "", Origin("user", options.predicted.where))
    return known


def _differing(options: Options, facts: Mapping[str, float]) -> Iterator[Note]:
    """Yield where a figure of the user is not the log's, which is overruled."""
    for name, flag in GIVEN_OVER_LOG.items():
        mine, told = options.numbers.get(name), facts.get(name)
        if mine is not None and told is not None and mine != told:
            text = f"--{flag} is {mine:,.0f}, and the log says {told:,.0f}: yours is used."
            yield "differs-from-log", text


def _layout_of(facts: Mapping[str, float]) -> str:
    """Return what a log says of how the work is split, as a layout is written; empty for nothing.

    The data-parallel degree is left out: some frameworks count context parallel into it.

    >>> _layout_of({"tensor_parallel": 2.0, "data_parallel": 4.0, "micro_batch_size": 1.0})
    'tp=2,mbs=1'
    """
    told = {short: facts.get(name, 0.0) for name, short in SPLIT.items()}
    return ",".join(f"{short}={size:.0f}" for short, size in told.items() if size >= 1)


def _model(
    known: Known, options: Options, facts: Mapping[str, float], seq_length: float | None
) -> None:
    given, origin = _with_model(options, facts)
    if given is None:
        return
    chosen = choose_model(given)
    inputs = dict(chosen.inputs)
    if origin is not None:
        inputs = {name: replace(value, origin=origin) for name, value in inputs.items()}
    known.inputs |= inputs
    if origin is THE_LOG and not given.has("active_parameters"):
        known.notes.append(("parameters-of-log", ALL_COUNTED))
    known.inputs["attention_flop"] = given.text("attention_flop", str(given["attention_flop"]))
    known.notes += [note for note in chosen.warnings if note[0] != "no-architecture"]
    if chosen.attention and seq_length is None:
        known.no_flop = NO_LENGTH
        return
    found = flop_per_token(
        matmul_parameters=chosen.matmul_parameters,
        attention=chosen.attention,
        seq_length=seq_length,
        causal=given["attention_flop"] == "causal",
    )
    known.flop_per_token = float(found)
    if not chosen.attention:
        text = (
            "Only parameter counts are known, so model FLOP are 6 x active parameters x tokens, "
            "without attention; give --model for the exact count."
        )
        known.notes.append(("no-architecture", text))


def _with_model(options: Options, facts: Mapping[str, float]) -> tuple[Given | None, Origin | None]:
    """Return what says the model: the user, else the estimate, else the log's parameters."""
    given, predicted = options.given, options.predicted
    if given.has("model") or given.has("parameters"):
        return given, None
    own: dict[str, object] = {}
    origin = THE_LOG
    if predicted is not None:
        origin = Origin("user", predicted.where)
        own = {"model": predicted.text("model")}
        if own["model"] is None:
            own = dict(predicted.numbers("parameters", "active_parameters"))
    elif 1 <= facts.get("parameters", 0.0) <= MAX_PARAMETERS:
        own = {"parameters": facts["parameters"]}
    if not own:
        if given.has("active_parameters"):
            raise InputError("active_parameters: got it without parameters; needs --parameters.")
        return None, None
    return replace(given, values={**given.values, **own}), origin


def _cluster(known: Known, options: Options, texts: Mapping[str, str]) -> None:
    given, predicted = options.given, options.predicted
    values: dict[str, object] = {**given.values}
    origins: dict[str, Origin] = {}
    if not given.has("gpu"):
        _accelerator(known, options, texts, values, origins)
    if not given.has("precision") and values.get("gpu") is not None:
        _precision(known, options, texts, values, origins)
    own_price = any(given.has(name) for name in PRICED)
    cluster, inputs, notes = choose_cluster(replace(given, values=values), NOBODY)
    for name, origin in origins.items():
        if name in inputs:
            inputs[name] = replace(inputs[name], origin=origin)
    known.peak, known.price = cluster.peak_flop_rate, cluster.price
    if predicted is not None and predicted.price is not None and not own_price:
        known.price = predicted.price
        inputs["price"] = _borrowed(predicted.inputs["price"], predicted.where)
        notes = [note for note in notes if not note[0].startswith(("price", "no-price"))]
    known.inputs |= {name: value for name, value in inputs.items() if value.value is not None}
    for code, text in notes:
        if code == "no-price":
            known.no_price = f"{text.removeprefix('No cost: ').rstrip('.')}: give --price"
        elif code not in ("no-gpu", "no-num-gpus"):
            known.notes.append((code, text))


def _borrowed(price: InputValue, where: str) -> InputValue:
    """Return the price of an estimate; one that a person gave there was not given here."""
    given = price.origin.kind == "user"
    return replace(price, origin=Origin("user", where)) if given else price


def _accelerator(
    known: Known,
    options: Options,
    texts: Mapping[str, str],
    values: dict[str, object],
    origins: dict[str, Origin],
) -> None:
    """Take the accelerator that the log names, or else the estimate."""
    named = texts.get("accelerator")
    if named is not None:
        try:
            values["gpu"], origins["gpu"] = accelerator(named).name, THE_LOG
        except (UnknownNameError, InputError):
            known.no_peak = f"the log names the accelerator {shown(named)} alone: give --gpu"
    told = options.predicted.text("gpu") if options.predicted else None
    if values.get("gpu") is None and told is not None and options.predicted is not None:
        values["gpu"], origins["gpu"] = told, Origin("user", options.predicted.where)


def _precision(
    known: Known,
    options: Options,
    texts: Mapping[str, str],
    values: dict[str, object],
    origins: dict[str, Origin],
) -> None:
    """Take the precision that the estimate or the log names, where the accelerator has it."""
    named = texts.get("precision", "").strip().casefold()
    told: list[tuple[Any, Origin]] = [(WRITTEN.get(named, named) or None, THE_LOG)]
    if options.predicted is not None:
        told.append((options.predicted.text("precision"), Origin("user", options.predicted.where)))
    part = accelerator(str(values["gpu"]))
    usable = [(name, origin) for name, origin in told if name and _has_peak(part, name)]
    if usable:
        values["precision"], origins["precision"] = usable[0]
    if told[0][0] and told[0] not in usable:
        taken = values.get("precision") or usual_precision(part)
        text = (
            f"The log names the precision {shown(named)}, for which {part.name} has no peak: "
            f"{taken} is taken; give --precision."
        )
        known.notes.append(("precision-of-log", text))


def _has_peak(part: Accelerator, precision: str) -> bool:
    from llmcost.machine import peak_rate

    try:
        peak_rate(part, precision)
    except LlmcostError:
        return False
    return True
