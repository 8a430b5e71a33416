"""Lines of Megatron-LM and its kin, with made-up numbers in their own syntax."""

from io import BytesIO

import numpy as np
import pytest

from llmcost.logs.formats.megatron import MEGATRON
from llmcost.logs.reading import read_chunks
from tests.logs.spans import said

V1 = (
    b" iteration      100/  300000 | elapsed time per iteration (ms): 612.5 | "
    b"learning rate: 1.500E-04 | lm loss: 7.250000E+00 | loss scale: 1024.0 |"
)
MODERN = (
    b" [2026-03-04 05:06:07.123456] iteration       20/    5000 | consumed samples:         5120 | "
    b"elapsed time per iteration (ms): 2500.5 | throughput per GPU (TFLOP/s/GPU): 401.5 | "
    b"energy per GPU (J/iter/GPU): 1500.5 | power per GPU (W/GPU): 600.1 | "
    b"learning rate: 1.000000E-05 | global batch size:   256 | lm loss: 8.500000E+00 | "
    b"load_balancing_loss: 1.010000E+00 | mtp_1 loss: 9.000000E+00 | loss scale: 1.0 | "
    b"grad norm: 2.250 | num zeros: 0.0 | params norm: 512.125 | "
    b"number of skipped iterations:   1 | number of nan iterations:   0 |"
)
DEEPSPEED = (
    b" iteration      199/  300000 | consumed samples:       152832 | "
    b"consumed tokens:    312999936 | elapsed time per iteration (ms): 14000.0 | "
    b"learning rate: 2.400E-04 | global batch size:   768 | lm loss: 5.900000E+00 | "
    b"loss scale: 8192.0 | curriculum seqlen:  4096 | actual seqlen:  2048 | "
    b"number of skipped iterations:   0 | number of nan iterations:   0 | "
    b"samples per second: 54.857 | tokens per gpu per second (tgs): 1170.286 | TFLOPs: 70.25 |"
)
BIGSCIENCE = (
    b" iteration    50001/  115311 | consumed samples:     80000000 | "
    b"consumed tokens: 163840000000 | elapsed time per iteration (s): 110.25 | "
    b"learning rate: 5.000E-05 | global batch size:  2048 | lm-loss: 2.125000E+00 | "
    b"grad norm: 0.150 | num zeros: 0.0 | number of skipped iterations:   0 | "
    b"number of nan iterations:   0 | samples per second: 18.576 | TFLOPs: 142.50 |"
)
PRIMUS = (
    b"[20260203 04:05:06][rank-7/8][INFO ] [--------trainer.py:2560] : iteration 44/ 50 | "
    b"consumed samples: 5632 | elapsed time per iteration (ms): 13100.0/13240.9 | "
    b"hip mem usage/free/total/usage_ratio: 153.81GB/102.17GB/255.98GB/60.09% | "
    b"throughput per GPU (TFLOP/s/GPU): 579.4/573.6 | "
    b"tokens per GPU (tokens/s/GPU): 10005.5/9903.7 | learning rate: 3.4E-07 | "
    b"global batch size: 128 | lm loss: 4.125000E-03 | loss scale: 1.0 | grad norm: 0.003 | "
    b"number of skipped iterations: 0 | number of nan iterations: 0 |"
)
PRIMUS_2026 = (
    b"iteration 45/ 50 | elapsed time per iteration (ms): 13100.0/13240.9 | "
    b"compute per GPU (TFLOP/s/GPU): 579.4 (avg 573.6)  | "
    b"tokens/s/GPU inst/harmonic mean: 10005.5/9903.7 | global batch size: 128 |"
)
TORCHTITAN = (
    b"iteration       10/      50 | consumed samples:         1280 | "
    b"elapsed time per iteration (ms): 19392.0 | "
    b"memory usage/free/total: 145.40GiB/142.58GiB/(50.49%) | "
    b"throughput per GPU (TFLOP/s/GPU): 347.9 | tokens per GPU (tokens/s/GPU): 6759.1 | "
    b"global batch size:   128 | loss: 1.250000E+00 | grad norm: 7.872 | mfu: 45.50% |"
)


