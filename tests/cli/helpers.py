"""Running the command line inside the test process."""

import json
from typing import NamedTuple

from llmcost.cli.main import run


class Ran(NamedTuple):
    """What one run of the command line left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self):
        """The JSON document on standard output."""
        return json.loads(self.out)


def llmcost(capsys, *arguments):
    """Run the command line and return its exit code, standard output and standard error."""
    capsys.readouterr()
    code = run([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return Ran(code, captured.out, captured.err)


HEADLINE = ("estimate", "llama-3.1-405b", "--tokens", "15T", "--gpu", "h100-sxm", "--gpus", "16000")
PINNED = (*HEADLINE, "--as-of", "2026-09-06", "--today", "2026-10-01")
