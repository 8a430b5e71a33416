"""A report as LaTeX compiles as it is, and its tables fit the page."""

import re
import shutil
import subprocess
from dataclasses import replace

import pytest

from llmcost.render.reports.latex import latex, latex_text
from llmcost.render.reports.latex_tables import latex_table
from llmcost.render.reports.latex_words import cited, words
from llmcost.report import Footnote, Section
from llmcost.table import Field, Table
from tests.render.nasty_answer import TABLE as NASTY_TABLE
from tests.render.nasty_answer import TEXTS
from tests.render.report_fakes import report, setups_table

PACKAGES = ("booktabs", "float", "geometry", "graphicx", "hyperref", "longtable", "siunitx")


def no_latex():
    """Why nothing can be compiled here, or nothing where it can."""
    if shutil.which("pdflatex") is None or shutil.which("kpsewhich") is None:
        return "there is no pdflatex"
    asked = ["kpsewhich", *(f"{name}.sty" for name in PACKAGES)]
    found = subprocess.run(asked, check=False, capture_output=True, text=True).stdout
    missing = [name for name in PACKAGES if f"/{name}.sty" not in found]
    return f"LaTeX lacks {', '.join(missing)}" if missing else ""


WHY_NOT = no_latex()
NASTY = " ".join(TEXTS)


def compiled(files, folder):
    """The log of pdflatex, run as a reader would."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    main = next(iter(files))
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", main]
    for _ in range(2):
        done = subprocess.run(command, check=False, cwd=folder, capture_output=True)
        log = done.stdout.decode("latin-1")
        assert done.returncode == 0, log[-3000:]
    assert (folder / main.replace(".tex", ".pdf")).read_bytes().startswith(b"%PDF")
    return log


@pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
def test_the_report_compiles_without_an_edit(tmp_path):
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    log = compiled(latex(report(rows=60), "paper"), tmp_path)

    assert "undefined" not in log.replace("Font shape `OML/cmtt/m/n' undefined", "")
    assert not [line for line in log.splitlines() if line.startswith("Overfull")]


@pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
def test_texts_that_try_to_act_compile_as_text(tmp_path):
    """Every sign that means something to TeX, in every place that holds text."""
    fields = (Field("name", NASTY), Field("value", "[x]", align="right"), Field("sources", "S"))
    table = Table("t", fields, ((NASTY, 1.5, "a; b"), ("*x", 2e-9, "")), NASTY, notes=(NASTY,))
    hostile = replace(
        report(),
        title=NASTY,
        summary=(NASTY, r"\input{/etc/passwd} \write18{ls} $x$ % # ^^A"),
        sections=(Section("a", NASTY, (NASTY, "[@a] [@unknown]"), tables=(table, NASTY_TABLE)),),
        methods=f"{NASTY} [@a; @b]",
        footnotes=(
            Footnote("a", NASTY, NASTY, "2024", "2026", "https://a.org/%7b_#x?y=1&z={}"),
            Footnote("b", "", "", "", "", NASTY),
        ),
        warnings=(NASTY,),
        made_by=((NASTY, f"llmcost estimate --x '{NASTY}'"),),
    )
    log = compiled({"report.tex": latex_text(hostile, "x").encode("ascii")}, tmp_path)

    assert "root:" not in log


@pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)
def test_tables_too_wide_for_a_line_come_in_parts_that_fit(tmp_path):
    fields = tuple(Field(f"column_{at}", f"Some column {at}") for at in range(24))
    rows = tuple(tuple(f"cell {row} of column {at}" for at in range(24)) for row in range(50))
    wide = replace(
        report(), sections=(Section("a", "A", tables=(Table("w", fields, rows, "Wide"),)),)
    )
    log = compiled({"report.tex": latex_text(wide, "x").encode("ascii")}, tmp_path)
    text = latex_text(wide, "x")

    parts = re.findall(r"Wide \(part (\d) of (\d)\)", text)
    assert len(parts) == int(parts[0][1]) > 1
    assert all(f"cell 49 of column {at}" in text for at in range(24))
    over = [float(pt) for pt in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
    assert max(over, default=0) < 12


def test_bare_numbers_are_set_by_siunitx():
    fields = (Field("name", "Setup"), Field("gpus", "GPUs", align="right"))
    texts = (("a", "16,000"), ("b", "8"), ("c", "—"))
    text = latex_table(Table("t", fields, (("a", 16000), ("b", 8), ("c", None)), texts=texts), {})

    assert r"lS[table-format=5.0]" in text
    assert r"Setup & {GPUs} \\" in text
    assert "a & 16000 \\\\\nb & 8 \\\\\nc & {\\textemdash{}} \\\\" in text


def test_numbers_with_units_stand_right():
    fields = (Field("cost", "Cost", "USD", align="right"),)

    assert r"@{}r@{}" in latex_table(Table("t", fields, ((1.17e8,),)), {})


def test_a_long_table_breaks_over_pages_with_its_head_on_each():
    text = latex_table(setups_table(100), {"prices": "prices"})

    assert text.count(r"\begin{longtable}") == 1
    assert text.count("Setup & ") == 2
    assert text.count(r"\cite{prices}") == 100


def test_a_very_long_table_says_what_is_left_out():
    text = latex_table(setups_table(800), {})

    assert text.count("h100-sxm:") == 500
    assert "300 of 800 rows are left out" in text


def test_powers_of_ten_are_set_by_siunitx():
    assert words("3.79e25 FLOP, 2e-05/h") == r"\num{3.79e25} FLOP, \num{2e-05}/h"
    assert words("a1e5 commit 12e4f5") == "a1e5 commit 12e4f5"


def test_layouts_and_addresses_may_break():
    assert words("tp=8,pp=16") == r"tp=8,\allowbreak pp=16"
    assert r"/\allowbreak " in words("https://web.archive.org/web/20240226/https://a.com")


def test_citations_side_by_side_are_one():
    keys = {"a": "a", "é": "e"}

    assert cited("x [@a] [@é] y [@a]", keys) == r"x \cite{a,e} y \cite{a}"
    assert cited("x [@a; @none].", keys) == r"x \cite{a} none."


def test_the_text_is_ascii_and_the_bibliography_inside():
    text = latex_text(report(), "report_files")

    assert text.isascii()
    assert r"\bibitem{llama3} Grattafiori et al." in text
    assert r"\includegraphics" in text
    assert "javascript" not in text
