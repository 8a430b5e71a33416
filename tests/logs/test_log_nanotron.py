"""Lines of nanotron and picotron, with made-up numbers in their own syntax."""

import pytest

from llmcost.logs.formats.nanotron import NANOTRON
from llmcost.logs.formats.picotron import PICOTRON
from tests.logs.spans import said

STAMP = b"03/04/2024 05:06:07 [INFO|DP=0|PP=1|TP=2|node-7]: "
OLD = (
    b"iteration: 120 / 500 | consumed_tokens: 1.23G | elapsed_time_per_iteration_ms: 4.56K | "
    b"tokens_per_sec: 78.9K | tokens_per_sec_per_gpu: 9.86K | global_batch_size: 88 | "
    b"lm_loss: 2.38 | lr: 1e-05 | model_tflops_per_gpu: 123 | hardware_tflops_per_gpu: 140 | "
    b"grad_norm: 1.25"
)
NEW = (
    b"iteration: 120 / 500 | consumed_tokens: 1.23B | time_per_iteration_ms: 456 | "
    b"tokens_per_sec: 1.15M | tokens_per_sec_per_gpu: 144K | global_batch_size: 524K | "
    b"lm_loss: 2.38 | lr: 1e-05 | model_tflops_per_gpu: 310 | grad_norm: 1.25 | eta: 0:02:53"
)


def test_letters_multiply_and_the_old_batch_counts_sequences():
    assert said(NANOTRON, STAMP + OLD) == pytest.approx(
        {"step": 120, "planned_steps": 500, "tokens_total": 1.23e9, "step_time": 4.56}
        | {"tokens_per_second": 78.9e3, "tokens_per_gpu_second": 9.86e3, "loss": 2.38}
        | {"stated_flop_rate": 123e12, "global_batch_size": 88}
    )


def test_the_batch_counts_tokens_since_the_time_lost_its_first_word():
    assert said(NANOTRON, STAMP + NEW) == pytest.approx(
        {"step": 120, "planned_steps": 500, "tokens_total": 1.23e9, "step_time": 0.456}
        | {"tokens_per_second": 1.15e6, "tokens_per_gpu_second": 144e3, "loss": 2.38}
        | {"stated_flop_rate": 310e12, "tokens_per_step": 524e3}
    )


def test_places_in_the_layout_are_no_ranks():
    found = said(NANOTRON, STAMP + OLD)
    assert found is not None
    assert "rank" not in found


@pytest.mark.parametrize(
    "start",
    [
        b"[Start training] datetime: 2024-03-04 05:06:07.123 | mbs: 2 | grad_accum: 4 | "
        b"global_batch_size: 64 | sequence_length: 2048 | train_steps: 500 | "
        b"start_iteration_step: 0 | consumed_train_samples: 0",
        b"mbs: 2 | grad_accum: 4 | cp: 1 | sequence_length: 2048 | global_batch_size: 64 | "
        b"train_steps: 500 | start_iteration_step: 0 | consumed_tokens_total: 0",
    ],
)
def test_the_start_of_a_training_tells_the_sizes_in_full(start):
    found = said(NANOTRON, STAMP + start)
    assert found is not None
    found.pop("context_parallel", None)
    assert found == {"micro_batch_size": 2, "accumulation": 4, "global_batch_size": 64} | {
        "seq_length": 2048,
        "planned_steps": 500,
    }
    parsed = NANOTRON.parse(STAMP + start)
    assert parsed is not None
    assert parsed.event == "launch"


def test_checkpoints_and_parameters_of_nanotron():
    parsed = NANOTRON.parse(STAMP + b"Saving checkpoint at /out/500")
    assert parsed is not None
    assert parsed.event == "checkpoint"
    line = STAMP + b"Total number of parameters: 1.34G (2566.12MiB)"
    assert said(NANOTRON, line) == {"parameters": 1.34e9}


PICO = (
    b"[rank 3] Step: 12    | Loss: 10.1250 | Global batch size:   1.05M | Tokens/s:  12.25K | "
    b"Tokens/s/GPU:   1.53K | Tokens:  12.58M/  1.00B | MFU: 38.25% | Memory usage:   9.50GB"
)
PICO_FOUND = {
    "step": 12,
    "rank": 3,
    "loss": 10.125,
    "tokens_per_step": 1.05e6,
    "tokens_total": 12.58e6,
} | {"tokens_per_second": 12.25e3, "tokens_per_gpu_second": 1.53e3}


def test_picotron_tells_a_batch_of_tokens_and_both_rates():
    assert said(PICOTRON, PICO) == pytest.approx(PICO_FOUND | {"stated_mfu": 0.3825})
    endless = PICO.replace(b"/  1.00B", b"")
    assert said(PICOTRON, endless) == pytest.approx(PICO_FOUND | {"stated_mfu": 0.3825})


def test_the_first_lines_of_picotron_have_commas_between():
    line = (
        b"[rank 3] Step: 12, Loss: 10.1250, Global batch size: 1.05M, Tokens/s: 12.25K, "
        b"Tokens/s/GPU: 1.53K, Tokens: 12.58M/1.00B, Memory usage: 9.50GB"
    )
    assert said(PICOTRON, line) == pytest.approx(PICO_FOUND)


def test_the_lines_before_the_steps_of_picotron():
    parsed = PICOTRON.parse(b"Tokens per step: 1.05M")
    assert parsed is not None
    assert parsed.event == "launch"
    assert said(PICOTRON, b"Tokens per step: 1.05M") == pytest.approx({"tokens_per_step": 1.05e6})
    assert said(PICOTRON, b"Number of parameters: 536.90M") == pytest.approx(
        {"parameters": 536.9e6}
    )
