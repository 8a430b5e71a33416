"""No published run with a complete layout may come out as not fitting."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest

from llmcost.catalog.architecture import Architecture, LayerGroup, architecture_from_config
from llmcost.catalog.gpus import measured_accelerator
from llmcost.catalog.measured import throughput_rows
from llmcost.catalog.models import model
from llmcost.engine.memory import fits, memory
from llmcost.engine.recipes import LOW_PRECISION_WEIGHTS, OPTIMIZERS, RECIPES

Row = Mapping[str, str]
Columns = dict[str, Any]

FLAGS = ("layout", "arch", "tp_pp", "reduced_layers")
LAYOUT = {
    "tensor_parallel": "tp",
    "pipeline_parallel": "pp",
    "data_parallel": "dp",
    "context_parallel": "cp",
    "micro_batch_size": "micro_batch",
    "global_batch_size": "global_batch_seqs",
    "seq_length": "seq_len",
}
# Models whose columns leave out latent attention, shared experts or dense layers.
BY_NAME = {
    "DeepSeekV3": "deepseek-v3",
    "Kimi_K2": "kimi-k2",
    "GPT OSS 120B": "gpt-oss-120b",
    "Qwen3_30B_a3B": "qwen3-30b-a3b",
    "Qwen3_235B_a22B": "qwen3-235b-a22b",
}
# Hybrids of attention and state-space layers, and one model whose architecture is not in the
# catalogue: the table gives no layers for them.
NO_ARCHITECTURE = {
    "Nemotron_3_Nano",
    "Nemotron_3_Super",
    "Nemotron_3_Ultra",
    "Nemotron_3_5_Lightning",
    "DeepSeekV4 Flash",
}
# 70B weights and gradients of 16 bit are 282 GB on each of these GB300s, before any activation. The
# same configuration runs in fp8 with its weights sharded, and every other release of this table has
# four pipeline stages: the row does not say how it was sharded.
IMPOSSIBLE = {"mbridge-26.02.01-001"}
MODULES = {
    "mla_up_proj": "recompute_up_projection",
    "layernorm": "recompute_norm",
    "moe_act": "recompute_activation",
    "mlp": "recompute_mlp",
}
RECOMPUTE = {"none": [(0.0, 0.0)], "selective": [(1.0, 0.0)], "full": [(0.0, 1.0)]}
UNKNOWN_STAGES = (1.0, 2.0, 5.0, 10.0)


def number(text: str, otherwise: float = 0.0) -> float:
    """The number in a cell, or what stands for a blank one."""
    return float(text) if text else otherwise


def rows() -> list[Row]:
    """Every row with a complete layout, no flag on layout or architecture, and known layers."""
    return [row for row in throughput_rows() if complete(row)]


def complete(row: Row) -> bool:
    """Whether a row must come out as fitting."""
    said = all(row[name] for name in ("tp", "pp", "dp", "cp", "micro_batch"))
    experts = bool(row["ep"]) or not row["n_experts"]
    flagged = any(flag in row["quality_flag"] for flag in FLAGS)
    return said and experts and not flagged and row["model_name"] not in NO_ARCHITECTURE


def kind(group: LayerGroup) -> dict[str, float]:
    """Layer columns of a run of equal layers."""
    attention, mlp = group.attention, group.mlp
    names = ("heads", "kv_heads", "qk_dim", "v_dim", "q_rank", "kv_rank", "rope_dim")
    routed = mlp.experts > 0
    return {name: float(getattr(attention, name)) for name in names} | {
        "layers": group.count,
        "gated": mlp.gated,
        "mlp_width": 0 if routed else mlp.width,
        "experts": mlp.experts,
        "experts_per_token": mlp.experts_per_token,
        "expert_width": mlp.width if routed else 0,
        "shared_width": mlp.shared_width,
    }


def stacked(kinds: list[dict[str, float]]) -> Columns:
    """Layer columns with one entry a kind; equal kinds together."""
    merged: dict[tuple[tuple[str, float], ...], float] = {}
    for one in kinds:
        rest = tuple(sorted((name, value) for name, value in one.items() if name != "layers"))
        merged[rest] = merged.get(rest, 0.0) + one["layers"]
    columns = {
        name: np.array([[float(dict(rest)[name])] for rest in merged])
        for name, _ in next(iter(merged))
    }
    return columns | {"layers": np.array([[count] for count in merged.values()])}


@cache
def catalogued(name: str) -> Architecture:
    """The architecture of a model of the catalogue."""
    return architecture_from_config(model(name).config)[0]


def architecture(row: Row) -> Columns:
    """Columns of the model of a row, from the catalogue or from the row itself.

    Layers that a row leaves out follow from its parameters, 12 h^2 a layer.
    """
    if row["model_name"] in BY_NAME:
        found = catalogued(BY_NAME[row["model_name"]])
        return stacked([kind(group) for group in found.groups]) | {
            "hidden": float(found.hidden_size),
            "vocab": float(found.vocab_size),
            "tied": float(found.tie_word_embeddings),
            "num_layers": float(found.num_layers),
        }
    hidden = float(row["hidden"])
    heads = number(row["n_heads"], hidden / 128)
    layers = number(row["n_layers"], round(number(row["n_params_total"]) / (12 * hidden**2)))
    head_dim = number(row["head_dim"], hidden / heads)
    width, experts = number(row["ffn_hidden"], 4 * hidden), number(row["n_experts"])
    only = dict.fromkeys(("q_rank", "kv_rank", "rope_dim", "shared_width"), 0.0) | {
        "layers": layers,
        "heads": heads,
        "kv_heads": number(row["n_kv_heads"], heads),
        "qk_dim": head_dim,
        "v_dim": head_dim,
        "gated": float(row["gated_mlp"] == "yes"),
        "mlp_width": 0.0 if experts else width,
        "experts": experts,
        "experts_per_token": number(row["top_k"]),
        "expert_width": width if experts else 0.0,
    }
    return stacked([only]) | {
        "hidden": hidden,
        "vocab": number(row["vocab"], 50304.0),
        "tied": float(row["tied_embeddings"] == "yes"),
        "num_layers": layers,
    }


def zero_stages(row: Row) -> list[float]:
    """The ZeRO stage that a row states, or all of them."""
    text = row["fsdp_or_zero_stage"]
    stated = re.match(r"zero(\d)|none", text)
    if stated is None:
        return [1.0, 0.0, 2.0, 3.0]
    return [float(stated[1] or 0)]


def stated_in_notes(row: Row) -> Columns:
    """Recomputed modules and offloaded layers that the recipe behind a row names."""
    modules = re.search(r"recompute_modules=(\[.*?\])", row["notes"])
    names = re.findall(r"'(\w+)'", modules[1]) if modules else []
    found = {MODULES[name]: 1.0 for name in names if name in MODULES}
    offloaded = re.search(r"cpu_offloading_num_layers=(\d+)", row["notes"])
    if offloaded:
        found["offloaded_layers"] = float(offloaded[1])
    return found


def recipes(row: Row) -> list[Columns]:
    """What the framework of a row may keep a weight in, from most memory to least."""
    plain = dict(RECIPES[row["dtype"]])
    if row["framework"].startswith("llm-foundry"):
        master = {"weight_bytes": 4.0, "optimizer_bytes": OPTIMIZERS["adam on fp32 weights"]}
        return [plain | master | {"logit_bytes": 4.0}]
    if row["framework"].startswith("DeepSpeed"):  # Gathers a matrix, not a layer, at a time.
        return [plain | {"gathered_layers": 1.0 / 3.0}]
    short = {"gradient_bytes": 2.0, "logit_bytes": 2.0}
    low = plain | dict(LOW_PRECISION_WEIGHTS.get(row["dtype"], {}))
    found = [plain, plain | short, low | short]
    if "NeMo" in row["framework"]:
        found.append(low | short | {"optimizer_bytes": OPTIMIZERS["adam with 16-bit remainders"]})
    return found


def allowed(row: Row) -> Iterator[Columns]:
    """Every reading of a row: what it states, and what it leaves open in all usual ways."""
    recompute = RECOMPUTE.get(row["recompute"]) or [
        pair for all_ in RECOMPUTE.values() for pair in all_
    ]
    stages = (number(row["vpp"]),) if row["vpp"] else UNKNOWN_STAGES
    sequence = (
        [float(row["sequence_parallel"] == "yes")] if row["sequence_parallel"] else [0.0, 1.0]
    )
    fixed = {name: float(row[cell]) for name, cell in LAYOUT.items()} | stated_in_notes(row)
    fixed |= {"expert_parallel": number(row["ep"], 1.0), "expert_tensor_parallel": 1.0}
    fixed |= {"schedule": 0.0, "trainable_share": 0.02 if row["task"] == "lora" else 1.0}
    fixed["shard_group"] = fixed["data_parallel"] * fixed["context_parallel"]
    for recipe, again, zero, v, split in product(
        recipes(row), recompute, zero_stages(row), stages, sequence
    ):
        yield (
            fixed
            | recipe
            | {
                "recompute_selective": again[0],
                "recompute_full": again[1],
                "zero_stage": zero,
                "virtual_stages": v,
                "sequence_parallel": split,
            }
        )


def device_memory(row: Row) -> float:
    """Memory [byte] of the accelerator of a row, as the catalogue has it."""
    found = measured_accelerator(row["gpu"])
    assert found is not None
    assert found.memory is not None
    return found.memory


def totals(row: Row) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Predicted totals [byte] of every reading of a row, in one call."""
    readings = [{"gradient_bytes": 4.0, "optimizer_bytes": 12.0} | one for one in allowed(row)]
    every = {name: 0.0 for one in readings for name in one} | {"logit_bytes": 6.0}
    every |= {"gathered_bytes": 2.0, "gathered_layers": 2.0}
    columns = {
        name: np.array([one.get(name, other) for one in readings]) for name, other in every.items()
    }
    return np.asarray(memory({**architecture(row), **columns})["total"])


