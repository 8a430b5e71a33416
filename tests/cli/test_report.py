"""``llmcost report``: formats by suffix, what is printed, what is refused before any work."""

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from types import SimpleNamespace

import openpyxl
import pytest

from llmcost import render
from llmcost.cli import report as command
from llmcost.render import pictures, reports
from tests.cli.helpers import llmcost
from tests.saved_kinds import saved, saved_file


@pytest.fixture
def results(tmp_path):
    """The files of three results."""
    return [saved_file(tmp_path, kind) for kind in ("estimate", "comparison", "sensitivity")]


def refused(capsys, *arguments):
    """The message with which the command refuses, which is one line."""
    done = llmcost(capsys, "report", *arguments)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("Error: ")
    assert done.err.count("\n") == 1
    return done.err


def test_formats_are_those_of_the_renderers():
    assert tuple(reports.REPORT_FORMATS) == command.REPORTS
    assert tuple(pictures.FORMATS) == command.PICTURES
    assert set(command.SCREEN) <= set(render.FORMATS)


def test_a_page_is_one_file_with_the_results_in_it(capsys, tmp_path, results):
    path = tmp_path / "report.html"
    done = llmcost(capsys, "report", *results, "-o", path)
    text = path.read_text(encoding="utf-8")

    assert (done.code, done.out, done.err) == (0, "", f"Wrote {path} (html).\n")
    assert not list(tmp_path.glob("report_files"))
    for number, one in enumerate(results, start=1):
        assert f'id="llmcost-result-{number}" data-name="{one.name}"' in text


def test_a_page_made_from_a_page_is_the_same_page(capsys, tmp_path, results):
    first, again = tmp_path / "report.html", tmp_path / "again.html"
    llmcost(capsys, "report", *results, "-o", first)
    llmcost(capsys, "report", first, "-o", again)

    assert again.read_bytes() == first.read_bytes()


def test_markdown_has_its_pictures_in_a_folder_beside_it(capsys, tmp_path, results):
    path = tmp_path / "paper.md"
    done = llmcost(capsys, "report", results[0], "-o", path)
    linked = re.findall(r"\((paper_files/[^)]+\.svg)\)", path.read_text(encoding="utf-8"))

    assert done.err == f"Wrote {path} (markdown, 3 files beside it).\n"
    assert sorted(linked) == [f"paper_files/{name}.svg" for name in ("cost", "memory", "step")]
    assert all((tmp_path / each).read_text().startswith("<?xml") for each in linked)


def test_latex_workbook_and_bundle_are_written(capsys, tmp_path, results):
    for suffix in ("tex", "xlsx", "zip"):
        done = llmcost(capsys, "report", results[0], "-o", tmp_path / f"r.{suffix}")
        assert done.code == 0, done.err

    assert "\\documentclass" in (tmp_path / "r.tex").read_text(encoding="utf-8")
    assert "Summary" in openpyxl.load_workbook(tmp_path / "r.xlsx").sheetnames
    assert "datapackage.json" in zipfile.ZipFile(tmp_path / "r.zip").namelist()


def test_the_digest_has_summary_tables_and_pictures(capsys, results):
    done = llmcost(capsys, "report", *results)

    assert done.code == 0
    assert done.out.startswith("llama-3.1-8b · 1T tokens · 64 x h100-sxm, bf16\n\nSummary\n")
    assert "takes 18.7 days" in done.out
    assert "█" in done.out
    assert "Cost by basis" in done.out
    assert "dcd-aws-pue" in done.out
    assert max(len(line) for line in done.out.splitlines()) <= 80


def test_the_digest_fits_a_narrow_screen_and_is_plain_where_it_must_be(
    capsys, monkeypatch, results
):
    monkeypatch.setenv("COLUMNS", "44")
    narrow = llmcost(capsys, "report", results[0])
    plain = llmcost(capsys, "report", results[0], "--format", "plain")
    monkeypatch.setenv("LC_ALL", "C")
    ascii_only = llmcost(capsys, "report", results[0])

    assert max(len(line) for line in narrow.out.splitlines()) <= 44
    assert plain.out.isascii()
    assert ascii_only.out.isascii()


