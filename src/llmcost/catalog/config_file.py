"""Read a config.json that somebody else wrote, without trusting it."""

from __future__ import annotations

import json
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

from llmcost.errors import InputError, shown

MAX_BYTES = 4_000_000
MAX_DIGITS = 30
MAX_POSITIONS = 10**12
POSITION_LIMITS = ("max_position_embeddings", "n_positions", "max_seq_len", "seq_length", "n_ctx")
NEEDED = "Give the path of a model's config.json."


def read_config(path: str | Path) -> dict[str, Any]:
    """Return the fields of a config.json.

    Raises InputError for a file that is missing, too large or not one plain JSON object: duplicate
    keys, NaN, infinities and nesting beyond the parser's depth are refused, and so is a position
    limit that is not a whole number above 0 (or null).
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
        _refuse(path, _not_json(error))
    except ValueError as error:
        _refuse(path, f"holds {error}")
    if not isinstance(content, dict):
        _refuse(path, f"holds {shown(content)}, not a table of fields")
    for section in (content, content.get("text_config")):
        _check_position_limits(path, section)
    return content


def _check_position_limits(path: str | Path, section: object) -> None:
    for name in POSITION_LIMITS:
        value = section.get(name) if isinstance(section, dict) else None
        whole = isinstance(value, int) and not isinstance(value, bool)
        if value is not None and not (whole and 0 < value <= MAX_POSITIONS):
            raise InputError(
                f"The field {name!r} of the file {shown(str(path))} is {shown(value)}; needs a "
                f"whole number from 1 to {MAX_POSITIONS:,}. Correct it or leave it out."
            )


def _not_json(error: json.JSONDecodeError) -> str:
    if error.pos >= len(error.doc.rstrip()):
        return "is not JSON: it is empty or ends too early"
    return f"is not JSON from line {error.lineno}, column {error.colno} on"


def _text(path: Path) -> str:
    problem = _no_plain_file(path)
    if problem:
        _refuse(path, problem)
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        _refuse(path, "cannot be read: its name or its permissions forbid it")
    if len(content) > MAX_BYTES:
        _refuse(path, f"is larger than {MAX_BYTES // 1_000_000} MB, too large for a configuration")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        _refuse(path, f"is not UTF-8 text: byte {error.start} cannot be read")


def _no_plain_file(path: Path) -> str:
    """Return what stands at `path` instead of a plain file, or an empty text."""
    try:
        if path.is_dir():
            return "is a folder"
        if not path.exists():
            return "" if "\0" in str(path) else "does not exist"
        return "" if path.is_file() else "is not a plain file"
    except (OSError, ValueError):
        return ""


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
