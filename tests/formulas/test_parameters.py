"""Weights of the parts of a layer, by hand."""

from llmcost.formulas import parameters as p


def test_attention_of_llama_3_8b():
    """q 4096x4096, k and v 4096x1024 each, o 4096x4096."""
    assert p.attention_matrices(
        hidden_size=4096, heads=32, kv_heads=8, qk_dim=128, v_dim=128
    ) == 4096 * (4096 + 1024 + 1024 + 4096)


def test_attention_biases_sit_on_the_outputs_of_each_projection():
    shape = {"hidden_size": 12, "heads": 3, "kv_heads": 1, "qk_dim": 4, "v_dim": 5}

    both = p.attention_biases(**shape, qkv_bias=True, output_bias=True)

    assert both == 3 * 4 + 4 + 5 + 12
    assert p.attention_biases(**shape, qkv_bias=True, output_bias=False) == 3 * 4 + 4 + 5
    assert p.attention_biases(**shape, qkv_bias=False, output_bias=False) == 0


def test_latent_attention_of_deepseek_v3():
    """q_a 7168x1536, q_b 1536x24576, kv_a 7168x576, kv_b 512x32768, o 16384x7168."""
    assert (
        p.latent_attention_matrices(
            hidden_size=7168,
            heads=128,
            qk_dim=192,
            v_dim=128,
            q_rank=1536,
            kv_rank=512,
            rope_dim=64,
        )
        == 7168 * 1536 + 1536 * 24576 + 7168 * 576 + 512 * 32768 + 16384 * 7168
    )


def test_latent_attention_without_compressed_queries():
    """q 2048x3072, kv_a 2048x576, kv_b 512x4096, o 2048x2048 (DeepSeek-V2-Lite)."""
    assert (
        p.latent_attention_matrices(
            hidden_size=2048, heads=16, qk_dim=192, v_dim=128, q_rank=0, kv_rank=512, rope_dim=64
        )
        == 2048 * 3072 + 2048 * 576 + 512 * 4096 + 2048 * 2048
    )


def test_latent_attention_biases():
    ranks = {"hidden_size": 100, "q_rank": 7, "kv_rank": 5, "rope_dim": 2}

    assert p.latent_attention_biases(**ranks, qkv_bias=True, output_bias=True) == 7 + 5 + 2 + 100


def test_a_gate_adds_a_third_matrix_and_its_bias():
    assert p.mlp_matrices(hidden_size=10, width=30, gated=False) == 600
    assert p.mlp_matrices(hidden_size=10, width=30, gated=True) == 900
    assert p.mlp_biases(hidden_size=10, width=30, gated=False) == 40
    assert p.mlp_biases(hidden_size=10, width=30, gated=True) == 70


def test_a_router_scores_every_expert():
    assert p.router_matrix(hidden_size=4096, experts=8) == 32_768
