"""Every format on a nasty answer, read back by a parser that is not ours."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
import subprocess
import sys
import unicodedata
from dataclasses import replace
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

import pytest
from nasty_answer import (
    DOCUMENT,
    ESCAPES,
    FIELDS,
    FORMULA,
    HTML,
    LINES,
    NUMBERS,
    ROWS,
    TABLE,
    TEXTS,
)
from tabulate import tabulate

import llmcost.render
from llmcost.errors import InputError, UnknownNameError
from llmcost.render import BYTE_FORMATS, FORMATS, SUFFIXES, format_of, render
from llmcost.render.cells import display_width, grid, visible, wrapped
from llmcost.render.terminal import column_widths
from llmcost.table import Document, Field, Table

HELPERS = {
    *("__init__", "ascii_text", "bars", "cells", "drawing", "files", "selection", "sheets"),
    "suffixes",
}
ACTIVE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
EMPTY = replace(DOCUMENT, tables=(replace(TABLE, rows=()),), flat=replace(TABLE, rows=()))


def one_cell(cell, **field):
    """Return an answer of one cell."""
    table = Table("one", (Field("x", **field),), ((cell,),))
    return Document("", (table,), table, {"x": cell})


# Every format


def test_the_registry_is_the_folder():
    """Every module is a format or a listed helper, and every listed function exists."""
    folder = Path(llmcost.render.__file__).parent
    modules = {path.stem for path in folder.glob("*.py")} - HELPERS
    targets = [target.split(":") for target in {**FORMATS, **BYTE_FORMATS}.values()]

    assert modules == {module.rsplit(".", 1)[1] for module, _ in targets}
    assert all(callable(getattr(import_module(module), name)) for module, name in targets)
    assert set(SUFFIXES.values()) <= {*FORMATS, *BYTE_FORMATS}
    assert not set(FORMATS) & set(BYTE_FORMATS)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("document", [DOCUMENT, EMPTY, Document("", (), EMPTY.flat, {})])
def test_every_format_ends_in_one_newline_and_can_be_encoded(name, document):
    """No trailing blank lines, no lone surrogates, nothing that acts on a terminal."""
    text = render(document, name)

    assert not text or text.endswith("\n")
    assert not text.endswith("\n\n")
    assert text.encode("utf-8").decode("utf-8") == text
    assert not ACTIVE.search(text.replace("\t", " "))


@pytest.mark.parametrize("name", FORMATS)
def test_a_lone_surrogate_can_be_written(name):
    """A file name from an undecodable argument reaches a cell as a lone surrogate."""
    assert render(one_cell("caf\udce9"), name).encode("utf-8")


def test_an_unknown_format_names_the_nearest():
    with pytest.raises(UnknownNameError, match=r"Unknown format 'jsom'\. Did you mean json"):
        render(DOCUMENT, "jsom")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_suffix_chooses_its_format(suffix):
    assert format_of(f"folder.d/cost{suffix.upper()}") == SUFFIXES[suffix]


@pytest.mark.parametrize("path", ["cost", "cost.docx", ".csv", "folder.md/cost"])
def test_an_unknown_suffix_is_an_error_that_lists_the_known(path):
    with pytest.raises(InputError, match=r"needs .*\.md.*--format"):
        format_of(path)


def test_importing_the_package_loads_no_renderer():
    """Start-up pays for one renderer at most, and the terminal's needs no tabulate."""
    code = (
        "import sys, llmcost.render as r; from llmcost.table import Document, Table\n"
        "print([t for t in r.FORMATS.values() if t.partition(':')[0] in sys.modules])\n"
        "r.render(Document('x', (), Table('t', (), ()), {}), 'table')\n"
        "print([m for m in ('tabulate', 'numpy', 'pandas', 'pint') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n[]\n"


# table and plain


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", ["table", "plain"])
def test_no_line_is_wider_than_the_page(name, width):
    lines = render(DOCUMENT, name, width=width).split("\n")

    assert max(map(terminal_width, lines)) <= width


def terminal_width(line):
    """Return the columns of a line, counted apart from the code under test."""
    clean = "".join(c for c in unicodedata.normalize("NFC", line) if not unicodedata.combining(c))
    return sum(2 if unicodedata.east_asian_width(c) in "FW" else 1 for c in clean)


@pytest.mark.parametrize("width", [40, 80, 120])
@pytest.mark.parametrize("name", ["table", "plain"])
def test_wrapping_loses_nothing(name, width):
    """Every number stands whole, and every letter of every text is still there."""
    text = render(DOCUMENT, name, width=width)
    words = [
        "-$5.00",
        "$1e300",
        "$5e-324",
        "$0.10",
        "$3.94e25",
        "-$0.25",
        "$1e20",
        "12.5 GPU-hours",
    ]
    letters = "".join(text.split())

    assert all(word in text for word in words)
    assert letters.count("wordsthatgoon" * 20) >= 1 or width > 40
    assert text.count("words") == 40


def test_columns_line_up_under_wide_and_combining_characters():
    """The second column starts in the same terminal column in every row."""
    cells = ("plain", "中文字", "e\u0301e\u0301e\u0301", "각")
    table = Table("t", (Field("a"), Field("b")), tuple((cell, "here") for cell in cells))
    lines = render(Document("", (table,), table, {}), "table").splitlines()[2:]

    assert {terminal_width(line[: line.index("here")]) for line in lines} == {8}


def test_wrapped_cells_continue_in_their_column():
    table = Table("t", (Field("a"), Field("b")), (("key", "some words that wrap " * 3),))
    lines = render(Document("", (table,), table, {}), "table", width=30).splitlines()

    assert lines[2:] == [
        "key  some words that wrap some",
        "     words that wrap some",
        "     words that wrap",
    ]


@pytest.mark.parametrize("name", ["table", "plain"])
def test_escape_codes_and_line_breaks_are_spelled_out(name):
    """A name cannot colour, clear or forge lines of the output."""
    text = render(one_cell(ESCAPES), name)

    assert r"\x1b[2J\x1b[31mred\x07" in text
    assert len(render(one_cell(LINES), name).splitlines()) == len(
        render(one_cell("one"), name).splitlines()
    )


def test_colour_changes_nothing_but_bold_and_dim():
    coloured = render(DOCUMENT, "table", colour=True)

    assert set(re.findall("\x1b\\[(.*?)m", coloured)) == {"0", "1", "2"}
    assert re.sub("\x1b\\[[012]m", "", coloured) == render(DOCUMENT, "table")


def test_plain_is_ascii_without_rules():
    text = render(DOCUMENT, "plain", colour=True)

    assert text.isascii()
    assert "Grosse - 3 x 10^2" in text
    assert not re.search("-{4}", text)


def test_missing_values_and_flags():
    assert "—" in render(one_cell(None), "table")
    assert "yes" in render(one_cell(True), "table")


def test_only_the_fields_for_people_are_shown():
    table = replace(TABLE, people_fields=("cost",))
    text = render(replace(DOCUMENT, tables=(table,)), "table")

    assert "Cost" in text
    assert "GPU-hours" not in text.split("Warnings")[0]


def test_a_unit_column_gives_numbers_their_unit():
    """A flat table of quantities has mixed units, one in each row."""
    fields = (Field("name"), Field("value", align="right"), Field("unit"))
    table = Table("t", fields, (("cost", 84.2e6, "USD"), ("model_flop", 3.8e25, "FLOP")))
    text = render(Document("", (table,), table, {}), "table")

    assert "$84.2M" in text
    assert "3.8e25 FLOP" in text


@pytest.mark.parametrize(
    ("name", "width"), [("table", 40), ("table", 80), ("plain", 80), ("markdown", 80)]
)
def test_layout(name, width):
    """The layout, looked at by a person once, stays."""
    fields = (
        Field("name", "Quantity"),
        Field("value", "Estimate", align="right"),
        Field("low", "80% range", align="right"),
        Field("source", "How it was found"),
    )
    texts = (
        ("Cost", "$84.2M", "$61.0M – $128M", "GPU-hours × price of 2024-01-31"),
        ("GPU-hours", "31.7M GPU-hours", "exact", "as published in the model card, table 2"),
    )
    table = Table("t", fields, texts, title="Estimate", texts=texts, notes=("A note.",))
    document = Document("Llama", (table,), table, {}, ("The price is old.",), "llmcost 1")
    golden = Path(__file__).parent / "golden" / f"{name}-{width}.txt"

    assert render(document, name, width=width) == golden.read_text(encoding="utf-8")


# csv, tsv, json, jsonl


@pytest.mark.parametrize(("name", "delimiter"), [("csv", ","), ("tsv", "\t")])
def test_delimited_text_reads_back(name, delimiter):
    """The csv module reads every cell back; numbers keep every digit and stay numbers."""
    text = render(DOCUMENT, name)
    header, *rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)

    assert header == ["label", "cost [USD]", "gpu_hours [GPU*hour]"]
    assert len(rows) == len(ROWS)
    for row, number in zip(rows, NUMBERS, strict=True):
        if number is None:
            assert row[1] == ""
        elif number is True:
            assert row[1] == "yes"
        else:
            assert ast.literal_eval(row[1]) == number
    assert rows[0][0] == HTML
    assert rows[4][0] == LINES.replace("\r\n", "\n").replace("\r", "\n")
    assert "\r" not in text


