"""Lines of nanoGPT, nanochat, modded-nanogpt and llm.c, with made-up numbers in their syntax."""

from io import BytesIO

import numpy as np
import pytest

from llmcost.logs.formats.llm_c import LLM_C
from llmcost.logs.formats.modded_nanogpt import MODDED_NANOGPT
from llmcost.logs.formats.nanochat import NANOCHAT
from llmcost.logs.formats.nanogpt import NANOGPT
from llmcost.logs.reading import read_chunks
from tests.logs.spans import said


def event_of(log_format, line):
    """Return the event of a line and its texts."""
    parsed = log_format.parse(line)
    assert parsed is not None
    return parsed.event, dict(parsed.texts)


def test_nanogpt_tells_the_time_of_one_iteration():
    line = b"iter 50: loss 7.6250, time 462.50ms, mfu 12.50%"
    assert said(NANOGPT, line) == pytest.approx(
        {"step": 50, "loss": 7.625, "step_time": 0.4625, "stated_mfu": 0.125}
    )
    assert said(NANOGPT, b"iter 51: loss 7.5000, time 462.50ms") == pytest.approx(
        {"step": 51, "loss": 7.5, "step_time": 0.4625}
    )


def test_nanogpt_has_no_mfu_in_its_first_iterations():
    """It prints -100 % until it has one."""
    line = b"iter 0: loss 10.9375, time 9362.50ms, mfu -100.00%"
    assert said(NANOGPT, line) == pytest.approx({"step": 0, "loss": 10.9375, "step_time": 9.3625})


def test_a_loss_of_nanogpt_that_is_no_number_leaves_the_step():
    line = b"iter 3010: loss nan, time 1020.00ms, mfu 14.00%"
    assert said(NANOGPT, line) == pytest.approx(
        {"step": 3010, "step_time": 1.02, "stated_mfu": 0.14}
    )


@pytest.mark.parametrize(
    ("line", "event", "values"),
    [
        (b"tokens per iteration will be: 491,520", "launch", {"tokens_per_step": 491520}),
        (b"number of parameters: 123.50M", "fact", {"parameters": 123.5e6}),
        (b"step 250: train loss 1.5000, val loss 1.7500", "evaluation", {}),
        (b"saving checkpoint to out", "checkpoint", {}),
    ],
)
def test_the_lines_around_nanogpts_iterations(line, event, values):
    assert event_of(NANOGPT, line)[0] == event
    assert said(NANOGPT, line) == pytest.approx(values)


def test_an_evaluation_of_nanogpt_is_no_step_of_llm_c():
    """Both begin with ``step N: train loss``."""
    line = b"step 250: train loss 1.5000, val loss 1.7500"
    assert LLM_C.parse(line) is None
    iterations = b"iter 250: loss 1.5000, time 35462.50ms, mfu 1.00%\n" * 20
    (chunk,) = [c for _, c in read_chunks([BytesIO(line + b"\n" + iterations)]) if len(c)]
    assert chunk.format == "nanogpt"
    assert [event.kind for event in chunk.events] == ["evaluation"]


@pytest.mark.parametrize(
    "line",
    [
        b"iter 12: loss 2.2500, time: 125.50ms",
        b"Finished saving checkpoint to out/checkpoint_1_500.pt",
        b"Total number of parameters: 1.50G (2861.02MiB)",
    ],
)
def test_words_of_nanogpt_in_lines_of_others_say_nothing(line):
    """Those who took its loop over for micro-steps write ``time:`` with a colon."""
    assert NANOGPT.parse(line) is None


NANOCHAT_LINE = (
    b"step 00120/21400 (0.56%) | loss: 3.250000 | lrm: 1.00 | dt: 512.50ms | tok/sec: 1,023,000 | "
    b"bf16_mfu: 47.25 | epoch: 1 pq: 2 rg: 3 | total time: 1.02m | eta: 181.5m"
)


def test_nanochat_tells_the_rate_of_all_devices():
    """The MFU is in percent without a sign."""
    found = {"step": 120, "planned_steps": 21400, "loss": 3.25, "step_time": 0.5125}
    found |= {"tokens_per_second": 1_023_000, "stated_mfu": 0.4725}
    assert said(NANOCHAT, NANOCHAT_LINE) == pytest.approx(found)
    assert said(NANOCHAT, NANOCHAT_LINE.replace(b"bf16_mfu", b"mfu")) == pytest.approx(found)


def test_nanochat_tells_no_planned_steps_when_it_tunes():
    line = NANOCHAT_LINE.replace(b"/21400", b"").replace(b"bf16_mfu: 47.25", b"mfu: 10.5%")
    assert said(NANOCHAT, line) == pytest.approx(
        {"step": 120, "loss": 3.25, "step_time": 0.5125, "tokens_per_second": 1_023_000}
        | {"stated_mfu": 0.105}
    )


