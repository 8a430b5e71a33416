"""Every example runs as it stands, and leaves what it says."""

import os
import runpy
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

FOLDER = Path(__file__).parent.parent / "examples"
# What each shell script writes: file name to what the file starts with.
LEFT = {
    "h100_vs_b200.sh": {
        "h100_vs_b200.json": b"{",
        "h100_vs_b200.svg": b"<?xml",
        "h100_vs_b200.html": b"<!DOCTYPE html>",
        "growth.json": b"{",
        "growth.svg": b"<?xml",
    },
    "report_for_a_paper.sh": {
        "run.json": b"{",
        "moves.json": b"{",
        "paper.tex": b"",
        "methods.tex": b"",
        "methods.bib": b"@",
        "step.pdf": b"%PDF",
        "numbers.xlsx": b"PK",
    },
}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda p: p.name)
def test_a_python_example_runs(path, capsys):
    runpy.run_path(str(path), run_name="__main__")

    assert capsys.readouterr().out.strip()


@pytest.mark.skipif(which("sh") is None, reason="needs a shell")
@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sh")), ids=lambda p: p.name)
def test_a_shell_example_runs_and_leaves_its_files(path, tmp_path):
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "llmcost"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m llmcost "$@"\n')
    command.chmod(0o755)
    (tmp_path / "here").mkdir()

    ran = subprocess.run(
        ["sh", str(path)],
        cwd=tmp_path / "here",
        env=os.environ | {"PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert "Wrote" in ran.stderr
    for name, start in LEFT[path.name].items():
        assert (tmp_path / "here" / name).read_bytes().startswith(start)


def test_the_shell_examples_are_these():
    assert {path.name for path in FOLDER.glob("*.sh")} == set(LEFT)


def test_the_notebook_runs_and_shows_its_pictures(monkeypatch, tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(FOLDER / "llama_405b_reconciled.ipynb", as_version=4)

    nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()

    kinds = [set(out.get("data", ())) for cell in notebook.cells for out in cell.get("outputs", ())]
    assert sum("image/svg+xml" in kind for kind in kinds) == 3
    assert sum("text/html" in kind for kind in kinds) == 2
    printed = "".join(
        out["text"] for cell in notebook.cells for out in cell.get("outputs", ()) if "text" in out
    )
    # By hand: 35 / 30.84 and 200 / 30.84.
    assert "35M USD is 1.13 USD/GPU/hour" in printed
    assert "200M USD is 6.49 USD/GPU/hour" in printed
