"""What launchers and loggers write before a line: ranks, hosts, colours, the time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

# Where in a line its time is looked for.
REACH = 200
COLOURS = re.compile(rb"\x1b\[[0-9;:?]*[A-Za-z]")
_LAUNCHERS = re.compile(
    rb"[ \t]*(?:"
    rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)? "  # docker, kubectl
    rb"|\[(?:rank ?|default)(?P<rank>\d{1,7})\]:"  # torchrun
    rb"|\[\d{8} \d\d:\d\d:\d\d\](?=\[rank-)"
    rb"|\[rank-(?P<primus>\d{1,7})/\d{1,7}\]"  # Primus
    rb"|\[\d{1,7},(?P<mpi>\d{1,7})\]<std(?:out|err)>:"  # mpirun
    rb"|\((?:[A-Za-z_][\w.:]{0,60} )?pid=\d{1,9}(?:, ip=[\d.]{7,40})?\)"  # Ray
    rb"|(?P<task>\d{1,7}): "  # srun --label
    rb"|[A-Za-z][A-Za-z_.]{0,30}-?(?P<node>\d{1,7}): "  # node-3:
    rb"|[\w.-]{1,60} {1,4}\| "  # docker compose
    rb")"
)
_ISO = re.compile(
    rb"(?<!\d)(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    rb"(?:Z|(?: ?([+-])(\d\d):?(\d\d)(?!\d)))?"
)
_SHORT = re.compile(rb"\[(\d{4})(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\]")
_SLASHED = re.compile(rb"(?<!\d)(\d\d)/(\d\d)/(\d{4}) (\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?")
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where a moment stands in a line.

    `parts` are the spans of year, month, day, hour, minute, second; `fraction` that of the digits
    after the second, `zone` those of its hours and minutes with the sign of the zone.
    """

    parts: tuple[Span, ...]
    fraction: Span | None
    zone: tuple[Span, Span] | None
    sign: float

    def moment(self, line: bytes) -> float | None:
        """Return the moment [s since 1970-01-01 UTC]; `None` for a date that does not exist."""
        year, month, day, hour, minute, second = (int(line[a:b]) for a, b in self.parts)
        try:
            whole = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        except ValueError:
            return None
        return whole.timestamp() + max(second - 59, 0) + self._rest(line)

    def _rest(self, line: bytes) -> float:
        rest = 0.0
        if self.fraction is not None:
            start, end = self.fraction
            rest += int(line[start:end]) / 10 ** (end - start)
        if self.zone is not None:
            hours, minutes = (int(line[a:b]) for a, b in self.zone)
            rest -= self.sign * (3600.0 * hours + 60.0 * minutes)
        return rest


def stamp_of(line: bytes) -> Stamp | None:
    """Return where a line says when it was written, near its start; without a zone it is UTC."""
    found = _ISO.search(line, 0, REACH)
    if found is not None:
        zone = None if found[8] is None else (found.span(9), found.span(10))
        sign = -1.0 if found[8] == b"-" else 1.0
        return Stamp(_spans(found, range(1, 7)), _span(found, 7), zone, sign)
    found = _SLASHED.search(line, 0, REACH)
    if found is not None:
        return Stamp(_spans(found, (3, 1, 2, 4, 5, 6)), _span(found, 7), None, 1.0)
    found = _SHORT.search(line, 0, REACH)
    return None if found is None else Stamp(_spans(found, range(1, 7)), None, None, 1.0)


def _spans(found: re.Match[bytes], groups: Sequence[int]) -> tuple[Span, ...]:
    return tuple(found.span(group) for group in groups)


def _span(found: re.Match[bytes], group: int) -> Span | None:
    return None if found[group] is None else found.span(group)


def launcher(line: bytes) -> tuple[int, Span | None]:
    """Return where a line begins behind its launchers' prefixes, and where its rank stands."""
    at, rank = 0, None
    for _ in range(4):
        found = _LAUNCHERS.match(line, at)
        if found is None:
            break
        at = found.end()
        if found.lastgroup is not None:
            rank = found.span(found.lastgroup)
    return at, rank
