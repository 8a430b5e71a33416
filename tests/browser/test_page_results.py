"""A page of real results, of every kind that is drawn: each picture there, and each answers."""

import json

import pytest

from llmcost import compare
from llmcost.studies.saved import Saved
from llmcost.views import document
from llmcost.views.pictures import PICTURES
from llmcost.views.reports import build_report
from tests.saved_kinds import DATES, RUN, saved

KINDS = ("estimate", "comparison", "sensitivity", "reconciliation", "validation", "facts", "track")


def grown():
    """A comparison of the same accelerator in three numbers."""
    setups = [f"h100-sxm:{number}" for number in (64, 128, 256)]
    answer = compare(RUN["model"], tokens=RUN["tokens"], setups=setups, **DATES)
    return json.loads(json.dumps(document(answer).data))


@pytest.fixture(scope="module")
def report():
    """One report with every picture that there is."""
    return build_report(
        [*(Saved(f"{kind}.json", saved(kind)) for kind in KINDS), Saved("growth.json", grown())]
    )


@pytest.fixture
def page_of_all(opened, report, tmp_path):
    """Open the page of that report."""
    from llmcost.render.reports.page import page

    (tmp_path / "all.html").write_text(page(report), encoding="utf-8")
    opened.pages = tmp_path
    return opened("all")


def test_every_picture_that_there_is_is_drawn_and_answers(page_of_all, report):
    """Each has marks, a line of a legend that hides some, and a range that zooms."""
    tab = page_of_all
    made = [picture for section in report.sections for picture in section.pictures]
    assert {picture.name for picture in made} == set(PICTURES)
    assert tab.locator("figure .plot[data-drawn=yes]").count() == len(made)

    for number, picture in enumerate(made, start=1):
        figure = tab.locator(f"#picture-{number}")
        assert figure.locator("h3").inner_text() == picture.title
        assert picture.source in figure.locator(".source").inner_text()
        assert figure.locator(".main-svg").first.bounding_box()["height"] > 60
        shown = "at => document.querySelectorAll('.js-plotly-plot')[at]._fullLayout.xaxis.range"
        before = tab.evaluate(shown, number - 1)
        figure.locator("button[aria-label='Zoom in']").click()
        assert tab.evaluate(shown, number - 1) != before
        for line in figure.locator(".legend button").all()[:1]:
            line.click()
            assert line.get_attribute("aria-pressed") == "false"