def test_a_current_line_gives_its_time_its_rate_and_its_energy():
    assert said(MEGATRON, MODERN) == pytest.approx(
        {
            "step": 20,
            "planned_steps": 5000,
            "samples_total": 5120,
            "step_time": 2.5005,
            "stated_flop_rate": 401.5e12,
            "energy_per_step": 1500.5,
            "power": 600.1,
            "global_batch_size": 256,
            "loss": 8.5,
            "skipped_steps": 1,
        }
    )


def test_the_first_version_gives_its_step_and_its_time():
    assert said(MEGATRON, V1) == pytest.approx(
        {"step": 100, "planned_steps": 300000, "step_time": 0.6125, "loss": 7.25}
    )


def test_megatron_deepspeed_gives_tokens_and_the_length_trained_on():
    assert said(MEGATRON, DEEPSPEED) == pytest.approx(
        {
            "step": 199,
            "planned_steps": 300000,
            "samples_total": 152832,
            "tokens_total": 312999936,
            "step_time": 14.0,
            "global_batch_size": 768,
            "loss": 5.9,
            "seq_length": 2048,
            "skipped_steps": 0,
            "tokens_per_gpu_second": 1170.286,
            "stated_flop_rate": 70.25e12,
        }
    )


def test_a_curriculum_without_an_actual_length_gives_its_length():
    line = DEEPSPEED.replace(b" actual seqlen:  2048 |", b"")
    assert said(MEGATRON, line)["seq_length"] == 4096


def test_bigscience_gives_seconds():
    read = said(MEGATRON, BIGSCIENCE)
    assert read["step_time"] == pytest.approx(110.25)
    assert (read["loss"], read["tokens_total"]) == (2.125, 163840000000)


def test_samples_per_second_are_not_read_for_some_print_them_per_millisecond():
    assert "samples_per_second" not in said(MEGATRON, BIGSCIENCE.replace(b"18.576", b"0.019"))


@pytest.mark.parametrize("line", [PRIMUS, PRIMUS_2026])
def test_primus_gives_the_value_of_the_step_not_the_mean(line):
    read = said(MEGATRON, line)
    assert read["step_time"] == pytest.approx(13.1)
    assert read["stated_flop_rate"] == pytest.approx(579.4e12)
    assert read["tokens_per_gpu_second"] == 10005.5


def test_torchtitan_in_this_guise_gives_no_step_time_for_it_is_of_several_steps():
    read = said(MEGATRON, TORCHTITAN)
    assert "step_time" not in read
    assert (read["tokens_per_gpu_second"], read["loss"]) == (6759.1, 1.25)
    assert read["stated_mfu"] == pytest.approx(0.455)


@pytest.mark.parametrize("key", [b"tokens/sec/GPU", b"tokens-per-second-per-gpu"])
def test_rates_that_forks_add_are_read(key):
    line = b" iteration 7/ 9 | elapsed time per iteration (ms): 5.0 | " + key + b": 2114.61 |"
    assert said(MEGATRON, line)["tokens_per_gpu_second"] == 2114.61


def test_all_steps_skipped_is_a_record_without_a_loss():
    line = (
        b" iteration       10/    1000 | consumed samples:           40 | "
        b"elapsed time per iteration (ms): 5837.9 | global batch size:     4 | "
        b"loss scale: 8388608.0 | number of skipped iterations:  10 | "
        b"number of nan iterations:   0 |"
    )
    read = said(MEGATRON, line)
    assert "loss" not in read
    assert read["skipped_steps"] == 10


