"""Lines of Composer, and what is read of them. The numbers are made up."""

import pytest
from spans import said

from llmcost.logs.formats.composer import COMPOSER
from llmcost.logs.record import END, EVALUATION, FACT, LAUNCH


def test_the_header_of_a_record():
    parsed = COMPOSER.parse(b"[batch=10/60]:")

    assert said(COMPOSER, b"[batch=10/60]:") == {"step": 10, "planned_steps": 60}
    assert parsed.opens
    assert not parsed.event


@pytest.mark.parametrize("line", [b"[epoch=2][batch=3/100]:", b"[token=4096/100000]:"])
def test_a_header_that_counts_something_else_gives_no_step(line):
    """The batch of an epoch starts again with each: the step is in time/batch."""
    assert said(COMPOSER, line) == {}
    assert COMPOSER.parse(line).opens


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"\t Train time/batch: 103", {"step": 103}),
        (b"\t Train time/token: 421888", {"tokens_total": 421888}),
        (b"\t Train time/sample: 206", {"samples_total": 206}),
        (b"\t Train loss/train/total: 8.4213", {"loss": 8.4213}),
        (b"\t Train throughput/tokens_per_sec: 20082.8418", {"tokens_per_second": 20082.8418}),
        (
            b"\t Train throughput/device/tokens_per_sec: 1255.1776",
            {"tokens_per_gpu_second": 1255.1776},
        ),
        (
            b"\t Train throughput/device/flops_per_sec: 180500000000000.0000",
            {"stated_flop_rate": 180.5e12},
        ),
    ],
)
def test_values_add_to_the_record(line, value):
    assert said(COMPOSER, line) == value
    assert not COMPOSER.parse(line).opens


def test_times_are_hours():
    assert said(COMPOSER, b"         Train time/train: 0.5250") == pytest.approx(
        {"train_clock": 1890}
    )
    assert said(COMPOSER, b"\t Train time/total: 0.5000") == {"run_clock": 1800}


def test_the_mfu_is_a_share():
    assert said(COMPOSER, b"\t Train throughput/device/mfu: 0.4125") == {"stated_mfu": 0.4125}


@pytest.mark.parametrize(
    "line",
    [
        b"\t Train time/batch_in_epoch: 3",
        b"\t Train throughput/batches_per_sec: 0.0027",
        b"\t Train memory/allocated_mem: 6.8051",
        b"\t Train lr-DecoupledAdamW/group0: 0.0001",
        b"\t Train loss/train/total: nan",
        b"\t Eval metrics/eval/LanguageCrossEntropy: 3.4000",
    ],
)
def test_other_values_are_not_read(line):
    assert COMPOSER.parse(line) is None


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b"[Eval batch=1/2] Eval on eval data", EVALUATION),
        (b"[Eval batch=2/2] Eval on eval data:", EVALUATION),
        (
            b"2025-03-04 05:06:07,089: rank0[73][MainThread]: INFO: __main__: Starting training...",
            LAUNCH,
        ),
        (
            b"2025-03-04 06:06:07,089: rank0[73]: INFO: llmfoundry.command_utils.train: Done.",
            END,
        ),
    ],
)
def test_events(line, event):
    assert COMPOSER.parse(line).event == event


@pytest.mark.parametrize(
    ("word", "precision"), [(b"AMP_BF16", "bf16"), (b"AMP_FP16", "fp16"), (b"FP32", "fp32")]
)
def test_the_precision(word, precision):
    parsed = COMPOSER.parse(b"INFO: composer.trainer.trainer: Using precision Precision." + word)

    assert parsed.event == FACT
    assert ("precision", precision) in parsed.texts
