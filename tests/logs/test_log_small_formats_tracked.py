"""Logs of the smaller trainers, made with a known throughput, which tracking gives back."""

from io import BytesIO

import pytest

from llmcost.studies.tracking.tracking import track

# Every run: 8 accelerators, 524,288 tokens a step, half a second a step, sequences of 2,048.
TOKENS, SECONDS, GPUS, LENGTH = 524_288, 0.5, 8, 2048
RATE = TOKENS / SECONDS
STEPS = 60


def lines(first, form, header=()):
    """Return a log of STEPS steps, numbered from `first`, with a header before them."""
    steps = [form(step) for step in range(first, first + STEPS)]
    return ("\n".join([*header, *steps]) + "\n").encode()


def human(value):
    """Return a number as picotron writes it."""
    for letter, size in (("M", 1e6), ("K", 1e3)):
        if value >= size:
            return f"{value / size:.2f}{letter}"
    return f"{value:.2f}"


LOGS = {
    "torchtitan": lines(
        1,
        lambda step: (
            f"[rank0]:[titan] 2026-03-04 05:06:{step - 1:02d},000 - root - INFO - step: {step:2}  "
            f"loss: {9 - step / 60:8.5f}  grad_norm:  0.5000  memory: 40.00GiB(50.00%)  "
            f"tps: {round(RATE / GPUS):,}  tflops: 400.00  mfu: 40.45%"
        ),
        [
            "[rank0]:[titan] 2026-03-04 05:05:00,000 - root - INFO - Trainer is initialized with "
            "local batch size 8, global batch size 256, gradient accumulation steps 4, sequence "
            "length 2048, total steps 500 (warmup 20)"
        ],
    ),
    "maxtext": lines(
        0,
        lambda step: (
            f"completed step: {step}, seconds: {SECONDS:.3f}, TFLOP/s/device: 400.000, "
            f"Tokens/s/device: {RATE / GPUS:.3f}, total_weights: 400000, loss: 9.000"
        ),
        ["Config param max_target_length: 2048", "Num_devices: 8, shape (1, 8)"],
    ),
    "nanogpt": lines(
        0,
        lambda step: f"iter {step}: loss 9.0000, time {1e3 * SECONDS:.2f}ms, mfu 40.00%",
        ["tokens per iteration will be: 524,288"],
    ),
    "nanochat": lines(
        0,
        lambda step: (
            f"step {step:05d}/00500 ({step / 5:.2f}%) | loss: 9.000000 | lrm: 1.00 | "
            f"dt: {1e3 * SECONDS:.2f}ms | tok/sec: {int(RATE):,} | bf16_mfu: 40.00 | epoch: 1"
        ),
        ["Total batch size 524,288 => gradient accumulation steps: 2"],
    ),
    "modded_nanogpt": lines(
        1,
        lambda step: (
            f"step:{step}/500 train_time:{1e3 * SECONDS * step:.0f}ms step_avg:500.00ms"
            + (f"\nstep:{step}/500 val_loss:3.5 train_time:{500 * step}ms" * (step % 20 == 0))
        ),
    ),
    "llm_c": lines(
        1,
        lambda step: (
            f"step {step:4d}/500 | loss 9.000000 (+0.10z)| norm 1.0000 (+0.10z)| lr 1.00e-04 | "
            f"{1e3 * SECONDS:.2f} ms | 40.0% bf16 MFU | {RATE:.0f} tok/s"
        ),
        ["| total batch size      | 524288     |", "| num_processes         | 8          |"],
    ),
    "picotron": lines(
        1,
        lambda step: (
            f"[rank 0] Step: {step:<5d} | Loss: 9.0000 | Global batch size: {human(TOKENS):>7s} | "
            f"Tokens/s: {human(RATE):>7s} | Tokens/s/GPU: {human(RATE / GPUS):>7s} | "
            f"Tokens: {human(step * TOKENS):>7s} | MFU: 40.00% | Memory usage:  40.00GB"
        ),
    ),
    "nanotron": lines(
        1,
        lambda step: (
            f"03/04/2026 05:06:07 [INFO|DP=0|PP=0|TP=0]: iteration: {step} / 500 | "
            "consumed_tokens: 1.05M | time_per_iteration_ms: 500 | tokens_per_sec: 1.05M | "
            "tokens_per_sec_per_gpu: 131K | global_batch_size: 524K | lm_loss: 9 | lr: 1e-05 | "
            "model_tflops_per_gpu: 400 | grad_norm: 1"
        ),
    ),
    "fairseq": lines(
        1,
        lambda step: (
            f'{{"epoch": 1, "loss": "9", "wps": "{RATE:g}", "ups": "2", "wpb": "{TOKENS}", '
            f'"bsz": "256", "num_updates": "{step}", "wall": "{SECONDS * step:.0f}"}}'
        ),
    ),
}
# What a log does not say, and what its numbers are rounded to.
UNSAID = {"modded_nanogpt": {"tokens_per_step": TOKENS}}
ROUNDED = {"picotron": 0.01, "nanotron": 0.01}


@pytest.mark.parametrize("name", LOGS)
def test_tracking_gives_back_the_throughput_of_a_log(name):
    """The step's time and the tokens of a second; every step of the log is counted."""
    answer = track(BytesIO(LOGS[name]), num_gpus=GPUS, seq_length=LENGTH, **UNSAID.get(name, {}))
    close = ROUNDED.get(name, 1e-4)
    assert answer.results["steps"].value == STEPS
    assert answer.results["median_step_time"].value == pytest.approx(SECONDS, rel=close)
    assert answer.results["tokens_per_second"].value == pytest.approx(RATE, rel=close)
    assert answer.results["tokens_per_gpu_second"].value == pytest.approx(RATE / GPUS, rel=close)
    assert answer.results["tokens_done"].value == pytest.approx(STEPS * TOKENS, rel=close)


def test_tracking_gives_back_the_rate_of_torchtune():
    """Its text tells a rate of one device alone: steps and their times have to be told."""
    log = lines(1, lambda step: f"Step {step} | loss:9.0 lr:2e-05 tokens_per_second_per_gpu:512.0 ")
    answer = track(BytesIO(log), num_gpus=GPUS, tokens_per_step=16384)
    assert answer.results["tokens_per_gpu_second"].value == pytest.approx(512)
    assert answer.results["median_step_time"].value == pytest.approx(16384 / (512 * GPUS))
