"""How many steps the first record of a launch stands for."""

from __future__ import annotations

from dataclasses import dataclass, field

from llmcost.logs.launches import Segment

# Of every second step, 1, 3, 5 may be numbered from 1 or from 0.
FEWEST_FROM_ZERO = 2


@dataclass(slots=True)
class Openings:
    """The first records of launches, whose interval the next record tells, or other launches do.

    A first record may come alone, where a log is followed or the launch ended after it: while no
    interval is known it stands for one step.
    """

    every: float | None = None
    _alone: Segment | None = None
    _unsure: list[Segment] = field(default_factory=list)

    def first(self, segment: Segment, every: float | None) -> float:
        """Return how many steps the first record of a launch stands for; `None` is not known."""
        self._alone = segment if every is None else None
        if every is None and self.every is None:
            self._unsure.append(segment)
        return _begun(segment, self.every if every is None else every)

    def goes_on(self, every: float) -> bool:
        """Take in the interval after a first record that came alone; return whether one did."""
        segment, self._alone = self._alone, None
        if segment is not None:
            _begun(segment, every)
            self._unsure = [one for one in self._unsure if one is not segment]
        return segment is not None

    def learn(self, every: float) -> None:
        """Take in the interval of other records, which launches of one record have too."""
        self.every = every
        for segment in self._unsure:
            _begun(segment, every)
        self._unsure.clear()


def _begun(segment: Segment, every: float | None) -> float:
    """Set where a launch starts by its interval; return the steps of its first record."""
    span = first_span(segment.first_step, every)
    segment.start = segment.first_step - span
    return span


def first_span(step: float, every: float | None) -> float:
    """Return how many steps the first record of a segment stands for.

    Of records at 10, 20, 30 it is ten, as of records at 9, 19, 29, whose steps are numbered from 0;
    of records at 1, 10, 20 or 0, 10, 20 it is one.

    >>> first_span(10, 10), first_span(9, 10), first_span(1, 9), first_span(0, 10)
    (10, 10, 1.0, 1.0)
    """
    if every is None or not every > 1:
        return 1.0
    from_zero = every > FEWEST_FROM_ZERO and (step + 1) % every == 0
    return every if from_zero or (step >= every and step % every == 0) else 1.0
