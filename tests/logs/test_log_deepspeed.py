"""Lines of DeepSpeed's engine, and what is read of them. The numbers are made up."""

import pytest
from spans import said

from llmcost.logs.formats.deepspeed import DEEPSPEED
from llmcost.logs.record import CHECKPOINT, END, FACT, LAUNCH, STOPPED

STAMP = b"[2025-03-04 05:06:07,089] [INFO] "
STEP = (
    STAMP + b"[logging.py:96:log_dist] [Rank 0] step=20, skipped=17, lr=[5e-05], mom=[(0.9, 0.9)]"
)
TIMER = (
    STAMP + b"[timer.py:260:stop] epoch=0/micro_step=80/global_step=20, "
    b"RunningAvgSamplesPerSec=24.5, CurrSamplesPerSec=25.625, MemAllocated=4.3GB"
)


def test_the_step_and_what_was_skipped_of_all_steps():
    assert said(DEEPSPEED, STEP) == {"step": 20, "skipped_total": 17}
    assert DEEPSPEED.parse(STEP).opens


def test_the_old_text_of_the_step():
    line = STAMP + b"[engine.py:12:_report_progress] rank:0 step=10, skipped=0, lr=[0.1], mom=[]"

    assert said(DEEPSPEED, line) == {"step": 10, "skipped_total": 0}


def test_the_rate_of_the_step_not_the_running_average():
    assert said(DEEPSPEED, TIMER) == {"step": 20, "samples_per_second": 25.625}
    assert not DEEPSPEED.parse(TIMER).opens


@pytest.mark.parametrize(
    "text",
    [
        b"[timer.py:157:stop] 0/100, SamplesPerSec=12.5",
        b"[timer.py:198:stop] 0/20, RunningAvgSamplesPerSec=232.5, CurrSamplesPerSec=227.5",
    ],
)
def test_rates_of_micro_steps_and_averages_since_the_start_are_not_read(text):
    assert DEEPSPEED.parse(STAMP + text) is None


def test_an_infinite_rate_is_not_read():
    assert DEEPSPEED.parse(TIMER.replace(b"25.625", b"inf")) is None


def test_the_pipeline_engine():
    line = (
        b"steps: 200 loss: 5.5508 lm loss: 5.5103 moe loss: 0.0405 "
        b"iter time (s): 0.936 samples/sec: 136.706"
    )

    assert said(DEEPSPEED, line) == {
        "step": 200,
        "loss": 5.5508,
        "step_time": 0.936,
        "samples_per_second": 136.706,
    }


def test_the_pipeline_engine_with_a_planned_end():
    line = b"step:    30 /  5000 loss: 0.4321 iter time (s): 2.500 samples/sec: 12.8 eta: 3h26m"

    assert said(DEEPSPEED, line)["planned_steps"] == 5000
    assert said(DEEPSPEED, line)["step_time"] == 2.5


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        (b"  train_batch_size ............. 512", {"global_batch_size": 512}),
        (b"  train_micro_batch_size_per_gpu  8", {"micro_batch_size": 8}),
        (b"  gradient_accumulation_steps .. 4", {"accumulation": 4}),
        (b"  world_size ................... 16", {"data_parallel": 16}),
    ],
)
def test_the_dump_of_the_configuration(line, fact):
    line = STAMP + b"[config.py:1001:print] " + line

    assert said(DEEPSPEED, line) == fact
    assert DEEPSPEED.parse(line).event == FACT


@pytest.mark.parametrize(
    ("line", "precision"),
    [
        (b"  bfloat16_enabled ............. True", (("precision", "bf16"),)),
        (b"  fp16_enabled ................. True", (("precision", "fp16"),)),
    ],
)
def test_the_precision(line, precision):
    assert DEEPSPEED.parse(STAMP + b"[config.py:1001:print] " + line).texts == precision


@pytest.mark.parametrize(
    "line",
    [b"  fp16_enabled ................. False", b"  zero_enabled ................. True"],
)
def test_other_settings_say_nothing(line):
    assert DEEPSPEED.parse(STAMP + b"[config.py:1001:print] " + line) is None


@pytest.mark.parametrize(
    ("text", "event"),
    [
        (b"[launch.py:180:main] dist_world_size=64", LAUNCH),
        (
            b"[logging.py:96:log_dist] [Rank 0] Saving model checkpoint: out/step10/mp_rank_00.pt",
            CHECKPOINT,
        ),
        (b"[launch.py:367:main] Process 4242 exits successfully.", END),
        (b"[launch.py:335:sigkill_handler] Killing subprocess 4242", STOPPED),
    ],
)
def test_events(text, event):
    assert DEEPSPEED.parse(STAMP + text).event == event


def test_the_launcher_tells_how_many_processes_there_are():
    assert said(DEEPSPEED, STAMP + b"[launch.py:180:main] dist_world_size=64") == {"num_gpus": 64}


def test_the_version():
    line = (
        STAMP
        + b"[logging.py:96:log_dist] [Rank -1] DeepSpeed info: version=0.16.4, git-hash=unknown"
    )

    assert ("framework_version", "0.16.4") in DEEPSPEED.parse(line).texts
