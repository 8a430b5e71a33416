"""Bars beside rows: on one axis, on any screen, and nowhere but in formats for terminals."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmcost.render import FORMATS, render, select_fields
from llmcost.render.bars import BASE, DARK, LIGHT, bar_lines
from llmcost.table import Bars, Document, Field, Table

FIELDS = (
    Field("input", "Input"),
    Field("at_low", "At its low end", "USD", "right"),
    Field("at_high", "At its high end", "USD", "right"),
)
# From a base of 100: 40 below and 60 above; the other way round; both on one side; too short.
ROWS = (
    ("price", 60.0, 160.0),
    ("mfu", 120.0, 90.0),
    ("both above", 110.0, 140.0),
    ("least", 99.9, 100.1),
    ("not known", None, None),
)
TORNADO = Table("t", FIELDS, ROWS, bars=Bars(("at_low", "at_high"), 100.0, "Cost"))
PARTS = Table(
    "t",
    (Field("part", "Part"), Field("cost", "Cost", "USD", "right")),
    (("Servers", 8.0), ("Energy", 4.0), ("Water", 0.1)),
    bars=Bars(("cost",)),
)
FINITE = st.floats(-1e300, 1e300)
# A column of a subnormal length would be 0.
POSITIVE = st.floats(0, 1e12, allow_subnormal=False)


def document(table):
    """An answer of one table."""
    return Document("An answer", (table,), replace(table, bars=None), {"results": []})


def test_bars_start_at_the_base_and_end_at_the_numbers():
    """In 11 columns, 40 below and 60 above are 4 and 6 columns of 10 each."""
    assert bar_lines(TORNADO, 11) == (
        "░░░░│██████",
        "   █│░░    ",
        "    │░███  ",
        "    │      ",
        "           ",
    )


def test_parts_of_a_whole_start_at_zero():
    assert bar_lines(PARTS, 9) == ("│████████", "│████    ", "│        ")


def test_numbers_below_the_base_alone_go_to_the_left():
    table = replace(TORNADO, rows=(("a", 50.0, 100.0),))
    assert bar_lines(table, 6) == ("░░░░░│",)


def test_bars_of_no_length_at_all_are_the_base():
    assert bar_lines(replace(TORNADO, rows=(("a", 100.0, 100.0),)), 5) == ("│    ",)


@given(
    st.lists(st.tuples(FINITE | st.none(), FINITE | st.none()), min_size=1, max_size=8),
    FINITE,
    st.integers(12, 60),
)
def test_every_bar_has_the_width_and_one_base(ends, base, width):
    """Whatever the numbers, a line is as wide as asked, its base stands where all have it."""
    table = replace(
        TORNADO,
        rows=tuple(("x", low, high) for low, high in ends),
        bars=Bars(("at_low", "at_high"), base),
    )
    lines = bar_lines(table, width)

    assert {len(line) for line in lines} == {width}
    assert {line.index(BASE) for line in lines if line.strip()} <= set(range(width))
    assert len({line.index(BASE) for line in lines if line.strip()}) <= 1
    assert {mark for line in lines for mark in line} <= {LIGHT, DARK, BASE, " "}


@given(st.lists(POSITIVE, min_size=2, max_size=8), st.integers(12, 60))
def test_a_longer_bar_belongs_to_a_larger_number(values, width):
    rows = tuple(("x", value) for value in values)
    lengths = [line.count(DARK) for line in bar_lines(replace(PARTS, rows=rows), width)]

    ordered = [length for _, length in sorted(zip(values, lengths, strict=True))]
    assert ordered == sorted(ordered)
    assert max(lengths) == (width - 1 if any(values) else 0)


@pytest.mark.parametrize("name", ["table", "plain"])
@pytest.mark.parametrize("width", [20, 30, 40, 60, 80, 120])
@pytest.mark.parametrize("table", [TORNADO, PARTS])
def test_bars_fit_every_screen(name, width, table):
    """Each row keeps its bar: beside it, or under it where the screen is narrow."""
    text = render(document(table), name, width=width)
    marks = (BASE, DARK) if name == "table" else ("|", "#")

    assert max(map(len, text.splitlines())) <= width
    drawn = [row for row in table.rows if row[-1] is not None]
    assert sum(marks[0] in line for line in text.splitlines()) == len(drawn)
    assert marks[1] in text
    assert name == "table" or text.isascii()


def test_bars_stand_beside_their_rows_where_there_is_room():
    lines = render(document(PARTS), "plain", width=30).splitlines()

    assert lines[2:] == [
        "Part      Cost",
        "Servers  $8.00  |#############",
        "Energy   $4.00  |#######",
        "Water    $0.10  |",
    ]


def test_bars_stand_under_their_rows_where_there_is_none():
    lines = render(document(PARTS), "plain", width=24).splitlines()

    assert lines[2:] == [
        "Part      Cost",
        "Servers  $8.00",
        "|#######################",
        "Energy   $4.00",
        "|############",
        "Water    $0.10",
        "|",
    ]


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"table", "plain"}))
def test_other_formats_hold_the_numbers_and_no_bars(name):
    text = render(document(PARTS), name)

    assert text == render(document(replace(PARTS, bars=None)), name)
    assert not {BASE, DARK, LIGHT} & set(text)


def test_bars_go_with_the_columns_they_are_drawn_from():
    """A table cut down to columns keeps its bars only with all the numbers behind them."""
    kept = select_fields(document(TORNADO), ["input", "at_low", "at_high"])
    cut = select_fields(document(TORNADO), ["input", "at_low"])

    assert DARK in render(kept, "table")
    assert BASE not in render(cut, "table")


def test_no_rows_have_no_bars():
    assert "(no rows)" in render(document(replace(TORNADO, rows=())), "table")
