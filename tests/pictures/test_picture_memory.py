"""The picture of memory: what an accelerator holds, against what programs can use of it."""

import pytest

from llmcost.errors import InputError
from llmcost.picture import Bars, Points, Rule
from llmcost.views.pictures import picture
from tests.pictures.results_by_hand import comparison, estimate, made


def held(usable=84.8, capacity=80.0, **parts):
    """Return a saved memory of these parts [GB]."""
    total = sum(parts.values())
    sums = {
        "total": total,
        "capacity": capacity,
        "usable": usable,
        "headroom": usable - total,
    }
    quantities = {name: {"value": value, "unit": "GB"} for name, value in sums.items()}
    return {
        "parts": {name: {"value": value, "unit": "GB"} for name, value in parts.items()},
        **quantities,
        "fits": total <= usable,
    }


MEMORY = held(weights=10.0, gradients=20.0, optimizer_state=5.0, activations=45.0)


def drawn(data=None):
    return picture("memory", data or estimate({}, memory=MEMORY))


def test_the_parts_lie_on_each_other_up_to_what_is_held():
    """10 + 20 + 5 + 45 = 80 GB of 84.8."""
    ends = {m.label: m.ends[0] for m in drawn().panels[0].marks if isinstance(m, Bars)}

    assert ends == {"Weights": 10, "Gradients": 30, "Optimizer state": 35, "Activations": 80}


def test_the_line_is_what_programs_can_use():
    (rule,) = [mark for mark in drawn().panels[0].marks if isinstance(mark, Rule)]

    assert (rule.value, rule.label) == (84.8, "usable: 84.8 GB, sold as 80 GB")


def test_a_capacity_that_is_not_all_usable_is_a_second_line():
    shown = drawn(estimate({}, memory=held(usable=30.0, capacity=32.0, weights=10.0)))
    rules = [mark.value for mark in shown.panels[0].marks if isinstance(mark, Rule)]

    assert rules == [30.0, 32.0]


def test_the_title_tells_the_headroom():
    assert drawn().title == "80.0 GB of 84.8 GB usable memory, 4.8 GB left, on each h100-sxm"


def test_what_does_not_fit_is_told():
    shown = drawn(estimate({}, memory=held(weights=90.0)))

    assert shown.title.startswith("90.0 GB of 84.8 GB usable memory, 5.2 GB too much")
    assert shown.description.endswith("the run does not fit.")


def test_setups_have_their_own_usable_memory():
    """80 of 84.8 GB is 94%, 80 of 160 GB is 50%."""
    large = held(usable=160.0, capacity=150.0, weights=80.0)
    some = {"small": estimate({}, memory=MEMORY), "large": estimate({}, memory=large)}
    shown = drawn(comparison({**some, "given": estimate({})}))
    (points,) = [mark for mark in shown.panels[0].marks if isinstance(mark, Points)]

    assert points.x == (84.8, 160.0)
    assert shown.title == "small fills 94% of its usable memory, the most; large 50%"
    assert shown.description.endswith("Without a modelled memory: given.")


def test_of_many_setups_the_best_ranked_are_drawn():
    shown = drawn(comparison({f"s{i}": estimate({}, memory=MEMORY) for i in range(100)}))

    assert len(shown.panels[0].y.ticks) == 24
    assert "76 more setups are left out" in shown.description


def test_a_given_mfu_leaves_no_memory_to_draw():
    with pytest.raises(InputError, match="no step was modelled"):
        drawn(estimate({}))


def test_the_bars_of_a_whole_run_are_as_long_as_its_memory():
    data = made("estimate")
    bars = [mark for mark in drawn(data).panels[0].marks if isinstance(mark, Bars)]

    assert max(max(bar.ends) for bar in bars) == pytest.approx(data["memory"]["total"]["value"])
