"""Pictures in the characters of a terminal: the right columns, any width, any words."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.picture import (
    CLAIM,
    PALETTE,
    Axis,
    Band,
    Bars,
    Line,
    Panel,
    Points,
    Region,
    Rule,
    Whiskers,
)
from llmcost.render.cells import display_width
from llmcost.render.pictures import drawn_in_text
from tests.render import picture_fakes as fakes

GOLDEN = Path(__file__).parent / "golden"
PAGES = [(width, ascii_only) for width in (40, 80) for ascii_only in (False, True)]


def lines_of(picture, width=80, **options):
    return drawn_in_text(picture, width, **options).splitlines()


@pytest.mark.parametrize(("width", "ascii_only"), PAGES)
@pytest.mark.parametrize("make", fakes.ALL, ids=lambda make: make.__name__)
def test_pictures_look_as_they_did(make, width, ascii_only):
    """Each file was read by a person; to change one is to look at it again."""
    name = f"picture-{make.__name__}-{width}{'-ascii' if ascii_only else ''}.txt"

    text = drawn_in_text(make(), width, ascii=ascii_only)

    assert text == (GOLDEN / name).read_text(encoding="utf-8")


def test_a_bar_ends_in_the_column_of_its_number():
    """80 of 100 are 50.4 of the 63 columns right of a label of 16, and 40 are 25."""
    categories = fakes.categories("rented on demand", "owned")
    bars = (
        Bars("a", PALETTE[0], (0.0, 1.0), (0.0, 0.0), (80.0, 30.0)),
        Bars("b", PALETTE[1], (1.0,), (30.0,), (40.0,)),
    )
    panel = Panel(Axis("Cost", "USD", limits=(0.0, 100.0)), categories, bars)
    first, second = lines_of(fakes.picture(panel))[2:4]

    assert first == "rented on demand │" + "█" * 50
    assert second == "           owned │" + "█" * 19 + "▒" * 6  # 30 of 100 are 18.6 columns.


def test_whiskers_stand_under_their_bar():
    """25 to 75 of 100, in 20 columns: from the sixth to the sixteenth."""
    marks = (
        Bars("a", PALETTE[0], (0.0,), (0.0,), (50.0,)),
        Whiskers("w", (0.0,), (25.0,), (75.0,)),
    )
    panel = Panel(Axis("Cost", limits=(0.0, 100.0)), fakes.categories("b"), marks)

    bar, whiskers = lines_of(fakes.picture(panel), 32)[2:4]

    assert bar == "b │" + "█" * 14  # 14.5 of 29 columns, rounded to even.
    assert whiskers == "  │" + " " * 7 + "├" + "─" * 13 + "┤"


def test_of_two_bars_on_one_side_the_shorter_is_in_front():
    marks = (
        Bars("low", PALETTE[0], (0.0,), (0.0,), (30.0,)),
        Bars("high", PALETTE[1], (0.0,), (0.0,), (90.0,)),
    )
    panel = Panel(Axis(limits=(0.0, 90.0)), fakes.categories("x"), marks)

    assert lines_of(fakes.picture(panel), 30)[2] == "x │" + "█" * 9 + "▒" * 18


def test_labels_stand_over_their_bars_on_a_narrow_page():
    lines = lines_of(fakes.costs(), 30)

    at = lines.index("rented on demand")
    assert lines[at + 1].startswith("│█")
    assert lines[at + 2].startswith("│ ")
    assert lines[at + 3] == "owned"


def test_points_lie_where_their_numbers_say():
    """On a log axis from 1 to 100, 10 is in the middle; on a linear one 0 is at the bottom."""
    points = Points("p", PALETTE[0], (1.0, 10.0, 100.0), (0.0, 5.0, 10.0))
    x, y = Axis(scale="log", limits=(1.0, 100.0)), Axis(limits=(0.0, 10.0))
    body = [
        line.partition("│")[2]
        for line in lines_of(fakes.picture(Panel(x, y, (points,))))
        if "│" in line
    ]
    found = [(row, line.index("●")) for row, line in enumerate(body) if "●" in line]

    assert len(body) == 20
    assert found == [(0, 75), (9, 38), (19, 0)]


def test_a_name_without_room_is_a_letter_in_the_key():
    points = Points(
        "p", PALETTE[0], (1.0,) * 6, (1.0,) * 6, names=tuple("name " + c for c in "uvwxyz")
    )
    text = drawn_in_text(fakes.picture(Panel(Axis(), Axis(), (points,))), 40)

    assert sum(f"name {c}" in text for c in "uvwxyz") == 6
    assert "\na name " in text


def test_each_label_has_a_character_of_its_own():
    bars = tuple(
        Bars(f"part {at}", PALETTE[at], (0.0,), (at * 10.0,), (at * 10.0 + 10,)) for at in range(7)
    )
    panel = Panel(Axis(), fakes.categories("c"), bars)
    for ascii_only in (False, True):
        lines = lines_of(fakes.picture(panel), ascii=ascii_only)
        bar = lines[2].split()[1][1:]
        assert len(set(bar)) == 7
        legend = " ".join(lines[-3:])
        assert all(f"{sign} part" in legend for sign in set(bar))


def test_many_points_are_drawn_without_their_intervals_and_say_so():
    few, many = (tuple(map(float, range(count))) for count in (3, 30))
    for xs in (few, many):
        points = Points("p", PALETTE[0], xs, xs, x_low=xs, x_high=tuple(x + 1 for x in xs))
        text = drawn_in_text(fakes.picture(Panel(Axis(), Axis(), (points,))))
        assert ("intervals are left out" in text) == (xs is many)


def test_a_page_narrower_than_30_is_drawn_as_30():
    assert drawn_in_text(fakes.costs(), 5) == drawn_in_text(fakes.costs(), 30)


def test_nothing_acts_on_the_terminal_or_breaks_a_line():
    bad = "\x1b[31m red\nline \u202e 中文 " + "x" * 200
    marks = (
        Bars(bad, PALETTE[0], (0.0,), (0.0,), (5.0,)),
        Points(bad, PALETTE[1], (1.0,), (0.0,), names=(bad,)),
    )
    panels = (
        Panel(Axis(bad, bad), Axis(ticks=((0.0, bad),)), marks, title=bad),
        Panel(Axis(bad), Axis(bad), marks[1:]),
    )
    for ascii_only in (False, True):
        lines = lines_of(fakes.picture(*panels, title=bad, source=bad), 40, ascii=ascii_only)
        assert max(map(display_width, lines)) <= 40
        assert not {"\x1b", "\u202e"} & set("".join(lines))
        assert not ascii_only or "".join(lines).isascii()


NUMBERS = st.floats(allow_nan=True, allow_infinity=True) | st.integers(-5, 5).map(float)
AXES = st.builds(
    Axis,
    title=st.just("x"),
    unit=st.sampled_from(["", "USD", "day", "share"]),
    scale=st.sampled_from(["linear", "log", "date"]),
    ticks=st.sampled_from([(), ((0.0, "first"), (1.0, "the second of the two"))]),
    reverse=st.booleans(),
)


@st.composite
def marks_of_any_kind(draw):
    count = draw(st.integers(0, 4))
    lists = [tuple(draw(st.lists(NUMBERS, min_size=count, max_size=count))) for _ in range(4)]
    one, two, three, four = lists
    low, high = draw(NUMBERS), draw(NUMBERS)
    axis = draw(st.sampled_from("xy"))
    return draw(
        st.sampled_from(
            [
                Bars("a", PALETTE[0], one, two, three),
                Whiskers("b", one, two, three),
                Points("c", PALETTE[1], one, two, names=("n",) * count, x_low=three, x_high=four),
                Line("d", PALETTE[2], one, two, steps=bool(count % 2)),
                Band("e", PALETTE[3], one, two, three),
                Region("f", CLAIM, low, high, axis),
                Rule("g", low, axis),
            ]
        )
    )


@given(AXES, AXES, st.lists(marks_of_any_kind(), max_size=5), st.integers(30, 120), st.booleans())
def test_any_numbers_fit_any_page(x, y, marks, width, ascii_only):
    """Numbers that no axis can hold are left out; none is an error."""
    text = drawn_in_text(fakes.picture(Panel(x, y, tuple(marks))), width, ascii=ascii_only)

    assert max(map(display_width, text.splitlines())) <= width
    assert text.endswith("\n")
    assert not ascii_only or text.isascii()


def test_whiskers_and_bars_stand_in_their_rows_among_distributions():
    """On 100 in 50 columns or so, 20 to 80 of a bar and of its whiskers; the band lies above."""
    band = Band("band", PALETTE[0], (0.0, 100.0), (0.0, 0.0), (1.0, 1.0))
    marks = (
        band,
        Whiskers("interval", (-0.2,), (20.0,), (80.0,)),
        Bars("bar", PALETTE[1], (-0.5,), (20.0,), (80.0,)),
    )
    axis = Axis(ticks=((0.0, "one"),), limits=(-0.6, 1.0))
    lines = lines_of(fakes.picture(Panel(Axis(limits=(0.0, 100.0)), axis, marks)), 54)
    whiskers = next(line for line in lines if "├" in line)
    bar = next(line for line in lines if "█" in line)

    assert whiskers.index("├") == bar.index("█") == lines[2].index("│") + 1 + 9  # 20% of 49
    assert lines.index(whiskers) < lines.index(bar)
