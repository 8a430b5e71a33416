"""Steps, launches and processes of a log: each step is counted once."""

import numpy as np
import pytest
from made_logs import START, chunk, codes, launch, stamped, steps, tracked, values

from llmcost.errors import InputError, LogFormatError
from llmcost.logs.launches import covered
from llmcost.logs.record import END, EVALUATION, STOPPED, Event


def together(*parts):
    """Return the columns of several stretches, one after the other."""
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def interleaved(columns, ranks, delay=0.0):
    """Return columns as that many processes write them, step by step."""
    rows = np.repeat(np.arange(len(columns["step"])), ranks)
    found = {name: values[rows] for name, values in columns.items()}
    found["rank"] = np.tile(np.arange(ranks, dtype=float), len(columns["step"]))
    if "time_stamp" in found:
        found["time_stamp"] = found["time_stamp"] + delay * found["rank"]
    return found


def test_a_plain_run_counts_its_steps():
    found = values(tracked(chunk(steps(1, 100))))

    assert (found["steps"], found["steps_executed"], found["lost_steps"]) == (100, 100, 0)
    assert (found["first_step"], found["last_step"], found["launches"]) == (1, 100, 1)


def test_steps_that_start_lower_again_are_a_new_launch_and_lost_work():
    found = tracked(chunk(together(steps(1, 100), steps(81, 150))))

    assert values(found)["steps"] == 150
    assert values(found)["steps_executed"] == 170
    assert values(found)["lost_steps"] == 20
    assert [row["repeated_steps"] for row in found.segments] == [0, 20]


def test_records_of_every_tenth_step_stand_for_ten_each():
    columns = {"step": np.arange(10.0, 101.0, 10.0), "step_time": np.full(10, 2.0)}

    assert values(tracked(chunk(columns)))["steps"] == 100


def test_a_first_record_that_comes_alone_stands_for_as_many():
    """A log that is followed comes record by record."""
    whole = {"step": np.arange(10.0, 101.0, 10.0), "step_time": np.full(10, 2.0)}
    whole |= {"line": np.arange(1.0, 11.0), "time_stamp": whole["step"] * 2}
    pieces = [chunk({name: each[at : at + 1] for name, each in whole.items()}) for at in range(10)]
    found, together = tracked(*pieces), tracked(chunk(whole))

    assert values(found)["steps"] == 100
    assert found.reports["wall_clock"] == together.reports["wall_clock"]


@pytest.mark.parametrize("alone", [0, 1, 2])
def test_a_launch_of_one_record_stands_for_as_many_as_the_records_of_others(alone):
    """Launches at every hundredth step from 100, one of which ended after its first record."""
    launches = [[100.0 * at for at in range(1, 4)] for _ in range(3)]
    launches[alone] = [100.0]
    numbers = np.concatenate(launches)
    columns = {"step": numbers, "step_time": np.full(len(numbers), 2.0)}
    began = np.cumsum([0, *map(len, launches[:-1])]) * 10 + 5
    lines = np.arange(1, len(numbers) + 1) * 10.0
    found = tracked(chunk(columns | {"line": lines}, [launch(int(line)) for line in began]))

    assert [row["steps"] for row in found.segments] == [one[-1] for one in launches]


def test_a_first_step_that_is_logged_by_itself_stands_for_one():
    columns = {"step": [1.0, 10.0, 20.0], "step_time": [9.0, 2.0, 2.0]}

    assert values(tracked(chunk(columns)))["steps"] == 20


def test_processes_named_in_their_lines_are_one():
    found = tracked(chunk(interleaved(steps(1, 50, loss=3.0), 8)))

    assert values(found)["steps_executed"] == 50
    assert found.reports["logs"][0]["processes"] == 8
    assert "--gpus (lines of 8 processes" in found.results["num_gpus"].reason


def test_processes_without_names_are_one_where_step_and_loss_are_the_same():
    columns = interleaved(stamped(1, 50, loss=np.linspace(9, 3, 50)), 4, delay=0.01)
    del columns["rank"]

    assert values(tracked(chunk(columns)))["steps_executed"] == 50


