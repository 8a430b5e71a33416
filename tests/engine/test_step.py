"""Time of a step: schedules worked out by hand, and exact limits."""

import numpy as np
import pytest

from llmcost import engine
from llmcost.catalog.architecture import architecture_from_config
from llmcost.catalog.calibration import calibration
from llmcost.catalog.gpus import accelerator
from llmcost.catalog.models import model
from llmcost.machine import Machine, rates
from llmcost.shapes import step_columns
from tests.step_columns import INFINITE, ideal_rates, layout_columns

COMMUNICATION = (
    *("tensor_parallel_time", "context_parallel_time", "expert_parallel_time"),
    *("pipeline_parallel_time", "data_parallel_time"),
)
NAMES = ["llama-3.1-8b", "gemma-2-2b", "mixtral-8x7b", "deepseek-v3", "gpt2-xl"]
# One micro-batch of 1,000 tokens on 4 layers of hidden 100 and MLP 300: weights of a layer
# 100 x (100 + 50 + 50 + 100) + 2 x 100 x 300 = 90,000, 360,000 in all; the table holds 1,000.
TOY = architecture_from_config(
    {
        "model_type": "llama",
        "hidden_size": 100,
        "intermediate_size": 200,
        "num_hidden_layers": 4,
        "num_attention_heads": 10,
        "num_key_value_heads": 5,
        "head_dim": 10,
        "vocab_size": 10,
        "tie_word_embeddings": True,
    }
)[0]
WEIGHTS = 4 * (100 * (100 + 50 + 50 + 100) + 3 * 100 * 200)
TABLE = 10 * 100
TOKENS = 1000
RATE = 720e6
# Products alone: forward 2 x 1,000 x 360,000 = 720e6 FLOP, a second; backward two.
FORWARD, BACKWARD = 1.0, 2.0


def toy(rated=None, **layout):
    """A step of the toy, matrix products of its layers alone at one forward pass a second."""
    known = ideal_rates(
        matmul_rate=RATE, head_rate=np.inf, attention_rate=np.inf, memory_rate=np.inf
    )
    columns = {**step_columns(TOY), **known, **(rated or {})}
    return numbers(engine.step({**columns, **layout_columns(seq_length=1000.0, **layout)}))


def real(name, precision="bf16", gpu="h100-sxm", rated=None, **layout):
    """A step of a model of the catalogue on a real device with the shipped constants."""
    architecture = architecture_from_config(model(name).config)[0]
    known = rates(Machine(accelerator(gpu), precision), calibration().values)
    layout = layout_columns(**layout)
    degrees = ("tensor_parallel", "pipeline_parallel", "context_parallel", "data_parallel")
    devices = np.prod([layout[name] for name in degrees])
    columns = {**step_columns(architecture), **known, **(rated or {}), "num_gpus": float(devices)}
    return numbers(engine.step({**columns, **layout}))


def numbers(times):
    return {name: float(np.squeeze(value)) for name, value in times.items()}


def test_the_toy_is_what_the_schedules_below_take_it_for():
    assert WEIGHTS == 360_000
    assert 2 * TOKENS * WEIGHTS / RATE == FORWARD


def test_one_device_by_hand():
    """3 micro-batches, a second forward and two backward each."""
    times = toy(global_batch_size=3.0)

    assert times["step_time"] == pytest.approx(3 * (FORWARD + BACKWARD), rel=1e-12)
    assert times["matmul_time"] == times["step_time"]


def test_a_real_step_adds_optimizer_launches_and_norms_by_hand():
    """At 1 GB/s, an element of the hidden state of 100 moves 20 bytes a layer forward, and 1.5
    times that backward; an update moves 30 bytes of state and 8 of gradients for 361,000 weights;
    0.25 s a layer forward go to launches, twice that backward; 0.125 s to the step."""
    rated = {
        "memory_rate": 1e9,
        "norm_bytes": 20.0,
        "memory_backward": 1.5,
        "optimizer_traffic": 30.0,
        "gradient_traffic": 8.0,
        "layer_time": 0.25,
        "launch_backward": 2.0,
        "step_overhead": 0.125,
        "logit_traffic": 0.0,
    }
    times = toy(rated)

    memory_bound = 20 * 4 * 100 * TOKENS / 1e9
    assert times["memory_bound_time"] == pytest.approx(2.5 * memory_bound, rel=1e-12)
    assert times["launch_time"] == pytest.approx(3 * 4 * 0.25, rel=1e-12)
    update = (30 + 8) * (WEIGHTS + TABLE) / 1e9 + 0.125
    assert times["optimizer_time"] == pytest.approx(update, rel=1e-12)
    # The loss is a kernel too: its launch forward, and twice that backward.
    assert times["head_time"] == pytest.approx(3 * 0.25, rel=1e-12)
    assert times["step_time"] == pytest.approx(
        3.0 + 2.5 * memory_bound + 3.0 + 0.75 + update, rel=1e-12
    )


