"""Launchers that say that a run was stopped: SLURM, torchrun, Python's own last words.

They belong to the framework whose steps stand before them. A line is a stop only where nobody but
the launcher writes it so; that a process dies is told in many lines, which stop one launch.
"""

from __future__ import annotations

import re

from llmcost.logs.formats import LineFormat
from llmcost.logs.record import STOPPED, Parsed

_STOPS = re.compile(
    rb"slurmstepd: error: \*\*\* (?:JOB|STEP) [\d.]{1,30} ON \S{1,200} CANCELLED AT "
    rb"|death signal, shutting down workers"
    rb"|torch\.distributed\.elastic\.multiprocessing\.errors\.ChildFailedError"
    rb"|srun: error: \S{1,200}: task \d{1,9}: (?:Killed|Terminated|Exited with exit code)"
)


def parse(line: bytes) -> Parsed | None:
    """Return that a run was stopped, where a launcher says so."""
    return Parsed(event=STOPPED) if _STOPS.search(line) else None


LAUNCHERS = LineFormat(
    name="launcher",
    title="job launchers",
    needles=(
        b"slurmstepd: error: ",
        b"death signal, shutting down workers",
        b"multiprocessing.errors.ChildFailedError",
        b"srun: error: ",
    ),
    parse=parse,
)
