"""The page in a browser: tables, widths, keyboard, print, what is saved, and what stays inert."""

import json
from pathlib import Path

import pytest

WIDTHS = (360, 768, 1440)


def column(tab, table, number):
    """Return the texts of a column of a table, from the top."""
    return tab.locator(f"#{table} tbody tr > :nth-child({number})").all_inner_texts()


def head(tab, table, text):
    """Return the button in the head of a column."""
    return tab.locator(f"#{table} th[scope=col]", has_text=text).locator("button")


def test_a_click_sorts_numbers_as_numbers_and_missing_ones_last(usual):
    tab = usual
    table = "section-2-table-1"
    assert column(tab, table, 2)[:3] == ["1,000", "999", "998"]

    head(tab, table, "GPUs").click()
    assert column(tab, table, 2)[:2] == ["989", "990"]
    assert column(tab, table, 2)[-1] == "1,000"
    sorted_by = tab.locator(f"#{table} th[aria-sort]")
    assert sorted_by.get_attribute("aria-sort") == "ascending"

    head(tab, table, "Cost").click()
    assert column(tab, table, 3)[-1] == "—"
    head(tab, table, "Cost").click()
    assert sorted_by.get_attribute("aria-sort") == "descending"
    assert column(tab, table, 3)[-1] == "—"
    assert column(tab, table, 1)[0] == "h100-sxm:1000"
    head(tab, table, "Cost").click()


def test_keys_sort_too_and_a_third_press_brings_the_first_order_back(usual):
    tab = usual
    table = "section-2-table-1"
    first = column(tab, table, 1)

    head(tab, table, "Setup").focus()
    tab.keyboard.press("Enter")
    assert column(tab, table, 1)[0] == "h100-sxm:989"
    tab.keyboard.press("Space")
    assert column(tab, table, 1)[0] == "h100-sxm:1000"
    tab.keyboard.press("Enter")
    assert column(tab, table, 1) == first
    assert tab.locator(f"#{table} th[aria-sort]").count() == 0


def test_numbers_of_several_units_are_in_no_order(usual):
    tab = usual

    assert head(tab, "section-1-table-1", "Value").count() == 0
    assert head(tab, "section-1-table-1", "Quantity").count() == 1


def test_a_long_table_is_leafed_through_sorted_whole_and_searched(long):
    tab = long
    table = "section-2-table-1"
    where = tab.locator(".pager .where").last
    assert where.inner_text() == "Rows 1–50 of 1,234"

    assert tab.locator("button[aria-label='Page back']").last.is_disabled()
    tab.locator("button[aria-label='Next page']").last.click()
    assert where.inner_text() == "Rows 51–100 of 1,234"
    assert column(tab, table, 1)[0] == "h100-sxm:950"

    head(tab, table, "Wall clock").click()
    head(tab, table, "Wall clock").click()
    assert where.inner_text() == "Rows 1–50 of 1,234"
    assert column(tab, table, 1)[0] == "h100-sxm:-233"
    assert tab.locator(f"#{table} tbody tr").first.locator("a[href='#source-2']").count() == 1

    tab.get_by_label("Find in this table").last.fill("h100-sxm:77 ")
    tab.wait_for_function(
        "() => document.querySelectorAll('#section-2-table-1 tbody tr').length <= 12"
    )
    assert all("h100-sxm:77" in name for name in column(tab, table, 1))
    tab.get_by_label("Find in this table").last.fill("nothing such")
    assert where.inner_text() == "No row has these words"
    tab.get_by_label("Find in this table").last.fill("")


def test_nothing_is_wider_than_the_screen(opened):
    tab = opened()
    tab.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true })")

    for width in WIDTHS:
        tab.set_viewport_size({"width": width, "height": 900})
        tab.wait_for_function(
            "() => [...document.querySelectorAll('.plot')].every(plot => "
            "Math.abs(plot.querySelector('.main-svg').clientWidth - plot.clientWidth) <= 1)"
        )
        inner, outer = tab.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        assert inner <= outer == width


def test_a_table_wider_than_the_screen_scrolls_by_itself_and_with_keys(opened):
    tab = opened(width=360)
    region = tab.locator(".table-scroll", has=tab.locator("#section-1-table-1"))

    assert region.get_attribute("tabindex") == "0"
    region.focus()
    tab.keyboard.press("ArrowRight")
    tab.wait_for_function(
        "() => document.querySelector('#section-1-table-1').parentElement.scrollLeft > 0"
    )