def test_attention_and_head_by_hand():
    """Attention 2 x width 4 x 10 x 20 x 500 positions x 1,000 tokens = 0.8e9 FLOP forward; the
    head 2 x 1,000 x 10 x 100 = 2e6."""
    times = toy({"attention_rate": 0.8e9, "head_rate": 2e6, "attention_backward": 3.0})

    assert times["attention_time"] == pytest.approx(1.0 + 3.0, rel=1e-12)
    assert times["head_time"] == pytest.approx(1.0 + 2.0, rel=1e-12)
    assert times["step_time"] == pytest.approx(3.0 + 4.0 + 3.0, rel=1e-12)


def test_tensor_parallel_two_by_hand():
    """Half the products on each; four gathers or scatters of 1,000 x 100 x 2 bytes a layer and
    pass, of which a rank sends half: 100 kB at 1 MB/s, after 5 ms each."""
    links = {"scale_up_rate": 1e6, "scale_up_latency": 0.005}
    times = toy(links, tensor_parallel=2.0, sequence_parallel=1.0)

    exchange = 2 * 4 * 4 * (0.005 + 0.1)
    assert times["matmul_time"] == pytest.approx((FORWARD + BACKWARD) / 2, rel=1e-12)
    assert times["tensor_parallel_time"] == pytest.approx(exchange, rel=1e-12)
    assert times["step_time"] == pytest.approx(1.5 + exchange, rel=1e-12)
    half = toy({**links, "tensor_exposed": 0.5}, tensor_parallel=2.0, sequence_parallel=1.0)
    assert half["step_time"] == pytest.approx(1.5 + exchange / 2, rel=1e-12)


def test_data_parallel_four_with_sharded_states_by_hand():
    """ZeRO 1: gradients of 361,000 weights scattered in 4 bytes, weights gathered in 2; each rank
    sends three quarters, at 1 MB/s. States are a quarter, gradients whole."""
    rated = {"scale_up_rate": 1e6, "scale_up_latency": 0.005, "memory_rate": 1e7}
    rated |= {"optimizer_traffic": 30.0, "gradient_traffic": 8.0}
    times = toy(rated, data_parallel=4.0, zero_stage=1.0, global_batch_size=8.0)

    exchange = 0.75 * 361_000 * (4 + 2) / 1e6 + 2 * 0.005
    update = 361_000 * (30 / 4 + 8) / 1e7
    assert times["matmul_time"] == pytest.approx(2 * 3.0, rel=1e-12)
    assert times["data_parallel_time"] == pytest.approx(exchange, rel=1e-12)
    assert times["optimizer_time"] == pytest.approx(update, rel=1e-12)
    assert times["step_time"] == pytest.approx(6.0 + exchange + update, rel=1e-12)


def test_what_computing_hides_of_a_data_parallel_exchange_by_hand():
    """Half of one micro-batch's 3 s hides all but 0.1345 of 1.6345 s; a tenth is always seen."""
    rated = {"scale_up_rate": 1e6, "scale_up_latency": 0.005, "data_hidden": 0.5}
    given = {"data_parallel": 4.0, "zero_stage": 1.0, "global_batch_size": 8.0}

    assert toy({**rated, "data_exposed": 0.0}, **given)["data_parallel_time"] == pytest.approx(
        1.6345 - 1.5, rel=1e-12
    )
    assert toy({**rated, "data_exposed": 0.1}, **given)["data_parallel_time"] == pytest.approx(
        0.16345, rel=1e-12
    )


def test_plain_data_parallel_reduces_gradients_by_hand():
    """An all-reduce is a scatter and a gather, both of 4 bytes a weight."""
    times = toy({"scale_up_rate": 1e6}, data_parallel=4.0, global_batch_size=4.0)

    assert times["data_parallel_time"] == pytest.approx(0.75 * 361_000 * 8 / 1e6, rel=1e-12)


