"""The wall clock of a run: goodput, and parts that add up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_logs import START, chunk, codes, launch, stamped, steps, tracked, values

from llmcost.logs.record import CHECKPOINT, END, EVALUATION, Event


def parts(track):
    """Return the parts of the wall clock [s] by name."""
    return {name: part["value"] for name, part in track.reports["wall_clock"]["parts"].items()}


def total(track):
    """Return the wall clock [s]."""
    return track.reports["wall_clock"]["total"]["value"]


def two_launches():
    """Return a run by hand: 100 steps of 2 s, 20 lost, a pause of 60 s, 30 s until each first step.

    The first step of each launch takes 10 s; step 50 follows a checkpoint of 40 s that its time
    leaves in, and 15 s pass after the last step.
    """
    first, second = steps(1, 100), steps(81, 150)
    for columns in (first, second):
        columns["step_time"][0] = 10
    first["step_time"][49] = 42
    first["time_stamp"] = START + 30 + np.cumsum(first["step_time"])
    end = first["time_stamp"][-1]
    second["time_stamp"] = end + 60 + 30 + np.cumsum(second["step_time"])
    columns = {name: np.concatenate([first[name], second[name]]) for name in first}
    columns["line"] = np.arange(10.0, 1710.0, 10.0)
    events = [
        launch(1, START, num_gpus=8),
        Event(495, CHECKPOINT),
        launch(1005, float(end + 60)),
    ]
    return chunk(columns, events, (START, float(second["time_stamp"][-1]) + 15))


def test_parts_of_the_clock_are_those_the_log_was_made_of():
    found = tracked(two_launches())
    clock = parts(found)

    assert clock["training"] == pytest.approx(150 * 2)
    assert clock["lost_work"] == pytest.approx(20 * 2)
    assert clock["start_up"] == pytest.approx(60)
    assert clock["slow_first_steps"] == pytest.approx(2 * 8)
    assert clock["checkpoints"] == pytest.approx(40)
    assert clock["between_launches"] == pytest.approx(60)
    assert clock["after_last_step"] == pytest.approx(15)
    assert clock["slower_steps"] == pytest.approx(0, abs=1e-6)
    assert clock["unexplained"] == pytest.approx(0, abs=1e-6)
    assert total(found) == pytest.approx(300 + 40 + 60 + 16 + 40 + 60 + 15)


def test_goodput_is_the_share_of_steps_that_stayed():
    found = tracked(two_launches())

    assert values(found)["goodput"] == pytest.approx(300 / 531)
    assert values(found)["wall_clock"] == pytest.approx(531 / 86400)
    assert values(found)["gpu_hours"] == pytest.approx(8 * 531 / 3600)
    assert [row["start"] for row in found.segments] == [
        "2023-11-14T22:13:20",
        "2023-11-14T22:18:58",
    ]


@given(
    launches=st.lists(
        st.tuples(st.integers(1, 30), st.floats(6, 500), st.floats(0, 100)), min_size=1, max_size=6
    ),
    seed=st.integers(0, 1000),
)
def test_parts_of_the_clock_add_up(launches, seed):
    generator = np.random.default_rng(seed)
    stretches, now, step = [], START, 1
    for count, pause, start_up in launches:
        columns = steps(step, step + count - 1)
        columns["step_time"] = np.exp(generator.normal(1, 0.5, count))
        now += pause + start_up
        columns["time_stamp"] = now + np.cumsum(columns["step_time"])
        now = columns["time_stamp"][-1]
        step = max(1, step + count - int(generator.integers(0, 10)))
        stretches.append(columns)
    whole = {name: np.concatenate([part[name] for part in stretches]) for name in stretches[0]}
    found = tracked(chunk(whole))

    assert sum(parts(found).values()) == pytest.approx(total(found), abs=1e-3)
    assert parts(found)["unexplained"] == pytest.approx(0, abs=1e-3)
    assert total(found) == pytest.approx(now - START - launches[0][1] - launches[0][2], abs=1e-3)


def test_time_that_step_times_leave_out_is_of_the_stall():
    columns = stamped(1, 40)
    columns["time_stamp"][20:] += 100
    columns["line"] = np.arange(10.0, 410.0, 10.0)
    clock = parts(tracked(chunk(columns, [Event(205, EVALUATION)])))

    assert clock["evaluation"] == pytest.approx(100)
    assert clock["slower_steps"] == pytest.approx(0, abs=1e-6)


def test_evaluation_that_records_tell_is_a_part():
    columns = stamped(1, 40, evaluation_time=0.0)
    columns["evaluation_time"][20] = 100
    columns["time_stamp"][20:] += 100

    assert parts(tracked(chunk(columns)))["evaluation"] == pytest.approx(100)


def test_steps_without_an_update_do_not_move_training_forward():
    columns = stamped(1, 101, skipped_steps=0.0)
    columns["skipped_steps"][10:35] = 1
    found = tracked(chunk(columns))

    assert values(found)["skipped_steps"] == 25
    assert values(found)["goodput"] == pytest.approx(76 / 101)
    assert parts(found)["skipped_steps"] == pytest.approx(50)


def test_skipped_steps_may_be_counted_since_the_launch():
    columns = stamped(1, 100, skipped_total=0.0)
    columns["skipped_total"] = np.minimum(np.arange(100), 7)

    assert values(tracked(chunk(columns)))["skipped_steps"] == 7


def test_without_stamps_the_clock_is_unknown_and_cost_is_of_the_steps():
    columns = steps(1, 100)
    columns["step_time"][0] = 20
    found = tracked(chunk(columns), num_gpus=4, price="3 USD/GPU/hour")

    assert values(found)["wall_clock"] is None
    assert values(found)["goodput"] is None
    assert values(found)["gpu_hours"] == pytest.approx(4 * (99 * 2 + 20) / 3600)
    assert values(found)["cost"] == pytest.approx(12 * 218 / 3600)
    assert "no-wall-clock" in codes(found)


def test_a_clock_of_the_launch_knows_no_pauses():
    columns = steps(1, 50)
    columns["run_clock"] = 40 + np.cumsum(columns["step_time"])
    found = tracked(chunk(columns))

    assert values(found)["wall_clock"] == pytest.approx(140 / 86400)
    assert values(found)["goodput"] == pytest.approx(100 / 140)
    assert "no-pauses" in codes(found)
    assert values(found)["finish_date"] is None


@pytest.mark.parametrize(("seconds", "believed"), [(3, True), (30, False), (3600, False)])
def test_a_clock_that_is_set_back_is_told_and_not_believed_by_far(seconds, believed):
    columns = stamped(1, 100)
    columns["time_stamp"][50:] -= seconds
    found = tracked(chunk(columns), num_gpus=4, price="3 USD/GPU/hour")

    assert "clock-backwards" in codes(found)
    assert values(found)["median_step_time"] == 2
    assert (values(found)["wall_clock"] is not None) is believed
    if not believed:
        assert "set back" in found.results["goodput"].reason
        assert values(found)["cost"] == pytest.approx(4 * 200 / 3600 * 3)


def test_launches_that_overlap_are_told():
    one, two = stamped(1, 100), stamped(101, 200, start=START + 50)

    assert "launches-overlap" in codes(tracked(chunk(one), chunk(two), sources=[0, 1]))


def test_launches_on_other_numbers_of_devices_count_their_own():
    one = chunk(stamped(1, 100, line=0) | {"line": np.arange(10.0, 110.0)}, [launch(1, num_gpus=8)])
    two = chunk(
        stamped(101, 200, start=START + 200) | {"line": np.arange(210.0, 310.0)},
        [launch(201, num_gpus=16)],
    )

    assert values(tracked(one, two))["gpu_hours"] == pytest.approx(24 * 200 / 3600, rel=1e-6)


def test_evaluation_beside_a_checkpoint_is_told_apart_where_the_log_says_its_time():
    columns = stamped(1, 40)
    columns["time_stamp"][20:] += 100
    columns["line"] = np.arange(10.0, 410.0, 10.0)
    events = [Event(202, EVALUATION, None, {"evaluation_time": 70.0}), Event(205, CHECKPOINT)]
    clock = parts(tracked(chunk(columns, events)))

    assert clock["evaluation"] == pytest.approx(70)
    assert clock["evaluation_and_checkpoints"] == pytest.approx(30)


def test_the_end_of_a_session_may_say_how_long_it_ran():
    columns = {"step": [100.0, 200.0], "loss": [3.0, 2.0]}
    found = tracked(chunk(columns, [Event(3, END, None, {"run_clock": 7200.0})]), num_gpus=4)

    assert values(found)["wall_clock"] == pytest.approx(7200 / 86400)
    assert values(found)["gpu_hours"] == pytest.approx(8)
    assert "evaluation included" in found.results["wall_clock"].how
    assert (values(found)["goodput"], values(found)["median_step_time"]) == (None, None)


def test_stamps_around_records_that_have_none_are_a_wall_clock():
    found = tracked(chunk(steps(1, 50), stamps=(START, START + 400)))

    assert values(found)["wall_clock"] == pytest.approx(400 / 86400)
    assert values(found)["goodput"] == pytest.approx(100 / 400)
    assert parts(found)["unexplained"] == pytest.approx(300)


def test_a_clock_of_a_launch_that_began_before_the_log_counts_from_its_first_record():
    columns = steps(5001, 5050)
    columns["run_clock"] = 40_000 + np.cumsum(columns["step_time"])

    assert values(tracked(chunk(columns)))["wall_clock"] == pytest.approx(100 / 86400)


@pytest.mark.parametrize("between", [0.0, 1.0])
def test_a_clock_shorter_than_its_steps_tells_no_goodput(between):
    """Lines stamped when they were flushed would make a goodput above 1, and too few hours."""
    columns = steps(1, 100, 4.0) | {"time_stamp": START + between * np.arange(100.0)}
    found = tracked(chunk(columns), num_gpus=8, steps=200)

    assert codes(found) == ["clock-too-short"]
    for name in ("wall_clock", "goodput", "finish_date"):
        assert found.results[name].value is None
        assert "shorter than the steps" in found.results[name].reason
    assert values(found)["gpu_hours"] == pytest.approx(8 * 400 / 3600)
    assert values(found)["time_to_finish"] == pytest.approx(400 / 86400)


def test_stamps_of_the_start_alone_are_no_clock_of_the_run():
    columns = steps(1, 100, 4.0)
    found = tracked(chunk(columns, stamps=(START, START + 9)))

    assert values(found)["goodput"] is None


def test_a_ramp_of_batches_at_one_rate_is_all_goodput():
    """100 steps each of 1, 2 and 4 s, with as many times the tokens."""
    parts = [
        steps(1, 100, 1.0, tokens_per_step=1e6),
        steps(101, 200, 2.0, tokens_per_step=2e6),
        steps(201, 300, 4.0, tokens_per_step=4e6),
    ]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    columns["time_stamp"] = START + np.cumsum(columns["step_time"])
    found = tracked(chunk(columns))

    assert values(found)["goodput"] == pytest.approx(1.0)
    assert found.reports["wall_clock"]["parts"]["training"]["value"] == pytest.approx(700)


@pytest.mark.parametrize(
    ("plan", "steps_planned", "tokens_planned"),
    [({"steps": 500}, 500, 700e6 + 200 * 4e6), ({"tokens": 1.5e9}, 500, 1.5e9)],
)
def test_the_rest_after_a_ramp_is_of_steps_as_large_as_the_last(
    plan, steps_planned, tokens_planned
):
    """300 steps of 700 s: 100 each of 1, 2 and 4 s with 1, 2 and 4 million tokens; 200 are left."""
    size = np.repeat([1e6, 2e6, 4e6], 100)
    columns = {"step": np.arange(1.0, 301.0), "step_time": size / 1e6, "tokens_per_step": size}
    columns["time_stamp"] = START + np.cumsum(columns["step_time"])
    found = values(tracked(chunk(columns), num_gpus=8, **plan))

    assert found["planned_steps"] == steps_planned
    assert found["tokens_planned"] == pytest.approx(tokens_planned)
    assert found["time_to_finish"] == pytest.approx(200 * 4 / 86400)
    assert found["gpu_hours_to_finish"] == pytest.approx(8 * 200 * 4 / 3600)
