"""What a formula did to uniform values: done at once, and written down to be done again.

Done again from other columns it gives the values that a kernel of the same structure needs, as long
as every decision falls as it did: a branch, or a value that became part of the structure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from llmcost.tracing.graph import Graph


class Ref(NamedTuple):
    """The number of a uniform value."""

    number: int


class Recorder:
    """The graph of rows, and the uniform values with the work that made them."""

    def __init__(self, known: Callable[[Recorder, Ref], Any]) -> None:
        """Take what makes a symbol of a uniform value."""
        self._known = known
        self.graph = Graph()
        self.values: list[Any] = []
        self.inputs: list[str] = []
        self.work: list[tuple[Any, Any, Any]] = []
        self.decisions: dict[int, Any] = {}
        self._made: dict[Any, int] = {}

    def input(self, name: str, value: Any) -> Any:  # noqa: ANN401
        """Return a uniform column; all inputs come before any work."""
        self.inputs.append(name)
        return self._kept(value)

    def known(self, function: Any, args: Any, kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """Return what a function makes of uniform values, which is written down."""
        work = (function, _with_refs(args), _with_refs(dict(kwargs)))
        key = _key_of(work)
        if key is not None and key in self._made:
            return self._symbol(self._made[key])
        self.work.append(work)
        if key is not None:
            self._made[key] = len(self.values)
        return self._kept(_done(work, self.values))

    def decided(self, ref: Ref, outcome: Any) -> Any:  # noqa: ANN401
        """Return an outcome that the structure hangs on from here on."""
        self.decisions[ref.number] = self.values[ref.number]
        return outcome

    def again(self, columns: Mapping[str, Any]) -> list[Any] | None:
        """Return all uniform values from other columns; None where one is decided otherwise.

        None as well for columns of other names or shapes: a formula may ask for those.
        """
        if set(columns) != set(self.inputs):
            return None
        values: list[Any] = [columns[name] for name in self.inputs]
        shapes = zip(values, self.values, strict=False)
        if any(np.shape(new) != np.shape(old) for new, old in shapes):
            return None
        with np.errstate(all="ignore"):
            for work in self.work:
                values.append(_done(work, values))
        for number, outcome in self.decisions.items():
            if not np.array_equal(values[number], outcome, equal_nan=_is_float(outcome)):
                return None
        return values

    def _kept(self, value: Any) -> Any:  # noqa: ANN401
        if isinstance(value, tuple):
            return self._parts(value)
        self.values.append(value)
        return self._symbol(len(self.values) - 1)

    def _parts(self, values: tuple[Any, ...]) -> tuple[Any, ...]:
        whole = Ref(len(self.values))
        self.values.append(values)
        return tuple(self.known(_part, (whole, at), {}) for at in range(len(values)))

    def _symbol(self, number: int) -> Any:  # noqa: ANN401
        value = self.values[number]
        if isinstance(value, tuple):
            return tuple(self.known(_part, (Ref(number), at), {}) for at in range(len(value)))
        return self._known(self, Ref(number))


def _part(values: tuple[Any, ...], at: int) -> Any:  # noqa: ANN401
    return values[at]


def _with_refs(values: Any) -> Any:  # noqa: ANN401
    if isinstance(values, list | tuple) and not isinstance(values, Ref):
        return tuple(_with_refs(value) for value in values)
    if isinstance(values, dict):
        return {name: _with_refs(value) for name, value in values.items()}
    return getattr(values, "ref", values)


def _done(work: tuple[Any, Any, Any], values: list[Any]) -> Any:  # noqa: ANN401
    function, args, kwargs = work
    args = tuple([_filled(arg, values) for arg in args])
    if not kwargs:
        return function(*args)
    return function(*args, **{name: _filled(arg, values) for name, arg in kwargs.items()})


def _filled(given: Any, values: list[Any]) -> Any:  # noqa: ANN401
    if isinstance(given, Ref):
        return values[given.number]
    if isinstance(given, tuple):
        return [_filled(one, values) for one in given] if _holds_refs(given) else given
    return given


def _holds_refs(given: tuple[Any, ...]) -> bool:
    return any(isinstance(one, Ref) for one in given)


def _key_of(work: tuple[Any, Any, Any]) -> Any:  # noqa: ANN401
    """Return what tells work apart, or None where it holds an array; 1, 1.0 and True differ."""
    function, args, kwargs = work
    key = (function, args, tuple(map(type, args)), tuple(sorted(kwargs.items())))
    try:
        hash(key)
    except TypeError:
        return None
    return key


def _is_float(value: Any) -> bool:  # noqa: ANN401
    return bool(np.asarray(value).dtype.kind == "f")
