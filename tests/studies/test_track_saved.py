"""A saved track is read back whole; one that was changed is refused with the place."""

import json

import pytest

from llmcost import InputError
from llmcost.studies.saved import read_saved
from llmcost.views import document
from tests.tracked import track


def written(folder, change=None, known=None, **inputs):
    """The file of a track, changed by hand."""
    data = json.loads(json.dumps(document(track(known, **inputs)).data))
    if change is not None:
        change(data)
    path = folder / "track.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    return path


def test_a_track_is_read_back_as_it_was_saved(tmp_path):
    saved = read_saved(written(tmp_path))

    assert (saved.kind, saved.name) == ("track", "track.json")
    steps = {"value": 90, "unit": "", "low": None, "high": None}
    assert saved.data["results"]["steps"] == steps
    assert saved.data["results"]["finish_date"]["low"] == "2026-11-23"


def test_what_is_not_known_is_null_with_its_reason(tmp_path):
    saved = read_saved(written(tmp_path, known={"steps": 3}))

    assert saved.data["results"]["cost"] == {
        "value": None,
        "unit": "USD",
        "low": None,
        "high": None,
        "reason": "has no price: give --price",
    }


def put(*place, value):
    """A change that sets one part of a document."""

    def change(data):
        for key in place[:-1]:
            data = data[key]
        data[place[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda data: data.pop("segments"), "segments is missing"),
        (lambda data: data["results"].pop("mfu"), "results.mfu is missing"),
        (put("results", "cost", value=None), "results.cost is None; needs an object"),
        (put("results", "mfu", "low", value=0.5), "results.mfu.low is 0.5; needs at most high"),
        (put("results", "mfu", "high", value=None), "both ends or neither"),
        (put("results", "mfu", "value", value=None), "results.mfu.reason is missing"),
        (
            put("results", "mfu", value={"value": None, "unit": "", "reason": " "}),
            "results.mfu.reason is ' '; needs text that is not empty",
        ),
        (put("results", "mfu", "value", value="2026-01-01"), "all numbers or all days"),
        (
            put("results", "steps", "value", value="2026-01-01"),
            "results.steps.value is '2026-01-01'; needs a number",
        ),
        (
            put("results", "finish_date", value={"value": 5, "unit": ""}),
            "results.finish_date.value is 5; needs a day",
        ),
        (put("results", "finish_date", "low", value="soon"), "needs a number or a day"),
        (put("results", "cost", "value", value=1e999), "Infinity is no number"),
        (put("inputs", "gpu", "origin", "kind", value="guess"), "inputs.gpu.origin.kind"),
        (put("segments", 0, "steps", value=[1]), "segments[0].steps is [1]"),
        (put("reports", "wall_clock", "total", value=5), "reports.wall_clock.total is 5"),
        (put("reports", "series", "step", value=5), "reports.series.step is 5; needs a list"),
        (put("reports", "series", "steps", 0, value="x"), "reports.series.steps[0] is 'x'"),
        (put("reports", "difference", value={}), "reports.difference.estimate is missing"),
        (put("reports", "stated", value={"conventions": 5}), "reports.stated.conventions is 5"),
        (put("schema", value="llmcost.track/2"), "this program reads llmcost.track/1"),
    ],
)
def test_a_changed_track_is_refused_with_the_place(tmp_path, change, told):
    with pytest.raises(InputError) as caught:
        read_saved(written(tmp_path, change))

    message = str(caught.value)
    assert told in message
    assert "track.json" in message
