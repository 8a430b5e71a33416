"""``--plot`` and ``--picture``: the answer as a picture, in a file or under it in the terminal."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from llmcost.cli.options import complete, complete_file
from llmcost.errors import InputError, UnknownNameError, one_of, shown

if TYPE_CHECKING:
    from llmcost.picture import Picture
    from llmcost.table import Document

F = TypeVar("F", bound=Callable[..., Any])
PLOT, TERMINAL = "--plot", "-"
# What the answer of each command can be drawn as, the usual one first.
DRAWN: dict[str, tuple[str, ...]] = {
    "estimate": ("cost", "step", "memory"),
    "compare": ("cost-and-time", "cost", "growth", "step", "memory"),
    "sensitivity": ("tornado",),
    "reconcile": ("claim",),
    "validate": ("accuracy",),
    "track": ("progress",),
    "show": ("prices",),
}


@dataclass(frozen=True, slots=True)
class Plot:
    """What is to be drawn where: the picture's name, and a file or ``-`` for the terminal.

    A `plain` one on the terminal is of ASCII, as the answer above it.
    """

    path: str
    name: str
    plain: bool = False


def plot_options(command: str) -> Callable[[F], F]:
    """Return a decorator that adds --plot and --picture to a command of this name."""
    names = DRAWN[command]
    options = (
        click.option(
            PLOT,
            metavar="FILE",
            help="Draw the answer into FILE.svg, .png or .pdf; - draws it here.",
            shell_complete=complete_file,
        ),
        click.option(
            "--picture",
            metavar="NAME",
            help=f"What --plot draws: {one_of(names)}.  [default: {names[0]}]",
            shell_complete=complete(partial(_names, names)),
        ),
    )

    def added(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return added


def plot_asked(command: str, options: dict[str, Any], shape: Mapping[str, Any]) -> Plot | None:
    """Take what is to be drawn out of the options; none where nothing is.

    `shape` holds the options of the output. Raises InputError, UnknownNameError or
    MissingExtraError for what cannot be drawn or written, before any work is done for it.
    """
    path, name = options.pop("plot"), options.pop("picture")
    names = DRAWN[command]
    if name is not None and name not in names:
        raise UnknownNameError(
            "picture", name, names, f"{command.capitalize()} draws {one_of(names)}."
        )
    if path is None:
        if name is not None:
            raise InputError(
                f"picture: got {name} without --plot; needs a file such as --plot {name}.svg, or "
                "--plot - to draw it here."
            )
        return None
    _check_place(path, shape)
    return Plot(path, name or names[0], plain=shape["format_name"] == "plain")


def plot_answer(document: Document, plot: Plot | None) -> None:
    """Draw an answer as asked, from the JSON that a file of it would hold.

    Raises InputError where it cannot be drawn so, or not be written.
    """
    if plot is None:
        return
    import json

    from llmcost.cli.output import with_command
    from llmcost.render.json_text import json_text
    from llmcost.views.pictures import picture

    drawn = picture(plot.name, json.loads(json_text(with_command(document))))
    show_picture(drawn, plot.path, plain=plot.plain)


def show_picture(picture: Picture, path: str, *, plain: bool = False) -> None:
    """Draw a picture into a file of the format its suffix says, or with ``-`` on the terminal.

    On the terminal it is of ASCII where it is to be `plain`, or must be.
    """
    from llmcost.render import write_bytes
    from llmcost.render.pictures import draw, drawn_in_text, picture_format_of

    if path == TERMINAL:
        from llmcost.cli.output import needs_ascii, page_width

        text = drawn_in_text(picture, page_width(), ascii=plain)
        if needs_ascii(text):
            text = drawn_in_text(picture, page_width(), ascii=True)
        click.echo(f"\n{text}", nl=False)
        return
    format_name = picture_format_of(path)
    write_bytes(draw(picture, format_name), path, PLOT)
    click.echo(f"Drew {path} ({picture.name}, {format_name}).", err=True)


def _check_place(path: str, shape: Mapping[str, Any]) -> None:
    from llmcost.render import FOR_TERMINALS, check_output
    from llmcost.render.pictures import check_extra, picture_format_of

    output = shape["output"]
    if path == TERMINAL:
        format_name = "json" if shape["as_json"] else shape["format_name"] or "table"
        if output is None and format_name not in FOR_TERMINALS:
            raise InputError(
                f"plot: got - beside --format {format_name}, whose reader expects nothing else; "
                "needs a file such as --plot cost.svg, or --output for the answer."
            )
        return
    picture_format_of(path)
    if output is not None and os.path.realpath(output) == os.path.realpath(path):
        raise InputError(
            f"plot: got {shown(path)}, which --output writes too; needs another file for one of "
            "the two."
        )
    check_extra()
    check_output(path, PLOT)


def _names(names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(name, "") for name in names]
