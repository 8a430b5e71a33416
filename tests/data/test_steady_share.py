"""The share of a good step's rate that whole runs kept, worked out again from published figures."""

import math
from statistics import median

import pytest

from llmcost import engine
from llmcost.catalog.overheads import default

# Run: year, hours needed at the reported rate over hours reported, GPUs, parameters, share printed.
RUNS = {
    # 2.53e24 model FLOP at 46.2% of 275 TFLOP/s in 8.405M hours.
    "PaLM": (2022, 2.53e24 / (0.462 * 275e12) / 3600 / 8_404_992, 6_144, 540e9, 0.69),
    # 8ND with recomputation at 126 TFLOP/s; 4,480 GPUs for 770 hours.
    "Megatron-Turing": (2022, 8 * 530e9 * 270e9 / 126e12 / 3600 / 3.4496e6, 4_480, 530e9, 0.76),
    # 5.5T tokens at 1,900 a second and GPU in 1.05M hours.
    "OLMo 3 32B": (2025, 5.5e12 / 1_900 / 3600 / 1.05e6, 1_024, 32e9, 0.78),
    # 6ND over hours 0.251 of the peak, 0.325 in a step.
    "GLM-130B": (2022, 0.251 / 0.325, 768, 130e9, 0.79),
    # 8ND with recomputation at 150 TFLOP/s in 1.083M hours.
    "BLOOM": (2022, 8 * 176.25e9 * 366e9 / 150e12 / 3600 / 1_082_990, 384, 176e9, 0.90),
    # 3.8e25 FLOP at 400 TFLOP/s in 30.84M hours.
    "Llama 3.1 405B": (2024, 3.8e25 / 400e12 / 3600 / 30.84e6, 16_384, 405e9, 0.93),
    # 8ND with recomputation at 102 TFLOP/s in 53 days.
    "BloombergGPT": (2023, 8 * 50.6e9 * 569e9 / 102e12 / 3600 / 651_264, 512, 50.6e9, 0.98),
}


def modelled_goodput(num_gpus, parameters):
    bandwidth = default("checkpoint_bandwidth").value
    state = default("checkpoint_bytes_per_parameter").value * parameters
    columns = {
        "failure_rate": default("failure_rate").value,
        "num_gpus": num_gpus,
        "restart_time": default("restart_time").value,
        "checkpoint_time": state / (bandwidth * num_gpus),
        "checkpoint_interval": math.nan,
        "maintenance_share": default("maintenance_share").value,
    }
    return float(engine.goodput(columns)["goodput"])


def steady_share(name):
    _, net, num_gpus, parameters, _ = RUNS[name]
    return net / modelled_goodput(num_gpus, parameters)


@pytest.mark.parametrize("name", RUNS)
def test_what_a_run_kept_is_as_the_note_prints_it(name):
    """To the two printed digits."""
    assert steady_share(name) == pytest.approx(RUNS[name][-1], abs=5.1e-3)


def test_the_default_is_the_median_of_late_runs_and_its_range_the_ends_of_all():
    one = default("steady_share")
    late = [steady_share(name) for name in RUNS if RUNS[name][0] >= 2023]
    every = [steady_share(name) for name in RUNS]

    assert one.value == pytest.approx(median(late), abs=5.1e-3)
    assert (one.low, one.high) == pytest.approx((min(every), max(every)), abs=5.1e-3)


def test_the_goodput_of_a_run_of_unknown_size_is_that_of_whole_runs_by_the_same_rule():
    one = default("goodput")
    late = [net for year, net, *_ in RUNS.values() if year >= 2023]
    every = [net for _, net, *_ in RUNS.values()]

    assert one.value == pytest.approx(median(late), abs=5.1e-3)
    assert (one.low, one.high) == pytest.approx((min(every), max(every)), abs=5.1e-3)


def test_the_hours_of_deepseek_v3_tell_no_loss():
    """14.8T tokens at the published 272.8B a day on 2,048 GPUs are the published 2.664M hours."""
    reckoned = 14.8e12 / 272.8e9 * 24 * 2_048

    assert reckoned == pytest.approx(2.664e6, rel=2e-3)


def test_goodput_agrees_with_the_experience_of_llama_3():
    """466 interruptions in 54 days on 16,384 GPUs, and more than 90% effective time."""
    assert 0.90 < modelled_goodput(16_384, 405e9) < 0.95
    assert modelled_goodput(1_024, 405e9) > 0.96
    assert 0.6 < modelled_goodput(100_000, 405e9) < 0.8
