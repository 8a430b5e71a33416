"""Memory formulas against tables of the papers they come from, and sums done by hand."""

from __future__ import annotations

import pytest

from llmcost.formulas import memory
from llmcost.units import Q

# GPT-3 in Korthikanti et al. 2022 (arXiv 2205.05198): h = 12288, a = 96, s = 2048.
HIDDEN, HEADS, SEQUENCE = 12288.0, 96.0, 2048.0


def layer(*, masks: float = 1.0) -> tuple[float, float, float]:
    """Bytes a token that the residual stream, attention and a GELU MLP of width 4h keep."""
    residual = memory.residual_activation.kernel(
        hidden=HIDDEN,
        q_rank=0.0,
        kv_rank=0.0,
        rope_dim=0.0,
        experts=0.0,
        linear_input_bytes=2.0,
        dropout_mask_bytes=masks,
    )
    attention = memory.attention_activation.kernel(
        heads=HEADS,
        kv_heads=HEADS,
        qk_dim=HIDDEN / HEADS,
        v_dim=HIDDEN / HEADS,
        kv_copies=1.0,
        linear_input_bytes=2.0,
    )
    mlp = memory.mlp_activation.kernel(width=4 * HIDDEN, gated=0.0, linear_input_bytes=2.0)
    return residual, attention, mlp


def test_a_layer_keeps_34_bytes_an_element_as_in_table_2() -> None:
    """sbh (10 + 24 / t): 10 outside tensor parallelism, 24 within, 4 a head to undo the softmax."""
    residual, attention, mlp = layer()
    assert residual == 10 * HIDDEN
    assert attention + mlp == 24 * HIDDEN + 4 * HEADS


def test_attention_scores_keep_5_bytes_as_in_table_2() -> None:
    """5 a s / h a token and element: 80 for GPT-3, the figure of section 4.1."""
    scores = memory.score_activation.kernel(heads=HEADS, seq_length=SEQUENCE, score_bytes=5.0)
    assert scores / HIDDEN == 5 * HEADS * SEQUENCE / HIDDEN == 80.0


def test_without_dropout_two_masks_go() -> None:
    """One byte each for every element."""
    assert layer()[0] - layer(masks=0.0)[0] == 2 * HIDDEN


def test_a_gate_keeps_one_width_more() -> None:
    """Gate, up projection and product: three widths of 16 bit against two."""
    gated, plain = (
        memory.mlp_activation.kernel(width=1000.0, gated=gate, linear_input_bytes=2.0)
        for gate in (1.0, 0.0)
    )
    assert (gated, plain) == (6000.0, 4000.0)


def test_grouped_queries_keep_fewer_keys_and_values() -> None:
    """Llama 3 70B: 64 query and 8 key heads of 128, 16 bit: 2 (8192 + 2048 + 8192) + 4 x 64."""
    kept = memory.attention_activation.kernel(
        heads=64.0, kv_heads=8.0, qk_dim=128.0, v_dim=128.0, kv_copies=1.0, linear_input_bytes=2.0
    )
    assert kept == 2 * (8192 + 2048 + 8192) + 4 * 64


def test_inputs_kept_in_8_bit_leave_a_copy_of_the_output_of_attention() -> None:
    """The output stays in 16 bit for attention, and in 8 for the projection."""
    wide, narrow = (
        memory.attention_activation.kernel(
            heads=64.0, kv_heads=8.0, qk_dim=128.0, v_dim=128.0, kv_copies=1.0, linear_input_bytes=x
        )
        for x in (2.0, 1.0)
    )
    assert narrow - wide == 64 * 128


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120.0), (1, 31.4), (2, 16.6), (3, 1.88)])
def test_zero_shards_7_5_billion_parameters_over_64_devices(stage: int, gigabytes: float) -> None:
    """Rajbhandari et al. 2020 (arXiv 1910.02054), figure 1: 2 + 2 + 12 bytes a parameter."""
    held = 0.0
    for bytes_each, least in ((2.0, 3), (2.0, 2), (12.0, 1)):
        sharded = float(stage >= least)
        held += bytes_each * memory.held_share.kernel(part=1 / 64, sharded=sharded)
    assert 7.5 * held == pytest.approx(gigabytes, rel=0.005)


def in_flight(stage: int, p: float, v: float = 1.0, schedule: float = 0.0) -> float:
    """Micro-batches on a stage (0 is the first) of a pipeline with many of them."""
    last = memory.in_flight_at_end.kernel(pipeline_parallel=p, virtual_stages=v, schedule=schedule)
    more = memory.in_flight_per_stage.kernel(virtual_stages=v, schedule=schedule)
    return float(last + more * (p - 1 - stage))


def test_1f1b_holds_as_many_micro_batches_as_stages_are_left() -> None:
    """8 stages: 8 on the first, 1 on the last."""
    assert [in_flight(i, 8.0) for i in range(8)] == [8, 7, 6, 5, 4, 3, 2, 1]


def test_interleaving_holds_more_by_the_factor_of_the_paper() -> None:
    """1 + (p - 1) / (p v), Korthikanti et al. 2022, section 4.2.3."""
    assert in_flight(0, 8.0, v=4.0) == pytest.approx(8 * (1 + 7 / 32))


def test_interleaved_stages_hold_the_chunks_of_the_warm_up_and_one_more() -> None:
    """Stage i warms up with 2 (p - i - 1) + (v - 1) p chunks (Megatron-LM); 4 stages of 2."""
    assert [in_flight(i, 4.0, v=2.0) for i in range(4)] == [11 / 2, 9 / 2, 7 / 2, 5 / 2]


@pytest.mark.parametrize(("schedule", "first"), [(1.0, 8.0), (2.0, 15.0), (3.0, 4.5)])
def test_other_schedules_hold_what_their_papers_state(schedule: float, first: float) -> None:
    """Zero-bubble H1 as 1F1B, H2 2p - 1, DualPipe p + 1 halves of a device's layers."""
    assert in_flight(0, 8.0, schedule=schedule) == first


def test_latent_attention_keeps_what_it_compresses() -> None:
    """DeepSeek-V3: 1,536 and 512 on both sides of a norm, 64 once; 256 experts scored."""
    kept = memory.residual_activation.kernel(
        hidden=7168.0,
        q_rank=1536.0,
        kv_rank=512.0,
        rope_dim=64.0,
        experts=256.0,
        linear_input_bytes=2.0,
        dropout_mask_bytes=0.0,
    )
    assert kept == 8 * 7168 + 4 * (1536 + 512) + 2 * 64 + 12 * 256


def test_the_reserve_has_a_network_only_beside_another_device() -> None:
    """Context always, gaps as a share of what moves."""
    fixed = {"activations": Q("8 GB"), "temporary": Q("2 GB"), "context": Q("1 GB")}
    fixed |= {"network": Q("0.5 GB"), "fragmentation": Q("0.1")}
    one, many = (memory.reserve_memory(devices=Q(n), **fixed) for n in ("1 GPU", "8 GPU"))
    assert one.to("GB").magnitude == pytest.approx(2.0)
    assert many.to("GB").magnitude == pytest.approx(2.5)
