"""What changed since a saved comparison, and which input caused it.

A setup of both comparisons is asked again as it was asked then. From the answer of then to this one
the data and the program make the difference; from this one to the answer of now, the arguments do.
In either step every input that differs is put back alone to what it was, and the run is evaluated
once more, with every input at its middle value. What the single inputs leave over is the rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isclose, isfinite
from pathlib import Path
from typing import Any

import numpy as np

from llmcost.errors import InputError, LlmcostError, shown
from llmcost.inputs import InputValue
from llmcost.studies.answers import Result
from llmcost.studies.choices.given import NAMES
from llmcost.studies.comparison.answer import Comparison
from llmcost.studies.comparison.parts import COMPARED, UNITS, SetupResult
from llmcost.studies.estimation import prepare
from llmcost.studies.fights import opponents
from llmcost.studies.notebooks import ShownInNotebooks

SCHEMA = "llmcost.comparison-differences/1"
MAX_BYTES = 500_000_000
ROUNDING = 1e-9
# The results whose change is traced to inputs.
OF = ("cost", "wall_clock", "owned_cost", "energy", "carbon")
ASKED, DATA = "asked", "data"
VERSIONS = ("llmcost_version", "data_version", "draws", "seed", "interval")
# Arguments that move none of these.
SILENT = ("max_cost", "today", "strict", "currency", "dollars_of", "method", "thresholds")
Values = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Change:
    """A result of a setup before and after; `None` where it is not known."""

    result: str
    before: Result | None
    after: Result | None

    @property
    def ratio(self) -> float | None:
        """The value after over that before, `None` where one is missing or nothing."""
        if self.before is None or self.after is None or not self.before.value:
            return None
        return None if self.after.value is None else self.after.value / self.before.value


@dataclass(frozen=True, slots=True)
class Cause:
    """An input that differs: its two values, and what it does alone to each result of OF.

    `kind` is "asked" for what the user wrote and "data" for what the files or the program say.
    `effects` hold the result with it less the result with it put back, `None` where that cannot be
    evaluated.
    """

    input: str
    kind: str
    before: Any
    after: Any
    unit: str = ""
    effects: Values = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetupDifference:
    """What changed for one setup, which inputs caused it, and what these leave over.

    `rest` is the change of each result of OF beyond the sum of its causes.
    """

    name: str
    status_before: str
    status_after: str
    changes: tuple[Change, ...] = ()
    causes: tuple[Cause, ...] = ()
    rest: Values = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything is different at all."""
        return bool(self.changes or self.causes) or self.status_before != self.status_after


@dataclass(frozen=True, slots=True)
class Differences(ShownInNotebooks):
    """A comparison against a saved one: by setup, and what they were found with."""

    setups: tuple[SetupDifference, ...]
    added: tuple[str, ...]
    gone: tuple[str, ...]
    order_before: tuple[str, ...]
    order_after: tuple[str, ...]
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether anything but the ranges of other draws is different."""
        return bool(self.added or self.gone) or any(one.changed for one in self.setups)

    @property
    def same_program(self) -> bool:
        """Whether the versions of llmcost and of its data are the same."""
        return all(self.before.get(name) == self.after.get(name) for name in VERSIONS[:2])

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document of these differences."""
        return {
            "schema": SCHEMA,
            "before": dict(self.before),
            "after": dict(self.after),
            "changed": self.changed,
            "added": list(self.added),
            "gone": list(self.gone),
            "order": {"before": list(self.order_before), "after": list(self.order_after)},
            "setups": [_setup_dict(one) for one in self.setups],
        }


def read_comparison(path: str | Path) -> Comparison:
    """Return the comparison that a JSON file holds; raises InputError where it holds none."""
    needed = "needs one saved with: llmcost compare ... -o FILE.json"
    content = _content(path, needed)
    if len(content) > MAX_BYTES:
        raise InputError(f"against: {shown(str(path))} is too large for a comparison; {needed}.")
    try:
        document = json.loads(content.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise InputError(f"against: {shown(str(path))} is not JSON; {needed}.") from None
    try:
        return Comparison.from_dict(document)
    except InputError as error:
        raise InputError(f"against: {shown(str(path))}: {error} It {needed}.") from None


def _content(path: str | Path, needed: str) -> bytes:
    """Return what a file holds, of one that is too large its beginning; raises InputError."""
    try:
        with Path(path).open("rb") as stream:
            return stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"against: there is no file {shown(str(path))}; {needed}.") from None
    except (OSError, ValueError, TypeError) as error:
        why = getattr(error, "strerror", None) or "it cannot be read"
        raise InputError(f"against: {shown(str(path))}: {why}; {needed}.") from None


def _no_number(text: str) -> None:
    """Refuse what JSON does not have; raises ValueError."""
    raise ValueError(text)


def find_differences(after: Comparison, before: Comparison) -> Differences:
    """Return what changed from one comparison to another, and which inputs caused it.

    Setups are matched by their names.
    """
    then = {setup.name: setup for setup in before.setups}
    now = {setup.name: setup for setup in after.setups}
    return Differences(
        tuple(_difference(now[name], then[name]) for name in after.order if name in then),
        tuple(name for name in after.order if name not in then),
        tuple(name for name in before.order if name not in now),
        before.order,
        after.order,
        {name: before.meta.get(name) for name in VERSIONS},
        {name: after.meta.get(name) for name in VERSIONS},
    )


