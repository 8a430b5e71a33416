"""The page of the command line, from the commands themselves."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click
from marks import code, name_code, plain, table

from llmcost.cli.main import EPILOG, cli

HEAD = """# Command line

Every command has `--help`, which says what stands here. Every option can be set by the environment
variable beside it, and those of `estimate` in a [settings file](../settings.md) too.

"""


def page() -> str:
    """Return the page."""
    root = click.Context(cli, info_name="llmcost")
    parts = [HEAD, _exit_codes()]
    for name in cli.list_commands(root):
        command = cli.get_command(root, name)
        if command is not None and not command.hidden:
            parts.extend(_told(command, click.Context(command, info_name=name, parent=root), 2))
    return "\n".join(parts)


def _exit_codes() -> str:
    rows = re.findall(r"^  (\d+) +(.*(?:\n {7}.*)*)", EPILOG, re.MULTILINE)
    cells = [[number, plain(text)] for number, text in rows]
    return "## Exit codes\n\n" + table(["Code", "Means"], cells)


def _told(command: click.Command, context: click.Context, depth: int) -> Iterator[str]:
    """Yield a command and the commands below it."""
    yield f"{'#' * depth} `{context.command_path}`\n"
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```\n"
    yield from _help(command)
    yield from _options(command, context, depth + 1)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            if below is not None and not below.hidden:
                inner = click.Context(below, info_name=name, parent=context)
                yield from _told(below, inner, depth + 1)


def _help(command: click.Command) -> Iterator[str]:
    """Yield the words of a command: paragraphs, and what keeps its lines."""
    for part in inspect.cleandoc(command.help or "").split("\n\n"):
        if part.startswith("\b"):
            lines = part.splitlines()[1:]
            head = f"{plain(lines[0])}\n\n" if lines and lines[0].endswith(":") else ""
            body = inspect.cleandoc("\n".join(["", *lines[1 if head else 0 :]]))
            yield f"{head}```text\n{body}\n```\n"
        elif part:
            yield f"{plain(part)}\n"


def _options(command: click.Command, context: click.Context, depth: int) -> Iterator[str]:
    """Yield the options of a command under their headings."""
    headings = getattr(command, "headings", {})
    rest = getattr(command, "rest", "")
    groups: dict[str, list[list[str]]] = {name: [] for name in (*headings.values(), rest)}
    for parameter in command.get_params(context):
        told = parameter.get_help_record(context)
        if told is None or isinstance(parameter, click.Argument):
            continue
        found = (headings[name] for name in parameter.opts if name in headings)
        row = [code(told[0]), plain(told[1]), name_code(str(parameter.envvar or ""))]
        groups[next(found, rest)].append(row)
    for heading, rows in groups.items():
        if rows:
            yield f"{'#' * depth} {heading}\n" if heading else "Options:\n"
            yield table(["Option", "What it does", "Variable"], rows)
