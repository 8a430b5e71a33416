"""``llmcost sweep``: a whole grid of runs, from one process to a cluster."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from llmcost.cli.failure import EXIT_INTERRUPTED
from llmcost.cli.options import (
    OUTPUT,
    complete_file,
    files_here,
    output_options,
    with_variables,
)
from llmcost.errors import nearest, one_of

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from llmcost.studies.sweeping.plan import Plan
    from llmcost.studies.sweeping.running import SweepReport

ENGINES = ("auto", "serial", "processes", "dask")
KERNELS = ("auto", "numpy", "compiled")
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 80}
SUFFIX = ".sweep"


class PlanGroup(click.Group):
    """A group whose first argument is a plan, unless it names one of its other commands."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take what is no command as the plan to run."""
        if args and args[0] not in (*self.commands, "-h", "--help"):
            close = nearest(args[0], self.commands)
            if close and not Path(args[0]).exists():
                ctx.fail(f"No such plan {args[0][:60]!r}. Did you mean {one_of(close)}?")
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete plans beside the other commands."""
        commands = [item for item in super().shell_complete(ctx, incomplete) if item.value != "run"]
        return [*files_here(incomplete, ".toml"), *commands]

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help of running a plan, then the other commands."""
        run = self.commands["run"]
        with click.Context(run, info_name="sweep", parent=ctx.parent) as inner:
            run.format_help(inner, formatter)
        others = [(name, each) for name, each in self.commands.items() if name != "run"]
        with formatter.section("Commands"):
            formatter.write_dl(
                [(f"{name} FOLDER", each.get_short_help_str(60)) for name, each in others]
            )


def _whole(command: Any) -> Any:  # noqa: ANN401
    """Take --fields from a command whose answer is told whole."""
    parameters = command.__click_params__
    command.__click_params__ = [one for one in parameters if one.name != "fields"]
    return command


@click.group(cls=PlanGroup, context_settings=SETTINGS)
def sweep() -> None:
    """A whole grid of runs, from one process to a cluster."""


@sweep.command("run", context_settings=SETTINGS)
@click.argument("plan", shell_complete=complete_file)
@click.option(
    "--out",
    metavar="FOLDER",
    help="Where blocks and results go.  [default: PLAN's name with .sweep]",
    shell_complete=complete_file,
)
@click.option("--dry-run", is_flag=True, help="Say how large it is; run and write nothing.")
@click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default="auto",
    show_default=True,
    help="Who computes; auto: processes where it pays.",
)
@click.option("--workers", type=click.IntRange(min=1), metavar="N", help="[default: one a CPU]")
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="A Dask cluster: tcp://host:8786, or its scheduler file.",
)
@click.option("--shard", metavar="I/N", help="Only every N-th block: 3/64, for job arrays.")
@click.option(
    "--kernel",
    type=click.Choice(KERNELS),
    default="auto",
    show_default=True,
    help="The engine in NumPy, or compiled (extra: fast).",
)
@click.option(
    "--collect", is_flag=True, help="Dask without a shared folder: results come to this machine."
)
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
@output_options
@click.pass_context
def run(ctx: click.Context, /, plan: str, **options: Any) -> int:  # noqa: ANN401
    """A whole grid of runs, from one process to a cluster.

    PLAN is a TOML file: the [grid] to run through, and what to [[keep]] of it.
    It is checked whole before anything runs. Blocks of the grid are computed,
    reduced and written one by one: what is interrupted goes on when the same
    command is run again. Results are Parquet files with units in their headers.

    \b
    Examples:
      llmcost sweep plan.toml --dry-run
      llmcost sweep plan.toml
      llmcost sweep plan.toml --shard 3/64
      llmcost sweep plan.toml --scheduler tcp://head:8786
      llmcost sweep status plan.sweep
    """
    from llmcost.cli.output import check_asked, emit, names_of
    from llmcost.render import select_fields
    from llmcost.studies.sweeping.driver import shard_of
    from llmcost.studies.sweeping.plan import read_plan
    from llmcost.studies.sweeping.previews import previews
    from llmcost.views.sweeps import plan_document, shape_of_results, sweep_document

    del ctx
    shape = {name: options.pop(name) for name in OUTPUT}
    options.pop("debug")
    check_asked(**shape)
    shard_of(options["shard"])
    if shape["fields"] and not options["dry_run"]:
        select_fields(shape_of_results(), names_of(shape["fields"]))
    asked = read_plan(Path(plan))
    folder = options.pop("out") or f"{Path(plan).stem}{SUFFIX}"
    if options.pop("dry_run"):
        size, workers = _size(asked, options)
        emit(plan_document(asked, size, folder, workers), **shape)
        return 0
    if not options["quiet"]:
        _tell_size(asked, Path(folder), options)
    report = _run(asked, folder, options)
    emit(sweep_document(report, previews(asked, report.results)), **shape)
    return EXIT_INTERRUPTED if report.interrupted else 0


