"""Options that commands share, and what completes them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from llmcost.cli.settings import Settings, check_settings, find_settings, read_settings
from llmcost.errors import InputError, nearest

F = TypeVar("F", bound=Callable[..., Any])
OUTPUT = ("format_name", "as_json", "output", "fields", "no_color")
FORMATS = ("table", "markdown", "csv", "tsv", "json", "jsonl", "latex", "html", "plain")
BYTE_FORMATS = ("xlsx",)
SETTINGS = "llmcost.settings"
PHASES = "phases"
# A command that asks about the run of another reads the settings of that one.
BORROWED = {"sensitivity": "estimate", "compare": "estimate"}


def output_options(command: F) -> F:
    """Add the options of every command that prints a result."""
    options = (
        click.option(
            "--format",
            "format_name",
            type=click.Choice((*FORMATS, *BYTE_FORMATS)),
            help="How to print; xlsx needs --output.  [default: table, or the suffix of --output]",
        ),
        click.option("--json", "as_json", is_flag=True, help="Short for --format json."),
        click.option(
            "-o",
            "--output",
            metavar="FILE",
            help="Write to FILE, in the format of its suffix.",
            shell_complete=complete_file,
        ),
        click.option(
            "--fields",
            metavar="NAMES",
            help="Only these fields, separated by commas.",
            shell_complete=complete_fields,
        ),
        click.option("--no-color", is_flag=True, help="No bold or dim text (also: NO_COLOR)."),
        click.option("--debug", is_flag=True, help="Show the traceback of an error."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def step_options(command: F) -> F:
    """Add the options of what every model of a step is told: precision, length, framework."""
    options = (
        click.option(
            "--precision",
            metavar="NAME",
            help="bf16, fp16, fp8, ...  [default: bf16]",
            shell_complete=complete(precision_names),
        ),
        click.option("--seq-length", metavar="COUNT", help="Tokens per sequence: 8192."),
        click.option(
            "--framework",
            metavar="NAME",
            help="megatron, fsdp, xla or other.  [default: megatron; xla on TPUs]",
            shell_complete=complete(framework_names),
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def config_option(command: F) -> F:
    """Add --config, which fills the defaults of the other options from a TOML file."""
    return click.option(
        "--config",
        metavar="FILE",
        is_eager=True,
        expose_value=False,
        callback=_load_settings,
        shell_complete=complete_file,
        help="Settings file.  [default: the nearest llmcost.toml or pyproject.toml]",
    )(command)


def settings_of(ctx: click.Context) -> Settings:
    """Return the settings that --config (or the search for them) loaded."""
    settings = ctx.meta.get(SETTINGS)
    return settings if isinstance(settings, Settings) else read_settings(None)


def where_given(ctx: click.Context, *extra: str) -> dict[str, str]:
    """Return, for each parameter a user set, the place: command line, variable or file."""
    places = {
        name: place_of(ctx, parameter)
        for parameter in ctx.command.params
        if (name := parameter.name)
    }
    return {name: place for name, place in places.items() if place} | {
        name: str(settings_of(ctx).path) for name in extra
    }


def place_of(ctx: click.Context, parameter: click.Parameter) -> str:
    """Return where the value of one parameter was written; empty for a default."""
    source = ctx.get_parameter_source(parameter.name or "")
    if source is ParameterSource.COMMANDLINE:
        return "command line"
    if source is ParameterSource.ENVIRONMENT:
        return f"environment variable {parameter.envvar}"
    if source is ParameterSource.DEFAULT_MAP:
        return str(settings_of(ctx).path)
    return ""


def with_variables(command: click.Command, name: str = "") -> click.Command:
    """Give each option of a command its environment variable, LLMCOST_<COMMAND>_<OPTION>.

    `name` stands for the command's own where people call it by another.
    """
    for parameter in command.params:
        parameter.envvar = f"LLMCOST_{name or command.name}_{option_name(parameter)}".upper()
    return command


def retold(command: click.Command, texts: Mapping[str, str]) -> click.Command:
    """Return a command that tells some of its shared options, by parameter name, in own words."""
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.name in texts:
            parameter.help = texts[parameter.name]
    return command


def option_name(parameter: click.Parameter) -> str:
    """Return the name people use for a parameter, with underscores: its first long option."""
    longest = [opt[2:] for opt in parameter.opts if opt.startswith("--")]
    return (longest[0] if longest else parameter.name or "").replace("-", "_")


def complete(
    names: Callable[[], Iterable[tuple[str, str]]], *, suffix: str = ""
) -> Callable[..., list[CompletionItem]]:
    """Return a completion callback for names with their help.

    Case does not matter. With a `suffix`, the files that end in it are completed too.
    """

    def callback(
        ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        del ctx, param
        start = incomplete.lower()
        found = [(name, text) for name, text in names() if name.lower().startswith(start)]
        items = [CompletionItem(name, help=text) for name, text in found]
        return [*files_here(incomplete, suffix), *items] if suffix else items

    return callback


def complete_file(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a file: the shell itself looks for it."""
    del ctx, param
    return [CompletionItem(incomplete, type="file")]


def files_here(incomplete: str, suffix: str) -> list[CompletionItem]:
    """Complete files beside names: bash looks for files itself only where no name fits."""
    asked = [CompletionItem(incomplete, type="file")]
    here = sorted(path.name for path in Path().glob(f"*{suffix}"))
    return asked + [CompletionItem(name) for name in here if name.startswith(incomplete)]


