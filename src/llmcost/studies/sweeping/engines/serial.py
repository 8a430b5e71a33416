"""Blocks one after another in this process."""

from __future__ import annotations

from collections.abc import Iterator

from llmcost.studies.sweeping.engines import Events, Options
from llmcost.studies.sweeping.jobs import Done, Job, do_block


class Serial:
    """One process, one block at a time."""

    def __init__(self, options: Options) -> None:  # noqa: ARG002
        self.workers = 1

    def run(self, job: Job, numbers: Iterator[int], events: Events) -> None:
        """Compute blocks until none is left or the driver stops."""
        while not events.stopping():
            number = next(numbers, None)
            if number is None:
                return
            outcome = do_block(job, number)
            if isinstance(outcome, Done):
                events.done(outcome)
            else:
                events.failed(outcome)
