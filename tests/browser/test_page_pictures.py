"""Pictures of the page, in a browser: drawn, pointed at, hidden, zoomed, in the page's colours."""

import pytest

PICTURES = 3


def shown_range(tab, number=0, axis="xaxis"):
    """Return the ends that an axis of a picture shows."""
    return tab.evaluate(
        "([at, axis]) => document.querySelectorAll('.js-plotly-plot')[at]._fullLayout[axis].range",
        [number, axis],
    )


def bars(tab):
    """Return how many bars of the first picture are drawn."""
    return tab.locator("#picture-1 .bars .point path").count()


def test_every_picture_is_drawn_and_has_its_words_and_numbers(usual):
    tab = usual

    assert tab.locator("figure.picture .js-plotly-plot .main-svg").first.is_visible()
    assert tab.locator("figure .plot[data-drawn=yes]").count() == PICTURES
    for number in range(1, PICTURES + 1):
        figure = tab.locator(f"#picture-{number}")
        assert "$77.0M" in figure.locator("figcaption").inner_text()
        assert "4,096 draws" in figure.locator(".source").inner_text()
        figure.locator("summary").click()
        assert figure.locator("table").is_visible()
        figure.locator("summary").click()


def test_pointing_at_a_bar_tells_of_it(usual):
    tab = usual
    bar = tab.locator("#picture-1 .bars .point path").first
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()

    tab.mouse.move(box["x"] + box["width"] / 3, box["y"] + box["height"] / 2)
    tab.wait_for_selector("#picture-1 .hoverlayer .hovertext")

    assert "Rent $77.0M" in tab.locator("#picture-1 .hoverlayer").text_content()


def test_a_line_of_the_legend_hides_its_marks_and_shows_them_again(usual):
    tab = usual
    line = tab.locator("#picture-1 .legend button", has_text="servers")
    assert bars(tab) == 4

    line.click()
    tab.wait_for_function("() => document.querySelectorAll('#picture-1 .bars .point').length === 3")
    assert line.get_attribute("aria-pressed") == "false"

    line.focus()
    tab.keyboard.press("Enter")
    tab.wait_for_function("() => document.querySelectorAll('#picture-1 .bars .point').length === 4")
    assert line.get_attribute("aria-pressed") == "true"


def test_the_legend_hides_regions_and_rules_too(usual):
    tab = usual
    assert tab.locator("#picture-2 .shapelayer path").count() == 2

    for label in ("claimed", "median"):
        tab.locator("#picture-2 .legend button", has_text=label).first.click()

    tab.wait_for_function("() => !document.querySelector('#picture-2 .shapelayer path')")
    for label in ("claimed", "median"):
        tab.locator("#picture-2 .legend button", has_text=label).first.click()
    tab.wait_for_selector("#picture-2 .shapelayer path", state="attached")


def test_dragging_zooms_and_reset_goes_back(usual):
    tab = usual
    before = shown_range(tab)
    layer = tab.locator("#picture-1 .nsewdrag").first
    layer.scroll_into_view_if_needed()
    box = layer.bounding_box()

    tab.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 21, steps=6)
    tab.mouse.up()
    tab.wait_for_function(
        "before => document.querySelector('.js-plotly-plot')._fullLayout.xaxis.range[0] > before",
        arg=before[0] + 1,
    )
    after = shown_range(tab)
    assert after[1] - after[0] < 0.5 * (before[1] - before[0])

    tab.locator("#picture-1 button", has_text="Reset").click()
    assert shown_range(tab) == pytest.approx(before)


def test_keys_zoom_by_the_buttons_on_every_kind_of_axis(usual):
    """Zooming in shows 0.6 of what was shown: of numbers, of decades, and of days."""
    tab = usual
    linear, decades = shown_range(tab), shown_range(tab, 1)

    for number in (1, 2):
        tab.locator(f"#picture-{number} button[aria-label='Zoom in']").focus()
        tab.keyboard.press("Space")

    ends = shown_range(tab)
    assert ends[1] - ends[0] == pytest.approx(0.6 * (linear[1] - linear[0]))
    ends = shown_range(tab, 1)
    assert ends[1] - ends[0] == pytest.approx(0.6 * (decades[1] - decades[0]))
    assert "2024-0" in shown_range(tab, 1, "xaxis2")[0]
    for number in (1, 2):
        tab.locator(f"#picture-{number} button", has_text="Reset").click()
    assert shown_range(tab, 1) == pytest.approx(decades)


def test_what_is_hidden_and_zoomed_stays_when_the_page_turns_dark(opened):
    tab = opened()
    tab.locator("#picture-1 .legend button", has_text="servers").click()
    tab.locator("#picture-1 button[aria-label='Zoom in']").click()
    ends = shown_range(tab)
    light = tab.evaluate("getComputedStyle(document.body).backgroundColor")

    tab.locator("[data-theme-button]").click()

    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") != light
    ink = tab.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ink')")
    drawn = tab.evaluate("document.querySelector('.js-plotly-plot')._fullLayout.font.color")
    assert drawn == ink.strip()
    assert shown_range(tab) == pytest.approx(ends)
    assert bars(tab) == 3


def test_pictures_fit_the_width_they_have_as_it_changes(opened):
    tab = opened(width=1440)
    for width in (360, 900):
        tab.set_viewport_size({"width": width, "height": 900})
        tab.wait_for_function(
            "() => [...document.querySelectorAll('.plot')].every(plot => "
            "Math.abs(plot.querySelector('.main-svg').clientWidth - plot.clientWidth) <= 1)"
        )


def test_names_beside_points_and_on_axes_are_read_as_they_are(usual):
    tab = usual

    assert "h100-sxm:16000" in tab.locator("#picture-3 .plot").text_content()
    assert "<script>window.acted" in tab.locator("#picture-1 .yaxislayer-above").text_content()
