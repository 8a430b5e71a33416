"""The parts of a comparison: a setup, what it wins, its deltas, and from which price on it pays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from llmcost import engine
from llmcost.studies.answers import RESULT_UNITS, Estimate, Result, Warned

SCHEMA = "llmcost.comparison/1"
RUNS, DOES_NOT_FIT = "runs", "does not fit"
TOO_SLOW, CANNOT_RUN = "too slow", "cannot run"
# What a setup is, best first: a ranking keeps to this whatever it is sorted by.
STATUSES = (RUNS, TOO_SLOW, DOES_NOT_FIT, CANNOT_RUN)
UNITS = {**RESULT_UNITS, "headroom": "GB"}
# The results that setups are set against each other by.
COMPARED = (
    *("cost", "wall_clock", "gpu_hours", "mfu", "goodput", "step_time", "tokens_per_second"),
    *(name for name in engine.MONEY if name not in ("cost", "cost_per_million_tokens")),
    "headroom",
)
# Of these more is better; of all others less is.
LARGEST_IS_BEST = ("mfu", "goodput", "tokens_per_second", "headroom")


@dataclass(frozen=True, slots=True)
class Limit:
    """What a share of a step goes to: one of `limits.KINDS`."""

    name: str
    share: float


@dataclass(frozen=True, slots=True)
class Delta:
    """A result of a setup less, and over, that of the first; intervals are of paired draws."""

    difference: Result
    ratio: Result

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this delta."""
        return {"difference": self.difference.to_dict(), "ratio": self.ratio.to_dict()}


@dataclass(frozen=True, slots=True)
class Shares:
    """Shares of the draws in which a setup is the cheapest, the fastest, on the front, in time.

    Setups that draw level share a win. `None` where a setup does not take part.
    """

    cheapest: float | None = None
    fastest: float | None = None
    front: float | None = None
    deadline: float | None = None

    def to_dict(self) -> dict[str, float | None]:
        """Return the JSON object of these shares."""
        names = ("cheapest", "fastest", "front", "deadline")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class Pair:
    """The shares of the draws in which `a` has less, and more, of a result than `b`.

    `less_apart` and `more_apart` are those shares where the errors of the two predicted MFUs have
    nothing to do with each other: `None` where they are one, or nothing is predicted.
    """

    a: str
    b: str
    result: str
    less: float
    more: float
    less_apart: float | None = None
    more_apart: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this pair."""
        names = ("a", "b", "result", "less", "more", "less_apart", "more_apart")
        return {name: getattr(self, name) for name in names}


@dataclass(frozen=True, slots=True)
class BreakEven:
    """The price at which renting a setup costs as much as renting another [USD/GPU/hour].

    Below it the setup is the cheaper one. `price_now` is what it is taken to cost, `None` where
    nobody tells.
    """

    setup: str
    against: str
    price: Result
    price_now: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this break-even price."""
        told = {"setup": self.setup, "against": self.against, "price_now": self.price_now}
        return {**told, "price": self.price.to_dict()}


@dataclass(frozen=True, slots=True)
class Group:
    """Setups that are alike in what was grouped by, best first."""

    by: Mapping[str, Any]
    order: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SetupResult:
    """One setup: what it is, whether it runs, and its estimate.

    `arguments` are those of `estimate` for it, as text and numbers. `status` is one of STATUSES and
    `reason` says why it does not run; `no_price` says why there is no cost, and `terms` on which
    terms the price is, where it is one of the catalogue. `headroom` [GB] is the memory left on the
    fullest device; `limits` are shares of a step; both only where a step is modelled.
    """

    name: str
    arguments: Mapping[str, Any]
    status: str = RUNS
    reason: str = ""
    no_price: str = ""
    terms: str | None = None
    estimate: Estimate | None = None
    headroom: Result | None = None
    limits: tuple[Limit, ...] = ()
    deltas: Mapping[str, Delta] = field(default_factory=dict)
    shares: Shares = Shares()
    notes: tuple[Warned, ...] = ()

    @property
    def runs(self) -> bool:
        """Whether the setup can do what was asked."""
        return self.status == RUNS

    @property
    def limited_by(self) -> str | None:
        """What takes most of a step, `None` where no step is modelled."""
        return max(self.limits, key=lambda each: each.share).name if self.limits else None

    @property
    def next_limit(self) -> str | None:
        """What takes most of a step beside computing, `None` where no step is modelled."""
        others = [limit for limit in self.limits if limit.name != "compute"]
        return max(others, key=lambda each: each.share).name if others else None

    @property
    def results(self) -> dict[str, Result]:
        """Every result by name, those of the estimate and the headroom; empty without any."""
        found = dict(self.estimate.results) if self.estimate else {}
        return found | ({"headroom": self.headroom} if self.headroom else {})

    def value(self, name: str) -> float | None:
        """Return the value of a result at middle inputs, `None` where it is not known."""
        result = self.results.get(name)
        return None if result is None else result.value

    def input(self, name: str) -> Any:  # noqa: ANN401
        """Return the value of an input of the estimate, or of what was given for it."""
        told = self.estimate.inputs.get(name) if self.estimate else None
        return self.arguments.get(name) if told is None else told.value

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object of this setup."""
        return {
            "name": self.name,
            "arguments": dict(self.arguments),
            "status": self.status,
            "reason": self.reason or None,
            "no_price": self.no_price or None,
            "terms": self.terms,
            "headroom": self.headroom.to_dict() if self.headroom else None,
            "limits": {limit.name: limit.share for limit in self.limits},
            "limited_by": self.limited_by,
            "next_limit": self.next_limit,
            "deltas": {name: delta.to_dict() for name, delta in self.deltas.items()},
            "shares": self.shares.to_dict(),
            "notes": [{"code": note.code, "message": note.message} for note in self.notes],
            "estimate": self.estimate.to_dict() if self.estimate else None,
        }
