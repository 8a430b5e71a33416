"""Known models: the shape of each, how it was trained, and what it is called."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from llmcost.catalog.columns import Column, DataFile, folded
from llmcost.catalog.files import cached_facts, overlay_folder, read
from llmcost.catalog.sources import source_keys
from llmcost.errors import DataError, UnknownNameError, shown

MODELS = DataFile(
    "models.csv",
    ("name",),
    (
        Column("name", required=True),
        Column("family", required=True),
        Column("organisation", required=True),
        Column("released", "date", required=True),
        Column("model_type", required=True),
        Column("config", required=True),
        Column("seq_length", "count", "token", positive=True),
        Column("published_tokens", "count", "token", positive=True),
        Column("parameters", "count", required=True, positive=True),
        Column("active_parameters", "count", required=True, positive=True),
        Column("aliases"),
        Column("sources", required=True),
        Column("note"),
    ),
)


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One architecture of the catalogue.

    `config` holds the fields of its config.json, `seq_length` [token] the context it was
    pre-trained with and `published_tokens` [token] those it was trained on, where known.
    """

    name: str
    family: str
    organisation: str
    released: str
    model_type: str
    config: Mapping[str, Any]
    seq_length: int | None
    published_tokens: int | None
    parameters: int
    active_parameters: int
    aliases: tuple[str, ...]
    sources: tuple[str, ...]
    note: str | None


def models() -> tuple[ModelEntry, ...]:
    """Return every model of the catalogue, in file order; raises DataError for a wrong row."""
    return _models(_overlay())


def model(name: str) -> ModelEntry:
    """Return the model of this name or alias; raises UnknownNameError with suggestions.

    Case, spaces and underscores do not matter.

    >>> model("Llama 3.1 405B").parameters
    405853388800
    """
    known = _by_name(_overlay())
    found = known.get(folded(name))
    if found is None:
        raise UnknownNameError("model", name, known, "See what is known: llmcost show models.")
    return found


def _overlay() -> str:
    return str(overlay_folder() or "")


@cached_facts
def _models(_folder: str) -> tuple[ModelEntry, ...]:
    return tuple(_entry(row) for row in read(MODELS))


def _entry(row: Mapping[str, Any]) -> ModelEntry:
    config = _config(row)
    fields = {column.name: row[column.name] for column in MODELS.columns}
    lists = {"aliases": source_keys(row["aliases"]), "sources": source_keys(row["sources"])}
    return ModelEntry(**fields | lists | {"config": config})


def _config(row: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        config = json.loads(row["config"])
    except (ValueError, RecursionError):
        config = None
    if not isinstance(config, dict) or config.get("model_type") != row["model_type"]:
        raise DataError(
            f"got {shown(row['config'])}; needs the fields of a config.json as JSON, with the "
            f"model_type {shown(row['model_type'])}",
            file=row["_file"],
            line=row["_line"],
            column="config",
        )
    return MappingProxyType(config)


@cached_facts
def _by_name(folder: str) -> Mapping[str, ModelEntry]:
    known: dict[str, ModelEntry] = {}
    for entry in _models(folder):
        for text in (entry.name, *entry.aliases):
            other = known.setdefault(folded(text), entry)
            if other is not entry:
                raise DataError(
                    f"{text!r} means both {other.name} and {entry.name}: keep one",
                    file=MODELS.name,
                    column="aliases",
                )
    return known
