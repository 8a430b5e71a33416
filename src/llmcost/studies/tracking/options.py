"""What a user says of a tracked run, beside its log: read once, before the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmcost.amounts import count_from, whole
from llmcost.errors import InputError, shown
from llmcost.inputs import Origin
from llmcost.studies.choices.cluster import GPU_NOUNS, MAX_GPUS
from llmcost.studies.choices.given import Given
from llmcost.studies.choices.workload import ATTENTION, MAX_SEQ_LENGTH, MAX_TOKENS, TOKEN_NOUNS
from llmcost.studies.tracking.predicted import Predicted
from llmcost.units import is_quantity

STEP_NOUNS = ("steps", "step", "iterations")
SEQUENCE_NOUNS = ("sequences", "sequence", "samples", "seqs")
MAX_STEPS, MAX_SEQUENCES = 1e12, 1e9
# Options that choices know by the same name, for the model, the accelerator and the price.
CHOSEN = (
    *("model", "parameters", "active_parameters", "gpu", "precision", "price"),
    *("price_per_node_hour", "gpus_per_node", "provider", "terms", "as_of", "today"),
    *("attention_flop",),
)
# What the log may say, and the user in its place: name -> what counts it, the most there may be.
NUMBERS: dict[str, tuple[tuple[str, ...], float]] = {
    "num_gpus": (GPU_NOUNS, MAX_GPUS),
    "seq_length": (TOKEN_NOUNS, MAX_SEQ_LENGTH),
    "tokens_per_step": (TOKEN_NOUNS, MAX_TOKENS),
    "tokens": (TOKEN_NOUNS, MAX_TOKENS),
    "steps": (STEP_NOUNS, MAX_STEPS),
}
WHOLE = ("num_gpus", "seq_length", "steps")
TEXTS = ("layout", "framework")


@dataclass(frozen=True, slots=True)
class Options:
    """What the user gave, checked: numbers by name, the rest as choices take it.

    `tokens` and `steps` are those that the run plans. `predicted` is the estimate that the run is
    held against, which also says what neither the user nor the log does.
    """

    given: Given
    numbers: Mapping[str, float] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict)
    predicted: Predicted | None = None

    @property
    def for_records(self) -> dict[str, float]:
        """The numbers that hold before those of every record of the log."""
        names = ("num_gpus", "seq_length", "global_batch_size", "tokens_per_step")
        return {name: self.numbers[name] for name in names if name in self.numbers}

    @property
    def otherwise(self) -> dict[str, float]:
        """The numbers that hold where the log says nothing."""
        if self.predicted is None:
            return {}
        return self.predicted.numbers("num_gpus", "seq_length")

    def origin(self, name: str) -> Origin:
        """Return where a value of the user was written."""
        return self.given.origin(name)


def options_of(
    values: Mapping[str, Any], estimate: object, origins: Mapping[str, str] | None
) -> Options:
    """Return the options that a user gave; raises InputError for what cannot be used."""
    given = Given.of({name: values.get(name) for name in CHOSEN}, origins)
    given.only_one_of("price", "price_per_node_hour")
    if given["attention_flop"] not in ATTENTION:
        got = shown(given["attention_flop"])
        raise InputError(f"attention_flop: got {got}; needs causal or full.")
    numbers = {
        name: _number(values[name], name) for name in NUMBERS if values.get(name) is not None
    }
    numbers |= _batch(values.get("global_batch_size"), numbers)
    for one, other in (("tokens", "steps"), ("tokens_per_step", "global_batch_size")):
        if values.get(one) is not None and values.get(other) is not None:
            raise InputError(
                f"{one}: got {one} and {other}, which say the same thing; give only one."
            )
    texts = {name: _text(values[name], name) for name in TEXTS if values.get(name) is not None}
    predicted = None if estimate is None else Predicted.of(estimate)
    return Options(given, numbers, texts, predicted)


def _number(value: object, name: str) -> float:
    nouns, most = NUMBERS[name]
    number = count_from(value, name, nouns, most)
    return float(whole(number, name)) if name in WHOLE else number


def _batch(value: object, numbers: Mapping[str, float]) -> dict[str, float]:
    """Return a batch in sequences, or the tokens of a step where it is stated in tokens."""
    if value is None:
        return {}
    text = str(value).casefold()
    if is_quantity(value) or any(text.rstrip().endswith(noun) for noun in TOKEN_NOUNS):
        if "tokens_per_step" in numbers:
            raise InputError("global_batch_size: got it beside tokens_per_step; give only one.")
        return {"tokens_per_step": count_from(value, "global_batch_size", TOKEN_NOUNS, MAX_TOKENS)}
    number = count_from(value, "global_batch_size", SEQUENCE_NOUNS, MAX_SEQUENCES)
    return {"global_batch_size": float(whole(number, "global_batch_size"))}


def _text(value: object, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"{name}: got {shown(value)}; needs text.")
    return value.strip()
