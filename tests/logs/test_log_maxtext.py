"""Lines of MaxText, with made-up numbers in their own syntax."""

import pytest

from llmcost.logs.formats.maxtext import MAXTEXT
from tests.logs.spans import said

STAMP = b"I0304 05:06:07.123456 138304841739136 metric_logger.py:226] "
LINE = (
    b"completed step: 9, seconds: 4.125, TFLOP/s/device: 201.500, Tokens/s/device: 7944.500, "
    b"total_weights: 131072, loss: 10.250, lm_loss: 10.125, perplexity: 28282.500"
)


def test_a_line_tells_the_time_of_a_step_and_the_rate_of_one_device():
    """The weights that count are no tokens of a step, and are not read."""
    assert said(MAXTEXT, STAMP + LINE) == {
        "step": 9.0,
        "step_time": 4.125,
        "stated_flop_rate": 201.5e12,
        "tokens_per_gpu_second": 7944.5,
        "loss": 10.25,
    }


def test_the_oldest_lines_tell_the_flop_rate_of_a_device_by_another_name():
    line = b"completed step: 9, seconds: 4.125, TFLOP/s: 201.500, loss: 10.250"
    assert said(MAXTEXT, line) == {
        "step": 9.0,
        "step_time": 4.125,
        "stated_flop_rate": 201.5e12,
        "loss": 10.25,
    }


def test_the_ramp_up_of_the_batch_has_no_rates():
    line = b"[Rampup Batch Size Phase], completed step: 4, seconds: 1.500, loss: 11.000"
    assert said(MAXTEXT, line) == {"step": 4.0, "step_time": 1.5, "loss": 11.0}


def test_a_step_at_which_a_profiler_starts_has_no_time():
    line = b"completed profiler activation/deactivation step: 6, total_weights: 131072, loss: 9.500"
    assert said(MAXTEXT, line) == {"step": 6.0, "loss": 9.5}


def test_early_times_may_be_impossible():
    assert MAXTEXT.asynchronous


@pytest.mark.parametrize(
    ("line", "event", "values"),
    [
        (b"System Information: Jax Version: 0.7.2", "launch", {}),
        (b"Elastic attempt 2 out of 10", "launch", {}),
        (b"Num_devices: 64, shape (1, 1, 64, 1, 1)", "fact", {"num_gpus": 64}),
        (b"number parameters: 7.250 billion", "fact", {"parameters": 7.25e9}),
        (b"Config param steps: 500", "fact", {"planned_steps": 500}),
        (b"Config param max_target_length: 2048", "fact", {"seq_length": 2048}),
        (b"Config param global_batch_size_to_train_on: 64", "fact", {"global_batch_size": 64}),
        (b"Config param per_device_batch_size: 12.0", "fact", {"micro_batch_size": 12}),
        (b"Completed eval after train step 99, loss=3.125", "evaluation", {}),
        (b"Started an asynchronous checkpoint save for step 100", "checkpoint", {}),
        (b"Saved a checkpoint at step 100.", "checkpoint", {}),
    ],
)
def test_the_lines_around_the_steps(line, event, values):
    """The configuration tells sizes, and launches, evaluations and checkpoints are told."""
    parsed = MAXTEXT.parse(STAMP + line)
    assert parsed is not None
    assert parsed.event == event
    assert said(MAXTEXT, STAMP + line) == values


@pytest.mark.parametrize(
    "line", [b"Config param steps: None", b"Completed eval step: 3, seconds: 0.5, running loss=2.5"]
)
def test_what_is_no_step_and_no_number_says_nothing(line):
    assert MAXTEXT.parse(line) is None