def test_pipeline_of_two_by_hand():
    """4 micro-batches on 2 stages of 1.5 s: 4 x 1.5, a bubble of 1.5, then transfers of 200 kB
    at 1 MB/s. Forward and back once to fill; after that 1 of 3 more micro-batches waits."""
    rated = {"scale_up_rate": 1e6, "scale_up_latency": 0.005}
    times = toy(rated, pipeline_parallel=2.0, global_batch_size=4.0)

    assert times["bubble_time"] == pytest.approx(1.5, rel=1e-12)
    assert times["imbalance_time"] == pytest.approx(0.0, abs=1e-12)
    assert times["pipeline_parallel_time"] == pytest.approx(2 * 0.205 * (1 + 1), rel=1e-12)
    assert times["step_time"] == pytest.approx(6.0 + 1.5 + 4 * 0.205, rel=1e-12)


def test_uneven_stages_by_hand():
    """4 layers of 0.75 s on 3 stages are 2, 1 and 1: 6 micro-batches take 6 x 1.5 and not 6 x 1;
    the bubble is that of 2 average stages, 2 x 1."""
    times = toy(pipeline_parallel=3.0, global_batch_size=6.0)

    assert times["matmul_time"] == pytest.approx(6 * 1.0, rel=1e-12)
    assert times["imbalance_time"] == pytest.approx(6 * 0.5, rel=1e-12)
    assert times["bubble_time"] == pytest.approx(2 * 1.0, rel=1e-12)
    assert times["step_time"] == pytest.approx(11.0, rel=1e-12)


def test_a_heavy_head_sets_the_pace_of_the_last_stage_by_hand():
    """Two layers of 0.75 s, and on the last stage a head of 3 s: 4 micro-batches of 4.5 s; the
    bubble of an average stage, (3 + 3) / 2."""
    times = toy({"head_rate": 2e6}, pipeline_parallel=2.0, global_batch_size=4.0)

    assert times["head_time"] == pytest.approx(4 * 1.5, rel=1e-12)
    assert times["imbalance_time"] == pytest.approx(4 * (4.5 - 3.0), rel=1e-12)
    assert times["step_time"] == pytest.approx(4 * 4.5 + 3.0, rel=1e-12)


def test_full_sharding_by_hand():
    """FSDP on 4: every micro-batch gathers 361,000 weights of 2 bytes twice and scatters
    gradients of 4: three quarters of 2.888 MB at 1 MB/s, in three messages for each of 4
    layers."""
    rated = {"scale_up_rate": 1e6, "scale_up_latency": 0.005}
    rated |= {"memory_rate": 1e7, "optimizer_traffic": 30.0, "gradient_traffic": 8.0}
    times = toy(rated, data_parallel=4.0, zero_stage=3.0, global_batch_size=8.0)

    every = 0.75 * 361_000 * 8 / 1e6 + 3 * 4 * 0.005
    assert times["data_parallel_time"] == pytest.approx(2 * every, rel=1e-12)
    assert times["optimizer_time"] == pytest.approx(361_000 * 38 / 4 / 1e7, rel=1e-12)
    assert times["step_time"] == pytest.approx(6.0 + 2 * every + 361_000 * 9.5 / 1e7, rel=1e-12)


def test_hybrid_sharding_by_hand():
    """8 devices in 4 nodes of 2: weights sharded inside, a half each; those halves' gradients are
    reduced among 4 nodes once a step: 2 x 3/4 x 722 kB through the NIC."""
    rated = {"scale_up_domain": 2.0, "scale_up_rate": 1e6, "network_rate": 1e5}
    times = toy(rated, data_parallel=8.0, zero_stage=3.0, shard_group=2.0, global_batch_size=16.0)

    inside = 0.5 * 361_000 * 8 / 1e6
    among = 2 * 0.75 * 361_000 * 4 / 2 / 1e5
    assert times["data_parallel_time"] == pytest.approx(2 * inside + among, rel=1e-12)


def test_recomputation_by_hand():
    """Full: forward again, one second more of three; half of the layers, half of it."""
    assert toy(recompute_full=1.0)["step_time"] == pytest.approx(4.0, rel=1e-12)
    assert toy(recompute_full=0.5)["step_time"] == pytest.approx(3.5, rel=1e-12)
    assert toy(recompute_full=1.0)["recompute_time"] == pytest.approx(1.0, rel=1e-12)


def test_stragglers_by_hand():
    """1% a doubling beyond 8 devices: 64 take 3% longer."""
    times = toy({"straggler_growth": 0.01, "num_gpus": 64.0})

    assert times["step_time"] == pytest.approx(3.0 * 1.03, rel=1e-12)
    assert times["straggler_time"] == pytest.approx(0.09, rel=1e-12)


