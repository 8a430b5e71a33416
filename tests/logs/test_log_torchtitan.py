"""Lines of torchtitan and torchtune, with made-up numbers in their own syntax."""

from io import BytesIO

import numpy as np
import pytest

from llmcost.logs.formats.torchtitan import TORCHTITAN
from llmcost.logs.formats.torchtune import TORCHTUNE
from llmcost.logs.reading import read_chunks
from tests.logs.spans import said

TITAN = b"[titan] 2026-03-04 05:06:07,123 - root - INFO - "
LINE = (
    b"step: 20  loss:  7.12500  grad_norm:  0.5000  memory:  0.57GiB(0.00%)  "
    b"tps: 5,050  tflops: 1,234.50  mfu: 41.50%"
)


def test_a_line_tells_the_rate_of_one_device():
    """Thousands have commas, TFLOP/s and percent are brought to FLOP/s and a share."""
    assert said(TORCHTITAN, TITAN + LINE) == pytest.approx(
        {
            "step": 20.0,
            "loss": 7.125,
            "tokens_per_gpu_second": 5050.0,
            "stated_flop_rate": 1234.5e12,
            "stated_mfu": 0.415,
        }
    )


def test_versions_before_2025_call_the_rate_wps():
    line = TITAN + b"step:  1  loss: 12.2500  memory: 36.10GiB(38.00%)  wps: 812  mfu: 9.25%"
    assert said(TORCHTITAN, line) == pytest.approx(
        {"step": 1.0, "loss": 12.25, "tokens_per_gpu_second": 812.0, "stated_mfu": 0.0925}
    )


def test_an_mfu_that_is_not_told_and_a_loss_that_is_no_number_are_left_out():
    line = LINE.replace(b"41.50%", b"N/A").replace(b" 7.12500", b"     nan")
    found = said(TORCHTITAN, TITAN + line)
    assert found is not None
    assert set(found) == {"step", "tokens_per_gpu_second", "stated_flop_rate"}


def test_a_validation_is_an_event_and_no_step():
    line = TITAN + b"validate step: 20  loss:  7.1250  memory:  0.57GiB(0.00%)  tps: 9,050"
    parsed = TORCHTITAN.parse(line)
    assert parsed is not None
    assert (parsed.event, parsed.numbers) == ("evaluation", ())


@pytest.mark.parametrize(
    ("line", "event", "values"),
    [
        (
            b"Training starts at step 1, with local batch size 2, global batch size 16, sequence "
            b"length 4096, total steps 500 (warmup 20)",
            "launch",
            {"micro_batch_size": 2, "global_batch_size": 16, "seq_length": 4096}
            | {"planned_steps": 500},
        ),
        (
            b"Trainer is initialized with local batch size 2, global batch size 64, gradient "
            b"accumulation steps 4, sequence length 4096, total steps 500 (warmup 20)",
            "fact",
            {"micro_batch_size": 2, "global_batch_size": 64, "accumulation": 4}
            | {"seq_length": 4096, "planned_steps": 500},
        ),
        (
            b"Trainer is initialized with 8192 tokens per DP rank, 262144 tokens per train step, "
            b"gradient accumulation steps 4, maximum context length 4096, total steps 500 "
            b"(warmup 20)",
            "fact",
            {"tokens_per_step": 262144, "accumulation": 4, "seq_length": 4096}
            | {"planned_steps": 500},
        ),
        (b"Training starts at step 41.", "launch", {}),
        (
            b"Building device mesh with parallelism: pp=2, dp_replicate=3, dp_shard=8, cp=1, tp=4, "
            b"ep=1",
            "fact",
            {"pipeline_parallel": 2, "data_parallel_replicas": 3, "data_parallel_shards": 8}
            | {"context_parallel": 1, "tensor_parallel": 4, "expert_parallel": 1},
        ),
        (b"Peak FLOPS used for computing MFU: 9.890e+14", "fact", {"peak_flop_rate": 9.89e14}),
        (
            b"Model llama3 debugmodel size: 6,139,136 total parameters",
            "fact",
            {"parameters": 6139136},
        ),
        (b"Finished saving the checkpoint in 4.20 seconds.", "checkpoint", {}),
        (b"Training completed", "end", {}),
    ],
)
def test_the_lines_around_the_steps(line, event, values):
    """The header tells sizes, and launches, checkpoints and the end are told."""
    parsed = TORCHTITAN.parse(TITAN + line)
    assert parsed is not None
    assert parsed.event == event
    assert said(TORCHTITAN, TITAN + line) == values


def test_the_accelerator_is_told():
    parsed = TORCHTITAN.parse(TITAN + b"CUDA capacity: NVIDIA H100 with 95.00GiB memory")
    assert parsed is not None
    assert parsed.texts == (("accelerator", "NVIDIA H100"),)


def test_colours_and_every_rank():
    """Colours stand between the fields, and eight ranks tell of the same step."""
    red, end = b"\x1b[31m", b"\x1b[39m"
    coloured = LINE.replace(b"step:", red + b"step:").replace(b"tps:", end + b"tps:")
    log = b"".join(b"[rank%d]:" % rank + TITAN + coloured + b"\n" for rank in range(8))
    (chunk,) = [chunk for _, chunk in read_chunks([BytesIO(log)]) if len(chunk)]
    assert chunk.format == "torchtitan"
    np.testing.assert_array_equal(chunk.columns["rank"], np.arange(8))
    np.testing.assert_array_equal(chunk.columns["tokens_per_gpu_second"], np.full(8, 5050))


def test_torchtune_tells_the_rate_of_one_device():
    """In May 2024 the name of the rate grew ``_per_gpu``; what is read is the same."""
    line = b"Step 12 | loss:1.0625 lr:2e-05 tokens_per_second_per_gpu:1234.5 grad_norm:2.5 "
    found = {"step": 12.0, "loss": 1.0625, "tokens_per_gpu_second": 1234.5}
    assert said(TORCHTUNE, line) == found
    assert said(TORCHTUNE, line.replace(b"_per_gpu", b"")) == found


def test_torchtune_rates_of_reinforcement_learning_are_not_those_of_training():
    line = b"Step 3 | loss:0.5 tokens_per_second_per_gpu_trajectory:900.5 "
    assert said(TORCHTUNE, line) is None


@pytest.mark.parametrize(
    ("line", "event"),
    [
        (b"INFO:torchtune.utils._logging:Running LoRARecipe with resolved config:", "launch"),
        (b"INFO:torchtune.utils._logging:Model checkpoint of size 14.97 GiB saved", "checkpoint"),
        (b"INFO:torchtune.utils._logging:Validation loss: 1.2500", "evaluation"),
        (b"Step 100 | val_loss:1.25 ", "evaluation"),
    ],
)
def test_events_of_torchtune(line, event):
    parsed = TORCHTUNE.parse(line)
    assert parsed is not None
    assert parsed.event == event


def test_the_step_after_an_evaluation_of_torchtune_holds_it():
    """Its clock starts before the evaluation, and after a checkpoint."""
    assert TORCHTUNE.excludes == ("checkpoint",)


def test_torchtune_tells_the_precision():
    line = b"INFO:torchtune.utils._logging:Model is initialized with precision torch.bfloat16."
    parsed = TORCHTUNE.parse(line)
    assert parsed is not None
    assert parsed.texts == (("precision", "bfloat16"),)