@pytest.mark.parametrize(
    ("line", "event", "values"),
    [
        (b"INFO - Distributed world size: 8", "launch", {"num_gpus": 8}),
        (
            b"Total batch size 524,288 => gradient accumulation steps: 2",
            "fact",
            {"tokens_per_step": 524288, "accumulation": 2},
        ),
        (
            b"Tokens / micro-batch / rank: 16 x 2048 = 32,768",
            "fact",
            {"micro_batch_size": 16, "seq_length": 2048},
        ),
        (b"Number of parameters: 560,988,160", "fact", {"parameters": 560988160}),
        (b"total                   : 1,384,122,122", "fact", {"parameters": 1384122122}),
        (b"Step 00250 | Validation bpb: 1.125000", "evaluation", {}),
        (b"Step 02000 | CORE metric: 0.1250", "evaluation", {}),
        (b"Saved model parameters to: /out/model_021400.pt", "checkpoint", {}),
        (b"Total training time: 171.25m", "end", {}),
    ],
)
def test_the_lines_around_nanochats_steps(line, event, values):
    assert event_of(NANOCHAT, line)[0] == event
    assert said(NANOCHAT, line) == values


def test_nanochat_tells_its_accelerator_and_the_peak_it_divides_by():
    line = b"GPU: NVIDIA H100 80GB HBM3 | Peak FLOPS (BF16): 9.89e+14"
    assert event_of(NANOCHAT, line) == ("fact", {"accelerator": "NVIDIA H100 80GB HBM3"})
    assert said(NANOCHAT, line) == {"peak_flop_rate": 9.89e14}


@pytest.mark.parametrize(
    ("line", "precision"),
    [
        (b"COMPUTE_DTYPE: torch.bfloat16 (auto-detected: CUDA SM 90)", "bfloat16"),
        (b"\xe2\x9c\x93 FP8 training enabled (tensorwise scaling) - converted 5/6 layers", "FP8"),
    ],
)
def test_nanochat_tells_its_precision(line, precision):
    assert event_of(NANOCHAT, line) == ("fact", {"precision": precision})


@pytest.mark.parametrize(
    ("line", "seconds"),
    [
        (b"step:1000/3040 val_loss:3.62500 train_time:377.481s step_avg:377.48ms", 377.481),
        (b"step:1000/3040 train_time:377481ms step_avg:377.48ms", 377.481),
        (b"step:1000/3040 train_time:80ms step_avg:0.08ms", 0.08),
    ],
)
def test_modded_nanogpt_tells_a_clock_of_training_in_either_unit(line, seconds):
    """The mean since the start, which holds the compilation, is not read."""
    assert said(MODDED_NANOGPT, line) == pytest.approx(
        {"step": 1000, "planned_steps": 3040, "train_clock": seconds}
    )


def test_an_evaluation_beside_lines_of_every_step_is_an_event():
    """It would tell the step before it a second time."""
    line = b"step:1000/3040 val_loss:3.6250 train_time:377481ms step_avg:377.48ms"
    parsed = MODDED_NANOGPT.parse(line)
    assert parsed is not None
    assert (parsed.event, parsed.numbers) == ("evaluation", ())


def test_modded_nanogpt_tells_the_loss_in_its_first_versions():
    line = b"step:9/3040 train_loss:6.2500 train_time:9250ms step_avg:nanms"
    assert said(MODDED_NANOGPT, line) == pytest.approx(
        {"step": 9, "planned_steps": 3040, "loss": 6.25, "train_clock": 9.25}
    )


def test_the_source_code_in_a_log_of_modded_nanogpt_says_nothing():
    """Its logs begin with the text of the program, which holds the words of its lines."""
    line = b'        print0(f"step:{step}/{train_steps} train_time:{training_time_ms:.0f}ms")'
    assert MODDED_NANOGPT.parse(line) is None
    assert MODDED_NANOGPT.parse(b'print0(f"Running PyTorch compiled for CUDA {cuda}")') is None


def test_modded_nanogpt_tells_its_accelerators():
    line = (
        b"Running PyTorch 2.11.0+cu128 compiled for CUDA 12.8 on NVIDIA H100 80GB HBM3 "
        b"with world_size 8"
    )
    assert event_of(MODDED_NANOGPT, line) == ("launch", {"accelerator": "NVIDIA H100 80GB HBM3"})
    assert said(MODDED_NANOGPT, line) == {"num_gpus": 8}


