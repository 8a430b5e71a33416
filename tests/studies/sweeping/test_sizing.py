"""How long a sweep will take, by a clock of our own."""

import pytest

from llmcost.studies.sweeping import sizing
from llmcost.studies.sweeping.blocks import blocking_of
from llmcost.studies.sweeping.plan import plan_from

GRID = {
    "model": ["llama-3.1-8b"],
    "gpu": ["h100-sxm"],
    "gpus": [64],
    "tokens": ["1T", "2T", "3T", "4T"],
    "layout": "all legal",
}
EACH = 1e-6  # What a configuration takes [s].
ONCE = 3.0  # What is loaded once, when the first layouts fit [s].


@pytest.fixture
def clock(monkeypatch):
    """Replace evaluation by what it takes on a clock that nothing else moves."""
    told = {"now": 0.0, "loaded": False, "spans": []}

    def batches(case, plan, first, last, needed, kernel):
        told["spans"].append((first, last))
        told["now"] += (last - first) * EACH
        if last - first > 200 and not told["loaded"]:
            told["now"], told["loaded"] = told["now"] + ONCE, True
        return iter(())

    monkeypatch.setattr(sizing, "batches", batches)
    monkeypatch.setattr(sizing, "process_time", lambda: told["now"])
    return told


def test_what_is_loaded_once_does_not_count_for_every_configuration(clock):
    plan = plan_from({"grid": GRID, "keep": [{"best": "cost"}]})
    size = sizing.size_of(plan, blocking_of(plan), "numpy")

    assert clock["loaded"]
    assert size.rate == pytest.approx(1 / EACH)
    assert size.seconds == pytest.approx(size.blocking.evaluations * EACH)


def test_the_middle_of_a_case_is_timed(clock):
    plan = plan_from({"grid": GRID, "keep": [{"best": "cost"}]})
    whole = blocking_of(plan).configurations
    sizing.size_of(plan, blocking_of(plan), "numpy")

    assert all(abs(first + last - whole) <= 1 for first, last in clock["spans"])
