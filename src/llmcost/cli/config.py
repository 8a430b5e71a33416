"""``llmcost config``: settings, and where each comes from."""

from __future__ import annotations

from typing import Any

import click

from llmcost.cli.main import COMMANDS, cli
from llmcost.cli.options import (
    OUTPUT,
    config_option,
    option_name,
    output_options,
    place_of,
    settings_of,
)

SKIPPED = ("help", "config", "debug")


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
def config() -> None:
    """Settings, and where each comes from."""


@config.command("show", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("command", default="estimate", type=click.Choice(["estimate"]))
@click.option("--origin", is_flag=True, help="Accepted for habit: the origin is always shown.")
@config_option
@output_options
@click.pass_context
def show(ctx: click.Context, /, command: str, **options: Any) -> None:  # noqa: ANN401
    """Show the value of every option of COMMAND, and where it comes from.

    The command line counts before an environment variable, that before the
    nearest llmcost.toml or pyproject.toml ([tool.llmcost]), that before the
    default.
    """
    from llmcost.cli.output import emit
    from llmcost.views.settings import Setting, settings_document

    asked = cli.get_command(ctx, command)
    if asked is None:
        raise click.UsageError(f"No such command {command}; choose {', '.join(COMMANDS)}.")
    path = settings_of(ctx).path
    arguments = ["--config", str(path)] if path is not None else []
    inner = asked.make_context(command, arguments, parent=_root(ctx), resilient_parsing=False)
    rows = [
        Setting(
            option_name(parameter),
            inner.params.get(parameter.name),
            place_of(inner, parameter) or "default",
            str(parameter.envvar or ""),
        )
        for parameter in asked.params
        if parameter.name and parameter.name not in SKIPPED and parameter.name not in OUTPUT
    ]
    phases = settings_of(inner).of(command).get("phases")
    if phases is not None:
        rows.append(Setting("phases", f"{len(phases)} phases", str(path), ""))
    emit(
        settings_document(command, rows, str(path or "none")),
        **{name: options[name] for name in OUTPUT},
    )


def _root(ctx: click.Context) -> click.Context:
    return ctx.find_root()
