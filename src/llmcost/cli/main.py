"""The entry point: lazy commands, one place for errors and exit codes."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from llmcost._version import __version__
from llmcost.cli.failure import EXIT_INTERRUPTED, report, show_usage_error, wants_debug
from llmcost.errors import nearest, one_of

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "estimate": ("llmcost.cli.estimate:estimate", "What does this training run take?"),
    "compare": ("llmcost.cli.compare:compare", "Which hardware setup is best for this run?"),
    "sweep": ("llmcost.cli.sweep:sweep", "A whole grid of runs, from one process to a cluster."),
    "sensitivity": (
        "llmcost.cli.sensitivity:sensitivity",
        "Which assumption moves the answer most?",
    ),
    "layouts": ("llmcost.cli.layouts:layouts", "Which parallel layout is fastest and fits?"),
    "reconcile": (
        "llmcost.cli.reconcile:reconcile",
        "Does a published cost hold, and on what assumptions?",
    ),
    "validate": (
        "llmcost.cli.validate:validate",
        "Predictions against published measurements, row by row.",
    ),
    "track": ("llmcost.cli.track:track", "What does this run do, by its log?"),
    "bench": ("llmcost.cli.bench:bench", "What does this machine reach?"),
    "calibrate": (
        "llmcost.cli.calibrate:calibrate",
        "Refit the constants of the prediction from measured steps.",
    ),
    "report": (
        "llmcost.cli.report:report",
        "Saved results as a page, a paper, a workbook or a picture.",
    ),
    "explain": ("llmcost.cli.explain:explain", "The formula, paper and units behind a number."),
    "show": (
        "llmcost.cli.show:show",
        "The facts: gpus, models, prices, runs, claims, sources, units.",
    ),
    "config": ("llmcost.cli.config:config", "Settings, and where each comes from."),
    "completion": ("llmcost.cli.completion:completion", "Completion for bash, zsh and fish."),
}

EPILOG = """\b
Exit codes:
  0    done
  1    a negative verdict: over --max-cost, a layout does not fit, or
       a claim in conflict under --fail-on
  2    wrong usage or unusable input
  3    a data file is wrong, or stale under --strict
  130  interrupted

Every option can be set by an environment variable (LLMCOST_ESTIMATE_GPU=h100-sxm),
those of estimate in llmcost.toml too; 'llmcost config show' tells which one counts.
"""


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        """Run a command; a reader that went away early is none of its verdicts."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            _leave_the_pipe()
            return 0

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands, in the order of the help."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in COMMANDS:
            close = nearest(cmd_name, COMMANDS)
            hint = f" Did you mean {one_of(close)}?" if close else ""
            ctx.fail(f"No such command {cmd_name[:60]!r}.{hint}")
        module, name = COMMANDS[cmd_name][0].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands and their summaries without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={
        "help_option_names": ["-h", "--help"],
        "max_content_width": 80,
    },
)
@click.version_option(__version__, "--version", message="llmcost %(version)s")
def cli() -> None:
    """What it takes to train a language model: FLOP, GPU-hours, wall clock and cost.

    Every number has a unit, a range and a source.

    \b
    Examples:
      llmcost estimate llama-3.1-405b --tokens 15T --gpu h100-sxm --gpus 16000
      llmcost explain gpu-hours
      llmcost show gpus
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = cli.main(given, prog_name="llmcost", standalone_mode=False, obj=tuple(given))
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _leave_the_pipe()
        return 0
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted.", err=True)
        return EXIT_INTERRUPTED
    except click.ClickException as error:
        show_usage_error(error)
        return error.exit_code
    except Exception as error:
        return report(error, debug=wants_debug(given, os.environ))
    return result if isinstance(result, int) else 0


def _leave_the_pipe() -> None:
    """Send what is left of the output nowhere, so that nothing is said about it at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
