"""The help of a command with many options: headings in order, every option once."""

import re

import click
import pytest
from click.testing import CliRunner

from llmcost.cli.grouped import GroupedCommand

HEADINGS = {
    "--tokens": "What is trained",
    "--seq-length": "What is trained",
    "--price": "Money",
    "--gpu": "The machine",
    "--provider": "Money",
}


def command(headings=HEADINGS, **more):
    """A command of six options, declared in another order than their headings have."""

    @click.command(cls=GroupedCommand, headings=headings, **more)
    @click.argument("model", required=False)
    @click.option("--debug", is_flag=True, help="Show the traceback.")
    @click.option("--gpu", metavar="NAME", help="Accelerator.")
    @click.option("--provider", metavar="NAME", help="Whose price.")
    @click.option("--price", metavar="PRICE", default="2.5", show_default=True, help="Rent.")
    @click.option("--seq-length", "length", metavar="COUNT", help="Tokens per sequence: " * 8)
    @click.option("-t", "--tokens", metavar="COUNT", help="Training tokens.")
    @click.option("--secret", hidden=True)
    def estimate(**options):
        """What does it take?"""
        click.echo(" ".join(f"{name}={value}" for name, value in sorted(options.items())))

    return estimate


def shown(one, *arguments, **settings):
    """What the command prints."""
    done = CliRunner().invoke(one, arguments, terminal_width=80, **settings)
    assert done.exit_code == 0, done.output
    return done.output


def test_options_stand_under_their_headings_in_the_order_of_the_mapping():
    text = shown(command(), "--help")

    assert re.findall(r"^\S.*:$", text, re.MULTILINE) == [
        *("What is trained:", "Money:", "The machine:", "Other options:")
    ]
    assert re.findall(r"^  (?:-t, )?(--\S+)", text, re.MULTILINE) == [
        *("--tokens", "--seq-length", "--price", "--provider", "--gpu", "--debug", "--help")
    ]


def test_every_visible_option_is_there_once():
    text = shown(command(), "--help")

    for parameter in command().params:
        if isinstance(parameter, click.Option):
            count = len(re.findall(rf"(?<!\w){parameter.opts[-1]}\b", text))
            assert count == (0 if parameter.hidden else 1), parameter.opts


def test_the_sections_share_their_columns():
    text = shown(command(), "--help")

    starts = {re.search(r"\S  +(\S)", line).start(1) for line in text.splitlines() if "--" in line}
    assert len(starts) == 1


def test_no_line_is_wider_than_the_page():
    assert max(map(len, shown(command(), "--help").splitlines())) <= 80


def test_a_heading_may_be_the_name_of_the_rest():
    text = shown(command({"--gpu": "Other options", "--tokens": "First"}), "--help")

    assert re.findall(r"^\S.*:$", text, re.MULTILINE) == ["First:", "Other options:"]
    assert text.index("--gpu") < text.index("--debug")


def test_the_command_itself_runs_as_before():
    assert "price=3" in shown(command(), "--price", "3")


def test_a_heading_for_no_option_is_refused():
    with pytest.raises(ValueError, match="unknown options --prices"):
        command({"--prices": "Money"})
