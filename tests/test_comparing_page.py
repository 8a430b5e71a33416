"""The page on comparisons: its conditions are read, its setups compared, its files written."""

import re
import shlex
from pathlib import Path

import pytest

from llmcost.cli.main import run

PAGE = (Path(__file__).parent.parent / "docs" / "comparing.md").read_text(encoding="utf-8")
COMMANDS = [line[2:] for line in re.findall(r"^\$ .*", PAGE, re.M)]
CONDITIONS = re.search(r"```text\n(.*?)```", PAGE, re.S)[1].splitlines()


@pytest.fixture
def setups(tmp_path, monkeypatch):
    """The file of setups that the page shows, in the current folder."""
    (tmp_path / "setups.toml").write_text(re.search(r"```toml\n(.*?)```", PAGE, re.S)[1])
    monkeypatch.chdir(tmp_path)


def compared(command, *more):
    """Run a command of the page with few draws; return its exit code."""
    return run([*shlex.split(command)[1:], "--draws", "200", *more])


@pytest.mark.parametrize(
    "command", [c for c in COMMANDS if "october" not in c and " all " not in c]
)
def test_a_command_of_the_page_runs(command, setups, capsys):
    assert compared(command) == 0
    assert "Cost" in capsys.readouterr().out


def test_a_comparison_is_saved_and_set_against(setups, capsys):
    save, against = (command for command in COMMANDS if "october" in command)

    assert compared(save) == 0
    assert compared(against, "--pue", "1.5") == 0
    assert "PUE" in capsys.readouterr().out


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_of_the_page_is_read(condition, capsys):
    command = "llmcost compare llama-3.1-8b --tokens 1T --setup h100-sxm:512 --setup b200-sxm:256"

    assert compared(command, "--where", f"({condition}) or cost > $1") == 0
    assert "h100-sxm" in capsys.readouterr().out


def test_the_python_of_the_page_runs(capsys):
    exec(re.search(r"```python\n(.*?)```", PAGE, re.S)[1], {})

    assert "wall_clock [day]" in capsys.readouterr().out
