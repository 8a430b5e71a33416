"""The page on comparisons: its conditions are read."""

import re
import shlex
from pathlib import Path

import pytest

from llmcost.cli.main import run

PAGE = (Path(__file__).parent.parent / "docs" / "comparing.md").read_text(encoding="utf-8")
CONDITIONS = re.search(r"```text\n(.*?)```", PAGE, re.S)[1].splitlines()


def compared(command, *more):
    """Run a command of the page with few draws; return its exit code."""
    return run([*shlex.split(command)[1:], "--draws", "200", *more])


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_of_the_page_is_read(condition, capsys):
    command = "llmcost compare llama-3.1-8b --tokens 1T --setup h100-sxm:512 --setup b200-sxm:256"

    assert compared(command, "--where", f"({condition}) or cost > $1") == 0
    assert "h100-sxm" in capsys.readouterr().out
