"""Memory of a device: measured allocations, and what must hold for every layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from llmcost.engine.memory import GIB, memory

KIND = (
    "layers heads kv_heads qk_dim v_dim q_rank kv_rank rope_dim mlp_width gated experts "
    "experts_per_token expert_width shared_width"
).split()


def shape(kinds: list[Mapping[str, float]], **row: float) -> dict[str, Any]:
    """Columns of an architecture of these kinds of layers, bottom to top."""
    columns: dict[str, Any] = {
        name: np.array([[float(kind.get(name, 0))] for kind in kinds]) for name in KIND
    }
    return columns | {"num_layers": float(sum(kind["layers"] for kind in kinds))} | row


def llama(layers: int, hidden: int, width: int, heads: int, kv_heads: int) -> dict[str, Any]:
    """Columns of a Llama 3 of that size."""
    kind = {"layers": layers, "heads": heads, "kv_heads": kv_heads, "qk_dim": 128, "v_dim": 128}
    return shape([kind | {"mlp_width": width, "gated": 1}], hidden=hidden, vocab=128256.0, tied=0.0)


def llama_70b(layers: int = 80) -> dict[str, Any]:
    """Columns of Llama 3 70B, or of a slice of it."""
    return llama(layers, 8192, 28672, 64, 8)


def llama_405b(layers: int = 126) -> dict[str, Any]:
    """Columns of Llama 3.1 405B, or of a slice of it."""
    return llama(layers, 16384, 53248, 128, 16)


def deepseek(
    layers: int, hidden: int, width: int, experts: int, chosen: int, inner: int, shared: int
) -> list[Mapping[str, float]]:
    """Kinds of layers of a DeepSeek model whose first layer is dense."""
    latent = {"heads": 128, "kv_heads": 128, "qk_dim": 192, "v_dim": 128, "gated": 1}
    latent |= {"q_rank": 1536, "kv_rank": 512, "rope_dim": 64}
    routed = {"experts": experts, "experts_per_token": chosen, "expert_width": inner}
    return [
        latent | {"layers": 1, "mlp_width": width},
        latent | routed | {"layers": layers - 1, "shared_width": shared},
    ]


def layout(**given: float) -> dict[str, Any]:
    """Columns of a layout: one device and ZeRO-1 with sequence parallelism where not said."""
    short = {"tp": 1.0, "pp": 1.0, "dp": 1.0, "cp": 1.0, "ep": 1.0, "micro": 1.0, "seq": 4096.0}
    x = short | {"zero": 1.0, "sp": 1.0, "v": 1.0, "steps": 4.0, "full": 0.0} | given
    columns = {
        "tensor_parallel": x["tp"],
        "pipeline_parallel": x["pp"],
        "data_parallel": x["dp"],
        "context_parallel": x["cp"],
        "expert_parallel": x["ep"],
        "expert_tensor_parallel": 1.0,
        "virtual_stages": x["v"],
        "micro_batch_size": x["micro"],
        "global_batch_size": x["steps"] * x["dp"] * x["micro"],
        "seq_length": x["seq"],
        "zero_stage": x["zero"],
        "shard_group": x.get("group", x["dp"] * x["cp"]),
        "sequence_parallel": x["sp"],
        "recompute_selective": 0.0,
        "recompute_full": x["full"],
        "schedule": x.get("schedule", 0.0),
    }
    return {name: np.array([value]) for name, value in columns.items()}


DEEPSEEK_V2 = shape(
    deepseek(4, 5120, 12288, 160, 6, 1536, 3072), hidden=5120.0, vocab=102400.0, tied=0.0
)
DEEPSEEK_V3 = shape(
    deepseek(4, 7168, 18432, 256, 8, 2048, 2048), hidden=7168.0, vocab=129280.0, tied=0.0
)
# torch.cuda.max_memory_allocated of the fullest rank [GiB] on 8 B200s under Megatron-LM, from the
# release tables of SimuMax v1.2 (docs/b200/b200_release_v1.2_summary.json). Fused loss, 32-bit
# gradients, distributed optimizer, no recomputation; context parallelism by all-to-all.
MEASURED = [
    (llama_70b(12), {"pp": 2, "dp": 4}, 66.55),
    (llama_70b(12), {"tp": 2, "dp": 4}, 60.68),
    (llama_70b(12), {"tp": 4, "dp": 2}, 39.07),
    (llama_70b(12), {"tp": 8}, 28.29),
    (llama_405b(4), {"pp": 2, "dp": 4}, 87.08),
    (llama_405b(4), {"tp": 2, "dp": 4}, 81.59),
    (llama_405b(4), {"tp": 4, "dp": 2}, 52.89),
    (llama_405b(4), {"tp": 8}, 38.57),
    (DEEPSEEK_V2, {"dp": 8, "ep": 8}, 45.63),
    (DEEPSEEK_V2, {"pp": 2, "dp": 4, "ep": 4}, 44.70),
    (DEEPSEEK_V3, {"dp": 8, "ep": 8}, 104.30),
    (DEEPSEEK_V3, {"pp": 2, "dp": 4, "ep": 4}, 114.00),
    (llama_70b(12), {"tp": 2, "cp": 4, "seq": 32768}, 68.43),
    (llama_70b(12), {"cp": 8, "seq": 32768}, 104.51),
    (llama_405b(4), {"tp": 2, "cp": 4, "seq": 32768}, 87.03),
    (llama_405b(4), {"cp": 8, "seq": 32768}, 139.22),
    (llama_70b(12), {"tp": 2, "cp": 4, "seq": 131072}, 112.67),
    (llama_70b(12), {"cp": 8, "seq": 131072}, 147.99),
    (llama_405b(4), {"tp": 2, "cp": 4, "seq": 131072}, 118.13),
]


def allocated(model: Mapping[str, Any], given: Mapping[str, float]) -> float:
    """Predicted allocation [GiB] of a run of the SimuMax tables: all but the reserve."""
    held = memory(
        {**model, **layout(**given), "logit_bytes": 2.0, "context_all_to_all": np.array([1.0])}
    )
    return float((held["total"] - held["reserve"])[0]) / GIB


@pytest.mark.parametrize(("model", "given", "measured"), MEASURED)
def test_allocations_measured_on_b200s_come_out_within_1_5_percent(
    model: dict[str, Any], given: dict[str, float], measured: float
) -> None:
    """Each of 19 configurations, 15 dense and 4 with experts, from 4,096 to 131,072 tokens."""
    assert allocated(model, given) == pytest.approx(measured, rel=0.015)


def test_the_median_error_of_measured_allocations_is_below_half_a_percent() -> None:
    """The target is 3%; the best published model reaches 0.4% on the same rows."""
    errors = [abs(allocated(m, given) / value - 1.0) for m, given, value in MEASURED]
    assert np.median(errors) < 0.005
