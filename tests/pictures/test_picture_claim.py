"""The picture of a claim: where it is shaded, what is drawn of our draws, and what others say."""

import pytest

from llmcost.errors import InputError
from llmcost.picture import CLAIM, Band, Bars, Points, Region, Rule, Whiskers
from llmcost.render.pictures import drawn_in_text
from llmcost.render.reports.plotly_figures import figure
from llmcost.views.pictures import picture
from tests.pictures.results_by_hand import HEAD, made


def basis(name, value, low, high, **more):
    return {
        "basis": name,
        "title": name,
        "value": value,
        "low": low,
        "high": high,
        "can_be_meant": True,
        "share_inside": 0.75,
        "verdict": "consistent",
        **more,
    }


def row(name="c", low=20.0, high=200.0, *bases, **more):
    bases = bases or (basis("on-demand", 100.0, 50.0, 300.0),)
    main = bases[0]
    return {
        "name": name,
        "label": name,
        "says": "$20 – $200",
        "subject": "tiny",
        "quantity": "cost",
        "relation": "between",
        "low": low,
        "high": high,
        "allowed": [low, high],
        "unit": "USD",
        "said": "2024-07-31",
        "title": "An essay",
        "estimate": main and main["value"],
        "estimate_low": main and main["low"],
        "estimate_high": main and main["high"],
        "basis": main and main["basis"],
        "share_inside": main and main["share_inside"],
        "as_of": "2024-07-01",
        "verdict": "consistent",
        "bases": [each for each in bases if each],
        "published": [],
        **more,
    }


def saved(*rows):
    return {"schema": "llmcost.reconciliation/1", **HEAD, "claims": "essays", "rows": list(rows)}


def drawn(*rows):
    return picture("claim", saved(*(rows or (row(),))))


def found(panel, kind):
    return [mark for mark in panel.marks if isinstance(mark, kind)]


def test_the_claim_is_the_shaded_range():
    (region,) = found(drawn().panels[0], Region)

    assert (region.low, region.high, region.colour) == (20.0, 200.0, CLAIM)
    assert region.label == "claimed: $20 – $200"


def test_an_open_claim_is_shaded_to_the_end_of_the_axis():
    open_end = row(high=None, allowed=[20.0, None], says="over $20")
    panel = drawn(open_end).panels[0]
    (region,) = found(panel, Region)

    assert region.low == 20.0
    assert region.high == panel.x.limits[1] > 300.0


def test_an_axis_is_logarithmic_from_ten_times_on():
    """300 over 20 is 15 times; 100 over 20 is 5."""
    assert drawn().panels[0].x.scale == "log"
    near = row("c", 20.0, 80.0, basis("on-demand", 60.0, 40.0, 100.0))
    assert drawn(near).panels[0].x.scale == "linear"


def test_draws_are_a_band_whose_peak_is_as_high_as_its_row():
    """Bins of equal width hold 1, 4 and 2 draws, so that the outer ones are 1/4 and 2/4 as high."""
    bins = {"edges": [10.0, 20.0, 30.0, 40.0], "counts": [1, 4, 2]}
    near = row("c", 15.0, 35.0, basis("on-demand", 25.0, 15.0, 38.0, histogram=bins))
    (band,) = found(drawn(near).panels[0], Band)

    assert band.x == (10.0, 15.0, 25.0, 35.0, 40.0)
    heights = [high - low for low, high in zip(band.low, band.high, strict=True)]
    assert heights == pytest.approx([0.0, 0.125, 0.5, 0.25, 0.0])


def test_on_a_log_axis_a_bin_is_as_high_as_it_is_dense_there():
    """As many draws between 1 and 10 as between 10 and 1000: the second is half as dense."""
    bins = {"edges": [1.0, 10.0, 1000.0], "counts": [500, 500]}
    wide = row("c", 1.0, 100.0, basis("on-demand", 10.0, 2.0, 500.0, histogram=bins))
    (band,) = found(drawn(wide).panels[0], Band)

    heights = [high - low for low, high in zip(band.low, band.high, strict=True)]
    assert heights == pytest.approx([0.0, 0.5, 0.25, 0.0])
    assert band.x == pytest.approx((1.0, 10**0.5, 100.0, 1000.0))


def test_the_far_ends_of_the_draws_are_not_drawn_and_it_says_so():
    """Of 1,000 draws half a percent is 5: the 3 lowest and the 2 highest are left out."""
    bins = {"edges": [1.0, 2.0, 3.0, 4.0, 5.0], "counts": [3, 500, 495, 2]}
    shown = drawn(row("c", 2.0, 3.0, basis("on-demand", 3.0, 2.0, 4.0, histogram=bins)))
    (band,) = found(shown.panels[0], Band)

    assert (band.x[0], band.x[-1]) == (2.0, 4.0)
    assert "At most half a percent of draws on either side are not drawn." in shown.description


def test_what_the_claim_cannot_mean_is_grey():
    bins = {"edges": [500.0, 700.0, 900.0], "counts": [5, 5]}
    bought = basis("purchase", 700.0, 600.0, 800.0, histogram=bins, can_be_meant=False)
    shown = drawn(row("c", 20.0, 200.0, basis("on-demand", 100.0, 50.0, 300.0), bought))
    (band,) = found(shown.panels[0], Band)

    assert band.label == "draws, not what is claimed"
    assert "buying the cluster $700 ($600 – $800), 75% of draws inside, not what is claimed" in (
        shown.description
    )


