"""What can go wrong, as one small tree.

::

    LlmcostError
      InputError (ValueError)
        UnitError
        LayoutError
        UnknownNameError
      DataError            file, line, column
      LogFormatError       file, line
      MissingExtraError    names the extra to install

Every message says what is wrong, what was got, what is needed and what to do next.
"""

from __future__ import annotations

from collections.abc import Iterable

MAX_SHOWN = 60


class LlmcostError(Exception):
    """The root of every error that llmcost raises on purpose."""


class InputError(LlmcostError, ValueError):
    """Something the user gave cannot be used."""


class UnitError(InputError):
    """A quantity has the wrong unit, or none."""


class LayoutError(InputError):
    """A parallel layout does not fit the cluster or the model."""


class UnknownNameError(InputError):
    """A name is not in the catalogue."""

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        self.kind, self.name = kind, name
        self.suggestions = nearest(name, known)
        did_you_mean = f" Did you mean {one_of(self.suggestions)}?" if self.suggestions else ""
        super().__init__(f"Unknown {kind} {shown(name)}.{did_you_mean}{' ' + hint if hint else ''}")


class DataError(LlmcostError):
    """A data file holds something that cannot be right."""

    def __init__(
        self, message: str, *, file: str, line: int | None = None, column: str = ""
    ) -> None:
        self.file, self.line, self.column = file, line, column
        place = file + (f", line {line}" if line else "")
        place += f", column {column!r}" if column else ""
        super().__init__(f"{place}: {message}")


class LogFormatError(LlmcostError):
    """A training log cannot be read."""

    def __init__(self, message: str, *, file: str, line: int | None = None) -> None:
        self.file, self.line = file, line
        super().__init__(f"{file}{f', line {line}' if line else ''}: {message}")


class MissingExtraError(LlmcostError):
    """An optional part is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(f"{what} needs an optional part: pip install 'llmcost[{extra}]'")


def shown(value: object) -> str:
    """Return `value` quoted and cut short enough for a one-line message.

    >>> shown("x" * 100)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx... (100 characters)'"
    """
    if isinstance(value, str) and len(value) > MAX_SHOWN:
        return repr(f"{value[: MAX_SHOWN // 2]}... ({len(value)} characters)")
    try:
        text = repr(value)
    except ValueError:  # An integer of more digits than Python prints.
        return "a number of thousands of digits"
    return text if len(text) <= 2 * MAX_SHOWN else f"{text[:MAX_SHOWN]}..."


def nearest(name: str, known: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Return up to `limit` known names that look like `name`, best first."""
    import difflib

    lowered = {candidate.lower(): candidate for candidate in known}
    wanted = name.lower()[: 2 * MAX_SHOWN]
    starts = sorted((k for k in lowered if wanted and k.startswith(wanted)), key=_by_length)
    close = difflib.get_close_matches(wanted, lowered, n=limit, cutoff=0.6)
    ordered = list(dict.fromkeys([*starts[:limit], *close]))
    return tuple(lowered[key] for key in ordered[:limit])


def _by_length(name: str) -> tuple[int, str]:
    return len(name), name


def one_of(names: Iterable[str]) -> str:
    """Join names as a person would: ``a``, ``a or b``, ``a, b or c``."""
    *front, last = names
    return f"{', '.join(front)} or {last}" if front else last
