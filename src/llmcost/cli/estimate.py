"""``llmcost estimate``: what does this training run take?"""

from __future__ import annotations

from typing import Any

import click

from llmcost.cli.failure import EXIT_VERDICT
from llmcost.cli.options import (
    OUTPUT,
    attention_names,
    complete,
    config_option,
    gpu_names,
    law_names,
    model_names,
    output_options,
    provider_names,
    recompute_names,
    settings_of,
    step_options,
    terms_names,
    warn_of_unknown_variables,
    where_given,
    with_variables,
)
from llmcost.cli.precedence import nearer_only
from llmcost.cli.types import InUnit, Whole


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.argument(
    "model",
    required=False,
    shell_complete=complete(model_names, suffix=".json"),
)
@click.option("--tokens", metavar="COUNT", help="Training tokens: 15T, 1.5e13, '15 trillion'.")
@click.option(
    "--gpu", metavar="NAME", help="Accelerator: h100-sxm.", shell_complete=complete(gpu_names)
)
@click.option("--gpus", "num_gpus", metavar="COUNT", help="How many accelerators: 16000, 16k.")
@click.option("--parameters", metavar="COUNT", help="Instead of MODEL: 405B.")
@click.option(
    "--active-parameters", metavar="COUNT", help="Used per token, in a mixture of experts."
)
@step_options
@click.option("--mfu", metavar="SHARE", help="Model FLOP utilization: 41%, 0.41, 35..45%.")
@click.option(
    "--throughput",
    metavar="RATE",
    help="Measured rate of one device, instead of --mfu: '430 TFLOP/s/GPU', '9,500 token/s/GPU'.",
)
@click.option("--goodput", metavar="SHARE", help="Share of wall clock that moved training forward.")
@click.option(
    "--recompute",
    metavar="KIND",
    help="none, selective or full.",
    shell_complete=complete(recompute_names),
)
@click.option(
    "--layout",
    metavar="LAYOUT",
    help="How the work is split, whole or in part: tp=8,pp=16,dp=128.  [default: the fastest that "
    "fits]",
)
@click.option(
    "--global-batch-size",
    metavar="COUNT",
    help="Sequences of a step (2048), or tokens: '16M tokens'.  [default: published, or by rule]",
)
@click.option(
    "--anchor",
    metavar="RUN",
    help="Scale to a measured run of this model: '12.3 s/step on 512 h100-sxm, tp=4,pp=8', or the "
    "id of a row of throughput.csv.",
)
@click.option(
    "--price",
    metavar="PRICE",
    type=InUnit("USD/GPU/hour"),
    help="USD/GPU/hour: 2.50, '2.50 USD/GPU/hour', '$2.50/GPU-h', '2..3 USD/GPU/hour'.",
)
@click.option(
    "--price-per-node-hour",
    metavar="PRICE",
    type=InUnit("USD/hour"),
    help="USD/hour of a whole node; needs --gpus-per-node.",
)
@click.option("--gpus-per-node", metavar="COUNT", help="Accelerators in a node: 8.")
@click.option(
    "--provider",
    metavar="NAME",
    help="Price of this provider, from the catalogue.",
    shell_complete=complete(provider_names),
)
@click.option(
    "--terms",
    metavar="NAME",
    help="on-demand, spot, reserved-1y, ...  [default: on-demand]",
    shell_complete=complete(terms_names),
)
@click.option("--as-of", metavar="DATE", help="Prices up to this day.  [default: newest price]")
@click.option(
    "--max-cost", metavar="COST", type=InUnit("USD"), help="USD; exit 1 when over: $100M."
)
@click.option(
    "--attention-flop",
    metavar="KIND",
    default="causal",
    show_default=True,
    help="Count attention causal-halved (causal) or full.",
    shell_complete=complete(attention_names),
)
@click.option(
    "--scaling-law",
    metavar="NAME",
    default="hoffmann-2022-approach-1",
    show_default=True,
    help="Law behind the compute-optimal tokens.",
    shell_complete=complete(law_names),
)
@click.option(
    "--draws", type=Whole(), default="4096", show_default=True, help="Draws behind the ranges."
)
@click.option(
    "--seed", type=Whole(), default="20240723", show_default=True, help="Seed of the draws."
)
@click.option("--strict", is_flag=True, help="Refuse a price more than 90 days old (exit 3).")
@click.option(
    "--today", metavar="DATE", help="Day the age of prices counts from.  [default: today]"
)
@config_option
@output_options
@click.pass_context
def estimate(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401
    """What does this training run take?

    MODEL is a catalogue name (llmcost show models), the path of a Hugging Face
    config.json, or absent with --parameters. What you leave out is taken from
    the published run of the model, the catalogue, or a labelled default; the
    answer says which. low and high are the 10th and 90th percentile. Without
    --mfu or --throughput the MFU is predicted, where the model's architecture,
    the accelerator and their number are known.

    \b
    Examples:
      llmcost estimate llama-3.1-405b --tokens 15T --gpu h100-sxm --gpus 16000
      llmcost estimate ./config.json --tokens 2T --gpu mi300x --mfu 35..45%
      llmcost estimate llama-3.1-8b --gpu h100-sxm --gpus 64 --layout tp=2,cp=2
      llmcost estimate --parameters 70B --tokens 1.4T --gpu h100-sxm --json

    Phases of a run go in the settings file, as [[estimate.phases]] tables with
    name, tokens and seq-length, and global-batch-tokens and layout if you like.
    """
    from llmcost.cli.output import emit
    from llmcost.studies.estimation import estimate as answer
    from llmcost.views.estimates import estimate_document

    shape = {name: options.pop(name) for name in OUTPUT}
    options.pop("debug")
    phases = settings_of(ctx).of("estimate").get("phases")
    where = where_given(ctx, *(["phases"] if phases else []))
    warn_of_unknown_variables(ctx.command)
    kept, notes = nearer_only({**options, "phases": phases}, where)
    for note in notes:
        click.echo(f"Note: {note}", err=True)
    found = answer(**kept, origins=where)
    emit(estimate_document(found), **shape)
    if found.over_budget:
        click.echo("Over --max-cost.", err=True)
        return EXIT_VERDICT
    if found.asked_and_does_not_fit:
        click.echo("Does not fit in the layout given.", err=True)
        return EXIT_VERDICT
    return 0


with_variables(estimate)