@sweep.command("status", context_settings=SETTINGS)
@click.argument("folder", shell_complete=complete_file)
@_whole
@output_options
def status(folder: str, **options: Any) -> None:  # noqa: ANN401
    """How far a sweep is, and what lacks."""
    from llmcost.cli.output import emit
    from llmcost.studies.sweeping.statuses import status as status_of
    from llmcost.views.sweeps import status_document

    shape = {name: options[name] for name in OUTPUT if name != "fields"}
    emit(status_document(status_of(Path(folder))), fields=None, **shape)


@sweep.command("merge", context_settings=SETTINGS)
@click.argument("folder", shell_complete=complete_file)
@output_options
def merge(folder: str, **options: Any) -> None:  # noqa: ANN401
    """Write the results of a sweep whose blocks are all there."""
    from llmcost.cli.output import emit
    from llmcost.studies.sweeping.folder import Folder, read_document
    from llmcost.studies.sweeping.merging import merge as merge_blocks
    from llmcost.studies.sweeping.plan import Plan
    from llmcost.studies.sweeping.previews import previews
    from llmcost.views.sweeps import merged_document

    place = Folder(Path(folder).absolute())
    made = merge_blocks(place.path)
    plan = Plan.from_dict(read_document(place)["plan"])
    shown = previews(plan, {keep: place.result(keep) for keep in made.files})
    document = merged_document(made, place.path, shown)
    emit(document, **{name: options[name] for name in OUTPUT})


def _size(plan: Plan, options: dict[str, Any]) -> tuple[Any, int]:
    from llmcost.studies.sweeping.blocks import blocking_of
    from llmcost.studies.sweeping.driver import kernel_for
    from llmcost.studies.sweeping.sizing import size_of, workers_for

    blocking = blocking_of(plan)
    kernel = kernel_for(options["kernel"], blocking.evaluations)
    workers = workers_for(
        options["engine"], options["workers"], options["scheduler"], blocking.evaluations
    )
    return size_of(plan, blocking, kernel), workers


def _tell_size(plan: Plan, folder: Path, options: dict[str, Any]) -> None:
    from llmcost.studies.sweeping.blocks import blocking_of
    from llmcost.studies.sweeping.folder import Folder, blocks_there
    from llmcost.views.sweeps import counted, size_line

    blocks, there = blocking_of(plan).blocks, blocks_there(Folder(folder), plan.identity)
    if there >= blocks:
        click.echo(f"All {counted(blocks, 'block')} are there already.", err=True)
        return
    size, workers = _size(plan, options)
    line = size_line(size, workers)
    already = f" {there:,} of {counted(blocks, 'block')} are there already." if there else ""
    click.echo(line[0].upper() + line[1:] + already, err=True)


def _run(plan: Plan, folder: str, options: dict[str, Any]) -> SweepReport:
    from llmcost.cli.progress import ProgressLine
    from llmcost.studies.sweeping.driver import run_sweep

    line = None if options.pop("quiet") else ProgressLine()
    command = shlex.join(["llmcost", *sys.argv[1:]])
    try:
        return run_sweep(plan, Path(folder), progress=line, command=command, **options)
    finally:
        if line is not None:
            line.close()


for _command, _name in ((run, "sweep"), (status, "sweep_status"), (merge, "sweep_merge")):
    with_variables(_command, _name)
