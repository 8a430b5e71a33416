"""``llmcost sensitivity``: which assumption moves the answer most?"""

from __future__ import annotations

from typing import Any

import click

from llmcost.cli.grouped import GroupedCommand
from llmcost.cli.options import (
    OUTPUT,
    complete,
    config_option,
    output_options,
    result_names,
    with_variables,
)
from llmcost.cli.plotting import plot_answer, plot_asked, plot_options
from llmcost.cli.precedence import nearer_told, run_and_places
from llmcost.cli.run_options import REST, run_headings, run_options

OWN = "What moves what"


@click.command(
    cls=GroupedCommand,
    headings={"--of": OWN, "--top": OWN, **run_headings()},
    rest=REST,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@run_options
@click.option(
    "--of",
    metavar="RESULT",
    default="cost",
    show_default=True,
    help="cost, owned-cost, gpu-hours, energy, ...: any result of estimate.",
    shell_complete=complete(result_names),
)
@click.option(
    "--top",
    type=click.IntRange(min=1),
    default=10,
    show_default=True,
    metavar="N",
    help="How many inputs to show; files hold all of them.",
)
@click.option(
    "--interval",
    metavar="SHARE",
    default="80%",
    show_default=True,
    help="Share of the draws between low and high of the result.",
)
@config_option
@plot_options("sensitivity")
@output_options
@click.pass_context
def sensitivity(ctx: click.Context, /, **options: Any) -> None:  # noqa: ANN401
    """Which assumption moves the answer most?

    Each uncertain input is put at its 5th and at its 95th percentile while all
    others stay at their median, and is correlated by rank with the result over
    draws of all of them at once. The run is described as to estimate, and
    its settings in llmcost.toml count here too; the environment variables are
    this command's own, such as LLMCOST_SENSITIVITY_GPU.

    \b
    Examples:
      llmcost sensitivity llama-3.1-405b --gpu h100-sxm --gpus 16000
      llmcost sensitivity llama-3.1-405b --of owned-cost --top 5
      llmcost sensitivity llama-3.1-405b --of wall-clock --mfu 35..45%
      llmcost sensitivity llama-3.1-405b --of energy --format csv
    """
    from llmcost.cli.output import emit
    from llmcost.studies.sensitivity import find_sensitivities
    from llmcost.views.sensitivities import sensitivity_document

    shape = {name: options.pop(name) for name in OUTPUT}
    options.pop("debug")
    plot = plot_asked("sensitivity", options, shape)
    top = options.pop("top")
    asked, where = run_and_places(ctx, options)
    found = find_sensitivities(**nearer_told(asked, where), origins=where)
    document = sensitivity_document(found, top=top)
    emit(document, **shape)
    plot_answer(document, plot)


with_variables(sensitivity)
