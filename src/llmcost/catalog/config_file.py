"""Read a config.json that somebody else wrote, without trusting it."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

from llmcost.errors import InputError, shown

MAX_BYTES = 4_000_000
MAX_DIGITS = 30
NEEDED = "Give the path of a model's config.json."


def read_config(path: str | Path) -> dict[str, Any]:
    """Return the fields of a config.json.

    Raises InputError for a file that is missing, too large or not one plain JSON object: duplicate
    keys, NaN, infinities and nesting beyond the parser's depth are refused.
    """
    text = _text(Path(path))
    try:
        content = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except RecursionError:
        _refuse(path, "is nested too deeply to be a configuration")
    except json.JSONDecodeError as error:
        _refuse(path, f"is not JSON: {error.msg} on line {error.lineno}, column {error.colno}")
    except ValueError as error:
        _refuse(path, f"holds {error}")
    if not isinstance(content, dict):
        _refuse(path, f"holds {shown(content)}, not a table of fields")
    return content


def _text(path: Path) -> str:
    try:
        if path.is_dir():
            _refuse(path, "is a folder")
        if path.exists() and not path.is_file():
            _refuse(path, "is not a plain file")
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        _refuse(path, f"cannot be read: {getattr(error, 'strerror', None) or error}")
    if len(content) > MAX_BYTES:
        _refuse(path, f"is larger than {MAX_BYTES // 1_000_000} MB, too large for a configuration")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(path, f"is not UTF-8 text: byte {error.start} cannot be read")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise ValueError(f"the field {shown(name)} twice")
        fields[name] = value
    return fields


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name}, which is not a number")


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} digits, which no field can have")
    return int(text)


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{shown(text)}, which is too large for a number")
    return value


def _refuse(path: str | Path, problem: str) -> NoReturn:
    raise InputError(f"The file {shown(str(path))} {problem}. {NEEDED}") from None
