"""Saved tracks as rows of a measured table, beside those that were published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from llmcost.catalog.architecture import Architecture
from llmcost.catalog.measured import THROUGHPUT_HEADERS
from llmcost.errors import DataError, InputError
from llmcost.layout import PartialLayout
from llmcost.studies.saved import Saved, saved_results
from llmcost.studies.tracked_runs import TrackedRun, architecture_of, tracked_run
from llmcost.studies.validation.point import Point
from llmcost.studies.validation.points import point_of

SOURCE = "own track"
DEGREES = {
    "tp": "tensor_parallel",
    "pp": "pipeline_parallel",
    "vpp": "virtual_stages",
    "dp": "data_parallel",
    "cp": "context_parallel",
    "ep": "expert_parallel",
    "micro_batch": "micro_batch_size",
}


def tracked_points(paths: Sequence[str], taken: Sequence[str] = ()) -> tuple[Point, ...]:
    """Return the measured steps that saved tracks hold, a point each; their ids are file names.

    Raises InputError for a file that is no track, or that does not say what was measured, and
    DataError for an id that is among those `taken`.
    """
    if not paths:
        return ()
    try:
        return tuple(_point(saved, taken) for saved in saved_results(paths))
    except InputError as error:
        raise InputError(f"add: {error}") from None


def _point(saved: Saved, taken: Sequence[str]) -> Point:
    run = tracked_run(saved)
    if run.name in taken:
        raise DataError("is the id of a row already: give the track another name", file=run.name)
    architecture = architecture_of(run)
    point = point_of(row_of(run, architecture))
    if architecture is None or point.architecture == architecture:
        return point
    return replace(point, architecture=architecture, architecture_basis=f"config {run.model}")


def row_of(run: TrackedRun, architecture: Architecture | None = None) -> dict[str, str]:
    """Return a tracked run in the columns of throughput.csv, as text, empty where not known."""
    cells: dict[str, Any] = {
        "id": run.name,
        "source_short": SOURCE,
        "source_date": run.day,
        "framework": run.framework,
        "model_name": run.model,
        "gpu": run.gpu,
        "n_gpus": run.num_gpus,
        "dtype": run.precision or "bf16",
        "seq_len": run.seq_length,
        "global_batch_seqs": run.sequences,
        "task": "pretrain",
        "row_kind": "measured",
        **_speed(run),
        **_shape(architecture),
        **_split(run.layout),
    }
    told = {name: str(cell) for name, cell in cells.items() if cell is not None}
    return {name: told.get(name, "") for name in THROUGHPUT_HEADERS}


def _speed(run: TrackedRun) -> dict[str, str]:
    """Return the time of the step, or the rate of one device where the step is not known."""
    if run.sequences is None or run.seq_length is None:
        return {"reported_tokens_per_s_per_gpu": f"{run.rate:.9g}"}
    return {"reported_step_time_s": f"{run.seconds(run.sequences * run.seq_length):.9g}"}


def _shape(architecture: Architecture | None) -> dict[str, Any]:
    """Return the dimensions of the largest group of layers."""
    if architecture is None:
        return {}
    group = max(architecture.groups, key=lambda each: each.count)
    attention, mlp = group.attention, group.mlp
    return {
        "n_layers": architecture.num_layers,
        "hidden": architecture.hidden_size,
        "ffn_hidden": mlp.width,
        "n_heads": attention.heads,
        "n_kv_heads": attention.kv_heads,
        "head_dim": attention.qk_dim,
        "vocab": architecture.vocab_size,
        "n_experts": mlp.experts or None,
        "top_k": mlp.experts_per_token or None,
        "tied_embeddings": "yes" if architecture.tie_word_embeddings else "no",
    }


def _split(layout: PartialLayout | None) -> dict[str, Any]:
    """Return what a layout says, in the words of the columns."""
    if layout is None:
        return {}
    cells: dict[str, Any] = {name: getattr(layout, field) for name, field in DEGREES.items()}
    stage, sequence, recompute = layout.zero_stage, layout.sequence_parallel, layout.recompute
    cells["fsdp_or_zero_stage"] = None if stage is None else f"zero{stage}"
    cells["sequence_parallel"] = None if sequence is None else "yes" if sequence else "no"
    cells["recompute"] = recompute if isinstance(recompute, str) else None
    return cells
