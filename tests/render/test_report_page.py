"""The page of a report as text: its words, its escapes, its data, and figures worked by hand."""

import base64
import gzip
import json
import re
import sys
from html.parser import HTMLParser
from math import log10

import pytest

from llmcost.errors import MissingExtraError
from llmcost.picture import Axis, Bars, Line, Panel, Picture, Points, Region, Whiskers
from llmcost.render.reports import embedded
from llmcost.render.reports.citations import Citations, Piece
from llmcost.render.reports.page_tables import page_table
from llmcost.render.reports.plotly_figures import figure
from llmcost.table import Field, Table
from tests.render import report_fakes as fakes


class Elements(HTMLParser):
    """Every element that begins, and the text of each script of data by its id."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.began, self.data, self._inside = [], {}, None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        self.began.append((tag, told))
        self._inside = None
        if tag == "script" and told.get("type") == "application/json":
            self._inside = told["id"]

    def handle_endtag(self, tag):
        if tag == "script":
            self._inside = None

    def handle_data(self, data):
        if self._inside:
            self.data[self._inside] = self.data.get(self._inside, "") + data

    def all(self, tag):
        return [told for began, told in self.began if began == tag]


@pytest.fixture(scope="module")
def text():
    """Return the page as text, where what makes it is installed."""
    pytest.importorskip("jinja2")
    pytest.importorskip("plotly")
    from llmcost.render.reports.page import page

    return page(fakes.report(rows=120))


@pytest.fixture(scope="module")
def elements(text):
    return Elements(text)


def test_the_page_asks_for_nothing_from_outside(elements):
    """No element loads anything: the only addresses are those a reader may follow."""
    loading = [told for _, told in elements.began if {"src", "srcset", "poster"} & set(told)]
    assert loading == []
    assert [link["href"] for link in elements.all("link")] == ["data:,"]
    followed = [link["href"] for link in elements.all("a") if not link["href"].startswith("#")]
    assert followed == ["https://arxiv.org/abs/2407.21783"]


def test_only_two_scripts_run_and_the_policy_names_both(text, elements):
    run = [told for told in elements.all("script") if "type" not in told]
    policy = elements.all("meta")[1]["content"]

    assert len(run) == 2
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert policy.count("sha256-") == 2
    assert "unsafe-eval" not in policy
    assert "script-src 'unsafe-inline'" not in policy
    assert text.count("plotly.js v") == 1


def test_names_of_tags_stay_words(text, elements):
    assert elements.all("img") == []
    assert fakes.SCRIPT not in text
    assert "&lt;script&gt;window.acted = 1&lt;/script&gt;" in text
    assert "javascript:" not in "".join(link["href"] for link in elements.all("a"))


def test_every_id_is_there_once_and_every_link_within_leads_somewhere(elements):
    ids = [told["id"] for _, told in elements.began if "id" in told]
    assert len(ids) == len(set(ids))

    within = [link["href"][1:] for link in elements.all("a") if link["href"].startswith("#")]
    assert set(within) <= set(ids)
    for name in ("aria-labelledby", "aria-describedby"):
        assert {told[name] for _, told in elements.began if name in told} <= set(ids)


def test_a_saved_result_is_in_the_page_as_it_was(elements):
    """Its element has the id and the name of its file by which it is read back."""
    (told,) = [t for t in elements.all("script") if t.get("id") == "llmcost-result-1"]

    assert told["data-name"] == f"est{fakes.IMAGE}.json"
    assert json.loads(elements.data["llmcost-result-1"]) == {
        "schema": "llmcost.estimate/1",
        "n": fakes.SCRIPT,
    }


def test_the_commands_stand_in_full(text):
    assert "llmcost estimate llama-3.1-405b --tokens 15T" in text
    assert "20240723" in text


def test_the_same_report_gives_the_same_page(text):
    from llmcost.render.reports.page import page

    assert page(fakes.report(rows=120)) == text


def test_json_in_a_page_cannot_end_its_element():
    """Every character that HTML or old JavaScript reads as its own is spelled as JSON spells it."""
    written = embedded.json_for_page({"a": "</script><!--&\u2028\u2029"})

    assert not re.search("[<>&\u2028\u2029]", written)
    assert json.loads(written) == {"a": "</script><!--&\u2028\u2029"}


def test_a_large_result_is_compressed_and_a_huge_one_left_out():
    large = embedded.embedded({"x": "a<" * 600_000}, "large.json", 1)
    assert large.encoding == "gzip base64"
    unpacked = gzip.decompress(base64.b64decode(large.text))
    assert json.loads(unpacked) == {"x": "a<" * 600_000}
    assert len(large.text) < 10_000

    after = embedded.embedded({"x": "abc"}, "next.json", 2, room=5)
    assert (after.text, after.room_left, after.size) == ("", 5, 11)


def test_a_result_too_large_to_pack_is_left_out_before_it_is_written(monkeypatch):
    monkeypatch.setattr(embedded, "MOST_PACKED", 1_000)
    left = embedded.embedded({"rows": ["x" * 400] * 3}, "huge.json", 1, room=77)

    assert (left.text, left.room_left, left.size_text) == ("", 77, "more than 1.0 kB")


def test_half_a_character_is_spelled_out():
    """A saved result may hold what no file in UTF-8 can."""
    written = embedded.json_for_page({"a": "\ud800"})

    assert written.encode() == b'{"a":"\\ud800"}'


def test_cited_keys_become_links_that_are_led_back_to():
    citations = Citations(fakes.report())

    assert citations.in_words("As told [@prices; @llama3].") == [
        Piece("As told "),
        Piece("2", 2, "cited-2-1"),
        Piece("1", 1, "cited-1-1"),
        Piece("."),
    ]
    assert citations.in_words("[@nobody]") == [Piece("nobody")]
    assert citations.of_cell("prices; nobody") == [Piece("2", 2, "cited-2-2"), Piece("nobody")]


def test_ways_back_from_a_source_are_few():
    citations = Citations(fakes.report())
    for _ in range(20):
        last = citations.of_cell("prices")

    assert last == [Piece("2", 2, "")]
    assert len(citations.anchors[2]) == 6


def test_a_long_table_holds_every_row_as_data():
    table = page_table(fakes.setups_table(51), "t", Citations(fakes.report()))
    data = json.loads(table.data_json)

    assert len(table.rows) == 50
    names, gpus, cost, _, sources = data["columns"]
    assert names["texts"][50] == "h100-sxm:950"
    assert gpus["values"][50] == 950
    assert cost["values"][1] is None
    assert sources["keys"][50] == [2]


def test_texts_of_few_kinds_are_written_once():
    table = Table("t", (Field("a"),), tuple((f"kind {at % 3}",) for at in range(60)))
    data = json.loads(page_table(table, "t", Citations(fakes.report())).data_json)

    assert data["columns"][0]["words"] == ["kind 0", "kind 1", "kind 2"]
    assert data["columns"][0]["at"][:4] == [0, 1, 2, 0]


def test_cells_say_how_their_text_is_set():
    told = ("x 16", "tp=8, pp=16, vp=8, dp=125, mbs=1, zero=1", "seventeen letters", "  servers")
    table = Table("t", tuple(Field(name) for name in "abcd"), (told,), texts=(told,))
    shown = page_table(table, "t", Citations(fakes.report()))

    assert [cell.looks for cell in shown.rows[0]] == ["short", "long", "", "short inner"]


def test_only_the_fields_for_people_are_shown():
    table = Table("t", (Field("a"), Field("b", "Bee")), (("x", 1.0),), people_fields=("b",))
    shown = page_table(table, "t", Citations(fakes.report()))

    assert [heading.text for heading in shown.headings] == ["Bee"]
    assert [cell.value for cell in shown.rows[0]] == ["1.0"]


def drawn(*marks, x=None, y=None):
    """Return the figure of one panel."""
    panel = Panel(x or Axis("Cost", "USD"), y or Axis(), marks)
    table = Table("numbers", (Field("a"),), ())
    return figure(Picture("p", "Title", "Told", "Source", (panel,), table))


def test_a_bar_starts_where_the_one_before_ends():
    made = drawn(Bars("energy", "#009E73", (1.0,), (28.0,), (42.8,), ("Energy $14.8M",)))
    (bar,) = made["data"]

    assert bar["base"] == [28.0]
    assert bar["x"] == [pytest.approx(14.8)]
    assert bar["hovertext"] == ["Energy &#36;14.8M"]


def test_an_axis_of_decades_and_one_of_days():
    """A hundred is 2 decades; day 738,886 is the first of 2024."""
    marks = (Line("l", "#0072B2", (1.0, 100.0), (738_886.0, 738_887.0)),)
    made = drawn(
        *marks, x=Axis(scale="log", limits=(1.0, 100.0)), y=Axis(scale="date", reverse=True)
    )

    assert made["layout"]["xaxis"]["range"] == [0, log10(100)]
    assert made["data"][0]["y"] == ["2024-01-01", "2024-01-02"]
    assert made["layout"]["yaxis"]["autorange"] == "reversed"


def test_an_axis_of_decades_keeps_the_ticks_that_it_was_given():
    marks = (Line("l", "#0072B2", (1024.0, 2048.0), (1.0, 2.0)),)
    given = Axis(scale="log", ticks=((1024.0, "1,024"), (2048.0, "2,048")))
    layout = drawn(*marks, x=given, y=Axis("MFU", "share"))["layout"]

    assert (layout["xaxis"]["type"], layout["xaxis"]["ticktext"]) == ("log", ["1,024", "2,048"])
    assert layout["meta"] == ["xaxis"]
    assert layout["yaxis"]["tickformat"] == ".0%"


def test_intervals_are_lengths_from_their_point():
    points = Points("p", "#0072B2", (10.0,), (5.0,), x_low=(7.0,), x_high=(30.0,))
    (made,) = drawn(points)["data"]

    assert made["error_x"]["array"] == [20.0]
    assert made["error_x"]["arrayminus"] == [3.0]
    assert made["error_y"] == {"visible": False}


def test_whiskers_are_one_broken_line():
    (made,) = drawn(Whiskers("w", (0.0, 1.0), (2.0, 4.0), (3.0, 5.0)))["data"]

    assert made["x"] == [2.0, 3.0, None, 4.0, 5.0, None]
    assert made["y"] == [0.0, 0.0, None, 1.0, 1.0, None]


def test_a_region_and_its_line_of_the_legend():
    made = drawn(Region("claimed", "#D55E00", 35.0, 200.0))
    (shape,) = made["layout"]["shapes"]

    assert (shape["x0"], shape["x1"], shape["xref"], shape["yref"]) == (35, 200, "x", "y domain")
    assert shape["fillcolor"] == "rgba(213, 94, 0, 0.14)"
    assert [line["label"] for line in made["legend"]] == ["claimed"]


def test_names_beside_points_stand_apart_and_inwards():
    """Two points one above the other share a side only where their names do not meet."""
    first = Points("a", "#0072B2", (0.0, 1.0), (1.0, 1.0), names=("left", "right"))
    second = Points("b", "#E69F00", (0.01, 0.5), (1.02, 0.0), names=("beside left", "alone"))
    one, other = drawn(first, second)["data"]

    assert one["textposition"] == ["bottom right", "top left"]
    assert other["textposition"] == ["top right", "top right"]


@pytest.mark.parametrize("missing", ["jinja2", "plotly.offline"])
def test_without_its_parts_the_page_says_what_to_install(monkeypatch, missing):
    from llmcost.render.reports import page

    page._plotly_script.cache_clear()
    monkeypatch.setitem(sys.modules, missing, None)

    with pytest.raises(MissingExtraError, match=r"pip install 'llmcost\[report\]'"):
        page.page(fakes.report())