def _difference(after: SetupResult, before: SetupResult) -> SetupDifference:
    changes = tuple(_changes(after, before))
    asked = _argument_names(after, before)
    if not changes and not asked:
        return SetupDifference(after.name, before.status, after.status)
    causes = tuple(_causes(after, before, asked))
    rest = {name: _rest(name, after, before, causes) for name in OF}
    return SetupDifference(after.name, before.status, after.status, changes, causes, rest)


def _changes(after: SetupResult, before: SetupResult) -> Iterator[Change]:
    """Yield each compared result of which the value or an end differs beyond rounding."""
    now, then = after.results, before.results
    for name in COMPARED:
        one, other = now.get(name), then.get(name)
        if not all(_same(getattr(one, end, None), getattr(other, end, None)) for end in ENDS):
            yield Change(name, other, one)


ENDS = ("value", "low", "high")


def _argument_names(after: SetupResult, before: SetupResult) -> list[str]:
    """Return the arguments that differ in what they say, and not in how it is spelled alone."""
    names = dict.fromkeys([*after.arguments, *before.arguments])
    now, then = after.arguments, before.arguments
    kept = (name for name in names if name not in SILENT)
    differ = [name for name in kept if not _same(now.get(name), then.get(name))]
    return [
        name
        for name in differ
        if _told(after, name) != _told(before, name) or not _told(after, name)
    ]


def _told(setup: SetupResult, name: str) -> tuple[Any, ...]:
    """Return the value and the range of an input; nothing where there is no such input."""
    told = setup.estimate.inputs.get(name) if setup.estimate else None
    return () if told is None else (told.value, told.low, told.high)


def _causes(after: SetupResult, before: SetupResult, asked: Sequence[str]) -> Iterator[Cause]:
    """Yield what was asked otherwise, then what the data or the program say otherwise."""
    now, then = dict(after.arguments), dict(before.arguments)
    whole = {name: after.value(name) for name in OF}
    for name in asked:
        effects = _effects(whole, _with(now, name, then.get(name)))
        yield Cause(name, ASKED, then.get(name), now.get(name), _unit(name), effects)
    again = _inputs(then)
    middle = _evaluated(then)
    for name in _other_inputs(again, before.estimate.inputs if before.estimate else {}):
        new, old = again[name], before.estimate.inputs[name] if before.estimate else None
        told = old.value if old else None
        effects = _effects(middle, _with(then, name, _as_argument(old))) if name in NAMES else {}
        yield Cause(name, DATA, told, new.value, new.unit, effects or dict.fromkeys(OF))


def _other_inputs(now: Mapping[str, InputValue], then: Mapping[str, InputValue]) -> list[str]:
    """Return inputs that the same arguments no longer lead to, what follows from others apart."""
    names = [name for name in now if name in then]
    return [name for name in names if not _same(now[name].value, then[name].value)]


def _rest(
    name: str, after: SetupResult, before: SetupResult, causes: Sequence[Cause]
) -> float | None:
    """Return the change of a result that its causes, each alone, do not add up to."""
    now, then = after.value(name), before.value(name)
    if now is None or then is None:
        return None
    return now - then - sum(cause.effects.get(name) or 0.0 for cause in causes)


def _effects(whole: Values, arguments: Mapping[str, Any]) -> dict[str, float | None]:
    """Return what each result of OF has more than it has with other arguments."""
    back = _evaluated(arguments)
    return {name: _less(whole.get(name), back.get(name)) for name in OF}


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _evaluated(arguments: Mapping[str, Any]) -> Values:
    """Return the results of a run at its middle values; none where it cannot be evaluated."""
    try:
        with np.errstate(all="ignore"):
            found = prepare(**arguments).model.evaluate()
    except LlmcostError:
        return {}
    values = {name: float(found[name].flat[0]) for name in OF if name in found}
    return {name: value for name, value in values.items() if isfinite(value)}


def _inputs(arguments: Mapping[str, Any]) -> Mapping[str, InputValue]:
    """Return the inputs that arguments lead to today; none where they no longer lead to a run."""
    try:
        return prepare(**arguments).inputs
    except LlmcostError:
        return {}


def _with(arguments: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:  # noqa: ANN401
    """Return arguments with one put back, without those that cannot stand beside it."""
    gone = {name} if value is None else {name, *opponents(name)}
    found = {key: held for key, held in arguments.items() if key not in gone}
    return found if value is None else {**found, name: value}


def _as_argument(told: InputValue | None) -> Any:  # noqa: ANN401
    """Return a value of an input as the argument that states it."""
    if told is None or isinstance(told.value, str | list) or told.value is None:
        return told.value if told else None
    return f"{told.value!r} {told.unit}".strip() if told.unit else told.value


def _unit(name: str) -> str:
    return UNITS.get(name, "")


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401
    """Return whether two values are the same but for rounding."""
    if isinstance(one, int | float) and isinstance(other, int | float):
        return isclose(one, other, rel_tol=ROUNDING)
    return bool(one == other)


def _setup_dict(one: SetupDifference) -> dict[str, Any]:
    return {
        "name": one.name,
        "status": {"before": one.status_before, "after": one.status_after},
        "changes": [_change_dict(change) for change in one.changes],
        "causes": [_cause_dict(cause) for cause in one.causes],
        "rest": dict(one.rest),
    }


def _change_dict(change: Change) -> dict[str, Any]:
    before, after = (each.to_dict() if each else None for each in (change.before, change.after))
    return {"result": change.result, "before": before, "after": after, "ratio": change.ratio}


def _cause_dict(cause: Cause) -> dict[str, Any]:
    names = ("input", "kind", "before", "after", "unit")
    return {**{name: getattr(cause, name) for name in names}, "effects": dict(cause.effects)}
