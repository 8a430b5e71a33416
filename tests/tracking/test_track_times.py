"""The time of a step, however a log tells it, and what does not belong to the steady state."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_logs import START, chunk, codes, launch, stamped, steps, tracked, values

from llmcost.logs.record import CHECKPOINT, EVALUATION, Event

SIZE = {"seq_length": 1024, "global_batch_size": 64}


def without_time(columns, **more):
    """Return columns with other fields in the place of the step time."""
    return {name: values for name, values in columns.items() if name != "step_time"} | more


WAYS = {
    "printed": lambda t, tokens: {"step_time": t},
    "steps per second": lambda t, tokens: {"steps_per_second": 1 / t},
    "tokens per second": lambda t, tokens: {"tokens_per_second": tokens / t},
    "tokens per gpu second": lambda t, tokens: {"tokens_per_gpu_second": tokens / t / 8},
    "samples per second": lambda t, tokens: {"samples_per_second": 64 / t},
    "clock": lambda t, tokens: {"run_clock": np.cumsum(t)},
    "clock without evaluation": lambda t, tokens: {"train_clock": np.cumsum(t)},
    "average": lambda t, tokens: {"step_time_average": np.cumsum(t) / np.arange(1, len(t) + 1)},
    "stamps": lambda t, tokens: {"time_stamp": START + np.cumsum(t)},
    "micro-steps": lambda t, tokens: {"micro_step_time": t / 4},
}


@pytest.mark.parametrize("way", WAYS)
@given(
    time=st.floats(0.01, 500),
    count=st.integers(4, 40),
    slow=st.floats(1, 12),
)
def test_a_log_gives_back_the_throughput_it_was_made_with(way, time, count, slow):
    times = np.full(count, time)
    times[0] *= slow
    columns = {"step": np.arange(1.0, count + 1)} | WAYS[way](times, 64 * 1024)
    facts = launch(num_gpus=8, accumulation=4, **SIZE)

    found = values(tracked(chunk(columns, [facts])))

    assert found["median_step_time"] == pytest.approx(time, rel=1e-4)
    assert found["tokens_per_second"] == pytest.approx(65536 / time, rel=1e-4)
    assert found["tokens_per_gpu_second"] == pytest.approx(8192 / time, rel=1e-4)
    assert found["steps"] == count


@given(
    times=st.lists(st.floats(0.5, 50), min_size=3, max_size=60),
    every=st.integers(1, 20),
)
def test_the_median_is_that_of_the_steady_records(times, every):
    columns = {
        "step": every * np.arange(1.0, len(times) + 1),
        "step_time": np.array(times),
    }
    found = tracked(chunk(columns))
    reading = found.results["median_step_time"]

    assert reading.value == pytest.approx(float(np.median(times[1:])), rel=1e-9)
    assert reading.low is None or reading.low <= reading.value <= reading.high


def test_the_first_record_of_every_launch_is_left_out():
    columns = {"step": [1, 2, 3, 2, 3, 4], "step_time": [50, 2, 2, 60, 2, 2]}

    assert values(tracked(chunk(columns)))["median_step_time"] == 2
    assert tracked(chunk(columns)).reports["logs"][0]["first"] == 2


@pytest.mark.parametrize("kind", [EVALUATION, CHECKPOINT])
def test_records_with_a_stall_in_them_are_left_out(kind):
    columns = steps(1, 7)
    columns["step_time"][[2, 4]] = 90
    columns["line"] = np.arange(10.0, 80.0, 10.0)
    found = tracked(chunk(columns, [Event(25, kind), Event(45, kind)]))

    assert found.reports["step_times"]["percentiles"]["p99"] == 2
    assert found.reports["logs"][0]["stalled"] == 2


def test_a_stall_at_the_end_of_a_chunk_is_in_the_first_record_of_the_next():
    one = chunk(steps(1, 5) | {"line": np.arange(1.0, 6.0)}, [Event(6, CHECKPOINT)])
    columns = steps(6, 9) | {"line": np.arange(7.0, 11.0)}
    columns["step_time"][0] = 90

    assert tracked(one, chunk(columns)).reports["step_times"]["percentiles"]["p99"] == 2


@pytest.mark.parametrize("wrong", [0.0, -1.0, 1e308, np.inf])
def test_impossible_times_are_left_out_and_told(wrong):
    columns = steps(1, 20)
    columns["step_time"][5] = wrong
    found = tracked(chunk(columns))

    assert values(found)["median_step_time"] == 2
    assert "impossible-records" in codes(found) or not np.isfinite(wrong)
    assert found.reports["step_times"]["mean"] == pytest.approx(2.0)


def test_early_steps_of_a_framework_that_does_not_wait_are_left_out():
    columns = steps(0, 39, each=5.6)
    columns["step_time"][:4] = [60, 0.002, 0.3, 0.4]
    found = tracked(chunk(columns, name="maxtext"))

    assert found.reports["logs"][0]["impossible"] == 3
    assert found.reports["step_times"]["percentiles"]["p1"] == 5.6


def test_steps_faster_than_the_peak_allows_are_left_out():
    columns = steps(1, 21)
    columns["step_time"][1:5] = 1e-3
    options = {"parameters": "1B", "gpu": "h100-sxm", "num_gpus": 8, "tokens_per_step": "1M"}
    found = tracked(chunk(columns), **options)

    assert values(found)["median_step_time"] == 2
    assert "above-peak" in codes(found)


def test_steps_that_are_all_too_fast_are_a_wrong_option_and_told():
    options = {"parameters": "70B", "gpu": "h100-sxm", "num_gpus": 1, "tokens_per_step": "1M"}
    found = tracked(chunk(steps(1, 20)), **options)

    assert values(found)["median_step_time"] == 2
    assert values(found)["mfu"] > 1
    assert "mfu-high" in codes(found)


def test_a_log_of_one_step_says_what_it_can():
    found = tracked(chunk(steps(1, 1)))

    assert values(found)["median_step_time"] == 2
    assert "no-steady-step" in codes(found)


def test_a_log_without_any_time_says_so():
    found = tracked(chunk({"step": np.arange(1.0, 20.0), "loss": np.ones(19)}))

    assert values(found)["median_step_time"] is None
    assert "neither the time of a step" in found.results["median_step_time"].reason


def test_the_rate_of_a_device_alone_is_told_without_its_number():
    columns = without_time(steps(1, 20), tokens_per_gpu_second=np.full(20, 9000.0))
    found = tracked(chunk(columns), parameters="7B", gpu="h100-sxm")

    assert values(found)["tokens_per_gpu_second"] == 9000
    assert values(found)["mfu"] == pytest.approx(9000 * 6 * 7e9 / 989.4e12, rel=1e-12)
    assert "--gpus" in found.results["tokens_per_second"].reason + found.results["num_gpus"].reason


def test_tokens_of_a_step_follow_from_rate_and_time():
    columns = steps(1, 20, tokens_per_second=32768.0)

    assert values(tracked(chunk(columns)))["tokens_per_step"] == 65536


def test_the_number_of_devices_follows_from_rates_of_all_and_of_one():
    columns = steps(1, 40, tokens_per_second=78_900.0, tokens_per_gpu_second=154.0)

    assert values(tracked(chunk(columns)))["num_gpus"] == 512


def test_ramped_batches_weigh_by_their_own_tokens():
    columns = steps(1, 300, seq_length=1000.0)
    columns["global_batch_size"] = np.r_[np.full(100, 16.0), np.full(200, 64.0)]
    columns["step_time"] = np.r_[np.full(100, 1.0), np.full(200, 2.0)]

    found = values(tracked(chunk(columns)))

    assert found["tokens_per_second"] == 32_000
    assert found["tokens_done"] == 100 * 16_000 + 200 * 64_000


def test_totals_of_tokens_hold_before_batch_times_length():
    columns = steps(1, 100) | {"tokens_total": 1_234_567.0 * np.arange(1, 101)}
    found = values(tracked(chunk(columns, [launch(seq_length=2048, global_batch_size=1024)])))

    assert found["tokens_per_step"] == pytest.approx(1_234_567, rel=0.01)


def test_coarse_totals_do_not_make_the_tokens_of_a_step():
    totals = np.array([float(f"{65536 * step:.3g}") for step in range(10_001, 10_101)])
    columns = steps(10_001, 10_100) | {"tokens_total": totals}
    found = values(tracked(chunk(columns, [launch(**SIZE)])))

    assert found["tokens_per_step"] == 65536


def test_what_the_user_says_holds_before_the_log():
    columns = steps(1, 20, tokens_per_step=1000.0)
    facts = launch(num_gpus=8, seq_length=1024, global_batch_size=64)
    found = tracked(chunk(columns, [facts]), num_gpus=16, tokens_per_step=4096)

    assert values(found)["tokens_per_gpu_second"] == 4096 / 2 / 16
    assert found.inputs["num_gpus"].origin.kind == "user"


def test_missing_tokens_name_the_option_that_is_missing():
    found = tracked(chunk(steps(1, 20, global_batch_size=64.0)))

    assert found.results["tokens_per_step"].reason.endswith("give --seq-length")


def test_a_printed_rate_that_does_not_fit_is_told():
    columns = steps(1, 20, tokens_per_second=1000.0, tokens_per_step=4096.0)

    assert "rates-disagree" in codes(tracked(chunk(columns)))


def test_more_records_than_are_kept_are_counted_in_narrow_bins():
    generator = np.random.default_rng(5)
    times = np.exp(generator.normal(0.0, 0.3, 1_200_000))
    size = 200_000
    parts = [
        chunk(
            {
                "step": np.arange(at + 1.0, at + size + 1),
                "step_time": times[at : at + size],
                "line": np.arange(at + 1.0, at + size + 1),
            }
        )
        for at in range(0, len(times), size)
    ]
    found = tracked(*parts)

    assert values(found)["median_step_time"] == pytest.approx(np.median(times[1:]), rel=1e-4)
    assert len(found.reports["series"]["step"]) <= 2049


def test_stamps_alone_give_the_time_of_a_step_over_each_interval():
    columns = without_time(stamped(1, 200, each=3.13))
    every = {name: values[9::10] for name, values in columns.items()}
    found = tracked(chunk(every))

    assert values(found)["median_step_time"] == pytest.approx(3.13)
    assert found.results["median_step_time"].how == "from time stamps"


@given(time=st.floats(0.3, 30), seed=st.integers(0, 50))
def test_stamps_in_whole_seconds_are_compared_over_longer_stretches(time, seed):
    times = time * np.exp(0.1 * np.random.default_rng(seed).standard_normal(1000))
    columns = {"step": np.arange(1.0, 1001.0), "time_stamp": np.floor(START + np.cumsum(times))}

    assert values(tracked(chunk(columns)))["median_step_time"] == pytest.approx(time, rel=0.06)


def test_a_short_log_with_stamps_in_whole_seconds_has_a_time():
    columns = {"step": np.arange(1.0, 8.0), "time_stamp": START + 3.0 * np.arange(7)}

    assert values(tracked(chunk(columns)))["median_step_time"] == 3
