"""The picture of a step: its parts lie on each other, alike ones share a colour."""

import pytest

from llmcost.errors import InputError
from llmcost.picture import Bars, Whiskers
from llmcost.views.pictures import picture
from tests.pictures.results_by_hand import amount, comparison, estimate, made


def modelled(**parts):
    """Return a saved step of these parts in seconds."""
    total = sum(parts.values())
    return {
        "layout": "tp=8",
        "parts": {n: {"value": t, "unit": "s", "share": t / total} for n, t in parts.items()},
    }


STEP = modelled(
    matmul=6.0, attention=1.0, optimizer=0.3, data_parallel=0.9, bubble=1.7, launch=0.04, head=0.06
)
TIME = {"step_time": amount(10.0, 9.0, 12.0, "s")}


def drawn(data=None):
    return picture("step", data or estimate(TIME, step=STEP))


def bars(shown):
    return [mark for mark in shown.panels[0].marks if isinstance(mark, Bars)]


def test_the_first_row_is_the_whole_step_and_the_next_its_parts_where_they_lie():
    """6 + 0.06, 1, 0.3, 0.9, 1.7 and 0.04 s; what is under half a percent is one part."""
    whole = {m.label: (m.starts[0], m.ends[0]) for m in bars(drawn())}

    assert whole["Matrix products"] == (0, 6)
    assert whole["Waiting"] == pytest.approx((8.26, 9.96))
    assert whole["Smaller parts"] == pytest.approx((9.96, 10.0))
    assert [name for _, name in drawn().panels[0].y.ticks][:3] == [
        "One step",
        "Matrix products, 6 s (60%)",
        "Output layer and loss, 60 ms (0.6%)",
    ]


def test_no_more_than_seven_groups_have_a_colour():
    every = modelled(**dict.fromkeys(made("estimate")["step"]["parts"], 1.0))

    assert len(bars(drawn(estimate(TIME, step=every)))) == 7


def test_whiskers_are_the_interval_of_the_step():
    (span,) = [mark for mark in drawn().panels[0].marks if isinstance(mark, Whiskers)]

    assert (span.at, span.low, span.high) == ((0.0,), (9.0,), (12.0,))


def test_the_title_says_what_is_useful_and_the_largest_of_the_rest():
    """6 + 0.06 + 1 of 10 s are products of matrices and attention: 71%."""
    assert drawn().title == (
        "A step takes 10 s: 71% is matrix products and attention, 17% pipeline bubble, "
        "the largest of the rest"
    )


def test_the_table_has_every_part_small_ones_too():
    records = {row["part"]: row for row in drawn().table.records()}

    assert records["launch"]["value"] == 0.04
    assert records["launch"]["share"] == pytest.approx(0.004)


def setup(tokens, **parts):
    return estimate(TIME, step=modelled(**parts), global_batch_size=tokens, seq_length=1000)


def test_steps_of_one_batch_are_compared_by_the_step():
    shown = drawn(comparison({"a": setup(10, matmul=2.0, bubble=1.0), "b": setup(10, matmul=6.0)}))

    assert shown.panels[0].x.label == "Time in a step [s]"
    assert shown.title == "A step takes 3 s on a, the fastest, and 6 s on b"


def test_steps_of_unlike_batches_are_compared_by_the_token():
    """10 and 40 thousand tokens a step: 3 s and 6 s are 300 and 150 s a million tokens."""
    some = {"a": setup(10, matmul=2.0, bubble=1.0), "b": setup(40, matmul=6.0)}
    shown = drawn(comparison(some))

    assert shown.panels[0].x.label == "Time of a million tokens [s]"
    assert shown.title == "A million tokens take 150 s on b, the fastest, and 300 s on a"
    assert [m.ends for m in bars(shown)] == [(200.0, 150.0), (300.0,)]


def test_parts_of_a_group_are_one_in_a_bar_of_a_setup():
    some = comparison({"a": setup(10, matmul=2.0, head=1.0, bubble=1.0, straggler=0.5)})

    assert [(m.label, m.ends) for m in bars(drawn(some))] == [
        ("Matrix products", (3.0,)),
        ("Waiting", (4.5,)),
    ]


def test_the_shares_of_several_setups_are_drawn_too():
    """2 of 3 s and 6 of 6 s."""
    some = comparison({"a": setup(10, matmul=2.0, bubble=1.0), "b": setup(10, matmul=6.0)})
    shares = drawn(some).panels[1]

    assert shares.x.label == "Share of the step [%]"
    assert shares.marks[0].ends == pytest.approx((2 / 3, 1.0))
    assert shares.marks[1].ends == pytest.approx((1.0,))


def test_setups_without_a_modelled_step_are_named():
    some = comparison({"a": setup(10, matmul=2.0), "b": estimate(TIME), "c": None})

    assert drawn(some).description.endswith("Without a modelled step: b, c.")


def test_of_a_run_of_phases_the_step_is_said_to_be_that_of_the_largest():
    data = setup(10, matmul=2.0)
    data["step"]["phases"] = [{"name": "short"}, {"name": "long"}]
    shown = drawn(data)

    assert shown.title.startswith("A step in the largest of 2 phases takes 2 s")
    assert "in the largest of 2 phases takes 2 s" in shown.description


def test_a_step_that_does_not_fit_the_memory_is_not_the_fastest():
    some = {"a": setup(10, matmul=2.0), "tiny": setup(10, matmul=1.0)}
    shown = drawn(comparison(some, tiny="does not fit"))

    assert shown.title == "A step takes 2 s on a"
    assert "Left out, for they do not fit the memory: tiny." in shown.description


def test_a_title_says_of_how_many_setups_it_is_where_not_all_are_drawn():
    """Nothing is said of those that are not drawn; the last of them is faster."""
    some = {f"s{at}": setup(10, matmul=50.0 - at) for at in range(30)}
    shown = drawn(comparison(some))

    assert shown.title.endswith("on s0 (of the 24 best ranked of 30 setups)")


def test_a_step_of_nothing_but_matrix_products_has_no_rest_to_tell():
    shown = drawn(estimate(TIME, step=modelled(matmul=2.0)))

    assert shown.title == "A step takes 2 s: 100% is matrix products and attention"


def test_a_given_mfu_leaves_no_step_to_draw():
    with pytest.raises(InputError, match="no step was modelled"):
        drawn(estimate(TIME))


@pytest.mark.parametrize("kind", ["estimate", "comparison"])
def test_the_bars_of_a_whole_run_are_as_long_as_its_step(kind):
    data = made(kind)
    shown = drawn(data)

    longest = max(max(mark.ends) for mark in bars(shown))
    runs = [data] if kind == "estimate" else [each["estimate"] for each in data["setups"]]
    times = [run["results"]["step_time"]["value"] for run in runs]
    assert shown.panels[0].x.title == "Time in a step"
    assert longest == pytest.approx(max(times))
