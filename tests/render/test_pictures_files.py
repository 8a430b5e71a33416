"""Pictures as files: whole, the same each time, with their words, whatever is in them."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from llmcost.errors import InputError, MissingExtraError, UnknownNameError
from llmcost.picture import PALETTE, Axis, Bars, Panel, Points
from llmcost.render import pictures
from llmcost.render.pictures import draw, picture_format_of
from tests.render import picture_fakes as fakes

matplotlib = pytest.importorskip("matplotlib")
image = pytest.importorskip("matplotlib.image")

NAN = float("nan")
SVG = "{http://www.w3.org/2000/svg}"


def texts(svg):
    """Return every text of an SVG, in the order drawn."""
    return ["".join(node.itertext()) for node in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def png_size(data):
    """Return the width and height that the header of a PNG says."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", data[16:24])


@pytest.mark.parametrize("make", fakes.ALL, ids=lambda make: make.__name__)
def test_an_svg_holds_every_word_as_text(make):
    """What can be read can be searched for, copied and read aloud."""
    picture = make()
    found = texts(draw(picture, "svg"))
    joined = " ".join(found)

    assert " ".join(found).count(picture.source) == 1
    assert all(word in joined for word in picture.title.split())
    for panel in picture.panels:
        assert panel.title in found or not panel.title
        assert {panel.x.label, panel.y.label} - {""} <= set(found)
        labels = {mark.label for mark in panel.marks} - {""}
        assert labels <= set(found)
        assert {text for _, text in panel.y.ticks} <= set(found)
        for mark in panel.marks:
            assert isinstance(mark, Points) is False or set(mark.names) <= set(found)


def test_an_svg_says_what_it_shows_to_who_cannot_see_it():
    root = ElementTree.fromstring(draw(fakes.costs(), "svg"))

    assert root.attrib["role"] == "img"
    assert root.find(f"{SVG}title").text == "Renting costs $80M ($40M – $100M); owning $40M"
    assert root.find(f"{SVG}desc").text == "What it shows."


def test_a_label_shared_by_marks_is_one_line_of_the_legend_in_their_order():
    found = texts(draw(fakes.claim(), "svg"))
    in_legend = [text for text in found if text in ("claimed", "ours", "published")]

    assert in_legend == ["claimed", "ours", "published"]


def test_a_png_is_6_and_a_half_inches_at_200_dots_and_a_pdf_is_a_pdf():
    """A journal's column: 6.5 x 200 = 1,300 dots."""
    width, height = png_size(draw(fakes.costs(), "png"))
    pdf = draw(fakes.costs(), "pdf")

    assert width == 1300
    assert 400 < height < 900
    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert b"/MediaBox [ 0 0 468 " in pdf  # 6.5 inches of 72 points.


@pytest.mark.parametrize("name", ["svg", "png", "pdf"])
def test_the_same_picture_is_the_same_bytes(name):
    first = draw(fakes.setups(), name)

    assert first == draw(fakes.setups(), name)
    assert b"CreationDate" not in first
    assert b"dc:date" not in first


def test_nothing_reaches_the_edge_of_the_sheet():
    """A row or column of dots that is not white would be a word cut off."""
    for make in (fakes.costs, fakes.setups):
        dots = image.imread(io.BytesIO(draw(make(), "png")))
        for edge in (dots[:6], dots[-6:], dots[:, :6], dots[:, -6:]):
            assert edge.min() == 1.0


def test_a_user_s_own_settings_of_matplotlib_change_nothing():
    plain = draw(fakes.tornado(), "svg")
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        assert draw(fakes.tornado(), "svg") == plain
        assert matplotlib.rcParams["font.size"] == 30


