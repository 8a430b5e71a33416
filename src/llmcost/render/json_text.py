"""``json`` and ``jsonl``: full numbers for other programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from numbers import Integral, Real

from llmcost.errors import InputError
from llmcost.render.cells import ACTIVE, plain_number
from llmcost.table import Document


def json_text(document: Document) -> str:
    """Return the answer's data as one JSON document; raises InputError for what JSON cannot say."""
    return _dumped(document.data, indent=2) + "\n"


def json_lines(document: Document) -> str:
    """Return one JSON object a row of the flat table, keyed by field name."""
    return "".join(f"{_dumped(record)}\n" for record in document.flat.records())


def _dumped(value: object, indent: int | None = None) -> str:
    text = json.dumps(plain(value), indent=indent, ensure_ascii=False, allow_nan=False)
    return ACTIVE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def plain(value: object, place: str = "") -> object:
    """Return `value` in lists, dictionaries and numbers of Python's own.

    Raises InputError that names the place of a number that is not finite, or of anything else
    that has no JSON.
    """
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Real):
        return _number(float(value) if not isinstance(value, Integral) else int(value), place)
    if isinstance(value, Mapping):
        return {_key(key, place): plain(item, f"{place}.{key}") for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [plain(item, f"{place}[{at}]") for at, item in enumerate(value)]
    raise InputError(
        f"The answer's {_named(place)} is a {type(value).__name__}, which has no JSON; "
        "needs text, numbers, lists and dictionaries."
    )


def _number(value: float, place: str) -> int | float:
    try:
        return plain_number(value)
    except InputError as error:
        raise InputError(f"The answer's {_named(place)}: {error}") from None


def _key(key: object, place: str) -> str:
    if isinstance(key, str):
        return key
    raise InputError(f"The answer's {_named(place)} has the key {key!r}; needs text as a key.")


def _named(place: str) -> str:
    return place.lstrip(".") or "data"
