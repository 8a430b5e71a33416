"""The files of a report onto the disk: all of them or none, and what stood there before."""

import os

import pytest

from llmcost import InputError, estimate
from llmcost.errors import UnknownNameError
from llmcost.render.reports import render_report, report_format_of
from llmcost.render.reports.writing import write_files, write_report
from tests.saved_kinds import RUN, saved_file

MADE = {"a.md": b"# A", "a_files/cost.svg": b"<svg/>", "a_files/step.svg": b"<svg></svg>"}


def left(folder):
    """Every file under a folder with what it holds."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_all_files_are_written_the_first_under_the_name_asked_for(tmp_path):
    write_files(MADE, tmp_path / "b.txt")

    assert left(tmp_path) == {
        "b.txt": b"# A",
        "a_files/cost.svg": b"<svg/>",
        "a_files/step.svg": b"<svg></svg>",
    }


def test_files_of_these_names_are_replaced_and_others_left_alone(tmp_path):
    (tmp_path / "a_files").mkdir()
    (tmp_path / "a_files" / "cost.svg").write_text("old")
    (tmp_path / "a_files" / "mine.txt").write_text("mine")
    (tmp_path / "a.md").write_text("old")
    write_files(MADE, tmp_path / "a.md")

    assert left(tmp_path) == {**MADE, "a_files/mine.txt": b"mine"}


def test_nothing_is_left_where_one_file_cannot_be_written(tmp_path):
    (tmp_path / "a_files" / "step.svg").mkdir(parents=True)
    (tmp_path / "a_files" / "cost.svg").write_text("old")

    with pytest.raises(InputError, match=r"step\.svg.*it is a folder"):
        write_files(MADE, tmp_path / "a.md")

    assert left(tmp_path) == {"a_files/cost.svg": b"old"}


def test_a_main_file_that_fails_takes_the_others_with_it(tmp_path, monkeypatch):
    replace = os.replace

    def failing(source, target):
        if str(target).endswith("a.md"):
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", failing)
    with pytest.raises(InputError, match="No space left"):
        write_files(MADE, tmp_path / "a.md")

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["../out.svg", "/tmp/out.svg", "a_files/../../out.svg"])
def test_no_file_leaves_the_folder(name, tmp_path):
    with pytest.raises(InputError, match="not inside the report's folder"):
        write_files({"a.md": b"", name: b""}, tmp_path / "a.md")

    assert list(tmp_path.iterdir()) == []


def test_a_stream_takes_one_file_and_not_several(tmp_path):
    write_files({"a.html": b"x"}, os.devnull)
    with pytest.raises(InputError, match="2 pictures beside it"):
        write_files(MADE, os.devnull)


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(InputError, match="make it first"):
        write_files(MADE, tmp_path / "none" / "a.md")


def test_answers_and_saved_files_make_one_report(tmp_path):
    path = tmp_path / "report.md"
    write_report([estimate(**RUN), saved_file(tmp_path, "sensitivity")], path, title="Both")
    text = path.read_text(encoding="utf-8")

    assert text.startswith("# Both\n")
    assert "estimate-1.json" in text
    assert "sensitivity.json" in text
    assert (tmp_path / "report_files" / "tornado.svg").exists()


def test_one_answer_needs_no_list(tmp_path):
    write_report(estimate(**RUN), tmp_path / "report.md")

    assert (tmp_path / "report.md").exists()


def test_a_format_that_is_named_counts_more_than_the_suffix(tmp_path):
    write_report(estimate(**RUN), tmp_path / "mail.txt", format="markdown", title="A run")

    assert (tmp_path / "mail.txt").read_text(encoding="utf-8").startswith("# A run\n")
    assert (tmp_path / "mail_files").is_dir()


def test_what_is_no_answer_is_refused(tmp_path):
    with pytest.raises(InputError, match="needs an answer of llmcost"):
        write_report([5], tmp_path / "report.md")
    assert list(tmp_path.iterdir()) == []


def test_formats_are_told_by_suffix_and_unknown_ones_refused():
    assert [report_format_of(name) for name in ("a.HTML", "b.md", "c.tex", "d.xlsx", "e.zip")] == [
        *("html", "markdown", "latex", "xlsx", "zip")
    ]
    with pytest.raises(InputError, match=r"needs \.html, "):
        report_format_of("report.docx")
    with pytest.raises(UnknownNameError, match="format of a report"):
        render_report(None, "docx")
