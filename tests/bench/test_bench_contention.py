"""What tells that a measurement was disturbed."""

from pathlib import Path

import pytest

from llmcost.bench import contention
from llmcost.bench.contention import Reading, disturbance, read_clocks

START = Reading(wall=0.0, own=0.0, waited=0.0, stolen=0.0, all_time=0.0)


@pytest.fixture(autouse=True)
def _two_processors(monkeypatch):
    monkeypatch.setattr(contention, "processors", lambda: 2)


@pytest.mark.parametrize(
    ("after", "found"),
    [
        pytest.param(Reading(10, 20, 0.5, 0, 2000), None, id="alone"),
        pytest.param(
            Reading(10, 12, 8.0, 0, 2000),
            "threads waited 40% of the time for a processor",
            id="others compute",
        ),
        pytest.param(
            Reading(10, 18, 0.0, 240, 2000),
            "the hypervisor took 12% of the processors",
            id="other machines compute",
        ),
        pytest.param(Reading(10, 11, 0.0, 0, 2000), None, id="idle of itself, nobody waited"),
        pytest.param(
            Reading(10, 11, None, None, None),
            "the process got 55% of the 2 processors it computes on",
            id="a system without such statistics",
        ),
        pytest.param(Reading(10, 19, None, None, None), None, id="alone without statistics"),
    ],
)
def test_who_else_was_there(after, found):
    start = START if after.waited is not None else Reading(0.0, 0.0, None, None, None)

    assert disturbance(start, after, busy_threads=2) == found


def test_a_host_that_only_waits_for_its_device_is_not_judged():
    assert disturbance(START, Reading(10, 0.1, 9.0, 500, 2000), busy_threads=0) is None


def test_processes_that_exchange_wait_for_each_other_and_not_for_others():
    waits = Reading(10, 4, 9.0, 0, 2000)
    stolen = Reading(10, 4, 9.0, 400, 2000)

    assert disturbance(START, waits, busy_threads=1, alone=False) is None
    assert disturbance(START, stolen, busy_threads=1, alone=False) == (
        "the hypervisor took 20% of the processors"
    )


def test_waiting_is_the_second_figure_of_every_thread(tmp_path, monkeypatch):
    for name, waited in (("1", 1_500_000_000), ("2", 500_000_000)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "schedstat").write_text(f"900 {waited} 3\n")
    monkeypatch.setattr(contention, "TASKS", tmp_path)

    assert read_clocks().waited == 2.0


def test_stolen_time_is_the_eighth_figure_of_the_machine(tmp_path, monkeypatch):
    """user nice system idle iowait irq softirq steal: the guest columns after are in user."""
    statistics = tmp_path / "stat"
    statistics.write_text("cpu  100 1 30 800 5 0 4 60 7 0\ncpu0 1 2 3\n")
    monkeypatch.setattr(contention, "STATISTICS", statistics)

    now = read_clocks()

    assert (now.stolen, now.all_time) == (60.0, 1000.0)


def test_a_system_without_statistics_has_none(monkeypatch):
    monkeypatch.setattr(contention, "TASKS", Path("/nonexistent"))
    monkeypatch.setattr(contention, "STATISTICS", Path("/nonexistent"))

    now = read_clocks()

    assert (now.waited, now.stolen, now.all_time) == (None, None, None)
