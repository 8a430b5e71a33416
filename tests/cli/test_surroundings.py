"""Odd surroundings: other encodings, closed outputs, interrupts, deleted folders, defects."""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.cli.helpers import HEADLINE, llmcost

ESTIMATE = [sys.executable, "-m", "llmcost", *HEADLINE]


def process(command, folder, **environment):
    """Run a command in a new process, in a folder."""
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        check=False,
        shell=isinstance(command, str),
    )


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_any_output_encoding(tmp_path, encoding):
    """Every format in one process an encoding, since starting one takes longest."""
    code = (
        "import sys; from llmcost.cli.main import run; words = sys.argv[1:]\n"
        "for name in ('table', 'json', 'csv', 'markdown'):\n"
        "    code = run([*words, '--format', name]); print('\\f', name, code, flush=True)\n"
    )
    command = [sys.executable, "-c", code, *HEADLINE]
    done = process(command, tmp_path, PYTHONIOENCODING=encoding, PYTHONUTF8="0")

    assert done.returncode == 0, done.stderr
    *answers, rest = done.stdout.decode(encoding).split("\f ")
    assert rest.split() == ["markdown", "0"]
    assert len(answers) == 4
    for answer in answers:
        assert "llama-3.1-405b" in answer.replace("\\-", "-")
    codes = [answer.split()[:2] for answer in answers[1:]]
    assert codes == [["table", "0"], ["json", "0"], ["csv", "0"]]


@pytest.mark.parametrize("setting", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}])
def test_rules_and_dashes_have_ascii_forms(tmp_path, setting):
    """Signs that our own tables are drawn with are spelled, never escaped."""
    command = [*(sys.executable, "-m", "llmcost"), *("show", "models", "llama-3.1-405b")]
    text = process(command, tmp_path, PYTHONUTF8="0", **setting).stdout

    assert text.isascii()
    assert b"-----" in text
    assert b"\\u" not in text


def test_a_closed_standard_output(tmp_path):
    words = " ".join(ESTIMATE)
    done = process(f"{words} -o out.json >&-", tmp_path)

    assert done.returncode == 0
    assert b"Traceback" not in done.stderr
    assert (tmp_path / "out.json").exists()
    assert b"Traceback" not in process(f"{words} >&-", tmp_path).stderr


def test_a_full_disk(tmp_path):
    if not os.path.exists("/dev/full"):
        pytest.skip("no /dev/full here")
    done = process(f"{' '.join(ESTIMATE)} > /dev/full", tmp_path)

    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert b"No space left" in done.stderr


def test_a_deleted_working_folder(tmp_path):
    gone = tmp_path / "gone"
    done = process(f"mkdir {gone}; cd {gone}; rmdir {gone}; {' '.join(ESTIMATE)}", tmp_path)

    assert b"Traceback" not in done.stderr
    assert done.returncode in (0, 2)


@pytest.mark.parametrize("delay", [0.0, 0.02, 0.05, 0.1, 0.3])
def test_an_interrupt_is_one_line_and_130(tmp_path, delay):
    code = "import sys; from llmcost.cli.entry import main; print('up', flush=True); main()"
    child = subprocess.Popen(
        [sys.executable, "-c", code, "show", "prices"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    child.stdout.readline()
    time.sleep(delay)
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=60)

    assert b"Traceback" not in errors
    assert child.returncode in (0, 130, -signal.SIGINT)


def test_a_defect_is_never_a_verdict(capsys, monkeypatch, empty_folder):
    def broken(*_args, **_kwargs):
        raise ZeroDivisionError("x")

    monkeypatch.setattr("llmcost.studies.estimation.estimate", broken)
    ran = llmcost(capsys, *HEADLINE, "--max-cost", "$1")

    assert ran.code == 2
    assert "defect" in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("arguments", [(), ("config",)])
def test_a_group_without_a_command_shows_its_help_whole(capsys, arguments):
    ran = llmcost(capsys, *arguments)
    helped = llmcost(capsys, *arguments, "--help").out

    assert (ran.out + ran.err).strip() == helped.strip()
    assert "Error" not in ran.err
