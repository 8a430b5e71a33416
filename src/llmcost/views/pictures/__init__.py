"""Saved results to pictures: which result can be drawn as what, one module a picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

from llmcost.errors import InputError, UnknownNameError, one_of, shown

if TYPE_CHECKING:
    from llmcost.picture import Picture

_HERE = "llmcost.views.pictures"
_ESTIMATE, _COMPARISON = "llmcost.estimate/1", "llmcost.comparison/1"
_RECONCILIATION, _SENSITIVITY = "llmcost.reconciliation/1", "llmcost.sensitivity/1"
_VALIDATION, _FACTS = "llmcost.validation/1", "llmcost.facts/1"
_TRACK = "llmcost.track/1"


class Drawing(NamedTuple):
    """A picture by name: the `schemas` of the results it is drawn from, the `function` that does.

    `refusal` names a function of the same result that returns why it cannot be drawn so, or an
    empty text; without one, every result of these schemas can.
    """

    schemas: tuple[str, ...]
    function: str
    refusal: str = ""


PICTURES: dict[str, Drawing] = {
    "cost": Drawing((_ESTIMATE, _COMPARISON), f"{_HERE}.cost:cost", f"{_HERE}.cost:refusal"),
    "claim": Drawing((_RECONCILIATION,), f"{_HERE}.claim:claim", f"{_HERE}.claim:refusal"),
    "tornado": Drawing((_SENSITIVITY,), f"{_HERE}.tornado:tornado", f"{_HERE}.tornado:refusal"),
    "step": Drawing((_ESTIMATE, _COMPARISON), f"{_HERE}.step:step", f"{_HERE}.step:refusal"),
    "memory": Drawing(
        (_ESTIMATE, _COMPARISON), f"{_HERE}.memory:memory", f"{_HERE}.memory:refusal"
    ),
    "cost-and-time": Drawing(
        (_COMPARISON,), f"{_HERE}.cost_and_time:cost_and_time", f"{_HERE}.cost_and_time:refusal"
    ),
    "growth": Drawing((_COMPARISON,), f"{_HERE}.growth:growth", f"{_HERE}.growth:refusal"),
    "accuracy": Drawing((_VALIDATION,), f"{_HERE}.accuracy:accuracy", f"{_HERE}.accuracy:refusal"),
    "progress": Drawing((_TRACK,), f"{_HERE}.progress:progress", f"{_HERE}.progress:refusal"),
    "prices": Drawing((_FACTS,), f"{_HERE}.prices:prices", f"{_HERE}.prices:refusal"),
}

# The picture of a result when nobody asks for one by name.
MAIN: dict[str, str] = {
    _ESTIMATE: "cost",
    _RECONCILIATION: "claim",
    _SENSITIVITY: "tornado",
    _COMPARISON: "cost-and-time",
    _VALIDATION: "accuracy",
    _FACTS: "prices",
    _TRACK: "progress",
}


def pictures_of(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the pictures that a saved result can be drawn as, the main one first."""
    schema = data.get("schema")
    fitting = [
        name
        for name, drawing in PICTURES.items()
        if schema in drawing.schemas and not _refusal(drawing, data)
    ]
    main = MAIN.get(schema) if isinstance(schema, str) else None
    return tuple(sorted(fitting, key=lambda name: name != main))


def picture(name: str, data: Mapping[str, Any]) -> Picture:
    """Return the picture `name` of a saved result.

    Raises UnknownNameError for a name that no picture has, and InputError where this result cannot
    be drawn so.
    """
    if name not in PICTURES:
        raise UnknownNameError("picture", name, PICTURES, f"The pictures: {', '.join(PICTURES)}.")
    drawing = PICTURES[name]
    if data.get("schema") not in drawing.schemas:
        drawn_from = one_of([_kind(schema) for schema in drawing.schemas])
        raise InputError(
            f"The picture {name} is drawn from {drawn_from}; this result is "
            f"{shown(data.get('schema'))}. {_can_be(data)}"
        )
    if why := _refusal(drawing, data):
        raise InputError(f"The picture {name} cannot be drawn: {why}. {_can_be(data)}")
    made: Picture = _function(drawing.function)(data)
    return made


def _refusal(drawing: Drawing, data: Mapping[str, Any]) -> str:
    return str(_function(drawing.refusal)(data)) if drawing.refusal else ""


def _function(path: str) -> Callable[[Mapping[str, Any]], Any]:
    module, _, name = path.partition(":")
    found: Callable[[Mapping[str, Any]], Any] = getattr(import_module(module), name)
    return found


def _kind(schema: str) -> str:
    """Return what a result of this schema is called: ``an estimate``, ``a comparison``."""
    noun = schema.removeprefix("llmcost.").partition("/")[0]
    if schema == _FACTS:
        return noun
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _can_be(data: Mapping[str, Any]) -> str:
    names = pictures_of(data)
    return f"It can be drawn as {one_of(names)}." if names else "No picture fits it."
