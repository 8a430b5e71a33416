"""Saved results from files: JSON, or a report of our own with the JSON in it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from llmcost.errors import InputError
from llmcost.studies.saved.collection import no_collection
from llmcost.studies.saved.kinds import REMEDY, check_result
from llmcost.studies.saved.pages import is_page, results_in
from llmcost.studies.saved.record import Saved, file_text

MAX_BYTES = 500_000_000
MOST_FILES = 100
STDIN = "-"


def read_saved(path: str | os.PathLike[str]) -> Saved:
    """Return the one result that a file holds; ``-`` is standard input.

    Raises InputError for a file that cannot be read, or that holds anything else, with the place.
    """
    found = read_results(path)
    if len(found) != 1:
        names = ", ".join(one.name for one in found)
        raise InputError(
            f"{file_text(os.fspath(path))} holds {len(found)} results ({names}); needs one. "
            "Read all of them with read_results."
        )
    return found[0]


def read_results(path: str | os.PathLike[str]) -> tuple[Saved, ...]:
    """Return every result that a file holds: a JSON file has one, a report that was saved several.

    Raises InputError as `read_saved` does.
    """
    name = os.fspath(path)
    text = _text(_content(name), name)
    if is_page(text):
        return tuple(
            Saved(each, check_result(_parsed(body, f"{name}, {each}"), f"{name}, {each}"))
            for each, body in results_in(text, name)
        )
    told = "standard input" if name == STDIN else os.path.basename(name)
    return (Saved(told, check_result(_parsed(text, name), name)),)


def saved_results(paths: Sequence[str | os.PathLike[str]]) -> tuple[Saved, ...]:
    """Return the results of several files, in order, with names that tell them apart.

    Raises InputError where one cannot be read, is given twice, or where there is none.
    """
    if not paths:
        raise InputError(f"Got no file; needs the file of a result. {REMEDY}")
    if len(paths) > MOST_FILES:
        raise InputError(f"Got {len(paths)} files; needs at most {MOST_FILES}. Make two reports.")
    _once(os.fspath(path) for path in paths)
    with no_collection():
        found = [(os.fspath(path), one) for path in paths for one in read_results(path)]
    return _told_apart(found)


def _once(paths: Iterable[str]) -> None:
    seen: dict[str, str] = {}
    for path in paths:
        key = path if path == STDIN else os.path.realpath(path)
        if key in seen:
            raise InputError(f"Got {file_text(path)} twice; needs every file once. Leave one out.")
        seen[key] = path


def _told_apart(found: Sequence[tuple[str, Saved]]) -> tuple[Saved, ...]:
    """Return results of which those of one name are told apart by their paths, then by numbers."""
    names = [one.name for _, one in found]
    unique: dict[str, Saved] = {}
    for path, one in found:
        name = one.name if names.count(one.name) == 1 else path
        number = 2
        while name in unique:
            name, number = f"{one.name} ({number})", number + 1
        unique[name] = Saved(name, one.data)
    return tuple(unique.values())


def _content(name: str) -> bytes:
    """Return the bytes of a file; raises InputError where it cannot be read or is too large."""
    if name == STDIN and sys.stdin is None:
        raise InputError("The standard input is closed; needs a result on it, or its file.")
    try:
        if name == STDIN:
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(name).open("rb") as stream:
                data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"There is no file {file_text(name)}. {REMEDY}") from None
    except IsADirectoryError:
        raise InputError(f"{file_text(name)} is a folder; needs the file of a result.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it cannot be read"
        raise InputError(f"{file_text(name)}: {why}; needs the file of a result.") from None
    if len(data) > MAX_BYTES:
        raise InputError(
            f"{file_text(name)} is larger than {MAX_BYTES // 10**6} MB; needs a smaller result."
        )
    return data


def _text(data: bytes, name: str) -> str:
    if not data.strip():
        raise InputError(f"{file_text(name)} is empty; needs a result of llmcost. {REMEDY}")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file_text(name)} is not UTF-8 text (byte {error.start:,}); needs JSON. {REMEDY}"
        ) from None


def _parsed(text: str, name: str) -> object:
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise InputError(f"{file_text(name)} is nested too deep to be a result. {REMEDY}") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{file_text(name)} is not JSON at line {error.lineno}, column {error.colno} "
            f"({error.msg}); needs a whole result. {REMEDY}"
        ) from None
    except ValueError as error:
        raise InputError(f"{file_text(name)}: {str(error)[:80]}; needs JSON numbers.") from None


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")
