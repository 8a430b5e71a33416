"""Lines of LitGPT, with made-up numbers in their own syntax."""

from io import BytesIO

import numpy as np
import pytest

from llmcost.logs.formats.litgpt import LITGPT
from llmcost.logs.reading import read_chunks
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
    assert said(LITGPT, line) == pytest.approx(STEP | {"last_micro_step_time": seconds})


def test_a_micro_step_that_ends_no_step_adds_to_the_step_before():
    """Of eight lines that tell of two steps two are records."""
    lines = []
    for micro in range(237, 245):
        ends = micro % 4 == 0
        time = b"70.75ms (optimizer.step)" if ends else b"50.25ms"
        lines.append(b"iter %d step %d: loss 7.6250, iter time: %s" % (micro, micro // 4, time))
    log = BytesIO(b"\n".join(lines) + b"\n")
    chunks = [chunk for _, chunk in read_chunks([log]) if len(chunk)]
    rows = {
        name: np.concatenate([chunk.columns[name] for chunk in chunks])
        for name in ("step", "micro_steps_total", "last_micro_step_time", "micro_step_time")
    }
    np.testing.assert_array_equal(rows["step"], [60, 61])
    np.testing.assert_array_equal(rows["micro_steps_total"], [240, 244])
    np.testing.assert_allclose(rows["last_micro_step_time"], [0.07075, 0.07075])
    np.testing.assert_allclose(rows["micro_step_time"], [0.05025, np.nan])


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
