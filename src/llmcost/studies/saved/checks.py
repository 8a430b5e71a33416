"""What a value of a JSON document may be, as small checks that are put together.

A check takes a value and raises `WrongValueError` for one that it does not allow. The checks
around it say where in the document the value stands.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from llmcost.errors import one_of, shown

Check = Callable[[Any], None]
# Deeper than any answer of llmcost.
DEEPEST = 40
MOST = 10**18


class WrongValueError(Exception):
    """A value that a check does not allow: what is needed, and where the value stands."""

    def __init__(self, value: object, needed: str) -> None:
        self.value, self.needed = value, needed
        self.place: list[str | int] = []
        super().__init__(needed)

    def __str__(self) -> str:
        """Return place, value and need in one sentence."""
        return f"{place_text(self.place[::-1])} is {shown(self.value)}; needs {self.needed}"


class MissingPartError(WrongValueError):
    """A part that a document lacks."""

    def __str__(self) -> str:
        """Return place and need in one sentence."""
        return f"{place_text(self.place[::-1])} is missing; needs {self.needed}"


def place_text(place: list[str | int]) -> str:
    """Return where a value stands, as people write it.

    >>> place_text(["setups", 3, "results", "cost"])
    'setups[3].results.cost'
    """
    told = "".join(f"[{key}]" if isinstance(key, int) else f".{_short(key)}" for key in place)
    return told.removeprefix(".") or "the document"


def _short(key: str) -> str:
    safe = key if key.isprintable() else ascii(key)[1:-1]
    return safe if len(safe) <= 40 else f"{safe[:37]}..."


def anything(value: Any) -> None:  # noqa: ANN401
    """Allow every value."""


def number(value: Any) -> None:  # noqa: ANN401
    """Allow a number; whether it is finite is seen once for a whole document (`sane`)."""
    if type(value) is not float and type(value) is not int:
        raise WrongValueError(value, "a number")


def whole(value: Any) -> None:  # noqa: ANN401
    """Allow a whole number from nought to a billion billions."""
    number(value)
    if not 0 <= value <= MOST or value != int(value):
        raise WrongValueError(value, "a whole number from 0 to 1e18")


def positive(value: Any) -> None:  # noqa: ANN401
    """Allow a number above nought."""
    number(value)
    if value <= 0:
        raise WrongValueError(value, "a number above nought")


def share(value: Any) -> None:  # noqa: ANN401
    """Allow a number from 0 to 1."""
    number(value)
    if not 0 <= value <= 1:
        raise WrongValueError(value, "a share from 0 to 1")


def level(value: Any) -> None:  # noqa: ANN401
    """Allow the share of draws that an interval holds: above 0, below 1."""
    number(value)
    if not 0 < value < 1:
        raise WrongValueError(value, "a share above 0 and below 1")


def text(value: Any) -> None:  # noqa: ANN401
    """Allow text."""
    if type(value) is not str:
        raise WrongValueError(value, "text")


def word(value: Any) -> None:  # noqa: ANN401
    """Allow text that is not empty."""
    if type(value) is not str or not value.strip():
        raise WrongValueError(value, "text that is not empty")


def day(value: Any) -> None:  # noqa: ANN401
    """Allow a date as files write it: 2024, 2024-07 or 2024-07-31."""
    from datetime import date

    text(value)
    parts = value.split("-")
    try:
        if len(parts) > 3 or not all(part.isascii() and part.isdigit() for part in parts):
            raise ValueError
        date(*[int(part) for part in (*parts, "1", "1")[:3]])
    except ValueError:
        raise WrongValueError(value, "a date such as 2024-07-31") from None


def flag(value: Any) -> None:  # noqa: ANN401
    """Allow true and false."""
    if type(value) is not bool:
        raise WrongValueError(value, "true or false")


def cell(value: Any) -> None:  # noqa: ANN401
    """Allow what a cell of a table may hold: text, a number, true, false or null."""
    if value is not None and not isinstance(value, str | int | float):
        raise WrongValueError(value, "text, a number, true, false or null")


def maybe(check: Check) -> Check:
    """Return a check that allows null beside what `check` allows."""

    def checked(value: Any) -> None:  # noqa: ANN401
        if value is not None:
            check(value)

    return checked


def either(first: Check, second: Check, needed: str) -> Check:
    """Return a check that allows what one of two checks allows; `needed` names both."""

    def checked(value: Any) -> None:  # noqa: ANN401
        try:
            first(value)
        except WrongValueError:
            try:
                second(value)
            except WrongValueError:
                raise WrongValueError(value, needed) from None

    return checked


def among(known: Collection[str]) -> Check:
    """Return a check that allows only some words."""
    needed = one_of(known)

    def checked(value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, str) or value not in known:
            raise WrongValueError(value, needed)

    return checked


def listed(check: Check, *, least: int = 0, exactly: int | None = None) -> Check:
    """Return a check of a list of at least `least` things (or exactly so many), all alike."""

    def checked(value: Any) -> None:  # noqa: ANN401
        if type(value) is not list:
            raise WrongValueError(value, "a list")
        if len(value) < least or exactly not in (None, len(value)):
            count = f"{exactly}" if exactly is not None else f"at least {least}"
            raise WrongValueError(value, f"a list of {count}")
        for at, one in enumerate(value):
            _inside(check, one, at)

    return checked


def mapped(check: Check, *, needed: Collection[str] = ()) -> Check:
    """Return a check of an object whose values are all alike; `needed` names some it must have."""

    def checked(value: Any) -> None:  # noqa: ANN401
        if type(value) is not dict:
            raise WrongValueError(value, "an object")
        for name in needed:
            if name not in value:
                raise _missing(name)
        for name, one in value.items():
            _inside(check, one, name)

    return checked


def record(
    needed: Mapping[str, Check],
    optional: Mapping[str, Check] | None = None,
    *also: Check,
) -> Check:
    """Return a check of an object with the parts `needed`, and `optional` ones where it has them.

    `also` are checks of the object as a whole, once its parts are right. Other parts are allowed.
    """
    others = dict(optional or {})

    def checked(value: Any) -> None:  # noqa: ANN401
        if type(value) is not dict:
            raise WrongValueError(value, "an object")
        for name, check in needed.items():
            if name not in value:
                raise _missing(name)
            _inside(check, value[name], name)
        for name, check in others.items():
            if name in value:
                _inside(check, value[name], name)
        for check in also:
            check(value)

    return checked


def ordered(low: str = "low", high: str = "high") -> Check:
    """Return a check that an object's two ends are both there or both missing, least first."""

    def checked(value: Any) -> None:  # noqa: ANN401
        first, last = value.get(low), value.get(high)
        if (first is None) != (last is None):
            raise WrongValueError({low: first, high: last}, "both ends or neither")
        if first is not None and first > last:
            wrong = WrongValueError(first, f"at most {high}, which is {shown(last)}")
            wrong.place.append(low)
            raise wrong

    return checked


