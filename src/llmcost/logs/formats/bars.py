"""Lines of ``key: value`` between bars (or tabs, or commas): which number is which field."""

from __future__ import annotations

import re
from collections.abc import Mapping

from llmcost.logs.record import Number

# What a key means: its field, and what the number is multiplied by for each unit behind it.
Meaning = tuple[str, Mapping[bytes, float]]
_VALUE = re.compile(rb"[ \t]*([-+]?[0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?)")
# What follows the number of this step in the same place: its mean over several steps.
_MEAN = re.compile(rb"/| \(")


def plain(field: str, scale: float = 1.0) -> Meaning:
    """Return the meaning of a key whose number has no unit behind it."""
    return field, {b"": scale}


def numbers(
    line: bytes,
    meanings: Mapping[bytes, Meaning],
    *,
    bar: bytes = b"|",
    sign: bytes = b":",
    start: int = 0,
    closed: bool = True,
) -> dict[str, Number]:
    """Return the numbers of a line by field: the first of each, and none that is not understood.

    `bar` divides the line, `sign` a key from its value. With `closed` every value has a bar behind
    it: what stands behind the last bar may be cut off and is left out.
    """
    found: dict[str, Number] = {}
    while start < len(line):
        end = line.find(bar, start)
        if end < 0:
            if closed:
                break
            end = len(line)
        number = _number(line, start, end, sign, meanings)
        if number is not None:
            found.setdefault(number.field, number)
        start = end + len(bar)
    return found


def _number(
    line: bytes, start: int, end: int, sign: bytes, meanings: Mapping[bytes, Meaning]
) -> Number | None:
    at = line.find(sign, start, end)
    meaning = meanings.get(line[start:at].strip()) if at >= 0 else None
    read = _VALUE.match(line, at + len(sign), end) if meaning is not None else None
    if meaning is None or read is None:
        return None
    field, scales = meaning
    unit = _MEAN.split(line[read.end() : end], 1)[0].strip()
    return Number(field, *read.span(1), scales[unit]) if unit in scales else None