def test_the_keyboard_reaches_everything_in_order(opened):
    """The first stop skips to the report; the others come in the order that they are seen."""
    tab = opened()
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    assert tab.evaluate("document.activeElement.getBoundingClientRect().left") >= 0

    stops = []
    for _ in range(200):
        tab.keyboard.press("Tab")
        stop = tab.evaluate(
            "(() => { const e = document.activeElement; return e === document.body ? null : "
            "[e.tagName, (e.getAttribute('aria-label') || e.textContent).trim().slice(0, 24)] })()"
        )
        if stop is None:
            break
        stops.append(tuple(stop))
    wanted = [
        ("BUTTON", "Turn the page dark"),
        ("A", "Methods"),
        ("BUTTON", "rental"),
        ("BUTTON", "Zoom in"),
        ("SUMMARY", "The numbers in this pict"),
        ("BUTTON", "Quantity"),
        ("BUTTON", "on the front"),
        ("A", "https://arxiv.org/abs/24"),
        ("BUTTON", "Copy: Command"),
    ]
    assert [stops.index(each) for each in wanted] == sorted(stops.index(each) for each in wanted)

    tab.evaluate("document.querySelector('.skip').focus()")
    tab.keyboard.press("Enter")
    assert tab.evaluate("document.activeElement.id") == "content"


def test_the_print_is_light_whole_and_without_tools(opened):
    tab = opened(width=1200, color_scheme="dark")
    tab.emulate_media(media="print", color_scheme="dark")
    tab.wait_for_function("() => document.querySelector('.main-svg').clientWidth === 660")

    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    ink = tab.evaluate("document.querySelector('.js-plotly-plot')._fullLayout.font.color")
    assert ink == "#16181b"
    for tool in (".contents", ".theme", ".zoom", "[data-copy]"):
        assert not tab.locator(tool).first.is_visible()

    tab.emulate_media(media="screen", color_scheme="dark")
    tab.wait_for_function("() => document.querySelector('.main-svg').clientWidth !== 660")
    assert tab.pdf(format="A4").startswith(b"%PDF-")


def test_the_print_says_how_many_rows_are_left_out(long):
    tab = long
    tab.emulate_media(media="print")
    note = tab.locator(".left-out").last
    note.wait_for(state="visible")

    assert note.inner_text().startswith("Printed are 50 of 1,234 rows")
    assert tab.locator("#section-2-table-1 tbody tr").count() == 50
    tab.emulate_media(media="screen")
    note.wait_for(state="hidden")


@pytest.mark.parametrize("name", ["usual", "long"])
def test_the_data_is_saved_as_it_was(request, name):
    """A small result stands in the page as it is, a large one compressed."""
    tab = request.getfixturevalue(name)
    with tab.expect_download() as waiting:
        tab.locator("[data-save]").click()
    data = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))

    assert data["schema"] == "llmcost.estimate/1"
    if name == "long":
        assert data["padding"] == "<&>\u2028" * 400_000
        assert waiting.value.suggested_filename == "large.json"


def test_the_command_is_copied_or_at_least_selected(usual):
    tab = usual
    tab.locator("[data-copy]").click()
    tab.wait_for_function("() => document.querySelector('[data-copy]').textContent !== 'Copy'")

    assert tab.evaluate("getSelection().toString()").startswith("llmcost estimate llama-3.1-405b")


def test_a_footnote_leads_there_and_back(usual):
    tab = usual
    tab.locator("#cited-1-1").click()
    assert tab.url.endswith("#source-1")
    assert tab.locator("#source-1 .address").get_attribute("href") == (
        "https://arxiv.org/abs/2407.21783"
    )

    tab.locator("#source-1 .ways-back a").first.click()
    assert tab.url.endswith("#cited-1-1")


def test_names_that_try_to_act_are_words(usual):
    """The page runs no script but its own, in texts, names of files, tables and pictures."""
    tab = usual
    for button in tab.locator(".legend button").all():
        button.hover()

    assert tab.evaluate("window.acted") is None
    assert tab.locator("img").count() == 0
    assert tab.evaluate("document.querySelectorAll('a[href^=javascript]').length") == 0
    assert "<script>window.acted = 1</script>" in tab.locator("h1").inner_text()


def test_the_page_may_load_nothing(browser, pages):
    """Its policy stops a picture from elsewhere, and a script that is not one of its own two."""
    context = browser.new_context()
    tab = context.new_page()
    tab.goto((pages / "report.html").as_uri(), timeout=240_000)
    refused = tab.evaluate(
        """() => new Promise(done => {
            const refused = [];
            document.addEventListener('securitypolicyviolation', event => {
                refused.push(event.effectiveDirective);
                if (refused.length === 2) done(refused);
            });
            setTimeout(() => done(refused), 20000);
            const image = document.createElement('img');
            image.src = 'https://example.org/x.png';
            const script = document.createElement('script');
            script.textContent = 'window.acted = 4';
            document.body.append(image, script);
        })"""
    )

    assert sorted(refused) == ["img-src", "script-src-elem"]
    assert tab.evaluate("window.acted") is None
    context.close()


def test_everything_but_pictures_is_there_without_scripts(opened):
    tab = opened(java_script_enabled=False)

    assert tab.locator("#section-2-table-1 tbody tr").count() == 12
    assert "turned off here" in tab.locator("#picture-1 .plot").inner_text()
    assert "$77.0M" in tab.locator("#picture-1 figcaption").inner_text()
    assert not tab.locator("[data-theme-button]").is_visible()
