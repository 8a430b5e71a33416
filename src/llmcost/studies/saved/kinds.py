"""Which saved results there are: the schema of each, and the check of what it must hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmcost.errors import InputError, nearest, one_of, shown
from llmcost.studies.saved.bench_shapes import BENCH
from llmcost.studies.saved.checks import Check, WrongValueError, sane
from llmcost.studies.saved.judged_shapes import (
    LAYOUTS,
    METHOD,
    RECONCILIATION,
    SENSITIVITY,
    VALIDATION,
    facts,
)
from llmcost.studies.saved.measured_shapes import TRACK
from llmcost.studies.saved.record import file_text
from llmcost.studies.saved.shapes import COMPARISON, ESTIMATE

CHECKS: dict[str, Check] = {
    "llmcost.estimate/1": ESTIMATE,
    "llmcost.comparison/1": COMPARISON,
    "llmcost.sensitivity/1": SENSITIVITY,
    "llmcost.reconciliation/1": RECONCILIATION,
    "llmcost.validation/1": VALIDATION,
    "llmcost.layouts/1": LAYOUTS,
    "llmcost.facts/1": facts,
    "llmcost.method/1": METHOD,
    "llmcost.track/1": TRACK,
    "llmcost.bench/1": BENCH,
}
COMMANDS = "estimate, compare, sensitivity, reconcile, validate, track, bench, layouts or show"
REMEDY = f"Save one with: llmcost {COMMANDS}, with -o FILE.json."


def check_result(data: object, name: str) -> Mapping[str, Any]:
    """Return the data of the file `name` where it is a whole result.

    Raises InputError that names the file and the place of what is wrong.
    """
    if not isinstance(data, dict) or "schema" not in data:
        raise InputError(
            f"{file_text(name)} holds {_kind(data)}; needs a result of llmcost. {REMEDY}"
        )
    try:
        sane(data)
        _check_of(data["schema"], name)(data)
    except WrongValueError as wrong:
        raise InputError(
            f"{file_text(name)}: {wrong}. The file was changed, cut off or made by another "
            "version: save the result again."
        ) from None
    return data


def _kind(data: object) -> str:
    named = {dict: "an object without a schema", list: "a list", str: "text", bool: "a flag"}
    return "nothing" if data is None else named.get(type(data), "a number")


def _check_of(schema: object, name: str) -> Check:
    if isinstance(schema, str) and schema in CHECKS:
        return CHECKS[schema]
    if not isinstance(schema, str):
        raise InputError(f"{file_text(name)}: schema is {shown(schema)}; needs text. {REMEDY}")
    kind = schema.partition("/")[0]
    known = {each.partition("/")[0]: each for each in CHECKS}
    if kind in known:
        raise InputError(
            f"{file_text(name)} has the schema {shown(schema)}; this program reads "
            f"{known[kind]}. Make the result again with this version of llmcost, or read it with "
            f"the version that made it."
        )
    close = nearest(schema, CHECKS)
    hint = f" Did you mean {one_of(close)}?" if close else ""
    raise InputError(
        f"{file_text(name)} has the schema {shown(schema)}, which no report is made "
        f"of.{hint} {REMEDY}"
    )