def test_json_has_the_whole_report_and_its_command(capsys, tmp_path, results):
    path = tmp_path / "report.json"
    printed = llmcost(capsys, "report", results[0], "--json").data
    llmcost(capsys, "report", results[0], "-o", path)
    written = json.loads(path.read_text(encoding="utf-8"))

    assert printed["schema"] == written["schema"] == "llmcost.report/1"
    assert printed["results"] == written["results"]
    assert printed["results"][0]["data"] == saved("estimate")
    assert written["command"] == f"llmcost report {results[0]} -o {path}"


def test_a_title_is_taken(capsys, results):
    done = llmcost(capsys, "report", results[0], "--title", "What we need")

    assert done.out.startswith("What we need\n")


@pytest.mark.parametrize(
    ("suffix", "start"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")]
)
def test_one_picture_is_drawn(suffix, start, capsys, tmp_path, results):
    path = tmp_path / f"step.{suffix}"
    done = llmcost(capsys, "report", results[0], "--picture", "step", "-o", path)

    assert done.err == f"Wrote {path} (step, {suffix}).\n"
    assert path.read_bytes().startswith(start)


def test_without_a_name_the_main_picture_is_drawn(capsys, tmp_path, results):
    done = llmcost(capsys, "report", results[2], "-o", tmp_path / "t.svg")

    assert "(tornado, svg)" in done.err


def test_of_several_results_the_one_that_can_be_drawn_so_is(capsys, tmp_path, results):
    path = tmp_path / "t.svg"
    done = llmcost(capsys, "report", *results, "--picture", "tornado", "-o", path)

    assert done.code == 0
    assert "2 of the 3 results can be drawn as cost (estimate.json, comparison.json)" in refused(
        capsys, *results, "--picture", "cost", "-o", path
    )
    assert "got none for 3 results; needs --picture NAME" in refused(capsys, *results, "-o", path)
    assert "none of the 3 results can be drawn as claim" in refused(
        capsys, *results, "--picture", "claim", "-o", path
    )


def test_a_picture_is_drawn_on_the_screen(capsys, results):
    done = llmcost(capsys, "report", results[0], "--picture", "cost")

    assert done.code == 0
    assert "Rented, on demand" in done.out
    assert "█" in done.out


def test_standard_input_is_read(capsys, monkeypatch):
    text = json.dumps(saved("sensitivity")).encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))

    assert "moves the cost most" in llmcost(capsys, "report", "-").out


def test_the_methods_replace_nobodys_own_bibliography(capsys, tmp_path, results):
    own = tmp_path / "refs.bib"
    own.write_text("@book{mine, title = {Mine}}")
    ran = llmcost(capsys, "report", results[0], "--methods", "-o", tmp_path / "refs.tex")

    assert ran.code == 2
    assert "was not written by llmcost" in ran.err
    assert own.read_text() == "@book{mine, title = {Mine}}"
    assert not (tmp_path / "refs.tex").exists()

    own.unlink()
    for _ in range(2):
        again = llmcost(capsys, "report", results[0], "--methods", "-o", tmp_path / "refs.tex")
        assert again.code == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_template_that_is_a_pipe_is_refused_not_waited_for(capsys, tmp_path, results):
    os.mkfifo(tmp_path / "pipe")
    ran = llmcost(capsys, "report", results[0], "--template", tmp_path / "pipe")

    assert ran.code == 2
    assert "is a pipe" in ran.err


def test_the_methods_are_written_alone(capsys, tmp_path, results):
    printed = llmcost(capsys, "report", results[0], "--methods")
    done = llmcost(capsys, "report", results[0], "--methods", "-o", tmp_path / "m.tex")

    assert printed.code == done.code == 0
    assert "llama-3.1-8b" in printed.out
    assert "@misc{" in printed.out
    assert done.err == f"Wrote {tmp_path / 'm.tex'} (methods, m.bib).\n"
    assert "\\cite{" in (tmp_path / "m.tex").read_text(encoding="utf-8")
    assert (tmp_path / "m.bib").exists()


