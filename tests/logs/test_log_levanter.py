"""Lines of Levanter, and what is read of them. The numbers are made up."""

import json

import pytest
from spans import said

from llmcost.logs.formats.levanter import LEVANTER
from llmcost.logs.record import CHECKPOINT, END, EVALUATION, FACT, LAUNCH

LOGGER = b"2025-03-04T05:06:07 - 0 - levanter.json_logger - json_logger.py:61 - INFO :: "
PROGRESS = b"2025-03-04T05:06:07 - 0 - tqdm_loggable.tqdm_logging - tqdm_logging.py:145 - INFO :: "


def tracked(event, **content):
    """Return a line of the tracker."""
    return LOGGER + json.dumps({"tracker": "json_logger", "event": event, **content}).encode()


def test_the_line_with_the_loss_begins_the_record():
    line = tracked("log", step=7, metrics={"train/loss": 3.25, "global_step": 7})

    assert said(LEVANTER, line) == {"step": 7, "loss": 3.25}
    assert LEVANTER.parse(line).opens


def test_the_line_with_the_throughput_adds_to_it():
    metrics = {
        "throughput/total_tokens": 4194304,
        "throughput/total_gflops": 1.5e6,
        "throughput/examples_per_second": 512.0,
        "throughput/tokens_per_second": 1048576.0,
        "throughput/duration": 0.5,
        "throughput/gflops_per_second": 3e6,
        "throughput/mfu": 43.75,
    }
    line = tracked("log", step=7, metrics=metrics)

    assert said(LEVANTER, line) == {
        "step_time": 0.5,
        "tokens_total": 4194304,
        "tokens_per_second": 1048576,
        "samples_per_second": 512,
        "stated_mfu": 0.4375,
    }
    assert not LEVANTER.parse(line).opens


def test_a_loss_that_is_no_number_is_left_out():
    line = tracked("log", step=7, metrics={"train/loss": float("nan")})

    assert said(LEVANTER, line) == {"step": 7}


def test_the_evaluation():
    line = tracked("log", step=7, metrics={"eval/loss": 3.5, "eval/total_time": 12.5})

    assert LEVANTER.parse(line).event == EVALUATION
    assert said(LEVANTER, line) == {"evaluation_time": 12.5}


def test_the_device():
    kind = LEVANTER.parse(tracked("summary", metrics={"throughput/device_kind": "TPU v4"}))
    peak = tracked("summary", metrics={"throughput/theoretical_flops_per_device": 2.75e14})

    assert kind.event == FACT
    assert ("accelerator", "TPU v4") in kind.texts
    assert said(LEVANTER, peak) == {"peak_flop_rate": 2.75e14}


def test_the_configuration_begins_a_launch():
    config = {
        "trainer": {"train_batch_size": 256, "num_train_steps": 850},
        "model": {"seq_len": 2048},
    }
    line = tracked("hparams", hparams=config)

    assert LEVANTER.parse(line).event == LAUNCH
    assert said(LEVANTER, line) == {
        "planned_steps": 850,
        "global_batch_size": 256,
        "seq_length": 2048,
    }


def test_a_schedule_of_batch_sizes_is_no_batch_size():
    config = {"trainer": {"train_batch_size": [[0, 256]], "num_train_steps": 850}}

    assert said(LEVANTER, tracked("hparams", hparams=config)) == {"planned_steps": 850}


def test_the_end():
    assert LEVANTER.parse(tracked("finish", summary={"train/loss": 2.0})).event == END


def test_the_progress_line():
    line = PROGRESS + (
        b"Progress on:train 19.0it/70.0it rate:76.8s/it remaining:1:05:15 elapsed:31:40 "
        b"postfix:loss=2.125"
    )

    assert said(LEVANTER, line) == {
        "step": 19,
        "planned_steps": 70,
        "loss": 2.125,
        "run_clock": 1900,
    }


@pytest.mark.parametrize("done", [b"1.23kit/50.0kit", b"-/70", b"999kit/1.00Mit"])
def test_rounded_steps_are_not_read(done):
    """1.23k stands for ten steps one after another, which would look like steps done again."""
    line = (
        PROGRESS
        + b"Progress on:train "
        + done
        + b" rate:1.5it/s remaining:1:05 elapsed:31:40 postfix:-"
    )

    assert LEVANTER.parse(line) is None


def test_the_planned_steps_may_be_rounded():
    line = (
        PROGRESS
        + b"Progress on:train 850it/1.24kit rate:1.5it/s remaining:1:05 elapsed:31:40 postfix:-"
    )

    assert said(LEVANTER, line) == {"step": 850, "run_clock": 1900}


def test_progress_of_an_evaluation():
    line = (
        PROGRESS
        + b"Progress on:eval 19.0it/70.0it rate:2.1it/s remaining:00:15 elapsed:00:40 postfix:-"
    )

    assert LEVANTER.parse(line).event == EVALUATION


def test_a_checkpoint():
    logger = LOGGER.replace(b"json_logger", b"checkpoint")
    line = logger + b"Saving checkpoint at step 100 to gs://bucket"

    assert LEVANTER.parse(line).event == CHECKPOINT
    assert LEVANTER.parse(line.replace(b"levanter.", b"other.")) is None
