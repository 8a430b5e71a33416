"""--plot and --picture: the answer as a picture, in a file or under it."""

from __future__ import annotations

import os
from xml.etree import ElementTree

import click
import pytest

from llmcost.cli import plotting
from llmcost.cli.main import cli
from llmcost.cli.plotting import DRAWN
from llmcost.render import pictures
from llmcost.views.pictures import MAIN, PICTURES
from tests.cli.helpers import PINNED, llmcost

pytestmark = pytest.mark.usefixtures("empty_folder")
SMALL = ("estimate", "llama-3.1-8b", "--tokens", "1T", "--gpu", "h100-sxm", "--gpus", "64")
FIXED = ("--mfu", "40%", "--draws", "100")
SCHEMAS = {
    "estimate": "llmcost.estimate/1",
    "compare": "llmcost.comparison/1",
    "sensitivity": "llmcost.sensitivity/1",
    "reconcile": "llmcost.reconciliation/1",
    "validate": "llmcost.validation/1",
    "track": "llmcost.track/1",
    "show": "llmcost.facts/1",
}


def commands():
    """The commands that can draw."""
    return {name: cli.get_command(click.Context(cli), name) for name in DRAWN}


def title_of(path):
    """The title of an SVG."""
    return ElementTree.parse(path).find("{http://www.w3.org/2000/svg}title").text


def refused(ran, *words):
    """One message of these words, nothing printed."""
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.count("Error: ") == 1
    assert "Traceback" not in ran.err
    for word in words:
        assert word in ran.err


def test_the_names_in_the_help_are_those_of_the_pictures():
    """They are written twice, so that --help imports no view."""
    assert set(DRAWN) == set(SCHEMAS)
    for name, drawn in DRAWN.items():
        schema = SCHEMAS[name]
        assert set(drawn) == {one for one, it in PICTURES.items() if schema in it.schemas}
        assert drawn[0] == MAIN[schema]


def test_every_command_with_pictures_has_both_options():
    for name, command in commands().items():
        options = {option: one for one in command.params for option in one.opts}
        assert options["--plot"].envvar == f"LLMCOST_{name.upper()}_PLOT"
        assert options["--picture"].envvar == f"LLMCOST_{name.upper()}_PICTURE"


def test_names_of_pictures_are_completed():
    command = commands()["compare"]
    option = next(one for one in command.params if one.name == "picture")
    context = click.Context(command)

    found = [item.value for item in option.shell_complete(context, "co")]

    assert found == ["cost-and-time", "cost"]


@pytest.mark.parametrize(
    ("suffix", "starts"), [("svg", b"<?xml"), ("png", b"\x89PNG"), ("pdf", b"%PDF")]
)
def test_a_picture_is_drawn_beside_the_answer(capsys, empty_folder, suffix, starts):
    plain = llmcost(capsys, *SMALL, *FIXED)
    ran = llmcost(capsys, *SMALL, *FIXED, "--plot", f"cost.{suffix}")

    assert (ran.code, ran.out) == (0, plain.out)
    assert f"Drew cost.{suffix} (cost, {suffix})." in ran.err
    assert (empty_folder / f"cost.{suffix}").read_bytes().startswith(starts)
    assert os.listdir(empty_folder) == [f"cost.{suffix}"]


def test_the_picture_shows_what_the_file_holds(capsys, empty_folder):
    """The headline's costs, which its own test holds against a calculation by hand."""
    ran = llmcost(capsys, *PINNED, "-o", "run.json", "--plot", "run.svg")
    title = title_of(empty_folder / "run.svg")

    assert ran.out == ""
    assert ran.code == 0
    assert title.startswith("Renting 16,000 h100-sxm on demand costs $117M ($73.5M – $356M)")


def test_fields_narrow_the_answer_and_not_the_picture(capsys, empty_folder):
    whole = llmcost(capsys, *SMALL, *FIXED, "--plot", "whole.svg")
    some = llmcost(capsys, *SMALL, *FIXED, "--fields", "cost", "--plot", "some.svg", "--json")

    assert whole.code == some.code == 0
    assert title_of(empty_folder / "some.svg") == title_of(empty_folder / "whole.svg")


