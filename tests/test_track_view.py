"""The document of a track: what people and files are told, and what is left out."""

import pytest

from llmcost.render import render
from llmcost.studies.saved import Saved
from llmcost.studies.tracking.answer import RESULT_UNITS, Reading
from llmcost.views import document
from llmcost.views.log_formats import formats_document
from llmcost.views.reports import build_report
from llmcost.views.reports.methods import methods_text
from llmcost.views.reports.tracks import track_of
from llmcost.views.tracks import TITLES, reading_text, track_document
from tests.tracked import KNOWN, track


def table(made, name):
    """The table of a document with this name, `None` where there is none."""
    return next((each for each in made.tables if each.name == name), None)


def texts(made, name):
    """The texts of a table by its first column, without indents."""
    return {row[0].strip(): row[1:] for row in table(made, name).texts}


def test_the_title_says_model_steps_and_accelerators():
    assert document(track()).title == "llama-3.1-8b · 90 steps · 8 x h100-sxm"
    bare = track({"steps": 90}, model=None, gpu=None)
    assert document(bare).title == "A training run · 90 steps"
    some = track({"steps": 90, "num_gpus": 64}, model=None, gpu=None)
    assert document(some).title == "A training run · 90 steps · 64 GPUs"


def test_results_are_told_with_their_ranges():
    told = texts(document(track()), "results")

    assert told["Median step time"][:2] == ("2.00 s", "1.9 – 2.2 s")
    assert told["MFU"][:2] == ("20%", "18% – 21%")
    assert told["Steps executed"][:2] == ("100", "")
    assert told["of them lost"][0] == "10"
    assert told["Finish date"][:2] == ("2026-11-23", "2026-11-23 – 2026-11-24")
    assert told["Tokens/s"][0] == "32.8K"


def test_a_run_that_is_done_has_no_time_left():
    told = texts(document(track(KNOWN | {"time_to_finish": 0.0})), "results")

    assert told["Time to finish"][0] == "none"


def test_the_pace_of_the_last_day_stands_beside():
    report = {"time": {"value": 86400.0, "unit": "s"}, "steps": 5.0}
    later = {"time_to_finish": {"value": 3.0, "unit": "day"}}
    made = document(track(reports={"last_day": report | later}))

    note = "Time to finish: 3 days at the pace of the last day."
    assert note in table(made, "results").notes


def test_nothing_lost_is_not_told():
    told = texts(document(track(KNOWN | {"lost_steps": 0})), "results")

    assert "of them lost" not in told


def test_what_is_not_known_is_told_by_reason():
    made = document(track({"steps": 3}))
    by_reason = {row[1]: row[0] for row in table(made, "unknown").texts}

    assert by_reason["needs the model: give --model"] == "MFU"
    assert by_reason["has no price: give --price"] == "Cost so far"
    assert "Planned steps, first step" in by_reason["the log does not say it"]
    assert {row[0] for row in table(made, "results").rows} == {"steps"}


def test_a_log_that_says_everything_leaves_nothing_open():
    every = dict.fromkeys(track().results, 5.0) | {"finish_date": "2026-12-01"}

    assert table(document(track(every)), "unknown") is None


def test_the_figures_of_the_log_stand_beside_with_their_convention():
    known = KNOWN | {"stated_flop_rate": 5e14, "stated_mfu": 0.5}
    made = document(
        track(known, reports={"stated": {"conventions": {"Megatron-LM": "recompute counts"}}})
    )

    assert texts(made, "results")["MFU, by the log"][0] == "50%"
    assert texts(made, "results")["FLOP/s per GPU, by the log"][0] == "500 TFLOP/s"
    assert "FLOP/s per GPU, by the log: recompute counts." in table(made, "results").notes


def test_the_parts_of_the_wall_clock_add_up():
    rows = table(document(track()), "wall_clock").rows

    assert sum(row[1] for row in rows[:-1]) == pytest.approx(rows[-1][1])
    assert sum(row[2] for row in rows[:-1]) == pytest.approx(1.0)
    assert [row[0] for row in rows] == ["training", "lost_work", "checkpoints", "total"]


@pytest.mark.parametrize("report", [None, {}, {"parts": {}, "total": {"value": 0, "unit": "s"}}])
def test_without_stamps_there_is_no_wall_clock(report):
    assert table(document(track(reports={"wall_clock": report})), "wall_clock") is None


def test_launches_are_told_where_there_are_several():
    made = table(document(track()), "segments")

    assert made.people_fields == ("segment", "first_step", "last_step", "steps", "repeated_steps")
    assert made.texts[0] == ("1", "1", "60", "60", "10")


