"""How far a sweep is, on standard error: a line that is drawn again, or lines every few seconds."""

from __future__ import annotations

import shutil
import sys
from time import monotonic
from typing import TYPE_CHECKING

import click

from llmcost.figures import quantity_text

if TYPE_CHECKING:
    from llmcost.studies.sweeping.progress import Progress

STOPPING = "stopping after the blocks that run; Ctrl-C again stops at once"
REDRAWN, PLAIN = 0.2, 5.0
BAR, LEAST_BAR = 20, 5


class ProgressLine:
    """Draws progress: on a terminal one line over itself, elsewhere a plain line now and then."""

    def __init__(self) -> None:
        self._terminal = sys.stderr is not None and sys.stderr.isatty()
        self._last = monotonic() if not self._terminal else 0.0
        self._drawn = False

    def __call__(self, progress: Progress) -> None:
        """Draw, unless it was drawn a moment ago and there is more to come."""
        now, over = monotonic(), progress.done == progress.of
        if now - self._last < (REDRAWN if self._terminal else PLAIN) and not over:
            return
        self._last = now
        if self._terminal:
            width = max(20, shutil.get_terminal_size((80, 24)).columns - 1)
            click.echo("\r" + _drawn_text(progress, width).ljust(width), err=True, nl=False)
            self._drawn = True
        else:
            click.echo(progress_text(progress), err=True)

    def close(self) -> None:
        """End the line that is drawn."""
        if self._drawn:
            click.echo("", err=True)
            self._drawn = False


def progress_text(progress: Progress) -> str:
    """Return how far a sweep is, in words."""
    blocks = f"{progress.share:.0%}, {progress.done:,} of {progress.of:,} blocks"
    return ", ".join([blocks, *_parts(progress, " evaluations/s")])


def _drawn_text(progress: Progress, width: int) -> str:
    """Return a bar and how far a sweep is; the bar takes the room that the words leave."""
    blocks = f"{progress.share:.0%} ({progress.done:,}/{progress.of:,})"
    words = ", ".join([blocks, *_parts(progress, "/s")])
    bar = _bar(progress.share, max(LEAST_BAR, min(BAR, width - len(words) - len("[] "))))
    return f"{bar} {words}"[:width]


def _parts(progress: Progress, rate: str) -> list[str]:
    """Return the rate, the time that is left and the best so far, as far as they are known."""
    from llmcost.views.sweeps import seconds_text

    if progress.stopping and progress.done < progress.of:
        return [STOPPING]
    parts = []
    if progress.rate == progress.rate and progress.rate > 0:
        parts.append(f"{quantity_text(progress.rate)}{rate}")
    if progress.left == progress.left and progress.done < progress.of:
        parts.append(f"{seconds_text(progress.left)} left")
    if progress.best is not None:
        parts.append(f"best {_best_text(*progress.best)}")
    return parts


def _best_text(name: str, value: float) -> str:
    from llmcost.studies.answers import RESULT_UNITS

    unit = RESULT_UNITS.get(name.partition(".")[0], "")
    return f"{name} {quantity_text(value, unit)}"


def _bar(share: float, length: int) -> str:
    full = int(share * length)
    return f"[{'#' * full}{'.' * (length - full)}]"
