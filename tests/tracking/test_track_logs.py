"""Whole logs, in the words of their frameworks, give back what they were made with."""

import io
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_logs import START, TODAY, values

from llmcost.errors import InputError, LogFormatError
from llmcost.studies.tracking.tracking import track


def clock(moment, digits=6):
    """Return a moment as frameworks write it."""
    text = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    return text[: len(text) - 6 + digits]


def log(*lines, name="train.log"):
    """Return lines as a file."""
    stream = io.BytesIO(("\n".join(lines) + "\n").encode())
    stream.name = name
    return stream


def megatron(times, every=1, first=1, batch=512, total=100_000, start=START):
    """Return the lines of Megatron-LM for steps of these times [s], a line every so many steps."""
    now, lines = start, []
    for place in range(0, len(times), every):
        some = times[place : place + every]
        now += float(np.sum(some))
        step = first + place + len(some) - 1
        lines.append(
            f" [{clock(now)}] iteration {step:8d}/{total:8d} | consumed samples: "
            f"{step * batch:12d} | elapsed time per iteration (ms): {1e3 * np.mean(some):.1f} | "
            f"learning rate: 1.000000E-04 | global batch size: {batch:5d} | lm loss: "
            f"{10 / (step + 1):.6E} | loss scale: 1.0 | grad norm: 0.500 | "
            "number of skipped iterations:   0 | number of nan iterations:   0 |"
        )
    return lines


HEADER = (
    "using world size: 64, data-parallel size: 8, context-parallel size: 1, "
    "tensor-model-parallel size: 8, pipeline-model-parallel size: 1",
    "------------------------ arguments ------------------------",
    "  seq_length ...................................... 4096",
    "-------------------- end of arguments ---------------------",
)


def titan(times, ranks=1, tokens=8192, every=10):
    """Return the lines of torchtitan for steps of these times [s], of several processes."""
    now, lines = START, []
    for place in range(0, len(times), every):
        some = times[place : place + every]
        now += float(np.sum(some))
        rate = tokens * len(some) / float(np.sum(some))
        text = (
            f"[titan] {clock(now, 3).replace('.', ',')} - root - INFO - step: {place + len(some):2}"
            f"  loss:  {9 / (place + 1):.5f}  grad_norm:  0.5418  memory: 20.57GiB(25.71%)  "
            f"tps: {round(rate):,}  tflops: 100.04  mfu: 31.91%"
        )
        lines += [f"[rank{rank}]:{text}" for rank in range(ranks)]
    return lines


@settings(max_examples=25)
@given(
    time=st.floats(0.2, 90),
    spread=st.floats(0, 0.3),
    every=st.integers(1, 10),
    seed=st.integers(0, 99),
)
def test_megatron_gives_back_its_throughput(time, spread, every, seed):
    times = time * np.exp(spread * np.random.default_rng(seed).standard_normal(12 * every))
    found = track(log(*HEADER, *megatron(times, every)), today=TODAY)
    means = times.reshape(-1, every).mean(axis=1)[1:]
    rate = 512 * 4096 / np.median(means)

    assert values(found)["tokens_per_second"] == pytest.approx(rate, rel=1e-3)
    assert values(found)["tokens_per_gpu_second"] == pytest.approx(rate / 64, rel=1e-3)
    assert values(found)["steps"] == 12 * every
    assert values(found)["wall_clock"] == pytest.approx(times.sum() / 86400, rel=1e-3, abs=1e-7)


def test_megatron_restarted_shows_its_lost_work():
    one = megatron(np.full(50, 3.0))
    two = megatron(np.full(40, 3.0), first=41, start=START + 300)
    found = track(log(*HEADER, *one, *HEADER, *two), model="llama-3-8b", today=TODAY)

    assert values(found)["lost_steps"] == 10
    assert values(found)["launches"] == 2
    assert values(found)["wall_clock"] == pytest.approx((300 + 120) / 86400)
    assert values(found)["goodput"] == pytest.approx(240 / 420, rel=1e-3)


@pytest.mark.parametrize("ranks", [1, 4])
def test_processes_of_torchtitan_are_not_added_up(ranks):
    found = track(log(*titan(np.full(200, 1.5), ranks)), today=TODAY)

    assert values(found)["tokens_per_gpu_second"] == pytest.approx(8192 / 1.5, rel=1e-3)
    assert values(found)["median_step_time"] == pytest.approx(1.5, rel=1e-3)
    assert values(found)["steps_executed"] == 200


def test_torchtitan_needs_only_its_batch_for_all_rates():
    found = track(
        log(*titan(np.full(200, 1.5), 4)),
        num_gpus=4,
        seq_length=8192,
        global_batch_size=4,
        today=TODAY,
    )

    assert values(found)["tokens_per_second"] == pytest.approx(4 * 8192 / 1.5, rel=1e-3)


def test_logs_of_several_files_are_one_run():
    one = log(*HEADER, *megatron(np.full(50, 3.0)), name="one.log")
    two = log(*HEADER, *megatron(np.full(40, 3.0), first=41, start=START + 300), name="two.log")
    found = track(two, one, today=TODAY)

    assert [row["log"] for row in found.segments] == ["one.log", "two.log"]
    assert values(found)["lost_steps"] == 10


def test_an_own_table_is_read_by_its_columns():
    rows = [f"{step},{200 + step % 7},{65536}" for step in range(1, 101)]
    found = track(
        log("iter,dt,tok", *rows, name="own.csv"),
        columns={"step": "iter", "step_time": "dt [ms]", "tokens_per_step": "tok"},
        today=TODAY,
    )

    assert values(found)["median_step_time"] == pytest.approx(0.203)


def test_columns_may_be_a_text_as_on_the_command_line():
    rows = [f"{step},2000,{65536}" for step in range(1, 101)]
    found = track(log("iter,dt,tok", *rows), columns="step=iter,step_time=dt [ms]", today=TODAY)

    assert values(found)["median_step_time"] == 2.0


def test_text_that_is_no_log_is_refused():
    with pytest.raises(LogFormatError, match="no training step"):
        track(log("Dear diary", "today I trained nothing"))


def test_no_log_at_all_is_refused():
    with pytest.raises(InputError, match="needs the path of a log"):
        track()


def test_the_same_log_gives_the_same_answer():
    lines = megatron(np.exp(np.random.default_rng(1).normal(0, 0.1, 80)))

    first, second = (track(log(*lines), price="1..3 USD/GPU/hour", today=TODAY) for _ in range(2))

    assert first.to_dict() == second.to_dict()
