"""The style of the page: what it says twice agrees, and no colour is without a value."""

import re
from importlib.resources import files

CSS = (files("llmcost.render.reports") / "templates" / "page.css").read_text(encoding="utf-8")


def block(start):
    """Return the properties of the rule that starts so."""
    return dict(re.findall(r"([\w-]+): ([^;]+);", CSS.partition(start)[2].partition("}")[0]))


def test_dark_by_choice_is_dark_by_the_system():
    """A style sheet has no way to say both at once without a script."""
    chosen = block(':root[data-theme="dark"] {')

    assert {"color-scheme", "--ground", "--ink"} <= set(chosen)
    assert block(':root:not([data-theme="light"]) {') == chosen


def test_every_variable_that_is_used_has_a_value():
    defined = set(re.findall(r"^\s*(--[\w-]+):", CSS, re.MULTILINE))

    assert set(re.findall(r"var\((--[\w-]+)", CSS)) <= defined
