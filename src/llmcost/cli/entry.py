"""The script's first lines, so small that an interrupt during start-up finds them ready."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; an interrupt at any moment is one line and exit code 130."""
    try:
        from llmcost.cli.main import main as start

        start()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)