def test_no_window_system_takes_part():
    """`matplotlib.pyplot` would choose one, and keep every figure."""
    code = (
        "import sys; from tests.render import picture_fakes as fakes\n"
        "from llmcost.render.pictures import draw, drawn_in_text\n"
        "drawn_in_text(fakes.costs()); assert 'matplotlib' not in sys.modules\n"
        "draw(fakes.costs(), 'png'); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


NASTY = "<script>alert(1)</script> $x^2$ \x1b[31m\x00 中文 & " + "long" * 60


def test_words_of_any_kind_are_inert_and_fit():
    axis = Axis(ticks=((0.0, NASTY), (1.0, "b")))
    marks = (
        Bars(NASTY, PALETTE[0], (0.0, 1.0), (0.0, 0.0), (5.0, 7.0)),
        Points(NASTY, PALETTE[1], (1.0,), (0.0,), names=(NASTY,)),
    )
    nasty = fakes.picture(
        Panel(Axis(NASTY, NASTY), axis, marks, title=NASTY),
        title=NASTY,
        source=NASTY,
        description=NASTY,
    )
    svg = draw(nasty, "svg")
    names = {node.tag for node in ElementTree.fromstring(svg).iter()}

    assert f"{SVG}script" not in names
    assert b"\x1b" not in svg
    assert png_size(draw(nasty, "png"))[0] == 1300
    assert draw(nasty, "pdf").startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("x", "y", "marks"),
    [
        (Axis("x"), Axis("y"), ()),
        (Axis(scale="log"), Axis(scale="log"), (Points("a", "#000000", (), ()),)),
        (Axis(), Axis(scale="log"), (Points("a", "#000000", (NAN, 1.0), (2.0, NAN)),)),
        (Axis(scale="log"), Axis(), (Points("a", "#000000", (0.0, -1.0), (1.0, 2.0)),)),
        (Axis(), Axis(), (Points("a", "#000000", (5.0,) * 3, (1.0,) * 3, names=("n",) * 3),)),
        (Axis(unit="USD"), Axis(), (Points("a", "#000000", (1e300, 1e-300), (0.0, 1.0)),)),
        (
            Axis(limits=(5.0, 1.0)),
            Axis(limits=(2.0, 2.0)),
            (Points("", "#000000", (9.0,), (2.0,)),),
        ),
        (Axis(scale="date"), Axis(), (Points("a", "#000000", (1.0, 738000.0), (0.0, 1.0)),)),
    ],
    ids=["empty", "no points", "nan", "not positive", "one spot", "huge", "limits", "long ago"],
)
def test_numbers_of_any_kind_are_drawn(x, y, marks):
    assert ElementTree.fromstring(draw(fakes.picture(Panel(x, y, marks)), "svg").decode())


def test_a_picture_without_panels_is_its_words():
    assert texts(draw(fakes.picture(), "svg")) == ["A finding", fakes.SOURCE]


def test_ten_thousand_points_make_a_small_file():
    """As shapes they would be megabytes; as one image in the file they are not."""
    xs = tuple(1 + at * 0.01 for at in range(10_000))
    points = Points("setups", PALETTE[0], xs, tuple(1 + at * 7919 % 10_000 for at in range(10_000)))
    many = fakes.picture(Panel(Axis("x"), Axis("y", scale="log"), (points,)))

    assert len(draw(many, "svg")) < 500_000
    assert len(draw(many, "pdf")) < 500_000


def test_formats_are_known_by_their_suffix():
    assert [picture_format_of(name) for name in ("a.svg", "b.PNG", "c.d.pdf")] == [
        *("svg", "png", "pdf")
    ]
    for name in ("cost", "cost.gif", ".svg"):
        with pytest.raises(InputError, match=r"needs \.svg, \.png or \.pdf"):
            picture_format_of(name)


def test_an_unknown_format_is_an_error_that_names_the_others():
    with pytest.raises(UnknownNameError, match="Choose svg, png or pdf"):
        draw(fakes.costs(), "gif")


def test_without_matplotlib_the_message_says_what_to_install(monkeypatch):
    monkeypatch.setattr(pictures, "LIBRARY", "a_library_that_nobody_has")

    with pytest.raises(MissingExtraError, match=r"pip install 'llmcost\[plot\]'"):
        draw(fakes.costs(), "svg")
