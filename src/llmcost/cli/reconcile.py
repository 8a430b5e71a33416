"""``llmcost reconcile``: does a published figure hold, and under what assumptions?"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from llmcost.cli.failure import EXIT_VERDICT
from llmcost.cli.grouped import GroupedCommand
from llmcost.cli.options import (
    OUTPUT,
    complete,
    complete_file,
    gpu_names,
    model_names,
    output_options,
    with_variables,
)
from llmcost.cli.plotting import plot_answer, plot_asked, plot_options
from llmcost.cli.types import InUnit, Whole
from llmcost.studies.methods import EPOCH_2024, METHODS

if TYPE_CHECKING:
    from llmcost.table import Document

F = TypeVar("F", bound=Callable[..., Any])
OWN = (
    *("model", "cost", "gpu_hours", "energy", "carbon", "tokens", "parameters"),
    *("active_parameters", "gpu", "num_gpus", "mfu", "goodput", "price", "price_basis", "date"),
)
FOR_ALL = ("region", "draws", "seed", "interval")
HEADINGS = {
    **dict.fromkeys(("--claims",), "Which claims"),
    **dict.fromkeys(
        (
            *("--model", "--cost", "--gpu-hours", "--energy", "--carbon", "--tokens"),
            *("--parameters", "--active-parameters", "--gpu", "--gpus", "--mfu", "--goodput"),
            *("--price", "--price-basis", "--date"),
        ),
        "A claim of your own",
    ),
    **dict.fromkeys(
        (
            *("--as-of", "--method", "--region", "--fleet-hours", "--period"),
            *("--draws", "--seed", "--interval"),
        ),
        "The estimate beside it",
    ),
}


def claim_names() -> Iterable[tuple[str, str]]:
    """Return the claims of the essays and the published ones, with what they say."""
    from llmcost.catalog.claims import claims, published_claims

    essays = [(claim.id, claim.statement) for claim in claims()]
    return [*essays, *((row.id, row.model) for row in published_claims())]


def own_options(command: F) -> F:
    """Add what a claim of one's own says, of the run and of the figure."""
    for option in reversed((*_figure_options(), *_told_options())):
        command = option(command)
    return command


def _figure_options() -> tuple[Callable[[F], F], ...]:
    """Return whose figure it is, and what it may be of."""
    return (
        click.option(
            "--model", metavar="NAME", help="Whose run it is.", shell_complete=complete(model_names)
        ),
        click.option(
            "--cost",
            metavar="COST",
            type=Figure("USD"),
            help="What is claimed: '5.576M USD', '$35M..$200M', '>$100M', '<$3M'.",
        ),
        click.option(
            "--gpu-hours", metavar="HOURS", type=Figure("GPU*hour"), help="GPU-hours: 2.788M."
        ),
        click.option("--energy", metavar="ENERGY", type=Figure("MWh"), help="MWh: 433, '21 GWh'."),
        click.option("--carbon", metavar="MASS", type=Figure("tCO2e"), help="tCO2e: 8930."),
    )


def _told_options() -> tuple[Callable[[F], F], ...]:
    """Return what else a claim may say: of the run, of prices and of the day."""
    return (
        click.option("--tokens", metavar="COUNT", help="Training tokens: 14.8T."),
        click.option("--parameters", metavar="COUNT", help="Instead of --model: 405B."),
        click.option("--active-parameters", metavar="COUNT", help="Of a mixture of experts."),
        click.option(
            "--gpu",
            metavar="NAME",
            help="Accelerator: h800-sxm.",
            shell_complete=complete(gpu_names),
        ),
        click.option("--gpus", "num_gpus", metavar="COUNT", help="How many accelerators."),
        click.option("--mfu", metavar="SHARE", help="Model FLOP utilization, where stated."),
        click.option("--goodput", metavar="SHARE", help="Goodput, where stated."),
        click.option(
            "--price",
            metavar="PRICE",
            type=InUnit("USD/GPU/hour"),
            help="The price that the claim states, in USD/GPU/hour: 2.00.",
        ),
        click.option(
            "--price-basis",
            metavar="NAME",
            help="on-demand, reserved-3y, ..., owner, purchase.  [default: not-stated]",
        ),
        click.option(
            "--date", metavar="DATE", help="When it was claimed: 2024-12.  [default: newest price]"
        ),
    )


class Figure(InUnit):
    """A figure that may have a sign before it: ``>100M``; a bare number is in the unit declared."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the text with the declared unit where it had none."""
        sign = value.strip()[:1]
        if sign in ("<", ">", "~") and sign:
            return sign + super().convert(value.strip()[1:], param, ctx)
        return super().convert(value, param, ctx)


