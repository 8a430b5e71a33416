"""Whole published training runs, and the phases of those that say how they went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmcost.catalog.columns import Column, DataFile
from llmcost.catalog.files import read
from llmcost.catalog.sources import source_keys
from llmcost.errors import UnknownNameError

RUNS = DataFile(
    "training_runs.csv",
    ("id",),
    (
        Column("id", required=True),
        Column("model", required=True),
        Column("org", required=True),
        Column("date", "date", required=True),
        Column("n_params_total", "number", required=True, positive=True),
        Column("n_params_active", "number", positive=True),
        Column("tokens", "number", positive=True),
        Column("gpu", required=True),
        Column("n_gpus", "count", positive=True),
        Column("gpu_hours", "number", positive=True),
        Column("wall_clock_days", "number", positive=True),
        Column("reported_mfu_or_tflops"),
        Column("reported_cost_usd", "number", positive=True),
        Column("cost_basis"),
        Column("energy_mwh", "number", positive=True),
        Column("tco2e", "number", positive=True),
        Column("source", required=True),
        Column("gpu_hours_kind"),
        Column("verification", required=True),
        Column("task", required=True, choices=("pretrain", "post-training")),
        Column("implied_mfu_6nd", "number", positive=True, maximum=1),
        Column("implied_tokens_per_s_per_gpu", "number", positive=True),
        Column("epoch_cost_usd_2023", "number", positive=True),
        Column("flag"),
        Column("notes"),
        Column("catalogue_model"),
        Column("source_keys", required=True),
    ),
)
PHASES = DataFile(
    "training_phases.csv",
    ("run", "phase"),
    (
        Column("run", required=True),
        Column("catalogue_model", required=True),
        Column("phase", required=True),
        Column("tokens", "count", "token", required=True, positive=True),
        Column("seq_length", "count", "token", required=True, positive=True),
        Column("global_batch_tokens", "count", "token", required=True, positive=True),
        Column("num_gpus", "count", "GPU", positive=True),
        Column("basis", required=True, choices=("published", "assumption")),
        Column("source", required=True),
        Column("note"),
    ),
)
FIELDS = {
    "org": "organisation",
    "n_params_total": "parameters",
    "n_params_active": "active_parameters",
    "n_gpus": "num_gpus",
    "wall_clock_days": "wall_clock",
    "reported_cost_usd": "cost",
    "energy_mwh": "energy",
    "tco2e": "carbon",
    "implied_tokens_per_s_per_gpu": "implied_tokens_per_gpu_second",
    "epoch_cost_usd_2023": "epoch_cost_2023",
}
WHOLE = "includes_non_pretraining"


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """One whole run as its authors or others reported it.

    Units: tokens [token], num_gpus [GPU], gpu_hours [GPU*hour], wall_clock [day], cost [USD],
    energy [MWh], carbon [tCO2e]. `implied_mfu_6nd` is 6 x parameters x tokens over the hours at
    peak: it counts every loss of the run, so it is not an MFU of a step.
    """

    id: str
    model: str
    organisation: str
    date: str
    parameters: float
    active_parameters: float | None
    tokens: float | None
    gpu: str
    num_gpus: int | None
    gpu_hours: float | None
    wall_clock: float | None
    reported_mfu_or_tflops: str | None
    cost: float | None
    cost_basis: str | None
    energy: float | None
    carbon: float | None
    source: str
    gpu_hours_kind: str | None
    verification: str
    task: str
    implied_mfu_6nd: float | None
    implied_tokens_per_gpu_second: float | None
    epoch_cost_2023: float | None
    flag: str | None
    notes: str | None
    catalogue_model: str | None
    source_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PublishedPhase:
    """One stretch of a published run: tokens, sequence length and batch in [token].

    `basis` is assumption where the authors print only a part of the figures.
    """

    run: str
    catalogue_model: str
    phase: str
    tokens: int
    seq_length: int
    global_batch_tokens: int
    num_gpus: int | None
    basis: str
    sources: tuple[str, ...]
    note: str | None


def runs() -> tuple[PublishedRun, ...]:
    """Return every published run, in the order of the file."""
    return tuple(_run(row) for row in read(RUNS))


def run(name: str) -> PublishedRun:
    """Return a run by its id, its model's name in the catalogue, or the printed name.

    Raises UnknownNameError when nothing has that name.
    """
    wanted = name.strip().lower()
    for one in runs():
        if one.id == wanted:
            return one
    found = published_run(wanted) or _printed(wanted)
    if found is None:
        known = [text for one in runs() for text in (one.id, one.catalogue_model, one.model)]
        raise UnknownNameError("training run", name, filter(None, known))
    return found


def published_run(model: str) -> PublishedRun | None:
    """Return the pre-training run of a catalogue model, or `None` when none is published.

    Where one row counts pre-training alone and another the whole effort, the first is returned.
    """
    rows = [r for r in runs() if r.catalogue_model == model and r.task == "pretrain"]
    return min(rows, key=lambda r: WHOLE in (r.flag or ""), default=None)


def phases(model: str) -> tuple[PublishedPhase, ...]:
    """Return the published phases of a catalogue model or run id, in order."""
    return tuple(
        _phase(row) for row in read(PHASES) if model in (row["catalogue_model"], row["run"])
    )


def _printed(wanted: str) -> PublishedRun | None:
    return next((r for r in runs() if r.model.lower() == wanted), None)


def _run(row: Mapping[str, Any]) -> PublishedRun:
    values = {FIELDS.get(column.name, column.name): row[column.name] for column in RUNS.columns}
    return PublishedRun(**values | {"source_keys": source_keys(row["source_keys"])})


def _phase(row: Mapping[str, Any]) -> PublishedPhase:
    values = {column.name: row[column.name] for column in PHASES.columns}
    return PublishedPhase(**values | {"sources": source_keys(values.pop("source"))})
