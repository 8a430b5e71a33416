"""``llmcost estimate``: what does this training run take?"""

from __future__ import annotations

from typing import Any

import click

from llmcost.cli.failure import EXIT_VERDICT
from llmcost.cli.grouped import GroupedCommand
from llmcost.cli.options import (
    OUTPUT,
    config_option,
    output_options,
    with_variables,
)
from llmcost.cli.plotting import plot_answer, plot_asked, plot_options
from llmcost.cli.precedence import nearer_told, run_and_places
from llmcost.cli.run_options import REST, asked_options, run_headings, run_options


@click.command(
    cls=GroupedCommand,
    headings=run_headings(),
    rest=REST,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@run_options
@asked_options
@click.option("--by-provider", is_flag=True, help="List every rental offer behind the costs.")
@config_option
@plot_options("estimate")
@output_options
@click.pass_context
def estimate(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401
    """What does this training run take?

    MODEL is a catalogue name (llmcost show models), the path of a Hugging Face
    config.json, or absent with --parameters. What you leave out is taken from
    the published run of the model, the catalogue, or a labelled default; the
    answer says which. low and high are the 10th and 90th percentile (others by
    --interval) of draws of every input that is not certain. A range (35..45%,
    'uniform 2..3', also triangular, pert, beta) states a 90% interval. Without
    --mfu or --throughput the MFU is predicted, where architecture, accelerator
    and number are known.

    \b
    Examples:
      llmcost estimate llama-3.1-405b --tokens 15T --gpu h100-sxm --gpus 16000
      llmcost estimate ./config.json --tokens 2T --gpu mi300x --mfu 35..45%
      llmcost estimate llama-3.1-8b --gpu h100-sxm --gpus 64 --layout tp=2,cp=2
      llmcost estimate --parameters 70B --tokens 1.4T --gpu h100-sxm --json
      llmcost estimate llama-3.1-405b --scope development --region virginia

    Phases of a run go in the settings file, as [[estimate.phases]] tables with
    name, tokens and seq-length, and global-batch-tokens and layout if you like.
    """
    from llmcost.cli.output import emit
    from llmcost.studies.estimation import estimate as answer
    from llmcost.views.estimates import estimate_document

    shape = {name: options.pop(name) for name in OUTPUT}
    options.pop("debug")
    plot = plot_asked("estimate", options, shape)
    by_provider = options.pop("by_provider")
    asked, where = run_and_places(ctx, options)
    found = answer(**nearer_told(asked, where), origins=where)
    document = estimate_document(found, by_provider=by_provider)
    emit(document, **shape)
    plot_answer(document, plot)
    if found.over_budget:
        click.echo("Over --max-cost.", err=True)
        return EXIT_VERDICT
    if found.asked_and_does_not_fit:
        click.echo("Does not fit in the layout given.", err=True)
        return EXIT_VERDICT
    return 0


with_variables(estimate)