@pytest.mark.parametrize("value", [b"nan", b"inf", b"-inf", b"NaN", b"", b"1.5.2", b"3 4"])
def test_what_is_no_number_is_left_out(value):
    line = b" iteration 7/ 9 | elapsed time per iteration (ms): 5.0 | lm loss: " + value + b" |"
    assert said(MEGATRON, line) == {"step": 7, "planned_steps": 9, "step_time": 0.005}


def test_a_value_that_is_cut_off_is_left_out():
    cut = (
        b" iteration        7/       9 | consumed samples: 56 | elapsed time per iteration (ms): 12"
    )
    assert said(MEGATRON, cut) == {"step": 7, "planned_steps": 9, "samples_total": 56}


@pytest.mark.parametrize(
    "line",
    [
        b"log_string += ' elapsed time per iteration (ms): {:.1f} |'.format(elapsed)",
        b" iteration {:8d}/{:8d} | elapsed time per iteration (ms): 5.0 |",
        b"elapsed time per iteration (ms): 5.0 |",
    ],
)
def test_a_line_that_only_looks_like_one_says_nothing(line):
    assert MEGATRON.parse(line) is None


@pytest.mark.parametrize(
    ("line", "rate"),
    [
        (b"Step Time : 12.34s GPU utilization: 512.5MODEL_TFLOP/s/GPU", 512.5e12),
        (b"Step Time : 12.34s GPU utilization: 58.2TFLOP/s/GPU", 58.2e12),
        (b"Effective Tera Flops per GPU: 41.25 and total parameters 52.005 B", 41.25e12),
    ],
)
def test_a_rate_on_a_line_of_its_own_adds_to_a_record(line, rate):
    assert MEGATRON.parse(line).opens is False
    assert said(MEGATRON, line) == pytest.approx({"stated_flop_rate": rate})


def _columns(log):
    chunks = [chunk for _, chunk in read_chunks([BytesIO(log)])]
    names = {name for chunk in chunks for name in chunk.columns}
    return {
        name: np.concatenate([c.columns[name] for c in chunks if name in c.columns])
        for name in names
    }


def test_the_rate_of_the_zero_forks_is_that_of_the_record_above():
    step = b" iteration %8d/    1000 | elapsed time per iteration (ms): 2000.0 | lm loss: 5.0 |\n"
    rate = b"Effective Tera Flops per GPU: %d.5 and total parameters 5.005 B\n"
    log = b"".join(step % n + b"time (ms) | forward: 3.0\n" + rate % (40 + n) for n in (1, 2, 3))
    read = _columns(log)
    assert list(read["step"]) == [1, 2, 3]
    assert list(read["stated_flop_rate"]) == pytest.approx([41.5e12, 42.5e12, 43.5e12])


def test_a_log_with_colours_ranks_and_bars_reads_like_a_plain_one():
    lines = [MODERN.replace(b"     20/", b"%7d/" % n) for n in range(20, 60)]
    plain = _columns(b"\n".join(lines) + b"\n")
    dressed = b"\r\n".join(b"\x1b[32m[default7]:\x1b[0m" + line for line in lines) + b"\r\n"
    read = _columns(b"  10%|#         | 1/10\r" + dressed)
    assert list(read["step"]) == list(plain["step"]) == list(range(20, 60))
    for name in ("step_time", "time_stamp", "stated_flop_rate", "loss"):
        assert list(read[name]) == pytest.approx(list(plain[name]))


@pytest.mark.parametrize("bait", [b"|", b"a", b"1", b" ", b".", b": |", b"iteration 1/", b"1 | : "])
@pytest.mark.parametrize(
    "mark", [b"elapsed time per iteration", b" .......", b"GPU utilization: ", b"evaluate ......."]
)
def test_a_long_line_of_bait_comes_to_nothing(bait, mark):
    """A search that grew as the square of a line's length would not come back from these."""
    for size in ((1 << 14) - 100, 1 << 20):
        line = (b" iteration 1/ 2x| " + mark + bait * (size // len(bait)))[:size]
        assert MEGATRON.parse(line) is None