def test_late_lines_of_other_processes_are_no_new_launch():
    own = stamped(1, 20, loss=np.linspace(9, 3, 20))
    order = np.array([0, 1, 2, 0, 1, 3, 2, 4, 3, *range(5, 20)])
    columns = {name: values[order] for name, values in own.items()}
    columns["time_stamp"] = np.maximum.accumulate(columns["time_stamp"])

    found = values(tracked(chunk(columns)))

    assert (found["launches"], found["steps_executed"]) == (1, 20)


def test_the_same_steps_and_losses_long_after_are_done_again():
    first = stamped(1, 20, loss=np.linspace(9, 3, 20))
    again = stamped(1, 20, loss=np.linspace(9, 3, 20), start=START + 3600)

    found = values(tracked(chunk(together(first, again))))

    assert (found["launches"], found["lost_steps"]) == (2, 20)


def test_a_launch_that_the_log_announces_goes_on_with_the_next_step():
    columns = steps(1, 40)
    columns["line"] = np.arange(10.0, 410.0, 10.0)
    found = tracked(chunk(columns, [launch(1), launch(211), launch(212)]))

    assert values(found)["launches"] == 2
    assert values(found)["lost_steps"] == 0
    assert [row["first_step"] for row in found.segments] == [1, 22]


def test_a_clock_of_the_launch_that_starts_again_is_a_new_launch():
    columns = steps(1, 20)
    del columns["step_time"]
    columns["run_clock"] = np.r_[np.arange(10.0, 110.0, 10.0), np.arange(12.0, 112.0, 10.0)]

    found = tracked(chunk(columns))

    assert values(found)["launches"] == 2
    assert values(found)["median_step_time"] == pytest.approx(10.0, rel=1e-12)


def test_a_step_number_cut_off_in_its_middle_is_no_launch():
    columns = steps(195, 205)
    columns["step"][6] = 20

    found = tracked(chunk(columns))

    assert (values(found)["launches"], values(found)["steps"]) == (1, 11)
    assert "torn-records" in codes(found)


def test_how_a_launch_ended_is_told():
    columns = together(steps(1, 10), steps(9, 12))
    columns["line"] = np.r_[np.arange(1.0, 11.0), np.arange(20.0, 24.0)]
    events = [Event(15, STOPPED), launch(18), Event(30, END)]

    assert [row["ending"] for row in tracked(chunk(columns, events)).segments] == ["stopped", "end"]


def test_a_log_given_twice_counts_once():
    columns = stamped(1, 100, loss=2.5)
    found = tracked(chunk(columns), chunk(columns), sources=[0, 1])

    assert values(found)["steps_executed"] == 100
    assert found.reports["step_times"]["records"] == 99
    assert "copies" in codes(found)


def test_logs_of_two_processes_without_stamps_count_once():
    times = np.r_[11.3, np.full(99, 2.0)]
    columns = steps(1, 100, loss=np.linspace(9, 3, 100)) | {"step_time": times}

    assert values(tracked(chunk(columns), chunk(columns), sources=[0, 1]))["launches"] == 1


def test_logs_of_a_run_may_be_given_in_any_order():
    first, second = stamped(1, 100), stamped(91, 200, start=START + 1000)
    found = tracked(chunk(second), chunk(first), sources=[0, 1])

    assert [row["first_step"] for row in found.segments] == [1, 91]
    assert values(found)["lost_steps"] == 10


def test_chunks_are_read_as_one_log_whatever_their_size():
    columns = together(stamped(1, 70), stamped(61, 90, start=START + 500))
    whole = tracked(chunk(columns))
    lines = np.arange(1.0, 101.0)
    parts = [
        chunk(
            {name: values[at : at + 7] for name, values in columns.items()}
            | {"line": lines[at : at + 7]}
        )
        for at in range(0, 100, 7)
    ]

    assert tracked(*parts).to_dict()["results"] == whole.to_dict()["results"]