def sane(document: Any) -> None:  # noqa: ANN401
    """Raise WrongValueError for a number anywhere that is not finite, or for too deep nesting."""
    if _unsound(document, 0):
        _find(document, ())


def _unsound(value: Any, depth: int) -> bool:  # noqa: ANN401
    """Return whether a document must be looked at more closely, as fast as that can be told."""
    if depth > DEEPEST:
        return True
    for one in value.values() if type(value) is dict else value:
        kind = type(one)
        if kind is float:
            if one - one != 0:
                return True
        elif kind is dict or kind is list:
            if _unsound(one, depth + 1):
                return True
        elif kind is int and not -MOST <= one <= MOST and not _is_finite(one):
            return True
    return False


def _find(value: Any, place: tuple[Any, ...]) -> None:  # noqa: ANN401
    """Raise WrongValueError for the first part that is not sound, with its place."""
    if len(place) > DEEPEST:
        needed = f"at most {DEEPEST} objects and lists inside each other"
        raise _at(WrongValueError(value, needed), place)
    if isinstance(value, dict):
        for key, one in value.items():
            _find(one, (*place, key))
    elif isinstance(value, list):
        for at, one in enumerate(value):
            _find(one, (*place, at))
    elif isinstance(value, int | float) and not _is_finite(value):
        raise _at(WrongValueError(value, "a finite number"), place)


def _is_finite(value: float) -> bool:
    try:
        return float(value) - float(value) == 0
    except OverflowError:
        return False


def _at(wrong: WrongValueError, place: tuple[Any, ...]) -> WrongValueError:
    wrong.place += place[::-1][:DEEPEST]
    return wrong


def _missing(name: str) -> MissingPartError:
    wrong = MissingPartError(None, "a whole document as llmcost wrote it")
    wrong.place.append(name)
    return wrong


def _inside(check: Check, value: Any, key: str | int) -> None:  # noqa: ANN401
    try:
        check(value)
    except WrongValueError as wrong:
        wrong.place.append(key)
        raise
