"""One message and one exit code for everything that can go wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import click

from llmcost.errors import DataError, LlmcostError

EXIT_VERDICT = 1
EXIT_INPUT = 2
EXIT_DATA = 3
EXIT_INTERRUPTED = 130
MAX_MESSAGE = 600
# Parts of a layout that are options of their own too.
OWN_OPTION = ("global_batch_size", "recompute")
NOT_OPTIONS = ("phases", "name", "results", "inputs", "warnings")
# What newer versions of click raise for a group without a command; its message is the help.
ASKED_NOTHING: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())
OPTION_NAMES = {
    "num_gpus": "--gpus",
    "model": "MODEL",
    "log": "LOG",
}


def report(error: BaseException, *, debug: bool) -> int:
    """Print one message on standard error (and the traceback when asked); return the exit code."""
    if debug:
        import traceback

        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    click.echo(f"Error: {as_options(_words(error))}", err=True)
    return EXIT_DATA if isinstance(error, DataError) else EXIT_INPUT


def wants_debug(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Return whether a traceback is wanted: --debug, or LLMCOST_DEBUG or a command's own variable.

    >>> wants_debug(["show"], {"LLMCOST_SHOW_DEBUG": "1"}), wants_debug([], {"LLMCOST_DEBUG": "0"})
    (True, False)
    """
    command = next((word for word in arguments if not word.startswith("-")), "")
    names = ("LLMCOST_DEBUG", f"LLMCOST_{command.upper()}_DEBUG")
    return "--debug" in arguments or any(
        environment.get(name, "").lower() in ("1", "true", "yes", "on", "y", "t") for name in names
    )


def _words(error: BaseException) -> str:
    if isinstance(error, LlmcostError):
        return str(error)
    if isinstance(error, RecursionError | MemoryError):
        return "The input is too deep or too large to read. Give a smaller one."
    if isinstance(error, OSError):
        what = error.strerror or str(error)
        where = f" ({error.filename})" if error.filename else ""
        return f"The system refused: {what}{where}. Check the folder and the disk, then try again."
    return (
        f"Something unexpected went wrong ({type(error).__name__}). This is a defect of llmcost: "
        "run again with --debug and report what it prints."
    )


def show_usage_error(error: click.ClickException) -> None:
    """Print what is wrong with the words of a command, and how to see its help."""
    if isinstance(error, ASKED_NOTHING):
        click.echo(error.format_message(), err=True)
        return
    context = getattr(error, "ctx", None)
    if isinstance(context, click.Context):
        click.echo(f"{context.get_usage()}\nTry '{context.command_path} --help'.", err=True)
    click.echo(f"Error: {plain_message(error.format_message())}", err=True)


def plain_message(message: str) -> str:
    """Return a usage message cut to a readable length, with a hint where one is known.

    >>> plain_message("Got unexpected extra argument (USD/hour)")
    'Got unexpected extra argument (USD/hour). Quote a value that holds a space.'
    """
    if len(message) > MAX_MESSAGE:
        message = f"{message[: MAX_MESSAGE // 2]} ... {message[-MAX_MESSAGE // 4 :]}"
    if "unexpected extra argument" in message:
        message += ". Quote a value that holds a space."
    return message


def as_options(message: str) -> str:
    """Return a library message with its leading parameter name as the option that sets it.

    >>> as_options("seq_length: got 0"), as_options("context_parallel: got 0")
    ('--seq-length: got 0', '--layout: cp: got 0')
    """
    match = re.match(r"([a-z][a-z_]*): ", message)
    if match is None:
        return message
    name = match[1]
    if name in NOT_OPTIONS:
        return message
    # A shard of a sweep is an option; one of a layout is told as people write it: shard=8.
    part = "" if name == "shard" and "shard=" not in message else _part_of_layout(name)
    if part:
        return f"--layout: {part}: {message[match.end() :]}"
    option = OPTION_NAMES.get(name, "--" + name.replace("_", "-"))
    return f"{option}: {message[match.end() :]}"


def _part_of_layout(name: str) -> str:
    """Return the short name of a part of a layout that no option of its own sets, or nothing."""
    from llmcost.layout.text import KEYS, SHORT

    full = KEYS.get(name, "")
    return "" if full in OWN_OPTION else SHORT.get(full, "")
