"""``llmcost compare``: which hardware setup is best for this run?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from llmcost.cli.failure import EXIT_VERDICT
from llmcost.cli.grouped import GroupedCommand
from llmcost.cli.options import (
    OUTPUT,
    complete,
    complete_file,
    config_option,
    gpu_names,
    output_options,
    retold,
    with_variables,
)
from llmcost.cli.plotting import plot_answer, plot_asked, plot_options
from llmcost.cli.precedence import nearer_told, run_and_places
from llmcost.cli.run_options import REST, run_headings, run_options
from llmcost.cli.types import InUnit
from llmcost.errors import InputError, shown
from llmcost.studies.fights import FIGHTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from llmcost.studies.comparison.answer import Comparison
    from llmcost.table import Document

SETUPS, TABLE = "The setups", "The table"
OWN = {
    **dict.fromkeys(("--setup", "--setups", "--gpus-for", "--gpu", "--gpus"), SETUPS),
    **dict.fromkeys(("--sort", "--where", "--group-by", "--against"), TABLE),
}
NO_SETUPS = (
    "Got no setups; needs --setup h100-sxm:16000, once for each, or --setups FILE, or accelerators "
    "by --gpu h100-sxm,b200 (or all) with --gpus or --gpus-for."
)
TOLD = {
    "gpu": "Or accelerators by name: h100-sxm,b200, or all of the catalogue.",
    "num_gpus": "How many accelerators, where a setup does not say: 16000, 16k; of several "
    "(1024,4096,16384) each.",
    "terms": "on-demand, spot, ...; of several, the first with a price: on-demand,reserved-1y.  "
    "[default: on-demand]",
}


@click.command(
    cls=GroupedCommand,
    headings={**OWN, **{name: text for name, text in run_headings().items() if name not in OWN}},
    rest=REST,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.option(
    "--setup",
    "setups",
    multiple=True,
    metavar="SETUP",
    help="NAME[:COUNT][@PRICE][,key=value], again for each: b200:8000, "
    "'mi300x:12000@2.10 USD/GPU/hour', b200:8000,precision=fp8.",
    shell_complete=complete(gpu_names),
)
@click.option(
    "--setups",
    "setups_file",
    metavar="FILE",
    help="Setups from a TOML file ([[setup]] tables) or a CSV file.",
    shell_complete=complete_file,
)
@click.option(
    "--gpus-for",
    metavar="TIME",
    type=InUnit("day"),
    help="Of each accelerator as many as finish in so many days: 90, '90 day', '3 month'. Of the "
    "whole catalogue, unless --setup or --gpu names some.",
)
@run_options
@click.option(
    "--sort", metavar="NAMES", help="cost, -mfu (largest first), wall-clock,cost.  [default: cost]"
)
@click.option(
    "--where", metavar="CONDITION", help="Only setups such as 'wall_clock < 60 day and mfu > 40%'."
)
@click.option("--group-by", metavar="NAMES", help="Rank within each group: vendor, gpu.")
@click.option(
    "--against",
    metavar="FILE",
    help="A comparison saved with -o FILE.json: what changed since, and what caused it.",
    shell_complete=complete_file,
)
@click.option(
    "--max-cost",
    metavar="COST",
    type=InUnit("USD"),
    help="USD; exit 1 when every setup is over: $100M.",
)
@click.option(
    "--interval",
    metavar="SHARE",
    default="80%",
    show_default=True,
    help="Share of the draws between low and high.",
)
@config_option
@plot_options("compare")
@output_options
@click.pass_context
def compare(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401
    """Which hardware setup is best for this run?

    Each setup is estimated as by 'llmcost estimate', in the same uncertain
    world: draws of what the setups share are the same draws, so that "cheaper
    in 87% of draws" means something. Where a setup's accelerator has no price
    on the terms asked for it stays in the table, last, and says why. What a
    setup does not say is as the other options say it. Exit code 1 when every
    setup is over --max-cost, or none can run.

    \b
    Examples:
      llmcost compare llama-3.1-405b --tokens 15T --setup h100-sxm:16000 \\
        --setup b200:8000 --setup "mi300x:12000@2.10 USD/GPU/hour"
      llmcost compare llama-3.1-405b --setups setups.toml -o saved.json
      llmcost compare llama-3.1-405b --setups setups.toml --against saved.json
      llmcost compare llama-3.1-70b --gpus-for 90d
      llmcost compare llama-3.1-70b --gpu all --gpus 4096 --where "mfu > 30%"
      llmcost compare llama-3.1-70b --gpu h100-sxm,b200 --gpus 1024,2048,4096

    Settings of estimate in llmcost.toml count here too; the environment
    variables are this command's own, such as LLMCOST_COMPARE_TOKENS.
    """
    from llmcost.cli.output import emit
    from llmcost.studies.comparison.comparing import compare as answer

    shape = {name: options.pop(name) for name in OUTPUT}
    options.pop("debug")
    plot = plot_asked("compare", options, shape)
    against = options.pop("against")
    kept, where = _asked(ctx, options)
    saved = _saved(against, shape["output"])
    found = answer(**kept, origins=where)
    document = _document(found, saved, against)
    emit(document, **shape)
    plot_answer(document, plot)
    if found.over_budget:
        click.echo("Every setup is over --max-cost.", err=True)
        return EXIT_VERDICT
    if not any(setup.runs for setup in found):
        click.echo("No setup can run it as asked.", err=True)
        return EXIT_VERDICT
    return 0


def _asked(ctx: click.Context, options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the study is asked, and where each value was written."""
    asked, where = run_and_places(ctx, options)
    setups = asked["setups"] = _setups(asked.pop("setups_file"), asked["setups"])
    if setups is None and asked["gpu"] is None:
        if asked["gpus_for"] is None:
            raise InputError(NO_SETUPS)
        asked["gpu"] = "all"
    where["setups"] = where.get("setups") or where.get("setups_file", "")
    return nearer_told(asked, where, (*FIGHTS, ("setups", "gpu"))), where


def _setups(path: str | None, written: Sequence[str]) -> list[Any] | None:
    """Return the setups of a file and then those of the command line, `None` where there are no."""
    if path is None:
        return list(written) or None
    from llmcost.studies.comparison.setup_files import setups_in_file

    return [*setups_in_file(path), *written]


def _saved(against: str | None, output: str | None) -> Comparison | None:
    """Return the saved comparison, `None` where none was named, before anything runs.

    Raises InputError where what changed would be written over it.
    """
    if against is None:
        return None
    from llmcost.studies.comparison.differences import read_comparison

    if output is not None and Path(output).resolve() == Path(against).resolve():
        raise InputError(
            f"against: got {shown(against)}, which -o would replace by what changed since; needs "
            "another file for one of the two."
        )
    return read_comparison(against)


def _document(found: Comparison, saved: Comparison | None, against: str | None) -> Document:
    """Return the document of a comparison, or of what changed since a saved one."""
    from llmcost.views.comparisons import comparison_document

    if saved is None:
        return comparison_document(found)
    from llmcost.studies.comparison.differences import find_differences
    from llmcost.views.differences import differences_document

    return differences_document(find_differences(found, saved), str(against))


with_variables(retold(compare, TOLD))
