"""Several numbers of accelerators at once: a list of counts, which setups without one cross with.

A comma may stand within a number (``16,000``) as well as between two (``1024,4096``). Text that
reads either way, such as ``256,512``, is refused rather than guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from llmcost.errors import InputError, shown
from llmcost.reading import read_count

_BETWEEN = re.compile(r",\s+")

Read = tuple[dict[str, Any], str, bool]


def counts_in(value: object) -> tuple[Any, ...]:
    """Return the numbers of accelerators [GPU] of a list; none where `value` is no list.

    A list is one of Python, or text with commas between numbers. Raises InputError for an empty
    list, for one with something that is no number, and for text that may be one number or several.

    >>> counts_in("1024,4096,16k"), counts_in("1,024, 2,048"), counts_in("16,000")
    ((1024, 4096, 16000), (1024, 2048), ())
    """
    if isinstance(value, str):
        return tuple(map(_count, _pieces(value)))
    if not isinstance(value, list | tuple):
        return ()
    if not value:
        raise InputError("num_gpus: got an empty list; needs a number of accelerators at least.")
    return tuple(map(_count, value))


def crossed(setups: Sequence[Read], counts: Sequence[Any]) -> Iterator[Read]:
    """Yield each setup that has no number of its own once for every count, others as they are.

    A setup is its arguments, where it was written, and whether the catalogue lists it.
    """
    for own, place, listed in setups:
        if not counts or own.get("num_gpus") is not None:
            yield own, place, listed
            continue
        for count in counts:
            named = {"name": f"{own['name']}:{count}"} if own.get("name") else {}
            yield {**own, "num_gpus": count, **named}, place, listed


def _pieces(text: str) -> Sequence[str]:
    """Return the texts of the numbers of a list, none where the text is one number or no list."""
    if _BETWEEN.search(text):
        return _BETWEEN.split(text.strip())
    if "," not in text:
        return ()
    pieces = text.strip().split(",")
    parts_of_one = any(piece.startswith("0") for piece in pieces)
    if _is_one_number(text) and parts_of_one:
        return ()
    if parts_of_one:
        raise InputError(f"num_gpus: got {shown(text)}; needs a space between two: '1,024, 2,048'.")
    if _is_one_number(text):
        raise InputError(
            f"num_gpus: got {shown(text)}, which is one number or {len(pieces)}; needs one as "
            f"{''.join(pieces)}, or several as '{', '.join(pieces)}'."
        )
    return pieces


def _is_one_number(text: str) -> bool:
    try:
        read_count(text)
    except InputError:
        return False
    return True


def _count(value: object) -> object:
    """Return a number of a list; what is neither text nor nothing is left for the estimate."""
    if isinstance(value, str):
        return _read(value)
    if value is None or isinstance(value, list | tuple):
        raise InputError(f"num_gpus: got {shown(value)} in a list; needs a number of accelerators.")
    return value


def _read(text: str) -> float:
    try:
        number = read_count(text)
    except InputError as error:
        raise InputError(f"num_gpus: {error} Several: 1024,4096 or '256, 512'.") from None
    return int(number) if number.is_integer() else number
