"""``xlsx`` on a nasty answer, read back with openpyxl."""

from __future__ import annotations

import io
from dataclasses import replace

import openpyxl
import pytest
from nasty_answer import DOCUMENT, FIELDS, TABLE

from llmcost.errors import InputError, MissingExtraError
from llmcost.render import render_bytes, sheets
from llmcost.table import Document, Field, Table


def opened(document, **options):
    """Return the workbook that a document becomes."""
    return openpyxl.load_workbook(io.BytesIO(render_bytes(document, "xlsx")), **options)


def one_table(rows, fields=None, **more):
    """Return an answer of one table."""
    table = Table("one", fields or (Field("x"),), tuple(rows), **more)
    return Document("", (table,), table, {})


def cells(sheet):
    """Return the values below the headers of a sheet."""
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]


def test_there_is_a_sheet_for_each_table_of_people_and_one_of_all_numbers():
    book = opened(DOCUMENT)

    assert book.sheetnames == ["A <b>nasty< b> table", "data", "about"]
    assert [cell.value for cell in book["data"][1]] == [field.header for field in FIELDS]
    assert book["data"].freeze_panes == "B2"
    assert book["data"].auto_filter.ref == f"A1:C{len(TABLE.rows) + 1}"


def test_numbers_are_numbers_and_every_text_is_inert():
    """No cell is a formula: what starts with =, +, - or @ is text, marked to stay so."""
    book = opened(DOCUMENT)

    for sheet in book:
        assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    by_text = {row[0].value: row for row in book["data"].iter_rows(min_row=2)}
    for text in ("=cmd('calc')", "-1+1", "+1", "@x"):
        assert by_text[text][0].data_type == "s"
        assert by_text[text][0].quotePrefix
    assert by_text["=cmd('calc')"][1].value == 1e300
    assert by_text["=cmd('calc')"][2].value == 12.5


def test_what_a_sheet_cannot_count_is_text_with_every_digit():
    """Excel has 15 to 17 digits, and no numbers below 2.2e-308."""
    rows = [(10**20,), (5e-324,), (2**53,), (1.7e308,), (-3,), (0.1,), (True,), (None,)]
    found = [row[0] for row in cells(opened(one_table(rows))["data"])]

    assert found[:7] == [str(10**20), "5e-324", 2**53, "1.7e+308", -3, 0.1, "yes"]


def test_a_number_that_is_not_finite_is_refused():
    with pytest.raises(InputError, match="finite"):
        render_bytes(one_table([(float("nan"),)]), "xlsx")


def test_a_text_too_long_for_a_cell_is_cut_and_says_so():
    """A cell holds 32,767 characters."""
    found = cells(opened(one_table([("x" * 40_000,)]))["data"])[0][0]

    assert len(found) == 32_767
    assert found.endswith("x... (40,000 characters)")


def test_control_characters_are_spelled_out():
    text = cells(opened(one_table([("a\x07b\x1b[2J\udce9\ufffe",)]))["data"])[0][0]

    assert text.startswith("a\\x07b\\x1b[2J")


@pytest.mark.parametrize(
    ("titles", "names"),
    [
        (("a/b:c*d?[e]",), ["a b c d e"]),
        (("",), ["one"]),
        (("History",), ["Sheet History"]),
        (("'quoted'",), ["quoted"]),
        (("Data", "about"), ["Data 2", "about 2"]),
        (("same", "SAME", "same"), ["same", "SAME 2", "same 3"]),
        (("n" * 40, "n" * 50), ["n" * 31, "n" * 29 + " 2"]),
        (("\u0007\n",), ["x07"]),
    ],
)
def test_names_of_sheets_are_legal_and_their_own(titles, names):
    """31 characters, none of []:*?/\\, no apostrophe at an end, not History, unlike in any case."""
    tables = tuple(Table("one", (Field("x"),), (("v",),), title=title) for title in titles)
    book = opened(Document("", tables, tables[0], {}))

    assert book.sheetnames == [*names, "data", "about"]


def test_people_read_texts_but_a_column_of_one_unit_holds_numbers():
    fields = (Field("name", "Name"), Field("cost", "Cost", "USD", "right"), Field("low", "Range"))
    table = one_table(
        [("run", 117058000.4, 73538539.7)],
        fields,
        texts=(("Run", "$117M", "$73.5M – $356M"),),
        notes=("=a note",),
    )
    sheet = opened(table)["one"]

    assert [cell.value for cell in sheet[1]] == ["Name", "Cost [USD]", "Range"]
    assert [cell.value for cell in sheet[2]] == ["Run", 117058000.4, "$73.5M – $356M"]
    assert sheet["A4"].value == "=a note"
    assert sheet["A4"].data_type == "s"


def test_columns_that_people_are_not_shown_are_in_the_data_alone():
    table = Table("one", (Field("a"), Field("b")), ((1, 2),), people_fields=("b",))
    book = opened(Document("", (table,), table, {}))

    assert [cell.value for cell in book["one"][1]] == ["b"]
    assert [cell.value for cell in book["data"][1]] == ["a", "b"]


def test_warnings_and_what_made_it_are_told():
    about = {row[0].value: row[1].value for row in opened(DOCUMENT)["about"].iter_rows()}

    assert about["made by"].startswith("made by <script>")
    assert "warning" in about
    assert about["seed"] == '"0"'


def test_an_answer_without_rows_is_a_workbook():
    book = opened(replace(DOCUMENT, tables=(), flat=replace(TABLE, rows=())))

    assert book.sheetnames == ["data", "about"]


def test_more_rows_than_a_sheet_holds_are_refused():
    with pytest.raises(InputError, match=r"1,048,577 rows .* Write csv"):
        sheets.check_size(1_048_577, 3)


def test_the_same_answer_is_the_same_file():
    assert render_bytes(DOCUMENT, "xlsx") == render_bytes(DOCUMENT, "xlsx")


def test_text_formats_are_bytes_of_their_text():
    assert render_bytes(one_table([("Größe",)]), "csv") == "x\nGröße\n".encode()


def test_without_what_writes_it_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(sheets, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"llmcost\[excel\]"):
        render_bytes(DOCUMENT, "xlsx")
