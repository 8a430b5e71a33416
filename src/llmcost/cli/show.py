"""``llmcost show``: the facts."""

from __future__ import annotations

from functools import partial
from typing import Any

import click

from llmcost.cli.options import (
    OUTPUT,
    complete,
    gpu_names,
    model_names,
    output_options,
    with_variables,
)
from llmcost.cli.plotting import plot_answer, plot_asked, plot_options

KINDS = (
    *("gpus", "models", "prices", "runs", "claims", "regions"),
    *("defaults", "thresholds", "fleets", "sources", "units"),
)


def _names(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[click.shell_completion.CompletionItem]:
    kind = ctx.params.get("kind", "")
    known = {"gpus": gpu_names, "prices": gpu_names, "models": _model_names}
    names = known.get(kind, partial(_keys, kind))
    return complete(names)(ctx, param, incomplete) if kind else []


def _model_names() -> list[tuple[str, str]]:
    from llmcost.catalog.closed import closed_models

    return [*model_names(), *((name, "closed") for name in closed_models())]


def _keys(kind: str) -> list[tuple[str, str]]:
    """Return the first column of a kind of facts, which names each row."""
    from llmcost.studies.facts import facts

    found = facts(kind)
    return [(str(row[found.columns[0][0]]), "") for row in found.rows]


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("name", required=False, shell_complete=_names)
@click.option("--all-columns", is_flag=True, help="Every column in the table, too.")
@plot_options("show")
@output_options
def show(kind: str, name: str | None, all_columns: bool, **options: Any) -> None:  # noqa: ANN401
    """Show the facts that answers are made from, with their sources.

    Without NAME, one line each; with NAME, everything about it. The table
    leaves out columns that files (--format csv, json) hold.

    \b
    Examples:
      llmcost show gpus
      llmcost show gpus h100-sxm
      llmcost show prices runpod-mi300x-od-20260821
      llmcost show prices mi300x --format csv -o mi300x.csv
      llmcost show claims
      llmcost show regions us-virginia
    """
    from llmcost.cli.output import emit
    from llmcost.studies.facts import facts
    from llmcost.views.facts import facts_document

    shape = {name: options.pop(name) for name in OUTPUT}
    plot = plot_asked("show", options, shape)
    document = facts_document(facts(kind, name), all_columns=all_columns)
    emit(document, **shape)
    plot_answer(document, plot)


with_variables(show)
