"""``llmcost layouts``: which parallel layout is fastest and fits?"""

from __future__ import annotations

from typing import Any

import click

from llmcost.cli.failure import EXIT_VERDICT
from llmcost.cli.options import (
    OUTPUT,
    complete,
    gpu_names,
    model_names,
    output_options,
    step_options,
    warn_of_unknown_variables,
    where_given,
    with_variables,
)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.argument("model", shell_complete=complete(model_names, suffix=".json"))
@click.option(
    "--gpu",
    metavar="NAME",
    required=True,
    help="Accelerator: h100-sxm.",
    shell_complete=complete(gpu_names),
)
@click.option(
    "--gpus",
    "num_gpus",
    metavar="COUNT",
    required=True,
    help="How many accelerators: 16384, 16k.",
)
@click.option(
    "--global-batch-size",
    metavar="COUNT",
    help="Sequences of a step: 2048; or its tokens: '16M tokens'.",
)
@step_options
@click.option("--layout", metavar="TEXT", help="What is given of the layout: tp=8,pp=16.")
@click.option(
    "--best",
    type=click.IntRange(min=1, max=1000),
    default=10,
    show_default=True,
    metavar="N",
    help="How many layouts.",
)
@output_options
@click.pass_context
def layouts(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401
    """Which parallel layout is fastest and fits?

    MODEL is a catalogue name (llmcost show models) or the path of a Hugging
    Face config.json. Every legal layout that the framework runs is looked at:
    by memory, then by predicted step time. Layouts that differ only in
    sharding or recomputation count as one. Exit code 1 when nothing fits.

    \b
    Examples:
      llmcost layouts llama-3.1-405b --gpu h100-sxm --gpus 16384
      llmcost layouts llama-3.1-70b --gpu h100-sxm --gpus 64 --framework fsdp
      llmcost layouts ./config.json --gpu b200-sxm --gpus 512 --layout tp=4,pp=8
    """
    from llmcost.cli.output import emit
    from llmcost.studies.layouts import find_layouts
    from llmcost.views.layouts import layouts_document, nothing_fits

    shape = {name: options.pop(name) for name in OUTPUT}
    options.pop("debug")
    warn_of_unknown_variables(ctx.command)
    found = find_layouts(**options, origins=where_given(ctx))
    emit(layouts_document(found), **shape)
    if found:
        return 0
    click.echo(nothing_fits(found), err=True)
    return EXIT_VERDICT


with_variables(layouts)
