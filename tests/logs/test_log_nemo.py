"""Lines of NeMo's progress printer and progress bar, with made-up numbers in their own syntax."""

from io import BytesIO

import numpy as np
import pytest

from llmcost.logs.formats.nemo import NEMO
from llmcost.logs.reading import read_chunks
from llmcost.logs.record import CHECKPOINT, END, EVALUATION, FACT, LAUNCH
from tests.logs.spans import said

PRINTED = (
    b"Training epoch 0, iteration 97/99 | lr: 1.469e-05 | global_batch_size: 128 | "
    b"global_step: 97 | reduced_train_loss: 6.265 | train_step_timing in s: 12.25 | "
    b"TFLOPS_per_GPU: 512.5 | tokens_per_sec_per_gpu: 1.075e+04 | consumed_samples: 1.254e+04 | "
    b"val_loss: 6.5"
)
BAR = (
    b"Epoch 0:   1%|          | 795/77225 [9:07:58<878:01:48, 41.25s/it, loss=3.1, v_num=, "
    b"reduced_train_loss=3.090, global_step=794.0, consumed_samples=1.63e+6]"
)


def test_the_printer_gives_the_global_step_and_no_mean_of_samples():
    assert said(NEMO, PRINTED) == pytest.approx(
        {
            "step": 97,
            "global_batch_size": 128,
            "loss": 6.265,
            "step_time": 12.25,
            "stated_flop_rate": 512.5e12,
            "tokens_per_gpu_second": 10750,
        }
    )


def test_the_printer_gives_the_iteration_where_it_has_no_global_step():
    line = b"Training epoch 0, iteration 3/99 | lr: 1e-05 | train_step_timing in s: 2.5"
    assert said(NEMO, line) == {"step": 3, "step_time": 2.5}


def test_what_a_scheduler_writes_before_a_line_does_not_matter():
    line = b"[2026-01-02T03:04:05+08:00] pretraining/0 " + PRINTED
    assert said(NEMO, line) == said(NEMO, PRINTED)


def test_a_bar_without_a_time_of_its_own_gives_its_mean():
    assert said(NEMO, BAR) == {"step": 795, "loss": 3.09, "step_time_average": 41.25}


def test_a_bar_with_a_time_of_its_own_gives_that():
    line = BAR.replace(b"consumed_samples=1.63e+6]", b"train_step_timing in s=3.130]")
    assert said(NEMO, line) == {"step": 795, "loss": 3.09, "step_time": 3.13}


def test_a_bar_without_a_mean_and_with_a_loss_that_is_no_number():
    line = (
        "Epoch 0: :   3%|▎         | 9000/301500 [1:42:42<55:37:46, v_num=0-56, "
        "reduced_train_loss=nan.0, global_step=9e+3, consumed_samples=6.3e+5, "
        "train_step_timing in s=0.615, val_loss=7.040]"
    ).encode()
    assert said(NEMO, line) == {"step": 9000, "step_time": 0.615}


def test_steps_that_are_faster_than_a_second_give_no_mean():
    assert "step_time_average" not in said(NEMO, BAR.replace(b"41.25s/it", b"2.43it/s"))


def test_bars_are_read_between_carriage_returns():
    bars = [BAR.replace(b"795/", b"%d/" % n) for n in range(101, 121)]
    chunks = [chunk for _, chunk in read_chunks([BytesIO(b"\r".join(bars) + b"\n")])]
    steps = np.concatenate([chunk.columns["step"] for chunk in chunks])
    assert list(steps) == list(range(101, 121))


@pytest.mark.parametrize(
    "line",
    [
        b"pattern = r'reduced_train_loss=([0-9.]+)'",
        b"Epoch 0: reduced_train_loss=3.0",
        b"Epoch 0: | [ reduced_train_loss=3.0]",
        b"Training epoch 0, iteration {n}/{total} | lr: 1e-5",
        b"Training epoch 0 done",
    ],
)
def test_a_line_that_only_looks_like_one_says_nothing(line):
    assert NEMO.parse(line) is None


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b"Validation: iteration 1/8", EVALUATION),
        (b"Validation DataLoader 0:   0%|          | 0/50 [00:00<?, ?it/s]", EVALUATION),
        (
            b"[NeMo I 2026-01-02 03:04:05 nemo_logging:393] Global Checkpoint Save : Rank: 0 : "
            b"Iteration: 50 : Start time: 1767322000.25s : Save duration: 4.5s",
            CHECKPOINT,
        ),
        (
            b"Epoch 0, global step 900: 'val_loss' reached 7.25 (best 7.25), saving model to '/c'",
            CHECKPOINT,
        ),
        (b"`Trainer.fit` stopped: `max_steps=100` reached.", END),
    ],
)
def test_events_are_told_from_each_other(line, event):
    parsed = NEMO.parse(line)
    assert (parsed.event, parsed.numbers) == (event, ())


def test_an_evaluation_under_way_is_the_same_evaluation():
    line = b"Validation DataLoader 0:  50%|#####     | 25/50 [00:10<00:10,  2.50it/s]"
    assert NEMO.parse(line) is None


def test_the_processes_of_a_launch_are_its_accelerators():
    line = b"All distributed processes registered. Starting with 16 processes"
    assert NEMO.parse(line).event == LAUNCH
    assert said(NEMO, line) == {"num_gpus": 16}


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        (b"  encoder_seq_length: 2048", {"seq_length": 2048}),
        (b"  tensor_model_parallel_size: 4", {"tensor_parallel": 4}),
        (b"    context_parallel_size: 2", {"context_parallel": 2}),
    ],
)
def test_arguments_that_have_one_meaning_are_facts(line, fact):
    assert NEMO.parse(line).event == FACT
    assert said(NEMO, line) == fact


@pytest.mark.parametrize(
    "line",
    [
        b"  seq_length: 131072",
        b"  virtual_pipeline_model_parallel_size: null",
        b"  global_batch_size: 4194304",
        b"  decoder_seq_length: 128",
    ],
)
def test_arguments_that_may_mean_something_else_say_nothing(line):
    assert NEMO.parse(line) is None