OTHER = {
    "name": "pc-1",
    "by": "Somebody 2025",
    "says": "about $90",
    "low": 90.0,
    "high": 90.0,
    "value": 90.0,
    "unit": "USD",
    "price_basis": "owner",
    "said": "2025-01-31",
}


def test_others_are_named_dots_on_the_same_axis():
    ranged = {**OTHER, "by": "Another 2025", "says": "$40 – $80", "low": 40.0, "high": 80.0}
    panel = drawn(row(published=[OTHER, ranged])).panels[1]
    (points,) = found(panel, Points)
    (spans,) = found(panel, Whiskers)

    assert points.x == (90.0, 60.0)
    assert (spans.low, spans.high) == ((40.0,), (80.0,))
    assert panel.y.ticks[0] == (0.0, "Somebody 2025 (owner): about $90")
    assert panel.x == drawn(row(published=[OTHER, ranged])).panels[0].x
    assert found(panel, Region)


def test_the_title_is_the_finding():
    assert drawn().title == (
        "The claim of $20 – $200 for tiny agrees with our estimate (rented, on demand) of $100 "
        "($50 – $300); 75% of our draws lie inside"
    )
    assert "is above our estimate" in drawn(row(verdict="high")).title


def test_a_claim_saved_without_words_is_told_by_its_ends():
    bare = {name: value for name, value in row().items() if name not in ("says", "label")}

    assert drawn(bare).title.startswith("The claim of $20 – $200 for tiny")


def test_many_claims_are_multiples_of_the_claim():
    """Ours is 100 of 20 to 200, whose geometric middle is 63.2: 1.58 times it; 50 of 100: half."""
    about = row("b", 100.0, 100.0, basis("owner", 50.0, 40.0, 60.0), allowed=[90.0, 110.0])
    shown = drawn(row(), {**about, "verdict": "high"})
    panel = shown.panels[0]
    (allowed,) = found(panel, Bars)
    points = {mark.label: mark.x[0] for mark in found(panel, Points)}

    assert points == pytest.approx({"consistent": 1.5811, "claim is above ours": 0.5}, rel=1e-4)
    assert allowed.starts == pytest.approx((20 / 63.2456, 0.9), rel=1e-4)
    assert allowed.ends == pytest.approx((200 / 63.2456, 1.1), rel=1e-4)
    assert [rule.value for rule in found(panel, Rule)] == [1.0]
    assert shown.title == "1 of 2 claims agree with our estimates; 1 is above them"


def test_claims_that_cannot_be_compared_are_counted():
    absent = row("x", 1.0, 2.0, None, verdict="not comparable")

    assert drawn(row(), row("d"), absent).description.endswith(
        "1 that cannot be compared are left out."
    )


def test_of_very_many_claims_all_that_do_not_hold_are_drawn():
    many = [row(f"c{i}", verdict="low" if i >= 35 else "consistent") for i in range(40)]
    shown = drawn(*many)

    drawn_rows = shown.table.records()
    assert len(drawn_rows) == 30
    assert sum(one["verdict"] == "low" for one in drawn_rows) == 5
    assert "10 more that are consistent are not drawn." in shown.description


def test_nothing_to_compare_is_refused():
    with pytest.raises(InputError, match="none of its claims can be compared"):
        drawn(row("x", 1.0, 2.0, None))


def test_the_claim_on_the_training_cost_is_drawn_with_what_others_published():
    """The AI Index of Stanford says about 170 million dollars, Epoch AI 51 million, amortised."""
    data = made("training-cost")
    ours, theirs = picture("claim", data).panels
    (region,) = found(ours, Region)

    assert (region.low, region.high) == (35e6, 200e6)
    assert len(found(ours, Band)) == 5
    names = " ".join(name for _, name in theirs.y.ticks)
    assert "Stanford HAI 2025 (reserved 3y): about $170M" in names
    assert "Epoch AI 2025 (owner): about $51M" in names


def test_bins_hold_every_draw_of_a_basis():
    bases = made("training-cost")["rows"][0]["bases"]
    bins = [one["histogram"] for one in bases if "histogram" in one]

    assert [sum(one["counts"]) for one in bins] == [400] * 5
    assert all(len(one["edges"]) == len(one["counts"]) + 1 for one in bins)


@pytest.mark.parametrize("extreme", [1e-300, 5e-324, 1e305])
def test_numbers_beyond_every_axis_do_not_stop_a_drawing(extreme):
    """Edited by hand, a file may hold them; its other numbers are drawn."""
    bases = (basis("on-demand", 100.0, 50.0, 300.0), basis("spot", extreme, extreme, extreme))
    shown = drawn(row("c", 20.0, 200.0, *bases))
    low, high = shown.panels[0].x.limits

    assert 0 < low < 20.0
    assert 300.0 < high < float("inf")
    assert drawn_in_text(shown, 80)
    assert figure(shown)
