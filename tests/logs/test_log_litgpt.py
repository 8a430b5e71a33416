"""Lines of LitGPT, with made-up numbers in their own syntax."""

import pytest

from llmcost.logs.formats.litgpt import LITGPT
from tests.logs.spans import said

STEP = {"step": 60, "micro_steps_total": 240, "loss": 7.625}


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        (
            b"Epoch 1 | iter 240 step 60 | loss train: 7.625, val: 7.650 | iter time: 70.75 ms "
            b"(step) remaining time: 0:00:00",
            0.07075,
        ),
        (
            b"Epoch 1 | iter 240 step 60 | loss train: 7.625, val: n/a | iter time: 70.75 ms "
            b"(step)",
            0.07075,
        ),
        (b"iter 240 step 60: loss 7.6250, iter time: 70.75ms (optimizer.step)", 0.07075),
        (b"iter 240 | step 60: loss 7.6250, iter time: 70.75 ms (optimizer.step)", 0.07075),
        (
            b"Epoch 0 | iter 240 step  60 | loss train: 7.625, val_loss valid: 7.650 | "
            b"iter time: 35.675 s (step)",
            35.675,
        ),
    ],
)
def test_every_version_tells_the_time_of_a_micro_step(line, seconds):
    """It is no time of a step, which is as many of them as `iter` rises while `step` rises by 1."""
    assert said(LITGPT, line) == pytest.approx(STEP | {"micro_step_time": seconds})


def test_a_micro_step_that_ends_no_step_is_no_record():
    """Four lines tell of one step; one of them is read."""
    lines = [
        b"iter 237 step 59: loss 7.6250, iter time: 50.25ms",
        b"iter 238 step 59: loss 7.6250, iter time: 50.25ms",
        b"iter 239 step 59: loss 7.6250, iter time: 50.25ms",
        b"iter 240 step 60: loss 7.6250, iter time: 70.75ms (optimizer.step)",
    ]
    assert [LITGPT.parse(line) is not None for line in lines] == [False, False, False, True]


@pytest.mark.parametrize(
    ("line", "event", "values"),
    [
        (b"iter 240: val loss 7.6500, val time: 3778.00 ms", "evaluation", {}),
        (b" 'train': TrainArgs(save_interval=800,", "launch", {}),
        (b"                    global_batch_size=8,", "fact", {"global_batch_size": 8}),
        (b"                    micro_batch_size=4,", "fact", {"micro_batch_size": 4}),
        (b"                    max_steps=500,", "fact", {"planned_steps": 500}),
        (b"Time to instantiate model: 0.05 seconds.", "launch", {}),
        (b"Total parameters: 1,100,048,384", "fact", {"parameters": 1100048384}),
        (b"Saving checkpoint to 'out/step-00000500/lit_model.pth'", "checkpoint", {}),
        (b"| - Training Time : 29.25 s", "end", {}),
    ],
)
def test_the_lines_around_the_steps(line, event, values):
    parsed = LITGPT.parse(line)
    assert parsed is not None
    assert parsed.event == event
    assert said(LITGPT, line) == values


def test_the_rate_in_the_report_at_the_end_is_not_read():
    """It divides all tokens by the time of day at which training began."""
    assert LITGPT.parse(b"| - Tok/sec       : 36.25 tok/s") is None


def test_the_precision_and_what_is_not_set():
    parsed = LITGPT.parse(b" 'precision': 'bf16-true',")
    assert parsed is not None
    assert parsed.texts == (("precision", "bf16-true"),)
    assert LITGPT.parse(b"                    max_steps=None,") is None