@click.command(
    cls=GroupedCommand,
    headings=HEADINGS,
    rest="The answer",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.argument("names", metavar="[CLAIM]...", nargs=-1, shell_complete=complete(claim_names))
@click.option(
    "--claims",
    metavar="SOURCE",
    help="essays, published, epoch-2024 (every figure of that method, made again by it), or a TOML "
    "file of your own.  [default: essays]",
    shell_complete=complete_file,
)
@own_options
@click.option(
    "--as-of",
    metavar="DATE",
    help="Prices up to this day, for all claims.  [default: each claim's own]",
)
@click.option(
    "--method", type=click.Choice(METHODS), help="A published method's figures before ours."
)
@click.option("--region", metavar="NAME", help="Where electricity comes from: us, france.")
@click.option(
    "--fleet-hours",
    metavar="HOURS",
    type=InUnit("GPU*hour"),
    help="What a share of compute is a share of, in GPU-hours.  [default: published fleets]",
)
@click.option(
    "--period",
    metavar="TIME",
    type=InUnit("day"),
    help="How long a published fleet counts, in days: 90, '1 year'.  [default: 1 year]",
)
@click.option("--draws", type=Whole(), help="Draws behind the ranges.  [default: 4096]")
@click.option("--seed", type=Whole(), help="Seed of the draws.  [default: 20240723]")
@click.option("--interval", metavar="SHARE", help="Share of draws in a range.  [default: 80%]")
@click.option(
    "--fail-on",
    type=click.Choice(("conflict",)),
    help="Exit 1 when a claim is low or high, or contradicts itself or another.",
)
@plot_options("reconcile")
@output_options
def reconcile(names: tuple[str, ...], **options: Any) -> int:  # noqa: ANN401
    """Does a published figure hold, and under what assumptions?

    Each claim is set beside an estimate of the same scope: ratio, verdict, and
    the one number that would close the gap (the price per GPU-hour at the
    published hours, the MFU, the goodput), with the dated price that matches
    it. CLAIM is a claim's name (training-cost, pc-21) or its model; a single
    one is shown in full. Without CLAIM, all of them. What llmcost cannot
    compare is listed with the reason.

    \b
    Examples:
      llmcost reconcile
      llmcost reconcile training-cost
      llmcost reconcile --claims published
      llmcost reconcile --claims epoch-2024 gpt-4
      llmcost reconcile pc-21 falcon-180b
      llmcost reconcile --model deepseek-v3 --cost '5.576M USD' --tokens 14.8T \\
        --gpu h800-sxm --fail-on conflict
      llmcost reconcile --claims mine.toml --json
    """
    from llmcost.cli.output import emit
    from llmcost.studies.reconciliation.report import reconcile as judge
    from llmcost.views.reconciliations import reconciliation_document

    shape = {name: options.pop(name) for name in OUTPUT}
    options.pop("debug")
    plot = plot_asked("reconcile", options, shape)
    own = {name: value for name in OWN if (value := options.pop(name)) is not None}
    for_all = {name: value for name in FOR_ALL if (value := options.pop(name)) is not None}
    fail_on = options.pop("fail_on")
    if options["claims"] == EPOCH_2024:
        others = {**own, **for_all, **options, "claims": None, "fail_on": fail_on}
        document = _reproduction(names, [name for name in others if others[name] is not None])
        emit(document, **shape)
        plot_answer(document, plot)
        return 0
    found = judge(names, own=own, options=for_all, **options)
    document = reconciliation_document(found)
    emit(document, **shape)
    plot_answer(document, plot)
    if fail_on and found.in_conflict:
        click.echo("A claim is in conflict.", err=True)
        return EXIT_VERDICT
    return 0


def _reproduction(names: tuple[str, ...], others: list[str]) -> Document:
    """Return the document of a method's own figures; raises InputError for any other option."""
    from llmcost.errors import InputError
    from llmcost.studies.methods.reproduction import reproduction_rows
    from llmcost.views.methods import reproduction_document

    flags = [f"--{name.replace('num_', '').replace('_', '-')}" for name in others]
    if others:
        raise InputError(
            f"claims: {EPOCH_2024} counts by rules and inputs of its own, for models that it "
            f"lists; leave out {' and '.join(flags)}."
        )
    return reproduction_document(
        [row for name in names or (None,) for row in reproduction_rows(name)]
    )


with_variables(reconcile)