def test_a_template_of_ones_own_makes_the_file(capsys, tmp_path, results):
    template, path = tmp_path / "t.j2", tmp_path / "r.txt"
    template.write_text("{{ report.title }}!", encoding="utf-8")
    done = llmcost(capsys, "report", results[0], "--template", template, "-o", path)

    assert done.code == 0, done.err
    assert path.read_text(encoding="utf-8").strip() == (
        "llama-3.1-8b · 1T tokens · 64 x h100-sxm, bf16!"
    )


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("-o", "r.docx"), "Cannot tell the format of 'r.docx'"),
        (("-o", "r"), "got no suffix"),
        (("-o", "none/r.html"), "the folder 'none' does not exist"),
        (("--format", "markdown"), "--format: got markdown without a file; needs --output"),
        (("--format", "xlsx"), "such as -o report.xlsx"),
        (("--picture", "cots"), "Unknown picture 'cots'. Did you mean cost?"),
        (("--picture", "cost", "-o", "r.html"), "--picture: got cost for html"),
        (("--picture", "tornado", "-o", "r.svg"), "The picture tornado is drawn from"),
        (("--methods", "--template", "t.j2"), "--methods: got it beside --template"),
        (("--methods", "--picture", "cost"), "--picture: got it beside --methods"),
        (("--methods", "-o", "m.docx"), "needs .md, .txt, .tex or .bib"),
        (("--title", ""), "--title: got ''"),
        (("--json", "--format", "html"), "--format: got html beside --json"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    arguments, told, capsys, empty_folder, tmp_path_factory
):
    result = saved_file(tmp_path_factory.mktemp("saved"), "estimate")

    assert told in refused(capsys, result, *arguments)
    assert list(empty_folder.iterdir()) == []


def test_no_file_a_missing_one_and_one_given_twice_are_refused(capsys, results):
    assert "Got no file" in refused(capsys)
    assert "There is no file 'none.json'" in refused(capsys, "none.json")
    assert "twice; needs every file once" in refused(capsys, results[0], results[0])


@pytest.mark.parametrize("more", [(), ("--format", "html"), ("--template", "result.json")])
def test_a_result_is_not_replaced_by_its_report(more, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = saved_file(tmp_path, "estimate").rename(tmp_path / "result.json")
    before = path.read_bytes()
    (tmp_path / "link.json").symlink_to(path)

    for output in ("result.json", "link.json"):
        told = refused(capsys, "result.json", "-o", output, *more)
        assert told.startswith(f"Error: --output: got '{output}', which is read too; ")
    assert path.read_bytes() == before


def test_a_result_that_was_changed_is_refused_with_its_place(capsys, tmp_path):
    data = saved("estimate")
    data["results"]["cost"]["low"] = "cheap"
    path = tmp_path / "e.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    told = refused(capsys, path, "-o", tmp_path / "r.html")

    assert "e.json': results.cost.low is 'cheap'; needs a number" in told
    assert not (tmp_path / "r.html").exists()


def test_tags_in_names_are_inert_in_a_page(capsys, tmp_path):
    data = saved("estimate")
    data["inputs"]["model"]["value"] = "<script>alert(1)</script>"
    path = tmp_path / "<b>e.json"
    path.write_text(json.dumps(data), encoding="utf-8")
    done = llmcost(capsys, "report", path, "-o", tmp_path / "r.html")
    text = (tmp_path / "r.html").read_text(encoding="utf-8")

    assert done.code == 0
    assert "<script>alert" not in text
    assert "<b>e.json" not in text


def test_help_and_digest_of_a_result_load_no_drawing_library(tmp_path):
    path = saved_file(tmp_path, "estimate")
    code = (
        "import sys; from llmcost.cli.main import run; "
        f"run(['report', {str(path)!r}]); "
        "print([m for m in ('matplotlib', 'plotly', 'jinja2', 'xlsxwriter') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert done.stdout.decode().strip().endswith("[]")


def test_a_closed_standard_input_is_told(capsys, monkeypatch):
    monkeypatch.setattr("sys.stdin", None)

    ran = llmcost(capsys, "report", "-")

    assert ran.code == 2
    assert "standard input is closed; needs a result" in ran.err
