"""Numbers behind their keys: where in a line the number is that follows some bytes."""

from __future__ import annotations

import re

from llmcost.logs.formats.figures import LONGER
from llmcost.logs.record import Number

_PLAIN = rb"\d{1,40}(?:\.\d{0,40})?(?:[eE][-+]?\d{1,4})?"
# Thousands may be told apart by commas; each alternative is read once, whatever follows.
GROUPED = re.compile(rb"[-+]?(?:\d{1,3}(?:,\d{3}){1,12}(?:\.\d{0,40})?|" + _PLAIN + rb")")
PLAIN = re.compile(rb"[-+]?" + _PLAIN)
_CLOCK = re.compile(rb"(?:(\d{1,4}) days?, )?(?:(\d{1,6}):)?(\d{1,2}):(\d\d)(?![\d:])")
_WORDS = re.compile(rb"(?:(\d{1,4})d ?)?(?:(\d{1,2})h ?)?(?:(\d{1,2})m ?)?(?:(\d{1,2})s)?")
_SECONDS = (86400.0, 3600.0, 60.0, 1.0)


def number_at(
    line: bytes,
    at: int,
    field: str,
    scale: float = 1.0,
    *,
    grouped: bool = False,
    unit: bytes = b"",
) -> Number | None:
    """Return the number that starts at a place, `None` where no whole number does.

    It must be followed by `unit`, and that by nothing that would make it another number or unit.
    """
    found = (GROUPED if grouped else PLAIN).match(line, at)
    if found is None:
        return None
    end = found.end()
    if not line.startswith(unit, end):
        return None
    after = end + len(unit)
    if after < len(line) and line[after] in LONGER:
        return None
    return Number(field, found.start(), end, scale)


def number_after(
    line: bytes,
    key: bytes,
    field: str,
    scale: float = 1.0,
    *,
    grouped: bool = False,
    start: int = 0,
) -> Number | None:
    """Return the number that stands behind the first `key`, in quotes or not; `None` without.

    >>> number_after(b"{'loss': '2.5', 'epoch': '1'}", b"'loss': ", "loss")
    Number(field='loss', start=10, end=13, scale=1.0)
    """
    at = line.find(key, start)
    if at < 0:
        return None
    at += len(key)
    if line[at : at + 1] in (b"'", b'"'):
        at += 1
    return number_at(line, at, field, scale, grouped=grouped)


def numbers_after(
    line: bytes,
    keys: tuple[tuple[bytes, str, float], ...],
    *,
    grouped: bool = False,
    start: int = 0,
) -> tuple[Number, ...]:
    """Return the numbers behind keys, of each field the first key's that has one."""
    found: dict[str, Number] = {}
    for key, field, scale in keys:
        if field not in found:
            number = number_after(line, key, field, scale, grouped=grouped, start=start)
            if number is not None:
                found[field] = number
    return tuple(found.values())


def clock_after(line: bytes, key: bytes, field: str, start: int = 0) -> tuple[Number, ...]:
    """Return the days, hours, minutes and seconds [s] behind the first `key`, which add up.

    A clock is ``1:05:15``, ``05:15``, ``1 day, 2:05:15`` or ``1d 2h 5m 15s``, in quotes or not.

    >>> [number.scale for number in clock_after(b"elapsed:31:40 ", b"elapsed:", "run_clock")]
    [60.0, 1.0]
    """
    at = line.find(key, start)
    if at < 0:
        return ()
    at += len(key)
    if line[at : at + 1] in (b"'", b'"'):
        at += 1
    found = _CLOCK.match(line, at) or _WORDS.match(line, at)
    if found is None:
        return ()
    return tuple(
        Number(field, *found.span(group), scale)
        for group, scale in enumerate(_SECONDS, 1)
        if found[group] is not None
    )
