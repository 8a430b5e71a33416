"""A report as Markdown: pictures beside it, footnotes, and nothing that acts."""

import re
from dataclasses import replace

import pytest

from llmcost.render.reports import render_report
from llmcost.render.reports.beside import folder_of
from llmcost.render.reports.markdown import markdown, markdown_text
from llmcost.report import Section
from llmcost.table import Field, Table
from tests.render.report_fakes import report, setups_table

pytest.importorskip("matplotlib", reason="pictures need matplotlib")


@pytest.fixture(scope="module")
def made():
    return markdown(report(), "our report")


@pytest.fixture(scope="module")
def text(made):
    return made["our report.md"].decode("utf-8")


def test_the_main_file_comes_first_and_pictures_lie_beside_it(made):
    assert list(made) == [
        "our report.md",
        "our-report_files/cost.svg",
        "our-report_files/claim.svg",
        "our-report_files/cost-and-time.svg",
    ]
    assert b"<svg" in made["our-report_files/cost.svg"]


def test_every_picture_is_shown_and_described(made, text):
    shown = re.findall(r"!\[([^\n]+)\]\(([^)]+)\)", text)

    assert [path for _, path in shown] == list(made)[1:]
    assert shown[0][0].startswith("Renting costs $77.0M")
    assert text.count("Renting on demand costs $77.0M ($51.0M to $140M)") == 3


def test_citations_are_footnotes_right_after_their_word(text):
    assert "on 15T tokens[^llama3] [^prices]." in text
    assert "[^llama3]: Grattafiori et al. *The Llama 3 Herd of Models*, 2024-07-31. " in text
    assert "<https://arxiv.org/abs/2407.21783>. Read 2026-09-01." in text
    assert "cites (nobody)" in text


def test_cells_of_sources_are_footnotes(text):
    assert re.search(r"\| GPU-hours \| 30\.8M GPU-hours .*\| \[\^llama3\] \[\^prices\] \|", text)


def test_numbers_stand_right_and_missing_ones_are_dashes(text):
    assert "| Setup | GPUs | Cost | Wall clock | Sources |\n|:---|---:|---:|---:|:---|" in text
    assert "| h100-sxm:999 | 999 | — | 11 days | [^prices] |" in text


def test_nothing_acts(text):
    assert "<script" not in text.replace("'<script>window.acted = 1</script>'", "")
    assert "<img" not in text
    assert "javascript:" not in text


def test_the_command_is_code_whatever_it_holds(text):
    told = replace(report(), made_by=(("Command", "a `b` ``c``"),))

    assert "- Command: `llmcost estimate llama-3.1-405b" in text
    assert "- Command: ``` a `b` ``c`` ```" in markdown_text(told, "x")


def test_a_table_of_very_many_rows_says_what_is_left_out():
    long = replace(report(), sections=(Section("a", "A", tables=(setups_table(1000),)),))
    text = markdown_text(long, "x")

    assert text.count("| h100-sxm:") == 200
    assert "800 of 1,000 rows are left out; the CSV bundle has all of them." in text


def test_a_table_without_rows_says_so():
    empty = Table("none", (Field("a", "A"),), ())
    told = replace(report(), sections=(Section("a", "A", tables=(empty,)),))

    assert "(no rows)" in markdown_text(told, "x")


def test_the_same_report_is_the_same_bytes():
    assert render_report(report(), "markdown", "a") == render_report(report(), "markdown", "a")


@pytest.mark.parametrize(
    ("stem", "folder"),
    [
        ("report", "report_files"),
        ("our_run-2", "our_run-2_files"),
        ("a/b c&%#{é}", "a-b-c-e_files"),
        ("..", "report_files"),
        ("中", "report_files"),
    ],
)
def test_the_folder_beside_has_a_name_that_every_format_takes(stem, folder):
    assert folder_of(stem) == folder
