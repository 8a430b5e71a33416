"""A saved comparison back into its parts, checked field by field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from llmcost.errors import InputError, shown
from llmcost.reading import canonical_unit
from llmcost.studies.answers import Estimate, Result, Warned
from llmcost.studies.comparison.parts import (
    SCHEMA,
    STATUSES,
    BreakEven,
    Delta,
    Group,
    Limit,
    Pair,
    SetupResult,
    Shares,
)
from llmcost.studies.rereading import finite_or_none, list_of, table_of

T = TypeVar("T")
OWN = (
    *("schema", "asked", "first", "order", "groups", "left_out", "best", "front", "pairs"),
    *("break_even", "setups", "rows"),
)


def comparison_parts(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a saved comparison by name.

    Raises InputError when it is not a document of this schema, or a part of it is malformed.
    """
    if not isinstance(document, Mapping) or document.get("schema") != SCHEMA:
        got = document.get("schema") if isinstance(document, Mapping) else document
        raise InputError(f"Got a document of schema {shown(got)}; needs {SCHEMA!r}.")
    setups = _all(document, "setups", _setup)
    names = {setup.name for setup in setups}
    found: dict[str, Any] = {
        "setups": setups,
        "first": _name(document.get("first"), names, "first"),
        "order": _names(document, "order", names),
        "front": _names(document, "front", names),
        "left_out": tuple(str(each) for each in list_of(document, "left_out")),
        "best": {k: _name(v, names, "best") for k, v in table_of(document, "best").items()},
        "pairs": _all(document, "pairs", _pair),
        "break_even": _all(document, "break_even", _break_even),
        "groups": _all(document, "groups", lambda part: _group(part, names)),
        "asked": dict(table_of(document, "asked")),
        "meta": {key: value for key, value in document.items() if key not in OWN},
    }
    if set(found["order"]) != names:
        raise InputError("order: needs the name of every setup once.")
    return found


def _setup(part: Mapping[str, Any]) -> SetupResult:
    name = _text(part, "name")
    if part.get("status") not in STATUSES:
        raise InputError(f"setups: {name} has status {shown(part.get('status'))}.")
    saved, headroom = part.get("estimate"), part.get("headroom")
    shares = table_of(part, "shares")
    limits = {key: finite_or_none(each, key) for key, each in table_of(part, "limits").items()}
    return SetupResult(
        name=name,
        arguments=dict(table_of(part, "arguments")),
        status=part["status"],
        reason=part.get("reason") or "",
        no_price=part.get("no_price") or "",
        terms=part.get("terms"),
        estimate=None if saved is None else Estimate.from_dict(saved),
        headroom=None if headroom is None else _result(headroom),
        limits=tuple(Limit(key, share or 0.0) for key, share in limits.items()),
        deltas={key: _delta(each) for key, each in table_of(part, "deltas").items()},
        shares=Shares(**{key: finite_or_none(shares.get(key), key) for key in Shares.__slots__}),
        notes=_all(part, "notes", lambda note: Warned(_text(note, "code"), _text(note, "message"))),
    )


def _delta(part: Any) -> Delta:  # noqa: ANN401
    return Delta(_result(table_of(part, "difference")), _result(table_of(part, "ratio")))


def _pair(part: Mapping[str, Any]) -> Pair:
    a, b, result = (_text(part, key) for key in ("a", "b", "result"))
    less, more = (finite_or_none(part.get(key), f"pairs: {key}") or 0.0 for key in ("less", "more"))
    apart = (finite_or_none(part.get(f"{key}_apart"), f"pairs: {key}") for key in ("less", "more"))
    return Pair(a, b, result, less, more, *apart)


def _break_even(part: Mapping[str, Any]) -> BreakEven:
    now = finite_or_none(part.get("price_now"), "break_even: price_now")
    names = _text(part, "setup"), _text(part, "against")
    return BreakEven(*names, _result(table_of(part, "price")), now)


def _group(part: Mapping[str, Any], names: set[str]) -> Group:
    return Group(dict(table_of(part, "by")), _names(part, "order", names))


def _result(part: Any) -> Result:  # noqa: ANN401
    unit = part.get("unit") if isinstance(part, Mapping) else None
    if not isinstance(unit, str):
        raise InputError(f"Got {shown(part)}; needs value, unit, low and high.")
    canonical_unit(unit)
    keys = ("value", "low", "high", "median")
    value, low, high, median = (finite_or_none(part.get(key), key) for key in keys)
    return Result(value, unit, low, high, median)


def _all(
    document: Mapping[str, Any], name: str, read: Callable[[Mapping[str, Any]], T]
) -> tuple[T, ...]:
    parts = list_of(document, name)
    for part in parts:
        if not isinstance(part, Mapping):
            raise InputError(f"{name}: got {shown(part)}; needs objects.")
    return tuple(read(part) for part in parts)


def _names(document: Mapping[str, Any], key: str, names: set[str]) -> tuple[str, ...]:
    return tuple(str(_name(each, names, key)) for each in list_of(document, key))


def _name(value: Any, names: set[str], key: str) -> str | None:  # noqa: ANN401
    if value is None or (isinstance(value, str) and value in names):
        return value
    raise InputError(f"{key}: got {shown(value)}; needs the name of a setup.")


def _text(part: Mapping[str, Any], key: str) -> str:
    value = part.get(key)
    if not isinstance(value, str):
        raise InputError(f"{key}: got {shown(value)}; needs text.")
    return value
