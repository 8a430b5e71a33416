"""Axe's checks of what keeps people out, on the page light and dark, narrow and wide."""

from itertools import pairwise

import pytest

SERIOUS = {"serious", "critical"}


def findings(tab):
    """Return what axe finds in the open page, the serious findings only."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe here")
    found = axe.Axe().run(tab).response["violations"]
    return [
        (each["impact"], each["id"], [node["html"][:160] for node in each["nodes"][:3]])
        for each in found
        if each["impact"] in SERIOUS
    ]


@pytest.mark.parametrize(("scheme", "width"), [("light", 360), ("dark", 1440)])
def test_nothing_serious_keeps_people_out(opened, scheme, width):
    tab = opened(width=width, color_scheme=scheme, bypass_csp=True)
    tab.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")

    assert findings(tab) == []
    tab.locator("[data-theme-button]").click()
    assert findings(tab) == []


def test_nor_in_a_long_table_that_is_sorted(opened):
    tab = opened("long", bypass_csp=True)
    tab.locator("#section-2-table-1 th button").first.click()

    assert findings(tab) == []


def test_headings_come_in_order_and_landmarks_once(usual):
    tab = usual
    levels = tab.evaluate(
        "[...document.querySelectorAll('h1, h2, h3, h4')].map(each => Number(each.tagName[1]))"
    )

    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    for landmark in ("main", "nav", "body > header", "body > footer"):
        assert tab.locator(landmark).count() == 1


def test_every_picture_is_told_to_who_cannot_see_it(usual):
    tab = usual
    plots = tab.locator("[role=img]").all()

    assert len(plots) == tab.locator("figure.picture").count() == 3
    for plot in plots:
        described = tab.locator("#" + plot.get_attribute("aria-describedby"))
        named = tab.locator("#" + plot.get_attribute("aria-labelledby"))
        assert "$77.0M" in described.inner_text()
        assert named.inner_text()
