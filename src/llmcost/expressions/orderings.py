"""Orders as people write them: ``cost,-wall_clock``."""

from __future__ import annotations

from collections.abc import Collection

from llmcost.errors import InputError, UnknownNameError, shown
from llmcost.expressions.grammar import ALIASES

EXAMPLE = "cost,-wall_clock (a '-' puts the largest first)"


def read_ordering(text: str, names: Collection[str]) -> tuple[tuple[str, bool], ...]:
    """Return the names to sort by, each with whether the largest comes first.

    Names may be written with dashes. Raises InputError for what is not an order, UnknownNameError
    for a name that is not among `names`.

    >>> read_ordering("cost,-wall-clock", ["cost", "wall_clock"])
    (('cost', False), ('wall_clock', True))
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"Got {shown(text)}; needs names separated by commas, such as {EXAMPLE}.")
    found: dict[str, bool] = {}
    for piece in text.split(","):
        name, descending = _one(piece.strip(), text, names)
        if name in found:
            raise InputError(f"Got {shown(text)}; {name} stands there twice: give it once.")
        found[name] = descending
    return tuple(found.items())


def _one(piece: str, text: str, names: Collection[str]) -> tuple[str, bool]:
    descending = piece.startswith("-")
    written = piece[1:].strip() if piece[:1] in ("-", "+") else piece
    if not written:
        raise InputError(f"Got {shown(text)}; a name is missing: needs {EXAMPLE}.")
    name = written if written in names else written.replace("-", "_")
    if name not in names:
        name = ALIASES.get(name, name)
    if name not in names:
        raise UnknownNameError("name", written, names)
    return name, descending
