"""Which format a file's suffix asks for, out of the formats that its writer knows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING

from llmcost.errors import InputError, one_of, shown

if TYPE_CHECKING:
    from os import PathLike

RENAME = "Rename the file."
NAME_ONE = "Rename the file or name a format with --format."


def by_suffix(
    path: str | PathLike[str], formats: Mapping[str, str], remedy: str, what: str = ""
) -> str:
    """Return the one of `formats`, which go by suffix, that a file's suffix asks for.

    Raises InputError for no suffix or an unknown one; it calls the file `what`, such as ``the
    picture``, and ends in the `remedy`.

    >>> by_suffix("COST.PDF", {".pdf": "pdf"}, RENAME)
    'pdf'
    """
    suffix = PurePath(path).suffix
    if suffix.lower() in formats:
        return formats[suffix.lower()]
    got = f"the suffix {shown(suffix)}" if suffix else "no suffix"
    name = f"{what} {shown(str(path))}".strip()
    raise InputError(
        f"Cannot tell the format of {name}: got {got}; needs {one_of(formats)}. {remedy}"
    )
