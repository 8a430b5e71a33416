"""Predicted against measured: points, bands, shares, and what the title may claim."""

from copy import deepcopy

import pytest

from llmcost import InputError
from llmcost.picture import Band, Points, Region
from llmcost.views.pictures import picture, pictures_of
from llmcost.views.pictures.accuracy import MOST_POINTS
from llmcost.views.validations import IN_SAMPLE, LEFT_OUT
from tests.pictures.saved_results import marks, points


def step(number, measured, predicted, gpu="h100-sxm", **other):
    """A scored step as a validation saves it."""
    return {
        "id": f"row-{number}",
        "model": "a model",
        "accelerator": gpu,
        "num_gpus": 8,
        "measured_step_time": measured,
        "predicted_step_time": predicted,
        "low": predicted * 0.9,
        "high": predicted * 1.1,
        "unit": "s",
        "error": predicted / measured - 1,
        "scored": True,
        "apart": "",
    } | other


def run(number, measured, predicted):
    """A scored whole run as a validation saves it."""
    row = step(number, measured, predicted) | {"unit": "GPU*hour"}
    del row["measured_step_time"], row["predicted_step_time"]
    return row | {"measured_gpu_hours": measured, "predicted_gpu_hours": predicted}


@pytest.fixture
def saved():
    """Three scored steps, one that could not be scored, one kept apart, and one whole run."""
    rows = [
        *(step(1, 1.0, 1.05), step(2, 10.0, 8.5, "b200"), step(3, 2.0, 3.0)),
        step(4, 5.0, 5.0, scored=False, error=None),
        step(5, 4.0, 8.0, apart="fine-tuning"),
        run(6, 1e5, 1.2e5),
    ]
    steps = {"configurations": 3, "median": 0.15, "within_10": 1 / 3, "within_20": 2 / 3}
    runs = {"configurations": 1, "median": 0.2, "within_10": 0.0, "within_20": 1.0}
    whole = {"overall": steps | {"p90": 0.5, "coverage": 1.0}}
    summary = {"throughput": whole, "runs": {"overall": runs}, "notes": []}
    return {"schema": "llmcost.validation/1", "summary": summary, "rows": rows}


def drawn(data):
    return picture("accuracy", data)


def test_a_point_lies_at_what_was_measured_and_what_was_predicted(saved):
    against, ratio, runs = drawn(saved).panels

    assert set(points(against).values()) == {(1.0, 1.05), (10.0, 8.5), (2.0, 3.0), (4.0, 8.0)}
    assert {y for _, y in points(ratio).values()} == {1.05, 0.85, 1.5, 2.0}
    assert list(points(runs).values()) == [(1e5, 1.2e5)]
    assert all(panel.x.scale == panel.y.scale == "log" for panel in (against, runs))


def test_both_axes_have_the_same_ends_so_that_the_diagonal_is_one(saved):
    for panel in (drawn(saved).panels[0], drawn(saved).panels[2]):
        assert panel.x.limits == panel.y.limits


def test_bands_are_ten_and_twenty_percent_of_what_was_measured(saved):
    against, ratio, _ = drawn(saved).panels
    far, near = marks(against, Band)

    assert (far.label, near.label) == ("Within 20%", "Within 10%")
    assert near.high == pytest.approx([1.1 * x for x in near.x])
    assert far.low == pytest.approx([0.8 * x for x in far.x])
    assert [(r.low, r.high, r.axis) for r in marks(ratio, Region)] == [
        *((0.8, 1.2, "y"), (0.9, 1.1, "y")),
    ]


def test_the_title_gives_the_median_error_and_the_share_within_a_fifth(saved):
    made = drawn(saved)

    assert made.title == (
        "Half of 3 published configurations are predicted within 15% and 67% within 20%"
    )
    assert made.panels[0].title == "Step time: 33% within 10%, 67% within 20%"
    assert "nine in ten are within 50%" in made.description


@pytest.mark.parametrize(
    ("note", "told"),
    [(IN_SAMPLE, "by constants fitted on them"), (LEFT_OUT, "fitted without their source")],
)
def test_the_title_says_what_the_constants_were_fitted_on(saved, note, told):
    saved["summary"]["notes"] = [note]
    made = drawn(saved)

    assert made.title.endswith(told)
    assert note in made.description


def test_runs_kept_apart_are_grey_and_what_is_not_scored_is_not_there(saved):
    made = drawn(saved)
    [apart] = marks(made.panels[0], Points, "Kept out of the shares")

    assert apart.x == (4.0,)
    assert (
        "Grey crosses, of which there are 1, are left out of them: fine-tuning." in made.description
    )
    assert "row-4" not in " ".join(points(made.panels[0]))


def test_the_rarest_of_many_accelerators_share_one_grey(saved):
    saved["rows"] = [
        step(f"{gpu}-{n}", 1.0 + n, 1.1, f"gpu-{gpu}") for gpu in range(9) for n in range(10 - gpu)
    ]
    groups = {mark.label: len(mark.x) for mark in marks(drawn(saved).panels[0], Points)}

    assert groups == {**{f"gpu-{n}": 10 - n for n in range(6)}, "other": 4 + 3 + 2}


def test_ten_thousand_rows_are_thinned_and_said_to_be(saved):
    saved["rows"] = [step(n, 1.0 + n, 1.0 + n) for n in range(10_000)]
    made = drawn(saved)

    assert len(points(made.panels[0])) == len(made.table.rows) == MOST_POINTS
    assert "Step time: 10,000 rows, 2,000 of them drawn" in made.description


def test_whole_runs_alone_have_their_own_title(saved):
    data = deepcopy(saved)
    data["rows"] = data["rows"][-1:]
    del data["summary"]["throughput"]

    assert drawn(data).title == "Half of 1 whole runs are predicted within 20% and 100% within 20%"
    assert [panel.x.unit for panel in drawn(data).panels] == ["GPU-hours"]


def test_rows_without_a_summary_claim_no_share(saved):
    saved["summary"] = {"throughput": {"overall": None}}

    assert drawn(saved).title.startswith("5 measurements beside their predictions")


def test_without_a_scored_row_there_is_no_such_picture(saved):
    saved["rows"] = [row | {"scored": False} for row in saved["rows"]]

    assert pictures_of(saved) == ()
    with pytest.raises(InputError, match="no row of the validation was scored"):
        drawn(saved)