@pytest.mark.parametrize(
    ("line", "values"),
    [
        (
            b"step   10/19560 | loss 9.125000 (+0.12z)| norm 3.1250 (-0.10z)| lr 1.20e-05 | "
            b"512.50 ms | 47.5% bf16 MFU | 1023000 tok/s",
            {"step": 10, "planned_steps": 19560, "loss": 9.125, "step_time": 0.5125}
            | {"stated_mfu": 0.475, "tokens_per_second": 1023000},
        ),
        (
            b"step   10/19560 | train loss 9.125000 | norm 3.1250 | lr 1.20e-05 | 512.50 ms | "
            b"47.5% A100 fp16 MFU | 1023000 tok/s",
            {"step": 10, "planned_steps": 19560, "loss": 9.125, "step_time": 0.5125}
            | {"stated_mfu": 0.475, "tokens_per_second": 1023000},
        ),
        (
            b"step   10/19560 | loss 9.125000 (+nanz)| norm 3.1250 (+nanz)| lr 1.20e-05 | "
            b"512.50 ms | -100.0% bf16 MFU | 1023000 tok/s",
            {"step": 10, "planned_steps": 19560, "loss": 9.125, "step_time": 0.5125}
            | {"tokens_per_second": 1023000},
        ),
        (
            b"step   10/19560 | train loss 9.125000 | norm 3.1250 | lr 1.20e-05 | "
            b"(512.50 ms | 1023000 tok/s)",
            {"step": 10, "planned_steps": 19560, "loss": 9.125, "step_time": 0.5125}
            | {"tokens_per_second": 1023000},
        ),
        (
            b"step    1/74: train loss 4.250000 (acc 4.500000) (80.500000 ms, 50880 tok/s)",
            {"step": 1, "planned_steps": 74, "loss": 4.25, "step_time": 0.0805}
            | {"tokens_per_second": 50880},
        ),
        (
            b"step 0: train loss 5.250000 (took 1452.500000 ms)",
            {"step": 0, "loss": 5.25, "step_time": 1.4525},
        ),
        (
            b"iteration 3, loss: 4.2500, time: 12.500ms, tok/s: 327680.00, norm: 1.250",
            {"step": 3, "loss": 4.25, "step_time": 0.0125, "tokens_per_second": 327680},
        ),
        (
            b"s:12 trl:9.1250 lr:0.000011 norm:3.12",
            {"step": 12, "loss": 9.125},
        ),
    ],
)
def test_every_version_of_llm_c(line, values):
    """An MFU of an unknown device is negative, and left out."""
    assert said(LLM_C, line) == pytest.approx(values)


@pytest.mark.parametrize(
    ("line", "event", "values"),
    [
        (b"| train data pattern    | data/train_*.bin   |", "launch", {}),
        (b"| micro batch size B    | 64                 |", "fact", {"micro_batch_size": 64}),
        (b"| sequence length T     | 1024               |", "fact", {"seq_length": 1024}),
        (b"| total batch size      | 524288             |", "fact", {"tokens_per_step": 524288}),
        (b"| num_parameters        | 124475904          |", "fact", {"parameters": 124475904}),
        (b"| train_num_batches     | 18865              |", "fact", {"planned_steps": 18865}),
        (b"| num_processes         | 8                  |", "fact", {"num_gpus": 8}),
        (b"| peak TFlops           | 989.5              |", "fact", {"peak_flop_rate": 989.5e12}),
        (b"=> setting grad_accum_steps=2", "fact", {"accumulation": 2}),
        (
            b"batch_size B=16 * seq_len T=1024 * num_processes=8 and total_batch_size=524288",
            "fact",
            {"num_gpus": 8, "tokens_per_step": 524288},
        ),
        (b"val loss 3.250000", "evaluation", {}),
        (b"HellaSwag: 2870/10042 = 0.285800", "evaluation", {}),
        (b"Writing checkpoint at step 5000", "checkpoint", {}),
        (b"total average iteration time: 512.500000 ms", "end", {}),
    ],
)
def test_the_lines_around_the_steps_of_llm_c(line, event, values):
    assert event_of(LLM_C, line)[0] == event
    assert said(LLM_C, line) == pytest.approx(values)


def test_llm_c_tells_its_accelerator_and_precision():
    line = b"| device                | NVIDIA A100-SXM4-80GB     |"
    assert event_of(LLM_C, line)[1] == {"accelerator": "NVIDIA A100-SXM4-80GB"}
    assert event_of(LLM_C, b"| precision             | BF16     |")[1] == {"precision": "BF16"}


def test_the_clock_of_modded_nanogpt_over_many_lines():
    """Lines that differ in digits alone are read together, and give the same numbers."""
    log = b"".join(
        b"step:%d/9000 train_time:%dms step_avg:59.50ms\n" % (step, 60 * step)
        for step in range(1000, 9001)
    )
    chunks = [chunk for _, chunk in read_chunks([BytesIO(log)]) if len(chunk)]
    clock = np.concatenate([chunk.columns["train_clock"] for chunk in chunks])
    steps = np.concatenate([chunk.columns["step"] for chunk in chunks])
    np.testing.assert_array_equal(steps, np.arange(1000, 9001))
    np.testing.assert_allclose(clock, 0.06 * steps)
