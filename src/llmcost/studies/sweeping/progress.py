"""How far a sweep is: the rate, and the time that is left."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import nan

WINDOW = 30.0


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sweep is: blocks `done` of `of`, and what this run did in `seconds` [s].

    Of a shard the blocks are its own. `evaluations` and `computed` blocks are those of this run;
    `rate` is in evaluations a second over the last half minute and `left` in seconds, both NaN
    before anything is known. `best` is the best value of an objective so far, in its base unit,
    with the name of the objective. `stopping` says that only the blocks that run are finished.
    """

    done: int
    of: int
    computed: int
    evaluations: int
    seconds: float
    rate: float = nan
    left: float = nan
    best: tuple[str, float] | None = None
    stopping: bool = False

    @property
    def share(self) -> float:
        """The share of the blocks that is done, from 0 to 1."""
        return self.done / self.of if self.of else 1.0


Report = Callable[[Progress], None]


class Pace:
    """The rate of a run over its last half minute, from what was done when.

    >>> pace = Pace(); pace.add(0.0, 0, 0); pace.add(2.0, 4, 400)
    >>> pace.rate(), pace.left(6)
    (200.0, 3.0)
    """

    def __init__(self, window: float = WINDOW) -> None:
        self._window = window
        self._marks: deque[tuple[float, int, int]] = deque()

    def add(self, seconds: float, blocks: int, evaluations: int) -> None:
        """Note how many blocks and evaluations were done so many seconds after the start."""
        self._marks.append((seconds, blocks, evaluations))
        # The oldest mark kept is the last one that lies outside of the window.
        while len(self._marks) > 2 and self._marks[1][0] <= seconds - self._window:
            self._marks.popleft()

    def rate(self) -> float:
        """Return the evaluations a second, NaN before two moments are known."""
        seconds, _, evaluations = self._span()
        return evaluations / seconds if seconds > 0 else nan

    def left(self, blocks: int) -> float:
        """Return the time that so many blocks will take [s], NaN before a block is done."""
        seconds, done, _ = self._span()
        return blocks * seconds / done if done else nan

    def _span(self) -> tuple[float, int, int]:
        if not self._marks:
            return 0.0, 0, 0
        (start, first, least), (end, last, most) = self._marks[0], self._marks[-1]
        return end - start, last - first, most - least
