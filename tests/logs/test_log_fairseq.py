"""Lines of fairseq and metaseq, with made-up numbers in their own syntax."""

import pytest

from llmcost.logs.formats.fairseq import FAIRSEQ
from tests.logs.spans import said

STAMP = b"2022-03-04 05:06:07 | INFO | train_inner | "
JSON = (
    b'{"epoch": 1, "update": 0.126, "loss": "5.125", "ppl": "34.9", "wps": "108250", '
    b'"ups": "0.05", "wpb": "2.09715e+06", "bsz": "1024", "num_updates": "500", "lr": "0.0001", '
    b'"gnorm": "0.25", "clip": "0", "loss_scale": "64", "train_wall": "1937", "wall": "10400"}'
)
FOUND = {"loss": 5.125, "tokens_per_second": 108250, "tokens_per_step": 2097150} | {
    "global_batch_size": 1024,
    "step": 500,
    "run_clock": 10400,
}


def test_numbers_are_texts():
    """The updates per second, of two decimals, and the whole seconds of training are not read."""
    assert said(FAIRSEQ, STAMP + JSON) == pytest.approx(FOUND)
    assert said(FAIRSEQ, JSON) == pytest.approx(FOUND)


def test_a_loss_that_is_no_number_is_left_out():
    found = said(FAIRSEQ, JSON.replace(b'"5.125"', b'"nan"'))
    assert found is not None
    assert "loss" not in found


def test_plain_lines_tell_the_same():
    line = STAMP + (
        b"epoch 001:    500 / 3968 loss=5.125, nll_loss=4.5, ppl=34.9, wps=108250, ups=0.05, "
        b"wpb=2.09715e+06, bsz=1024, num_updates=500, lr=0.0001, gnorm=0.25, train_wall=1937, "
        b"gb_free=10.5, wall=10400"
    )
    assert said(FAIRSEQ, line) == pytest.approx(FOUND)


def test_means_of_an_epoch_are_no_records():
    line = (
        b'2022-03-04 05:06:07 | INFO | train | {"epoch": 21, "train_loss": "8.25", '
        b'"train_wps": "2990.8", "train_wpb": "9392.2", "train_bsz": "87.2", '
        b'"train_num_updates": "643", "train_train_wall": "97", "train_wall": "2448"}'
    )
    assert FAIRSEQ.parse(line) is None


@pytest.mark.parametrize(
    ("line", "event", "values"),
    [
        (
            b"num. model params: 125,000,000 (num. trained: 125,000,000)",
            "launch",
            {"parameters": 125e6},
        ),
        (b"training on 128 devices (GPUs/TPUs)", "fact", {"num_gpus": 128}),
        (b"training on 8 GPUs", "fact", {"num_gpus": 8}),
        (b'begin validation on "valid" subset', "evaluation", {}),
        (b"Saved checkpoint out/checkpoint_1_500.pt (epoch 1 @ 500 updates)", "checkpoint", {}),
        (b"Finished saving checkpoint to out/checkpoint_1_500.pt", "checkpoint", {}),
        (b"done training in 1234.5 seconds", "end", {}),
    ],
)
def test_the_lines_around_the_records(line, event, values):
    stamped = b"2022-03-04 05:06:07 | INFO | fairseq_cli.train | " + line
    parsed = FAIRSEQ.parse(stamped)
    assert parsed is not None
    assert parsed.event == event
    assert said(FAIRSEQ, stamped) == pytest.approx(values)
