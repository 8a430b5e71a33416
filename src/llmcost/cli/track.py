"""``llmcost track``: what a training run does, by its log."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from llmcost.cli.failure import EXIT_INTERRUPTED
from llmcost.cli.grouped import GroupedCommand
from llmcost.cli.options import (
    OUTPUT,
    attention_names,
    complete,
    complete_file,
    gpu_names,
    model_names,
    output_options,
    retold,
    step_options,
    where_given,
    with_variables,
)
from llmcost.cli.plotting import plot_answer, plot_asked, plot_options
from llmcost.cli.precedence import nearer_told
from llmcost.cli.run_options import price_options
from llmcost.cli.types import Whole
from llmcost.errors import InputError

if TYPE_CHECKING:
    from llmcost.studies.tracking.answer import Track

F = TypeVar("F", bound=Callable[..., Any])
HEADINGS = {
    "The log": ("follow", "columns", "log-format", "formats"),
    "The run": (
        *("model", "parameters", "active-parameters", "gpu", "gpus", "precision", "seq-length"),
        *("global-batch-size", "tokens-per-step", "layout", "framework", "attention-flop"),
    ),
    "What it was to be": ("tokens", "steps", "estimate"),
    "Rental price": (
        *("price", "price-per-node-hour", "gpus-per-node", "provider", "terms", "as-of", "today"),
    ),
}
TOLD = {
    "precision": "bf16, fp16, fp8, ...  [default: as the log says, or bf16]",
    "seq_length": "Tokens per sequence: 8192.  [default: as the log says]",
    "framework": "megatron, fsdp, xla or other, for --anchor.  [default: as the log says]",
}
NO_LOG = (
    "Got no log; needs the file of one (llmcost track train.log), or - for standard input. What "
    "can be read: llmcost track --formats."
)


def _format_names() -> list[tuple[str, str]]:
    from llmcost.logs.formats import DOCUMENT_FORMATS, LINE_FORMATS

    return [(name, "") for name in (*LINE_FORMATS, *DOCUMENT_FORMATS)]


def _log_options(command: F) -> F:
    """Add the logs and how they are read."""
    options = (
        click.argument("logs", nargs=-1, metavar="LOG...", shell_complete=complete_file),
        click.option(
            "--follow",
            is_flag=True,
            help="Go on reading the last LOG as it grows, with a live line, until its run ends or "
            "Ctrl-C.",
        ),
        click.option(
            "--columns",
            metavar="MAP",
            help="Of a table or JSON lines, which column is what: 'step=iter,step_time=dt [ms]'.",
        ),
        click.option(
            "--log-format",
            metavar="NAME",
            help="Read as this format alone.  [default: told by the content]",
            shell_complete=complete(_format_names),
        ),
        click.option("--formats", is_flag=True, help="List the formats that are read, and end."),
    )
    return _with(options, command)


def _subject_options(command: F) -> F:
    """Add what logs leave out: the model, the accelerators, the size of a step."""
    options = (
        click.option(
            "--model",
            metavar="NAME",
            help="Model of the catalogue, or a config.json; for FLOP and MFU.",
            shell_complete=complete(model_names, suffix=".json"),
        ),
        click.option("--parameters", metavar="COUNT", help="Instead of --model: 8B."),
        click.option(
            "--active-parameters", metavar="COUNT", help="Used per token, in a mixture of experts."
        ),
        click.option(
            "--gpu",
            metavar="NAME",
            help="Accelerator: h100-sxm.",
            shell_complete=complete(gpu_names),
        ),
        click.option("--gpus", "num_gpus", metavar="COUNT", help="How many accelerators: 512."),
        click.option("--global-batch-size", metavar="COUNT", help="Sequences of a step: 1024."),
        click.option("--tokens-per-step", metavar="COUNT", help="Tokens of a step: 4M."),
        click.option(
            "--layout", metavar="LAYOUT", help="How the work is split, for --anchor: tp=8,pp=2."
        ),
        click.option(
            "--attention-flop",
            metavar="KIND",
            default="causal",
            show_default=True,
            help="Count attention causal-halved (causal) or full.",
            shell_complete=complete(attention_names),
        ),
        click.option("--tokens", metavar="COUNT", help="Tokens of the whole run: 15T."),
        click.option("--steps", metavar="COUNT", help="Steps of the whole run: 100k."),
        click.option(
            "--estimate",
            metavar="FILE",
            help="A saved estimate (llmcost estimate -o FILE.json): fills what is not given, and "
            "is held against what was measured.",
            shell_complete=complete_file,
        ),
    )
    return _with(options, command)


def _range_options(command: F) -> F:
    """Add what the ranges are drawn by, and the day of today."""
    options = (
        click.option(
            "--interval",
            metavar="SHARE",
            default="80%",
            show_default=True,
            help="Share of the draws between low and high.",
        ),
        click.option(
            "--draws", type=Whole(), default="4096", show_default=True, help="Draws of the ranges."
        ),
        click.option(
            "--seed", type=Whole(), default="20240723", show_default=True, help="Seed of the draws."
        ),
        click.option(
            "--today", metavar="DATE", help="Day the age of prices counts from.  [default: today]"
        ),
    )
    return _with(options, command)


def _with(options: tuple[Callable[[F], F], ...], command: F) -> F:
    for option in reversed(options):
        command = option(command)
    return command


@click.command(
    cls=GroupedCommand,
    headings={f"--{name}": heading for heading, names in HEADINGS.items() for name in names},
    rest="The answer",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@_log_options
@_subject_options
@step_options
@price_options
@_range_options
@plot_options("track")
@output_options
@click.pass_context
def track(ctx: click.Context, /, **options: Any) -> int:  # noqa: ANN401
    """What does this run do, by its log?

    LOG is the file of a log, several of one run, or - for standard input; packed
    files too. Its format is told by its content (--formats lists those that are
    read). Several launches, ranks and formats may stand in one file: work done
    again after a restart is counted as lost. MFU is that of the model's own FLOP
    (--model, --gpu), never the framework's figure, which is told beside it.
    What the log does not say is asked for, or told as not known.

    \b
    Examples:
      llmcost track train.log --model llama-3.1-8b --gpu h100-sxm
      llmcost track launch1.log launch2.log --gpus 512 --tokens 15T -o track.json
      llmcost track train.log --estimate estimate.json
      llmcost track train.log --follow
      llmcost track steps.csv --columns 'step=iter,step_time=dt [ms]'
      kubectl logs trainer-0 | llmcost track - --json

    A saved track anchors an estimate: llmcost estimate MODEL --anchor track.json.
    """
    from llmcost.cli.output import check_asked, check_kept, emit
    from llmcost.views.tracks import track_document

    shape = {name: options.pop(name) for name in OUTPUT}
    options.pop("debug")
    plot = plot_asked("track", options, shape)
    if options.pop("formats"):
        from llmcost.views.log_formats import formats_document

        emit(formats_document(), **shape)
        return 0
    logs, following = options.pop("logs"), options.pop("follow")
    _check_logs(logs)
    check_asked(**shape)
    check_kept(shape["output"], (*logs, options["estimate"] or ""))
    where = where_given(ctx)
    if options["columns"] is not None:
        from llmcost.logs.formats.names import read_mapping

        options["columns"] = read_mapping(options["columns"])
    try:
        found, interrupted = _answer(logs, nearer_told(options, where), where, following=following)
    except InputError as error:
        if str(error).startswith("model: "):  # An option here, which is an argument elsewhere.
            raise InputError(f"--{error}") from None
        raise
    document = track_document(found)
    emit(document, **shape)
    plot_answer(document, plot)
    return EXIT_INTERRUPTED if interrupted else 0


def _check_logs(logs: tuple[str, ...]) -> None:
    """Raise InputError where there is no log, or one is given twice."""
    if not logs:
        raise InputError(NO_LOG)
    twice = next((log for at, log in enumerate(logs) if log in logs[:at]), None)
    if twice is not None:
        raise InputError(f"Got {twice} twice; needs every log once. Leave one out.")


def _answer(
    logs: tuple[str, ...], asked: dict[str, Any], where: dict[str, str], *, following: bool
) -> tuple[Track, bool]:
    """Return what the logs say, and whether a person ended the following of them."""
    if not following:
        from llmcost.studies.tracking.tracking import track as answer

        return answer(*logs, **asked, origins=where), False
    from llmcost.cli.follow import LiveLine, follow
    from llmcost.studies.tracking.tracking import Tracker

    line = LiveLine()
    columns, log_format = asked.pop("columns"), asked.pop("log_format")
    try:
        ended = follow(
            logs,
            lambda: Tracker.of(list(logs), **asked, origins=where),
            columns=columns,
            log_format=log_format,
            show=line,
        )
    finally:
        line.close()
    return ended.tracker.answer(), ended.interrupted


with_variables(retold(track, TOLD))