def complete_fields(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the last of several field names."""
    del param
    before, comma, last = incomplete.rpartition(",")
    start = last.replace("-", "_")
    found = [name for name in _field_names(ctx) if name.startswith(start)]
    return [CompletionItem(f"{before}{comma}{name}") for name in found]


# Where the rows of a command's answer name their fields.
ROW_KEYS = {
    "compare": "llmcost.views.comparisons",
    "reconcile": "llmcost.views.claim_records",
    "sensitivity": "llmcost.views.sensitivities",
    "validate": "llmcost.views.validations",
}


def _field_names(ctx: click.Context) -> list[str]:
    if ctx.info_name == "estimate":
        from llmcost.views.estimates import RESULT_TITLES
        from llmcost.views.input_titles import INPUT_TITLES

        return list(dict.fromkeys([*RESULT_TITLES, *INPUT_TITLES]))
    if ctx.info_name == "track":
        from llmcost.studies.tracking.answer import RESULT_UNITS

        return list(RESULT_UNITS)
    if ctx.info_name in ROW_KEYS:
        return list(import_module(ROW_KEYS[ctx.info_name]).ROW_KEYS)
    if "kind" in ctx.params:
        from llmcost.studies.facts import KINDS

        asked = [ctx.params["kind"], *ctx.args]  # Not yet read into its parameter.
        return [name for k in asked if k in KINDS for name, _ in KINDS[k](None).columns]
    return ["name", "value", "origin", "variable"] if "command" in ctx.params else []


def gpu_names() -> list[tuple[str, str]]:
    """Return accelerators with a word about each."""
    from llmcost.catalog.gpus import accelerators

    return [(part.name, part.vendor) for part in accelerators()]


def model_names() -> list[tuple[str, str]]:
    """Return catalogue models with a word about each."""
    from llmcost.catalog.models import models

    return [(entry.name, entry.organisation) for entry in models()]


def provider_names() -> list[tuple[str, str]]:
    """Return providers that have prices."""
    from llmcost.catalog.price_quotes import providers_known

    return [(name, "") for name in providers_known()]


def terms_names() -> list[tuple[str, str]]:
    """Return rental terms that have prices."""
    from llmcost.catalog.price_quotes import terms_known

    return [(name, "") for name in terms_known()]


def precision_names() -> list[tuple[str, str]]:
    """Return precisions that an accelerator can have a peak in."""
    from llmcost.catalog.gpus import PRECISIONS

    return [(name, "") for name in PRECISIONS]


def framework_names() -> list[tuple[str, str]]:
    """Return families of frameworks."""
    from llmcost.machine import FAMILIES

    return [(name, "") for name in FAMILIES]


def law_names() -> list[tuple[str, str]]:
    """Return scaling laws with their papers."""
    from llmcost.formulas.scaling_laws import LAW_TITLES

    return list(LAW_TITLES.items())


def depreciation_names() -> list[tuple[str, str]]:
    """Return the ways to write off a server."""
    return [("straight-line", "equal parts over its life"), ("declining", "by falling value")]


def method_names() -> list[tuple[str, str]]:
    """Return the published methods of costing a run."""
    from llmcost.studies.methods import METHODS

    return list(METHODS.items())


def currency_names() -> list[tuple[str, str]]:
    """Return the currencies that have rates."""
    from llmcost.catalog.currencies import currencies_known

    return [(name, "") for name in currencies_known()]


def scope_names() -> list[tuple[str, str]]:
    """Return what a cost can include."""
    return [("final-run", "the run itself"), ("development", "experiments, people and the rest")]


def region_names() -> list[tuple[str, str]]:
    """Return regions with a price of electricity or a carbon intensity."""
    from llmcost.catalog.regions import regions

    return [(one.name, one.title) for one in regions()]


def result_names() -> list[tuple[str, str]]:
    """Return the results of an estimate, as people write them."""
    from llmcost.studies.answers import RESULT_UNITS

    return [(name.replace("_", "-"), unit) for name, unit in RESULT_UNITS.items()]


def recompute_names() -> list[tuple[str, str]]:
    """Return kinds of recomputation."""
    return [("none", ""), ("selective", "attention"), ("full", "the whole forward pass")]


def attention_names() -> list[tuple[str, str]]:
    """Return the conventions of counting attention."""
    return [("causal", "half of it"), ("full", "")]


def _load_settings(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    del param
    if value is not None and not value.strip():
        raise InputError("config: got an empty name; needs the path of a TOML file.")
    settings = read_settings(Path(value) if value is not None else find_settings())
    table = settings_table(ctx)
    check_settings(settings, table, {PHASES: None, **dict.fromkeys(_settable(ctx, table))})
    names = {option_name(p): p.name for p in ctx.command.params if p.name}
    ctx.meta[SETTINGS] = settings
    given = settings.of(table)
    chosen = {names[key]: _as_text(value) for key, value in given.items() if key in names}
    ctx.default_map = chosen | dict(ctx.default_map or {})


def settings_table(ctx: click.Context) -> str:
    """Return the name of the table that holds the settings of a command."""
    command = ctx.command_path.partition(" ")[2]
    return BORROWED.get(command, command)


def _settable(ctx: click.Context, table: str) -> list[str]:
    """Return the settings that a table may hold: options of the command that it is named for."""
    commands, own = ctx.find_root().command, ctx.command
    if table in BORROWED.values() and isinstance(commands, click.Group):
        own = commands.get_command(ctx, table) or own
    return [option_name(parameter) for parameter in own.params if parameter.name]


def warn_of_unknown_variables(command: click.Command) -> None:
    """Say on standard error which variables look like settings of a command and are none."""
    known = {str(parameter.envvar) for parameter in command.params}
    for name in os.environ:
        if name.startswith(f"LLMCOST_{command.name}_".upper()) and name not in known:
            close = nearest(name, known)
            hint = f" Did you mean {close[0]}?" if close else ""
            click.echo(f"Warning: the environment variable {name} sets nothing.{hint}", err=True)


def _as_text(value: object) -> object:
    return value if isinstance(value, bool) else str(value)
