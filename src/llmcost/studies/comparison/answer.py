"""The answer of a comparison: setups side by side, what each wins, and from which price on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from llmcost.errors import UnknownNameError
from llmcost.studies.comparison.parts import (
    SCHEMA,
    BreakEven,
    Group,
    Pair,
    SetupResult,
)
from llmcost.studies.notebooks import ShownInNotebooks

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(ShownInNotebooks):
    """The answer: setups as they were given, and which of them is best at what.

    `order` are the names ranked, best first; `first` is the setup that deltas are taken from;
    `best` the winner of each result of COMPARED. `front` are the setups that no other beats in cost
    and wall clock both, cheapest first. `left_out` are those that `where` does not keep. `asked`
    is the question: `model`, `deadline` [day], `terms`, `where`, `sort`, `group_by`. `draws`, by
    setup and result, pair up: number n of each is the same uncertain world; a document lacks them.
    """

    setups: tuple[SetupResult, ...]
    order: tuple[str, ...]
    first: str | None
    best: Mapping[str, str] = field(default_factory=dict)
    pairs: tuple[Pair, ...] = ()
    break_even: tuple[BreakEven, ...] = ()
    front: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()
    left_out: tuple[str, ...] = ()
    asked: Mapping[str, Any] = field(default_factory=dict)
    meta: Mapping[str, Any] = field(default_factory=dict)
    draws: Mapping[str, Mapping[str, Floats]] = field(default_factory=dict, compare=False)

    def __getitem__(self, name: str) -> SetupResult:
        """Return the setup of a name; raises UnknownNameError for a name that there is none of."""
        for setup in self.setups:
            if setup.name == name:
                return setup
        raise UnknownNameError("setup", str(name), [setup.name for setup in self.setups])

    def __iter__(self) -> Iterator[SetupResult]:
        """Yield the setups as they were given."""
        return iter(self.setups)

    def __len__(self) -> int:
        return len(self.setups)

    def __repr__(self) -> str:
        told = ", ".join(self.order[:3]) + (", ..." if len(self.order) > 3 else "")
        number = len(self.setups)
        return f"Comparison({number} setup{'s' if number != 1 else ''}: {told})"

    def less_share(self, a: str, b: str, result: str = "cost") -> float | None:
        """Return the share of the draws in which `a` has less of a result than `b`.

        The result is cost or wall_clock; `None` where it is not known of both.
        """
        for pair in self.pairs:
            if pair.result == result and {pair.a, pair.b} == {a, b}:
                return pair.less if pair.a == a else pair.more
        return None

    def wins_below(self, name: str) -> BreakEven | None:
        """Return the price below which a setup is the cheapest of all, `None` where none is known.

        It is the one against the cheapest of the others.
        """
        found = [one for one in self.break_even if one.setup == name]
        costs = {one.name: one.value("cost") for one in self.setups}
        return min(found, key=lambda one: costs[one.against] or 0.0, default=None)

    @property
    def ranked(self) -> tuple[SetupResult, ...]:
        """The setups, best first."""
        return tuple(self[name] for name in self.order)

    @property
    def over_budget(self) -> bool:
        """Whether every setup with a cost is over the `max_cost` that was asked about."""
        costs = [one.estimate for one in self.setups if one.estimate and one.value("cost")]
        return bool(costs) and all(estimate.over_budget for estimate in costs)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of this comparison; the inverse of `from_dict`."""
        return {
            "schema": SCHEMA,
            **self.meta,
            "asked": dict(self.asked),
            "first": self.first,
            "order": list(self.order),
            "groups": [{"by": dict(g.by), "order": list(g.order)} for g in self.groups],
            "left_out": list(self.left_out),
            "best": dict(self.best),
            "front": list(self.front),
            "pairs": [pair.to_dict() for pair in self.pairs],
            "break_even": [one.to_dict() for one in self.break_even],
            "setups": [setup.to_dict() for setup in self.setups],
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Comparison:
        """Return the comparison that `to_dict` wrote; raises InputError for anything else."""
        from llmcost.studies.comparison.rereading import comparison_parts

        return cls(**comparison_parts(document))

    def to_frame(self) -> pd.DataFrame:
        """Return one row a setup as a pandas frame, best first, units in the headers."""
        from llmcost.studies.comparison.columns import frame

        return frame(self.ranked)
