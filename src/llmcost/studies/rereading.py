"""A saved JSON document back into the parts of an answer, checked field by field."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any

from llmcost.errors import InputError, shown
from llmcost.inputs import KINDS, InputValue, Origin
from llmcost.ranges import KINDS as KINDS_OF_RANGE
from llmcost.ranges import MIDDLES
from llmcost.reading import canonical_unit
from llmcost.sampling import Stated

Parts = tuple[
    dict[str, dict[str, Any]], dict[str, InputValue], list[dict[str, str]], dict[str, Any]
]
RESULTS = ("parameters", "tokens", "model_flop", "gpu_hours", "cost", "compute_optimal_tokens")
INPUTS = ("tokens", "attention_flop", "scaling_law")
REPORTS = ("step", "memory")
LISTS = ("rentals", "goodput_by_scale", "restated", "thresholds")
TABLES = ("histograms", "method")
OWN = ("schema", "inputs", "results", "warnings", *REPORTS, *LISTS, *TABLES)


def estimate_parts(document: Mapping[str, Any], schema: str) -> Parts:
    """Return results, inputs, warnings and the rest of a saved document.

    Raises InputError when it is not a document of that schema, or a part of it is malformed.
    """
    if not isinstance(document, Mapping) or document.get("schema") != schema:
        got = document.get("schema") if isinstance(document, Mapping) else document
        raise InputError(f"Got a document of schema {shown(got)}; needs {schema!r}.")
    results = {name: _result(name, part) for name, part in table_of(document, "results").items()}
    for part, names in (("results", RESULTS), ("inputs", INPUTS)):
        missing = [name for name in names if name not in table_of(document, part)]
        if missing:
            raise InputError(f"{part}: {', '.join(missing)} is missing; needs a whole document.")
    inputs = {name: input_of(name, part) for name, part in table_of(document, "inputs").items()}
    warnings = [_warning(part) for part in list_of(document, "warnings")]
    return results, inputs, warnings, {k: v for k, v in document.items() if k not in OWN}


def reports(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the step, the memory and every other report of a saved document that it has.

    Raises InputError for a step or memory without parts of a value in a unit each.
    """
    found: dict[str, Any] = {name: table_of(document, name) for name in REPORTS if name in document}
    found |= {name: list_of(document, name) for name in LISTS if name in document}
    found |= {name: table_of(document, name) for name in TABLES if name in document}
    for name in REPORTS:
        report = found.get(name, {"parts": {}})
        for part, held in table_of(report, "parts").items():
            if not isinstance(held, Mapping) or not isinstance(held.get("unit"), str):
                raise InputError(f"{name}: {part} is {shown(held)}; needs value and unit.")
            finite_or_none(held.get("value"), f"{name}: {part} value")
    return found


def _result(name: str, part: Any) -> dict[str, Any]:  # noqa: ANN401
    if not isinstance(part, Mapping) or not isinstance(part.get("unit"), str):
        raise InputError(f"results: {name} is {shown(part)}; needs value, unit, low and high.")
    canonical_unit(part["unit"])
    numbers = {
        key: finite_or_none(part.get(key), f"results: {name} {key}")
        for key in ("value", "low", "high", "median")
    }
    low, high = numbers["low"], numbers["high"]
    if (low is None) != (high is None) or (low is not None and high is not None and low > high):
        raise InputError(f"results: {name} has low {shown(low)} and high {shown(high)}.")
    return {"unit": part["unit"], **numbers}


def input_of(name: str, part: Any) -> InputValue:  # noqa: ANN401
    """Return an input of a saved document; raises InputError for a malformed one."""
    origin = part.get("origin") if isinstance(part, Mapping) else None
    if not isinstance(origin, Mapping) or origin.get("kind") not in KINDS:
        raise InputError(f"inputs: {name} is {shown(part)}; needs value, unit and origin.")
    value = part.get("value")
    if not isinstance(part.get("detail", {}), Mapping):
        raise InputError(f"inputs: {name} has detail {shown(part['detail'])}; needs an object.")
    if isinstance(value, int | float):
        value = finite_or_none(value, f"inputs: {name} value")
    elif not isinstance(value, str | list | None):
        raise InputError(f"inputs: {name} value is {shown(value)}; needs a number or text.")
    low, high = (finite_or_none(part.get(key), f"inputs: {name} {key}") for key in ("low", "high"))
    return InputValue(
        value,
        str(part.get("unit") or ""),
        Origin(origin["kind"], origin.get("source") or "", origin.get("as_of")),
        low,
        high,
        part.get("detail") or {},
        _stated(name, part["distribution"]) if "distribution" in part else None,
    )


def _stated(name: str, part: Any) -> Stated:  # noqa: ANN401
    """Return the distribution of an input; raises InputError for a malformed one."""
    if not isinstance(part, Mapping) or part.get("kind") not in KINDS_OF_RANGE:
        raise InputError(f"inputs: {name} has distribution {shown(part)}; needs kind, p5 and p95.")
    low, high = (finite_or_none(part.get(end), f"inputs: {name} {end}") for end in ("p5", "p95"))
    if low is None or high is None or low > high:
        raise InputError(f"inputs: {name} has p5 {shown(low)} and p95 {shown(high)}.")
    middle = part.get(MIDDLES.get(part["kind"], ""))
    return Stated(part["kind"], low, high, finite_or_none(middle, f"inputs: {name} middle"))


def _warning(part: Any) -> dict[str, str]:  # noqa: ANN401
    if not isinstance(part, Mapping) or not {"code", "message"} <= set(part):
        raise InputError(f"warnings: got {shown(part)}; needs code and message.")
    return {"code": str(part["code"]), "message": str(part["message"])}


def table_of(document: Any, name: str) -> Mapping[str, Any]:  # noqa: ANN401
    """Return a part of a document that is an object; raises InputError for anything else."""
    part = document.get(name) if isinstance(document, Mapping) else document
    if not isinstance(part, Mapping):
        raise InputError(f"{name}: got {shown(part)}; needs an object.")
    return part


def list_of(document: Mapping[str, Any], name: str) -> list[Any]:
    """Return a part of a document that is a list; raises InputError for anything else."""
    part = document.get(name)
    if not isinstance(part, list):
        raise InputError(f"{name}: got {shown(part)}; needs a list.")
    return part


def finite_or_none(value: Any, name: str) -> float | None:  # noqa: ANN401
    """Return a number of a document, `None` for null; raises InputError for anything else."""
    if value is None:
        return None
    try:
        if not isinstance(value, bool) and isinstance(value, int | float) and isfinite(value):
            return float(value)
    except OverflowError:  # a whole number of more than 308 digits
        pass
    raise InputError(f"{name}: got {shown(value)}; needs a finite number or null.")