def test_two_formats_that_tell_of_the_same_steps_count_once():
    timed, plain = steps(1, 50), {"step": np.arange(1.0, 51.0)}
    found = tracked(chunk(plain, name="plain"), chunk(timed, name="timed"))

    assert values(found)["steps_executed"] == 50
    assert values(found)["median_step_time"] == 2.0


def test_launches_of_two_formats_in_one_log_are_both_counted():
    """A framework that was changed between two launches: lines of one, then of the other."""
    before, after = stamped(1, 50), stamped(51, 150, start=START + 1000)
    found = tracked(
        chunk(before | {"line": np.arange(1.0, 51.0)}, stamps=(START, START + 1200), name="former"),
        chunk(
            after | {"line": np.arange(60.0, 160.0)}, stamps=(START, START + 1200), name="latter"
        ),
    )

    assert [row["format"] for row in found.segments] == ["former", "latter"]
    assert found.segments[0]["end"] == "2023-11-14T22:15:00"
    assert "launches-overlap" not in codes(found)
    assert values(found)["steps"] == 150
    assert values(found)["lost_steps"] == 0


def test_lines_of_another_format_between_are_of_the_same_steps():
    timed, other = steps(1, 100), steps(10, 30)
    found = tracked(
        chunk(timed | {"line": np.arange(1.0, 101.0)}, name="timed"),
        chunk(other | {"line": np.arange(20.0, 41.0)}, name="other"),
    )

    assert values(found)["steps_executed"] == 100


def test_records_without_any_step_number_are_counted_by_themselves():
    found = values(tracked(chunk({"step_time": np.full(30, 2.0)})))

    assert (found["steps"], found["median_step_time"]) == (30, 2.0)


def test_steps_that_start_again_without_end_are_no_log():
    with pytest.raises(LogFormatError, match="10,000 times"):
        tracked(chunk({"step": np.tile([2.0, 1.0], 20_000)}))


def test_a_log_without_a_step_is_refused():
    with pytest.raises(InputError, match="no step"):
        tracked(chunk({"line": []}))


def test_covered_steps_are_a_union():
    assert covered([(0, 10), (5, 12), (20, 30), (25, 26)]) == 22
    assert covered([]) == 0


def test_steps_that_the_log_does_not_number_are_told_as_counted():
    """A log of every tenth step would count a tenth of them."""
    columns = {"loss": np.linspace(9, 8, 20), "step_time": np.full(20, 2.0)}

    assert "steps-counted" in codes(tracked(chunk(columns)))
    assert "steps-counted" not in codes(tracked(chunk(steps(1, 20))))


@pytest.mark.parametrize("alone", [False, True])
def test_steps_numbered_from_zero_that_every_tenth_is_told_of_count_whole(alone):
    """NeMo numbers the tenth step 9."""
    columns = {"step": np.arange(9.0, 200.0, 10.0), "step_time": np.full(20, 2.0)}
    columns["line"] = np.arange(1.0, 21.0)
    pieces = [chunk(columns)]
    if alone:
        pieces = [
            chunk({name: each[at : at + 1] for name, each in columns.items()}) for at in range(20)
        ]
    found = values(tracked(*pieces, steps=1000))

    assert (found["steps"], found["steps_executed"]) == (200, 200)
    assert found["time_to_finish"] == pytest.approx(800 * 2 / 86400)


def test_an_evaluation_in_the_one_step_that_a_line_times_counts_once():
    """NanoGPT tells every tenth step the time of that step, evaluation and all."""
    slow = np.arange(0.0, 1000.0, 10.0) % 100 == 0
    columns = {"step": np.arange(0.0, 1000.0, 10.0), "step_time": np.where(slow, 9.0, 0.25)}
    columns["line"] = np.arange(100.0) * 2 + 2
    events = [Event(int(line) - 1, EVALUATION) for line in columns["line"][slow]]
    found = values(tracked(chunk(columns, events, name="nanogpt"), num_gpus=8))

    assert found["median_step_time"] == 0.25
    assert found["gpu_hours"] == pytest.approx(8 * (10 * 9 + 981 * 0.25) / 3600, rel=0.02)
