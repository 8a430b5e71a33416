"""Measured training throughput, and the MFU that is typical of a kind of accelerator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llmcost.catalog.columns import Column, DataFile
from llmcost.catalog.files import cached_facts, overlay_folder, read
from llmcost.catalog.gpus import PEAK_OF
from llmcost.catalog.sources import source_keys
from llmcost.errors import InputError, one_of, shown

THROUGHPUT_HEADERS = (
    "id",
    "source_short",
    "source_url_or_repo_path",
    "source_date",
    "framework",
    "model_name",
    "n_params_total",
    "n_params_active",
    "n_layers",
    "hidden",
    "ffn_hidden",
    "n_heads",
    "n_kv_heads",
    "head_dim",
    "vocab",
    "n_experts",
    "top_k",
    "gated_mlp",
    "tied_embeddings",
    "seq_len",
    "gpu",
    "n_gpus",
    "gpus_per_node",
    "dtype",
    "tp",
    "pp",
    "vpp",
    "dp",
    "cp",
    "ep",
    "fsdp_or_zero_stage",
    "sequence_parallel",
    "micro_batch",
    "global_batch_seqs",
    "recompute",
    "reported_step_time_s",
    "reported_tokens_per_s_per_gpu",
    "reported_tflops_per_gpu",
    "reported_mfu",
    "flops_convention",
    "notes",
    "reported_hfu",
    "task",
    "row_kind",
    "series_id",
    "verification",
    "calc_tokens_per_s_per_gpu",
    "calc_tflops_full_attn",
    "calc_tflops_causal_attn",
    "calc_over_reported_tflops",
    "quality_flag",
    "token_drop",
)
THROUGHPUT = DataFile("throughput.csv", ("id",), tuple(Column(h) for h in THROUGHPUT_HEADERS))
POOLED = "any"
TYPICAL = DataFile(
    "typical_mfu.csv",
    ("generation", "precision"),
    (
        Column("generation", required=True),
        Column("precision", required=True, choices=("bf16", "fp16", "fp8", "fp4")),
        Column("low", "number", required=True, positive=True, maximum=1),
        Column("value", "number", required=True, positive=True, maximum=1),
        Column("high", "number", required=True, positive=True, maximum=1),
        Column("rows", "count", required=True, positive=True),
        Column("series", "count", required=True, positive=True),
        Column("source", required=True),
        Column("note", required=True),
    ),
)


@dataclass(frozen=True, slots=True)
class TypicalMfu:
    """The 10th percentile, median and 90th percentile of measured MFU.

    `pooled` is true where the generation itself has no measurements and the figure covers all.
    """

    generation: str
    precision: str
    low: float
    value: float
    high: float
    rows: int
    series: int
    sources: tuple[str, ...]
    note: str
    pooled: bool


def throughput_rows() -> tuple[Mapping[str, str], ...]:
    """Return the measured points, one mapping a row, every cell as text (empty where unknown).

    The file is large: it is read on the first call only.
    """
    return _throughput_rows(str(overlay_folder() or ""))


def typical_mfu(generation: str, precision: str) -> TypicalMfu:
    """Return the MFU measured on a generation of accelerators at a precision.

    Formats that share a peak share the figure (mxfp8 is fp8, nvfp4 is fp4). A generation without
    measurements gets the figure pooled over all, marked `pooled`. Raises
    InputError when no accelerator was measured at that precision.
    """
    known = _typical()
    key = PEAK_OF.get(precision, precision)
    found = known.get((generation, key)) or known.get((POOLED, key))
    if found is None:
        measured = sorted({p for _, p in known})
        raise InputError(
            f"No MFU was measured at precision {shown(precision)}, only at {one_of(measured)}: "
            "state the MFU yourself."
        )
    return found


@cached_facts
def _throughput_rows(_overlay: str) -> tuple[Mapping[str, str], ...]:
    return tuple({name: row[name] or "" for name in THROUGHPUT_HEADERS} for row in read(THROUGHPUT))


def _typical() -> dict[tuple[str, str], TypicalMfu]:
    every = [_typical_row(row) for row in read(TYPICAL)]
    return {(one.generation, one.precision): one for one in every}


def _typical_row(row: Mapping[str, Any]) -> TypicalMfu:
    values = {column.name: row[column.name] for column in TYPICAL.columns}
    keys = source_keys(values.pop("source"))
    return TypicalMfu(**values, sources=keys, pooled=row["generation"] == POOLED)