@pytest.mark.parametrize("width", [40, 80])
def test_a_picture_is_drawn_under_the_answer(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    plain = llmcost(capsys, *SMALL, *FIXED)
    ran = llmcost(capsys, *SMALL, *FIXED, "--plot", "-")

    assert ran.code == 0
    assert ran.out.startswith(plain.out)
    drawn = ran.out[len(plain.out) :]
    assert "█" in drawn
    assert max(map(len, drawn.splitlines())) <= width


def test_a_terminal_of_ascii_gets_ascii(capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C")
    ran = llmcost(capsys, *SMALL, *FIXED, "--plot", "-")

    assert ran.out.isascii()
    assert "|####" in ran.out


def test_the_plain_format_has_a_plain_picture(capsys):
    ran = llmcost(capsys, *SMALL, *FIXED, "--plot", "-", "--format", "plain")

    assert ran.out.isascii()
    assert "|####" in ran.out


def test_a_picture_alone_is_printed_where_the_answer_goes_to_a_file(capsys):
    ran = llmcost(capsys, *SMALL, *FIXED, "-o", "run.json", "--plot", "-", "--picture", "cost")

    assert ran.code == 0
    assert ran.out.strip().startswith("Renting 64 h100-sxm")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--plot", "cost.gif"), ("'.gif'", "needs .svg, .png or .pdf")),
        (("--plot", "cost"), ("no suffix",)),
        (("--plot", "nowhere/cost.svg"), ("'nowhere' does not exist", "make it first")),
        (("--plot", "cost.svg", "--picture", "coast"), ("Unknown picture 'coast'", "cost?")),
        (("--plot", "cost.svg", "--picture", "tornado"), ("Estimate draws cost, step or memory",)),
        (("--picture", "cost"), ("--picture", "without --plot", "--plot -")),
        (("--plot", "-", "--json"), ("--plot", "beside --format json")),
        (("--plot", "-", "--format", "csv"), ("beside --format csv",)),
        (("--plot", "./a.svg", "-o", "a.svg", "--format", "json"), ("--output writes too",)),
    ],
)
def test_what_cannot_be_drawn_or_written_is_told_before_any_work(capsys, monkeypatch, more, words):
    monkeypatch.setattr("llmcost.studies.estimation.estimate", None)

    refused(llmcost(capsys, *SMALL, *more), *words)


def test_without_the_extra_the_message_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setattr("llmcost.studies.estimation.estimate", None)
    monkeypatch.setattr(pictures, "LIBRARY", "a_library_that_nobody_has")

    refused(llmcost(capsys, *SMALL, "--plot", "cost.svg"), "pip install 'llmcost[plot]'")


def test_a_picture_in_the_terminal_needs_no_extra(capsys, monkeypatch):
    monkeypatch.setattr(pictures, "LIBRARY", "a_library_that_nobody_has")

    assert llmcost(capsys, *SMALL, *FIXED, "--plot", "-").code == 0


def test_an_answer_that_has_no_such_picture_says_which_it_has(capsys, empty_folder):
    """A step is modelled only where no MFU is given."""
    ran = llmcost(capsys, *SMALL, *FIXED, "--plot", "step.svg", "--picture", "step")

    assert ran.code == 2
    assert "cannot be drawn" in ran.err
    assert "It can be drawn as cost." in ran.err
    assert os.listdir(empty_folder) == []


def test_facts_without_a_picture_are_still_shown(capsys):
    ran = llmcost(capsys, "show", "models", "--plot", "models.svg")

    assert ran.code == 2
    assert "llama-3.1-405b" in ran.out
    assert "models" in ran.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("sensitivity", *SMALL[1:], *FIXED),
        ("compare", *SMALL[1:4], "--setup", "h100-sxm:64", "--setup", "a100-sxm-80gb:64", *FIXED),
        ("reconcile", "training-cost", "--draws", "100"),
        ("show", "prices", "h100-sxm"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_the_other_commands_draw_their_own(capsys, empty_folder, arguments):
    ran = llmcost(capsys, *arguments, "--plot", "drawn.svg")
    name = DRAWN[arguments[0]][0]

    assert ran.code == 0
    assert f"Drew drawn.svg ({name}, svg)." in ran.err
    assert title_of(empty_folder / "drawn.svg")


def test_a_verdict_keeps_its_exit_code_beside_a_picture(capsys, empty_folder):
    ran = llmcost(capsys, *SMALL, *FIXED, "--max-cost", "1", "--plot", "cost.svg")

    assert ran.code == 1
    assert (empty_folder / "cost.svg").exists()


def test_a_disk_that_is_full_leaves_the_old_picture(capsys, empty_folder, monkeypatch):
    (empty_folder / "cost.svg").write_text("old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("llmcost.render.files._write_new", full)
    ran = llmcost(capsys, *SMALL, *FIXED, "--plot", "cost.svg")

    assert ran.code == 2
    assert "No space left on device" in ran.err
    assert (empty_folder / "cost.svg").read_text() == "old"
    assert plotting.TERMINAL == "-"
