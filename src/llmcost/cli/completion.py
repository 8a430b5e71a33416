"""``llmcost completion``: a script that completes commands, options, models and accelerators."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

SHELLS = ("bash", "zsh", "fish")
BASH_WORD = "COMPREPLY+=($value)"
BASH_QUOTED = 'COMPREPLY+=("$(printf %q "$value")")'  # Names of providers have spaces.


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80})
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print a completion script for SHELL.

    It completes commands, options, files, and the names of models,
    accelerators, providers, terms and fields.

    \b
    To use it, put this line where your shell starts:
      bash:  eval "$(llmcost completion bash)"
      zsh:   eval "$(llmcost completion zsh)"
      fish:  llmcost completion fish | source
    """
    from llmcost.cli.main import cli

    known = get_completion_class(shell)
    if known is None:
        raise click.UsageError(f"No completion for {shell}; choose {', '.join(SHELLS)}.")
    script = known(cli, {}, "llmcost", "_LLMCOST_COMPLETE")
    text = script.source_template % script.source_vars()
    click.echo(text.replace(BASH_WORD, BASH_QUOTED) if shell == "bash" else text)
