"""Device time of whole runs: the rules that fill in what a run does not state, worked by hand."""

from dataclasses import replace

import pytest

from llmcost.catalog.calibration import calibration
from llmcost.errors import InputError
from llmcost.studies.goodputs import usual_useful_share
from llmcost.studies.validation.predicting_runs import _fastest, _machine, _usual_gpus, predict_runs
from llmcost.studies.validation.run_points import run_point_of

RUN = {
    "id": "one",
    "model": "Llama 3.1 8B",
    "tokens": "15T",
    "gpu": "H100-SXM5-80GB",
    "n_gpus": "1024",
    "gpu_hours": "1,460,000",
    "date": "2024-07",
    "task": "pretrain",
}


def run(**cells: str):
    """Return the point of the run with some cells changed."""
    return run_point_of(RUN | cells)


def predicted(**cells: str):
    """Return the prediction of the run with some cells changed."""
    return predict_runs([run(**cells)])[0]


def test_the_usual_number_of_devices_takes_about_forty_days() -> None:
    """7.2e23 FLOP at 0.4 of 989.4 TFLOP/s take 41 days on 512 devices."""
    days = 7.2e23 / (0.4 * 989.4e12 * 512 * 86400)
    assert days == pytest.approx(41.1, abs=0.1)
    assert _usual_gpus(7.2e23, 989.4e12) == 512
    assert _usual_gpus(1e15, 989.4e12) == 8
    assert _usual_gpus(1e30, 989.4e12) == 16384


def test_device_time_is_tokens_over_the_rate_with_goodput_and_what_runs_cost_beyond() -> None:
    """15e12 tokens at the rate of a device, 3,600 s an hour, over goodput, times both factors."""
    point, values = run(), calibration().values
    rate, layout = _fastest(point, _machine(point), 8192, 1024, values)
    found = predicted()
    hours = 15e12 / rate / 3600 / usual_useful_share(8_030_261_248, 1024)
    hours *= values["searched_layout"] * values["whole_run_length"]
    assert found.gpu_hours == pytest.approx(hours)
    assert found.layout == layout
    ends = calibration().intervals["whole run"]
    assert found.low == pytest.approx(hours * ends["low"])
    assert found.high == pytest.approx(hours * ends["high"])


def test_twice_the_tokens_take_twice_the_device_time() -> None:
    """On as many devices."""
    assert predicted(tokens="30T").gpu_hours == pytest.approx(2 * predicted().gpu_hours)


def test_a_number_of_devices_on_which_a_model_does_not_fit_is_not_assumed() -> None:
    """70B parameters and few tokens: 8 devices would do for 40 days, and do not hold the model."""
    few = {"model": "Llama 3.1 70B", "tokens": "1e9", "gpu_hours": "5000"}
    found = predicted(**few, n_gpus="")
    assert found.gpu_hours is not None
    assert found.gpu_hours > 0


def test_a_stated_number_of_devices_that_only_full_sharding_fits_is_run_so() -> None:
    """32B, 64 layers, on 67 devices: no degree divides a prime, and weights alone are 65 GB."""
    found = predicted(model="Qwen2.5-32B", tokens="1e9", n_gpus="67", gpu_hours="5000")
    assert "zero=3" in found.layout


def test_a_run_that_fits_nowhere_says_so() -> None:
    """405B on one device."""
    found = predicted(model="Llama 3.1 405B", n_gpus="1", gpu_hours="30000000")
    assert found.gpu_hours is None
    assert found.reason == "no layout fits 1 of h100-sxm"


def test_software_and_arithmetic_follow_from_the_accelerator() -> None:
    """TPUs run XLA; a V100 has no bf16; a date is that of the middle of its year."""
    assert _machine(run(gpu="TPU v4")).software.family == "xla"
    assert _machine(run(gpu="V100-SXM2-32GB")).precision == "fp16"
    assert _machine(run()).software.year == 2024.5
    assert _machine(run(date="")).software.year is None
    with pytest.raises(InputError, match="no peak"):
        _machine(replace(run(gpu="A100"), precision="fp8"))


def test_a_run_that_is_not_scored_keeps_its_reason() -> None:
    """Nothing is predicted without tokens."""
    found = predicted(tokens="")
    assert (found.gpu_hours, found.reason[:7]) == (None, "tokens:")