def test_experts_by_hand():
    """Mixtral of 1 layer: 4 experts of 3 x 100 x 200 weights, 2 a token, on 4 devices; each sends
    2 x 1,000 rows of 200 bytes, three quarters of them away, and gets them back."""
    mixtral = architecture_from_config(
        {
            "model_type": "mixtral",
            "hidden_size": 100,
            "intermediate_size": 200,
            "num_hidden_layers": 1,
            "num_attention_heads": 10,
            "num_key_value_heads": 5,
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
            "vocab_size": 10,
        }
    )[0]
    rated = ideal_rates(matmul_rate=1e6, head_rate=np.inf, attention_rate=np.inf)
    rated |= {"memory_rate": np.inf, "expert_link_rate": 1e6, "expert_latency": 0.005}
    layout = layout_columns(
        seq_length=1000.0, data_parallel=4.0, expert_parallel=4.0, global_batch_size=4.0
    )

    times = numbers(engine.step({**step_columns(mixtral), **rated, **layout}))

    weights = 100 * 300 + 100 * 4 + 2 * 60_000
    assert times["matmul_time"] == pytest.approx(3 * 2 * 1000 * weights / 1e6, rel=1e-12)
    one_way = 0.75 * 2 * 1000 * 200 / 1e6 + 0.005
    assert times["expert_parallel_time"] == pytest.approx(2 * 2 * one_way, rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_one_device_has_no_communication_bubble_or_imbalance(name):
    times = real(name, global_batch_size=4.0)

    for part in (*COMMUNICATION, "bubble_time", "imbalance_time", "straggler_time"):
        assert times[part] == 0, part
    assert times["recompute_time"] == 0
    assert times["step_time"] > 0


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("zero", [0.0, 1.0, 3.0])
def test_infinite_links_without_latency_expose_nothing(name, zero):
    """The same layout then takes what its devices compute, with the bubble that this has."""
    free = dict.fromkeys(INFINITE, np.inf)
    free |= dict.fromkeys(("scale_up_latency", "network_latency", "expert_latency"), 0.0)
    layout = {"tensor_parallel": 2.0, "pipeline_parallel": 2.0, "context_parallel": 2.0}
    layout |= {"data_parallel": 4.0, "global_batch_size": 32.0, "zero_stage": zero}
    layout |= {"expert_parallel": 1.0 if name in ("llama-3.1-8b", "gemma-2-2b", "gpt2-xl") else 4.0}

    times = real(name, rated=free, **layout)

    assert [times[part] for part in COMMUNICATION] == [0.0] * len(COMMUNICATION)
    assert times["bubble_time"] > 0


def test_one_stage_has_no_bubble_in_any_schedule():
    for schedule in (0.0, 1.0, 2.0, 3.0):
        times = real("llama-3.1-8b", data_parallel=8.0, global_batch_size=16.0, schedule=schedule)
        assert times["bubble_time"] == 0
        assert times["pipeline_parallel_time"] == 0


def test_zero_bubble_is_below_one_forward_one_backward_and_interleaving_too():
    """H2 below H1 below 1F1B; interleaving by 2 below 1F1B; and by 8 below by 2."""
    given = {"pipeline_parallel": 8.0, "global_batch_size": 32.0}
    plain, h1, h2 = (
        real("llama-3.1-70b", schedule=code, **given)["bubble_time"] for code in (0.0, 1.0, 2.0)
    )
    two, five = (
        real("llama-3.1-70b", virtual_stages=depth, **given)["bubble_time"] for depth in (2.0, 5.0)
    )

    assert 0 <= h2 < h1 < plain
    assert five < two < plain
    assert two == pytest.approx(plain / 2, rel=1e-12)


@pytest.mark.parametrize("micro_batches", [8, 16, 64, 256])
@pytest.mark.parametrize("stages", [2, 4, 8])
def test_a_deep_pipeline_with_few_micro_batches_has_the_bubble_of_the_formula(
    stages, micro_batches
):
    """(p - 1)/m of the even steady state (Narayanan et al. 2021, arXiv 2104.04473, section 2.2)."""
    times = real(
        "llama-3.1-70b",
        rated={"head_rate": np.inf, "logit_traffic": 0.0, "layer_time": 0.0},
        pipeline_parallel=float(stages),
        global_batch_size=float(micro_batches),
    )
    steady = sum(times[name] for name in ("matmul_time", "attention_time", "memory_bound_time"))
    steady += times["launch_time"]

    assert times["imbalance_time"] == pytest.approx(0, abs=1e-9 * steady)
    assert times["bubble_time"] / steady == pytest.approx((stages - 1) / micro_batches, rel=1e-9)


@pytest.mark.parametrize("name", ["llama-3.1-8b", "gemma-2-2b", "gpt2-xl"])
def test_dense_models_have_no_part_of_experts(name):
    times = real(name, tensor_parallel=2.0, data_parallel=8.0, global_batch_size=32.0)

    assert times["expert_parallel_time"] == 0
    slower = {"expert_layer_time": 1.0, "expert_side_time": 1.0, "permute_bytes": 1e9}
    slower |= {"expert_link_rate": 1.0, "expert_network_rate": 1.0, "expert_latency": 1.0}
    other = real(name, rated=slower, tensor_parallel=2.0, data_parallel=8.0, global_batch_size=32.0)
    assert other == times


def test_no_recomputation_takes_no_time():
    given = {"tensor_parallel": 2.0, "pipeline_parallel": 4.0, "global_batch_size": 32.0}

    assert real("mixtral-8x7b", **given)["recompute_time"] == 0
    assert real("mixtral-8x7b", recompute_selective=1.0, **given)["recompute_time"] > 0


def test_tensor_parallelism_across_nodes_is_slower_than_inside():
    """Llama 3 70B on 16 H100s as TP 16 is no match for TP 8 with two replicas: more than twice the
    exchange, over a ninth of the bandwidth."""
    inside = real(
        "llama-3.1-70b",
        tensor_parallel=8.0,
        data_parallel=2.0,
        global_batch_size=16.0,
        sequence_parallel=1.0,
        zero_stage=1.0,
    )
    across = real(
        "llama-3.1-70b", tensor_parallel=16.0, global_batch_size=16.0, sequence_parallel=1.0
    )

    assert across["tensor_parallel_time"] > 2 * inside["tensor_parallel_time"]
    assert across["step_time"] > 1.2 * inside["step_time"]


def test_the_parts_add_up_to_the_step_straggler_included():
    """What stragglers add is a part of its own, on top of all others."""
    layout = {"tensor_parallel": 8.0, "pipeline_parallel": 5.0, "data_parallel": 16.0}
    layout |= {"virtual_stages": 3.0, "global_batch_size": 2048.0, "sequence_parallel": 1.0}
    times = real("llama-3.1-70b", **layout, zero_stage=1.0, recompute_selective=1.0)

    assert times["straggler_time"] > 0
    assert sum(times[name] for name in engine.STEP_PARTS) == pytest.approx(
        times["step_time"], rel=1e-12
    )
    assert set(times) == {"step_time", *engine.STEP_PARTS}
    assert all(times[name] >= 0 for name in engine.STEP_PARTS)


def test_attention_that_hides_one_exchange_hides_no_other():
    """With context and expert exchange both longer than what they hide behind, attention that
    takes a second less makes a step no longer, though it hides less."""
    slow = {"attention_rate": 1e13, "context_hidden": 0.8, "context_exposed": 0.0}
    slow |= {"expert_hidden": 0.9, "expert_exposed": 0.0, "scale_up_rate": 1e7}
    slow |= {"expert_link_rate": 1e9, "expert_network_rate": 1e9, "network_rate": 1e7}
    given = {"context_parallel": 4.0, "expert_parallel": 4.0, "data_parallel": 2.0}
    given |= {"global_batch_size": 2.0}

    usual = real("mixtral-8x7b", rated=slow, **given)
    faster = real("mixtral-8x7b", rated=slow | {"attention_rate": 2e13}, **given)

    assert usual["context_parallel_time"] > 0
    assert usual["expert_parallel_time"] > 0
    assert faster["attention_time"] < usual["attention_time"]
    assert faster["step_time"] < usual["step_time"]


def test_two_exchanges_of_a_hybrid_group_do_not_hide_behind_the_same_pass():
    """One micro-batch of 3 s hides 0.9 of itself once: 361,000 x 8 bytes inside nodes of 2 take
    1.444 s and are hidden; gradients among 4 nodes, 1.083 MB at 0.5 MB/s, have 1.556 s x 0.9 left
    of what the first leave."""
    rated = {"scale_up_domain": 2.0, "scale_up_rate": 1e6, "network_rate": 5e5}
    rated |= {"data_hidden": 0.9, "data_exposed": 0.0, "shard_exposed": 0.0}
    times = toy(rated, data_parallel=8.0, zero_stage=3.0, shard_group=2.0, global_batch_size=8.0)

    left = 3.0 - 0.5 * 361_000 * 8 / 1e6
    among = 2 * 0.75 * 361_000 * 4 / 2 / 5e5
    assert among == pytest.approx(2.166, rel=1e-12)
    assert times["data_parallel_time"] == pytest.approx(among - 0.9 * left, rel=1e-9)
