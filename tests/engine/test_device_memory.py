"""Memory of a device: measured allocations, and what must hold for every layout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.engine.memory import CONTEXT, FRAGMENTATION, GIB, PARTS, fits, memory
from llmcost.engine.recipes import LOSSES, OPTIMIZERS

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
DEEPSEEK_V3_OF_64 = shape(
    deepseek(64, 7168, 18432, 256, 8, 2048, 2048), hidden=7168.0, vocab=129280.0, tied=0.0
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


def total_gib(model: Mapping[str, Any], columns: Mapping[str, Any]) -> float:
    """Predicted total [GiB] of one row."""
    return float(memory({**model, **columns})["total"][0]) / GIB


# Peak reserved memory [GiB] of torchtitan's benchmark of December 2024 (benchmarks/
# llama3_h100_202412_torchtitan.md, table 2): Llama 3.1 8B, fully recomputed, 8 H100s, FSDP with
# context parallelism, 32-bit weights and PyTorch's own loss.
TORCHTITAN = [
    ({"dp": 8, "seq": 32768}, 83.9),
    ({"dp": 4, "cp": 2, "seq": 65536}, 84.2),
    ({"dp": 2, "cp": 4, "seq": 131072}, 84.0),
    ({"dp": 1, "cp": 8, "seq": 262144}, 84.5),
]


@pytest.mark.parametrize(("given", "measured"), TORCHTITAN)
def test_a_fully_recomputed_fsdp_run_comes_out_within_5_percent(
    given: dict[str, float], measured: float
) -> None:
    """Sharding spans data and context parallelism; nearly all of the rest is the loss."""
    columns = layout(**given, zero=3, sp=0, full=1) | {
        "weight_bytes": 4.0,
        "optimizer_bytes": OPTIMIZERS["adam on fp32 weights"],
        "logit_bytes": LOSSES["torch"],
    }
    reserved = total_gib(llama(32, 4096, 14336, 32, 8), columns) - CONTEXT / GIB
    assert reserved == pytest.approx(measured, rel=0.05)


@pytest.mark.parametrize("data_parallel", [64, 128])
def test_llama_405b_on_8192_and_16384_h100s_fits_in_80_gb(data_parallel: int) -> None:
    """arXiv 2407.21783, table 4: no recomputation, gradients sharded (section 3.3.2)."""
    columns = layout(tp=8, pp=16, dp=data_parallel, seq=8192, zero=2)
    columns["global_batch_size"] = np.array([2048.0])
    model = llama(126, 16384, 53248, 128, 8)
    assert memory({**model, **columns})["total"][0] < 80e9
    assert memory({**model, **columns, "zero_stage": 0.0})["total"][0] > 80e9 * 1.06


def test_llama_405b_at_131072_tokens_fits_in_80_gb() -> None:
    """arXiv 2407.21783, table 4, last row: context parallelism 16 with TP 8, PP 16, DP 8."""
    columns = layout(tp=8, pp=16, dp=8, cp=16, seq=131072, zero=2, steps=16)
    assert memory({**llama(126, 16384, 53248, 128, 8), **columns})["total"][0] < 80e9


@pytest.mark.parametrize(
    ("model", "given", "label"),
    [
        (llama(126, 16384, 53248, 128, 8), {"dp": 8, "zero": 0, "full": 1}, 80e9),
        (llama(126, 16384, 53248, 128, 8), {"tp": 8, "full": 1}, 80e9),
        (llama_70b(), {"tp": 8}, 40e9),
        (llama_70b(), {"dp": 8, "zero": 3, "sp": 0}, 80e9),
        (llama(32, 4096, 14336, 32, 8), {"zero": 0}, 80e9),
    ],
)
def test_plainly_impossible_layouts_do_not_fit(
    model: dict[str, Any], given: dict[str, float], label: float
) -> None:
    """18 bytes a weight on too few devices: 405B on 8, 70B on 8, 8B on 1."""
    assert not fits(memory({**model, **layout(**given)})["total"], label).any()


def test_weights_are_counted_as_the_sum_of_all_stages() -> None:
    """8B: 8,030 million parameters but for norms at the end; 2, 4 and 12 bytes each on a device."""
    held = memory({**llama(32, 4096, 14336, 32, 8), **layout(zero=0)})
    assert held["weights"][0] == pytest.approx(2 * 8.0303e9, rel=1e-4)
    assert held["gradients"][0] == pytest.approx(4 * 8.0303e9, rel=1e-4)
    assert held["optimizer_state"][0] == pytest.approx(12 * 8.0303e9, rel=1e-4)


def test_uneven_stages_hold_7_layers_at_the_ends_and_8_between() -> None:
    """126 layers on 16 stages (arXiv 2407.21783, section 3.3.2)."""
    base = layout(pp=16, steps=16)
    model = llama(126, 16384, 53248, 128, 8)
    said = {"first_stage_layers": np.array([7.0]), "last_stage_layers": np.array([7.0])}
    assert total_gib(model, base) == total_gib(model, base | said)
    assert int(memory({**model, **base})["stage"][0]) == 1
    assert total_gib(model, base | {"first_stage_layers": np.array([12.0])}) > total_gib(
        model, base
    )


def test_the_last_stage_is_the_fullest_where_logits_outweigh_micro_batches() -> None:
    """One micro-batch at a time, a long one, and few layers."""
    held = memory({**llama_70b(8), **layout(pp=4, steps=1, micro=8)})
    assert int(held["stage"][0]) == 2


def test_dense_layers_of_a_mixture_lie_at_the_bottom() -> None:
    """On two stages the second holds two layers of experts, the first one (measured: 71.24 GiB)."""
    held = memory({**DEEPSEEK_V3, **layout(pp=2, dp=4, ep=4), "logit_bytes": 2.0})
    assert int(held["stage"][0]) == 2


def test_frozen_weights_have_no_gradients_and_no_optimizer_states() -> None:
    """Fine-tuning of 2% of the weights: the states shrink by as much, weights stay."""
    all_, some = (
        memory({**llama_70b(), **layout(tp=8), "trainable_share": share}) for share in (1.0, 0.02)
    )
    assert some["weights"] == all_["weights"]
    for part in ("gradients", "optimizer_state"):
        assert some[part][0] == pytest.approx(0.02 * all_[part][0])


def test_dualpipe_holds_two_stages_and_p_plus_1_micro_batches_of_half() -> None:
    """DeepSeek-V3 (arXiv 2412.19437), table 2: twice the parameters, p + 1 activations."""
    model = llama(32, 4096, 14336, 32, 8) | {"vocab": 0.0}
    plain, dual = (
        memory({**model, **layout(pp=4, dp=8, steps=16, schedule=kind)}) for kind in (0, 3)
    )
    assert dual["weights"][0] == pytest.approx(2 * plain["weights"][0])
    assert dual["optimizer_state"][0] == pytest.approx(plain["optimizer_state"][0])
    assert dual["activations"][0] == pytest.approx(5 / 4 * plain["activations"][0])


def test_one_device_reserves_nothing_for_a_network() -> None:
    """And receives nothing from another stage."""
    one = memory({**llama_70b(2), **layout()})
    moving = float((one["activations"] + one["temporary_buffers"])[0])
    assert one["reserve"][0] == pytest.approx(CONTEXT + FRAGMENTATION * moving)


def test_parts_add_up_to_the_total() -> None:
    """For several layouts in one call, each as if it were alone."""
    rows = [layout(tp=8), layout(pp=4, dp=2), layout(dp=8, zero=3, sp=0)]
    together = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    held = memory({**llama_70b(), **together})
    assert held["total"] == pytest.approx(sum(held[part] for part in PARTS))
    for i, row in enumerate(rows):
        assert float(held["total"][i]) / GIB == pytest.approx(total_gib(llama_70b(), row))


def test_models_side_by_side_come_out_as_each_alone() -> None:
    """Kinds of layers that a row lacks are empty; dense layers at the bottom stay there."""
    models, row = [llama_70b(), DEEPSEEK_V3_OF_64], layout(tp=4, pp=4, dp=8, ep=8)
    side_by_side = {
        name: np.concatenate(
            [np.resize(np.pad(m[name], ((0, 2 - len(m[name])), (0, 0))), (2, 1)) for m in models], 1
        )
        if name in KIND
        else np.array([m[name] for m in models])
        for name in models[0]
    }
    together = memory({**side_by_side, **row})["total"] / GIB
    assert together == pytest.approx([total_gib(model, row) for model in models])


LAYOUTS = st.fixed_dictionaries(
    {
        "tp": st.sampled_from([1, 2, 4]),
        "pp": st.sampled_from([1, 2, 4]),
        "dp": st.sampled_from([4, 8, 64]),
        "cp": st.sampled_from([1, 2]),
        "micro": st.sampled_from([1, 2, 4]),
        "seq": st.sampled_from([2048, 8192, 32768]),
        "zero": st.sampled_from([0, 1, 2, 3]),
        "v": st.sampled_from([1, 2, 4]),
        "steps": st.integers(1, 64),
        "full": st.sampled_from([0.0, 0.25, 1.0]),
        "schedule": st.sampled_from([0, 1, 2, 3]),
    }
)
MODELS = st.sampled_from(
    [
        llama_70b(),
        llama(32, 4096, 14336, 32, 8),
        shape(
            deepseek(64, 7168, 18432, 256, 8, 2048, 2048), hidden=7168.0, vocab=129280.0, tied=0.0
        ),
    ]
)


@given(MODELS, LAYOUTS, st.floats(1e9, 1e12), st.floats(1.0, 4.0))
def test_more_memory_never_makes_a_layout_unfit(
    model: dict[str, Any], given_: dict[str, float], device: float, more: float
) -> None:
    """What fits a device fits a larger one."""
    total = memory({**model, **layout(**given_)})["total"]
    assert fits(total, device * more) or not fits(total, device)


@given(MODELS, LAYOUTS, st.sampled_from(["recompute_full", "recompute_selective"]))
def test_recomputation_never_raises_memory(
    model: dict[str, Any], given_: dict[str, float], name: str
) -> None:
    """For any share of the layers, with attention fused or not."""
    for scores in (0.0, 5.0):
        columns = {**layout(**given_), "attention_score_bytes": scores}
        shares = [0.0, 0.125, 0.5, 1.0]
        totals = [total_gib(model, columns | {name: np.array([share])}) for share in shares]
        assert (np.diff(totals) <= 1e-9).all()


@given(MODELS, LAYOUTS, st.sampled_from(["zero", "tp", "cp"]))
def test_sharding_further_never_raises_memory(
    model: dict[str, Any], given_: dict[str, float], name: str
) -> None:
    """ZeRO stages, tensor with sequence parallelism, and context parallelism."""
    steps = [0, 1, 2, 3] if name == "zero" else [1, 2, 4, 8]
    totals = [total_gib(model, layout(**given_ | {name: step})) for step in steps]
    assert totals == sorted(totals, reverse=True)


@given(MODELS, LAYOUTS)
def test_a_larger_group_of_zero_3_never_raises_memory(
    model: dict[str, Any], given_: dict[str, float]
) -> None:
    """Hybrid sharding: groups of one device up to all of them."""
    groups = [1, 2, 4, given_["dp"] * given_["cp"]]
    totals = [total_gib(model, layout(**given_ | {"zero": 3, "group": group})) for group in groups]
    assert totals == sorted(totals, reverse=True)