@pytest.mark.parametrize("name", ["csv", "tsv"])
def test_no_text_is_a_formula(name):
    """A spreadsheet shows the text instead of running it; a negative number is left alone."""
    text = render(DOCUMENT, name)
    cells = [
        row[0] for row in csv.reader(io.StringIO(text), csv.excel if name == "csv" else "excel-tab")
    ]

    assert f"'{FORMULA}" in cells
    assert {"'-1+1", "'+1", "'@x", "'\tx"} <= set(cells)
    assert not [cell for cell in cells if re.match(r"[=+\-@\t\r]", cell)]
    assert render(one_cell(-5), name) == "x\n-5\n"


@pytest.mark.parametrize("name", ["csv", "tsv", "json", "jsonl"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_files_never_hold_a_number_that_is_not_one(name, bad):
    with pytest.raises(InputError, match="must be finite"):
        render(one_cell(bad), name)


def test_json_reads_back_exactly():
    data = {"results": [{"value": 84213456.78, "low": None, "n": 3, "ok": True, "text": ESCAPES}]}
    text = render(replace(DOCUMENT, data=data), "json")

    assert json.loads(text) == data
    assert '  "results": [\n' in text
    assert "中" in render(one_cell("中"), "json")


def test_json_names_the_place_of_what_it_cannot_hold():
    data = {"results": [{"value": float("nan")}]}
    with pytest.raises(InputError, match=r"results\[0\]\.value: nan"):
        render(replace(DOCUMENT, data=data), "json")
    with pytest.raises(InputError, match=r"results is a set"):
        render(replace(DOCUMENT, data={"results": {1}}), "json")
    with pytest.raises(InputError, match=r"results has the key 1"):
        render(replace(DOCUMENT, data={"results": {1: 2}}), "json")


def test_numpy_numbers_are_numbers():
    """The engine's arrays give up numpy scalars, whose repr is not a number."""
    numpy = pytest.importorskip("numpy")

    assert render(one_cell(numpy.float64(0.1)), "csv") == "x\n0.1\n"
    assert json.loads(render(one_cell(numpy.int64(3)), "json")) == {"x": 3}
    assert "0.1" in render(one_cell(numpy.float64(0.1)), "table")


def test_json_lines_are_one_object_a_row():
    objects = [json.loads(line) for line in render(DOCUMENT, "jsonl").split("\n")[:-1]]

    assert objects == TABLE.records()


# markdown, html, latex


def markdown_cells(line):
    """Split a row of a GitHub table at its bare pipes and undo the escapes."""
    cells = re.split(r"(?<!\\)(?:\\\\)*\|", line)[1:-1]
    return [re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", cell).strip() for cell in cells]


def test_markdown_cells_read_back():
    text = render(DOCUMENT, "markdown")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    header, rule, *rows = map(markdown_cells, lines)

    assert header == ["What | it &lt;is&gt;", "Cost", "GPU-hours"]
    assert [cell[-1] for cell in rule] == ["-", ":", ":"]
    assert [len(row) for row in rows] == [3] * len(ROWS)
    for row, text_given in zip(rows, TEXTS, strict=True):
        plain = row[0].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        assert plain.replace("&nbsp;", " ").rstrip() == visible(text_given).rstrip()


def test_markdown_has_no_html_and_no_emphasis_from_text():
    text = render(DOCUMENT, "markdown")

    assert "<" not in text
    assert r"\*bold\*" in text
    assert r"\_under\_" in text
    assert "h100_sxm" in text
    assert r"\](http" in text


@pytest.mark.parametrize(
    ("text", "expected"), [("- x", r"\- x"), ("1. x", r"1\. x"), ("# x", r"\# x"), ("1.5", r"1\.5")]
)
def test_a_markdown_message_does_not_start_a_list_or_heading(text, expected):
    assert f"- {expected}\n" in render(replace(DOCUMENT, messages=(text,)), "markdown")


def test_markdown_numbers_are_left_alone_by_tabulate():
    """Its own parsing would turn the text 1e5 into 100000."""
    assert "100000" in tabulate([["1e5"]], tablefmt="pipe")
    assert "1e5" in render(one_cell("1e5"), "markdown")


class Page(HTMLParser):
    """Collects tags with their attributes, and the text of every cell."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.tags, self.cells, self.attributes = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *pair) for pair in attrs]
        if tag in ("td", "th"):
            self.cells.append("")

    def handle_data(self, data):
        if self.cells and data.strip():
            self.cells[-1] += data


def test_html_shows_every_text_and_runs_none():
    page = Page()
    page.feed(render(DOCUMENT, "html"))

    assert "script" not in page.tags
    assert page.tags.count("tr") == len(ROWS) + 1
    assert page.tags.count("caption") == page.tags.count("table") == 1
    assert page.cells[0] == "What | it <is>"
    assert page.cells[3] == HTML
    assert ("th", "scope", "col") in page.attributes
    assert ("th", "scope", "row") in page.attributes
    assert ("td", "class", "number") in page.attributes
    assert ("meta", "charset", "utf-8") in page.attributes
    assert ("meta", "content", '"0"') in page.attributes


def test_html_asks_for_nothing_from_outside():
    page = Page()
    page.feed(render(DOCUMENT, "html"))

    assert {name for _, name, _ in page.attributes} <= {
        "lang",
        "charset",
        "name",
        "content",
        "class",
        "scope",
    }
    assert "url(" not in render(DOCUMENT, "html")


def test_html_tags_are_balanced():
    text = render(DOCUMENT, "html")
    for tag in ("html", "head", "body", "section", "style", "table", "tr", "td", "th", "p", "li"):
        opened = len(re.findall(f"<{tag}[ >]", text))
        assert opened == text.count(f"</{tag}>"), tag


def test_latex_is_ascii_and_balanced():
    """Braces match, every row has its ampersands, and no special stands bare."""
    text = render(DOCUMENT, "latex")
    bare = re.sub(r"\\[\\{}%&$#_]", "", text)
    rows = [line for line in text.splitlines() if line.endswith(r" \\")]

    assert text.isascii()
    assert bare.count("{") == bare.count("}")
    assert [len(re.findall(r"(?<!\\)&", row)) for row in rows] == [2] * (len(ROWS) + 1)
    assert all(line.startswith("%") for line in text.splitlines() if re.search(r"(?<!\\)%", line))
    assert not re.search(r"[#^~]", re.sub(r"\\[#'^~]", "", bare))
    for rule in (r"\toprule", r"\midrule", r"\bottomrule"):
        assert rule in text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"50% & $5 #1", r"50\% \& \$5 \#1"),
        (r"a_b {x} ~ ^", r"a\_b \{x\} \textasciitilde{} \textasciicircum{}"),
        (r"\input{y}", r"\textbackslash{}input\{y\}"),
        ("3 × 10²–5", r"3 $\times$ 10\textsuperscript{2}\textendash{}5"),
        ("--gpus ---", "-{}-gpus -{}-{}-"),
        ("[H100] *", "{[}H100{]} {*}"),
        ("Größe, Hervé", r"Gr\"{o}\ss{}e, Herv\'{e}"),
        ("µ ≥ 中", r"$\mu$ $\geq$ U+4E2D"),
    ],
)
def test_latex_escapes(text, expected):
    """Specials, ligatures, accents and signs, written as the LaTeX book has them."""
    assert f"{expected} \\\\" in render(one_cell(text), "latex")


def test_latex_sets_numbers_right_and_long_text_as_paragraphs():
    assert r"\begin{tabular}{p{0.50\linewidth}rr}" in render(DOCUMENT, "latex")


def test_widths_of_characters():
    """Unicode's own East Asian widths and combining classes."""
    assert display_width("中文字") == 6
    assert display_width("e\u0301") == 1
    assert display_width("ｆｕｌｌ") == 8
    assert len(FIELDS) == 3


def test_long_words_break_at_their_joints():
    """A name is easier to read, and to search for, in whole parts."""
    assert wrapped("licence-threshold", 12) == ["licence-", "threshold"]
    assert wrapped("LLMCOST_ESTIMATE_MFU", 10) == ["LLMCOST_", "ESTIMATE_", "MFU"]
    assert wrapped("abcdefghij", 4) == ["abcd", "efgh", "ij"]


def test_cells_get_room_before_headings():
    """A heading over two lines costs one line; cells over two lines cost one a row."""
    table = Table(
        "t",
        (Field("a", "Alpha beta gamma"), Field("b", "Words")),
        (("1", "one two three"),),
    )
    assert column_widths(grid(table), 22) == [5, 13]


@pytest.mark.parametrize(
    ("name", "indented"),
    [
        ("markdown", "| &nbsp;&nbsp;servers |"),
        ("latex", r"\hspace*{1em}servers &"),
        ("html", '<th scope="row">  servers</th>'),
    ],
)
def test_a_part_stands_in_from_its_whole(name, indented):
    """Each of these formats drops spaces at the start of a cell unless it is told not to."""
    table = Table(
        "bases",
        (Field("name", "Cost"), Field("value", "USD", align="right")),
        (("owned", 3.0), ("servers", 2.0)),
        texts=(("Owned", "$3"), ("  servers", "$2")),
    )
    text = render(Document("", (table,), table, {}), name)

    assert indented in text
    assert name != "html" or "th[scope=row] { white-space: pre-wrap; }" in text
