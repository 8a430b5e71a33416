"""Clocks, warm-up and budgets of a measurement."""

from time import monotonic

import pytest
from bench_fakes import FakeCuda, SteppingClock

from llmcost.bench import timing
from llmcost.bench.samples import Setting, Timing, sample
from llmcost.bench.timing import EventClock, HostClock, OutOfTimeError, Timer


def timer(clock, *, budget=1.0, seconds=60.0, **rest):
    return Timer(clock, 0.0, budget, monotonic() + seconds, 0, **rest)


def test_the_hosts_clock_times_every_call_of_a_pass():
    made = []

    parts = HostClock().passes(
        [lambda: made.append("a"), lambda: made.append("b")], 3, lambda: made.append("-")
    )

    assert made == ["-", "a", "b"] * 3
    assert [len(part) for part in parts] == [3, 3]
    assert all(time >= 0 for part in parts for time in part)


def test_a_device_is_timed_by_events_of_its_own_and_waited_for_once():
    device = FakeCuda()

    parts = EventClock(device).passes([lambda: None, lambda: None], 4, None)

    assert parts == [[0.002] * 4, [0.002] * 4]
    assert device.waits == 1


def test_a_cold_cache_is_no_part_of_the_time_of_a_call():
    order = []
    device = FakeCuda()
    device.Event = lambda enable_timing: Noted(order)

    EventClock(device).passes([lambda: order.append("call")], 1, lambda: order.append("flush"))

    assert order == ["flush", "event", "call", "event"]


class Noted:
    def __init__(self, order):
        self.order = order

    def record(self):
        self.order.append("event")

    def elapsed_time(self, later):
        return 1.0


@pytest.mark.parametrize(
    ("budget", "times"),
    [
        pytest.param(0.0, 5, id="never fewer than five"),
        pytest.param(1e9, 200, id="never more than two hundred"),
    ],
)
def test_repetitions_follow_the_budget(budget, times):
    found = timer(SteppingClock(0.1), budget=budget).measure(lambda: None)

    assert len(found.whole) == times


@pytest.mark.parametrize(
    ("each", "warm_ups"),
    [
        pytest.param(0.01, 20, id="short calls fill the time to warm up"),
        pytest.param(0.15, 3, id="never fewer than three"),
        pytest.param(2.0, 1, id="one that is far longer than the time to warm up is enough"),
    ],
)
def test_a_device_is_warmed_up_by_time(each, warm_ups, monkeypatch):
    """On a clock that only calls move: 0.2 s of warm-up, then five calls that count."""
    now, calls = [0.0], []

    def call():
        calls.append(1)
        now[0] += each

    monkeypatch.setattr(timing, "monotonic", lambda: now[0])
    Timer(SteppingClock(each), 0.2 - 1e-9, 0.0, 1e9, 0).measure(call)

    assert len(calls) == warm_ups + 5


def test_nothing_is_measured_when_the_time_is_over():
    calls = []

    with pytest.raises(OutOfTimeError):
        timer(SteppingClock(0.1), seconds=-1).measure(lambda: calls.append(1))

    assert calls == []


def test_a_whole_pass_is_its_parts_together():
    found = timer(SteppingClock(0.5, 0.25, 0.125), budget=0.0).measure(*[lambda: None] * 3)

    assert found.whole == (0.875,) * 5


def test_a_sample_has_the_rates_of_its_median_and_of_its_best():
    """Sorted 1, 2, 3, 4, 10 s: median 3; the 20th percentile lies 0.8 of the way from 1 to 2."""
    one = sample(
        "gemm",
        [3.0, 1.0, 10.0, 2.0, 4.0],
        Setting("fp32", "numpy", 2),
        work=("flop", 12e9),
        role="qkv",
        n=7,
    )

    assert (one["median_s"], one["best_s"], one["runs"], one["n"]) == (3.0, 1.0, 5, 7)
    assert (one["value"], one["best_value"], one["unit"]) == (4e9, 12e9, "FLOP/s")
    assert (one["p20_s"], one["p80_s"]) == (pytest.approx(1.8), pytest.approx(5.2))
    assert (one["disturbed"], one["disturbance"]) == (False, None)
    assert one["times_s"] == [3.0, 1.0, 10.0, 2.0, 4.0]


def test_a_disturbed_sample_says_by_what():
    found = Timing(((1.0,),), "the hypervisor took 9% of the processors")

    one = sample(
        "memory",
        found.whole,
        Setting("fp32", "torch", 1),
        work=("bytes", 2.0),
        disturbance=found.disturbance,
    )

    assert (one["disturbed"], one["unit"]) == (True, "byte/s")
    assert one["disturbance"] == "the hypervisor took 9% of the processors"