def test_of_very_many_launches_the_first_and_last_are_told():
    one = track()
    many = tuple({"segment": number, "steps": 5} for number in range(1, 101))
    made = table(document(type(one)(one.results, one.inputs, many)), "segments")

    assert [row[0] for row in made.rows] == [1, 2, 3, 4, 5, 6, 95, 96, 97, 98, 99, 100]
    assert made.notes == ("88 launches between them are in files: -o track.json.",)


def test_files_hold_every_result_and_input_by_name():
    made = document(track())
    rows = {row[0]: row for row in made.flat.rows}

    assert rows["median_step_time"][1:6] == (2.0, "s", 1.9, 2.2, "result")
    assert rows["model_flop_rate"][1] is None
    assert rows["model_flop_rate"][-1] == "the log does not say it"
    assert rows["input.gpu"][1] == "h100-sxm"
    assert set(track().results) <= set(rows)


@pytest.mark.parametrize("name", ["table", "plain", "markdown", "csv", "json", "latex", "html"])
def test_every_format_writes_it(name):
    text = render(track_document(track(warnings=[("odd", "something is odd")])), name)

    assert "something is odd" in text


def test_a_report_reads_the_same_track_back():
    data = document(track()).data
    again = track_of(data)

    assert again.to_dict() == data


def test_a_report_says_what_was_found():
    report = build_report([Saved("track.json", document(track()).data)])

    assert report.summary[0] == (
        "The run has done 90 steps, 2.00 s (1.9 – 2.2 s) each, MFU 20%, goodput 75%. It has cost "
        "$1.25 ($1.10 – $1.40)."
    )
    assert [section.name for section in report.sections] == ["track", "assumptions"]


def test_the_methods_of_a_report_say_how_it_was_measured():
    told = methods_text([document(track()).data])

    assert "those of the run's own log" in told
    assert "attention counted halved by causality" in told
    assert "Goodput is the time" in told
    assert "Goodput" not in methods_text([document(track({"steps": 3})).data])


def test_formats_are_listed_with_how_they_are_read():
    made = formats_document()
    rows = {row["name"]: row for row in made.data["results"]}

    assert rows["megatron"]["read"] == "line by line"
    assert all(row["title"] for row in rows.values())


def amounts(hours, cost):
    """GPU-hours and their cost."""
    return {"gpu_hours": hours, "cost": cost}


def difference(**changes):
    """A run that should have taken 100 GPU-hours at $2, of which half the tokens are done."""
    causes = {
        "tokens": amounts(-50.0, -100.0),
        "speed": amounts(10.0, 20.0),
        "lost_work": amounts(5.0, 10.0),
        "slower_steps": amounts(0.01, 0.02),
        "price": amounts(0.0, 65.0),
    }
    return {
        "estimate": "est.json",
        "predicted": amounts(100.0, 200.0),
        "predicted_for_these_tokens": amounts(50.0, 100.0),
        "measured": amounts(65.0, 195.0),
        "causes": causes | changes,
        "units": {"gpu_hours": "GPU*hour", "cost": "USD", "tokens": "token"},
    }


def test_what_differs_from_the_estimate_is_told_by_cause():
    made = table(document(track(reports={"difference": difference()})), "difference")

    assert [row[0].strip() for row in made.texts] == [
        "Estimated, the whole run",
        "tokens not yet done",
        "slower steps",
        "work done again",
        "a higher price",
        "Measured so far",
    ]
    assert made.texts[2][1:] == ("+10", "+$20", "+20.0%")
    assert made.texts[-1][1:] == ("65", "$195", "+30.0%")
    told = [row[1] for row in made.rows]
    assert sum(told[:-1]) == pytest.approx(told[-1])


def test_a_faster_run_saves():
    report = difference(speed=amounts(-10.0, -20.0), price=amounts(0.0, -5.0))
    made = table(document(track(reports={"difference": report})), "difference")

    assert {"faster steps", "a lower price"} <= {row[0].strip() for row in made.texts}


def test_without_a_price_hours_are_compared():
    report = difference() | {"measured": {"gpu_hours": 65.0, "cost": None}}
    made = table(document(track(reports={"difference": report})), "difference")

    assert [field.name for field in made.fields] == ["cause", "gpu_hours", "share"]


def test_every_result_has_a_title():
    assert set(TITLES) == set(RESULT_UNITS)


def test_a_track_is_short_in_a_shell_and_a_table_in_a_notebook():
    found = track()

    assert repr(found).startswith("Track(steps=")
    assert len(repr(found)) < 200
    assert "<table" in found._repr_html_()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (2.0017, "2.00 s"),
        (9.012, "9.01 s"),
        (12.44, "12.4 s"),
        (0.46217, "462 ms"),
        (0.0653, "65.3 ms"),
    ],
)
def test_step_times_are_told_to_three_digits(seconds, text):
    assert reading_text("median_step_time", Reading(seconds, "s")) == text
