"""Architectures as columns: exact FLOP against the counts, side by side as alone."""

from math import inf

import numpy as np
import pytest
from hypothesis import given, settings

from llmcost.catalog.architecture import architecture_from_config
from llmcost.catalog.models import model, models
from llmcost.counting import count
from llmcost.engine import passes
from llmcost.formulas import flops
from llmcost.shapes import LAYER_COLUMNS, layer_columns, stacked, step_columns, work_columns
from tests.step_columns import evaluated, ideal_rates, layout_columns
from tests.strategies import architectures

NAMES = [entry.name for entry in models()]


def shape(name):
    return architecture_from_config(model(name).config)[0]


def forward_flop(architecture, **layout):
    """Matmul, attention and head FLOP of a micro-batch of one device: seconds at 1 FLOP/s."""
    given = layout_columns(**layout)
    columns = {**step_columns(architecture), **ideal_rates(), **given}
    at = passes.local(columns)
    parts = passes.forward(columns, at)
    return [
        float(np.squeeze(x))
        for x in (parts["matmul"], parts["attention"], passes.head(columns, at)[0])
    ]


@pytest.mark.parametrize("name", NAMES)
def test_a_forward_pass_holds_every_flop_of_the_counts(name):
    """Three times 2 x tokens x weights is the 6 a weight and token of Kaplan et al. 2020; attention
    is that of the causal half, forward a third of training."""
    architecture = shape(name)
    counts, tokens = count(architecture), 3 * 4096
    table = architecture.vocab_size * architecture.embedding_size

    matmul, attention, _ = forward_flop(architecture, micro_batch_size=3.0, seq_length=4096.0)

    per_token = flops.matmul_flop_per_token.kernel(
        matmul_parameters=counts.matmul_parameters - table
    )
    whole = flops.flop_per_token(
        matmul_parameters=0, attention=counts.attention, seq_length=4096, causal=True
    )
    assert 3 * matmul == pytest.approx(per_token * tokens, rel=1e-12)
    assert 3 * attention == pytest.approx(whole * tokens, rel=1e-12)


@pytest.mark.parametrize("name", ["llama-3.1-405b", "mixtral-8x7b", "deepseek-v3", "gpt-oss-120b"])
@pytest.mark.parametrize("split", [1.0, 2.0, 4.0])
def test_devices_that_share_a_micro_batch_do_its_flop_together(name, split):
    """Tensor parallel 4 with sequence parallelism and context parallel 2 are 8 devices, however
    wide each expert is split: 1 a device, half of the group, all of it."""
    architecture = shape(name)
    one = forward_flop(architecture)

    parts = forward_flop(
        architecture,
        tensor_parallel=4.0,
        context_parallel=2.0,
        sequence_parallel=1.0,
        expert_tensor_parallel=split,
    )

    assert [8 * part for part in parts] == pytest.approx(one, rel=1e-12)


def test_a_dense_layer_by_hand():
    """Llama of hidden 8, 4 heads of 2, 2 of keys and values, width 24 and 3 layers:
    attention 8 x (8 + 4 + 4 + 8) = 192 and MLP 3 x 8 x 24 = 576 weights a layer."""
    config = {
        "model_type": "llama",
        "hidden_size": 8,
        "intermediate_size": 24,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "vocab_size": 50,
    }

    work = work_columns(architecture_from_config(config)[0])

    assert work["split_weights"] == 3 * (192 + 576)
    assert work["whole_weights"] == 0
    # qkv 8 in, 16 out; projection 8 in, 8 out; up and gate 8 in, 48 out; down 24 in, 8 out.
    assert (work["whole_sides"], work["split_sides"]) == (3 * 32, 3 * (16 + 8 + 48 + 24))
    assert work["gemms"] == 3 * 4
    assert work["activation_width"] == 3 * 72
    assert (work["rotary_width"], work["kv_width"]) == (3 * 12, 3 * 8)
    assert (work["hidden"], work["vocab"], work["num_layers"]) == (8, 50, 3)


def test_experts_of_a_mixture_by_hand():
    """Mixtral 8x7B: 8 experts of 3 x 4096 x 14336 weights, 2 of them a token, on 32 layers."""
    work = work_columns(shape("mixtral-8x7b"))

    assert (work["most_experts"], work["chosen_experts"], work["expert_layers"]) == (8, 2, 32)
    assert work["expert_weights"] == 32 * 3 * 4096 * 14336
    assert work["expert_width_sum"] == 32 * 14336
    assert work["whole_weights"] == 32 * 4096 * 8


def test_a_gate_of_shared_experts_and_projected_embeddings_count():
    """Qwen1.5-MoE gates its shared experts with hidden x 1 weights a layer; OPT-350M has 2
    matrices of 512 x 1024 around its layers."""
    gated = {"model_type": "qwen2_moe", "num_hidden_layers": 2}
    projected = {
        "model_type": "opt",
        "hidden_size": 1024,
        "word_embed_proj_dim": 512,
        "num_hidden_layers": 2,
        "num_attention_heads": 16,
        "ffn_dim": 4096,
    }
    for config in (gated, projected):
        architecture = architecture_from_config(config)[0]
        work, counts = work_columns(architecture), count(architecture)
        found = work["split_weights"] + work["whole_weights"]
        found += work["chosen_experts"] * work["expert_weights"]
        table = architecture.vocab_size * architecture.embedding_size
        assert found == counts.matmul_parameters - table


def test_layers_of_one_kind_are_one_row():
    """Gemma 2 takes turns: 13 layers with a window of 4,096 tokens, 13 that see all."""
    columns = layer_columns(shape("gemma-2-2b"))

    assert set(columns) == set(LAYER_COLUMNS)
    assert columns["layers"].shape == (2, 1)
    assert sorted(zip(columns["span"][:, 0], columns["layers"][:, 0], strict=True)) == [
        (4096, 13),
        (inf, 13),
    ]


def test_architectures_side_by_side_cost_what_each_does_alone():
    """Dense, windowed, latent and routed ones, padded to as many kinds as the one with most."""
    names = ["llama-3.1-8b", "gemma-2-2b", "mixtral-8x7b", "deepseek-v3", "gpt-oss-120b", "gpt2"]
    parts = [step_columns(shape(name)) for name in names]

    together = evaluated({**stacked(parts), **ideal_rates(seconds=True), **layout_columns()})

    for row, part in enumerate(parts):
        alone = evaluated({**part, **ideal_rates(seconds=True), **layout_columns()})
        for name, value in alone.items():
            assert np.broadcast_to(together[name], len(names))[row] == pytest.approx(
                float(np.squeeze(value)), rel=1e-12
            ), (names[row], name)


@given(architectures())
@settings(max_examples=40)
def test_columns_of_any_architecture_add_up_to_its_counts(architecture):
    work, counts = work_columns(architecture), count(architecture)
    table = architecture.vocab_size * architecture.embedding_size

    found = work["split_weights"] + work["whole_weights"]
    found += work["chosen_experts"] * work["expert_weights"]

    assert found == pytest.approx(counts.matmul_parameters - table, rel=1e-12)
    assert float(work["attention_width"].sum()) == counts.attention_width
    assert float(layer_columns(architecture)["layers"].sum()) == architecture.num_layers
