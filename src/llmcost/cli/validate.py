"""``llmcost validate``: predictions against published measurements."""

from __future__ import annotations

from typing import Any

import click

from llmcost.cli.options import OUTPUT, complete_file, output_options, with_variables
from llmcost.cli.plotting import plot_answer, plot_asked, plot_options

GROUPS = (
    *("source", "source-family", "framework", "accelerator", "generation"),
    *("precision", "density", "size", "layout", "situation"),
)
BASELINES = ("none", "mfu", "boosting")


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.option(
    "--data",
    metavar="FILE",
    help="Measured steps, in the columns of throughput.csv.",
    shell_complete=complete_file,
)
@click.option(
    "--runs",
    metavar="FILE",
    help="Whole published runs, in the columns of training_runs.csv.",
    shell_complete=complete_file,
)
@click.option(
    "--add",
    "added",
    metavar="FILE",
    multiple=True,
    help="A saved track of a run of your own (llmcost track LOG -o FILE.json), as one row more; "
    "may be repeated.",
    shell_complete=complete_file,
)
@click.option("--anchor", is_flag=True, help="Predict each step from one like measurement.")
@click.option(
    "--by",
    type=click.Choice(GROUPS),
    multiple=True,
    metavar="GROUP",
    help=f"Only the groups by {', '.join(GROUPS)} (may be repeated).  [default: the usual ones]",
)
@click.option("--rows", "every_row", is_flag=True, help="Every row, not the worst alone.")
@click.option(
    "--worst",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    metavar="N",
    help="How many of the worst rows.",
)
@click.option(
    "--baselines",
    type=click.Choice(BASELINES),
    default="mfu",
    show_default=True,
    help="Simpler methods beside it: constant and median MFU, and gradient boosting.",
)
@plot_options("validate")
@output_options
def validate(
    data: str | None,
    runs: str | None,
    added: tuple[str, ...],
    anchor: bool,
    by: tuple[str, ...],
    every_row: bool,
    worst: int,
    baselines: str,
    **options: Any,  # noqa: ANN401
) -> None:
    """Hold predictions against measurements, row by row.

    Without --data and --runs, both shipped tables: those of published steps
    and of whole runs. The error is that of step time (or of GPU-hours).

    \b
    Examples:
      llmcost validate
      llmcost validate --data mine.csv --rows
      llmcost validate --add track.json
      llmcost validate --by accelerator --by size --worst 20
      llmcost validate --anchor --format json -o anchored.json
    """
    from llmcost.cli.output import emit
    from llmcost.studies.validation.report import validate as judge
    from llmcost.views.validations import validation_document

    shape = {name: options.pop(name) for name in OUTPUT}
    plot = plot_asked("validate", options, shape)
    found = judge(data, runs, anchored=anchor, baselines=baselines, added=added)
    document = validation_document(found, by=by, worst=worst, every_row=every_row)
    emit(document, **shape)
    plot_answer(document, plot)


with_variables(validate)
