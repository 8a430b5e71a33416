"""Prices by terms and day: points are quotes, lines the price that an estimate of the day takes."""

import json
from datetime import date

import pytest

from llmcost import InputError
from llmcost.catalog.prices import select_price
from llmcost.picture import NEUTRAL, Points
from llmcost.render.pictures import drawn_in_text
from llmcost.render.reports.plotly_figures import figure
from llmcost.studies.facts import facts
from llmcost.views.facts import facts_document
from llmcost.views.pictures import picture, pictures_of
from tests.pictures.saved_results import lines, marks


def saved(name):
    """Facts about prices as they are saved."""
    return json.loads(json.dumps(facts_document(facts("prices", name)).data))


def quote(as_of, price, provider, terms="on-demand", **other):
    """A rental quote of an accelerator, or of its purchase."""
    row = {
        "price_id": f"{provider}-{as_of}",
        "gpu": "h100-sxm",
        "provider": provider,
        "provider_class": "neocloud",
        "terms": terms,
        "price": price,
        "purchase_price": None,
        "as_of": as_of,
        "source": "list",
    }
    return row | other


def drawn(*rows):
    return picture("prices", {"schema": "llmcost.facts/1", "kind": "prices", "results": rows})


def day(text):
    return date.fromisoformat(text).toordinal()


@pytest.mark.parametrize("gpu", ["h100-sxm", "a100-sxm-40gb", "mi300x", "tpu-v4"])
def test_the_line_is_the_price_that_an_estimate_of_that_day_takes(gpu):
    panel = picture("prices", saved(gpu)).panels[0]
    found = 0
    for terms in ("on-demand", "spot", "marketplace", "reserved-1y"):
        for line in lines(panel, terms.replace("-", " ").capitalize()):
            # A stretch ends on the first day without a price, where the last one is drawn to.
            for place, rate in line[:-1]:
                chosen = select_price(gpu, terms=terms, as_of=date.fromordinal(int(place)))
                assert rate == chosen.value
                found += 1
    assert found > 3


def test_the_title_is_the_newest_price_and_that_of_a_year_before():
    """Of a the latest, 3, and of b 4: 3.50. A year before a alone was there, at 2."""
    made = drawn(
        quote("2025-01-10", 2.0, "a"),
        quote("2025-06-01", 2.5, "a"),
        quote("2025-12-01", 3.0, "a"),
        quote("2026-01-15", 4.0, "b"),
    )

    assert made.title == (
        "h100-sxm rents on demand at $3.50/GPU-hour, the median of 2 providers on 2026-01-15; "
        "a year before $2.00/GPU-hour"
    )
    assert lines(made.panels[0], "On demand") == [
        [
            *((day("2025-01-10"), 2.0), (day("2025-06-01"), 2.5), (day("2025-12-01"), 3.0)),
            *((day("2026-01-10"), 3.0), (day("2026-01-15"), 3.5)),
        ]
    ]


def test_a_price_older_than_a_year_ends_its_line():
    made = drawn(quote("2024-02-29", 2.0, "a"), quote("2026-01-15", 4.0, "b"))

    assert lines(made.panels[0], "On demand") == [
        [(day("2024-02-29"), 2.0), (day("2025-03-01"), 2.0)],
        [(day("2026-01-15"), 4.0)],
    ]


def test_terms_that_nobody_quotes_any_more_say_since_when():
    made = drawn(quote("2024-01-10", 2.0, "a", "spot"), quote("2026-01-15", 4.0, "b"))

    assert "Spot: 1 quote from 2024-01-10 to 2024-01-10, $2.00/GPU-hour, last taken as" in (
        made.description
    )
    assert "until 2025-01-10." in made.description


def test_a_date_without_a_day_is_a_stretch_of_days():
    made = drawn(quote("2026-01-15", 4.0, "b"), quote("2025", 3.0, "a"))
    [points] = marks(made.panels[0], Points, "On demand")

    assert (points.x_low, points.x_high) == (
        (day("2025-01-01"), day("2026-01-15")),
        (day("2025-12-31"), day("2026-01-15")),
    )
    assert points.x[0] == (day("2025-01-01") + day("2025-12-31")) / 2


def test_what_is_counted_in_no_price_is_a_grey_cross():
    made = drawn(
        quote("2026-01-15", 4.0, "b"),
        quote("2026-01-16", 1.0, "an index", provider_class="aggregate"),
    )
    [points] = marks(made.panels[0], Points, "Index or average, not counted")

    assert (points.colour, points.symbol, points.y) == (NEUTRAL, "cross", (1.0,))
    assert "at $4.00/GPU-hour" in made.title


def test_purchases_are_apart_from_rentals():
    sold = {"purchase_price": 30e3, "unit_kind": "board"}
    rent, buy = drawn(
        quote("2026-01-15", 4.0, "b"), quote("2024-01-15", None, "shop", "purchase", **sold)
    ).panels

    assert (rent.y.label, buy.y.label) == (
        "Rental price [USD/GPU/hour]",
        "Purchase price [USD/GPU]",
    )
    [points] = marks(buy, Points, "Bought on a board")
    assert (points.x, points.y) == ((day("2024-01-15"),), (30e3,))
    assert rent.x.limits == buy.x.limits
    assert rent.x.limits[0] < day("2024-01-15")


def test_purchases_alone_are_a_picture_too():
    sold = {"purchase_price": 30e3, "unit_kind": "chip"}
    made = drawn(quote("2024-01-15", None, "shop", "purchase", **sold))

    assert made.title == "h100-sxm sells at $30K/GPU in 1 quote"


def test_every_quote_is_drawn_and_in_the_table():
    data = saved("h100-sxm")
    made = picture("prices", data)
    points = [x for panel in made.panels for mark in marks(panel, Points) for x in mark.x]

    assert len(points) == len(made.table.rows) == len(data["results"])
    assert len({mark.colour for panel in made.panels for mark in panel.marks}) <= 7


@pytest.mark.parametrize("name", [None, "no price"])
def test_prices_of_many_or_of_none_are_no_history(name):
    data = saved(None)
    if name:
        data["results"] = [quote("2026-01-15", None, "a")]

    assert pictures_of(data) == ()
    with pytest.raises(InputError, match="cannot be drawn"):
        picture("prices", data)


def test_other_facts_are_no_prices():
    data = json.loads(json.dumps(facts_document(facts("gpus", None)).data))

    with pytest.raises(InputError, match="these facts are gpus, not prices"):
        picture("prices", data)


@pytest.mark.parametrize("end", ["9999-12-31", "0001-01-01"])
def test_a_quote_of_the_first_or_last_day_that_dates_have_is_drawn(end):
    shown = drawn(quote(end, 2.0, "a"), quote("2024-01-01", 3.0, "b"))

    assert figure(shown)
    assert drawn_in_text(shown, 80)