@pytest.fixture(scope="module")
def known() -> dict[str, tuple[Row, float]]:
    """Each row that must fit, and the least memory [share of the label] of its readings."""
    return {row["id"]: (row, float(totals(row).min()) / device_memory(row)) for row in rows()}


def test_every_published_run_with_a_complete_layout_fits(
    known: dict[str, tuple[Row, float]],
) -> None:
    """Under some usual reading of what a row leaves open."""
    too_large = {name for name, (_, share) in known.items() if not fits(share, 1.0)}
    assert too_large == IMPOSSIBLE


def test_rows_are_not_left_out_in_silence(known: dict[str, tuple[Row, float]]) -> None:
    """At least 760 of the 996 rows state a layout in full; only hybrids have no architecture."""
    assert len(known) >= 760
    assert {row["model_name"] for row in throughput_rows()} >= NO_ARCHITECTURE


def test_runs_that_were_tuned_to_fill_the_device_come_out_as_nearly_full(
    known: dict[str, tuple[Row, float]],
) -> None:
    """llm-foundry's tables use the largest micro-batch that fits: a loose model shows there."""
    tuned = [share for row, share in known.values() if row["source_short"] == "llm-foundry"]
    assert len(tuned) >= 200
    assert np.median(tuned) > 0.6
    assert np.quantile(tuned, 0.9) > 0.9
