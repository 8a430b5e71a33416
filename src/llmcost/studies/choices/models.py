"""Which model: a catalogue name, a config.json, or bare parameter counts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmcost.amounts import count_from
from llmcost.catalog.architecture import Architecture, architecture_from_config
from llmcost.catalog.closed import closed_model, closed_models
from llmcost.catalog.columns import folded
from llmcost.catalog.config_file import read_config
from llmcost.catalog.models import ModelEntry, model, models
from llmcost.catalog.overheads import default
from llmcost.counting import AttentionGroup, count
from llmcost.errors import InputError, UnknownNameError, shown
from llmcost.inputs import InputValue, Origin
from llmcost.studies.choices.given import Given, Note

MAX_PARAMETERS = 1e16
PARAMETER_NOUNS = ("parameters", "params", "parameter", "weights")


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """The model of a run: what multiplies each token, and what is published about it."""

    parameters: float
    active_parameters: float
    matmul_parameters: float
    attention: tuple[AttentionGroup, ...]
    inputs: Mapping[str, InputValue]
    warnings: tuple[Note, ...] = ()
    entry: ModelEntry | None = None
    seq_length: int | None = None
    seq_length_origin: Origin | None = None
    architecture: Architecture | None = None

    @property
    def has_architecture(self) -> bool:
        """Whether more than parameter counts is known."""
        return bool(self.attention)


def choose_model(given: Given) -> ChosenModel:
    """Return the model that the user named; raises InputError and UnknownNameError."""
    name = given["model"]
    if name is None:
        return _from_counts(given)
    if not isinstance(name, str | os.PathLike) or not str(name).strip():
        raise InputError(
            f"model: got {shown(name)}; needs a catalogue name or the path of a config.json."
        )
    for other in ("parameters", "active_parameters"):
        if given.has(other):
            raise InputError(
                f"{other}: got it beside the model {shown(str(name))}, which has its own count; "
                "give only one."
            )
    path = _config_path(str(name))
    return _from_config(given, path) if path else _from_catalogue(given, str(name))


def _config_path(name: str) -> Path | None:
    """Return the path that a name means, or `None` where it can only be a catalogue name."""
    if _known(name):
        return None
    try:
        path = Path(name).expanduser()
        if path.is_dir() and (path / "config.json").is_file():
            return path / "config.json"
        if path.exists() or name.endswith(".json"):
            return path
    except (OSError, ValueError, RuntimeError):
        raise InputError(
            f"model: got {shown(name)}; needs a catalogue name or the path of a config.json."
        ) from None
    return None


def _known(name: str) -> bool:
    try:
        model(name)
    except UnknownNameError:
        return False
    return True


def _from_catalogue(given: Given, name: str) -> ChosenModel:
    try:
        entry = model(name)
    except UnknownNameError:
        raise _better_error(name) from None
    architecture, warnings = architecture_from_config(entry.config)
    origin = Origin("catalogue", f"models.csv: {', '.join(entry.sources)}", entry.released)
    asked = InputValue(entry.name, "", given.origin("model"))
    return _from_counted(
        architecture,
        {"model": asked},
        origin,
        warnings,
        entry=entry,
        seq_length=entry.seq_length,
        seq_length_origin=Origin("published", f"models.csv: {', '.join(entry.sources)}"),
    )


def _better_error(name: str) -> UnknownNameError:
    if _is_closed(folded(name)):
        return UnknownNameError(
            "model architecture",
            name,
            (),
            "It is not public. See what is: llmcost show models. "
            "Give parameters instead (--parameters 405B).",
        )
    hint = "See: llmcost show models. Or give a config.json, or --parameters 405B."
    return UnknownNameError("model", name, [m.name for m in models()], hint)


def _is_closed(name: str) -> bool:
    """Return whether a name is that of a closed model, or of its family (claude-3.5, gemini)."""
    try:
        return bool(closed_model(name))
    except UnknownNameError:
        return any(
            len(name) > 3 and (f"{known}-".startswith(f"{name}-") or name.startswith(known))
            for known in closed_models()
        )


def _from_config(given: Given, path: Path) -> ChosenModel:
    config = read_config(path)
    architecture, warnings = architecture_from_config(config)
    origin = Origin("user", f"config file {path}")
    usual = default("seq_length")
    limit = _position_limit(config)
    length = int(min(limit or usual.value, usual.value))
    why = f"defaults.csv: {', '.join(usual.sources)}"
    if length < usual.value:
        why = f"the config's position limit, below the usual {usual.value:,.0f}"
    return _from_counted(
        architecture,
        {"model": InputValue(str(path), "", given.origin("model"))},
        origin,
        warnings,
        seq_length=length,
        seq_length_origin=Origin("default", why),
    )


def _position_limit(config: Mapping[str, Any]) -> int | None:
    section = config.get("text_config") if isinstance(config.get("text_config"), dict) else config
    for key in ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx"):
        value = (section or {}).get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
    return None


def _from_counted(
    architecture: Architecture,
    inputs: Mapping[str, InputValue],
    origin: Origin,
    warnings: tuple[str, ...],
    **rest: Any,  # noqa: ANN401
) -> ChosenModel:
    counts = count(architecture)
    counted = {
        "parameters": InputValue(float(counts.parameters), "", origin),
        "active_parameters": InputValue(float(counts.active_parameters), "", origin),
    }
    return ChosenModel(
        float(counts.parameters),
        float(counts.active_parameters),
        float(counts.matmul_parameters),
        counts.attention,
        dict(inputs) | counted,
        tuple(("config", text) for text in warnings),
        architecture=architecture,
        **rest,
    )


def _from_counts(given: Given) -> ChosenModel:
    if not given.has("parameters"):
        raise InputError(
            "model: nothing given; needs a catalogue name, the path of a config.json, or "
            "parameters (--parameters 405B). See: llmcost show models."
        )
    total = count_from(given["parameters"], "parameters", PARAMETER_NOUNS, MAX_PARAMETERS)
    active, active_origin = total, Origin("default", "all parameters are active: a dense model")
    if given.has("active_parameters"):
        active = count_from(
            given["active_parameters"], "active_parameters", PARAMETER_NOUNS, MAX_PARAMETERS
        )
        active_origin = given.origin("active_parameters")
    if active > total:
        raise InputError(
            f"active_parameters: got {active:g}, more than the {total:g} parameters; "
            "needs at most all of them."
        )
    inputs = {
        "parameters": InputValue(total, "", given.origin("parameters")),
        "active_parameters": InputValue(active, "", active_origin),
    }
    note = (
        "no-architecture",
        "Only parameter counts are known, so training FLOP are 6 x active parameters x tokens "
        "and attention is left out: low by about 4% at 405B and 8K context, by more for smaller "
        "models and longer contexts. Give a catalogue name or a config.json for the exact count.",
    )
    return ChosenModel(total, active, active, (), inputs, (note,))
