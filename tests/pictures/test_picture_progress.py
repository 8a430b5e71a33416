"""The picture of a tracked run: every launch, where it stood still, and the median."""

import pytest

from llmcost.errors import InputError
from llmcost.picture import Line, Points, Rule
from llmcost.render.pictures import draw, drawn_in_text
from llmcost.views import document
from llmcost.views.pictures import picture, pictures_of
from tests.tracked import KNOWN, series, track


def drawn(known=None, **changes):
    """The picture of a track whose series is changed so."""
    data = document(track(known, reports={"series": series() | changes})).data
    return picture("progress", data)


def marks(made, kind):
    """The marks of one kind."""
    return [mark for mark in made.panels[0].marks if isinstance(mark, kind)]


def test_the_title_says_the_median_and_the_slowest():
    assert drawn().title == "A step takes 2 s (1.9 – 2.2 s); the slowest took 3.0 times as long"
    assert drawn({"steps": 3}).title == "The slowest of the run's steps took 6 s"


def test_each_launch_is_a_line_and_stalls_are_points():
    made = drawn()

    assert [mark.label for mark in marks(made, Line)] == ["Launch 1", "Launch 2"]
    assert marks(made, Line)[1].x == (60.0, 70.0, 80.0, 90.0)
    stalled = marks(made, Points)[0]
    assert (stalled.x, stalled.y) == ((90.0,), (6.0,))
    assert marks(made, Rule)[0].value == 2.0


def test_a_single_launch_needs_no_name():
    made = drawn(segment=[1] * 10, stalls=[0.0] * 10)

    assert [mark.label for mark in marks(made, Line)] == ["Step time"]
    assert not marks(made, Points)


def test_many_launches_share_a_line_of_the_legend():
    made = drawn(segment=list(range(1, 11)))

    assert {mark.label for mark in marks(made, Points)} == {
        "Step time",
        "With an evaluation or a checkpoint",
    }


def test_times_stand_on_an_axis_from_nought_unless_they_are_far_apart():
    assert drawn(step_time=[2.0] * 10).panels[0].y.limits == (0.0, pytest.approx(2.2))
    assert drawn(step_time=[2.0] * 9 + [2000.0]).panels[0].y.scale == "log"


def test_of_very_many_points_some_are_drawn():
    count = 5000
    made = drawn(
        step=list(range(count)),
        step_time=[2.0] * count,
        steps=[1.0] * count,
        stalls=[0.0] * count,
        segment=[1] * count,
    )

    assert len(marks(made, Line)[0].x) == 2000
    assert "Of 5,000 points 2,000 are drawn." in made.description


@pytest.mark.parametrize(
    "changes",
    [{"step_time": [None] * 10}, {"step": None}, {"step_time": [2.0] + [0.0] * 9}, {"steps": []}],
)
def test_without_times_there_is_no_picture(changes):
    data = document(track(KNOWN, reports={"series": series() | changes})).data

    assert pictures_of(data) == ()
    with pytest.raises(InputError, match="fewer than two records"):
        picture("progress", data)


def test_it_is_drawn_in_files_and_in_characters():
    assert draw(drawn(), "svg").startswith(b"<?xml")
    assert "Median 2 s" in drawn_in_text(drawn(), 80, ascii=True)
